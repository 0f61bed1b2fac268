// Heartbeats and departures in a group of the classic protocol, and who is who.
// Source: apache/kafka, GroupMetadataManager and ClassicGroup; KIP-345.

import { BrokerError } from '../../../base/errors.ts'
import type { ErrorCode } from '../../../base/errors.ts'
import { refuse, timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import type { ClassicGroup, ClassicMember } from './classic-group.ts'
import type { HeartbeatRequest, LeaveRequest, LeaveResponse, LeavingMember } from './messages.ts'
import { completeIfAllJoined, removeMember, restartSession } from './rebalance.ts'

/**
 * The member that a request comes from.
 *
 * @throws BrokerError FENCED_INSTANCE_ID when another member has the name now, UNKNOWN_MEMBER_ID
 */
export function validateMember(
  group: ClassicGroup,
  memberId: string,
  instanceId: string | null,
): ClassicMember {
  if (instanceId !== null) {
    const current = group.staticMemberId(instanceId)
    if (current === null) refuse('UNKNOWN_MEMBER_ID')
    if (current !== memberId) refuse('FENCED_INSTANCE_ID')
  }
  return group.members.get(memberId) ?? refuse('UNKNOWN_MEMBER_ID')
}

/**
 * Keeps a member in the group.
 *
 * @throws BrokerError REBALANCE_IN_PROGRESS when it is to join again (its session goes on all the
 *   same), ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID
 */
export function heartbeat(env: Env, group: ClassicGroup, request: HeartbeatRequest): void {
  const member = validateMember(group, request.memberId, request.instanceId)
  if (request.generation !== group.generation) refuse('ILLEGAL_GENERATION')
  if (group.state === 'Empty') refuse('UNKNOWN_MEMBER_ID')
  restartSession(env, group, member)
  if (group.state === 'PreparingRebalance') refuse('REBALANCE_IN_PROGRESS')
}

/** Takes members out, each with a result of its own. */
export function leave(env: Env, group: ClassicGroup, request: LeaveRequest): LeaveResponse {
  const members = request.members.map((leaving) => {
    return { ...leaving, error: leaveOne(env, group, leaving) }
  })
  return { members }
}

function leaveOne(
  env: Env,
  group: ClassicGroup,
  { memberId, instanceId }: LeavingMember,
): ErrorCode | null {
  if (instanceId === null && group.pendingIds.delete(memberId)) {
    env.timers.cancel(timerKeys.session(group.groupId, memberId))
    completeIfAllJoined(env, group)
    return null
  }
  try {
    const id = memberId === '' && instanceId !== null ? group.staticMemberId(instanceId) : memberId
    removeMember(env, group, validateMember(group, id ?? '', instanceId))
    return null
  } catch (error) {
    if (error instanceof BrokerError) return error.code
    throw error
  }
}
