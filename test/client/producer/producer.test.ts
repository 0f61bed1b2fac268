// The producer over a cluster in memory, with a clock that the test moves: batching, memory, topics,
// what a record holds, closing.

import { describe, expect, test } from 'vitest'
import type { SluiceError } from '../../../src/client/errors.ts'
import { Producer } from '../../../src/client/producer/producer.ts'
import type { ProducerOptions } from '../../../src/client/producer/producer-options.ts'
import { jsonSerde, stringSerde } from '../../../src/client/serializers.ts'
import type { Serialized } from '../../../src/client/serializers.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryTransport } from '../../support/memory-transport.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

interface Bench<K, V> {
  readonly transport: MemoryTransport
  readonly clock: ManualClock
  readonly producer: Producer<K, V>
}

function setUp<K = Serialized, V = Serialized>(options: ProducerOptions<K, V> = {}): Bench<K, V> {
  const transport = new MemoryTransport()
  transport.createTopicNow('clicks', 1)
  const clock = new ManualClock()
  const random = new SeededRandom(7)
  return {
    transport,
    clock,
    producer: new Producer<K, V>({ transport, clock, random, ...options }),
  }
}

/** Lets everything happen that needs no time. */
async function settle(clock: ManualClock): Promise<void> {
  await clock.settle()
  await clock.settle()
}

function watch(promise: Promise<unknown>): { state: string; value: unknown } {
  const seen: { state: string; value: unknown } = { state: 'pending', value: null }
  promise.then(
    (value) => Object.assign(seen, { state: 'resolved', value }),
    (value: unknown) => Object.assign(seen, { state: 'rejected', value }),
  )
  return seen
}

describe('batching', () => {
  test('a batch lingers, and then goes with all that came meanwhile', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 5 })
    const first = watch(producer.send({ topic: 'clicks', value: 'a' }))
    await settle(clock)
    clock.advance(4)
    const second = watch(producer.send({ topic: 'clicks', value: 'b' }))
    await settle(clock)
    expect(transport.requests).toHaveLength(0)

    clock.advance(1)
    await settle(clock)

    expect(transport.requests).toHaveLength(1)
    const timestamp = clock.now() - 5
    expect(first.value).toEqual({ topic: 'clicks', partition: 0, offset: 0, timestamp })
    expect(second.value).toEqual({
      topic: 'clicks',
      partition: 0,
      offset: 1,
      timestamp: timestamp + 4,
    })
  })

  test('with no linger a batch takes all that is sent in one turn', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0 })
    await warm(producer, clock)
    for (const value of ['a', 'b', 'c']) void producer.send({ topic: 'clicks', value })
    await settle(clock)
    expect(transport.requests).toHaveLength(2)
    expect(transport.log('clicks', 0)!.values()).toEqual(['warm', 'a', 'b', 'c'])
  })

  test('a full batch does not linger', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 1_000, batchBytes: 1_024 })
    const sends = Array.from({ length: 20 }, (_, n) =>
      watch(producer.send({ topic: 'clicks', value: `${n}`.padEnd(100) })),
    )
    await settle(clock)
    // 100 bytes of value and 8 around it: 8 records beside the header make 925 bytes, 9 are over.
    expect(sends.filter(({ state }) => state === 'resolved')).toHaveLength(16)
    expect(transport.log('clicks', 0)!.endOffset).toBe(16)
  })

  test('a record larger than a batch goes alone', async () => {
    const { transport, clock, producer } = setUp({ batchBytes: 1_024, lingerMs: 0 })
    const large = 'x'.repeat(5_000)
    for (const value of ['a', large, 'b']) void producer.send({ topic: 'clicks', value })
    await settle(clock)
    expect(transport.log('clicks', 0)!.values()).toEqual(['a', large, 'b'])
    expect(transport.log('clicks', 0)!.batches).toHaveLength(3)
  })

  test('flush sends what lingers, and resolves when it is acknowledged', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 60_000 })
    const sent = watch(producer.send({ topic: 'clicks', value: 'a' }))
    await settle(clock)
    expect(sent.state).toBe('pending')
    const flushed = watch(producer.flush())
    await settle(clock)
    expect([sent.state, flushed.state]).toEqual(['resolved', 'resolved'])
    expect(transport.log('clicks', 0)!.values()).toEqual(['a'])
  })

  test('flush resolves after every promise of send has told its outcome', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 1_000 })
    transport.fault = () => ({ kind: 'refuse', code: 'MESSAGE_TOO_LARGE' })
    const sent = watch(producer.send({ topic: 'clicks', value: 'a' }))
    const flushed = producer.flush().then(() => sent.state)
    await settle(clock)
    expect(await flushed).toBe('rejected')
  })

  test('flush waits for records whose topic is not known yet', async () => {
    const { clock, producer } = setUp({ lingerMs: 60_000 })
    const sent = watch(producer.send({ topic: 'clicks', value: 'a' }))
    const flushed = producer.flush().then(() => sent.state)
    await settle(clock)
    expect(await flushed).toBe('resolved')
  })

  test('batches of many partitions share a request', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0 })
    transport.createTopicNow('wide', 10)
    await warm(producer, clock)
    for (let partition = 0; partition < 10; partition++) {
      void producer.send({ topic: 'wide', value: 'x', partition })
    }
    await settle(clock)
    expect(transport.requests.at(-1)!.batches).toHaveLength(10)
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('%s', async (compression) => {
    const { transport, clock, producer } = setUp({ lingerMs: 0, compression })
    const values = Array.from({ length: 50 }, (_, n) => `value ${n}`.repeat(10))
    for (const value of values) void producer.send({ topic: 'clicks', value })
    await settle(clock)
    expect(transport.log('clicks', 0)!.values()).toEqual(values)
  })
})

describe('what a record holds', () => {
  test('null, absent and empty are three things, two of which are null', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0 })
    void producer.send({ topic: 'clicks', key: null, value: '' })
    void producer.send({ topic: 'clicks', key: '', value: null })
    void producer.send({ topic: 'clicks' })
    await settle(clock)
    const seen = transport.log('clicks', 0)!.records()
    expect(
      seen.map(({ key, value }) => [key?.byteLength ?? null, value?.byteLength ?? null]),
    ).toEqual([
      [null, 0],
      [0, null],
      [null, null],
    ])
  })

  test('headers keep their order and repeat', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0 })
    const headers = [
      { key: 'b', value: 'one' },
      { key: 'a', value: null },
      { key: 'b', value: Buffer.from('two') },
    ]
    void producer.send({ topic: 'clicks', value: 'x', headers, timestamp: 1_234 })
    void producer.send({ topic: 'clicks', value: 'y', headers: [{ key: 'trace', value: 'ü' }] })
    await settle(clock)
    const [first, second] = transport.log('clicks', 0)!.records()
    expect(first!.timestamp).toBe(1_234)
    expect(
      first!.headers.map(({ key, value }) => [
        key,
        value === null ? null : `${Buffer.from(value)}`,
      ]),
    ).toEqual([
      ['b', 'one'],
      ['a', null],
      ['b', 'two'],
    ])
    expect(`${Buffer.from(second!.headers[0]!.value!)}`).toBe('ü')
  })

  test('serializers turn typed keys and values into bytes', async () => {
    const { transport, clock, producer } = setUp({
      lingerMs: 0,
      keySerializer: stringSerde,
      valueSerializer: jsonSerde<{ page: string }>(),
    })
    void producer.send({ topic: 'clicks', key: 'k', value: { page: '/home' } })
    await settle(clock)
    expect(transport.log('clicks', 0)!.values()).toEqual(['{"page":"/home"}'])
  })

  test('a serializer that answers late keeps the order of sends', async () => {
    let answer: (value: string) => void
    const { transport, clock, producer } = setUp<Serialized, string>({
      lingerMs: 0,
      valueSerializer: {
        serialize: (value) =>
          value === 'slow' ? new Promise<string>((resolve) => (answer = resolve)) : value,
      },
    })
    const sends = ['first', 'slow', 'last'].map((value) =>
      producer.send({ topic: 'clicks', value }),
    )
    await settle(clock)
    expect(transport.log('clicks', 0)!.values()).toEqual(['first'])
    answer!('slow indeed')
    await settle(clock)
    await settle(clock)
    await Promise.all(sends)
    expect(transport.log('clicks', 0)!.values()).toEqual(['first', 'slow indeed', 'last'])
  })

  test('a serializer that fails rejects its own record alone', async () => {
    const { transport, clock, producer } = setUp({
      lingerMs: 0,
      valueSerializer: jsonSerde<unknown>(),
    })
    await warm(producer, clock)
    const bad = watch(producer.send({ topic: 'clicks', value: () => 1 }))
    const good = watch(producer.send({ topic: 'clicks', value: [1] }))
    await settle(clock)
    expect(bad.value).toMatchObject({ code: 'SERIALIZATION_FAILED', facts: { field: 'value' } })
    expect(good.state).toBe('resolved')
    expect(transport.log('clicks', 0)!.values()).toEqual(['"warm"', '[1]'])
  })

  test.each([Number.NaN, -1, 1.5, 2 ** 60])('the timestamp %s is refused', async (timestamp) => {
    const { clock, producer } = setUp({ lingerMs: 0 })
    await warm(producer, clock)
    const sent = producer.send({ topic: 'clicks', value: 'x', timestamp })
    await expect(sent).rejects.toMatchObject({ code: 'INVALID_TIMESTAMP' })
  })
})

describe('topics', () => {
  test('a topic that does not exist is refused', async () => {
    const { clock, producer } = setUp()
    const sent = watch(producer.send({ topic: 'missing', value: 'x' }))
    await settle(clock)
    expect(sent.value).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })

  test('it is made where broker and producer allow it', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0 })
    transport.autoCreate = true
    const sent = watch(producer.send({ topic: 'missing', value: 'x' }))
    await settle(clock)
    expect(sent.state).toBe('resolved')
    expect(transport.log('missing', 0)!.values()).toEqual(['x'])

    const without = setUp({ lingerMs: 0, autoCreateTopics: false })
    without.transport.autoCreate = true
    const refused = watch(without.producer.send({ topic: 'missing', value: 'x' }))
    await settle(without.clock)
    expect(refused.value).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
    expect(without.transport.topics.has('missing')).toBe(false)
  })

  test('a partition that was added after the topic was read is found', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0 })
    await warm(producer, clock)
    await transport.createPartitions('clicks', 3, {})
    const sent = watch(producer.send({ topic: 'clicks', value: 'x', partition: 2 }))
    const beyond = watch(producer.send({ topic: 'clicks', value: 'x', partition: 3 }))
    await settle(clock)
    expect(sent.value).toMatchObject({ partition: 2, offset: 0 })
    expect(beyond.value).toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      facts: { partition: 3, partitionCount: 3 },
    })
  })

  test('new partitions are used when what is known is old', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0, metadataMaxAgeMs: 1_000 })
    await warm(producer, clock)
    await transport.createPartitions('clicks', 2, {})
    clock.advance(1_000)
    for (let n = 0; n < 40; n++) {
      void producer.send({ topic: 'clicks', value: 'x' })
      await settle(clock)
    }
    expect(transport.log('clicks', 1)!.endOffset).toBeGreaterThan(0)
  })

  test('while no broker answers, sends wait for as long as maxBlockMs', async () => {
    const { transport, clock, producer } = setUp({ maxBlockMs: 2_000, lingerMs: 0 })
    transport.down = true
    const sent = watch(producer.send({ topic: 'clicks', value: 'x' }))
    await settle(clock)
    clock.advance(500)
    await settle(clock)
    expect(sent.state).toBe('pending')
    clock.advance(2_000)
    await settle(clock)
    expect(sent.state).toBe('rejected')
    expect((sent.value as SluiceError).retriable).toBe(true)
  })
})

describe('memory', () => {
  test('send waits while the buffer is full, in order, and ready says when it is not', async () => {
    const { transport, clock, producer } = setUp({
      bufferBytes: 65_536,
      batchBytes: 16_384,
      lingerMs: 0,
    })
    transport.fault = () => ({ kind: 'hold' })
    const value = 'v'.repeat(1_000)
    const sends = Array.from({ length: 200 }, (_, n) =>
      watch(producer.send({ topic: 'clicks', value: `${n} ${value}` })),
    )
    await settle(clock)
    const held = transport.log('clicks', 0)!.endOffset
    expect(held).toBeLessThan(100)
    // One batch may grow past the bound, not more.
    expect(producer.bufferedBytes).toBeLessThan(65_536 + 2 * 16_384)
    const ready = watch(producer.ready()!)
    expect(ready.state).toBe('pending')

    transport.fault = () => null
    transport.releaseHeld()
    await settle(clock)
    await settle(clock)

    expect(ready.state).toBe('resolved')
    expect(producer.ready()).toBeNull()
    expect(sends.every(({ state }) => state === 'resolved')).toBe(true)
    const numbers = transport
      .log('clicks', 0)!
      .values()
      .map((text) => Number.parseInt(text))
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, n) => n))
    expect(producer.bufferedBytes).toBe(0)
  })

  test('ready waits no longer than the topic is unknown, also when it stays so', async () => {
    const { clock, producer } = setUp({ lingerMs: 60_000 })
    void producer.send({ topic: 'clicks', value: 'a' })
    const known = watch(producer.ready()!)
    await settle(clock)
    expect(known.state).toBe('resolved')
    watch(producer.send({ topic: 'missing', value: 'a' }))
    const unknown = watch(producer.ready()!)
    await settle(clock)
    expect(unknown.state).toBe('resolved')
    expect(producer.ready()).toBeNull()
  })

  test('ready asks for a rest when enough is at hand, long before the buffer is full', async () => {
    const { transport, clock, producer } = setUp({ batchBytes: 1_024, maxInFlight: 2, lingerMs: 0 })
    await warm(producer, clock)
    transport.fault = () => ({ kind: 'hold' })
    let sent = 0
    for (; producer.ready() === null; sent++) {
      void producer.send({ topic: 'clicks', value: Buffer.alloc(100) })
    }
    // Two rounds of two batches, and the record that closed the last of them.
    expect(transport.requests).toHaveLength(1)
    expect(producer.bufferedBytes).toBeLessThan(32_768)
    const ready = watch(producer.ready()!)
    await settle(clock)
    expect(ready.state).toBe('pending')
    transport.fault = () => null
    transport.releaseHeld()
    await settle(clock)
    expect(ready.state).toBe('resolved')
    await producer.flush()
    expect(transport.log('clicks', 0)!.endOffset).toBe(sent + 1)
  })

  test('a send that waits too long for room rejects with BUFFER_FULL', async () => {
    const { transport, clock, producer } = setUp({
      bufferBytes: 65_536,
      batchBytes: 16_384,
      lingerMs: 0,
      maxBlockMs: 100,
    })
    transport.fault = () => ({ kind: 'hold' })
    await warmHeld(producer, clock)
    const sends = Array.from({ length: 100 }, () =>
      watch(producer.send({ topic: 'clicks', value: Buffer.alloc(1_000) })),
    )
    await settle(clock)
    clock.advance(100)
    await settle(clock)
    const rejected = sends.filter(({ state }) => state === 'rejected')
    expect(rejected.length).toBeGreaterThan(20)
    for (const { value } of rejected) expect(value).toMatchObject({ code: 'BUFFER_FULL' })
  })
})

describe('closing', () => {
  test('close flushes, and refuses what comes later', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 60_000 })
    const sent = watch(producer.send({ topic: 'clicks', value: 'a' }))
    const closed = watch(producer.close())
    const late = watch(producer.send({ topic: 'clicks', value: 'b' }))
    await settle(clock)
    expect([sent.state, closed.state]).toEqual(['resolved', 'resolved'])
    expect(late.value).toMatchObject({ code: 'CLOSED' })
    expect(transport.log('clicks', 0)!.values()).toEqual(['a'])
    expect(clock.timerCount).toBe(0)
    expect(transport.closed).toBe(false) // it was given, so it is the caller's
  })

  test('what has no outcome when the time is over rejects with CLOSED', async () => {
    const { transport, clock, producer } = setUp({ lingerMs: 0 })
    transport.fault = () => ({ kind: 'hold' })
    const sent = watch(producer.send({ topic: 'clicks', value: 'a' }))
    const closed = watch(producer.close({ timeoutMs: 1_000 }))
    await settle(clock)
    expect(closed.state).toBe('pending')
    clock.advance(1_000)
    await settle(clock)
    expect(closed.state).toBe('resolved')
    expect(sent.value).toMatchObject({ code: 'CLOSED' })
    expect(clock.timerCount).toBe(0)
  })
})

test.each([
  [{ batchBytes: 10 }, 'batchBytes'],
  [{ lingerMs: -1 }, 'lingerMs'],
  [{ maxInFlight: 1.5 }, 'maxInFlight'],
  [{ acks: 2 as never }, 'acks'],
  [{ compression: 'brotli' as never }, 'compression'],
  [{ bootstrap: 'host:99999' }, 'bootstrap'],
  [{ bootstrap: '' }, 'bootstrap'],
])('the option %j is refused', (options, option) => {
  expect(() => new Producer(options)).toThrowError(
    expect.objectContaining({ code: 'INVALID_OPTION', facts: expect.objectContaining({ option }) }),
  )
})

/** Sends one record, so that the topic is known. */
async function warm<K, V>(producer: Producer<K, V>, clock: ManualClock): Promise<void> {
  const sent = watch(producer.send({ topic: 'clicks', value: 'warm' as V }))
  await settle(clock)
  expect(sent.state).toBe('resolved')
}

/** As `warm`, where the answer is held. */
async function warmHeld<K, V>(producer: Producer<K, V>, clock: ManualClock): Promise<void> {
  watch(producer.send({ topic: 'clicks', value: 'warm' as V }))
  await settle(clock)
}
