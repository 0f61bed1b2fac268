// What an idempotent producer guarantees, whatever fails: no record twice, none lost that was
// acknowledged, all in order.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../src/base/errors.ts'
import { SluiceError } from '../../../src/client/errors.ts'
import { producerSettings } from '../../../src/client/producer/producer-options.ts'
import { readBatchHeader } from '../../../src/record/batch-header.ts'
import type { MemoryTransport, ProduceFault } from '../../support/memory-transport.ts'
import { codes, faults, pass, producerBench, sendEach, warm, type Bench } from './producer-bench.ts'

/** Sequence and epoch of each batch that was sent to a partition, in order. */
function sent({ requests }: MemoryTransport, partition = 0): [epoch: number, sequence: number][] {
  const batches = requests.flatMap((request) => request.batches)
  return batches
    .filter((batch) => batch.partition === partition)
    .map(({ batch }) => {
      const { producerEpoch, baseSequence } = readBatchHeader(batch)
      return [producerEpoch, baseSequence]
    })
}

function stored({ transport }: Bench, partition = 0): string[] {
  return transport.log('clicks', partition)!.values()
}

test('idempotence is on with acks all, and off with others', () => {
  expect(producerSettings({}).idempotent).toBe(true)
  expect(producerSettings({ acks: 1 }).idempotent).toBe(false)
  expect(producerSettings({ acks: 0 }).idempotent).toBe(false)
  expect(producerSettings({ idempotent: false }).idempotent).toBe(false)
  expect(() => producerSettings({ acks: 1, idempotent: true })).toThrow(/INVALID_OPTION/)
})

describe('the producer id', () => {
  test('is asked for once, before the first batch', async () => {
    const bench = producerBench({}, 2)
    bench.send('a', 0)
    bench.send('b', 1)
    await sendEach(bench, ['c', 'd'])
    expect(bench.transport.calls.filter((name) => name === 'initProducerId')).toHaveLength(1)
    const headers = bench.transport.requests
      .flatMap(({ batches }) => batches)
      .map(({ batch }) => {
        return readBatchHeader(batch).producerId
      })
    expect(new Set(headers)).toEqual(new Set([500]))
    expect(sent(bench.transport, 1)).toEqual([[0, 0]])
  })

  test('is asked for again while that fails in a way that may pass', async () => {
    const bench = producerBench()
    bench.transport.down = true
    bench.send('a')
    await pass(bench.clock, 1_000)
    bench.transport.down = false
    await pass(bench.clock, 2_000)
    expect(codes(bench)).toEqual([0])
  })

  test('that is refused for good fails what waits, and is asked for anew by what comes', async () => {
    const bench = producerBench()
    const { transport } = bench
    const init = transport.initProducerId.bind(transport)
    transport.initProducerId = () => Promise.reject(refusal('CLUSTER_AUTHORIZATION_FAILED'))
    bench.send('a')
    await pass(bench.clock, 100)
    expect(codes(bench)).toEqual(['CLUSTER_AUTHORIZATION_FAILED'])
    transport.initProducerId = init
    bench.send('b')
    await pass(bench.clock, 100)
    expect(stored(bench)).toEqual(['b'])
  })

  function refusal(code: ErrorCode): Error {
    return new SluiceError(code)
  }
})

describe('sequences', () => {
  test('count the records of each partition, and stay with a batch that is sent again', async () => {
    const bench = producerBench()
    faults(bench.transport, [{ kind: 'break', stored: true }])
    bench.send('a')
    bench.send('b')
    await pass(bench.clock, 500)
    await sendEach(bench, ['c'])
    expect(sent(bench.transport)).toEqual([
      [0, 0],
      [0, 0],
      [0, 2],
    ])
    expect(stored(bench)).toEqual(['a', 'b', 'c'])
    expect(codes(bench)).toEqual([0, 1, 2])
  })

  test('begin anew in the next epoch behind a batch that failed for good', async () => {
    const bench = producerBench()
    await sendEach(bench, ['warm'])
    faults(bench.transport, [{ kind: 'refuse', code: 'INVALID_RECORD' }])
    await sendEach(bench, ['a', 'b', 'c'])
    await pass(bench.clock, 500)
    expect(codes(bench)).toEqual([0, 'INVALID_RECORD', 1, 2])
    expect(stored(bench)).toEqual(['warm', 'b', 'c'])
    expect(sent(bench.transport).slice(3)).toEqual([
      [1, 0],
      [1, 1],
    ])
    await sendEach(bench, ['d'])
    expect(sent(bench.transport).at(-1)).toEqual([1, 2])
  })

  test('begin anew when the broker has lost acknowledged records', async () => {
    const bench = producerBench()
    await sendEach(bench, ['a', 'b', 'c'])
    bench.transport.log('clicks', 0)!.crash(1)
    await sendEach(bench, ['d'])
    await pass(bench.clock, 500)
    expect(stored(bench)).toEqual(['a', 'd'])
    expect(sent(bench.transport).at(-1)).toEqual([1, 0])
  })

  test('go on, in whatever place, when the broker has forgotten the producer', async () => {
    const bench = producerBench()
    await sendEach(bench, ['a', 'b'])
    bench.transport.log('clicks', 0)!.producers.clear()
    await sendEach(bench, ['c'])
    expect(sent(bench.transport).at(-1)).toEqual([0, 2])
    expect(codes(bench)).toEqual([0, 1, 2])
  })

  test('get a new id when another producer has the newer epoch, or epochs are used up', async () => {
    const bench = producerBench()
    await sendEach(bench, ['a'])
    const { producers } = bench.transport.log('clicks', 0)!
    producers.get(500)!.enterEpoch(7)
    await sendEach(bench, ['b'])
    await pass(bench.clock, 1_000)
    expect(stored(bench)).toEqual(['a', 'b'])
    expect([...producers.keys()]).toEqual([500, 501])
  })

  test('of no more than five batches are under way, and of one while nothing is stored', async () => {
    const bench = producerBench({ maxInFlight: 20 })
    bench.transport.fault = () => ({ kind: 'hold' })
    await sendEach(bench, ['a', 'b'])
    expect(bench.transport.heldCount).toBe(1)
    bench.transport.releaseHeld()
    await sendEach(bench, ['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
    expect(bench.transport.heldCount).toBe(5)
    for (let round = 0; round < 5; round++) {
      bench.transport.releaseHeld()
      await pass(bench.clock, 50)
    }
    expect(stored(bench)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
  })
})

test('nothing overtakes the first batch while the broker knows nothing of the producer', async () => {
  const bench = producerBench()
  faults(bench.transport, [{ kind: 'refuse', code: 'NOT_ENOUGH_REPLICAS' }])
  await sendEach(bench, ['a', 'b', 'c'])
  await pass(bench.clock, 500)
  expect(stored(bench)).toEqual(['a', 'b', 'c'])
  expect(codes(bench)).toEqual([0, 1, 2])
})

test('a batch that was given up, and is there, costs its followers nothing', async () => {
  const bench = producerBench({ deliveryTimeoutMs: 1_000 })
  await sendEach(bench, ['warm'])
  faults(bench.transport, [{ kind: 'hold' }])
  await sendEach(bench, ['a'])
  bench.clock.advance(900)
  bench.transport.fault = () => ({ kind: 'hold' })
  await sendEach(bench, ['b'])
  bench.clock.advance(200)
  await bench.clock.settle()
  expect(bench.outcomes.get('a')).toMatchObject({ code: 'DELIVERY_TIMED_OUT' })
  bench.transport.disconnect()
  bench.transport.fault = () => null
  await pass(bench.clock, 500)
  expect(stored(bench)).toEqual(['warm', 'a', 'b'])
  expect(bench.outcomes.get('b')).toMatchObject({ offset: 2 })
})

test('a broker that knows a batch and not its place counts as having it', async () => {
  const bench = producerBench()
  faults(bench.transport, [{ kind: 'storedButRefused', code: 'DUPLICATE_SEQUENCE_NUMBER' }])
  await sendEach(bench, ['a', 'b'])
  await pass(bench.clock, 200)
  expect(codes(bench)).toEqual([-1, 1])
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
    fc.record({ kind: fc.constant('late' as const) }),
    fc.record({
      kind: fc.constant('storedButRefused' as const),
      code: fc.constantFrom('REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'),
    }),
    { weight: 4, arbitrary: fc.constant({ kind: 'hold' } as const) },
  )
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('send' as const), partition: fc.nat(2) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(700) }) },
    fc.record({ kind: fc.constant('release' as const) }),
    fc.record({ kind: fc.constant('disconnect' as const) }),
    fc.record({ kind: fc.constant('deliver' as const) }),
    fc.record({ kind: fc.constant('crash' as const) }),
    fc.record({ kind: fc.constant('down' as const), down: fc.boolean() }),
  )

  test('no record is stored twice, none is lost that was acknowledged, all are in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 60 }),
        fc.array(step, { minLength: 5, maxLength: 100 }),
        fc.constantFrom(1, 2, 5, 20),
        fc.constantFrom(1_500, 60_000),
        async (all, steps, maxInFlight, deliveryTimeoutMs) => {
          // What was given up may come in late, between a refusal and the epoch that follows it.
          const list = deliveryTimeoutMs > 10_000 ? all : all.filter((one) => one?.kind !== 'late')
          const bench = producerBench({ maxInFlight, deliveryTimeoutMs }, 3)
          const { transport, clock } = bench
          await warm(bench)
          faults(transport, list)
          const values: string[][] = [[], [], []]
          let count = 0
          for (const each of steps) {
            if (each.kind === 'send') {
              const value = String(count++)
              values[each.partition]!.push(value)
              bench.send(value, each.partition)
            } else if (each.kind === 'turn') await clock.settle()
            else if (each.kind === 'pass') await pass(clock, each.ms)
            else if (each.kind === 'release') transport.releaseHeld()
            else if (each.kind === 'deliver') transport.deliverLate()
            else if (each.kind === 'crash') await crash(bench)
            else if (each.kind === 'disconnect') transport.disconnect()
            else {
              transport.down = each.down
              if (each.down) transport.disconnect()
            }
          }
          transport.down = false
          transport.fault = () => null
          for (let round = 0; round < 12; round++) {
            transport.releaseHeld()
            await pass(clock, 2_500)
          }
          transport.deliverLate()
          for (const [partition, sentValues] of values.entries()) {
            checkPartition(bench, partition, sentValues)
          }
          await bench.producer.close({ timeoutMs: 0 })
        },
      ),
      { numRuns: 300, seed: 20_261_125 },
    )
  })

  /** The broker dies, and comes back with what it has acknowledged. */
  async function crash({ transport, clock, outcomes }: Bench): Promise<void> {
    await clock.settle()
    transport.disconnect()
    transport.loseLate()
    for (const [partition, log] of transport.topics.get('clicks')!.logs.entries()) {
      let end = 1 // what warmed it up
      for (const outcome of outcomes.values()) {
        if (outcome !== null && 'offset' in outcome && outcome.partition === partition) {
          end = Math.max(end, outcome.offset + 1)
        }
      }
      log.crash(end)
    }
  }

  function checkPartition(
    { transport, outcomes }: Bench,
    partition: number,
    sentValues: readonly string[],
  ): void {
    const inLog = transport.log('clicks', partition)!.values()
    expect(new Set(inLog).size, `a record is there twice: ${inLog.join(' ')}`).toBe(inLog.length)
    const order = inLog.slice(1).map((value) => sentValues.indexOf(value))
    expect(order, 'order').toEqual([...order].sort((a, b) => a - b))
    for (const value of sentValues) {
      const outcome = outcomes.get(value)!
      expect(outcome, `${value} has no outcome`).not.toBeNull()
      if ('offset' in outcome) expect(inLog[outcome.offset], 'what an offset points at').toBe(value)
      else expect(['MESSAGE_TOO_LARGE', 'DELIVERY_TIMED_OUT']).toContain(outcome.code)
    }
  }
})
