// An idempotent producer over the Kafka protocol, from its id to the batch that it sends twice.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { DESCRIBE_PRODUCERS } from '../../../src/protocol/kafka/gen/describe-producers.ts'
import { INIT_PRODUCER_ID } from '../../../src/protocol/kafka/gen/init-producer-id.ts'
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

async function produce(batch: Buffer): Promise<{ errorCode: number; baseOffset: number }> {
  const answer = await client.call(PRODUCE, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name: 'clicks', partitionData: [{ index: 0, records: Buffer.from(batch) }] }],
  })
  const [partition] = answer.responses[0]!.partitionResponses
  return { errorCode: partition!.errorCode, baseOffset: partition!.baseOffset }
}

test('what is sent twice is stored once', async () => {
  const given = await client.call(INIT_PRODUCER_ID, 4, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
  })
  expect(given).toMatchObject({ errorCode: 0, producerId: 0, producerEpoch: 0 })
  const { producerId, producerEpoch } = given
  const timestamp = Date.now()
  const batch = (baseSequence: number): Buffer => {
    return batchOf(3, 10, { producerId, producerEpoch, baseSequence, timestamp })
  }
  expect(await produce(batch(0))).toEqual({ errorCode: 0, baseOffset: 0 })
  expect(await produce(batch(3))).toEqual({ errorCode: 0, baseOffset: 3 })
  expect(await produce(batch(0))).toEqual({ errorCode: 0, baseOffset: 0 })
  expect(await produce(batch(9))).toEqual({ errorCode: 45, baseOffset: -1 })
  expect(await produce(batch(6))).toEqual({ errorCode: 0, baseOffset: 6 })

  const { topics } = await client.call(DESCRIBE_PRODUCERS, 0, {
    topics: [{ name: 'clicks', partitionIndexes: [0] }],
  })
  expect(topics[0]!.partitions[0]!.activeProducers).toMatchObject([
    { producerId, producerEpoch, lastSequence: 8, lastTimestamp: timestamp },
  ])
})
