// How members of the newer protocol go: by their own will, for a while, or because they are fenced.

import { refuse, timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import { downgradeIfClassic } from '../migration/downgrade.ts'
import { currentAssignmentValue } from './consumer-group.ts'
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts'
import { LEAVE_STATIC_EPOCH } from './messages.ts'
import type { ConsumerHeartbeatRequest, ConsumerHeartbeatResponse } from './messages.ts'
import { refreshRegexes, subscriptionHash } from './subscription.ts'

/**
 * Lets a member go.
 *
 * @throws BrokerError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID
 */
export function leaveConsumerGroup(
  env: Env,
  group: ConsumerGroup,
  request: ConsumerHeartbeatRequest,
): ConsumerHeartbeatResponse {
  const { memberId, instanceId, memberEpoch } = request
  const member = memberToLeave(group, memberId, instanceId)
  if (memberEpoch === LEAVE_STATIC_EPOCH) leaveForAWhile(env, group, member)
  else fenceMember(env, group, member)
  return { memberId: member.memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null }
}

function memberToLeave(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): ConsumerMember {
  if (instanceId !== null) {
    const current = group.staticMember(instanceId) ?? refuse('UNKNOWN_MEMBER_ID')
    if (current.memberId !== memberId) refuse('FENCED_INSTANCE_ID')
    return current
  }
  return group.members.get(memberId) ?? refuse('UNKNOWN_MEMBER_ID')
}

/** The member keeps its partitions until its session ends, for who comes in its name. */
function leaveForAWhile(env: Env, group: ConsumerGroup, member: ConsumerMember): void {
  const { groupId } = group
  const { memberId, memberEpoch: previousMemberEpoch } = member
  env.timers.cancel(timerKeys.rebalance(groupId, memberId))
  const away = { ...member, memberEpoch: LEAVE_STATIC_EPOCH, previousMemberEpoch }
  const value = currentAssignmentValue(away)
  env.step.emit({ type: 'CurrentAssignment', groupId, memberId, value })
}

/** Takes a member out. The others get its partitions with their next heartbeats. */
export function fenceMember(env: Env, group: ConsumerGroup, member: ConsumerMember): void {
  removeMember(env, group, member.memberId)
  membersLeft(env, group)
}

/** Members are gone: the others share anew, in the classic protocol where all of them speak that. */
export function membersLeft(env: Env, group: ConsumerGroup): void {
  if (downgradeIfClassic(env, group)) return
  refreshRegexes(env, group, new Map())
  const metadataHash = subscriptionHash(env.catalog, group.subscribedTopics)
  const { groupId } = group
  const value = { epoch: group.epoch + 1, metadataHash }
  env.step.emit({ type: 'GroupEpoch', groupId, value })
}

/** Deletes what a member has on record, and its timers. */
export function removeMember(env: Env, { groupId }: ConsumerGroup, memberId: string): void {
  env.timers.cancel(timerKeys.session(groupId, memberId))
  env.timers.cancel(timerKeys.rebalance(groupId, memberId))
  env.step.emit({ type: 'CurrentAssignment', groupId, memberId, value: null })
  env.step.emit({ type: 'TargetMember', groupId, memberId, value: null })
  env.step.emit({ type: 'Member', groupId, memberId, value: null })
}
