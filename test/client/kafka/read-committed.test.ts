// Readers of committed records over Kafka: what they ask for, where they begin, and what they leave out.

import { expect, test } from 'vitest'
import { Consumer, stringSerde } from '../../../src/client/index.ts'
import type { Isolation, StartPosition } from '../../../src/client/index.ts'
import { openKafkaTransport } from '../../../src/client/kafka/open-transport.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { LIST_OFFSETS } from '../../../src/protocol/kafka/gen/list-offsets.ts'
import { TRANSACTIONAL_FLAG } from '../../../src/record/layout.ts'
import { testBatch } from '../../support/batches.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedCluster } from '../../support/scripted-cluster.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const REF = { topic: 'clicks', partition: 0 }

class Bench {
  readonly clock = new ManualClock()
  readonly cluster = new ScriptedCluster(1)
  readonly #sequences = new Map<number, number>()

  constructor() {
    this.cluster.createTopic('clicks')
  }

  write(value: string, producerId: number): void {
    const baseSequence = this.#sequences.get(producerId) ?? 0
    this.#sequences.set(producerId, baseSequence + 1)
    const attributes = TRANSACTIONAL_FLAG
    const records = [{ value, timestamp: 1_000 + this.cluster.log('clicks').endOffset }]
    const by = { producerId, producerEpoch: 0, baseSequence, attributes }
    this.cluster.append('clicks', 0, testBatch({ records, ...by }))
  }

  end(producerId: number, outcome: 'commit' | 'abort'): void {
    this.cluster.log('clicks').end({ producerId, producerEpoch: 0 }, outcome)
    this.cluster.endWaits()
  }

  /** A reader that begins there. */
  async reader(isolation: Isolation, start: StartPosition): Promise<Consumer<string, string>> {
    const { bootstrap, network } = this.cluster
    const { clock } = this
    const random = new SeededRandom(1)
    const transport = openKafkaTransport({ bootstrap }, { clock, random, connect: network.connect })
    const serdes = { keyDeserializer: stringSerde, valueDeserializer: stringSerde }
    const consumer = new Consumer({ transport, clock, random, isolation, ...serdes })
    await this.drive(consumer.assign([{ ...REF, start }]))
    return consumer
  }

  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const seen = promise.finally(() => (settled = true))
    seen.catch(() => {})
    for (let turn = 0; !settled && turn < 500; turn++) await this.clock.settle()
    if (!settled) throw new Error('nothing happens any more')
    return await seen
  }

  /** Everything up to the end. */
  async read(consumer: Consumer<string, string>): Promise<string[]> {
    const values: string[] = []
    const loop = async (): Promise<void> => {
      for await (const { value } of consumer.records({ untilEnd: true })) values.push(value!)
    }
    await this.drive(loop())
    return values
  }
}

/** One aborted, one committed, one open: offsets 0 to 5, and stable below 4. */
function mixed(): Bench {
  const bench = new Bench()
  bench.write('in vain', 1)
  bench.write('kept', 2)
  bench.end(1, 'abort')
  bench.end(2, 'commit')
  bench.write('open', 3)
  bench.write('behind', 2)
  bench.end(2, 'commit')
  return bench
}

test('they are shown what is decided, without what was aborted', async () => {
  const bench = mixed()
  const all = await bench.reader('read_uncommitted', { kind: 'earliest' })
  expect(await bench.read(all)).toEqual(['in vain', 'kept', 'open', 'behind'])
  const committed = await bench.reader('read_committed', { kind: 'earliest' })
  expect(await bench.read(committed)).toEqual(['kept'])
  bench.end(3, 'abort')
  expect(await bench.read(committed)).toEqual(['behind'])
  const levels = bench.cluster.brokers[0]!.requests(FETCH).map((request) => request.isolationLevel)
  expect(new Set(levels)).toEqual(new Set([0, 1]))
  await bench.drive(all.close())
  await bench.drive(committed.close())
})

test.each([
  ['the end', { kind: 'latest' }, 4],
  ['an offset that is there and not decided', { kind: 'offset', offset: 5 }, 5],
  ['a time', { kind: 'timestamp', timestampMs: 1_001 }, 1],
  ['a time that is not there yet', { kind: 'timestamp', timestampMs: 9_000 }, 4],
] as const)('they begin at %s', async (_, start, offset) => {
  const bench = mixed()
  const reader = await bench.reader('read_committed', start)
  expect(reader.position(REF)).toBe(offset)
  const asked = bench.cluster.brokers[0]!.requests(LIST_OFFSETS)
  const levels = asked.map(({ isolationLevel }) => isolationLevel).toSorted((a, b) => a - b)
  // The edges of what is there are asked for in any case.
  expect(levels).toEqual({ latest: [0, 0, 1], offset: [0, 0], timestamp: [0, 0, 1, 1] }[start.kind])
  await bench.drive(reader.close())
})

test('they look up offsets below the first open transaction', async () => {
  const bench = mixed()
  const reader = await bench.reader('read_committed', { kind: 'earliest' })
  const at = async (position: StartPosition): Promise<number> => {
    return (await bench.drive(reader.offsets([REF], position)))[0]!.offset
  }
  expect(await at({ kind: 'earliest' })).toBe(0)
  expect(await at({ kind: 'latest' })).toBe(4)
  expect(await at({ kind: 'offset', offset: 6 })).toBe(6)
  await bench.drive(reader.close())
})
