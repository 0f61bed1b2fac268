// A whole broker, asked by a client that knows only frames and codecs: the ways of a first client.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { LIST_OFFSETS } from '../../../src/protocol/kafka/gen/list-offsets.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { KafkaClient } from '../../support/kafka-client.ts'

let broker: TestBroker
let client: KafkaClient

beforeAll(async () => {
  broker = await TestBroker.start()
  client = await KafkaClient.connect(broker.kafkaPort)
})

afterAll(async () => {
  client.close()
  await broker.remove()
})

test('a client asks what is served, finds the leader, produces, looks up offsets, and fetches', async () => {
  const versions = await client.call(API_VERSIONS, 3, {
    clientSoftwareName: 'test',
    clientSoftwareVersion: '1.0',
  })
  expect(versions.errorCode).toBe(0)
  expect(versions.apiKeys).toContainEqual({ apiKey: 0, minVersion: 0, maxVersion: 12 })

  const { brokers, topics } = await client.call(METADATA, 12, { topics: [{ name: 'clicks' }] })
  expect(brokers).toEqual([{ nodeId: 1, host: '127.0.0.1', port: broker.kafkaPort, rack: null }])
  expect(topics[0]).toMatchObject({ errorCode: 0, name: 'clicks', isInternal: false })
  expect(topics[0]!.partitions).toMatchObject([{ partitionIndex: 0, leaderId: 1 }])

  const batch = batchOf(3, 1, { timestamp: Date.now() })
  const partitionData = [{ index: 0, records: Buffer.from(batch) }]
  const produced = await client.call(PRODUCE, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name: 'clicks', partitionData }],
  })
  expect(produced.responses[0]!.partitionResponses).toMatchObject([
    { index: 0, errorCode: 0, baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0 },
  ])

  const listed = await client.call(LIST_OFFSETS, 7, {
    replicaId: -1,
    topics: [{ name: 'clicks', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  })
  expect(listed.topics[0]!.partitions).toMatchObject([{ errorCode: 0, offset: 3, timestamp: -1 }])

  const fetched = await client.call(FETCH, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    isolationLevel: 0,
    topics: [
      {
        topic: 'clicks',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_048_576 }],
      },
    ],
  })
  const [partition] = fetched.responses[0]!.partitions
  expect(partition).toMatchObject({ errorCode: 0, highWatermark: 3, lastStableOffset: 3 })
  // The batch as it was sent, but for the leader epoch, which the broker stamps.
  expect(partition!.records!.subarray(16)).toEqual(batch.subarray(16))
})

test('requests that come together are answered in their order', async () => {
  const sent = [
    client.send(METADATA, 9, { topics: null }),
    client.send(API_VERSIONS, 0, {}),
    client.send(METADATA, 9, { topics: [] }),
  ]
  const answers = [
    await client.answer(METADATA, 9),
    await client.answer(API_VERSIONS, 0),
    await client.answer(METADATA, 9),
  ]
  expect(answers.map(({ correlationId }) => correlationId)).toEqual(sent)
})
