// What is asked of both brokers beside the load: topics, and the first record after a start.

import { setTimeout as delay } from 'node:timers/promises'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import { DELETE_TOPICS } from '../../../src/protocol/kafka/gen/delete-topics.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { KafkaClient } from '../../../test/support/kafka-client.ts'

const TIMEOUT_MS = 60_000

/** Resolves when the broker has made the topic. Asks again until it answers at all. */
export async function createTopic(
  address: string,
  name: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  await untilDone(address, async (client) => {
    const settings = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const topic = {
      ...{ name, numPartitions: partitions, replicationFactor: 1 },
      ...{ assignments: [], configs: settings },
    }
    const request = { topics: [topic], timeoutMs: TIMEOUT_MS, validateOnly: false }
    const { topics } = await client.call(CREATE_TOPICS, 4, request)
    return topics[0]!.errorCode
  })
}

export async function deleteTopic(address: string, name: string): Promise<void> {
  await untilDone(address, async (client) => {
    const request = { topicNames: [name], timeoutMs: TIMEOUT_MS }
    const { responses } = await client.call(DELETE_TOPICS, 4, request)
    return responses[0]!.errorCode
  })
}

/** Resolves when the broker has acknowledged one batch with acks=all. Asks again until it does. */
export async function produceOnce(address: string, topic: string, batch: Buffer): Promise<void> {
  await untilDone(address, async (client) => {
    const partitionData = [{ index: 0, records: batch }]
    const request = { acks: -1, timeoutMs: TIMEOUT_MS, topicData: [{ name: topic, partitionData }] }
    const { responses } = await client.call(PRODUCE, 7, request)
    return responses[0]!.partitionResponses[0]!.errorCode
  })
}

async function untilDone(
  address: string,
  ask: (client: KafkaClient) => Promise<number>,
): Promise<void> {
  const end = performance.now() + TIMEOUT_MS
  let last: unknown = 'nothing'
  while (performance.now() < end) {
    try {
      const client = await KafkaClient.connect(address)
      try {
        const errorCode = await ask(client)
        if (errorCode === 0) return
        last = `error ${errorCode}`
      } finally {
        client.close()
      }
    } catch (error) {
      last = error
    }
    await delay(5)
  }
  throw new Error(`${address} did not do it in time; the last answer was: ${String(last)}`)
}
