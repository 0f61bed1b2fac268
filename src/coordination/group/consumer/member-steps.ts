// The steps of a member in a group of the newer protocol, whichever protocol it speaks itself: what it
// says of itself, the epoch that follows from that, and what it is to hold next. Nothing here refuses.

import { timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import { writeMember } from '../records/consumer-group.ts'
import type { MemberMetadataValue } from '../records/consumer-group.ts'
import { EMPTY_ASSIGNMENT, topicPartitionsOf } from './assignment.ts'
import type { Assignment } from './assignment.ts'
import { currentAssignmentValue } from './consumer-group.ts'
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts'
import { removeMember } from './departure.ts'
import { JOIN_EPOCH } from './messages.ts'
import { reconcile } from './reconcile.ts'
import { refreshRegexes, subscriptionHash } from './subscription.ts'
import { setRebalanceTimeout } from './timers.ts'

/** Topics that patterns stand for, as they were just looked up. */
export type FreshRegexes = ReadonlyMap<string, readonly string[]>

/** Puts a new member in the place of a static one that is away, with all that was its. */
export function takeOver(env: Env, group: ConsumerGroup, oldId: string, memberId: string): void {
  const { groupId } = group
  const { metadata, assigned } = group.members.get(oldId)!
  const target = topicPartitionsOf(group.target(oldId))
  removeMember(env, group, oldId)
  env.step.emit({ type: 'Member', groupId, memberId, value: metadata })
  env.step.emit({ type: 'TargetMember', groupId, memberId, value: target })
  const value = currentAssignmentValue({
    memberEpoch: JOIN_EPOCH,
    previousMemberEpoch: JOIN_EPOCH,
    state: 'stable',
    assigned,
    pendingRevocation: EMPTY_ASSIGNMENT,
  })
  env.step.emit({ type: 'CurrentAssignment', groupId, memberId, value })
}

export interface MemberToWrite {
  readonly groupId: string
  readonly memberId: string
  /** What it said before; null for a new member. */
  readonly before: MemberMetadataValue | null
}

/** @returns true when the member is new, or reads other topics than before */
export function writeMetadata(
  env: Env,
  { groupId, memberId, before }: MemberToWrite,
  value: MemberMetadataValue,
): boolean {
  if (before !== null && sameMetadata(before, value)) return false
  env.step.emit({ type: 'Member', groupId, memberId, value })
  if (before === null || before.topicRegex !== value.topicRegex) return true
  return before.topicNames.join() !== value.topicNames.join()
}

function sameMetadata(a: MemberMetadataValue, b: MemberMetadataValue): boolean {
  if (a.classic !== null || b.classic !== null) {
    return Buffer.compare(writeMember(a), writeMember(b)) === 0
  }
  const keys = Object.keys(a) as (keyof MemberMetadataValue)[]
  return keys.every(
    (key) => String(a[key]) === String(b[key]) && (a[key] === null) === (b[key] === null),
  )
}

/** Raises the group's epoch when the members, what they read, or the topics are not as before. */
export function updateEpoch(
  env: Env,
  group: ConsumerGroup,
  isChanged: boolean,
  fresh: FreshRegexes,
): void {
  if (!isChanged && group.checkedVersion === env.catalog.version) return
  refreshRegexes(env, group, fresh)
  group.checkedVersion = env.catalog.version
  const metadataHash = subscriptionHash(env.catalog, group.subscribedTopics)
  if (!isChanged && metadataHash === group.metadataHash) return
  const { groupId } = group
  const value = { epoch: group.epoch + 1, metadataHash }
  env.step.emit({ type: 'GroupEpoch', groupId, value })
}

/** Lets the member take its next step towards its target. @param owned null when it did not say */
export function updateCurrent(
  env: Env,
  group: ConsumerGroup,
  memberId: string,
  owned: Assignment | null,
): ConsumerMember {
  const { groupId } = group
  const member = group.members.get(memberId)!
  const next = reconcile(member, {
    targetEpoch: group.targetEpoch,
    target: group.target(memberId),
    isFree: (topicId, partition) => {
      const owner = group.owner(topicId, partition)
      return owner === null || owner === memberId
    },
    owned,
  })
  if (next === member) return member
  const value = currentAssignmentValue(next)
  env.step.emit({ type: 'CurrentAssignment', groupId, memberId, value })
  if (next.state === 'revoking') setRebalanceTimeout(env, groupId, group.members.get(memberId)!)
  else env.timers.cancel(timerKeys.rebalance(groupId, memberId))
  return group.members.get(memberId)!
}
