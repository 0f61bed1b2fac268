// Fetch, in the ways in which clients use it.

import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  FETCH,
  type FetchRequestInit,
  type PartitionData,
} from '../../../../src/protocol/kafka/gen/fetch.ts'
import { CREATE_TOPICS } from '../../../../src/protocol/kafka/gen/create-topics.ts'
import { DELETE_TOPICS } from '../../../../src/protocol/kafka/gen/delete-topics.ts'
import { METADATA } from '../../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { batchOf } from '../../../support/batches.ts'
import { TestBroker } from '../../../support/broker.ts'
import { eventually } from '../../../support/grpc-client.ts'
import { KafkaClient } from '../../../support/kafka-client.ts'

const NOW = Date.now()
const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

let broker: TestBroker
let client: KafkaClient
let producer: KafkaClient

beforeAll(async () => {
  broker = await TestBroker.start()
  client = await KafkaClient.connect(broker.kafkaPort)
  producer = await KafkaClient.connect(broker.kafkaPort)
})

afterAll(async () => {
  client.close()
  producer.close()
  await broker.remove()
})

/** Makes a topic. @returns its id */
async function create(
  name: string,
  partitions = 1,
  configs: [string, string][] = [],
): Promise<string> {
  const { topics } = await producer.call(CREATE_TOPICS, 7, {
    ...{ timeoutMs: 5_000, validateOnly: false },
    topics: [
      {
        ...{ name, numPartitions: partitions, replicationFactor: 1, assignments: [] },
        configs: configs.map(([key, value]) => ({ name: key, value })),
      },
    ],
  })
  expect(topics[0]!.errorCode).toBe(0)
  return topics[0]!.topicId
}

async function produce(topic: string, batch: Buffer, partition = 0): Promise<void> {
  const partitionData = [{ index: partition, records: Buffer.from(batch) }]
  const answer = await producer.call(PRODUCE, 9, {
    ...{ acks: -1, timeoutMs: 5_000 },
    topicData: [{ name: topic, partitionData }],
  })
  expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
}

interface Asked {
  readonly partition?: number
  readonly fetchOffset?: number
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

function request(
  topic: string,
  asked: Asked = {},
  more: Partial<FetchRequestInit> = {},
): FetchRequestInit {
  const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1_048_576, ...asked }
  const named = topic.length === 22 ? { topicId: topic } : { topic }
  const basics = { maxWaitMs: 0, minBytes: 1, isolationLevel: 0 }
  return { ...basics, topics: [{ ...named, partitions: [partition] }], ...more }
}

async function fetch(version: number, asked: FetchRequestInit): Promise<PartitionData> {
  return (await client.call(FETCH, version, asked)).responses[0]!.partitions[0]!
}

test.each([4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'version %i gives the batches as they were sent',
  async (version) => {
    const topic = `by-name-${version}`
    await create(topic)
    const batch = batchOf(2, 20, { timestamp: NOW })
    await produce(topic, batch)
    const partition = await fetch(version, request(topic))
    expect(partition).toMatchObject({ errorCode: 0, highWatermark: 2, lastStableOffset: 2 })
    expect(partition.logStartOffset).toBe(version >= 5 ? 0 : -1)
    expect(partition.preferredReadReplica).toBe(-1)
    expect(partition.records!.subarray(16)).toEqual(batch.subarray(16))
  },
)

test.each([13, 14, 15, 16, 17])('version %i names topics by id alone', async (version) => {
  const id = await create(`by-id-${version}`)
  await produce(`by-id-${version}`, batchOf(1, 20, { timestamp: NOW }))
  const { responses } = await client.call(FETCH, version, request(id))
  expect(responses[0]).toMatchObject({ topic: '', topicId: id })
  expect(responses[0]!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 1 })
})

test('v13: an id that is not known is error 100 of the partition, told at once', async () => {
  const id = 'QUJDREVGR0hJSktMTU5PUA'
  const begun = performance.now()
  const partition = await fetch(13, request(id, {}, { maxWaitMs: 30_000 }))
  expect(partition).toMatchObject({ errorCode: 100, highWatermark: -1 })
  expect(performance.now() - begun).toBeLessThan(10_000)
})

test('a topic or partition that is not there is error 3, beside those that are', async () => {
  await create('there')
  await produce('there', batchOf(1, 1, { timestamp: NOW }))
  const asked = (partition: number): object => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1_000,
  })
  const answer = await client.call(FETCH, 11, {
    ...{ maxWaitMs: 10_000, minBytes: 1, isolationLevel: 0 },
    topics: [
      { topic: 'absent', partitions: [asked(0)] },
      { topic: 'there', partitions: [asked(3), asked(0)] },
    ] as never,
  })
  const codes = answer.responses.map(({ topic, partitions }) => [
    topic,
    ...partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
  ])
  expect(codes).toEqual([
    ['absent', [0, 3]],
    ['there', [3, 3], [0, 0]],
  ])
})

test('KIP-74: the first batch comes whole, however small the limits are', async () => {
  await create('big')
  const batch = batchOf(1, 50_000, { timestamp: NOW })
  await produce('big', batch)
  await produce('big', batch)
  const partition = await fetch(11, request('big', { partitionMaxBytes: 10 }, { maxBytes: 10 }))
  expect(partition.records!.byteLength).toBe(batch.byteLength)
})

test('KIP-74: the limit of the answer holds over partitions, and those behind it come empty', async () => {
  await create('limits', 3)
  const batch = batchOf(1, 10_000, { timestamp: NOW })
  for (const partition of [0, 1, 2]) await produce('limits', batch, partition)
  const partitions = [2, 0, 1].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1e6,
  }))
  const { responses } = await client.call(FETCH, 11, {
    ...request('limits', {}, { maxBytes: 21_000 }),
    topics: [{ topic: 'limits', partitions }],
  })
  const sizes = responses[0]!.partitions.map(({ partitionIndex, records }) => {
    return [partitionIndex, records!.byteLength]
  })
  // In the order of the request.
  expect(sizes).toEqual([
    [2, batch.byteLength],
    [0, batch.byteLength],
    [1, 0],
  ])
})

test('batches may begin below the offset that was asked for: the client trims', async () => {
  await create('inside')
  await produce('inside', batchOf(10, 5, { timestamp: NOW }))
  const partition = await fetch(11, request('inside', { fetchOffset: 7 }))
  expect(partition.records!.readBigInt64BE(0)).toBe(0n)
})

test('an offset outside the log is error 1', async () => {
  await create('outside')
  await produce('outside', batchOf(2, 5, { timestamp: NOW }))
  for (const fetchOffset of [3, -1, 2 ** 52]) {
    expect(await fetch(11, request('outside', { fetchOffset }))).toMatchObject({ errorCode: 1 })
  }
  const end = await fetch(11, request('outside', { fetchOffset: 2 }))
  expect([end.errorCode, end.records!.byteLength]).toEqual([0, 0])
})

test('max_wait: nothing comes, and the answer is empty when the time is up', async () => {
  await create('silent')
  const begun = performance.now()
  const partition = await fetch(11, request('silent', {}, { maxWaitMs: 150 }))
  expect(performance.now() - begun).toBeGreaterThanOrEqual(140)
  expect([partition.errorCode, partition.records!.byteLength]).toEqual([0, 0])
})

test('min_bytes: what comes meanwhile ends the wait, and not before there is enough', async () => {
  await create('enough')
  client.send(FETCH, 11, request('enough', {}, { maxWaitMs: 30_000, minBytes: 200 }))
  await produce('enough', batchOf(1, 50, { timestamp: NOW }))
  await produce('enough', batchOf(1, 50, { timestamp: NOW }))
  const { message } = await client.answer(FETCH, 11)
  expect(message.responses[0]!.partitions[0]!.records!.byteLength).toBeGreaterThanOrEqual(200)
})

test('read_committed has an empty list of aborted transactions; read_uncommitted has null', async () => {
  await create('levels')
  await produce('levels', batchOf(1, 5, { timestamp: NOW }))
  const committed = await fetch(11, request('levels', {}, { isolationLevel: 1 }))
  expect(committed).toMatchObject({ abortedTransactions: [], lastStableOffset: 1 })
  expect(await fetch(11, request('levels'))).toMatchObject({ abortedTransactions: null })
})

test('v9: a leader epoch that is older is 74, one that is newer 75', async () => {
  await create('epochs')
  await produce('epochs', batchOf(1, 5, { timestamp: NOW }))
  expect(await fetch(9, request('epochs', { currentLeaderEpoch: 9 }))).toMatchObject({
    errorCode: 75,
  })
  expect(await fetch(9, request('epochs', { currentLeaderEpoch: 0 }))).toMatchObject({
    errorCode: 0,
  })
  expect(await fetch(9, request('epochs', { currentLeaderEpoch: -1 }))).toMatchObject({
    errorCode: 0,
  })
})

test('v12: what was read in an epoch that ended earlier diverges', async () => {
  await create('diverging')
  await produce('diverging', batchOf(3, 5, { timestamp: NOW }))
  // The reader has records of epoch 0 up to offset 3, and 5 more that never were.
  const same = await fetch(12, request('diverging', { fetchOffset: 3, lastFetchedEpoch: 0 }))
  expect(same.divergingEpoch).toEqual({ epoch: -1, endOffset: -1 })
  const later = await fetch(12, request('diverging', { fetchOffset: 8, lastFetchedEpoch: 0 }))
  expect(later).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 3 } })
  expect(later.records!.byteLength).toBe(0)
  const newer = await fetch(12, request('diverging', { fetchOffset: 3, lastFetchedEpoch: 4 }))
  expect(newer.divergingEpoch).toEqual({ epoch: 0, endOffset: 3 })
})

test('a topic that is kept in zstd is error 76 below version 10', async () => {
  await create('zstd', 1, [['compression.type', 'zstd']])
  expect(await fetch(9, request('zstd'))).toMatchObject({ errorCode: 76 })
  expect(await fetch(10, request('zstd'))).toMatchObject({ errorCode: 0 })
})

test('CVE-2018-1288: a client that says it is a replica gets nothing', async () => {
  await create('followed')
  const answer = await client.call(FETCH, 11, request('followed', {}, { replicaId: 1 }))
  expect([answer.errorCode, answer.responses]).toEqual([31, []])
  const state = { replicaId: 1, replicaEpoch: 1 }
  const newer = await client.call(FETCH, 15, request(NO_ID, {}, { replicaState: state }))
  expect(newer.errorCode).toBe(31)
  // Below version 7 there is no error but those of partitions.
  expect(await fetch(6, request('followed', {}, { replicaId: 1 }))).toMatchObject({ errorCode: 31 })
})

test('a topic that is deleted while a poll waits ends the poll', async () => {
  await create('leaving')
  client.send(FETCH, 11, request('leaving', {}, { maxWaitMs: 30_000 }))
  await producer.call(DELETE_TOPICS, 5, { timeoutMs: 5_000, topicNames: ['leaving'] })
  const { message } = await client.answer(FETCH, 11)
  expect(message.responses[0]!.partitions[0]!.errorCode).toBe(3)
})

test('a client that leaves in the middle of a poll leaves nothing waiting', async () => {
  await create('left')
  const other = await KafkaClient.connect(broker.kafkaPort)
  other.send(FETCH, 11, request('left', {}, { maxWaitMs: 60_000 }))
  const waiting = async (): Promise<number> => {
    const text = await (await globalThis.fetch(`${broker.url}/metrics`)).text()
    return Number(/^sluice_fetch_waiting (\d+)$/m.exec(text)![1])
  }
  await eventually(async () => (await waiting()) === 1)
  other.close()
  await eventually(async () => (await waiting()) === 0)
})

test('metadata and fetch agree on ids', async () => {
  const id = await create('agreed')
  const { topics } = await client.call(METADATA, 12, { topics: [{ topicId: id, name: null }] })
  expect(topics[0]).toMatchObject({ errorCode: 0, name: 'agreed', topicId: id })
})
