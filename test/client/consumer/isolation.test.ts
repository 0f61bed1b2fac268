// What a reader sees of transactions, over a broker in memory: told which of them were aborted, it leaves
// out their records and nothing else.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Consumer } from '../../../src/client/consumer/consumer.ts'
import { stringSerde } from '../../../src/client/serializers.ts'
import type { Isolation } from '../../../src/client/transport.ts'
import { BatchBuilder } from '../../../src/record/batch-builder.ts'
import { sharedCore } from '../../../src/record/shared-core.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import type { MemoryLog } from '../../support/memory-log.ts'
import { MemoryTransport } from '../../support/memory-transport.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const REF = { topic: 'clicks', partition: 0 }

class Bench {
  readonly clock = new ManualClock()
  readonly transport = new MemoryTransport(this.clock)
  readonly log: MemoryLog
  readonly #sequences = new Map<number, number>()

  constructor() {
    this.log = this.transport.createTopicNow('clicks').logs[0]!
  }

  /** @param producerId who writes; in a transaction, unless that is said. Null: nobody that is known */
  write(values: readonly string[], producerId: number | null = null, transactional = true): void {
    const builder = new BatchBuilder(sharedCore(), 1024 * 1024)
    for (const value of values) builder.append(null, value, 1_000)
    const baseSequence = this.#sequences.get(producerId ?? -1) ?? 0
    const by =
      producerId === null ? {} : { producerId, producerEpoch: 0, baseSequence, transactional }
    this.log.append(builder.build(by))
    if (producerId !== null) this.#sequences.set(producerId, baseSequence + values.length)
    this.#pump()
  }

  end(producerId: number, outcome: 'commit' | 'abort'): void {
    this.log.end({ producerId, producerEpoch: 0 }, outcome)
    this.#pump()
  }

  reader(isolation: Isolation = 'read_committed'): Consumer<string, string> {
    const { transport, clock } = this
    const random = new SeededRandom(1)
    const serdes = { keyDeserializer: stringSerde, valueDeserializer: stringSerde }
    return new Consumer({ transport, clock, random, isolation, ...serdes })
  }

  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const seen = promise.finally(() => (settled = true))
    seen.catch(() => {})
    for (let turn = 0; !settled && turn < 1_000; turn++) await this.clock.settle()
    if (!settled) throw new Error('nothing happens any more')
    return await seen
  }

  /** All values up to the end, from an offset on. */
  async read(
    isolation: Isolation = 'read_committed',
    { from = 0, by = 'records' as 'records' | 'batches' } = {},
  ): Promise<string[]> {
    const reader = this.reader(isolation)
    const start = { kind: 'offset', offset: from } as const
    await this.drive(reader.assign([{ ...REF, start }]))
    const values: string[] = []
    const all = async (): Promise<void> => {
      if (by === 'records') {
        for await (const { value } of reader.records({ untilEnd: true })) values.push(value!)
      } else {
        for await (const batch of reader.batches({ untilEnd: true })) {
          for (const { value } of batch) values.push(value!)
        }
      }
    }
    await this.drive(all())
    await this.drive(reader.close())
    return values
  }

  #pump(): void {
    for (const stream of this.transport.openFetchStreams) stream.pump()
  }
}

describe('a reader', () => {
  test('of all records sees those of transactions, whatever became of them', async () => {
    const bench = new Bench()
    bench.write(['a'], 1)
    bench.write(['b'], 2)
    bench.end(1, 'abort')
    bench.write(['c'])
    expect(await bench.read('read_uncommitted')).toEqual(['a', 'b', 'c'])
  })

  test.each(['records', 'batches'] as const)(
    'comes to the end, though what is there last is not for it, by %s',
    async (by) => {
      const bench = new Bench()
      bench.write(['a'], 1)
      bench.end(1, 'commit')
      expect(await bench.read('read_committed', { by })).toEqual(['a'])
      bench.write(['b'], 1)
      bench.end(1, 'abort')
      expect(await bench.read('read_committed', { by })).toEqual(['a'])
      expect(await bench.read('read_uncommitted', { by })).toEqual(['a', 'b'])
    },
  )

  test('of committed records sees the next transaction of a producer whose last was aborted', async () => {
    const bench = new Bench()
    bench.write(['in vain'], 1)
    bench.write(['other'], 2)
    bench.write(['in vain as well'], 1)
    bench.end(1, 'abort')
    bench.write(['kept'], 1)
    bench.end(2, 'commit')
    bench.end(1, 'commit')
    expect(await bench.read()).toEqual(['other', 'kept'])
  })

  test('of committed records sees what a producer writes outside of transactions', async () => {
    const bench = new Bench()
    bench.write(['in vain'], 1)
    bench.write(['plain'], 1, false)
    bench.end(1, 'abort')
    expect(await bench.read()).toEqual(['plain'])
  })

  test('may begin in the middle of an aborted transaction, or behind it', async () => {
    const bench = new Bench()
    bench.write(['0', '1', '2'], 1)
    bench.write(['3', '4'], 2)
    bench.end(1, 'abort')
    bench.write(['6', '7'], 1)
    bench.end(2, 'commit')
    bench.end(1, 'commit')
    for (const from of [0, 1, 2, 3]) {
      expect(await bench.read('read_committed', { from })).toEqual(['3', '4', '6', '7'])
    }
    expect(await bench.read('read_committed', { from: 4 })).toEqual(['4', '6', '7'])
    expect(await bench.read('read_committed', { from: 5 })).toEqual(['6', '7'])
  })

  test('of committed records waits for what is open, and goes on when it is decided', async () => {
    const bench = new Bench()
    bench.write(['a'])
    bench.write(['b'], 1)
    bench.write(['c'])
    const reader = bench.reader()
    await bench.drive(reader.assign([{ ...REF, start: { kind: 'earliest' } }]))
    const records = reader.records()
    expect((await bench.drive(records.next())).value?.value).toBe('a')
    const next = records.next()
    for (let turn = 0; turn < 20; turn++) await bench.clock.settle()
    expect(reader.position(REF)).toBe(1)
    const [end] = await bench.drive(reader.offsets([REF], { kind: 'latest' }))
    expect(end!.offset).toBe(1)
    bench.end(1, 'abort')
    expect((await bench.drive(next)).value?.value).toBe('c')
    await bench.drive(reader.close())
  })

  test('gets a batch again that it has left, and what it left out stays out', async () => {
    const bench = new Bench()
    bench.write(['x'], 1)
    bench.write(['a', 'b', 'c'])
    bench.write(['y'], 1)
    bench.end(1, 'abort')
    bench.write(['d'])
    const reader = bench.reader()
    await bench.drive(reader.assign([{ ...REF, start: { kind: 'earliest' } }]))
    const found: string[] = []
    for (let loop = 0; loop < 4; loop++) {
      const one = async (): Promise<void> => {
        for await (const { value } of reader) {
          found.push(value!)
          break
        }
      }
      await bench.drive(one())
    }
    expect(found).toEqual(['a', 'b', 'c', 'd'])
    await bench.drive(reader.close())
  })
})

test('what is read is what the markers say, wherever messages are cut', async () => {
  const step = fc.record({
    producerId: fc.constantFrom(null, 1, 2, 3),
    kind: fc.constantFrom('write', 'write', 'write', 'commit', 'abort'),
    count: fc.integer({ min: 1, max: 3 }),
    isLarge: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(20), async (steps, from) => {
      const bench = new Bench()
      let written = 0
      for (const { producerId, kind, count, isLarge } of steps) {
        if (kind === 'write') {
          const pad = isLarge ? 'x'.repeat(30_000) : ''
          const values = Array.from({ length: count }, () => `${written++} ${pad}`)
          bench.write(values, producerId)
        } else if (producerId !== null) bench.end(producerId, kind as 'commit' | 'abort')
      }
      const expected = bench.log.committedValues()
      expect(await bench.read()).toEqual(expected)
      expect(await bench.read('read_uncommitted')).toEqual(bench.log.values())
      // From anywhere it is the rest.
      const end = bench.log.endFor('read_committed')
      const rest = await bench.read('read_committed', { from: Math.min(from, end) })
      expect(rest).toEqual(expected.slice(expected.length - rest.length))
      const all = bench.log.records().filter(({ offset }) => offset >= Math.min(from, end))
      const later = new Set(all.map(({ value }) => Buffer.from(value!).toString()))
      expect(rest).toEqual(expected.filter((value) => later.has(value)))
    }),
    { numRuns: 200, seed: 20_261_126 },
  )
})
