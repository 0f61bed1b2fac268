// How many commit rounds a transaction waits for, beside producers that keep the rounds busy: what follows from
// a record that is safe is in the very next round.

import { expect, test } from 'vitest'
import type { ProducerIdentity } from '../../src/coordination/transaction/messages.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { testBatch } from '../support/batches.ts'
import { microtasks } from '../support/manual-clock.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'

const TRANSACTIONS = 20
const MOST_TURNS = 10_000

/** Sends one batch after the other, each a turn after the one before is safe: in the middle of a round. */
async function keepBusy(broker: BrokerOfOne, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const batches = [{ topic: 'others', partition: 0, batch: testBatch() }]
    const { done } = broker.produce.produce(CALLER, { acks: -1, timeoutMs: 1_000, batches })
    const [result] = await done
    expect(result!.error).toBeNull()
    await new Promise<void>((resolve) => broker.clock.endOfTurn(resolve))
  }
}

/** Sends a record and commits, again and again. */
async function copy(broker: BrokerOfOne, first: ProducerIdentity): Promise<void> {
  const transactionalId = 'shop'
  let by = first
  for (let n = 0; n < TRANSACTIONS; n++) {
    const batch = testBatch({ ...by, baseSequence: 0, attributes: TRANSACTIONAL_FLAG })
    const { done } = broker.produce.produce(CALLER, {
      ...{ acks: -1, timeoutMs: 1_000, batches: [{ topic: 'orders', partition: 0, batch }] },
      transaction: { transactionalId, adds: true },
    })
    const [result] = await done
    expect(result!.error).toBeNull()
    const end = { transactionalId, ...by, outcome: 'commit', transactionVersion: 2 } as const
    by = await broker.transactions.end(CALLER, end)
  }
}

test('a transaction waits for four rounds, however busy they are', async () => {
  const broker = await BrokerOfOne.start()
  await broker.createTopic('others')
  await broker.createTopic('orders')
  const init = { transactionalId: 'shop', timeoutMs: 60_000, current: null }
  const first = await broker.settled(broker.transactions.init(CALLER, init))
  let isOver = false
  const busy = keepBusy(broker, () => isOver)
  const before = broker.logs.stats().rounds
  const copied = copy(broker, first).finally(() => (isOver = true))
  // A sync takes some turns.
  let release = broker.files.holdSyncs()
  for (let turns = 0; !isOver && turns < MOST_TURNS; turns++) {
    broker.clock.endTurn()
    await microtasks()
    if (turns % 4 < 3) continue
    release()
    release = broker.files.holdSyncs()
    await microtasks()
  }
  release()
  await copied
  const rounds = broker.logs.stats().rounds - before
  await broker.settled(busy)
  // Ongoing, the record, Prepare, the markers: of the first there were none before it.
  expect(rounds / TRANSACTIONS).toBeCloseTo(4, 0)
})
