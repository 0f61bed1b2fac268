// What an administrator asks for over Kafka's protocol: configurations, log starts, deletions.

import { DELETE_RECORDS } from '../../src/protocol/kafka/gen/delete-records.ts'
import { DELETE_TOPICS } from '../../src/protocol/kafka/gen/delete-topics.ts'
import { INCREMENTAL_ALTER_CONFIGS } from '../../src/protocol/kafka/gen/incremental-alter-configs.ts'
import { LIST_OFFSETS } from '../../src/protocol/kafka/gen/list-offsets.ts'
import type { KafkaClient } from './kafka-client.ts'

const RESOURCE_TYPES = { topic: 2, broker: 4 } as const
const [SET, DELETE] = [0, 1]

/** Sets configurations; null unsets. @throws Error when that is refused */
export async function alterConfigs(
  client: KafkaClient,
  type: keyof typeof RESOURCE_TYPES,
  name: string,
  configs: Readonly<Record<string, string | null>>,
): Promise<void> {
  const changes = Object.entries(configs).map(([option, value]) => {
    return { name: option, configOperation: value === null ? DELETE! : SET!, value }
  })
  const resources = [{ resourceType: RESOURCE_TYPES[type], resourceName: name, configs: changes }]
  const request = { resources, validateOnly: false }
  const { responses } = await client.call(INCREMENTAL_ALTER_CONFIGS, 1, request)
  const { errorCode, errorMessage } = responses[0]!
  if (errorCode !== 0) throw new Error(`refused with error ${errorCode}: ${errorMessage}`)
}

/** Offset at a time of partition 0; -2: where it starts, -1: where it ends. */
export async function offsetAt(
  client: KafkaClient,
  topic: string,
  timestamp: number,
): Promise<number> {
  const partitions = [{ partitionIndex: 0, timestamp }]
  const { topics } = await client.call(LIST_OFFSETS, 5, {
    replicaId: -1,
    topics: [{ name: topic, partitions }],
  })
  return topics[0]!.partitions[0]!.offset
}

/** Deletes the records of partition 0 before an offset. @returns the error's number; 0 for none */
export async function deleteRecords(
  client: KafkaClient,
  topic: string,
  offset: number,
): Promise<number> {
  const partitions = [{ partitionIndex: 0, offset }]
  const request = { topics: [{ name: topic, partitions }], timeoutMs: 10_000 }
  const { topics } = await client.call(DELETE_RECORDS, 2, request)
  return topics[0]!.partitions[0]!.errorCode
}

/** @returns the error's number; 0 for none */
export async function deleteTopic(client: KafkaClient, topic: string): Promise<number> {
  const request = { topicNames: [topic], timeoutMs: 10_000 }
  const { responses } = await client.call(DELETE_TOPICS, 5, request)
  return responses[0]!.errorCode
}
