// Fetch sessions: whatever is added, moved on, paused and taken away, the broker's memory is what is
// wanted.

import { describe, expect, test } from 'vitest'
import { BrokerSession } from '../../../src/client/kafka/fetch/broker-session.ts'
import { FetchPartition } from '../../../src/client/kafka/fetch/fetch-partition.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const OK = 0
const SESSION_NOT_FOUND = 70

/** A broker's memory of one session. */
class Remembered {
  id = 0
  epoch = 0
  readonly offsets = new Map<string, number>()

  /** Takes a request. @returns the partitions that it names */
  take(request: ReturnType<BrokerSession['next']>): number {
    expect(request.sessionId).toBe(this.id)
    expect(request.sessionEpoch).toBe(this.epoch)
    if (request.sessionEpoch === 0) this.offsets.clear()
    let named = 0
    for (const { topicId, partitions } of request.topics) {
      for (const { partition, fetchOffset } of partitions) {
        this.offsets.set(`${topicId}-${partition}`, fetchOffset)
        named += 1
      }
    }
    for (const { topicId, partitions } of request.forgottenTopicsData) {
      for (const partition of partitions) {
        expect(this.offsets.delete(`${topicId}-${partition}`)).toBe(true)
      }
    }
    return named
  }
}

function partitionOf(index: number): FetchPartition {
  const start = { kind: 'earliest' } as const
  const partition = new FetchPartition({ topic: `t${index % 3}`, partition: index, start, tag: 1 })
  partition.topicId = `id-${index % 3}`
  partition.nextOffset = 0
  return partition
}

describe('a session', () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'remembers what is wanted (seed %i)',
    (seed) => {
      const random = new SeededRandom(seed)
      const session = new BrokerSession(1_000)
      const broker = new Remembered()
      const all = Array.from({ length: 12 }, (_, index) => partitionOf(index))
      const wanted = new Set<FetchPartition>()
      let changes = 12
      for (let turn = 0; turn < 200; turn++) {
        const named = broker.take(session.next(wanted))
        expect(broker.offsets).toEqual(
          new Map(
            [...wanted].map((each) => [`${each.topicId}-${each.partition}`, each.nextOffset]),
          ),
        )
        if (broker.epoch > 0) expect(named).toBeLessThanOrEqual(changes)
        const lost = random.chance(0.1)
        const declined = random.chance(0.1)
        if (lost) {
          expect(session.answered(SESSION_NOT_FOUND, 0)).toBe(false)
          Object.assign(broker, { id: 0, epoch: 0 })
        } else {
          const id = declined ? 0 : broker.id || 77
          expect(session.answered(OK, id)).toBe(true)
          Object.assign(broker, { id, epoch: declined ? 0 : broker.epoch + 1 })
        }
        changes = random.below(4)
        for (let n = 0; n < changes; n++) {
          const partition = random.pick(all)
          if (random.chance(0.5)) partition.nextOffset += 1
          if (random.chance(0.3)) wanted.delete(partition)
          else wanted.add(partition)
        }
      }
    },
  )

  test('names nothing when nothing has changed', () => {
    const session = new BrokerSession(1_000)
    const wanted = new Set([partitionOf(0), partitionOf(1)])
    session.next(wanted)
    session.answered(OK, 5)
    expect(session.next(wanted)).toEqual({
      sessionId: 5,
      sessionEpoch: 1,
      topics: [],
      forgottenTopicsData: [],
    })
  })

  test('begins anew where a topic was made anew', () => {
    const session = new BrokerSession(1_000)
    const partition = partitionOf(0)
    session.next(new Set([partition]))
    session.answered(OK, 5)
    partition.topicId = 'another'
    expect(session.next(new Set([partition]))).toMatchObject({ sessionId: 0, sessionEpoch: 0 })
  })
})
