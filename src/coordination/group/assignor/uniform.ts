// Everybody gets as many partitions as everybody else, and keeps what it has as far as that goes.
//
// 1. Keep: a member keeps what it had, while it reads the topic and the partition exists. Where all
//    members read the same topics their quota is known beforehand, and they keep no more than that.
// 2. Fill: what nobody has goes to the reader with the fewest, topics with few readers first.
// 3. Balance, where members read different topics: a partition moves from a member to a reader that
//    has at least two fewer, until there is none. Each move lowers the sum of the squares of the
//    loads, so it ends.

import type { Uuid } from '../../../base/uuid.ts'
import type { Assignment } from '../consumer/assignment.ts'
import type { MemberToAssign } from './assignor.ts'

interface Load {
  readonly memberId: string
  readonly topicIds: ReadonlySet<Uuid>
  readonly partitions: Map<Uuid, number[]>
  count: number
}

interface TopicToAssign {
  readonly topicId: Uuid
  readonly partitionCount: number
  readonly readers: readonly Load[]
}

/** Loads differ by one at most where all members read the same; nobody keeps less than it could. */
export function assignUniform(
  members: readonly MemberToAssign[],
  partitionCounts: ReadonlyMap<Uuid, number>,
): Map<string, Assignment> {
  const loads = members.map(({ memberId, topicIds }): Load => {
    return { memberId, topicIds, partitions: new Map(), count: 0 }
  })
  const topics: TopicToAssign[] = []
  for (const [topicId, partitionCount] of partitionCounts) {
    const readers = loads.filter(({ topicIds }) => topicIds.has(topicId))
    if (readers.length > 0) topics.push({ topicId, partitionCount, readers })
  }
  const isUniform = topics.every(({ readers }) => readers.length === loads.length)
  const taken = keep(members, loads, topics, isUniform)
  fill(topics, taken)
  if (!isUniform) balance(loads, topics)
  return new Map(loads.map(({ memberId, partitions }) => [memberId, sorted(partitions)]))
}

/** @returns the partitions that were kept, by topic */
function keep(
  members: readonly MemberToAssign[],
  loads: readonly Load[],
  topics: readonly TopicToAssign[],
  isUniform: boolean,
): Map<Uuid, Set<number>> {
  const counts = new Map(topics.map(({ topicId, partitionCount }) => [topicId, partitionCount]))
  const taken = new Map<Uuid, Set<number>>(topics.map(({ topicId }) => [topicId, new Set()]))
  let total = 0
  for (const count of counts.values()) total += count
  const quota = isUniform ? Math.floor(total / Math.max(1, loads.length)) : total
  let extras = isUniform ? total % Math.max(1, loads.length) : 0

  const valid = members.map(({ current, topicIds }) => {
    const kept: [Uuid, number][] = []
    for (const [topicId, partitions] of current) {
      const used = topicIds.has(topicId) ? taken.get(topicId) : undefined
      if (used === undefined) continue
      for (const partition of partitions) {
        if (partition >= counts.get(topicId)! || used.has(partition)) continue
        used.add(partition)
        kept.push([topicId, partition])
      }
    }
    return kept
  })
  valid.forEach((kept, index) => {
    // Who has more than the quota already may be one of those that get one more.
    const limit = kept.length > quota && extras > 0 ? quota + 1 : quota
    if (limit > quota) extras -= 1
    kept.forEach(([topicId, partition], at) => {
      if (at < limit) give(loads[index]!, topicId, partition)
      else taken.get(topicId)!.delete(partition)
    })
  })
  return taken
}

function fill(topics: readonly TopicToAssign[], taken: ReadonlyMap<Uuid, Set<number>>): void {
  const byReaders = [...topics].sort((a, b) => a.readers.length - b.readers.length)
  for (const { topicId, partitionCount, readers } of byReaders) {
    const used = taken.get(topicId)!
    if (used.size === partitionCount) continue
    const queue = new LoadQueue(readers)
    for (let partition = 0; partition < partitionCount; partition++) {
      if (!used.has(partition)) queue.giveToLeast((load) => give(load, topicId, partition))
    }
  }
}

function balance(loads: readonly Load[], topics: readonly TopicToAssign[]): void {
  const readersOf = new Map(topics.map(({ topicId, readers }) => [topicId, readers]))
  for (let moved = true; moved;) {
    moved = false
    for (const from of [...loads].sort((a, b) => b.count - a.count)) {
      for (const [topicId, partitions] of from.partitions) {
        while (partitions.length > 0) {
          const to = leastLoaded(readersOf.get(topicId)!)
          if (from.count - to.count < 2) break
          give(to, topicId, partitions.pop()!)
          from.count -= 1
          moved = true
        }
        if (partitions.length === 0) from.partitions.delete(topicId)
      }
    }
  }
}

function give(load: Load, topicId: Uuid, partition: number): void {
  const partitions = load.partitions.get(topicId)
  if (partitions === undefined) load.partitions.set(topicId, [partition])
  else partitions.push(partition)
  load.count += 1
}

function leastLoaded(readers: readonly Load[]): Load {
  return readers.reduce((least, load) => (load.count < least.count ? load : least))
}

function sorted(partitions: ReadonlyMap<Uuid, number[]>): Assignment {
  const entries = [...partitions].filter(([, list]) => list.length > 0)
  return new Map(entries.map(([topicId, list]) => [topicId, list.sort((a, b) => a - b)]))
}

/** Readers of a topic, the least loaded in front. */
class LoadQueue {
  readonly #byCount: Load[]

  constructor(readers: readonly Load[]) {
    this.#byCount = [...readers].sort((a, b) => a.count - b.count)
  }

  /** Gives to the first, which then goes behind those that have as few. */
  giveToLeast(give: (load: Load) => void): void {
    const first = this.#byCount[0]!
    give(first)
    // Binary search for the first with more than `first` has now.
    let [low, high] = [1, this.#byCount.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#byCount[middle]!.count < first.count) low = middle + 1
      else high = middle
    }
    this.#byCount.copyWithin(0, 1, low)
    this.#byCount[low - 1] = first
  }
}
