// Streams whose batches share memory with those of others: what is read for them is counted until it is
// sent, waits when there is none, and is given up when others need it and it can't be sent.

import { beforeEach, expect, test } from 'vitest'
import type { FetchSession } from '../../src/broker/fetch-session.ts'
import { FetchService } from '../../src/broker/fetch-service.ts'
import type { FetchSink, PushedBatches } from '../../src/broker/fetch-sink.ts'
import type { SubscribedRecord } from '../../src/broker/fetch/record-unpacking.ts'
import type { SubscriptionSink } from '../../src/broker/subscription.ts'
import { openBatch } from '../../src/record/batch-reader.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { batchOf } from '../support/batches.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPartitions } from '../support/memory-partition.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'
import { CountedMemory } from './counted-memory.ts'
import { SessionClient } from './session-client.ts'

const BATCH_BYTES = 100
const core = StorageCore.load()

let clock: ManualClock
let partitions: MemoryPartitions
let service: FetchService

beforeEach(() => {
  clock = new ManualClock()
  partitions = new MemoryPartitions()
  service = new FetchService({ clock, partitions, openBatch: (batch) => openBatch(core, batch) })
})

/** Counts what it is pushed, as a stream does until the client has it. */
class CountingSink implements FetchSink {
  readonly pushed: string[] = []
  readonly #memory: CountedMemory

  constructor(memory: CountedMemory) {
    this.#memory = memory
  }

  batches({ topic, batches }: PushedBatches): boolean {
    this.pushed.push(`${topic}:${batches.byteLength}`)
    this.#memory.take(batches.byteLength)
    return true
  }

  state(): boolean {
    return true
  }

  heartbeat(): void {}
}

function open(
  memory: CountedMemory,
  topics: string[],
): { session: FetchSession; sink: CountingSink } {
  const sink = new CountingSink(memory)
  const session = service.openSession(CALLER, sink, memory)
  const start = { kind: 'earliest' } as const
  session.assign(topics.map((topic) => ({ topic, partition: 0, start, tag: 1 })))
  return { session, sink }
}

test('a session reads no more than there is memory for, and goes on when there is more', async () => {
  const log = partitions.add('a')
  for (let at = 0; at < 10; at++) log.publish('x'.repeat(BATCH_BYTES))
  const memory = new CountedMemory(250)
  const { session, sink } = open(memory, ['a'])
  session.credit(10_000)
  await clock.settle()
  // One batch comes, however little room there is.
  expect(sink.pushed).toEqual(['a:200', 'a:100'])
  expect([memory.taken, memory.waitingCount]).toEqual([300, 1])
  while (memory.taken > 0) {
    memory.give(memory.taken)
    await clock.settle()
    expect(memory.taken).toBeLessThanOrEqual(300)
  }
  expect(sink.pushed.join()).toBe('a:200,a:100,a:200,a:100,a:200,a:100,a:100')
  session.close()
})

test('a read from the disk counts from when it begins, for what it may bring', async () => {
  const log = partitions.add('a')
  log.publish('x'.repeat(BATCH_BYTES))
  log.cold = true
  const memory = new CountedMemory(1_000)
  const { session, sink } = open(memory, ['a'])
  session.credit(400)
  await clock.settle()
  expect(memory.taken).toBe(400)
  log.finishColdReads()
  await clock.settle()
  expect(sink.pushed).toEqual(['a:100'])
  expect(memory.taken).toBe(BATCH_BYTES)
})

test('what was read and can not be pushed is given up when others need the memory, and read again', async () => {
  const logs = [partitions.add('a'), partitions.add('b')]
  for (const log of logs) {
    log.publish('x'.repeat(BATCH_BYTES))
    log.cold = true
  }
  const memory = new CountedMemory(10_000)
  const { session, sink } = open(memory, ['a', 'b'])
  session.credit(50)
  await clock.settle()
  for (const log of logs) log.finishColdReads()
  await clock.settle()
  // The credit is used up by the first.
  expect([sink.pushed.length, memory.taken]).toEqual([1, 2 * BATCH_BYTES])
  memory.becomeTight()
  expect(memory.taken).toBe(BATCH_BYTES)
  session.credit(1_000)
  await clock.settle()
  for (const log of logs) log.finishColdReads()
  await clock.settle()
  expect(sink.pushed.toSorted()).toEqual(['a:100', 'b:100'])
  expect(memory.taken).toBe(2 * BATCH_BYTES)
})

test('what is held while there is no room for a read is pushed all the same', async () => {
  const [a, b] = [partitions.add('a'), partitions.add('b')]
  for (const log of [a, b]) log.publish('x'.repeat(BATCH_BYTES))
  a.cold = true
  const memory = new CountedMemory(100)
  const { session, sink } = open(memory, ['a', 'b'])
  session.credit(1_000)
  await clock.settle()
  expect([memory.taken, memory.waitingCount]).toEqual([100, 1])
  a.finishColdReads()
  await clock.settle()
  expect(sink.pushed).toEqual(['a:100'])
  expect(memory.waitingCount).toBe(1)
  session.close()
  expect(memory.waitingCount).toBe(0)
})

test.each(['seek', 'pause', 'unassign', 'close'] as const)(
  'after a %s nothing is counted',
  async (what) => {
    const logs = [partitions.add('a'), partitions.add('b')]
    for (const log of logs) {
      log.publish('x'.repeat(BATCH_BYTES))
      log.cold = true
    }
    const memory = new CountedMemory(10_000)
    const { session, sink } = open(memory, ['a', 'b'])
    session.credit(50)
    await clock.settle()
    for (const log of logs) log.finishColdReads()
    await clock.settle()
    memory.take(-BATCH_BYTES) // what was pushed
    expect(memory.taken).toBe(BATCH_BYTES)
    const held = { topic: sink.pushed[0] === 'a:100' ? 'b' : 'a', partition: 0 }
    if (what === 'seek') session.seek({ ...held, start: { kind: 'earliest' }, tag: 2 })
    else if (what === 'close') session.close()
    else session[what]([held])
    await clock.settle()
    expect(memory.taken).toBe(0)
  },
)

/** Takes so many messages before it wants a rest. */
class RecordSink implements SubscriptionSink {
  readonly sizes: number[] = []
  room = Infinity

  records(records: readonly SubscribedRecord[]): boolean {
    this.sizes.push(records.length)
    this.room -= 1
    return this.room > 0
  }

  heartbeat(): void {}
  ended(): void {}
}

function subscribe(
  memory: CountedMemory,
  sink: SubscriptionSink,
): ReturnType<FetchService['subscribe']> {
  const start = { kind: 'earliest' } as const
  const topics = [{ topic: 'a', partitions: [], start, partitionStarts: new Map() }]
  const limits = { maxRecords: 5, untilEnd: false }
  return service.subscribe(CALLER, { topics, ...limits }, sink, memory)
}

test('a subscription counts a push until its records are all sent', async () => {
  const batch = batchOf(20, 10)
  partitions.add('a').publish(batch, 20)
  const memory = new CountedMemory(1_000_000)
  const sink = new RecordSink()
  sink.room = 3
  const subscription = subscribe(memory, sink)
  await clock.settle()
  expect([sink.sizes.length, memory.taken]).toEqual([3, batch.byteLength])
  sink.room = Infinity
  subscription.resumeSink()
  await clock.settle()
  expect([sink.sizes.length, memory.taken]).toEqual([4, 0])

  partitions.partition('a', 0).publish(batchOf(20, 10, { baseOffset: 20 }), 20)
  sink.room = 1
  await clock.settle()
  subscription.resumeSink()
  await clock.settle()
  expect(memory.taken).toBeGreaterThan(0)
  subscription.close()
  expect(memory.taken).toBe(0)
})

test('what a batch is decompressed to counts as well', async () => {
  const builder = new BatchBuilder(core, 1_000_000)
  for (let at = 0; at < 20; at++) builder.append(null, Buffer.alloc(10_000), 0)
  const batch = Buffer.from(builder.build({ codec: 'gzip' }))
  partitions.add('a').publish(batch, 20)
  const memory = new CountedMemory(1_000_000)
  const sink = new RecordSink()
  sink.room = 1
  const subscription = subscribe(memory, sink)
  await clock.settle()
  expect(batch.byteLength).toBeLessThan(10_000)
  expect(memory.taken).toBeGreaterThan(200_000)
  sink.room = Infinity
  subscription.resumeSink()
  await clock.settle()
  expect(memory.taken).toBe(0)
})

test('messages are short while memory is', async () => {
  partitions.add('a').publish(batchOf(8, 30_000), 8)
  const memory = new CountedMemory(1_000_000)
  memory.tight = true
  const sink = new RecordSink()
  subscribe(memory, sink)
  await clock.settle()
  expect(sink.sizes).toEqual([3, 3, 2])
})

/** A broker with 30 records in "clicks". */
async function groupBroker(): Promise<{ broker: BrokerOfOne; rest: () => Promise<void> }> {
  const broker = await BrokerOfOne.start(undefined, undefined, {
    'offsets.topic.num.partitions': '1',
  })
  await broker.createTopic('clicks', 1)
  const rest = async (): Promise<void> => {
    for (let at = 0; at < 4; at++) {
      await broker.clock.settle()
      broker.clock.advance(50)
    }
  }
  const batches = [{ topic: 'clicks', partition: 0, batch: batchOf(30, 10) }]
  const { done } = broker.produce.produce(CALLER, { acks: -1, timeoutMs: 1000, batches })
  expect((await broker.settled(done))[0]!.error).toBeNull()
  return { broker, rest }
}

test('a session of a group gives up what its client is not ready for, and sends it later', async () => {
  const { broker, rest } = await groupBroker()
  const memory = new CountedMemory(1_000_000)
  const client = new SessionClient(broker, { maxRecords: 4, creditBytes: 300 }, memory)
  client.acknowledges = false
  await rest()
  const before = client.seen.get('clicks-0')!.length
  expect(before).toBeLessThan(20)
  expect(memory.taken).toBeGreaterThan(300)
  memory.becomeTight()
  expect(memory.taken).toBe(0)
  while (client.seen.get('clicks-0')!.length < 30) {
    client.acknowledge()
    await rest()
    memory.becomeTight()
    expect(memory.taken).toBe(0)
  }
  expect(client.seen.get('clicks-0')).toEqual(Array.from({ length: 30 }, (_, at) => at))
  expect(client.events.filter((event) => event.startsWith('assigned'))).toHaveLength(1)
})

test('a session of a group that ends holds nothing', async () => {
  const { broker, rest } = await groupBroker()
  const memory = new CountedMemory(1_000_000)
  const client = new SessionClient(broker, { maxRecords: 4, creditBytes: 300 }, memory)
  client.acknowledges = false
  await rest()
  expect([memory.taken > 300, memory.hoarderCount]).toEqual([true, 1])
  void client.session.end(null)
  await rest()
  expect([memory.taken, memory.hoarderCount]).toEqual([0, 0])
})
