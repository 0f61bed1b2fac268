// How a group of the classic protocol gets from one generation to the next, and what happens when
// somebody is late.

import { BrokerError } from '../../../base/errors.ts'
import type { ErrorCode } from '../../../base/errors.ts'
import type { Env, TimerEvent } from '../env.ts'
import { timerKeys } from '../env.ts'
import type { ClassicGroup, ClassicMember } from './classic-group.ts'
import type { Joined } from './messages.ts'

/** How often static members that all sleep are looked for, at most, whatever their timeouts. */
const MIN_SLEEPERS_MS = 1_000

/** The member has been heard of: its session starts again. */
export function restartSession(env: Env, group: ClassicGroup, member: ClassicMember): void {
  setSession(env, group.groupId, member.memberId, member.sessionTimeoutMs)
}

export function setSession(env: Env, groupId: string, memberId: string, delayMs: number): void {
  const event: TimerEvent = { type: 'classic-session', groupId, memberId }
  env.timers.set(timerKeys.session(groupId, memberId), env.now.monotonicMs + delayMs, event)
}

/** Writes down what the group is now. */
export function emitGroup(env: Env, group: ClassicGroup): void {
  const { groupId } = group
  env.step.emit({ type: 'ClassicGroup', groupId, value: group.toValue() })
}

/** Answers a member's join with the generation that is. */
export function answerJoin(env: Env, group: ClassicGroup, member: ClassicMember): void {
  if (member.joining === null) return
  env.step.answer(member.joining, joinedAnswer(group, member))
  group.setJoining(member, null)
}

export function joinedAnswer(group: ClassicGroup, member: ClassicMember): Joined {
  const isLeader = group.leader === member.memberId
  return {
    outcome: 'joined',
    memberId: member.memberId,
    generation: group.generation,
    protocolType: group.protocolType,
    protocol: group.protocol ?? '',
    leader: group.leader ?? '',
    skipAssignment: false,
    members: isLeader ? group.joinedMembers() : [],
  }
}

/** Refuses whatever the member waits for. */
export function refuseWaiting(
  env: Env,
  group: ClassicGroup,
  member: ClassicMember,
  code: ErrorCode,
): void {
  if (member.joining !== null) env.step.answer(member.joining, new BrokerError(code))
  if (member.syncing !== null) env.step.answer(member.syncing, new BrokerError(code))
  group.setJoining(member, null)
  member.syncing = null
}

/** Starts a rebalance where none is under way; else sees whether it is complete now. */
export function rebalanceOrComplete(env: Env, group: ClassicGroup): void {
  if (group.state === 'PreparingRebalance') completeIfAllJoined(env, group)
  else prepareRebalance(env, group)
}

export function prepareRebalance(env: Env, group: ClassicGroup): void {
  if (group.state === 'CompletingRebalance') abandonSyncs(env, group)
  env.timers.cancel(timerKeys.sync(group.groupId))
  const isInitial = group.state === 'Empty'
  group.transitionTo('PreparingRebalance', env.now.wallMs)
  if (isInitial) {
    const delayMs = env.options.initialRebalanceDelayMs
    group.newMemberAdded = false
    scheduleInitial(env, group, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0))
  } else if (group.hasAllJoined) completeJoin(env, group)
  else scheduleJoin(env, group)
}

/** Ends the join phase when nobody is missing. The first one of an empty group waits all the same. */
export function completeIfAllJoined(env: Env, group: ClassicGroup): void {
  if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return
  if (group.hasAllJoined) completeJoin(env, group)
}

/** The delay of an empty group is over: it goes on waiting while members keep coming. */
export function expireInitialDelay(env: Env, group: ClassicGroup, remainingMs: number): void {
  if (group.newMemberAdded && remainingMs > 0) {
    group.newMemberAdded = false
    const delayMs = Math.min(env.options.initialRebalanceDelayMs, remainingMs)
    scheduleInitial(env, group, delayMs, Math.max(remainingMs - delayMs, 0))
  } else completeJoin(env, group)
}

/** Ends the join phase: who has not joined is out, but for static members. */
export function completeJoin(env: Env, group: ClassicGroup): void {
  env.timers.cancel(timerKeys.join(group.groupId))
  for (const member of group.members.values()) {
    if (member.joining === null && member.instanceId === null) forget(env, group, member)
  }
  if (!group.electLeader() && group.members.size > 0) {
    // Static members alone, and none of them came back: they have until their sessions end.
    scheduleJoin(env, group, MIN_SLEEPERS_MS)
    return
  }
  group.startGeneration(env.now.wallMs)
  if (group.state === 'Empty') {
    emitGroup(env, group)
    return
  }
  for (const member of group.members.values()) {
    const joined = member.joining !== null
    answerJoin(env, group, member)
    member.isNew = false
    if (joined) restartSession(env, group, member)
    group.unsyncedIds.add(member.memberId)
  }
  const { groupId, generation } = group
  const deadlineMs = env.now.monotonicMs + group.rebalanceTimeoutMs
  env.timers.set(timerKeys.sync(groupId), deadlineMs, { type: 'classic-sync', groupId, generation })
}

/** Members that did not sync in time are out, and the others start again. */
export function expireSync(env: Env, group: ClassicGroup, generation: number): void {
  if (group.generation !== generation || group.unsyncedIds.size === 0) return
  if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return
  for (const memberId of [...group.unsyncedIds]) {
    const member = group.members.get(memberId)
    if (member !== undefined) forget(env, group, member)
  }
  prepareRebalance(env, group)
}

/** A session has ended. Who waits for an answer of ours is alive by that. */
export function expireSession(env: Env, group: ClassicGroup, memberId: string): void {
  if (group.pendingIds.delete(memberId)) {
    completeIfAllJoined(env, group)
    return
  }
  const member = group.members.get(memberId)
  if (member === undefined) return
  const waits = member.joining !== null || member.syncing !== null
  if (waits && !member.isNew) return
  removeMember(env, group, member)
}

/** Takes a member out, and lets the others share what it had. */
export function removeMember(env: Env, group: ClassicGroup, member: ClassicMember): void {
  refuseWaiting(env, group, member, 'UNKNOWN_MEMBER_ID')
  forget(env, group, member)
  if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
    prepareRebalance(env, group)
  } else completeIfAllJoined(env, group)
}

function forget(env: Env, group: ClassicGroup, member: ClassicMember): void {
  env.timers.cancel(timerKeys.session(group.groupId, member.memberId))
  refuseWaiting(env, group, member, 'UNKNOWN_MEMBER_ID')
  group.remove(member)
}

/** What the leader has not assigned yet will not come. Members may still hold what they had before. */
function abandonSyncs(env: Env, group: ClassicGroup): void {
  for (const member of group.members.values()) {
    if (member.syncing === null) continue
    env.step.answer(member.syncing, new BrokerError('REBALANCE_IN_PROGRESS'))
    member.syncing = null
    restartSession(env, group, member)
  }
}

function scheduleJoin(env: Env, group: ClassicGroup, minMs = 0): void {
  const deadlineMs = env.now.monotonicMs + Math.max(minMs, group.rebalanceTimeoutMs)
  const { groupId } = group
  env.timers.set(timerKeys.join(groupId), deadlineMs, { type: 'classic-join', groupId })
}

function scheduleInitial(
  env: Env,
  { groupId }: ClassicGroup,
  delayMs: number,
  remainingMs: number,
): void {
  const event: TimerEvent = { type: 'classic-initial', groupId, remainingMs }
  env.timers.set(timerKeys.join(groupId), env.now.monotonicMs + delayMs, event)
}
