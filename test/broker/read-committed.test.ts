// Readers of what transactions have committed, each way of reading against the same random histories: only
// committed records, all of them, in order, and none before its transaction is decided.

import { expect, test } from 'vitest'
import { FetchService } from '../../src/broker/fetch-service.ts'
import type { SubscribedRecord } from '../../src/broker/fetch/record-unpacking.ts'
import type { Fetched } from '../../src/broker/fetch/pending-fetch.ts'
import type { Isolation } from '../../src/broker/position.ts'
import type { SubscriptionSink } from '../../src/broker/subscription.ts'
import { isControl, isTransactional } from '../../src/record/batch-header.ts'
import { decodeBatch, openBatch, splitBatches } from '../../src/record/batch-reader.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { infoOf, testBatch } from '../support/batches.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { TestPartitions, type TestPartition } from '../support/partitions.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
const TRANSACTIONAL = 0x10
const core = StorageCore.load()

class RecordingSink implements SubscriptionSink {
  readonly values: string[] = []

  records(records: readonly SubscribedRecord[]): boolean {
    for (const { record } of records) this.values.push(Buffer.from(record.value!).toString())
    return true
  }

  heartbeat(): void {}

  ended(error: Error | null): void {
    throw error ?? new Error('ended')
  }
}

/** A record that was written, and what has become of its transaction: null while it is open. */
interface Written {
  readonly value: string
  readonly producerId: number
  readonly offset: number
  isCommitted: boolean | null
}

/** A partition that producers with and without transactions write to. */
class History {
  readonly clock = new ManualClock()
  readonly partitions = new TestPartitions()
  readonly random: SeededRandom
  readonly service: FetchService
  readonly made: TestPartition
  readonly written: Written[] = []
  readonly #sequences = new Map<number, number>()

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.made = this.partitions.add('a')[0]!
    this.service = new FetchService({
      ...{ clock: this.clock, partitions: this.partitions },
      openBatch: (batch) => openBatch(core, batch),
    })
  }

  step(): void {
    const { random } = this
    const producerId = random.between(1, 3)
    const isOpen = this.made.partition.openTransaction(producerId) !== null
    if (random.chance(0.15)) this.#send(-1)
    else if (isOpen && random.chance(0.4)) this.#end(producerId, random.chance(0.5))
    else this.#send(producerId)
    if (random.chance(0.5)) this.made.log.write()
    if (random.chance(0.5)) this.made.log.sync()
  }

  /** Ends what is open, and brings all to disk. */
  finish(): void {
    for (const producerId of [1, 2, 3]) {
      if (this.made.partition.openTransaction(producerId)) this.#end(producerId, false)
    }
    this.made.log.write()
    this.made.log.sync()
  }

  /** What a reader with this isolation may have seen by now, in order. */
  visible(isolation: Isolation): string[] {
    const { highWatermark, lastStableOffset } = this.made.partition
    const end = isolation === 'committed' ? lastStableOffset : highWatermark
    return this.written
      .filter(({ offset, isCommitted }) => {
        return offset < end && (isolation === 'uncommitted' || isCommitted === true)
      })
      .map(({ value }) => value)
  }

  #send(producerId: number): void {
    const { partition } = this.made
    const count = this.random.between(1, 3)
    const values = Array.from({ length: count }, (_, n) => `${this.written.length + n}`)
    const records = values.map((value) => ({ value }))
    const baseSequence = this.#sequences.get(producerId) ?? 0
    this.#sequences.set(producerId, baseSequence + count)
    const stamp = { producerId, producerEpoch: 0, baseSequence, bumpsEpochs: false }
    const isPlain = producerId < 0
    const bytes = testBatch(
      isPlain ? { records } : { ...stamp, records, attributes: TRANSACTIONAL },
    )
    const info = { ...infoOf(bytes), bytes, recordCount: count, codec: 'none' as const }
    const guard = isPlain ? null : partition.beginVerification(stamp)
    const { baseOffset } = partition.append(bytes, info, -1, guard)
    const isCommitted = isPlain ? true : null
    for (const [n, value] of values.entries()) {
      this.written.push({ value, producerId, offset: baseOffset + n, isCommitted })
    }
  }

  #end(producerId: number, isCommitted: boolean): void {
    const outcome = isCommitted ? ('commit' as const) : ('abort' as const)
    const marker = { producerId, producerEpoch: 0, coordinatorEpoch: 0, outcome }
    this.made.partition.appendMarker({ ...marker, transactionVersion: 0 })
    for (const record of this.written) {
      if (record.producerId === producerId) record.isCommitted ??= isCommitted
    }
  }
}

function subscribe({ service }: History, isolation: Isolation): RecordingSink {
  const sink = new RecordingSink()
  const start = { kind: 'earliest' as const }
  const topics = [{ topic: 'a', partitions: [], start, partitionStarts: new Map() }]
  service.subscribe(CALLER, { topics, maxRecords: 4, untilEnd: false, isolation }, sink)
  return sink
}

test.each(['committed', 'uncommitted'] as const)(
  'a subscription to %s records',
  async (isolation) => {
    for (let seed = 1; seed <= 60; seed++) {
      const history = new History(seed)
      const sink = subscribe(history, isolation)
      for (let step = 0; step < 60; step++) {
        history.step()
        if (history.random.chance(0.4)) await history.clock.settle()
        const visible = history.visible(isolation)
        expect(visible.slice(0, sink.values.length), `seed ${seed}`).toEqual(sink.values)
      }
      history.finish()
      await history.clock.settle()
      expect(sink.values, `seed ${seed}`).toEqual(history.visible(isolation))
    }
  },
)

/** What a client makes of an answer, by the list of aborted transactions alone. */
function valuesOf({ batches, aborted }: Fetched, fromOffset: number): string[] {
  return splitBatches(batches ?? Buffer.alloc(0)).batches.flatMap((batch) => {
    const { attributes, producerId, baseOffset } = batch.header
    const isAborted = aborted.some((one) => {
      const { firstOffset, lastOffset } = one
      return one.producerId === producerId && firstOffset <= baseOffset && baseOffset < lastOffset
    })
    if (isControl(attributes) || (isTransactional(attributes) && isAborted)) return []
    const records = decodeBatch(core, batch).filter(({ offset }) => offset >= fromOffset)
    return records.map(({ value }) => Buffer.from(value!).toString())
  })
}

test('fetches of committed records, each with what to leave out, and marks that are true', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const history = new History(seed)
    const { random, service, made } = history
    const seen: string[] = []
    let fetchOffset = 0
    const read = async (): Promise<void> => {
      const partitions = [{ topic: 'a', partition: 0, fetchOffset, maxBytes: 1_000_000 }]
      const maxBytes = random.between(1, 500)
      const limits = { maxWaitMs: 0, minBytes: 1, maxBytes, isolation: 'committed' as const }
      const [fetched] = await service.fetch(CALLER, { ...limits, partitions })
      const { highWatermark, lastStableOffset } = made.partition
      expect(fetched, `seed ${seed}`).toMatchObject({ highWatermark, lastStableOffset })
      seen.push(...valuesOf(fetched!, fetchOffset))
      const last = splitBatches(fetched!.batches ?? Buffer.alloc(0)).batches.at(-1)
      if (last !== undefined) fetchOffset = last.header.baseOffset + last.header.lastOffsetDelta + 1
    }
    for (let step = 0; step < 60; step++) {
      history.step()
      if (random.chance(0.5)) await read()
      expect(history.visible('committed').slice(0, seen.length), `seed ${seed}`).toEqual(seen)
    }
    history.finish()
    while (fetchOffset < made.partition.highWatermark) await read()
    expect(seen, `seed ${seed}`).toEqual(history.visible('committed'))
  }
})

test('a subscription that begins within an aborted transaction, or ends at one', async () => {
  const history = new History(1)
  const { made, service, clock } = history
  const send = (values: string[], baseSequence: number): void => {
    const stamp = { producerId: 1, producerEpoch: 0, baseSequence, bumpsEpochs: false }
    const records = values.map((value) => ({ value }))
    const bytes = testBatch({ ...stamp, records, attributes: TRANSACTIONAL })
    const info = { ...infoOf(bytes), bytes, recordCount: values.length, codec: 'none' as const }
    made.partition.append(bytes, info, -1, made.partition.beginVerification(stamp))
  }
  const end = (outcome: 'abort' | 'commit'): void => {
    const marker = { producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, outcome }
    made.partition.appendMarker({ ...marker, transactionVersion: 0 })
  }
  send(['x', 'x'], 0) // 0, 1
  send(['x', 'x'], 2) // 2, 3
  end('abort') // 4
  send(['a'], 4) // 5
  end('commit') // 6
  send(['open'], 5) // 7
  made.log.write()
  made.log.sync()
  let ended: Error | null | undefined
  const sink = new RecordingSink()
  sink.ended = (error) => void (ended = error)
  const start = { kind: 'offset' as const, offset: 3 }
  const topics = [{ topic: 'a', partitions: [], start, partitionStarts: new Map() }]
  const request = { topics, maxRecords: 10, untilEnd: true, isolation: 'committed' as const }
  service.subscribe(CALLER, request, sink)
  await clock.settle()
  expect([sink.values, ended]).toEqual([['a'], null])
})
