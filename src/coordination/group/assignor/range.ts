// Each topic is cut into ranges, one for each reader in the order of their names: so the partitions
// with one number of topics that are read by the same members go to the same member.
// Source: apache/kafka, RangeAssignor of the group coordinator.

import type { Uuid } from '../../../base/uuid.ts'
import type { Assignment } from '../consumer/assignment.ts'
import type { MemberToAssign } from './assignor.ts'

/** The first readers of a topic get one partition more where the count does not divide. */
export function assignRange(
  members: readonly MemberToAssign[],
  partitionCounts: ReadonlyMap<Uuid, number>,
): Map<string, Assignment> {
  const assigned = new Map<string, Map<Uuid, number[]>>()
  for (const { memberId } of members) assigned.set(memberId, new Map())
  const ordered = [...members].sort(byName)
  for (const [topicId, partitionCount] of partitionCounts) {
    const readers = ordered.filter(({ topicIds }) => topicIds.has(topicId))
    if (readers.length === 0) continue
    const share = Math.floor(partitionCount / readers.length)
    const extra = partitionCount % readers.length
    let next = 0
    readers.forEach(({ memberId }, index) => {
      const size = share + (index < extra ? 1 : 0)
      if (size === 0) return
      const first = next
      next += size
      const range = Array.from({ length: size }, (_, offset) => first + offset)
      assigned.get(memberId)!.set(topicId, range)
    })
  }
  return assigned
}

/** Static members first, by their names, which outlive their ids. */
function byName(a: MemberToAssign, b: MemberToAssign): number {
  if ((a.instanceId === null) !== (b.instanceId === null)) return a.instanceId === null ? 1 : -1
  const [left, right] = [a.instanceId ?? a.memberId, b.instanceId ?? b.memberId]
  return left < right ? -1 : left > right ? 1 : 0
}
