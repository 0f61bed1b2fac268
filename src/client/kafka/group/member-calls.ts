// What a member of a group says and is told, over Kafka: ConsumerGroupHeartbeat, which names topics by
// their ids.

import { CONSUMER_GROUP_HEARTBEAT } from '../../../protocol/kafka/gen/consumer-group-heartbeat.ts'
import type {
  AssignedTopicPartitions,
  ConsumerGroupHeartbeatRequestInit,
} from '../../../protocol/kafka/gen/consumer-group-heartbeat.ts'
import { METADATA } from '../../../protocol/kafka/gen/metadata.ts'
import type { Uuid } from '../../../base/uuid.ts'
import { ZERO_UUID } from '../../../base/uuid.ts'
import { SluiceError } from '../../errors.ts'
import { MEMBER_EPOCH } from '../../group-calls.ts'
import type { GroupCalls, GroupHeartbeat } from '../../group-calls.ts'
import type { PartitionRef } from '../../transport.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import { throwErrorOf } from '../kafka-error.ts'
import type { Coordinators } from './coordinators.ts'

/** First version of Metadata that finds topics by their ids. */
const METADATA_BY_ID = 12

export function memberCalls(
  cluster: Cluster,
  coordinators: Coordinators,
): Pick<GroupCalls, 'heartbeatGroup'> {
  /** Assignments with topics whose names nobody could tell yet: the coordinator tells them once. */
  const untold = new Map<string, readonly AssignedTopicPartitions[]>()
  return {
    async heartbeatGroup(heartbeat, timeoutMs) {
      const { groupId, memberId, memberEpoch } = heartbeat
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const member = `${memberId} ${groupId}`
      if (memberEpoch <= MEMBER_EPOCH.join) untold.delete(member)
      const owned = await ownedByIds(cluster, heartbeat)
      const answer = await coordinators.at(groupId, deadline, async (ask) => {
        const response = await ask(CONSUMER_GROUP_HEARTBEAT, (version) => {
          return requestOf(heartbeat, owned, version)
        })
        throwErrorOf(response.errorCode, response.errorMessage, { group: groupId })
        return response
      })
      const assigned = answer.assignment?.topicPartitions ?? untold.get(member)
      untold.delete(member)
      if (memberEpoch < MEMBER_EPOCH.join || assigned === undefined) {
        return { ...timesOf(answer), assignment: null }
      }
      const assignment = await namesOf(cluster, assigned, deadline)
      if (assignment === null) untold.set(member, assigned)
      return { ...timesOf(answer), assignment }
    },
  }
}

function timesOf({
  memberEpoch,
  heartbeatIntervalMs,
}: {
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
}): { memberEpoch: number; heartbeatIntervalMs: number } {
  return { memberEpoch, heartbeatIntervalMs }
}

function requestOf(
  heartbeat: GroupHeartbeat,
  owned: readonly AssignedTopicPartitions[] | null,
  version: number,
): ConsumerGroupHeartbeatRequestInit {
  const joins = heartbeat.memberEpoch === MEMBER_EPOCH.join
  // Version 0 knows no patterns; who joins has none to take back.
  const noPattern = heartbeat.subscribedPattern === '' && (joins || version === 0)
  return {
    groupId: heartbeat.groupId,
    memberId: heartbeat.memberId,
    memberEpoch: heartbeat.memberEpoch,
    instanceId: heartbeat.instanceId,
    rackId: heartbeat.rackId,
    rebalanceTimeoutMs: heartbeat.rebalanceTimeoutMs ?? -1,
    subscribedTopicNames: heartbeat.subscribedTopics,
    subscribedTopicRegex: noPattern ? null : heartbeat.subscribedPattern,
    serverAssignor: heartbeat.serverAssignor,
    topicPartitions: joins ? [] : owned,
  }
}

/** What a member reads, by the ids of the topics. A topic that is gone has none and is left out. */
async function ownedByIds(
  cluster: Cluster,
  { memberEpoch, ownedPartitions }: GroupHeartbeat,
): Promise<readonly AssignedTopicPartitions[] | null> {
  if (ownedPartitions === null || memberEpoch <= MEMBER_EPOCH.join) return null
  const byTopic = Map.groupBy(ownedPartitions, ({ topic }) => topic)
  const unknown = [...byTopic.keys()].filter((name) => {
    return cluster.metadata.topic(name) === undefined
  })
  if (unknown.length > 0) await cluster.loadTopics(unknown)
  return [...byTopic].flatMap(([name, refs]) => {
    const topicId = cluster.metadata.topic(name)?.topicId ?? ZERO_UUID
    if (topicId === ZERO_UUID) return []
    return [{ topicId, partitions: refs.map(({ partition }) => partition) }]
  })
}

/** Null when a topic has no name that anybody could tell now. */
async function namesOf(
  cluster: Cluster,
  assigned: readonly AssignedTopicPartitions[],
  deadline: Deadline,
): Promise<readonly PartitionRef[] | null> {
  const { metadata } = cluster
  const unknown = assigned
    .map(({ topicId }) => topicId)
    .filter((topicId) => metadata.nameOf(topicId) === undefined)
  if (unknown.length > 0) await loadById(cluster, unknown, deadline)
  if (unknown.some((topicId) => metadata.nameOf(topicId) === undefined)) return null
  return assigned.flatMap(({ topicId, partitions }) => {
    const topic = metadata.nameOf(topicId)!
    return partitions.map((partition) => ({ topic, partition }))
  })
}

async function loadById(
  cluster: Cluster,
  topicIds: readonly Uuid[],
  deadline: Deadline,
): Promise<void> {
  try {
    const request = (version: number) => {
      const byId = version >= METADATA_BY_ID
      const topics = byId ? topicIds.map((topicId) => ({ topicId, name: null })) : null
      return { topics, allowAutoTopicCreation: false }
    }
    cluster.metadata.update(await cluster.callAny(METADATA, request, deadline.leftMs))
  } catch (error) {
    // They stay unknown until the next heartbeat, unless nothing can be asked at all any more.
    if (SluiceError.from(error).code === 'CLOSED') throw error
  }
}
