// Groups and their members, from Kafka's words for them: the newer protocol tells topics as such, the
// classic one as bytes that the members understand.

import { DecodeError } from '../../../protocol/kafka/decode-error.ts'
import type { DescribedGroup as WireConsumerGroup } from '../../../protocol/kafka/gen/consumer-group-describe.ts'
import {
  CONSUMER_PROTOCOL_ASSIGNMENT,
  CONSUMER_PROTOCOL_SUBSCRIPTION,
} from '../../../protocol/kafka/gen/consumer-protocol.ts'
import type {
  DescribedGroup as WireClassicGroup,
  DescribedGroupMember,
} from '../../../protocol/kafka/gen/describe-groups.ts'
import type { MessageCodec } from '../../../protocol/kafka/message-codec.ts'
import { decodeForward } from '../../../protocol/kafka/versioned-bytes.ts'
import type { GroupDescription, GroupMember, GroupState, GroupType } from '../../group-calls.ts'
import type { PartitionRef } from '../../transport.ts'

/** What the coordinator tells of a group. */
export type DescribedGroup = Omit<GroupDescription, 'coordinator' | 'partitions'>

const CONSUMERS = 'consumer'

const STATES: readonly GroupState[] = [
  'Empty',
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Assigning',
  'Reconciling',
  'Dead',
]

export function stateOf(name: string): GroupState {
  return STATES.find((state) => state.toLowerCase() === name.toLowerCase()) ?? 'Unknown'
}

export function typeOf(name: string): GroupType {
  const lower = name.toLowerCase()
  return lower === 'classic' || lower === 'consumer' ? lower : 'unknown'
}

export function fromConsumer(group: WireConsumerGroup): DescribedGroup {
  const { groupId, groupState, groupEpoch, assignorName: assignor } = group
  const members = group.members.map((member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberEpoch: member.memberEpoch,
    subscribedTopics: member.subscribedTopicNames,
    subscribedPattern: member.subscribedTopicRegex || null,
    assignment: refsOf(member.assignment.topicPartitions),
    targetAssignment: refsOf(member.targetAssignment.topicPartitions),
  }))
  return {
    groupId,
    type: 'consumer',
    protocolType: CONSUMERS,
    state: stateOf(groupState),
    assignor,
    groupEpoch,
    members: members.toSorted(byClient),
  }
}

export function fromClassic(group: WireClassicGroup): DescribedGroup {
  const { groupId, groupState, protocolType, protocolData: assignor } = group
  const members = group.members.map((member) => classicMember(member, protocolType === CONSUMERS))
  return {
    groupId,
    type: 'classic',
    protocolType,
    state: stateOf(groupState),
    assignor,
    groupEpoch: -1,
    members: members.toSorted(byClient),
  }
}

function classicMember(member: DescribedGroupMember, readable: boolean): GroupMember {
  const { memberId, groupInstanceId: instanceId, clientId, clientHost } = member
  const { memberMetadata, memberAssignment } = member
  const subscription = readable ? said(CONSUMER_PROTOCOL_SUBSCRIPTION, memberMetadata) : null
  const assigned = readable ? said(CONSUMER_PROTOCOL_ASSIGNMENT, memberAssignment) : null
  const assignment = (assigned?.assignedPartitions ?? []).flatMap(({ topic, partitions }) => {
    return partitions.map((partition) => ({ topic, partition }))
  })
  return {
    memberId,
    instanceId,
    clientId,
    clientHost,
    memberEpoch: -1,
    subscribedTopics: subscription?.topics ?? [],
    subscribedPattern: null,
    assignment,
    targetAssignment: assignment,
  }
}

/** Null for what is not there yet, or was made by somebody who speaks otherwise. */
function said<Message>(codec: MessageCodec<Message, never>, bytes: Buffer): Message | null {
  if (bytes.byteLength === 0) return null
  try {
    return decodeForward(codec, bytes)
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

function refsOf(
  topics: readonly { readonly topicName: string; readonly partitions: readonly number[] }[],
): readonly PartitionRef[] {
  return topics.flatMap(({ topicName: topic, partitions }) => {
    return partitions.map((partition) => ({ topic, partition }))
  })
}

function byClient(a: GroupMember, b: GroupMember): number {
  if (a.clientId !== b.clientId) return a.clientId < b.clientId ? -1 : 1
  return a.memberId < b.memberId ? -1 : 1
}
