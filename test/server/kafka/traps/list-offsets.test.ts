// ListOffsets and OffsetForLeaderEpoch, in the ways in which clients use them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  LIST_OFFSETS,
  type ListOffsetsPartitionResponse,
} from '../../../../src/protocol/kafka/gen/list-offsets.ts'
import { METADATA } from '../../../../src/protocol/kafka/gen/metadata.ts'
import { OFFSET_FOR_LEADER_EPOCH } from '../../../../src/protocol/kafka/gen/offset-for-leader-epoch.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { testBatch } from '../../../support/batches.ts'
import { TestBroker } from '../../../support/broker.ts'
import { KafkaClient } from '../../../support/kafka-client.ts'

const T = Date.now() - 10_000

let broker: TestBroker
let client: KafkaClient

beforeAll(async () => {
  broker = await TestBroker.start()
  client = await KafkaClient.connect(broker.kafkaPort)
  await client.call(METADATA, 9, { topics: [{ name: 'empty' }] })
  // The largest timestamp stands in the middle.
  for (const times of [[1, 2], [9, 9, 3], [4]]) {
    const records = times.map((time) => ({ value: 'x', timestamp: T + time }))
    const partitionData = [{ index: 0, records: testBatch({ records }) }]
    const topicData = [{ name: 'timed', partitionData }]
    const answer = await client.call(PRODUCE, 9, { acks: -1, timeoutMs: 5_000, topicData })
    expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
  }
})

afterAll(async () => {
  client.close()
  await broker.remove()
})

async function list(
  version: number,
  timestamp: number,
  topic = 'timed',
  currentLeaderEpoch = -1,
): Promise<ListOffsetsPartitionResponse> {
  const partitions = [{ partitionIndex: 0, timestamp, currentLeaderEpoch }]
  const message = { replicaId: -1, topics: [{ name: topic, partitions }] }
  return (await client.call(LIST_OFFSETS, version, message)).topics[0]!.partitions[0]!
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
  'version %i: latest, earliest and a time',
  async (version) => {
    const leaderEpoch = version >= 4 ? 0 : -1
    const found = { errorCode: 0, leaderEpoch }
    expect(await list(version, -1)).toMatchObject({ ...found, offset: 6, timestamp: -1 })
    expect(await list(version, -2)).toMatchObject({ ...found, offset: 0, timestamp: -1 })
    expect(await list(version, T + 2)).toMatchObject({ ...found, offset: 1, timestamp: T + 2 })
    expect(await list(version, T + 5)).toMatchObject({ ...found, offset: 2, timestamp: T + 9 })
  },
)

test('a time after all records finds nothing, without an error', async () => {
  const nothing = { errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 }
  expect(await list(5, T + 60_000)).toMatchObject(nothing)
  expect(await list(5, T, 'empty')).toMatchObject(nothing)
})

test('-3: the first record with the largest timestamp, from version 7 on', async () => {
  expect(await list(7, -3)).toMatchObject({ errorCode: 0, offset: 2, timestamp: T + 9 })
  expect(await list(7, -3, 'empty')).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 })
  expect(await list(6, -3)).toMatchObject({ errorCode: 35, offset: -1 })
})

test.each([
  [-4, 8, { errorCode: 0, offset: 0 }],
  [-5, 9, { errorCode: 0, offset: -1, timestamp: -1 }],
  [-6, 11, { errorCode: 0, offset: -1, timestamp: -1 }],
])('%i is answered from version %i on, and error 35 before', async (timestamp, version, found) => {
  expect(await list(version, timestamp)).toMatchObject(found)
  expect(await list(version - 1, timestamp)).toMatchObject({ errorCode: 35 })
})

test('numbers that mean nothing are error 35, also the lowest of 64 bits', async () => {
  for (const timestamp of [-7, -1_000, Number.MIN_SAFE_INTEGER]) {
    expect(await list(11, timestamp)).toMatchObject({ errorCode: 35 })
  }
})

test('read_committed ends where read_uncommitted does, without transactions', async () => {
  const partitions = [{ partitionIndex: 0, timestamp: -1 }]
  const topics = [{ name: 'timed', partitions }]
  const answer = await client.call(LIST_OFFSETS, 5, { replicaId: -1, isolationLevel: 1, topics })
  expect(answer.topics[0]!.partitions[0]!.offset).toBe(6)
})

test('v4: leader epochs are checked; before, nobody could say one', async () => {
  expect(await list(4, -1, 'timed', 0)).toMatchObject({ errorCode: 0 })
  expect(await list(4, -1, 'timed', 3)).toMatchObject({ errorCode: 75, offset: -1 })
})

test('what is not there, or is named twice, is an error beside the others', async () => {
  const partitions = [0, 5, 0].map((partitionIndex) => ({ partitionIndex, timestamp: -1 }))
  const { topics } = await client.call(LIST_OFFSETS, 5, {
    replicaId: -1,
    topics: [
      { name: 'timed', partitions },
      { name: 'absent', partitions: partitions.slice(0, 1) },
    ],
  })
  const codes = topics.map((topic) => topic.partitions.map(({ errorCode }) => errorCode))
  expect(codes).toEqual([[0, 3, 42], [3]])
})

test.each([2, 3, 4])('OffsetForLeaderEpoch %i: librdkafka asks with 2 alone', async (version) => {
  const ends = async (leaderEpoch: number, currentLeaderEpoch: number): Promise<object> => {
    const partitions = [{ partition: 0, leaderEpoch, currentLeaderEpoch }]
    const topics = [{ topic: 'timed', partitions }]
    const answer = await client.call(OFFSET_FOR_LEADER_EPOCH, version, { topics })
    return answer.topics[0]!.partitions[0]!
  }
  expect(await ends(0, 0)).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 6 })
  expect(await ends(5, -1)).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 6 })
  expect(await ends(-1, -1)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 })
  expect(await ends(0, 4)).toMatchObject({ errorCode: 75, leaderEpoch: -1, endOffset: -1 })
})

test('OffsetForLeaderEpoch of what is not there is error 3', async () => {
  const partitions = [{ partition: 9, leaderEpoch: 0 }]
  const topics = [{ topic: 'timed', partitions }]
  const answer = await client.call(OFFSET_FOR_LEADER_EPOCH, 4, { topics })
  expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 3, endOffset: -1 })
})
