// Metadata, DescribeCluster and DescribeTopicPartitions, in the ways in which clients use them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { CREATE_TOPICS } from '../../../../src/protocol/kafka/gen/create-topics.ts'
import { DESCRIBE_CLUSTER } from '../../../../src/protocol/kafka/gen/describe-cluster.ts'
import { DESCRIBE_TOPIC_PARTITIONS } from '../../../../src/protocol/kafka/gen/describe-topic-partitions.ts'
import { METADATA } from '../../../../src/protocol/kafka/gen/metadata.ts'
import { TestBroker } from '../../../support/broker.ts'
import { KafkaClient } from '../../../support/kafka-client.ts'

const NOT_TOLD = -2_147_483_648
const UNKNOWN_ID = 'QUJDREVGR0hJSktMTU5PUA'

let broker: TestBroker
let client: KafkaClient
let betaId: string

beforeAll(async () => {
  broker = await TestBroker.start()
  client = await KafkaClient.connect(broker.kafkaPort)
  const { topics } = await client.call(CREATE_TOPICS, 7, {
    ...{ timeoutMs: 5_000, validateOnly: false },
    topics: ['alpha', 'beta', 'gamma'].map((name, at) => ({
      ...{ name, numPartitions: at + 1, replicationFactor: 1, assignments: [], configs: [] },
    })),
  })
  betaId = topics[1]!.topicId
})

afterAll(async () => {
  client.close()
  await broker.remove()
})

async function names(version: number, topics: null | []): Promise<(string | null)[]> {
  const answer = await client.call(METADATA, version, { topics })
  return answer.topics.map(({ name }) => name)
}

test('v0: an empty list asks for all topics; from v1 on it asks for none, and null for all', async () => {
  expect(await names(0, [])).toEqual(['alpha', 'beta', 'gamma'])
  for (const version of [1, 5, 9, 12]) {
    expect(await names(version, [])).toEqual([])
    expect(await names(version, null)).toEqual(['alpha', 'beta', 'gamma'])
  }
})

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'version %i tells brokers and partitions',
  async (version) => {
    const answer = await client.call(METADATA, version, { topics: [{ name: 'gamma' }] })
    expect(answer.brokers).toEqual([
      { nodeId: 1, host: '127.0.0.1', port: broker.kafkaPort, rack: null },
    ])
    expect(answer.controllerId).toBe(version >= 1 ? 1 : -1)
    expect(answer.clusterId === null).toBe(version < 2)
    const [topic] = answer.topics
    expect(topic!.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1, 2])
    expect(topic!.partitions[0]).toMatchObject({
      ...{ errorCode: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1], offlineReplicas: [] },
      leaderEpoch: version >= 7 ? 0 : -1,
    })
  },
)

test('v8 to v10: authorized operations are not told, asked for or not', async () => {
  for (const version of [8, 10]) {
    const answer = await client.call(METADATA, version, {
      topics: [{ name: 'alpha' }],
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    })
    expect(answer.clusterAuthorizedOperations).toBe(NOT_TOLD)
    expect(answer.topics[0]!.topicAuthorizedOperations).toBe(NOT_TOLD)
  }
})

test('v10: topics have their ids; v12: they are found by id alone', async () => {
  const named = await client.call(METADATA, 10, { topics: [{ name: 'beta' }] })
  expect(named.topics[0]!.topicId).toBe(betaId)
  const byId = await client.call(METADATA, 12, { topics: [{ topicId: betaId, name: null }] })
  expect(byId.topics[0]).toMatchObject({ errorCode: 0, name: 'beta' })
  const unknown = await client.call(METADATA, 12, { topics: [{ topicId: UNKNOWN_ID, name: null }] })
  expect(unknown.topics[0]).toMatchObject({ errorCode: 100, name: null, topicId: UNKNOWN_ID })
  const early = await client.call(METADATA, 11, { topics: [{ topicId: betaId, name: null }] })
  expect(early.topics[0]!.errorCode).toBe(42)
})

test('an unknown topic is made when that is allowed, and is there when the answer comes', async () => {
  const ask = async (version: number, name: string, allowed: boolean): Promise<number[]> => {
    const allowAutoTopicCreation = allowed ? {} : { allowAutoTopicCreation: false }
    const { topics } = await client.call(METADATA, version, {
      topics: [{ name }],
      ...allowAutoTopicCreation,
    })
    return [topics[0]!.errorCode, topics[0]!.partitions.length]
  }
  expect(await ask(9, 'made-9', false)).toEqual([3, 0])
  expect(await ask(9, 'made-9', true)).toEqual([0, 1])
  // Before version 4 clients could not say no.
  expect(await ask(3, 'made-3', true)).toEqual([0, 1])
})

test.each(['', '.', '..', '../escape', 'a/b', 'a b', 'x'.repeat(250), 'nul\u0000', 'ü'])(
  'F56: the name %j is error 17, and makes nothing',
  async (name) => {
    const { topics } = await client.call(METADATA, 9, { topics: [{ name }] })
    expect(topics[0]).toMatchObject({ errorCode: 17, name, partitions: [] })
  },
)

test.each(['__proto__', 'constructor', 'toString'])(
  'F56: %j is a name like others',
  async (name) => {
    const allowAutoTopicCreation = false
    const absent = await client.call(METADATA, 9, { topics: [{ name }], allowAutoTopicCreation })
    expect(absent.topics[0]!.errorCode).toBe(3)
    const made = await client.call(METADATA, 9, { topics: [{ name }] })
    expect(made.topics[0]).toMatchObject({ errorCode: 0, name })
    expect(({} as Record<string, unknown>)['partitions']).toBeUndefined()
  },
)

test('the names of internal topics make none', async () => {
  const { topics } = await client.call(METADATA, 9, { topics: [{ name: '__transaction_state' }] })
  expect(topics[0]).toMatchObject({ errorCode: 3, isInternal: true })
})

test('DescribeCluster tells brokers, and that controllers have no listener', async () => {
  for (const version of [0, 1]) {
    const answer = await client.call(DESCRIBE_CLUSTER, version, {
      includeClusterAuthorizedOperations: false,
    })
    expect(answer).toMatchObject({ errorCode: 0, controllerId: 1, endpointType: 1 })
    expect(answer.brokers).toMatchObject([
      { brokerId: 1, host: '127.0.0.1', port: broker.kafkaPort },
    ])
  }
  const asked = (endpointType: number): object => ({
    includeClusterAuthorizedOperations: false,
    endpointType,
  })
  expect(await client.call(DESCRIBE_CLUSTER, 1, asked(2) as never)).toMatchObject({
    errorCode: 114,
  })
  expect(await client.call(DESCRIBE_CLUSTER, 1, asked(9) as never)).toMatchObject({
    errorCode: 115,
  })
})

test('DescribeTopicPartitions gives pages that end within topics, and a cursor to go on with', async () => {
  const topics = ['gamma', 'absent', 'beta', 'alpha'].map((name) => ({ name }))
  const seen: string[] = []
  let cursor: { topicName: string; partitionIndex: number } | null = null
  for (let page = 0; page < 10; page++) {
    const answer: Awaited<ReturnType<typeof describe>> = await describe(topics, cursor)
    for (const { name, errorCode, partitions } of answer.topics) {
      if (errorCode !== 0) seen.push(`${name} ${errorCode}`)
      for (const { partitionIndex } of partitions) seen.push(`${name} ${partitionIndex}`)
    }
    cursor = answer.nextCursor
    if (cursor === null) break
  }
  const absent = seen.filter((each) => each === 'absent 3')
  expect(absent.length).toBeGreaterThan(0)
  expect(seen.filter((each) => !each.startsWith('absent'))).toEqual([
    ...['alpha 0', 'beta 0', 'beta 1', 'gamma 0', 'gamma 1', 'gamma 2'],
  ])
})

function describe(
  topics: { name: string }[],
  cursor: { topicName: string; partitionIndex: number } | null,
): Promise<{
  readonly topics: readonly {
    readonly name: string | null
    readonly errorCode: number
    readonly partitions: readonly { readonly partitionIndex: number }[]
  }[]
  readonly nextCursor: { topicName: string; partitionIndex: number } | null
}> {
  const message = { topics, cursor, responsePartitionLimit: 2 }
  return client.call(DESCRIBE_TOPIC_PARTITIONS, 0, message)
}

test('DescribeTopicPartitions of no topics tells all; a cursor without a partition is refused', async () => {
  const all = await client.call(DESCRIBE_TOPIC_PARTITIONS, 0, { topics: [] })
  expect(all.topics.map(({ name }) => name)).toEqual(expect.arrayContaining(['alpha', 'beta']))
  const wrong = await client.call(DESCRIBE_TOPIC_PARTITIONS, 0, {
    topics: [{ name: 'alpha' }],
    cursor: { topicName: 'alpha', partitionIndex: -1 },
  })
  expect(wrong.topics[0]!.errorCode).toBe(42)
})

test('F57: 100,000 topics in one request are answered, and hold the loop for no long', async () => {
  const topics = Array.from({ length: 100_000 }, (_, at) => ({ name: `absent-${at}` }))
  const message = { topics, allowAutoTopicCreation: false }
  const answer = await client.call(METADATA, 9, message)
  expect(answer.topics).toHaveLength(100_000)
  expect(answer.topics.every(({ errorCode }) => errorCode === 3)).toBe(true)
})
