// Values of groups on the wire as domain values, and back. Topics are named on the wire, and have ids
// inside.

import type { MessageInitShape } from '@bufbuild/protobuf'
import { BrokerError } from '../../../base/errors.ts'
import type { TopicPartition } from '../../../base/topic-partition.ts'
import type {
  CommittingOffset,
  GroupSubscription,
} from '../../../broker/group-session/session-request.ts'
import type { GroupStateName, GroupType } from '../../../coordination/group/group-messages.ts'
import type { TopicPartitions } from '../../../coordination/group/records/consumer-group.ts'
import type { TopicCatalog } from '../../../coordination/group/topic-catalog.ts'
import * as pb from '../../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { safeNumber } from '../numbers.ts'

export const GROUP_STATES: Readonly<Record<GroupStateName, pb.GroupState>> = {
  Empty: pb.GroupState.EMPTY,
  PreparingRebalance: pb.GroupState.PREPARING_REBALANCE,
  CompletingRebalance: pb.GroupState.COMPLETING_REBALANCE,
  Stable: pb.GroupState.STABLE,
  Assigning: pb.GroupState.ASSIGNING,
  Reconciling: pb.GroupState.RECONCILING,
}

export const GROUP_TYPES: Readonly<Record<GroupType, pb.GroupType>> = {
  classic: pb.GroupType.CLASSIC,
  consumer: pb.GroupType.CONSUMER,
}

/** Absent: to nothing. */
export function parseSubscription(given: pb.GroupSubscription | undefined): GroupSubscription {
  return { topics: given?.topics ?? [], topicRegex: given?.topicRegex ?? '' }
}

/** @throws BrokerError INVALID_REQUEST when a number is too large */
export function parseOffset(given: pb.OffsetToCommit): CommittingOffset {
  const { topic, partition, metadata, leaderEpoch = -1 } = given
  return { topic, partition, offset: safeNumber(given.offset, 'offset'), leaderEpoch, metadata }
}

/** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION when a topic is named that is not there */
export function parseAssignment(
  catalog: TopicCatalog,
  { topics }: pb.GroupAssignment,
): TopicPartitions[] {
  return topics.map(({ topic, topicId, partitions }) => {
    const id = topicId || catalog.topic(topic)?.topicId
    if (id === undefined) throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic })
    return { topicId: id, partitions }
  })
}

/** Topics that are gone have an id and no name. */
export function assignmentMessage(
  catalog: TopicCatalog,
  assignment: readonly TopicPartitions[],
): MessageInitShape<typeof pb.GroupAssignmentSchema> {
  const topics = assignment.map(({ topicId, partitions }) => {
    const topic = catalog.topicById(topicId)?.name ?? ''
    return { topic, topicId, partitions: [...partitions] }
  })
  return { topics }
}

/** The same, of partitions that have names. */
export function namedAssignmentMessage(
  catalog: TopicCatalog,
  partitions: readonly TopicPartition[],
): MessageInitShape<typeof pb.GroupAssignmentSchema> {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const numbers = byTopic.get(topic)
    if (numbers === undefined) byTopic.set(topic, [partition])
    else numbers.push(partition)
  }
  const topics = [...byTopic].map(([topic, numbers]) => {
    return { topic, topicId: catalog.topic(topic)?.topicId ?? '', partitions: numbers }
  })
  return { topics }
}
