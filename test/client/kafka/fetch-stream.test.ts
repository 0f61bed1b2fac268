// FetchStream over Kafka: where partitions begin, credit, tags, and what happens when leaders move,
// brokers go, or send what can't be read.

import { describe, expect, test } from 'vitest'
import { openKafkaTransport } from '../../../src/client/kafka/open-transport.ts'
import type {
  FetchStream,
  PartitionStart,
  StartPosition,
  Transport,
} from '../../../src/client/transport.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import type { FetchResponseInit } from '../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { lastOffsetOf } from '../../../src/record/batch-header.ts'
import { splitBatches } from '../../../src/record/batch-reader.ts'
import { batchOf } from '../../support/batches.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { HANG_UP } from '../../support/scripted-broker.ts'
import { ScriptedCluster } from '../../support/scripted-cluster.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const TOPIC = 'clicks'

const EARLIEST: StartPosition = { kind: 'earliest' }

class Bench {
  readonly clock = new ManualClock()
  readonly cluster: ScriptedCluster
  readonly transport: Transport
  readonly stream: FetchStream
  readonly told: string[] = []
  /** Bytes of batches so far. */
  bytes = 0
  heartbeats = 0

  constructor(brokers = 1, partitions = 1) {
    this.cluster = new ScriptedCluster(brokers)
    this.cluster.createTopic(TOPIC, partitions)
    const random = new SeededRandom(3)
    const { bootstrap, network } = this.cluster
    const parts = { clock: this.clock, random, connect: network.connect }
    this.transport = openKafkaTransport({ bootstrap }, parts)
    this.stream = this.transport.openFetchStream('read_uncommitted', {
      batches: ({ partition, tag, batches }) => {
        this.bytes += batches.byteLength
        const views = splitBatches(batches)
        expect(views.tail).toBeNull()
        const offsets = views.batches.map(({ header, bytes }) => {
          return `${header.baseOffset}-${lastOffsetOf(bytes)}`
        })
        this.told.push(`${partition}/${tag}: ${offsets.join()}`)
      },
      state: ({ partition, tag, nextOffset, highWatermark, logStartOffset, error }) => {
        const place = `${nextOffset} in ${logStartOffset}-${highWatermark}`
        this.told.push(`${partition}/${tag} ${error === null ? place : error.code}`)
      },
      heartbeat: () => (this.heartbeats += 1),
      closed: (error) => this.told.push(`closed ${error.code}`),
    })
  }

  /** Stores batches of three records each. */
  store(count: number, partition = 0, valueBytes = 100): void {
    for (let n = 0; n < count; n++) {
      this.cluster.append(TOPIC, partition, batchOf(3, valueBytes))
    }
  }

  assign(start: StartPosition = EARLIEST, tag = 1, partition = 0): void {
    this.stream.assign([at(start, tag, partition)])
  }

  async settled(): Promise<string[]> {
    await this.clock.settle()
    return this.told.splice(0)
  }

  /** Has a broker answer every poll so. */
  answer(change: (answer: FetchResponseInit) => FetchResponseInit, broker = 0): void {
    this.cluster.brokers[broker]!.on(FETCH, (request) => {
      return change(this.cluster.fetch(broker, request).answer)
    })
  }
}

function at(start: StartPosition, tag: number, partition = 0): PartitionStart {
  return { topic: TOPIC, partition, start, tag }
}

/** The same records as bytes that a test makes. */
function withRecords(make: (records: Buffer) => Buffer) {
  return (answer: FetchResponseInit): FetchResponseInit => ({
    ...answer,
    responses: answer.responses.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((data) => {
        return { ...data, records: data.records ? make(data.records) : null }
      }),
    })),
  })
}

describe('a partition begins', () => {
  test.each([
    [EARLIEST, '3 in 3-30'],
    [{ kind: 'latest' }, '30 in 3-30'],
    [{ kind: 'offset', offset: 7 }, '7 in 3-30'],
    [{ kind: 'offset', offset: 30 }, '30 in 3-30'],
    [{ kind: 'offset', offset: 2 }, 'OFFSET_OUT_OF_RANGE'],
    [{ kind: 'offset', offset: 31 }, 'OFFSET_OUT_OF_RANGE'],
    [{ kind: 'timestamp', timestampMs: 0 }, '3 in 3-30'],
    [{ kind: 'timestamp', timestampMs: 2_000_000_000_000 }, '30 in 3-30'],
  ] as const)('at %j', async (start, state) => {
    const bench = new Bench()
    bench.store(10)
    bench.cluster.log(TOPIC).deleteBefore(3)
    bench.assign(start)
    expect(await bench.settled()).toEqual([`0/1 ${state}`])
  })

  test('nowhere that is not there', async () => {
    const bench = new Bench()
    bench.stream.assign([at(EARLIEST, 1, 5), { ...at(EARLIEST, 2), topic: 'missing' }])
    expect(await bench.settled()).toEqual([
      '5/1 UNKNOWN_TOPIC_OR_PARTITION',
      '0/2 UNKNOWN_TOPIC_OR_PARTITION',
    ])
  })

  test('once: a second assignment is refused, as is a seek elsewhere', async () => {
    const bench = new Bench()
    bench.assign(EARLIEST, 1)
    bench.assign(EARLIEST, 2)
    bench.stream.seek(at(EARLIEST, 3, 4))
    expect(bench.told).toEqual([])
    expect(await bench.settled()).toEqual([
      '0/2 INVALID_REQUEST',
      '4/3 INVALID_REQUEST',
      '0/1 0 in 0-0',
    ])
  })

  test('at the place that was sought last', async () => {
    const bench = new Bench()
    bench.store(4)
    bench.stream.credit(1_000_000)
    bench.assign(EARLIEST, 1)
    bench.stream.seek(at({ kind: 'offset', offset: 6 }, 2))
    expect(await bench.settled()).toEqual(['0/2 6 in 0-12', '0/2: 6-8,9-11'])
  })
})

describe('a fetch stream', () => {
  test('sends nothing before the first credit, then what comes', async () => {
    const bench = new Bench()
    bench.store(2)
    bench.assign()
    expect(await bench.settled()).toEqual(['0/1 0 in 0-6'])
    expect(bench.cluster.brokers[0]!.requests(FETCH)).toEqual([])
    bench.stream.credit(1_000_000)
    expect(await bench.settled()).toEqual(['0/1: 0-2,3-5'])
    bench.store(1)
    expect(await bench.settled()).toEqual(['0/1: 6-8'])
    expect(bench.heartbeats).toBe(0)
    bench.cluster.endWaits()
    expect(await bench.settled()).toEqual([])
    expect(bench.heartbeats).toBe(1)
  })

  test('gives the first batch from below the offset that was asked for', async () => {
    const bench = new Bench()
    bench.store(2)
    bench.stream.credit(1_000_000)
    bench.assign({ kind: 'offset', offset: 4 })
    expect(await bench.settled()).toEqual(['0/1 4 in 0-6', '0/1: 3-5'])
  })

  test('overdraws its credit by one batch at most, and goes on with more', async () => {
    const bench = new Bench()
    bench.store(20, 0, 1_000)
    const batchBytes = bench.cluster.log(TOPIC).batches[0]!.byteLength
    bench.assign()
    bench.stream.credit(1)
    await bench.clock.settle()
    expect(bench.bytes).toBe(batchBytes)
    bench.stream.credit(batchBytes - 1)
    await bench.clock.settle()
    expect(bench.bytes).toBe(batchBytes)
    bench.stream.credit(4 * batchBytes + 1)
    await bench.clock.settle()
    expect(bench.bytes).toBe(6 * batchBytes)
  })

  test('shares its credit among leaders: one that has nothing keeps none from the others', async () => {
    const bench = new Bench(2, 2)
    bench.assign(EARLIEST, 1, 0)
    bench.assign(EARLIEST, 2, 1)
    bench.stream.credit(4 * 1024 * 1024)
    await bench.settled()
    // Broker 0 waits at its poll all the time.
    for (let n = 0; n < 5; n++) {
      bench.store(1, 1, 200_000)
      await bench.clock.settle()
    }
    expect(bench.cluster.brokers[0]!.requests(FETCH)).toHaveLength(1)
    expect(bench.told).toHaveLength(5)
  })

  test('sends nothing of a paused partition, and goes on where it was', async () => {
    const bench = new Bench()
    bench.store(1)
    bench.stream.credit(1_000_000)
    bench.assign()
    await bench.settled()
    const ref = { topic: TOPIC, partition: 0 }
    bench.stream.pause([ref])
    bench.store(1)
    bench.store(1)
    expect(await bench.settled()).toEqual([])
    bench.stream.resume([ref])
    expect(await bench.settled()).toEqual(['0/1: 3-5,6-8'])
  })

  test('sends nothing of a partition that was given up', async () => {
    const bench = new Bench(1, 2)
    bench.stream.credit(1_000_000)
    bench.assign(EARLIEST, 1, 0)
    bench.assign(EARLIEST, 2, 1)
    await bench.settled()
    bench.stream.unassign([{ topic: TOPIC, partition: 0 }])
    bench.store(1, 0)
    bench.store(1, 1)
    expect(await bench.settled()).toEqual(['1/2: 0-2'])
  })

  test('drops what was under way for the place before a seek', async () => {
    const bench = new Bench()
    bench.store(3)
    bench.stream.credit(1_000_000)
    bench.assign()
    await bench.settled()
    bench.stream.seek(at({ kind: 'offset', offset: 3 }, 9))
    bench.store(1)
    expect(await bench.settled()).toEqual(['0/9 3 in 0-12', '0/9: 3-5,6-8,9-11'])
  })

  test('does not let what is added, sought or resumed wait for a poll that waits', async () => {
    const bench = new Bench(1, 3)
    const [broker] = bench.cluster.brokers
    bench.store(2, 1)
    bench.store(2, 2)
    bench.stream.credit(4_000_000)
    bench.assign(EARLIEST, 1, 0)
    await bench.settled()
    bench.assign(EARLIEST, 2, 1)
    expect(await bench.settled()).toEqual(['1/2 0 in 0-6', '1/2: 0-2,3-5'])
    bench.stream.seek(at({ kind: 'offset', offset: 3 }, 3, 1))
    bench.assign(EARLIEST, 4, 2)
    const told = await bench.settled()
    // Partition 1 was in the second poll, which waited: partition 2 comes when that is answered.
    expect(told.slice(0, 2)).toEqual(['1/3 3 in 0-6', '2/4 0 in 0-6'])
    bench.cluster.endWaits()
    const later = [...told.slice(2), ...(await bench.settled())]
    expect(later.toSorted()).toEqual(['1/3: 3-5', '2/4: 0-2,3-5'])
    // Whatever was in two polls at once would have come twice.
    bench.store(1, 0)
    bench.store(1, 1)
    bench.store(1, 2)
    bench.cluster.endWaits()
    const last = (await bench.settled()).toSorted()
    expect(last).toEqual(['0/1: 0-2', '1/3: 6-8', '2/4: 6-8'])
    expect(broker!.connections).toBe(3)
  })

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'gives every batch once, in order, whatever is done meanwhile (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed)
      const bench = new Bench(1 + (seed % 2), 4)
      const assigned = new Map<number, { tag: number; next: number; paused: boolean }>()
      let tag = 0
      const check = (): void => {
        for (const line of bench.told.splice(0)) {
          expect(line).not.toMatch(/[A-Z]/)
          const [, partition, given, offsets] = /^(\d)\/(\d+): (.*)$/.exec(line) ?? []
          if (offsets === undefined) continue
          const own = assigned.get(Number(partition))
          if (own?.tag !== Number(given)) continue
          for (const range of offsets.split(',')) {
            const [first, last] = range.split('-').map(Number)
            expect(first! <= own.next && last! >= own.next, `${line}, next ${own.next}`).toBe(true)
            own.next = last! + 1
          }
        }
      }
      const stored = [0, 0, 0, 0]
      for (let step = 0; step < 150; step++) {
        const partition = random.below(4)
        const ref = { topic: TOPIC, partition }
        const own = assigned.get(partition)
        const offset = random.below(stored[partition]! + 1)
        const start = { topic: TOPIC, partition, start: { kind: 'offset', offset } as const }
        switch (random.below(10)) {
          case 0:
          case 7:
          case 8:
          case 9:
            bench.store(1, partition)
            stored[partition]! += 3
            break
          case 1:
            if (own !== undefined) break
            assigned.set(partition, { tag: ++tag, next: offset, paused: false })
            bench.stream.assign([{ ...start, tag }])
            break
          case 2:
            if (own === undefined) break
            Object.assign(own, { tag: ++tag, next: offset })
            bench.stream.seek({ ...start, tag })
            break
          case 3:
            if (own !== undefined) own.paused = !own.paused
            if (own?.paused === true) bench.stream.pause([ref])
            else bench.stream.resume([ref])
            break
          case 4:
            if (random.chance(0.5)) break
            assigned.delete(partition)
            bench.stream.unassign([ref])
            break
          case 5:
            bench.stream.credit(random.below(2_000_000))
            break
          default:
            bench.cluster.endWaits()
        }
        if (random.chance(0.4)) await bench.clock.settle()
        check()
      }
      for (const [partition, own] of assigned) {
        if (own.paused) bench.stream.resume([{ topic: TOPIC, partition }])
      }
      bench.stream.credit(50_000_000)
      for (let turn = 0; turn < 5; turn++) {
        bench.cluster.endWaits()
        await bench.clock.settle()
        check()
      }
      for (const [partition, { next }] of assigned) expect(next).toBe(stored[partition])
    },
  )

  test('reads many partitions in turn', async () => {
    const bench = new Bench(1, 3)
    for (const partition of [0, 1, 2]) {
      bench.store(40, partition, 10_000)
      bench.assign(EARLIEST, partition + 1, partition)
    }
    bench.stream.credit(1_300_000)
    await bench.clock.settle()
    const read = new Set(bench.told.filter((line) => line.includes(':')).map((line) => line[0]))
    expect(read).toEqual(new Set(['0', '1', '2']))
  })

  test('cuts off a batch that came in part', async () => {
    const bench = new Bench()
    bench.store(3)
    bench.answer(withRecords((records) => records.subarray(0, records.byteLength - 10)))
    bench.stream.credit(1_000_000)
    bench.assign()
    expect((await bench.settled()).slice(0, 2)).toEqual(['0/1 0 in 0-9', '0/1: 0-2,3-5'])
  })
})

describe('trouble', () => {
  test('a leader that moves is told; a seek finds the new one', async () => {
    const bench = new Bench(2, 1)
    bench.store(1)
    bench.stream.credit(1_000_000)
    bench.assign()
    await bench.settled()
    bench.cluster.move(TOPIC, 0, 1)
    expect(await bench.settled()).toEqual(['0/1 NOT_LEADER_OR_FOLLOWER'])
    bench.store(1)
    expect(await bench.settled()).toEqual([])
    bench.stream.seek(at({ kind: 'offset', offset: 3 }, 2))
    expect(await bench.settled()).toEqual(['0/2 3 in 0-6', '0/2: 3-5'])
  })

  test('a leader that does not know its partition is not proof that it is gone', async () => {
    const bench = new Bench()
    bench.answer((answer) => ({
      ...answer,
      responses: answer.responses.map((topic) => ({
        ...topic,
        partitions: topic.partitions.map((data) => ({ ...data, errorCode: 3 })),
      })),
    }))
    bench.stream.credit(1_000_000)
    bench.assign()
    expect(await bench.settled()).toEqual(['0/1 0 in 0-0', '0/1 NOT_LEADER_OR_FOLLOWER'])
  })

  test('a topic that was deleted is gone once metadata says so', async () => {
    const bench = new Bench()
    bench.stream.credit(1_000_000)
    bench.assign()
    await bench.settled()
    bench.cluster.topics.delete(TOPIC)
    bench.cluster.endWaits()
    expect(await bench.settled()).toEqual(['0/1 NOT_LEADER_OR_FOLLOWER'])
    bench.stream.seek(at(EARLIEST, 2))
    expect(await bench.settled()).toEqual(['0/2 UNKNOWN_TOPIC_OR_PARTITION'])
  })

  test('a broker that goes loses its partitions, and the others read on', async () => {
    const bench = new Bench(2, 2)
    bench.stream.credit(1_000_000)
    bench.assign(EARLIEST, 1, 0)
    bench.assign(EARLIEST, 2, 1)
    await bench.settled()
    bench.cluster.brokers[0]!.hangUp()
    expect(await bench.settled()).toEqual(['0/1 NETWORK_EXCEPTION'])
    bench.store(1, 1)
    expect(await bench.settled()).toEqual(['1/2: 0-2'])
    bench.stream.seek(at(EARLIEST, 3, 0))
    bench.store(1, 0)
    expect((await bench.settled()).at(-1)).toBe('0/3: 0-2')
  })

  test('records that were deleted while they were read are told', async () => {
    const bench = new Bench()
    bench.store(2)
    bench.assign()
    await bench.settled()
    bench.cluster.log(TOPIC).deleteBefore(3)
    bench.stream.credit(1_000_000)
    expect(await bench.settled()).toEqual(['0/1 OFFSET_OUT_OF_RANGE'])
  })

  test.each([
    ['a part of a batch alone', (records: Buffer) => records.subarray(0, 100)],
    [
      'a length below nothing',
      (records: Buffer) => {
        const copy = Buffer.from(records)
        copy.writeInt32BE(-50, 8)
        return copy
      },
    ],
    ['a batch from long before', () => batchOf(1, 10, { baseOffset: 0 })],
    [
      'batches that go back',
      () => {
        const parts = [batchOf(3, 10, { baseOffset: 6 }), batchOf(1, 10, { baseOffset: 2 })]
        return Buffer.concat(parts)
      },
    ],
  ])('%s is told as damage', async (_, lie) => {
    const bench = new Bench()
    bench.store(3)
    bench.answer(withRecords(lie))
    bench.stream.credit(1_000_000)
    bench.assign({ kind: 'offset', offset: 3 })
    expect(await bench.settled()).toEqual(['0/1 3 in 0-9', '0/1 CORRUPT_MESSAGE'])
  })

  test('sessions that end again and again are trouble of the partitions', async () => {
    const bench = new Bench()
    bench.answer((answer) => ({ ...answer, errorCode: 70, responses: [] }))
    bench.stream.credit(1_000_000)
    bench.assign()
    expect(await bench.settled()).toEqual(['0/1 0 in 0-0', '0/1 FETCH_SESSION_ID_NOT_FOUND'])
    expect(bench.cluster.brokers[0]!.requests(FETCH)).toHaveLength(3)
  })

  test('a poll that hangs up costs its partitions, not the stream', async () => {
    const bench = new Bench()
    bench.cluster.brokers[0]!.on(FETCH, () => HANG_UP)
    bench.stream.credit(1_000_000)
    bench.assign()
    expect(await bench.settled()).toEqual(['0/1 0 in 0-0', '0/1 NETWORK_EXCEPTION'])
  })

  test('a stream that reads nothing asks whether the cluster lives', async () => {
    const bench = new Bench()
    await bench.settled()
    bench.clock.advance(15_000)
    await bench.settled()
    expect(bench.heartbeats).toBe(1)
    bench.cluster.brokers[0]!.on(METADATA, () => HANG_UP)
    bench.clock.advance(15_000)
    await bench.settled()
    expect(bench.heartbeats).toBe(1)
  })

  test('a stream that was given up tells its end, and nothing after it', async () => {
    const bench = new Bench()
    bench.store(1)
    bench.assign()
    bench.stream.credit(1_000_000)
    bench.stream.cancel()
    bench.stream.cancel()
    expect(bench.told).toEqual([])
    expect(await bench.settled()).toEqual(['closed NETWORK_EXCEPTION'])
    bench.clock.advance(60_000)
    expect(await bench.settled()).toEqual([])
    expect(bench.clock.timerCount).toBe(0)
  })
})
