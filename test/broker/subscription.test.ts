// Subscriptions: records in messages, back-pressure, and ends.

import { beforeEach, describe, expect, test } from 'vitest'
import type { BrokerError } from '../../src/base/errors.ts'
import { FetchService } from '../../src/broker/fetch-service.ts'
import type { SubscribedRecord } from '../../src/broker/fetch/record-unpacking.ts'
import type { Position } from '../../src/broker/position.ts'
import type { SubscribeRequest } from '../../src/broker/subscribe-request.ts'
import type { SubscriptionSink } from '../../src/broker/subscription.ts'
import { openBatch } from '../../src/record/batch-reader.ts'
import { CONTROL_FLAG } from '../../src/record/layout.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { testBatch } from '../support/batches.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPartitions, type MemoryPartition } from '../support/memory-partition.ts'

const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
const core = StorageCore.load()

class RecordingSink implements SubscriptionSink {
  readonly messages: string[][] = []
  readonly taken: SubscribedRecord[] = []
  error: BrokerError | null | undefined = undefined
  heartbeats = 0
  /** Messages that it takes before it wants a rest. */
  room = Infinity

  records(records: readonly SubscribedRecord[]): boolean {
    this.taken.push(...records)
    this.messages.push(records.map(({ record }) => `${Buffer.from(record.value!)}`))
    this.room -= 1
    return this.room > 0
  }

  heartbeat(): void {
    this.heartbeats += 1
  }

  ended(error: BrokerError | null): void {
    expect(this.error).toBeUndefined()
    this.error = error
  }
}

let clock: ManualClock
let partitions: MemoryPartitions
let service: FetchService
let sink: RecordingSink

beforeEach(() => {
  clock = new ManualClock()
  partitions = new MemoryPartitions()
  sink = new RecordingSink()
  service = new FetchService({
    clock,
    partitions,
    openBatch: (batch) => openBatch(core, batch),
    maxPartitions: 4,
  })
})

function request(topics: string[], options: Partial<SubscribeRequest> = {}): SubscribeRequest {
  const start: Position = { kind: 'earliest' }
  const wanted = topics.map((topic) => {
    return { topic, partitions: [], start, partitionStarts: new Map<number, Position>() }
  })
  return { topics: wanted, maxRecords: 100, untilEnd: false, ...options }
}

/** Publishes one batch whose values are the offsets, as text after the topic's name. */
function publish(log: MemoryPartition, records = 1, attributes = 0): void {
  const values = Array.from({ length: records }, (_, n) => {
    return { value: `${log.topic}${log.partition}.${log.endOffset + n}` }
  })
  log.publish(testBatch({ records: values, baseOffset: log.endOffset, attributes }), records)
}

describe('records', () => {
  test('come as they are published, from all partitions of the topics', async () => {
    const logs = [partitions.add('a', 0), partitions.add('a', 1), partitions.add('b', 0)]
    for (const log of logs) publish(log, 2)
    service.subscribe(CALLER, request(['a', 'b']), sink)
    await clock.settle()
    expect(sink.messages).toEqual([
      ['a0.0', 'a0.1'],
      ['a1.0', 'a1.1'],
      ['b0.0', 'b0.1'],
    ])
    expect(sink.taken[3]).toMatchObject({ topic: 'a', partition: 1, record: { offset: 1 } })

    publish(logs[1]!)
    await clock.settle()
    expect(sink.messages.at(-1)).toEqual(['a1.2'])
  })

  test('begin where asked for, within a batch too', async () => {
    const log = partitions.add('a', 0)
    publish(log, 5)
    publish(partitions.add('a', 1), 5)
    const wanted = request(['a'])
    const partitionStarts = new Map<number, Position>([[0, { kind: 'offset', offset: 3 }]])
    const topics = [
      { topic: 'a', partitions: [], start: { kind: 'latest' } as const, partitionStarts },
    ]
    service.subscribe(CALLER, { ...wanted, topics }, sink)
    await clock.settle()
    expect(sink.messages).toEqual([['a0.3', 'a0.4']])
  })

  test('come in messages of at most so many', async () => {
    const log = partitions.add('a')
    publish(log, 5)
    publish(log, 2)
    service.subscribe(CALLER, request(['a'], { maxRecords: 3 }), sink)
    await clock.settle()
    expect(sink.messages.map(({ length }) => length)).toEqual([3, 3, 1])
    expect(sink.messages.flat()).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `a0.${n}`))
  })

  test('leave out control batches', async () => {
    const log = partitions.add('a')
    publish(log)
    publish(log, 1, CONTROL_FLAG)
    publish(log)
    service.subscribe(CALLER, request(['a']), sink)
    await clock.settle()
    expect(sink.messages).toEqual([['a0.0', 'a0.2']])
  })
})

describe('back-pressure', () => {
  test('holds the rest of a push, and all that follows', async () => {
    const log = partitions.add('a')
    publish(log, 5)
    sink.room = 1
    const subscription = service.subscribe(CALLER, request(['a'], { maxRecords: 2 }), sink)
    await clock.settle()
    publish(log, 1)
    await clock.settle()
    expect(sink.messages).toEqual([['a0.0', 'a0.1']])

    sink.room = 1
    subscription.resumeSink()
    await clock.settle()
    expect(sink.messages).toHaveLength(2)
    sink.room = Infinity
    subscription.resumeSink()
    await clock.settle()
    expect(sink.messages.flat()).toEqual([0, 1, 2, 3, 4, 5].map((n) => `a0.${n}`))
  })

  test('lets no more than a megabyte and a push pile up in front of a slow client', async () => {
    const log = partitions.add('a')
    const value = Buffer.alloc(100_000, 'x')
    for (let n = 0; n < 50; n++) {
      log.publish(testBatch({ records: [{ value }], baseOffset: n }))
    }
    let read = 0
    const original = log.read.bind(log)
    log.read = (offset, limits) => {
      const slice = original(offset, limits)
      if (!(slice instanceof Promise)) read += slice.batches.byteLength
      return slice
    }
    sink.room = 1
    service.subscribe(CALLER, request(['a']), sink)
    for (let round = 0; round < 20; round++) await clock.settle()
    expect(read).toBeLessThan(1024 * 1024 + 512 * 1024)
  })
})

describe('until the end', () => {
  test('reads what was there at the beginning, and no more', async () => {
    const logs = [partitions.add('a', 0), partitions.add('a', 1), partitions.add('b', 0)]
    for (const log of logs.slice(0, 2)) publish(log, 3)
    sink.room = 1
    const subscription = service.subscribe(CALLER, request(['a', 'b'], { untilEnd: true }), sink)
    await clock.settle()
    for (const log of logs) publish(log, 2)
    sink.room = Infinity
    subscription.resumeSink()
    await clock.settle()
    expect(sink.messages).toEqual([
      ['a0.0', 'a0.1', 'a0.2'],
      ['a1.0', 'a1.1', 'a1.2'],
    ])
    expect([sink.error, service.sessionCount]).toEqual([null, 0])
  })

  test('ends at once where there is nothing', async () => {
    partitions.add('a')
    service.subscribe(CALLER, request(['a'], { untilEnd: true }), sink)
    await clock.settle()
    expect(sink.error).toBeNull()
  })

  test('does not send what follows the end in the same push', async () => {
    const log = partitions.add('a')
    publish(log, 3)
    service.subscribe(CALLER, request(['a'], { untilEnd: true }), sink)
    publish(log, 2)
    await clock.settle()
    expect(sink.messages).toEqual([['a0.0', 'a0.1', 'a0.2']])
    expect(sink.error).toBeNull()
  })
})

describe('a subscription ends with an error', () => {
  test('when a topic is deleted', async () => {
    partitions.add('a')
    service.subscribe(CALLER, request(['a']), sink)
    await clock.settle()
    partitions.delete('a')
    await clock.settle()
    expect(sink.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(service.sessionCount).toBe(0)
  })

  test('when retention has overtaken it, since records would be missing', async () => {
    const log = partitions.add('a')
    for (let n = 0; n < 5; n++) publish(log)
    const start = { kind: 'offset', offset: 0 } as const
    const topics = [{ topic: 'a', partitions: [0], start, partitionStarts: new Map() }]
    log.trim(3)
    service.subscribe(CALLER, { ...request([]), topics }, sink)
    await clock.settle()
    expect(sink.error?.code).toBe('OFFSET_OUT_OF_RANGE')
  })

  test('when stored bytes make no sense', async () => {
    const log = partitions.add('a')
    log.publish(Buffer.alloc(80))
    service.subscribe(CALLER, request(['a']), sink)
    await clock.settle()
    expect(sink.error?.code).toBe('UNSUPPORTED_FOR_MESSAGE_FORMAT')
  })
})

describe('a subscription is refused', () => {
  test.each<[string, () => SubscribeRequest]>([
    ['UNKNOWN_TOPIC_OR_PARTITION', () => request(['nope'])],
    ['INVALID_REQUEST', () => request([])],
    ['INVALID_REQUEST', () => request(['a', 'a'])],
    ['INVALID_REQUEST', () => request(['large'])],
  ])('%s', (code, wanted) => {
    partitions.add('a')
    for (let n = 0; n < 5; n++) partitions.add('large', n)
    expect(() => service.subscribe(CALLER, wanted(), sink)).toThrow(
      expect.objectContaining({ code }),
    )
    expect(service.sessionCount).toBe(0)
  })
})

test('close leaves nothing behind', async () => {
  const log = partitions.add('a')
  const subscription = service.subscribe(CALLER, request(['a']), sink)
  await clock.settle()
  clock.advance(15_000)
  expect(sink.heartbeats).toBe(1)
  subscription.close()
  publish(log)
  await clock.settle()
  clock.advance(60_000)
  expect([sink.messages, sink.heartbeats, sink.error]).toEqual([[], 1, undefined])
  expect([log.waiters.size, clock.timerCount, service.sessionCount]).toEqual([0, 0, 0])
})
