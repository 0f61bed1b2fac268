// The next thing for a member to do on its way to its target.
//
//                 target changed
//   stable ──────────────────────► revoking: give up what the target has not; the epoch stays
//     ▲                               │ the member no longer reports them
//     │ nothing is missing            ▼
//     └───────────────────────── waiting: some of the target is still with others
//
// A member comes to the target's epoch once it has nothing left to give up, and is given each
// partition of its target as soon as nobody else has it: so no partition ever has two owners.
// Source: apache/kafka, CurrentAssignmentBuilder; KIP-848, "Member reconciliation".

import type { Uuid } from '../../../base/uuid.ts'
import { EMPTY_ASSIGNMENT, filterAssignment, intersect, subtract, union } from './assignment.ts'
import type { Assignment } from './assignment.ts'
import type { ConsumerMember, CurrentAssignment } from './consumer-group.ts'

export interface Reconciliation {
  readonly targetEpoch: number
  readonly target: Assignment
  /** True when no other member has the partition, or is still to give it up. */
  readonly isFree: (topicId: Uuid, partition: number) => boolean
  /** What the member says it owns; null when it did not say. */
  readonly owned: Assignment | null
}

/** @returns `member` itself when there is nothing to do */
export function reconcile(member: ConsumerMember, goal: Reconciliation): CurrentAssignment {
  switch (member.state) {
    case 'stable':
      return member.memberEpoch === goal.targetEpoch ? member : advance(member, goal)
    case 'revoking':
      return ownsAny(goal.owned, member.pendingRevocation) ? member : advance(member, goal)
    case 'waiting':
      return advance(member, goal)
  }
}

function advance(member: ConsumerMember, goal: Reconciliation): CurrentAssignment {
  const kept = intersect(member.assigned, goal.target)
  const toRevoke = subtract(member.assigned, goal.target)
  if (toRevoke.size > 0 && ownsAny(goal.owned, toRevoke)) {
    const { memberEpoch, previousMemberEpoch } = member
    const state = 'revoking' as const
    return { memberEpoch, previousMemberEpoch, state, assigned: kept, pendingRevocation: toRevoke }
  }
  const missing = subtract(goal.target, kept)
  const free = filterAssignment(missing, goal.isFree)
  const isComplete = subtract(missing, free).size === 0
  if (free.size === 0 && !isComplete && isAlreadyWaiting(member, goal, kept)) return member
  return {
    memberEpoch: goal.targetEpoch,
    previousMemberEpoch: member.memberEpoch,
    state: isComplete ? 'stable' : 'waiting',
    assigned: union(kept, free),
    pendingRevocation: EMPTY_ASSIGNMENT,
  }
}

function isAlreadyWaiting(member: ConsumerMember, goal: Reconciliation, kept: Assignment): boolean {
  if (member.state !== 'waiting' || member.memberEpoch !== goal.targetEpoch) return false
  return subtract(member.assigned, kept).size === 0
}

/** A member that does not say what it owns may own anything. */
function ownsAny(owned: Assignment | null, partitions: Assignment): boolean {
  return owned === null || intersect(partitions, owned).size > 0
}
