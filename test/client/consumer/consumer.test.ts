// The consumer over a cluster in memory, with a clock that the test moves.

import { describe, expect, test } from 'vitest'
import { Consumer } from '../../../src/client/consumer/consumer.ts'
import type { ConsumerOptions } from '../../../src/client/consumer/consumer-options.ts'
import type { ConsumerRecord } from '../../../src/client/consumer/consumer-record.ts'
import { SluiceError } from '../../../src/client/errors.ts'
import { jsonSerde, stringSerde } from '../../../src/client/serializers.ts'
import { BatchBuilder } from '../../../src/record/batch-builder.ts'
import { sharedCore } from '../../../src/record/shared-core.ts'
import { ManualClock, microtasks } from '../../support/manual-clock.ts'
import { MemoryTransport } from '../../support/memory-transport.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const CLICKS = { topic: 'clicks', partition: 0 }
const EARLIEST = { kind: 'earliest' } as const

interface Bench {
  readonly transport: MemoryTransport
  readonly clock: ManualClock
  readonly consumer: Consumer<string, string>
}

function setUp(options: ConsumerOptions<string, string> = {}, partitions = 1): Bench {
  const transport = new MemoryTransport()
  transport.createTopicNow('clicks', partitions)
  const clock = new ManualClock()
  const consumer = new Consumer<string, string>({
    transport,
    clock,
    random: new SeededRandom(3),
    keyDeserializer: stringSerde,
    valueDeserializer: stringSerde,
    ...options,
  })
  return { transport, clock, consumer }
}

/** Stores one batch of these values. */
function store(transport: MemoryTransport, values: readonly string[], partition = 0): void {
  const builder = new BatchBuilder(sharedCore(), 1024 * 1024)
  for (const value of values)
    builder.append('key', value, 1_000 + transport.log('clicks', partition)!.endOffset)
  transport.log('clicks', partition)!.append(builder.build())
  for (const stream of transport.openFetchStreams) stream.pump()
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => String(from + n))
}

/** Reads so many records and leaves the loop. */
async function read(
  { clock, consumer }: Bench,
  count: number,
): Promise<ConsumerRecord<string, string>[]> {
  const records: ConsumerRecord<string, string>[] = []
  const loop = (async () => {
    if (count === 0) return
    for await (const record of consumer) {
      records.push(record)
      if (records.length === count) break
    }
  })()
  await drive(clock, loop)
  return records
}

/** Ends turns until the promise has settled. */
async function drive<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let settled = false
  const seen = promise.finally(() => (settled = true))
  seen.catch(() => {})
  for (let turn = 0; !settled && turn < 10_000; turn++) await clock.settle()
  if (!settled) throw new Error('nothing happens any more')
  return await seen
}

function valuesOf(records: readonly ConsumerRecord<string, string>[]): string[] {
  return records.map(({ value }) => value ?? '(null)')
}

test('subscribe reads all partitions, and each in the order of its offsets', async () => {
  const bench = setUp({}, 3)
  for (let round = 0; round < 4; round++) {
    for (let p = 0; p < 3; p++)
      store(bench.transport, [`${p}:${2 * round}`, `${p}:${2 * round + 1}`], p)
  }
  await drive(bench.clock, bench.consumer.subscribe('clicks', { start: EARLIEST }))
  const records = await read(bench, 24)
  for (let p = 0; p < 3; p++) {
    const own = records.filter(({ partition }) => partition === p)
    expect(valuesOf(own)).toEqual(numbers(0, 8).map((n) => `${p}:${n}`))
    expect(own.map(({ offset }) => offset)).toEqual([...Array(8).keys()])
  }
  expect(records[0]).toMatchObject({ topic: 'clicks', key: 'key', timestamp: 1_000, headers: [] })
  await bench.consumer.close()
})

test('a loop that waits gets what is stored later', async () => {
  const bench = setUp()
  await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
  const reading = read(bench, 2)
  await microtasks()
  store(bench.transport, ['a', 'b'])
  expect(valuesOf(await reading)).toEqual(['a', 'b'])
})

describe('where reading begins', () => {
  test.each([
    ['earliest', { kind: 'earliest' }, '3'],
    ['an offset inside a batch', { kind: 'offset', offset: 5 }, '5'],
    ['a time', { kind: 'timestamp', timestampMs: 1_001 }, '10'],
    ['latest', { kind: 'latest' }, 'new'],
  ] as const)('%s', async (_, start, first) => {
    const bench = setUp()
    store(bench.transport, numbers(0, 10))
    store(bench.transport, numbers(10, 20))
    bench.transport.log('clicks', 0)!.deleteBefore(3)
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start }]))
    store(bench.transport, ['new'])
    const expected = bench.consumer.position(CLICKS)
    const [record] = await read(bench, 1)
    expect(record!.offset).toBe(expected)
    expect(record!.value).toBe(first)
  })

  test('assign keeps the place of a partition that comes with no start', async () => {
    const bench = setUp({}, 2)
    store(bench.transport, numbers(0, 10), 0)
    store(bench.transport, ['other'], 1)
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    await read(bench, 4)
    const both = [CLICKS, { topic: 'clicks', partition: 1, start: EARLIEST }]
    await drive(bench.clock, bench.consumer.assign(both))
    expect(bench.consumer.position(CLICKS)).toBe(4)
    const rest = await read(bench, 7)
    expect(valuesOf(rest).sort()).toEqual([...numbers(4, 10), 'other'].sort())

    await drive(bench.clock, bench.consumer.assign([{ topic: 'clicks', partition: 1 }]))
    expect(bench.consumer.assignment()).toEqual([{ topic: 'clicks', partition: 1 }])
  })

  test('a topic that does not exist is told at once', async () => {
    const { clock, consumer } = setUp()
    await expect(drive(clock, consumer.subscribe('missing'))).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    const unknown = consumer.assign([{ topic: 'clicks', partition: 9 }])
    await expect(drive(clock, unknown)).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      facts: { topic: 'clicks', partition: 9 },
    })
  })

  test('while no broker answers, assign gives up and the consumer goes on trying', async () => {
    const bench = setUp({ requestTimeoutMs: 5_000 })
    bench.transport.down = true
    store(bench.transport, ['a'])
    const assigned = bench.consumer.assign([{ ...CLICKS, start: EARLIEST }])
    assigned.catch(() => {})
    for (let n = 0; n < 10; n++) {
      await bench.clock.settle()
      bench.clock.advance(600)
    }
    await expect(assigned).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT' })
    bench.transport.down = false
    bench.clock.advance(2_000)
    expect(valuesOf(await read(bench, 1))).toEqual(['a'])
  })
})

describe('leaving and coming back', () => {
  test('a loop that was left inside a batch goes on with the next record', async () => {
    const bench = setUp()
    store(bench.transport, numbers(0, 10))
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    for (let from = 0; from < 9; from += 3) {
      expect(valuesOf(await read(bench, 3))).toEqual(numbers(from, from + 3))
      expect(bench.consumer.position(CLICKS)).toBe(from + 3)
    }
    const [batch] = await drive(bench.clock, firstBatch(bench.consumer))
    expect(valuesOf([...batch!.records()])).toEqual(['9'])
    expect(batch).toMatchObject({
      baseOffset: 0,
      lastOffset: 9,
      recordCount: 10,
      highWatermark: 10,
    })
    expect(bench.consumer.position(CLICKS)).toBe(10)
  })

  test('one loop at a time', async () => {
    const bench = setUp()
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const loop = bench.consumer.records()
    expect(() => bench.consumer.records()).toThrowError(
      expect.objectContaining({ code: 'INVALID_STATE' }),
    )
    await loop.return!()
    bench.consumer.batches()
  })

  test('calls of next that do not wait for each other lose nothing', async () => {
    const bench = setUp()
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const loop = bench.consumer.records()
    const steps = Array.from({ length: 6 }, () => loop.next())
    store(bench.transport, numbers(0, 2))
    store(bench.transport, numbers(2, 6))
    const results = await drive(bench.clock, Promise.all(steps))
    expect(results.map(({ value }) => value!.value)).toEqual(numbers(0, 6))
  })

  test('close ends a loop that waits', async () => {
    const bench = setUp()
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const reading = read(bench, 1)
    await microtasks()
    await bench.consumer.close()
    expect(await reading).toEqual([])
    expect(bench.clock.timerCount).toBe(0)
    await expect(bench.consumer.assign([])).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('close ends a loop inside a batch', async () => {
    const bench = setUp()
    store(bench.transport, numbers(0, 10))
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const seen: (string | null)[] = []
    await drive(
      bench.clock,
      (async () => {
        for await (const { value } of bench.consumer) {
          seen.push(value)
          if (value === '3') await bench.consumer.close()
        }
      })(),
    )
    expect(seen).toEqual(numbers(0, 4))
  })

  test('untilEnd ends where the log ended when the loop began', async () => {
    const bench = setUp({}, 2)
    store(bench.transport, numbers(0, 10))
    await drive(bench.clock, bench.consumer.subscribe('clicks', { start: EARLIEST }))
    const seen: (string | null)[] = []
    await drive(
      bench.clock,
      (async () => {
        for await (const record of bench.consumer.records({ untilEnd: true }))
          seen.push(record.value)
      })(),
    )
    expect(seen).toEqual(numbers(0, 10))
  })
})

describe('seek and pause', () => {
  test('seek inside a loop takes effect with the next record', async () => {
    const bench = setUp()
    store(bench.transport, numbers(0, 5))
    store(bench.transport, numbers(5, 10))
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const seen: (string | null)[] = []
    const loop = (async () => {
      for await (const { value } of bench.consumer) {
        seen.push(value)
        if (seen.length === 3) await bench.consumer.seek(CLICKS, { kind: 'offset', offset: 8 })
        if (seen.length === 5) break
      }
    })()
    await drive(bench.clock, loop)
    expect(seen).toEqual(['0', '1', '2', '8', '9'])
  })

  test('a partition that is paused gives nothing, and goes on where it stopped', async () => {
    const bench = setUp({}, 2)
    store(bench.transport, numbers(0, 6), 0)
    store(bench.transport, ['a', 'b', 'c'], 1)
    await drive(bench.clock, bench.consumer.subscribe('clicks', { start: EARLIEST }))
    const seen: (string | null)[] = []
    const loop = (async () => {
      for await (const { value } of bench.consumer) {
        seen.push(value)
        if (value === '1') bench.consumer.pause([CLICKS])
        if (seen.length === 5) break
      }
    })()
    await drive(bench.clock, loop)
    expect(seen).toEqual(['0', '1', 'a', 'b', 'c'])
    expect(bench.consumer.paused()).toEqual([CLICKS])
    store(bench.transport, ['d'], 1)
    expect(valuesOf(await read(bench, 1))).toEqual(['d'])
    bench.consumer.resume()
    expect(valuesOf(await read(bench, 4))).toEqual(numbers(2, 6))
  })

  test('a paused partition holds no credit, however much is stored in it', async () => {
    const bench = setUp({ prefetchBytes: 65_536 }, 2)
    await drive(bench.clock, bench.consumer.subscribe('clicks', { start: EARLIEST }))
    bench.consumer.pause([CLICKS])
    for (let n = 0; n < 20; n++) store(bench.transport, ['x'.repeat(20_000)], 0)
    for (let n = 0; n < 20; n++) store(bench.transport, ['y'.repeat(20_000)], 1)
    expect(await read(bench, 20)).toHaveLength(20)
  })

  test('seek to a partition that is not assigned is refused', async () => {
    const { consumer } = setUp()
    await expect(consumer.seek(CLICKS, EARLIEST)).rejects.toMatchObject({ code: 'INVALID_STATE' })
  })
})

describe('memory', () => {
  test('no more is fetched ahead than the prefetch and one message', async () => {
    const bench = setUp({ prefetchBytes: 65_536 })
    for (let n = 0; n < 100; n++) store(bench.transport, ['x'.repeat(10_000)])
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const [stream] = bench.transport.openFetchStreams
    const batchBytes = bench.transport.log('clicks', 0)!.sizeBytes / 100
    for (let n = 1; n <= 100; n++) {
      await read(bench, 1)
      const aheadBytes = stream!.sentBytes - n * batchBytes
      expect(aheadBytes).toBeLessThanOrEqual(65_536 + 64 * 1024)
    }
    expect(stream!.sentBytes).toBe(100 * batchBytes)
  })
})

describe('a broker that fails', () => {
  test('after the stream broke reading goes on at the next record, inside a batch', async () => {
    const bench = setUp()
    store(bench.transport, numbers(0, 10))
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const first = await read(bench, 4)
    bench.transport.down = true
    bench.transport.disconnect()
    await bench.clock.settle()
    bench.clock.advance(1_000)
    await bench.clock.settle()
    bench.transport.down = false
    store(bench.transport, numbers(10, 12))
    bench.clock.advance(2_000)
    const rest = await read(bench, 8)
    expect(valuesOf([...first, ...rest])).toEqual(numbers(0, 12))
  })

  test('a broker that says nothing is given up', async () => {
    const bench = setUp()
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const [silent] = bench.transport.openFetchStreams
    bench.clock.advance(44_000)
    silent!.heartbeat()
    await bench.clock.settle()
    bench.clock.advance(44_000)
    await bench.clock.settle()
    expect([...bench.transport.openFetchStreams]).toEqual([silent])
    bench.clock.advance(2_000)
    await bench.clock.settle()
    bench.clock.advance(1_000)
    await bench.clock.settle()
    const [other] = bench.transport.openFetchStreams
    expect(other).not.toBe(silent)
  })

  test('a partition that fails for a while is tried again', async () => {
    const bench = setUp()
    store(bench.transport, ['a'])
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    await read(bench, 1)
    const [stream] = bench.transport.openFetchStreams
    stream!.fail(CLICKS, new SluiceError('KAFKA_STORAGE_ERROR'))
    await bench.clock.settle()
    store(bench.transport, ['b'])
    bench.clock.advance(200)
    expect(valuesOf(await read(bench, 1))).toEqual(['b'])
  })

  test('a topic that was deleted ends the loop, and a new loop tries again', async () => {
    const bench = setUp()
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const [stream] = bench.transport.openFetchStreams
    const reading = read(bench, 1)
    stream!.fail(CLICKS, new SluiceError('UNKNOWN_TOPIC_OR_PARTITION'))
    await expect(reading).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      facts: { topic: 'clicks', partition: 0 },
    })
    store(bench.transport, ['back'])
    expect(valuesOf(await read(bench, 1))).toEqual(['back'])
  })

  test.each([
    ['earliest', '5'],
    ['latest', 'new'],
  ] as const)('a position that was deleted: %s', async (autoOffsetReset, first) => {
    const bench = setUp({ autoOffsetReset })
    store(bench.transport, numbers(0, 10))
    bench.transport.log('clicks', 0)!.deleteBefore(5)
    await drive(
      bench.clock,
      bench.consumer.assign([{ ...CLICKS, start: { kind: 'offset', offset: 2 } }]),
    )
    store(bench.transport, ['new'])
    expect(valuesOf(await read(bench, 1))).toEqual([first])
  })

  test('a position that was deleted: error', async () => {
    const bench = setUp({ autoOffsetReset: 'error' })
    store(bench.transport, numbers(0, 10))
    bench.transport.log('clicks', 0)!.deleteBefore(5)
    const assigned = bench.consumer.assign([{ ...CLICKS, start: { kind: 'offset', offset: 2 } }])
    await expect(drive(bench.clock, assigned)).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      facts: { topic: 'clicks', partition: 0, logStartOffset: 5, highWatermark: 10 },
      message:
        'OFFSET_OUT_OF_RANGE: Offset is outside the log ' +
        'topic=clicks partition=0 logStartOffset=5 highWatermark=10',
    })
  })
})

describe('bad bytes', () => {
  test('a batch that fails its checksum is not given out', async () => {
    const bench = setUp()
    store(bench.transport, ['good'])
    store(bench.transport, ['bad'])
    const log = bench.transport.log('clicks', 0)!
    const damaged = log.batches[1]!
    damaged[damaged.byteLength - 2]! ^= 1
    await drive(bench.clock, bench.consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    expect(valuesOf(await read(bench, 1))).toEqual(['good'])
    await expect(read(bench, 1)).rejects.toMatchObject({
      code: 'CORRUPT_MESSAGE',
      facts: { topic: 'clicks', partition: 0, position: 1, baseOffset: 1 },
    })
    expect(bench.consumer.position(CLICKS)).toBe(1)
    damaged[damaged.byteLength - 2]! ^= 1 // it was the wire, not the disk
    expect(valuesOf(await read(bench, 1))).toEqual(['bad'])
  })

  test('a deserializer that fails tells of the record, when it is looked at', async () => {
    const bench = setUp()
    const consumer = new Consumer({
      transport: bench.transport,
      clock: bench.clock,
      valueDeserializer: jsonSerde<unknown>(),
    })
    store(bench.transport, ['{"a":1}', 'no json'])
    await drive(bench.clock, consumer.assign([{ ...CLICKS, start: EARLIEST }]))
    const [batch] = await drive(bench.clock, firstBatch(consumer))
    const [first, second] = [...batch!]
    expect(first!.value).toEqual({ a: 1 })
    expect(first!.value).toBe(first!.value)
    expect(() => second!.value).toThrowError(
      expect.objectContaining({
        code: 'DESERIALIZATION_FAILED',
        facts: { ...CLICKS, offset: 1, field: 'value' },
      }),
    )
  })
})

test('partitions that are added to a subscribed topic are found and read from their beginning', async () => {
  const bench = setUp({ metadataMaxAgeMs: 1_000 })
  await drive(bench.clock, bench.consumer.subscribe('clicks'))
  await bench.transport.createPartitions('clicks', 2, {})
  store(bench.transport, ['in the new one'], 1)
  bench.clock.advance(1_000)
  expect(valuesOf(await read(bench, 1))).toEqual(['in the new one'])
})

test('offsets looks up edges and times', async () => {
  const { transport, clock, consumer } = setUp()
  store(transport, numbers(0, 10))
  const [end] = await drive(clock, consumer.offsets([CLICKS], { kind: 'latest' }))
  expect(end).toEqual({ ...CLICKS, offset: 10, timestampMs: -1, error: null })
})

async function firstBatch<K, V>(consumer: Consumer<K, V>): ReturnType<typeof takeOne<K, V>> {
  return await takeOne(consumer)
}

async function takeOne<K, V>(consumer: Consumer<K, V>) {
  for await (const batch of consumer.batches()) return [batch]
  return []
}
