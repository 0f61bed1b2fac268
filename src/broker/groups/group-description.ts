// A group as administrators see it, whatever protocol it follows.

import { BrokerError } from '../../base/errors.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import {
  readAssignment,
  CONSUMER_PROTOCOL_TYPE,
} from '../../coordination/group/classic/subscription.ts'
import type { DescribedConsumerGroup } from '../../coordination/group/consumer/describe.ts'
import type {
  DescribedClassicGroup,
  GroupStateName,
  GroupType,
} from '../../coordination/group/group-messages.ts'
import type { GroupCoordinator } from '../../coordination/group/group-coordinator.ts'

export interface MemberDescription {
  readonly memberId: string
  /** Name of a static member; null for a dynamic one. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Null where the group's protocol keeps it to itself: workers of Kafka Connect, for one. */
  readonly assigned: readonly TopicPartition[] | null
}

export interface GroupDescription {
  readonly groupId: string
  readonly type: GroupType
  readonly state: GroupStateName
  /** "consumer" for consumers; empty for a group that has offsets alone. */
  readonly protocolType: string
  /** Name of the assignor; empty while there is none. */
  readonly assignor: string
  /** Group epoch of the newer protocol; -1 in the classic one, which keeps its generation to itself. */
  readonly epoch: number
  readonly members: readonly MemberDescription[]
}

/** @throws BrokerError GROUP_ID_NOT_FOUND, and as GroupCoordinator */
export async function describeGroup(
  coordinator: GroupCoordinator,
  groupId: string,
): Promise<GroupDescription> {
  try {
    return fromConsumer(await coordinator.describeConsumerGroup(groupId))
  } catch (error) {
    if (!(error instanceof BrokerError) || error.code !== 'GROUP_ID_NOT_FOUND') throw error
  }
  return fromClassic(await coordinator.describeClassicGroup(groupId))
}

function fromConsumer(group: DescribedConsumerGroup): GroupDescription {
  const { groupId, state, assignor, epoch } = group
  const members = group.members.map((member) => {
    const { memberId, instanceId, clientId, clientHost } = member
    const assigned = member.assigned.map(({ topic, partition }) => ({ topic, partition }))
    return { memberId, instanceId, clientId, clientHost, assigned }
  })
  const protocolType = CONSUMER_PROTOCOL_TYPE
  return { groupId, type: 'consumer', state, protocolType, assignor, epoch, members }
}

function fromClassic(group: DescribedClassicGroup): GroupDescription {
  const { groupId, state, protocolType, protocol: assignor } = group
  const isReadable = protocolType === CONSUMER_PROTOCOL_TYPE
  const members = group.members.map((member) => {
    const { memberId, instanceId, clientId, clientHost, assignment } = member
    const assigned = isReadable ? (readAssignment(assignment)?.partitions ?? null) : null
    return { memberId, instanceId, clientId, clientHost, assigned }
  })
  return { groupId, type: 'classic', state, protocolType, assignor, epoch: -1, members }
}
