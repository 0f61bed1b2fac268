// Fetch sessions (KIP-227) over a broker: what a consumer that keeps one is told, and when.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ZERO_UUID } from '../../../src/base/uuid.ts'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import {
  FETCH,
  type FetchRequest,
  type FetchRequestInit,
  type FetchResponse,
} from '../../../src/protocol/kafka/gen/fetch.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { FetchSessions } from '../../../src/server/kafka/fetch-sessions.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { KafkaClient } from '../../support/kafka-client.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const NOW = Date.now()

let broker: TestBroker
let client: KafkaClient
let topicId: string

beforeAll(async () => {
  broker = await TestBroker.start()
  client = await KafkaClient.connect(broker.kafkaPort)
  const { topics } = await client.call(CREATE_TOPICS, 7, {
    ...{ timeoutMs: 5_000, validateOnly: false },
    topics: [
      { name: 'kept', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] },
    ],
  })
  topicId = topics[0]!.topicId
})

afterAll(async () => {
  client.close()
  await broker.remove()
})

async function produce(partition: number): Promise<void> {
  const records = batchOf(1, 10, { timestamp: NOW })
  const partitionData = [{ index: partition, records }]
  await client.call(PRODUCE, 9, {
    ...{ acks: -1, timeoutMs: 5_000 },
    topicData: [{ name: 'kept', partitionData }],
  })
}

function request(
  sessionId: number,
  sessionEpoch: number,
  partitions: readonly (readonly [partition: number, fetchOffset: number])[],
  more: Partial<FetchRequestInit> = {},
): FetchRequestInit {
  const asked = partitions.map(([partition, fetchOffset]) => {
    return { partition, fetchOffset, partitionMaxBytes: 100_000 }
  })
  const topics = asked.length === 0 ? [] : [{ topic: 'kept', partitions: asked }]
  const basics = { maxWaitMs: 0, minBytes: 1, isolationLevel: 0 }
  return { ...basics, sessionId, sessionEpoch, topics, ...more }
}

function fetch(message: FetchRequestInit, version = 11): Promise<FetchResponse> {
  return client.call(FETCH, version, message)
}

function told({ responses }: FetchResponse): number[] {
  return responses.flatMap(({ partitions }) => partitions.map((each) => each.partitionIndex))
}

const ALL = [
  [0, 0],
  [1, 0],
  [2, 0],
] as const

test('the first answer has all partitions, the next ones those with news', async () => {
  const first = await fetch(request(0, 0, ALL))
  expect(first.sessionId).toBeGreaterThan(0)
  expect(told(first)).toEqual([0, 1, 2])

  const quiet = await fetch(request(first.sessionId, 1, []))
  expect([quiet.errorCode, quiet.sessionId, told(quiet)]).toEqual([0, first.sessionId, []])

  await produce(1)
  const news = await fetch(request(first.sessionId, 2, []))
  expect(told(news)).toEqual([1])
  // The client has it: it moves on, and there is nothing new about any of them.
  const moved = await fetch(request(first.sessionId, 3, [[1, 1]]))
  expect(told(moved)).toEqual([])
})

test('partitions leave and join', async () => {
  const { sessionId } = await fetch(request(0, 0, [[0, 0]]))
  const forgotten = [{ topic: 'kept', partitions: [0] }]
  const joined = await fetch(request(sessionId, 1, [[1, 0]], { forgottenTopicsData: forgotten }))
  expect(told(joined)).toEqual([1])
  await produce(0)
  expect(told(await fetch(request(sessionId, 2, [[1, 2]])))).not.toContain(0)
})

test('an error is told again and again', async () => {
  const { sessionId } = await fetch(request(0, 0, [[7, 0]]))
  for (const epoch of [1, 2]) {
    const { responses } = await fetch(request(sessionId, epoch, []))
    expect(responses[0]!.partitions[0]!.errorCode).toBe(3)
  }
})

test('70: a session that is not known; 71: an epoch that is not the next', async () => {
  expect(await fetch(request(12_345, 1, []))).toMatchObject({ errorCode: 70, sessionId: 0 })
  const { sessionId } = await fetch(request(0, 0, ALL))
  expect(await fetch(request(sessionId, 2, []))).toMatchObject({ errorCode: 71, responses: [] })
  expect(await fetch(request(sessionId, 1, []))).toMatchObject({ errorCode: 0 })
  expect(await fetch(request(sessionId, 1, []))).toMatchObject({ errorCode: 71 })
})

test('106: a session of names does not go on with ids', async () => {
  const { sessionId } = await fetch(request(0, 0, ALL))
  const answer = await fetch(request(sessionId, 1, []), 13)
  expect(answer).toMatchObject({ errorCode: 106, sessionId: 0 })
})

test('a session of ids tells by id', async () => {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }]
  const opens = { ...request(0, 0, []), topics: [{ topicId, partitions }] }
  const first = await fetch(opens, 13)
  expect(first.responses[0]).toMatchObject({ topicId })
  const next = await fetch(request(first.sessionId, 1, []), 13)
  expect(next).toMatchObject({ errorCode: 0, sessionId: first.sessionId })
})

test('epoch -1 closes, and an empty step closes too', async () => {
  const { sessionId } = await fetch(request(0, 0, ALL))
  expect((await fetch(request(sessionId, -1, ALL))).sessionId).toBe(0)
  expect((await fetch(request(sessionId, 1, []))).errorCode).toBe(70)

  const other = await fetch(request(0, 0, [[0, 0]]))
  const forgottenTopicsData = [{ topic: 'kept', partitions: [0] }]
  expect(await fetch(request(other.sessionId, 1, [], { forgottenTopicsData }))).toMatchObject({
    ...{ errorCode: 0, sessionId: 0, responses: [] },
  })
  expect((await fetch(request(other.sessionId, 2, []))).errorCode).toBe(70)
})

test('epoch 0 with an id opens another in its place', async () => {
  const { sessionId } = await fetch(request(0, 0, ALL))
  const other = await fetch(request(sessionId, 0, ALL))
  expect(other.sessionId).not.toBe(sessionId)
  expect((await fetch(request(sessionId, 1, []))).errorCode).toBe(70)
})

test('kafkajs, librdkafka and sarama never open one: session 0, epoch -1', async () => {
  const answer = await fetch(request(0, -1, ALL))
  expect([answer.sessionId, told(answer)]).toEqual([0, [0, 1, 2]])
})

test('those that had records come last the next time, so that each has its turn', async () => {
  for (const partition of [0, 1, 2]) await produce(partition)
  const first = await fetch(request(0, 0, ALL, { maxBytes: 1 }))
  const withRecords = (answer: FetchResponse): number[] => {
    return answer.responses.flatMap(({ partitions }) => {
      return partitions
        .filter((each) => each.records!.byteLength > 0)
        .map((each) => each.partitionIndex)
    })
  }
  expect(withRecords(first)).toEqual([0])
  const second = await fetch(request(first.sessionId, 1, [], { maxBytes: 1 }))
  expect(withRecords(second)).toEqual([1])
  const third = await fetch(request(first.sessionId, 2, [], { maxBytes: 1 }))
  expect(withRecords(third)).toEqual([2])
})

/** As it comes from the codec. */
function opening(partitions: number): FetchRequest {
  const asked = Array.from({ length: partitions }, (_, partition) => ({
    ...{ partition, currentLeaderEpoch: -1, fetchOffset: 0, lastFetchedEpoch: -1 },
    ...{
      logStartOffset: -1,
      partitionMaxBytes: 1,
      replicaDirectoryId: ZERO_UUID,
      highWatermark: 0,
    },
  }))
  return {
    ...{ clusterId: null, replicaId: -1, replicaState: { replicaId: -1, replicaEpoch: -1 } },
    ...{ maxWaitMs: 0, minBytes: 0, maxBytes: 0, isolationLevel: 0, rackId: '' },
    ...{ sessionId: 0, sessionEpoch: 0, forgottenTopicsData: [] },
    topics: [{ topic: 'any', topicId: ZERO_UUID, partitions: asked }],
  }
}

test('there are so many and no more; one that nobody has used for long makes room', () => {
  const clock = new ManualClock()
  const options = { clock, random: new SeededRandom(3), maxSessions: 2, evictAfterMs: 1_000 }
  const sessions = new FetchSessions(options)
  const [first, second] = [1, 2].map(() => sessions.plan(opening(3), false).session!)
  expect(sessions.plan(opening(3), false).session).toBeNull()
  expect([sessions.count, sessions.partitionCount]).toEqual([2, 6])

  clock.advance(900)
  const step = { ...opening(0), topics: [], sessionId: first!.id, sessionEpoch: 1 }
  expect(sessions.plan(step, false).session).toBe(first)
  clock.advance(200)
  expect(sessions.plan(opening(3), false).session).not.toBeNull()
  const gone = { ...step, sessionId: second!.id }
  expect(() => sessions.plan(gone, false)).toThrow('FETCH_SESSION_ID_NOT_FOUND')
  expect([sessions.count, sessions.partitionCount]).toEqual([2, 6])
})

test('partitions of all sessions are bounded too', () => {
  const options = { clock: new ManualClock(), random: new SeededRandom(3), maxPartitions: 10 }
  const sessions = new FetchSessions(options)
  expect(sessions.plan(opening(8), false).session).not.toBeNull()
  const plan = sessions.plan(opening(3), false)
  expect([plan.session, plan.partitions.length]).toEqual([null, 3])
})
