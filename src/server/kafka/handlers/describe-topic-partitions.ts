// DescribeTopicPartitions: topics, so many partitions at a time (KIP-966).
//
// Topics come in the order of their names, whatever the order of the request, so that a cursor, the
// topic and partition to go on with, means the same in every request.
// Source: DescribeTopicPartitionsRequestHandler in apache/kafka.

import { BrokerError, ERRORS, type ErrorCode } from '../../../base/errors.ts'
import { ZERO_UUID } from '../../../base/uuid.ts'
import { isInternalTopic } from '../../../metadata/internal-topics.ts'
import type { PartitionPlacement } from '../../../metadata/metadata-record.ts'
import {
  DESCRIBE_TOPIC_PARTITIONS,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponseInit,
  type DescribeTopicPartitionsResponsePartitionInit,
  type DescribeTopicPartitionsResponseTopicInit,
} from '../../../protocol/kafka/gen/describe-topic-partitions.ts'
import type { Services } from '../../broker-core.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../handler.ts'
import { placedPartition } from '../nodes.ts'
import { checkCount, firstError } from './error-fields.ts'

/** Most partitions of an answer: `max.request.partition.size.limit` of Kafka. */
const MAX_PARTITIONS = 2_000

/** Most names of a request: they are sorted before anything else. */
const MAX_NAMES = 20_000

type RoutingServices = Pick<Services, 'routing'>

export function describeTopicPartitionsHandlers(services: RoutingServices): KafkaHandler[] {
  return [
    handlerOf(DESCRIBE_TOPIC_PARTITIONS, {
      handle: (request, context) => describe(services, request, context),
      // Such an answer has no error of its own.
      refuse: ({ topics }, error) => ({
        throttleTimeMs: 0,
        topics: topics.map(({ name }) => failed(name, error.code)),
      }),
      outcome: ({ topics }) => firstError(topics),
    }),
  ]
}

function describe(
  { routing }: RoutingServices,
  { topics: asked, cursor, responsePartitionLimit }: DescribeTopicPartitionsRequest,
  { caller }: KafkaContext,
): DescribeTopicPartitionsResponseInit {
  checkCount(asked.length, MAX_NAMES, 'topics')
  if (cursor !== null && cursor.partitionIndex < 0) {
    throw new BrokerError('INVALID_REQUEST', { message: 'The cursor has no partition' })
  }
  const names =
    asked.length === 0
      ? routing.topics(caller).map(({ name }) => name)
      : [...new Set(asked.map(({ name }) => name))].sort()
  let room = Math.max(1, Math.min(responsePartitionLimit, MAX_PARTITIONS))
  const topics: DescribeTopicPartitionsResponseTopicInit[] = []
  for (const name of names) {
    if (cursor !== null && name < cursor.topicName) continue
    const first = cursor?.topicName === name ? cursor.partitionIndex : 0
    if (room === 0) {
      return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    }
    const topic = routing.topic(caller, name)
    if (typeof topic === 'string') {
      topics.push(failed(name, topic))
      continue
    }
    const { topicId, partitions } = topic
    const some = partitions.slice(first, first + room)
    room -= some.length
    const isInternal = isInternalTopic(name)
    topics.push({ errorCode: 0, name, topicId, isInternal, partitions: some.map(placed) })
    const next = first + some.length
    if (next < partitions.length) {
      return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: next } }
    }
  }
  return { throttleTimeMs: 0, topics }
}

function placed(placement: PartitionPlacement): DescribeTopicPartitionsResponsePartitionInit {
  return { ...placedPartition(placement), eligibleLeaderReplicas: [], lastKnownElr: [] }
}

function failed(name: string, code: ErrorCode): DescribeTopicPartitionsResponseTopicInit {
  const errorCode = ERRORS[code].id
  return { errorCode, name, topicId: ZERO_UUID, isInternal: isInternalTopic(name), partitions: [] }
}
