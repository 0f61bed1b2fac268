// A group changes its protocol while members are there: one case a test. migration-walk.test.ts has
// them in any order.

import { expect, test } from 'vitest'
import type { Joined } from '../../src/coordination/group/classic/messages.ts'
import {
  readAssignment,
  writeAssignment,
} from '../../src/coordination/group/classic/subscription.ts'
import { ShardFixture, contentOf, joined, topicIdOf } from './shard-fixture.ts'
import type { Caller } from './shard-fixture.ts'
import type { BrokerError } from '../../src/base/errors.ts'

const CLICKS = topicIdOf('clicks')

/** Metadata of version 1: reads clicks, no user data, and holds these partitions of it. */
function subscription(...owned: number[]): Buffer {
  const held = owned.map((partition) => ({ topic: 'clicks', partition }))
  const owns = writeAssignment(held, 0).subarray(2, -4)
  const topics = Buffer.from('0001000000010006636c69636b73ffffffff', 'hex')
  return Buffer.concat([topics, owns])
}

function assignment(...partitions: number[]): Buffer {
  return writeAssignment(
    partitions.map((partition) => ({ topic: 'clicks', partition })),
    0,
  )
}

function partitionsIn(bytes: Uint8Array): number[] {
  return readAssignment(bytes)!.partitions.map(({ partition }) => partition)
}

const protocols = (...owned: number[]) => [{ name: 'range', metadata: subscription(...owned) }]

/** Two classic members, stable, with three partitions each. */
function twoClassic(options: ConstructorParameters<typeof ShardFixture>[0] = {}): {
  fixture: ShardFixture
  a: Joined
  b: Joined
} {
  const fixture = new ShardFixture({ initialRebalanceDelayMs: 10, ...options })
  const callers = [
    fixture.join({ protocols: protocols() }),
    fixture.join({ protocols: protocols() }),
  ]
  fixture.advance(20)
  const [a, b] = callers.map(joined) as [Joined, Joined]
  const leader = a.leader === a.memberId ? a : b
  const assignments = [
    { memberId: a.memberId, assignment: assignment(0, 1, 2) },
    { memberId: b.memberId, assignment: assignment(3, 4, 5) },
  ]
  for (const member of [a, b]) sync(fixture, member, member === leader ? assignments : [])
  return { fixture, a, b }
}

function sync(
  fixture: ShardFixture,
  { memberId, generation }: Pick<Joined, 'memberId' | 'generation'>,
  assignments: { memberId: string; assignment: Buffer }[] = [],
) {
  const by = { groupId: 'g', memberId, instanceId: null, generation }
  const request = { ...by, protocolType: null, protocol: null, assignments }
  return fixture.run<{ assignment: Uint8Array } & object>((shard, call, now) => {
    return shard.sync(request, call as never, now)
  })
}

function rejoin(fixture: ShardFixture, memberId: string, ...owned: number[]): Joined {
  return joined(fixture.join({ memberId, protocols: protocols(...owned) }))
}

const mixed = (fixture: ShardFixture) => fixture.shard.state.consumer.get('g')!

test('a member of the newer protocol takes a classic group over, and the others keep what they have', () => {
  const { fixture, a, b } = twoClassic()
  fixture.commit(7, { memberId: a.memberId, epoch: 1 })
  const first = fixture.consume({ memberId: 'n' }).value
  // Nothing is free yet.
  expect(first).toMatchObject({ memberEpoch: 2, assignment: [] })
  expect(mixed(fixture).members.get(a.memberId)!.assigned.get(CLICKS)).toEqual([0, 1, 2])
  expect(fixture.shard.state.classic.has('g')).toBe(false)
  expect(fixture.committed()).toBe(7)
  // The generation still holds, and a rebalance is due.
  expect(fixture.commit(8, { memberId: a.memberId, epoch: 1 }).value.partitions[0]!.error).toBe(
    null,
  )
  expect(fixture.heartbeat(a.memberId, 1).code).toBe('REBALANCE_IN_PROGRESS')

  for (const member of [a, b]) {
    // They join, are told what stays, give up the rest, and join again.
    const again = rejoin(fixture, member.memberId)
    expect(again).toMatchObject({ generation: 2, leader: '', protocol: 'range', members: [] })
    expect(partitionsIn(sync(fixture, again).value.assignment)).toHaveLength(2)
    expect(fixture.heartbeat(member.memberId, 2).value).toBe(null)
  }
  const owned = fixture.consume({ memberId: 'n', memberEpoch: 2, owned: [] }).value.assignment!
  expect(owned[0]!.partitions).toHaveLength(2)
  expect(fixture.commit(9, { memberId: a.memberId, epoch: 1 }).code).toBe('ILLEGAL_GENERATION')
  expect(mixed(fixture).state).toBe('Stable')
  expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
})

test('a classic member that has not given up what it lost is told to join again', () => {
  const { fixture, a } = twoClassic()
  fixture.consume({ memberId: 'n' })
  // It still has all three, as cooperative members do while they join.
  const again = rejoin(fixture, a.memberId, 0, 1, 2)
  expect(again.generation).toBe(1)
  const kept = partitionsIn(sync(fixture, again).value.assignment)
  expect(kept).toHaveLength(2)
  expect(fixture.heartbeat(a.memberId, 1).code).toBe('REBALANCE_IN_PROGRESS')
  expect(rejoin(fixture, a.memberId, ...kept).generation).toBe(2)
  expect(fixture.heartbeat(a.memberId, 2).value).toBe(null)
})

test('a member that has not heard of its newer assignment holds what it said when it joined', () => {
  const { fixture, a, b } = twoClassic()
  const c = fixture.join({ protocols: protocols() })
  const has = new Map([
    [a.memberId, [0, 1, 2]],
    [b.memberId, [3, 4, 5]],
  ])
  const rejoins = [a, b].map(({ memberId }) => {
    return fixture.join({ memberId, protocols: protocols(...has.get(memberId)!) })
  })
  const members = [...rejoins.map(joined), joined(c)]
  const leader = members.find((member) => member.leader === member.memberId)!
  // Everybody is to give up its last one. Only the leader hears of it.
  const assignments = members.map(({ memberId }) => {
    return { memberId, assignment: assignment(...(has.get(memberId) ?? []).slice(0, 2)) }
  })
  expect(sync(fixture, leader, assignments).isWaiting).toBe(false)
  const deaf = [a, b].find(({ memberId }) => memberId !== leader.memberId)!
  const { assignment: given } = fixture.consume({ memberId: 'n' }).value
  const held = mixed(fixture).members.get(deaf.memberId)!.assigned.get(CLICKS)
  expect(held).toEqual(has.get(deaf.memberId))
  expect(given).toEqual([])
})

test('who was put out and does not know it does not come back with what it had', () => {
  const { fixture, a } = twoClassic()
  fixture.consume({ memberId: 'n' })
  fixture.advance(11_000)
  expect(mixed(fixture).members.has(a.memberId)).toBe(false)
  const zombie = fixture.join({ memberId: a.memberId, protocols: protocols(0, 1, 2) })
  expect(zombie.code).toBe('UNKNOWN_MEMBER_ID')
  expect(joined(fixture.join({ protocols: protocols() })).leader).toBe('')
})

test('the last member of the newer protocol leaves: the group is classic again, and rebalances', () => {
  const { fixture, a, b } = twoClassic()
  fixture.consume({ memberId: 'n' })
  for (const { memberId } of [a, b]) sync(fixture, rejoin(fixture, memberId))
  fixture.consume({ memberId: 'n', memberEpoch: -1 })
  expect(fixture.shard.state.consumer.has('g')).toBe(false)
  const group = fixture.shard.classicGroups.get('g')!
  expect([group.state, group.generation]).toEqual(['PreparingRebalance', 2])
  expect(fixture.heartbeat(a.memberId, 2).code).toBe('REBALANCE_IN_PROGRESS')
  // What it has read so far it commits before it gives everything up.
  const commit = fixture.commit(5, { memberId: a.memberId, epoch: 2 })
  expect(commit.value.partitions[0]!.error).toBe(null)
  const callers = [a, b].map(({ memberId }) => fixture.join({ memberId, protocols: protocols() }))
  const generations = callers.map((caller) => joined(caller).generation)
  expect(generations).toEqual([3, 3])
  expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
})

test('a reload before the classic members have shared anew does not leave partitions to nobody', () => {
  const { fixture, a } = twoClassic()
  fixture.consume({ memberId: 'n' })
  fixture.consume({ memberId: 'n', memberEpoch: -1 })
  fixture.reload()
  const group = fixture.shard.classicGroups.get('g')!
  expect(group.state).toBe('PreparingRebalance')
  expect(fixture.heartbeat(a.memberId, group.generation).code).toBe('REBALANCE_IN_PROGRESS')
})

test.each(['disabled', 'downgrade'] as const)('policy %s: a classic group stays one', (policy) => {
  const { fixture, a } = twoClassic({ migrationPolicy: policy })
  const refused = fixture.consume({ memberId: 'n' }) as Caller<unknown>
  expect(refused.code).toBe('GROUP_ID_NOT_FOUND')
  expect((refused.answer as BrokerError).message).toContain('migration.policy')
  expect(fixture.heartbeat(a.memberId, 1).value).toBe(null)
})

test.each(['disabled', 'upgrade'] as const)(
  'policy %s: a group that has changed does not go back',
  (policy) => {
    const fixture = new ShardFixture({ migrationPolicy: policy })
    fixture.consume({ memberId: 'n' })
    const { memberId } = rejoin(fixture, '')
    fixture.consume({ memberId: 'n', memberEpoch: -1 })
    expect([...mixed(fixture).members.keys()]).toEqual([memberId])
  },
)

test('an assignor of the clients’ own, and a partition with two owners, keep a group classic', () => {
  for (const bytes of [
    Buffer.concat([assignment(0).subarray(0, -4), Buffer.from('0000000141', 'hex')]),
    Buffer.from('not an assignment'),
  ]) {
    const fixture = new ShardFixture({ initialRebalanceDelayMs: 0 })
    const caller = fixture.join({ protocols: protocols() })
    fixture.advance(1)
    const { memberId } = joined(caller)
    sync(fixture, joined(caller), [{ memberId, assignment: bytes }])
    expect(fixture.consume({ memberId: 'n' }).code).toBe('GROUP_ID_NOT_FOUND')
    expect(fixture.heartbeat(memberId, 1).value).toBe(null)
  }
})

test('who waits in a classic group is asked to join again', () => {
  const fixture = new ShardFixture()
  const waiting = fixture.join({ protocols: protocols() })
  fixture.consume({ memberId: 'n' })
  expect(waiting.code).toBe('REBALANCE_IN_PROGRESS')
})

test('a static member changes its protocol in its place, either way', () => {
  const fixture = new ShardFixture({ initialRebalanceDelayMs: 0 })
  const classic = fixture.join({ instanceId: 'i', protocols: protocols() })
  fixture.advance(1)
  const { memberId } = joined(classic)
  sync(fixture, joined(classic), [{ memberId, assignment: assignment(0, 1, 2, 3, 4, 5) }])
  const taken = fixture.consume({ memberId: 'n', instanceId: 'i' }).value
  expect(taken.assignment![0]!.partitions).toHaveLength(6)
  expect([...mixed(fixture).members.keys()]).toEqual(['n'])

  // Back again: nobody speaks the newer protocol any more.
  joined(fixture.join({ instanceId: 'i', protocols: protocols() }))
  const group = fixture.shard.classicGroups.get('g')!
  expect([...group.members.values()].map((member) => member.instanceId)).toEqual(['i'])
  expect(fixture.consume({ memberId: 'n', memberEpoch: 2, owned: [] }).code).toBe(
    'GROUP_ID_NOT_FOUND',
  )
})

test('classic members that share no protocol, or speak another type, do not mix', () => {
  const { fixture } = twoClassic()
  fixture.consume({ memberId: 'n' })
  const other = [{ name: 'other', metadata: subscription() }]
  expect(fixture.join({ protocols: other }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
  expect(fixture.join({ protocolType: 'connect' }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
  const garbage = [{ name: 'range', metadata: Buffer.from('x') }]
  expect(fixture.join({ protocols: garbage }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
})

test('a classic member that is asked to join again and does not is out', () => {
  const { fixture, a, b } = twoClassic()
  let { memberEpoch } = fixture.consume({ memberId: 'n' }).value
  for (let beat = 0; beat < 8; beat++) {
    for (const { memberId } of [a, b]) {
      const { answer } = fixture.heartbeat(memberId, 1)
      expect(answer, 'asked for as long as it has time').not.toBe(null)
    }
    fixture.advance(9_000)
    memberEpoch = fixture.consume({ memberId: 'n', memberEpoch, owned: [] }).value.memberEpoch
  }
  expect([...mixed(fixture).members.keys()]).toEqual(['n'])
})
