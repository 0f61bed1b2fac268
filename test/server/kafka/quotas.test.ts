// Quotas on connections of a whole broker: what clients are told, and that they wait whatever they do
// (KIP-219).

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import { ALTER_CLIENT_QUOTAS } from '../../../src/protocol/kafka/gen/alter-client-quotas.ts'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { KafkaClient } from '../../support/kafka-client.ts'

let broker: TestBroker
/** Has no quota. */
let admin: KafkaClient
let client: KafkaClient

beforeAll(async () => {
  broker = await TestBroker.start()
  admin = await KafkaClient.connect(broker.kafkaPort)
  await createTopic(admin, 'clicks', 'admin')
})

afterAll(async () => {
  admin.close()
  await broker.remove()
})

beforeEach(async () => {
  client = await KafkaClient.connect(broker.kafkaPort)
  return () => client.close()
})

async function setQuota(entityType: string, name: string, key: string, value: number) {
  const entity = [{ entityType, entityName: name }]
  const entries = [{ entity, ops: [{ key, value, remove: false }] }]
  const { entries: results } = await admin.call(ALTER_CLIENT_QUOTAS, 1, {
    entries,
    validateOnly: false,
  })
  expect(results).toMatchObject([{ errorCode: 0 }])
}

async function createTopic(by: KafkaClient, name: string, clientId: string, version = 7) {
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const request = { topics: [topic], validateOnly: false }
  return await by.call(CREATE_TOPICS, version, request, clientId)
}

async function produce(bytes: number, clientId: string, version = 9): Promise<number> {
  const records = Buffer.from(batchOf(1, bytes, { timestamp: Date.now() }))
  const topicData = [{ name: 'clicks', partitionData: [{ index: 0, records }] }]
  const request = { acks: -1, timeoutMs: 5_000, topicData }
  const answer = await client.call(PRODUCE, version, request, clientId)
  expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
  return answer.throttleTimeMs
}

test('producer_byte_rate: what is over it is told, and the connection waits', async () => {
  await setQuota('client-id', 'producer', 'producer_byte_rate', 90_000)
  const begun = performance.now()
  // Ten seconds of it may be taken at once.
  const throttleMs = await produce(950_000, 'producer')
  expect(throttleMs).toBe(Math.ceil((batchOf(1, 950_000).byteLength - 900_000) / 90))
  // The answer came at once; the next request begins when the wait is over.
  await client.call(API_VERSIONS, 0, {}, 'producer')
  expect(performance.now() - begun).toBeGreaterThanOrEqual(throttleMs - 5)
})

test('consumer_byte_rate: the same for what is fetched', async () => {
  await produce(900_000, 'somebody')
  await setQuota('client-id', 'consumer', 'consumer_byte_rate', 50_000)
  const partitions = [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1_000_000 }]
  const request = { maxWaitMs: 0, minBytes: 1, topics: [{ topic: 'clicks', partitions }] }
  const fetched = await client.call(FETCH, 4, { ...request, isolationLevel: 0 }, 'consumer')
  expect(fetched.responses[0]!.partitions[0]!.records!.byteLength).toBeGreaterThan(500_000)
  expect(fetched.throttleTimeMs).toBeGreaterThan(0)
})

test('who has no quota never waits, whatever others take', async () => {
  expect(await produce(900_000, 'somebody')).toBe(0)
  const { throttleTimeMs } = await client.call(METADATA, 9, { topics: null }, 'somebody')
  expect(throttleTimeMs).toBe(0)
})

test('controller_mutation_rate: newer clients are refused, older ones wait (KIP-599)', async () => {
  await setQuota('client-id', 'maker', 'controller_mutation_rate', 0.05)
  // Half a partition is there at once: one overdraws, and it takes ten seconds to pay that back.
  await createTopic(client, 'a', 'maker')
  const other = await KafkaClient.connect(broker.kafkaPort)
  const refused = await createTopic(other, 'd', 'maker')
  expect(refused.topics[0]!.errorCode).toBe(ERRORS.THROTTLING_QUOTA_EXCEEDED.id)
  expect(refused.throttleTimeMs).toBeGreaterThan(0)
  other.close()
  const older = await KafkaClient.connect(broker.kafkaPort)
  const made = await createTopic(older, 'e', 'maker', 5)
  expect(made.topics[0]!.errorCode).toBe(0)
  expect(made.throttleTimeMs).toBeGreaterThan(0)
  older.close()
})

test('connection_creation_rate: connections over it are served later', async () => {
  await setQuota('ip', '127.0.0.1', 'connection_creation_rate', 4)
  const begun = performance.now()
  for (let count = 0; count < 6; count++) {
    const one = await KafkaClient.connect(broker.kafkaPort)
    await one.call(API_VERSIONS, 0, {})
    one.close()
  }
  expect(performance.now() - begun).toBeGreaterThanOrEqual(245)
  await setQuota('ip', '127.0.0.1', 'connection_creation_rate', 1_000)
})
