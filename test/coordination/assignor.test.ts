// The server-side assignors, against what they promise for any members and topics.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Uuid } from '../../src/base/uuid.ts'
import { assignorOf } from '../../src/coordination/group/assignor/assignor.ts'
import type {
  AssignorName,
  MemberToAssign,
} from '../../src/coordination/group/assignor/assignor.ts'
import { partitionCountOf } from '../../src/coordination/group/consumer/assignment.ts'
import type { Assignment } from '../../src/coordination/group/consumer/assignment.ts'

type Counts = ReadonlyMap<Uuid, number>

const TOPICS = ['t0', 't1', 't2', 't3']
const counts = fc
  .tuple(...TOPICS.map((topic) => fc.tuple(fc.constant(topic), fc.integer({ min: 1, max: 12 }))))
  .map((entries): Counts => new Map(entries))
const topicSet = fc.subarray(TOPICS, { minLength: 1 }).map((topics) => new Set(topics))

function membersOf(subscriptions: readonly ReadonlySet<string>[]): MemberToAssign[] {
  return subscriptions.map((topicIds, index) => {
    return { memberId: `m${index}`, instanceId: null, topicIds, current: new Map() }
  })
}

/** Only topics that somebody reads are given to an assignor. */
function read(members: readonly MemberToAssign[], all: Counts): Counts {
  return new Map([...all].filter(([topic]) => members.some(({ topicIds }) => topicIds.has(topic))))
}

function assign(name: AssignorName, members: readonly MemberToAssign[], all: Counts) {
  const assigned = assignorOf(name)(members, read(members, all))
  expectEachOnce(assigned, members, all)
  return assigned
}

function expectEachOnce(
  assigned: ReadonlyMap<string, Assignment>,
  members: readonly MemberToAssign[],
  all: Counts,
): void {
  const owners = new Map<string, string>()
  for (const { memberId, topicIds } of members) {
    for (const [topic, partitions] of assigned.get(memberId)!) {
      expect(topicIds.has(topic)).toBe(true)
      expect([...partitions]).toEqual([...partitions].sort((a, b) => a - b))
      for (const partition of partitions) {
        expect(owners.has(`${topic}-${partition}`)).toBe(false)
        expect(partition).toBeLessThan(all.get(topic)!)
        owners.set(`${topic}-${partition}`, memberId)
      }
    }
  }
  let total = 0
  for (const count of read(members, all).values()) total += count
  expect(owners.size).toBe(total)
}

function after(members: readonly MemberToAssign[], assigned: ReadonlyMap<string, Assignment>) {
  return members.map((member) => ({ ...member, current: assigned.get(member.memberId)! }))
}

function kept(before: Assignment, now: Assignment): number {
  let count = 0
  for (const [topic, partitions] of before) {
    count += partitions.filter((partition) => now.get(topic)?.includes(partition)).length
  }
  return count
}

test('uniform: loads differ by one at most where all read the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), topicSet, counts, (size, topics, all) => {
      const members = membersOf(Array.from({ length: size }, () => topics))
      const loads = [...assign('uniform', members, all).values()].map(partitionCountOf)
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
    }),
  )
})

test('uniform: nothing moves without need when a member comes or goes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), topicSet, counts, (size, topics, all) => {
      const members = membersOf(Array.from({ length: size + 1 }, () => topics))
      const fewer = members.slice(0, size)
      const before = assign('uniform', fewer, all)
      expect(assign('uniform', after(fewer, before), all)).toEqual(before)

      const joined = assign('uniform', [...after(fewer, before), members[size]!], all)
      // Who was there only gives away what the new member gets.
      for (const { memberId } of fewer) {
        const [was, is] = [before.get(memberId)!, joined.get(memberId)!]
        expect(kept(was, is)).toBe(partitionCountOf(is))
      }
      const left = assign('uniform', after(fewer, joined), all)
      for (const { memberId } of fewer) {
        const [was, is] = [joined.get(memberId)!, left.get(memberId)!]
        expect(kept(was, is)).toBe(partitionCountOf(was))
      }
    }),
  )
})

test('uniform: no partition could move to a reader with two fewer, whatever members read', () => {
  const subscriptions = fc.array(topicSet, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(subscriptions, subscriptions, counts, (first, second, all) => {
      const before = assign('uniform', membersOf(first), all)
      const members = membersOf(second).map((member) => {
        return { ...member, current: before.get(member.memberId) ?? new Map() }
      })
      const assigned = assign('uniform', members, all)
      for (const from of members) {
        for (const topic of assigned.get(from.memberId)!.keys()) {
          for (const to of members.filter(({ topicIds }) => topicIds.has(topic))) {
            const [a, b] = [assigned.get(from.memberId)!, assigned.get(to.memberId)!]
            expect(partitionCountOf(a) - partitionCountOf(b)).toBeLessThanOrEqual(1)
          }
        }
      }
    }),
  )
})

test('range: each topic is cut into ranges that differ by one at most', () => {
  const subscriptions = fc.array(topicSet, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(subscriptions, counts, (sets, all) => {
      const members = membersOf(sets)
      const assigned = assign('range', members, all)
      for (const topic of read(members, all).keys()) {
        const readers = members.filter(({ topicIds }) => topicIds.has(topic))
        const ranges = readers.map(({ memberId }) => assigned.get(memberId)!.get(topic) ?? [])
        const sizes = ranges.map(({ length }) => length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        expect(ranges.flat()).toEqual(Array.from({ length: all.get(topic)! }, (_, index) => index))
      }
    }),
  )
})

test('range: static members come first, by their names', () => {
  const topicIds = new Set(['t0'])
  const member = (memberId: string, instanceId: string | null): MemberToAssign => {
    return { memberId, instanceId, topicIds, current: new Map() }
  }
  const members = [member('a', null), member('z', 'one'), member('b', 'two')]
  const assigned = assign('range', members, new Map([['t0', 3]]))
  expect([...assigned].map(([id, topics]) => [id, topics.get('t0')])).toEqual([
    ['a', [2]],
    ['z', [0]],
    ['b', [1]],
  ])
})

test('partitions and topics that are gone are not kept', () => {
  const current = new Map([
    ['t0', [0, 7]],
    ['gone', [0]],
  ])
  const members = [{ ...membersOf([new Set(['t0'])])[0]!, current }]
  const assigned = assign('uniform', members, new Map([['t0', 2]]))
  expect(assigned.get('m0')).toEqual(new Map([['t0', [0, 1]]]))
})
