// Administration over the Kafka protocol: what protocol.md calls traps, and what a real broker was not
// asked for in admin-answers.test.ts because the answer is our own.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import { ZERO_UUID } from '../../../src/base/uuid.ts'
import { ALTER_CONFIGS } from '../../../src/protocol/kafka/gen/alter-configs.ts'
import { CREATE_PARTITIONS } from '../../../src/protocol/kafka/gen/create-partitions.ts'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import { DELETE_RECORDS } from '../../../src/protocol/kafka/gen/delete-records.ts'
import { DELETE_TOPICS } from '../../../src/protocol/kafka/gen/delete-topics.ts'
import { DESCRIBE_CONFIGS } from '../../../src/protocol/kafka/gen/describe-configs.ts'
import { DESCRIBE_LOG_DIRS } from '../../../src/protocol/kafka/gen/describe-log-dirs.ts'
import { LIST_CONFIG_RESOURCES } from '../../../src/protocol/kafka/gen/list-config-resources.ts'
import { adminHandlers } from '../../../src/server/kafka/handlers/admin.ts'
import { KafkaHandlerClient } from '../../support/kafka-handler-client.ts'
import { testBatch } from '../../support/batches.ts'

const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
const TOPIC = 2

let client: KafkaHandlerClient

beforeEach(async () => {
  client = await KafkaHandlerClient.open(adminHandlers)
})

afterEach(() => client.close())

async function createTopic(
  name: string,
  numPartitions = 1,
  configs: Readonly<Record<string, string>> = {},
) {
  const texts = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
  const topic = { name, numPartitions, replicationFactor: -1, assignments: [], configs: texts }
  const { topics } = await client.call(CREATE_TOPICS, 7, { topics: [topic], validateOnly: false })
  return topics[0]!
}

async function produce(topic: string, count: number): Promise<void> {
  const batches = Array.from({ length: count }, () => ({ topic, partition: 0, batch: testBatch() }))
  const request = { acks: -1, timeoutMs: 10_000, batches } as const
  await client.core.services.produce.produce(CALLER, request).done
}

describe('CreateTopics', () => {
  test('validate_only makes nothing, -1 takes num.partitions, id and configs come back', async () => {
    const topic = {
      name: 'clicks',
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [],
      configs: [{ name: 'retention.ms', value: '5' }],
    }
    const ask = (validateOnly: boolean, version: number) => {
      return client.call(CREATE_TOPICS, version, { topics: [topic], validateOnly })
    }
    expect((await ask(true, 7)).topics[0]).toMatchObject({ errorCode: 0, numPartitions: 1 })
    expect(client.core.services.topics.idOf(CALLER, 'clicks')).toBeNull()

    const { topics } = await ask(false, 7)
    const [created] = topics
    expect(created).toMatchObject({ errorCode: 0, numPartitions: 1, replicationFactor: 1 })
    expect(created!.topicId).toBe(client.core.services.topics.idOf(CALLER, 'clicks'))
    const retention = created!.configs!.find(({ name }) => name === 'retention.ms')
    expect(retention).toMatchObject({ value: '5', configSource: 1, readOnly: false })
    expect(created!.configs!.length).toBe(29)
  })

  test('of a whole request that is refused answers each topic', async () => {
    const { topics } = await createTwice()
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([ERRORS.INVALID_REQUEST.id])
  })

  function createTwice() {
    const topic = { name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [] }
    const twice = [
      { ...topic, configs: [] },
      { ...topic, configs: [] },
    ]
    return client.call(CREATE_TOPICS, 2, { topics: twice, validateOnly: false })
  }

  test('refuses a config that is given twice, and names of the broker’s own topics', async () => {
    const configs = [
      { name: 'retention.ms', value: '1' },
      { name: 'retention.ms', value: '2' },
    ]
    const fields = { numPartitions: 1, replicationFactor: 1, assignments: [] }
    const topics = [
      { name: 'a', ...fields, configs },
      { name: '__transaction_state', ...fields, configs: [] },
    ]
    const answer = await client.call(CREATE_TOPICS, 7, { topics, validateOnly: false })
    expect(answer.topics.map(({ errorCode }) => errorCode)).toEqual([
      ERRORS.INVALID_REQUEST.id,
      ERRORS.INVALID_TOPIC_EXCEPTION.id,
    ])
  })
})

describe('DeleteTopics', () => {
  test('6 deletes by name or by id, and answers both ways', async () => {
    const byName = await createTopic('a')
    const byId = await createTopic('b')
    const topics = [
      { name: 'a', topicId: ZERO_UUID },
      { name: null, topicId: byId.topicId },
    ]
    const { responses } = await client.call(DELETE_TOPICS, 6, { topics, timeoutMs: 9 })
    expect(responses).toMatchObject([
      { name: 'a', topicId: byName.topicId, errorCode: 0 },
      { name: 'b', topicId: byId.topicId, errorCode: 0 },
    ])
    expect(client.core.services.topics.idOf(CALLER, 'b')).toBeNull()
  })

  test('deletes nothing that is named by its name and by its id in one request', async () => {
    const { topicId } = await createTopic('a')
    const topics = [
      { name: 'a', topicId: ZERO_UUID },
      { name: null, topicId },
    ]
    const { responses } = await client.call(DELETE_TOPICS, 6, { topics, timeoutMs: 9 })
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([42, 42])
    expect(client.core.services.topics.idOf(CALLER, 'a')).toBe(topicId)
  })

  test('leaves alone the topics of the broker', async () => {
    const { responses } = await client.call(DELETE_TOPICS, 3, {
      topicNames: ['__consumer_offsets'],
      timeoutMs: 9,
    })
    expect(responses).toMatchObject([{ errorCode: ERRORS.INVALID_TOPIC_EXCEPTION.id }])
  })

  test('says that deletion is off, where it is', async () => {
    await client.close()
    client = await KafkaHandlerClient.open(adminHandlers, { 'delete.topic.enable': 'false' })
    await createTopic('a')
    const { responses } = await client.call(DELETE_TOPICS, 5, { topicNames: ['a'], timeoutMs: 9 })
    expect(responses).toMatchObject([{ errorCode: ERRORS.TOPIC_DELETION_DISABLED.id }])
  })
})

test('CreatePartitions leaves alone the topics of the broker, whose state is found by their number', async () => {
  const topics = [{ name: '__consumer_offsets', count: 90, assignments: null }]
  const { results } = await client.call(CREATE_PARTITIONS, 3, {
    topics,
    timeoutMs: 1_000,
    validateOnly: false,
  })
  expect(results).toMatchObject([{ errorCode: ERRORS.INVALID_TOPIC_EXCEPTION.id }])
})

describe('DescribeConfigs', () => {
  function describeConfigs(version: number, documentation: boolean, keys: string[] | null) {
    const resource = { resourceType: TOPIC, resourceName: 'own', configurationKeys: keys }
    const more = version >= 3 ? { includeDocumentation: documentation } : {}
    return client.call(DESCRIBE_CONFIGS, version, {
      resources: [resource],
      includeSynonyms: true,
      ...more,
    })
  }

  test('gives synonyms and source, which Connect reads cleanup.policy by', async () => {
    await createTopic('own', 1, { 'cleanup.policy': 'compact' })
    const { results } = await describeConfigs(1, false, ['cleanup.policy'])
    expect(results[0]!.configs).toMatchObject([
      {
        name: 'cleanup.policy',
        value: 'compact',
        configSource: 1,
        synonyms: [
          { name: 'cleanup.policy', value: 'compact', source: 1 },
          { name: 'cleanup.policy', value: 'delete', source: 5 },
        ],
      },
    ])
  })

  test('documents when it is asked to, and takes an empty list of keys for all', async () => {
    await createTopic('own')
    const all = await describeConfigs(4, true, [])
    expect(all.results[0]!.configs.length).toBe(29)
    expect(all.results[0]!.configs.every(({ documentation }) => documentation !== null)).toBe(true)
    const silent = await describeConfigs(4, false, null)
    expect(silent.results[0]!.configs.every(({ documentation }) => documentation === null)).toBe(
      true,
    )
  })
})

test('AlterConfigs replaces what a topic has: what is not named goes', async () => {
  await createTopic('own', 1, { 'retention.ms': '1', 'segment.ms': '2' })
  const configs = [{ name: 'segment.ms', value: '3' }]
  const resources = [{ resourceType: TOPIC, resourceName: 'own', configs }]
  await client.call(ALTER_CONFIGS, 0, { resources, validateOnly: false })
  const of = { type: 'topic', name: 'own' } as const
  expect([...client.core.store.image.configs(of)]).toEqual([['segment.ms', '3']])
})

test('ListConfigResources without types lists all that there is', async () => {
  await createTopic('b')
  await createTopic('a')
  const { configResources } = await client.call(LIST_CONFIG_RESOURCES, 1, { resourceTypes: [] })
  expect(configResources).toMatchObject([
    { resourceName: 'a', resourceType: TOPIC },
    { resourceName: 'b', resourceType: TOPIC },
    { resourceName: '1', resourceType: 4 },
  ])
})

describe('DeleteRecords', () => {
  function deleteRecords(topic: string, ...offsets: number[]) {
    const partitions = offsets.map((offset, partitionIndex) => ({ partitionIndex, offset }))
    return client.call(DELETE_RECORDS, 2, { topics: [{ name: topic, partitions }], timeoutMs: 9 })
  }

  test('takes -1 for the high watermark, as Kafka Streams sends it', async () => {
    await createTopic('repartition')
    await produce('repartition', 3)
    const upTo = async (offset: number) => {
      const { topics } = await deleteRecords('repartition', offset)
      return topics[0]!.partitions[0]!.lowWatermark
    }
    expect(await upTo(1)).toBe(1)
    expect(await upTo(0), 'deleted records do not come back').toBe(1)
    expect(await upTo(-1)).toBe(3)
  })

  test('answers each partition, whatever becomes of the others', async () => {
    await createTopic('own', 2)
    await produce('own', 1)
    const { topics } = await deleteRecords('own', 1, 7, 0)
    expect(topics[0]!.partitions).toEqual([
      { partitionIndex: 0, lowWatermark: 1, errorCode: 0 },
      { partitionIndex: 1, lowWatermark: -1, errorCode: ERRORS.OFFSET_OUT_OF_RANGE.id },
      { partitionIndex: 2, lowWatermark: -1, errorCode: ERRORS.UNKNOWN_TOPIC_OR_PARTITION.id },
    ])
  })
})

test('DescribeLogDirs tells the absolute path, the bytes of each partition, and those of the disk', async () => {
  await createTopic('b', 2)
  await createTopic('a')
  await produce('b', 2)
  const { results } = await client.call(DESCRIBE_LOG_DIRS, 4, { topics: null })
  const bytes = 2 * testBatch().byteLength
  const at = { offsetLag: 0, isFutureKey: false }
  expect(results).toEqual([
    {
      errorCode: 0,
      logDir: '/data',
      topics: [
        { name: 'a', partitions: [{ partitionIndex: 0, partitionSize: 0, ...at }] },
        {
          name: 'b',
          partitions: [
            { partitionIndex: 0, partitionSize: bytes, ...at },
            { partitionIndex: 1, partitionSize: 0, ...at },
          ],
        },
      ],
      totalBytes: -1,
      usableBytes: -1,
      isCordoned: false,
    },
  ])
})
