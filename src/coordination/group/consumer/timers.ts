// Deadlines of groups of the newer protocol: members that are silent, or do not give up in time.

import { timerKeys } from '../env.ts'
import type { Env, TimerEvent } from '../env.ts'
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts'
import { fenceMember } from './departure.ts'

type ConsumerTimer = Extract<
  TimerEvent,
  { type: 'consumer-session' | 'consumer-rebalance' | 'consumer-classic' }
>

/** The member has been heard of. One that speaks the classic protocol has chosen its own session. */
export function setConsumerSession(env: Env, group: ConsumerGroup, memberId: string): void {
  const { groupId } = group
  const classic = group.members.get(memberId)?.metadata.classic ?? null
  const timeoutMs = classic?.sessionTimeoutMs ?? env.options.consumerSessionTimeoutMs
  const deadlineMs = env.now.monotonicMs + timeoutMs
  const event: TimerEvent = { type: 'consumer-session', groupId, memberId }
  env.timers.set(timerKeys.session(groupId, memberId), deadlineMs, event)
}

/** The member has until then to give up what it is to give up. */
export function setRebalanceTimeout(env: Env, groupId: string, member: ConsumerMember): void {
  const { memberId, memberEpoch } = member
  const deadlineMs = env.now.monotonicMs + member.metadata.rebalanceTimeoutMs
  const event: TimerEvent = { type: 'consumer-rebalance', groupId, memberId, memberEpoch }
  env.timers.set(timerKeys.rebalance(groupId, memberId), deadlineMs, event)
}

export function onConsumerTimer(env: Env, event: ConsumerTimer): void {
  const group = env.state.consumer.get(event.groupId)
  const member = group?.members.get(event.memberId)
  if (group === undefined || member === undefined) return
  if (event.type === 'consumer-rebalance') {
    if (member.state !== 'revoking' || member.memberEpoch !== event.memberEpoch) return
  }
  fenceMember(env, group, member)
}

/** A member that speaks the classic protocol has until then to join again, or to ask what it has. */
export function setClassicDeadline(env: Env, groupId: string, member: ConsumerMember): void {
  const { memberId } = member
  const deadlineMs = env.now.monotonicMs + member.metadata.rebalanceTimeoutMs
  const event: TimerEvent = { type: 'consumer-classic', groupId, memberId }
  env.timers.set(timerKeys.rebalance(groupId, memberId), deadlineMs, event)
}

/** Starts the sessions of a group that was loaded. */
export function resumeConsumerGroup(env: Env, group: ConsumerGroup): void {
  for (const member of group.members.values()) {
    setConsumerSession(env, group, member.memberId)
    if (member.state === 'revoking') setRebalanceTimeout(env, group.groupId, member)
  }
}
