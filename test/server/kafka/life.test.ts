// The Kafka front from its start to its stop: who comes early, what is answered at the end, what the
// metrics say.

import { afterEach, expect, test } from 'vitest'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { eventually } from '../../support/grpc-client.ts'
import { KafkaClient } from '../../support/kafka-client.ts'

let broker: TestBroker

afterEach(() => broker.remove())

function fetchOf(topic: string, maxWaitMs: number): object {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }]
  return { maxWaitMs, minBytes: 1, isolationLevel: 0, topics: [{ topic, partitions }] }
}

function produceOf(topic: string): object {
  const records = batchOf(1, 10, { timestamp: Date.now() })
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  return { acks: -1, timeoutMs: 5_000, topicData }
}

async function metrics(): Promise<string> {
  return await (await fetch(`${broker.url}/metrics`)).text()
}

test('a stop answers what is in flight, ends long polls, and takes less than 5 s', async () => {
  broker = await TestBroker.start()
  const idle = await KafkaClient.connect(broker.kafkaPort)
  const poll = await KafkaClient.connect(broker.kafkaPort)
  await poll.call(METADATA, 9, { topics: [{ name: 'silent' }] })
  poll.send(FETCH, 11, fetchOf('silent', 60_000) as never)
  await eventually(async () => /^sluice_fetch_waiting 1$/m.test(await metrics()))

  const begun = performance.now()
  await broker.stop()
  expect(performance.now() - begun).toBeLessThan(5_000)
  const { message } = await poll.answer(FETCH, 11)
  expect(message.responses[0]!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 0 })
  await Promise.all([poll.closed, idle.closed])
})

test('what was produced over Kafka is there after a restart, under a port that is free again', async () => {
  broker = await TestBroker.start()
  const before = await KafkaClient.connect(broker.kafkaPort)
  const { responses } = await before.call(PRODUCE, 9, produceOf('kept') as never)
  expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
  await broker.stop()
  await before.closed
  await broker.open()
  const after = await KafkaClient.connect(broker.kafkaPort)
  const fetched = await after.call(FETCH, 11, fetchOf('kept', 1_000) as never)
  expect(fetched.responses[0]!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 1 })
  after.close()
})

test('the metrics count requests by API and outcome, their bytes and time, and connections', async () => {
  broker = await TestBroker.start()
  const client = await KafkaClient.connect(broker.kafkaPort)
  await client.call(API_VERSIONS, 0, {})
  await client.call(METADATA, 9, { topics: [{ name: 'a/b' }] })
  client.sendBytes(Buffer.alloc(8)) // a frame of no bytes
  await client.closed
  const other = await KafkaClient.connect(broker.kafkaPort)
  await other.call(API_VERSIONS, 0, {})

  const text = await metrics()
  expect(text).toMatch(/^sluice_requests_total\{api="ApiVersions",outcome="OK"\} 2$/m)
  expect(text).toMatch(
    /^sluice_requests_total\{api="Metadata",outcome="INVALID_TOPIC_EXCEPTION"\} 1$/m,
  )
  expect(text).toMatch(/^sluice_request_bytes_total\{api="Metadata"\} [1-9]\d*$/m)
  expect(text).toMatch(/^sluice_response_bytes_total\{api="Metadata"\} [1-9]\d*$/m)
  expect(text).toMatch(/^sluice_request_duration_seconds_count\{api="Metadata"\} 1$/m)
  expect(text).toMatch(/^sluice_connections\{listener="kafka"\} 1$/m)
  expect(text).toMatch(/^sluice_connections_total\{listener="kafka"\} 2$/m)
  expect(text).toMatch(/^sluice_connection_errors_total\{listener="kafka"\} 1$/m)
  other.close()
})

test('connections.max.idle.ms, max.connections.per.ip and socket.request.max.bytes are what they say', async () => {
  broker = await TestBroker.start({
    options: {
      'connections.max.idle.ms': '1500',
      'max.connections.per.ip': '2',
      'socket.request.max.bytes': '2000',
    },
  })
  const [idle, large] = [
    await KafkaClient.connect(broker.kafkaPort),
    await KafkaClient.connect(broker.kafkaPort),
  ]
  const third = await KafkaClient.connect(broker.kafkaPort)
  await third.closed
  large.send(METADATA, 9, { topics: [{ name: 'x'.repeat(3_000) }] })
  await large.closed
  await idle.closed
})

test('clients are told the advertised address, or where they have come to already', async () => {
  broker = await TestBroker.start({
    options: { 'advertised.listeners.kafka': 'kafka.example.org:19092' },
  })
  const told = async (): Promise<object> => {
    const client = await KafkaClient.connect(broker.kafkaPort)
    const { brokers } = await client.call(METADATA, 9, { topics: [] })
    client.close()
    return brokers[0]!
  }
  expect(await told()).toMatchObject({ host: 'kafka.example.org', port: 19_092 })
  await broker.stop()
  await broker.open({
    options: { 'listeners.kafka': '0.0.0.0:0', 'allow.insecure.listeners': 'true' },
  })
  expect(await told()).toMatchObject({ host: '127.0.0.1', port: broker.kafkaPort })
})
