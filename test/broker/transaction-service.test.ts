// Transactions over a real broker below its fronts: the topic made on first need, markers in the
// partitions, decisions that survive the power.

import { expect, test } from 'vitest'
import type { ProducerIdentity } from '../../src/coordination/transaction/messages.ts'
import { TRANSACTIONS_TOPIC } from '../../src/metadata/internal-topics.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'

const FEW = { 'transaction.state.log.num.partitions': '3', 'offsets.topic.num.partitions': '3' }

const START_MS = 1_700_000_000_000

async function start(files = new MemoryFileSystem(), nowMs = START_MS): Promise<BrokerOfOne> {
  return await BrokerOfOne.start(files, nowMs, FEW)
}

async function init(broker: BrokerOfOne, transactionalId = 'shop'): Promise<ProducerIdentity> {
  const request = { transactionalId, timeoutMs: 60_000, current: null }
  return await broker.settled(broker.transactions.init(CALLER, request))
}

test('a transaction leaves a marker in each of its partitions', async () => {
  const broker = await start()
  await broker.createTopic('orders', 2)
  expect(broker.transactions.partitionOf('shop')).toBeNull()
  const producer = await init(broker)
  expect(producer).toEqual({ producerId: 0, producerEpoch: 0 })
  expect(broker.cluster.store.image.topic(TRANSACTIONS_TOPIC)!.partitions.length).toBe(3)
  const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }))
  const by = { transactionalId: 'shop', ...producer }
  const added = broker.transactions.addPartitions(CALLER, { ...by, partitions })
  expect((await broker.settled(added)).map(({ error }) => error)).toEqual([null, null])
  const ended = broker.transactions.end(CALLER, { ...by, outcome: 'commit', transactionVersion: 2 })
  expect(await broker.settled(ended)).toEqual({ producerId: 0, producerEpoch: 1 })
  await broker.clock.settle()
  for (const partition of [0, 1]) {
    expect(broker.replicas.partition('orders', partition).highWatermark).toBe(1)
  }
  expect(await broker.settled(broker.transactions.describe(CALLER, ['shop']))).toMatchObject([
    { error: null, state: 'CompleteCommit', producerEpoch: 1, partitions: [] },
  ])
})
