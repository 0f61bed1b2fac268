// JoinGroup: how members come to a group of the classic protocol, and come back.
// Source: apache/kafka, GroupMetadataManager.classicGroupJoin; KIP-62, KIP-134, KIP-345, KIP-394, KIP-814.

import { BrokerError } from '../../../base/errors.ts'
import { refuse, timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import { deleteGroupRecords } from '../offsets/expire-offsets.ts'
import type { Call } from '../../runtime/step.ts'
import { ClassicGroup, NO_ASSIGNMENT, sameProtocols } from './classic-group.ts'
import type { ClassicMember } from './classic-group.ts'
import { validateMember } from './membership.ts'
import type { JoinRequest, JoinResponse } from './messages.ts'
import {
  completeIfAllJoined,
  emitGroup,
  joinedAnswer,
  prepareRebalance,
  rebalanceOrComplete,
  refuseWaiting,
  restartSession,
  setSession,
} from './rebalance.ts'

/**
 * Takes a member in. The answer comes when the rebalance is complete.
 *
 * @param group the group, or null when there is none yet
 * @throws BrokerError INVALID_SESSION_TIMEOUT, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID,
 *   INCONSISTENT_GROUP_PROTOCOL, GROUP_MAX_SIZE_REACHED, INVALID_REQUEST
 */
export function join(
  env: Env,
  existing: ClassicGroup | null,
  request: JoinRequest,
  call: Call<JoinResponse>,
): void {
  checkJoinRequest(env, request)
  if (existing === null && request.memberId !== '') refuse('UNKNOWN_MEMBER_ID')
  if (existing !== null) checkRoom(env, existing, request.memberId)
  const group = existing ?? createGroup(env, request)
  if (request.memberId === '') joinFirst(env, group, request, call)
  else joinAgain(env, group, request, call)
  completeIfAllJoined(env, group)
}

/** @throws BrokerError INVALID_SESSION_TIMEOUT, INCONSISTENT_GROUP_PROTOCOL, INVALID_REQUEST */
export function checkJoinRequest(env: Env, request: JoinRequest): void {
  const { minSessionTimeoutMs, maxSessionTimeoutMs, maxRecordBytes } = env.options
  const { sessionTimeoutMs, protocols } = request
  if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
    refuse('INVALID_SESSION_TIMEOUT', undefined, { minSessionTimeoutMs, maxSessionTimeoutMs })
  }
  if (request.protocolType === '' || protocols.length === 0) refuse('INCONSISTENT_GROUP_PROTOCOL')
  const metadataBytes = protocols.reduce((sum, { metadata }) => sum + metadata.byteLength, 0)
  if (metadataBytes > maxRecordBytes) {
    refuse('INVALID_REQUEST', 'The metadata of a member is too large', { metadataBytes })
  }
}

/** A rebalance counts those who have joined, since the others may not come back. */
function checkRoom(env: Env, group: ClassicGroup, memberId: string): void {
  const { maxSize } = env.options
  const member = group.members.get(memberId)
  const [isKnown, count] =
    group.state === 'PreparingRebalance'
      ? [member !== undefined && member.joining !== null, group.joiningCount]
      : [member !== undefined, group.members.size]
  if (!isKnown && count >= maxSize) refuse('GROUP_MAX_SIZE_REACHED', undefined, { maxSize })
}

function createGroup(env: Env, request: JoinRequest): ClassicGroup {
  const { maxGroups } = env.options
  const isNew = !env.state.consumer.has(request.groupId)
  if (isNew && env.state.groupCount >= maxGroups) {
    refuse('POLICY_VIOLATION', 'The coordinator has too many groups', { maxGroups })
  }
  deleteGroupRecords(env, request.groupId)
  const group = new ClassicGroup(request.groupId, env.now.wallMs)
  env.classic.set(request.groupId, group)
  emitGroup(env, group)
  return group
}

function joinFirst(
  env: Env,
  group: ClassicGroup,
  request: JoinRequest,
  call: Call<JoinResponse>,
): void {
  checkProtocols(group, request)
  const { instanceId } = request
  const memberId = `${instanceId ?? request.clientId}-${env.newId()}`
  if (instanceId !== null) {
    const oldId = group.staticMemberId(instanceId)
    if (oldId === null) addMember(env, group, request, memberId, call)
    else takeOver(env, group, group.members.get(oldId)!, request, memberId, call)
  } else if (request.requireMemberId) {
    const { maxPendingMembers } = env.options
    if (group.pendingIds.size >= maxPendingMembers) refuse('GROUP_MAX_SIZE_REACHED')
    group.pendingIds.add(memberId)
    setSession(env, group.groupId, memberId, request.sessionTimeoutMs)
    env.step.answer(call, { outcome: 'member-id-required', memberId })
  } else addMember(env, group, request, memberId, call)
}

function joinAgain(
  env: Env,
  group: ClassicGroup,
  request: JoinRequest,
  call: Call<JoinResponse>,
): void {
  const { memberId, instanceId, protocols } = request
  checkProtocols(group, request)
  if (group.pendingIds.has(memberId)) {
    if (instanceId !== null) refuse('UNKNOWN_MEMBER_ID')
    addMember(env, group, request, memberId, call)
    return
  }
  const member = validateMember(group, memberId, instanceId)
  const asBefore = sameProtocols(member.protocols, protocols)
  if (group.state === 'Empty') refuse('UNKNOWN_MEMBER_ID')
  // The same again: the answer to the first one was lost. A leader that joins again in a stable
  // group asks for a rebalance by that.
  const isRepeated =
    group.state === 'CompletingRebalance' || (group.state === 'Stable' && group.leader !== memberId)
  if (asBefore && isRepeated) {
    env.step.answer(call, joinedAnswer(group, member))
    restartSession(env, group, member)
    return
  }
  updateMember(env, group, member, request, call)
  rebalanceOrComplete(env, group)
}

function checkProtocols(group: ClassicGroup, request: JoinRequest): void {
  if (group.supports(request.protocolType, request.protocols)) return
  refuse('INCONSISTENT_GROUP_PROTOCOL')
}

function addMember(
  env: Env,
  group: ClassicGroup,
  request: JoinRequest,
  memberId: string,
  call: Call<JoinResponse>,
): void {
  const { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs } = request
  const member: ClassicMember = {
    ...{ memberId, instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs },
    ...{ protocols: request.protocols, assignment: NO_ASSIGNMENT },
    ...{ joining: call, syncing: null, isNew: true },
  }
  if (group.members.size === 0) group.protocolType = request.protocolType
  if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') {
    group.newMemberAdded = true
  }
  group.add(member)
  setSession(env, group.groupId, memberId, env.options.newMemberJoinTimeoutMs)
  rebalanceOrComplete(env, group)
}

function updateMember(
  env: Env,
  group: ClassicGroup,
  member: ClassicMember,
  request: JoinRequest,
  call: Call<JoinResponse>,
): void {
  // A join that waits already came over a connection that the client gave up.
  if (member.joining !== null) {
    env.step.answer(member.joining, new BrokerError('REBALANCE_IN_PROGRESS'))
  }
  member.protocols = request.protocols
  member.sessionTimeoutMs = request.sessionTimeoutMs
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  group.setJoining(member, call)
}

/** A static member has started again: it takes the place, and the assignment, that it had. */
function takeOver(
  env: Env,
  group: ClassicGroup,
  old: ClassicMember,
  request: JoinRequest,
  memberId: string,
  call: Call<JoinResponse>,
): void {
  const oldLeader = group.leader
  const wasUnsynced = group.unsyncedIds.has(old.memberId)
  refuseWaiting(env, group, old, 'FENCED_INSTANCE_ID')
  env.timers.cancel(timerKeys.session(group.groupId, old.memberId))
  const member = group.replaceStatic(old, memberId)
  if (wasUnsynced) group.unsyncedIds.add(memberId)
  updateMember(env, group, member, request, call)
  restartSession(env, group, member)

  if (group.state === 'CompletingRebalance') prepareRebalance(env, group)
  if (group.state !== 'Stable') return
  if (group.selectProtocol() !== group.protocol) {
    prepareRebalance(env, group)
    return
  }
  emitGroup(env, group)
  if (request.canSkipAssignment) {
    const answer = joinedAnswer(group, member)
    const isLeader = group.leader === memberId
    env.step.answer(call, { ...answer, skipAssignment: isLeader })
    group.setJoining(member, null)
    return
  }
  // An older client that hears that it leads would assign anew: it is told of the leader before it.
  env.step.answer(call, { ...joinedAnswer(group, member), leader: oldLeader ?? '', members: [] })
  group.setJoining(member, null)
}
