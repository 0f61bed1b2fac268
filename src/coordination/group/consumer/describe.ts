// A group of the newer protocol, as administrators see it.

import type { TopicPartition } from '../../../base/topic-partition.ts'
import { refuse } from '../env.ts'
import type { Env } from '../env.ts'
import type { Assignment } from './assignment.ts'
import { preferredAssignor } from './target.ts'
import type { ConsumerState } from './consumer-group.ts'
import type { Uuid } from '../../../base/uuid.ts'

/** A partition with its topic's id. Topics that are gone have no name any more, and are left out. */
export interface AssignedPartition extends TopicPartition {
  readonly topicId: Uuid
}

export interface DescribedConsumerMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly memberEpoch: number
  /** Speaks the classic protocol, in a group on its way from one to the other. */
  readonly isClassic: boolean
  readonly clientId: string
  readonly clientHost: string
  readonly topicNames: readonly string[]
  readonly topicRegex: string | null
  readonly assigned: readonly AssignedPartition[]
  readonly target: readonly AssignedPartition[]
}

export interface DescribedConsumerGroup {
  readonly groupId: string
  readonly state: ConsumerState
  readonly epoch: number
  readonly targetEpoch: number
  /** What most members ask for, or the default. */
  readonly assignor: string
  readonly members: readonly DescribedConsumerMember[]
}

/** @throws BrokerError GROUP_ID_NOT_FOUND for a group that is not there, or of the classic protocol */
export function describeConsumerGroup(env: Env, groupId: string): DescribedConsumerGroup {
  const group = env.state.consumer.get(groupId) ?? refuse('GROUP_ID_NOT_FOUND')
  const members = [...group.members.values()].map((member) => {
    const { memberId, memberEpoch, metadata } = member
    const { instanceId, rackId, clientId, clientHost, topicNames, topicRegex } = metadata
    return {
      ...{ memberId, instanceId, rackId, memberEpoch, clientId, clientHost },
      ...{ topicNames, topicRegex, isClassic: metadata.classic !== null },
      assigned: namedPartitions(env, member.assigned),
      target: namedPartitions(env, group.target(memberId)),
    }
  })
  const { state, epoch, targetEpoch } = group
  return { groupId, state, epoch, targetEpoch, assignor: preferredAssignor(env, group), members }
}

export function namedPartitions(env: Env, assignment: Assignment): AssignedPartition[] {
  return [...assignment].flatMap(([topicId, partitions]) => {
    const topic = env.catalog.topicById(topicId)
    if (topic === null) return []
    return partitions.map((partition) => ({ topic: topic.name, topicId, partition }))
  })
}
