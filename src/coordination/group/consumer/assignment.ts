// Sets of partitions by topic: who has what, who is to have what.

import type { Uuid } from '../../../base/uuid.ts'
import type { TopicPartitions } from '../records/consumer-group.ts'

/** Partitions by topic id. Lists rise and are never empty. */
export type Assignment = ReadonlyMap<Uuid, readonly number[]>

export const EMPTY_ASSIGNMENT: Assignment = new Map()

export function assignmentOf(topics: readonly TopicPartitions[]): Assignment {
  const found = new Map<Uuid, number[]>()
  for (const { topicId, partitions } of topics) {
    if (partitions.length === 0) continue
    const unique = new Set([...(found.get(topicId) ?? []), ...partitions])
    found.set(
      topicId,
      [...unique].sort((a, b) => a - b),
    )
  }
  return found
}

/** In the order of their ids, so that equal assignments have equal bytes. */
export function topicPartitionsOf(assignment: Assignment): TopicPartitions[] {
  const topics = [...assignment].map(([topicId, partitions]) => ({ topicId, partitions }))
  return topics.sort((a, b) => (a.topicId < b.topicId ? -1 : 1))
}

export function partitionCountOf(assignment: Assignment): number {
  let count = 0
  for (const partitions of assignment.values()) count += partitions.length
  return count
}

/** What is in `a` and for which `keep` says so. */
export function filterAssignment(
  a: Assignment,
  keep: (topicId: Uuid, partition: number) => boolean,
): Assignment {
  const found = new Map<Uuid, readonly number[]>()
  for (const [topicId, partitions] of a) {
    const kept = partitions.filter((partition) => keep(topicId, partition))
    if (kept.length > 0) found.set(topicId, kept)
  }
  return found
}

export function intersect(a: Assignment, b: Assignment): Assignment {
  return filterAssignment(a, membershipOf(b))
}

export function subtract(a: Assignment, b: Assignment): Assignment {
  const has = membershipOf(b)
  return filterAssignment(a, (topicId, partition) => !has(topicId, partition))
}

export function union(a: Assignment, b: Assignment): Assignment {
  return assignmentOf([...topicPartitionsOf(a), ...topicPartitionsOf(b)])
}

export function isSubset(a: Assignment, b: Assignment): boolean {
  return subtract(a, b).size === 0
}

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others === undefined || others.length !== partitions.length) return false
    if (partitions.some((partition, index) => partition !== others[index])) return false
  }
  return true
}

function membershipOf(a: Assignment): (topicId: Uuid, partition: number) => boolean {
  const sets = new Map<Uuid, Set<number>>()
  for (const [topicId, partitions] of a) sets.set(topicId, new Set(partitions))
  return (topicId, partition) => sets.get(topicId)?.has(partition) ?? false
}
