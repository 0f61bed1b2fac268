// What a producer guarantees without idempotence when things fail: retries, order, time. At the end a
// property over random failures.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProducerOptions } from '../../../src/client/producer/producer-options.ts'
import type { Serialized } from '../../../src/client/serializers.ts'
import type { ProduceFault } from '../../support/memory-transport.ts'
import { codes, faults, pass, producerBench, sendEach, warm, type Bench } from './producer-bench.ts'

function setUp(options: ProducerOptions<Serialized, Serialized> = {}, partitions = 1): Bench {
  return producerBench({ idempotent: false, ...options }, partitions)
}

describe('retries', () => {
  test('a refusal that may pass is tried again', async () => {
    const bench = setUp()
    faults(bench.transport, [{ kind: 'refuse', code: 'NOT_ENOUGH_REPLICAS' }])
    await sendEach(bench, ['a'])
    await pass(bench.clock, 200)
    expect(codes(bench)).toEqual([0])
    expect(bench.transport.requests).toHaveLength(2)
  })

  test('a refusal for good rejects, and the others go on', async () => {
    const bench = setUp()
    faults(bench.transport, [null, { kind: 'refuse', code: 'MESSAGE_TOO_LARGE' }])
    await sendEach(bench, ['a', 'b', 'c'])
    await pass(bench.clock, 200)
    expect(codes(bench)).toEqual([0, 'MESSAGE_TOO_LARGE', 1])
  })

  test('waits double up to the bound, give or take a fifth', async () => {
    const bench = setUp({ retryBackoffMs: 100, retryBackoffMaxMs: 400 })
    bench.transport.fault = () => ({ kind: 'refuse', code: 'NOT_ENOUGH_REPLICAS' })
    const times: number[] = []
    let seen = 0
    bench.send('a')
    for (let ms = 0; ms < 2_000; ms++) {
      await bench.clock.settle()
      if (bench.transport.requests.length > seen) {
        seen = bench.transport.requests.length
        times.push(ms)
      }
      bench.clock.advance(1)
    }
    const waits = times.slice(1).map((at, index) => at - times[index]!)
    for (const [index, wait] of waits.entries()) {
      const expected = Math.min(400, 100 * 2 ** index)
      expect(wait).toBeGreaterThanOrEqual(expected * 0.8)
      expect(wait).toBeLessThanOrEqual(expected * 1.2 + 1)
    }
    expect(waits.length).toBeGreaterThan(3)
  })

  test('no more often than the retries allow', async () => {
    const bench = setUp({ retries: 2 })
    bench.transport.fault = () => ({ kind: 'refuse', code: 'NOT_ENOUGH_REPLICAS' })
    await sendEach(bench, ['a'])
    await pass(bench.clock, 5_000)
    expect(codes(bench)).toEqual(['NOT_ENOUGH_REPLICAS'])
    expect(bench.transport.requests).toHaveLength(3)
  })

  test('a refused partition holds up no other', async () => {
    const bench = setUp({}, 2)
    bench.transport.fault = (request) => {
      const at = request.batches.findIndex(({ partition }) => partition === 0)
      return at < 0 ? null : { kind: 'refuse', code: 'KAFKA_STORAGE_ERROR', batches: [at] }
    }
    bench.send('a', 0)
    bench.send('b', 1)
    await pass(bench.clock, 1_000)
    expect(codes(bench)).toEqual([null, 0])
    bench.transport.fault = () => null
    await pass(bench.clock, 2_000)
    expect(codes(bench)).toEqual([0, 0])
  })

  test('when the topic was deleted its records are refused, not tried for two minutes', async () => {
    const bench = setUp()
    await sendEach(bench, ['a'])
    bench.transport.topics.delete('clicks')
    await sendEach(bench, ['b'])
    await pass(bench.clock, 500)
    expect(codes(bench)).toEqual([0, 'UNKNOWN_TOPIC_OR_PARTITION'])
  })
})

test('a topic that was made anew with fewer partitions refuses records of those it lacks', async () => {
  const bench = setUp({}, 2)
  bench.send('a', 1)
  await pass(bench.clock, 50)
  bench.transport.createTopicNow('clicks', 1)
  bench.send('b', 1)
  await pass(bench.clock, 1_000)
  expect(bench.outcomes.get('b')).toMatchObject({
    code: 'UNKNOWN_TOPIC_OR_PARTITION',
    facts: { partition: 1, partitionCount: 1 },
  })
  bench.send('c', 0)
  await pass(bench.clock, 100)
  expect(bench.transport.log('clicks', 0)!.values()).toEqual(['c'])
})

describe('order', () => {
  test('batches in flight behind a refused one wait for it, and go again in order', async () => {
    const bench = setUp()
    const refusal = { kind: 'refuse', code: 'KAFKA_STORAGE_ERROR' } as const
    await sendEach(bench, ['warm'])
    // The first answer is held, so that all three are in flight when the second is refused.
    faults(bench.transport, [{ kind: 'hold' }, refusal, refusal])
    await sendEach(bench, ['a', 'b', 'c'])
    expect(bench.transport.heldCount).toBe(3)
    bench.transport.releaseHeld()
    await pass(bench.clock, 3_000)
    expect(bench.transport.log('clicks', 0)!.values()).toEqual(['warm', 'a', 'b', 'c'])
    const offsets = codes(bench)
    expect(offsets).toEqual([0, 1, 2, 3])
  })

  test('a batch is not sent behind a later one that was stored', async () => {
    const bench = setUp()
    await sendEach(bench, ['warm'])
    let number = 0
    bench.transport.fault = () => {
      number += 1
      if (number === 1) return { kind: 'hold' }
      return number === 2 ? { kind: 'refuse', code: 'NOT_ENOUGH_REPLICAS' } : null
    }
    await sendEach(bench, ['a', 'b', 'c'])
    bench.transport.releaseHeld()
    await pass(bench.clock, 1_000)
    expect(codes(bench)).toEqual([0, 1, 'NOT_ENOUGH_REPLICAS', 2])
    await sendEach(bench, ['d'])
    await pass(bench.clock, 200)
    expect(bench.transport.log('clicks', 0)!.values()).toEqual(['warm', 'a', 'c', 'd'])
  })

  test('after the stream broke, what has no answer goes again in order', async () => {
    const bench = setUp()
    await sendEach(bench, ['warm'])
    faults(bench.transport, [{ kind: 'hold' }, { kind: 'hold' }, { kind: 'hold' }])
    await sendEach(bench, ['a', 'b', 'c'])
    bench.transport.disconnect()
    await pass(bench.clock, 1_000)
    // All were stored before the stream broke, so they are there twice.
    const values = bench.transport.log('clicks', 0)!.values()
    expect(values).toEqual(['warm', 'a', 'b', 'c', 'a', 'b', 'c'])
    expect(codes(bench)).toEqual([0, 4, 5, 6])
  })

  test('no more requests are in flight than allowed', async () => {
    const bench = setUp({ maxInFlight: 2 })
    await sendEach(bench, ['warm'])
    bench.transport.fault = () => ({ kind: 'hold' })
    await sendEach(bench, ['a', 'b', 'c', 'd'])
    expect(bench.transport.heldCount).toBe(2)
    bench.transport.fault = () => null
    bench.transport.releaseHeld()
    await pass(bench.clock, 50)
    // What waited for a place was collected into one batch.
    expect(bench.transport.log('clicks', 0)!.batches).toHaveLength(4)
    expect(codes(bench)).toEqual([0, 1, 2, 3, 4])
  })
})

describe('time', () => {
  test('a record that is not acknowledged in time rejects, with the last error', async () => {
    const bench = setUp({ deliveryTimeoutMs: 2_000 })
    bench.transport.fault = () => ({ kind: 'refuse', code: 'NOT_ENOUGH_REPLICAS' })
    await sendEach(bench, ['a'])
    await pass(bench.clock, 2_100)
    expect(bench.outcomes.get('a')).toMatchObject({
      code: 'DELIVERY_TIMED_OUT',
      facts: { topic: 'clicks', partition: 0 },
      cause: { code: 'NOT_ENOUGH_REPLICAS' },
    })
    expect(bench.producer.bufferedBytes).toBe(0)
    bench.transport.fault = () => null
    await sendEach(bench, ['b'])
    await pass(bench.clock, 2_000)
    expect(bench.transport.log('clicks', 0)!.values()).toEqual(['b'])
  })

  test('it may still be stored; its memory is free when the answer comes', async () => {
    const bench = setUp({ deliveryTimeoutMs: 1_000 })
    faults(bench.transport, [{ kind: 'hold' }])
    await sendEach(bench, ['a'])
    await pass(bench.clock, 1_100)
    expect(codes(bench)).toEqual(['DELIVERY_TIMED_OUT'])
    expect(bench.producer.bufferedBytes).toBeGreaterThan(0)
    bench.transport.releaseHeld()
    await pass(bench.clock, 50)
    expect(bench.producer.bufferedBytes).toBe(0)
  })

  test('a broker that does not answer is given up, and asked again on a new stream', async () => {
    const bench = setUp({ requestTimeoutMs: 1_000 })
    faults(bench.transport, [{ kind: 'hold' }])
    await sendEach(bench, ['a'])
    await pass(bench.clock, 2_900)
    expect(bench.transport.requests).toHaveLength(1)
    await pass(bench.clock, 500)
    expect(bench.transport.requests).toHaveLength(2)
    bench.transport.releaseHeld()
    await pass(bench.clock, 100)
    expect(bench.transport.log('clicks', 0)!.values()).toEqual(['a', 'a'])
    expect(codes(bench)).toEqual([1])
  })

  test('an acknowledgement that was too slow for the broker may store a record twice', async () => {
    const bench = setUp()
    faults(bench.transport, [{ kind: 'storedButRefused', code: 'REQUEST_TIMED_OUT' }])
    await sendEach(bench, ['a'])
    await pass(bench.clock, 300)
    expect(bench.transport.log('clicks', 0)!.values()).toEqual(['a', 'a'])
    expect(codes(bench)).toEqual([1])
  })
})

test('with acks 0 offsets are not known', async () => {
  const bench = setUp({ acks: 0 })
  await sendEach(bench, ['a'])
  expect(codes(bench)).toEqual([-1])
  expect(bench.transport.requests[0]!.acks).toBe(0)
})

describe('whatever fails', () => {
  const fault: fc.Arbitrary<ProduceFault | null> = fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    fc.record({
      kind: fc.constant('refuse' as const),
      code: fc.constantFrom('NOT_ENOUGH_REPLICAS', 'KAFKA_STORAGE_ERROR', 'MESSAGE_TOO_LARGE'),
      batches: fc.uniqueArray(fc.nat(2), { minLength: 1 }),
    }),
    fc.record({ kind: fc.constant('break' as const), stored: fc.boolean() }),
    fc.record({
      kind: fc.constant('storedButRefused' as const),
      code: fc.constant('REQUEST_TIMED_OUT' as const),
    }),
    { weight: 4, arbitrary: fc.constant({ kind: 'hold' } as const) },
  )
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('send' as const), partition: fc.nat(2) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(700) }) },
    fc.record({ kind: fc.constant('release' as const) }),
    fc.record({ kind: fc.constant('disconnect' as const) }),
    fc.record({ kind: fc.constant('down' as const), down: fc.boolean() }),
  )

  test('acknowledged records are there, in order; only unknown outcomes store twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 60 }),
        fc.array(step, { minLength: 5, maxLength: 80 }),
        fc.constantFrom(1, 2, 5),
        async (list, steps, maxInFlight) => {
          const bench = setUp({ maxInFlight, deliveryTimeoutMs: 20_000 }, 3)
          const { transport, clock } = bench
          await warm(bench)
          const unknown = watchUnknown(bench, list)
          const sent: string[][] = [[], [], []]
          let count = 0
          for (const each of steps) {
            if (each.kind === 'send') {
              const value = String(count++)
              sent[each.partition]!.push(value)
              bench.send(value, each.partition)
            } else if (each.kind === 'turn') await clock.settle()
            else if (each.kind === 'pass') await pass(clock, each.ms)
            else if (each.kind === 'release') transport.releaseHeld()
            else if (each.kind === 'disconnect') {
              unknown.all()
              transport.disconnect()
            } else {
              transport.down = each.down
              if (each.down) {
                unknown.all()
                transport.disconnect()
              }
            }
          }
          transport.down = false
          transport.fault = () => null
          for (let round = 0; round < 12; round++) {
            transport.releaseHeld()
            await pass(clock, 2_500)
          }
          for (const [partition, values] of sent.entries()) {
            checkPartition(bench, partition, values, unknown.values)
          }
          await bench.producer.close({ timeoutMs: 0 })
        },
      ),
      { numRuns: 150, seed: 20_251_121 },
    )
  })

  /** Notes the values whose outcome the producer could not know: those may be stored twice. */
  function watchUnknown(
    { transport, outcomes }: Bench,
    list: readonly (ProduceFault | null)[],
  ): { readonly values: Set<string>; all(): void } {
    const values = new Set<string>()
    const left = [...list]
    const all = (): void => {
      for (const [value, outcome] of outcomes) if (outcome === null) values.add(value)
    }
    transport.fault = () => {
      const next = left.shift() ?? null
      if (next !== null && next.kind !== 'refuse') all()
      return next
    }
    return { values, all }
  }

  function checkPartition(
    { transport, outcomes }: Bench,
    partition: number,
    sent: readonly string[],
    unknown: ReadonlySet<string>,
  ): void {
    const stored = transport.log('clicks', partition)!.values()
    let lastOffset = -1
    for (const value of sent) {
      const outcome = outcomes.get(value)!
      expect(outcome, `${value} has no outcome`).not.toBeNull()
      const times = stored.filter((each) => each === value).length
      if (!unknown.has(value)) expect(times, `${value} is stored more than once`).toBeLessThan(2)
      if (!('offset' in outcome)) continue
      expect(stored[outcome.offset], 'what an acknowledgement points at').toBe(value)
      expect(outcome.offset, 'order').toBeGreaterThan(lastOffset)
      lastOffset = outcome.offset
    }
  }
})
