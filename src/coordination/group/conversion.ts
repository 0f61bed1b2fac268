// Which group a request of one protocol meets, where the other protocol may have the name.
//
// An empty group changes over to the protocol of whoever comes next; its offsets stay. A group with
// members keeps its protocol: members of the other one are refused until it is empty.

import type { ClassicGroup } from './classic/classic-group.ts'
import type { ConsumerGroup } from './consumer/consumer-group.ts'
import { JOIN_EPOCH } from './consumer/messages.ts'
import type { ConsumerHeartbeatRequest } from './consumer/messages.ts'
import { refuse } from './env.ts'
import type { Env } from './env.ts'

/**
 * The group that a member of the classic protocol joins; null for one that is yet to be made.
 *
 * @throws BrokerError INCONSISTENT_GROUP_PROTOCOL when it has members of the newer protocol
 */
export function classicGroupFor(env: Env, groupId: string): ClassicGroup | null {
  const consumer = env.state.consumer.get(groupId)
  if (consumer !== undefined && consumer.members.size > 0) {
    refuse('INCONSISTENT_GROUP_PROTOCOL', 'The group has members of the consumer protocol')
  }
  return env.classic.get(groupId) ?? null
}

/**
 * The group that a member of the newer protocol meets; null for one that is yet to be made.
 *
 * @throws BrokerError GROUP_ID_NOT_FOUND when there is none and the member does not join, or when it
 *   has members of the classic protocol; POLICY_VIOLATION when there are too many groups
 */
export function consumerGroupFor(
  env: Env,
  { groupId, memberEpoch }: ConsumerHeartbeatRequest,
): ConsumerGroup | null {
  const group = env.state.consumer.get(groupId)
  if (group !== undefined) return group
  if (memberEpoch !== JOIN_EPOCH) refuse('GROUP_ID_NOT_FOUND')
  const classic = env.classic.get(groupId)
  if (classic !== undefined && (classic.state !== 'Empty' || classic.pendingIds.size > 0)) {
    refuse('GROUP_ID_NOT_FOUND', 'The group has members of the classic protocol')
  }
  const { maxGroups } = env.options
  if (classic === undefined && env.state.groupCount >= maxGroups) {
    refuse('POLICY_VIOLATION', 'The coordinator has too many groups', { maxGroups })
  }
  return null
}
