// The classic group protocol, path by path.

import { expect, test } from 'vitest'
import type { Joined, SyncResponse } from '../../src/coordination/group/classic/messages.ts'
import type {
  DescribedClassicGroup,
  ListedGroup,
} from '../../src/coordination/group/group-messages.ts'
import type { GroupOptions } from '../../src/coordination/group/group-options.ts'
import { ShardFixture, contentOf, joined, subscriptionTo } from './shard-fixture.ts'

const DELAY_MS = 3_000

/** A stable group of dynamic members, the leader first. */
function stableGroup(size: number, options: Partial<GroupOptions> = {}) {
  const fixture = new ShardFixture(options)
  const callers = Array.from({ length: size }, () => fixture.join())
  fixture.advance(2 * DELAY_MS)
  const members = callers.map(joined)
  const leaderFirst = [...members].sort((a, b) => b.members.length - a.members.length)
  const syncs = [...leaderFirst].reverse().map((member) => fixture.sync(member))
  for (const sync of syncs) expect(sync.isWaiting).toBe(false)
  return { fixture, members: leaderFirst }
}

function stateOf(fixture: ShardFixture): string | undefined {
  return fixture.shard.classicGroups.get('g')?.state
}

test('the first member waits for others, leads, and assigns', () => {
  const fixture = new ShardFixture()
  const first = fixture.join()
  fixture.advance(DELAY_MS - 1)
  expect(first.isWaiting).toBe(true)
  const second = fixture.join({ clientId: 'late' })
  fixture.advance(1)
  // Somebody came during the delay, so it goes on once more.
  expect(first.isWaiting).toBe(true)
  fixture.advance(DELAY_MS)
  const [leader, follower] = [joined(first), joined(second)]
  expect(leader).toMatchObject({ generation: 1, protocol: 'range', memberId: leader.leader })
  expect(leader.members.map(({ memberId }) => memberId)).toEqual([
    leader.memberId,
    follower.memberId,
  ])
  expect(follower).toMatchObject({ generation: 1, leader: leader.memberId, members: [] })

  const waiting = fixture.sync(follower)
  expect(waiting.isWaiting).toBe(true)
  expect(stateOf(fixture)).toBe('CompletingRebalance')
  expect(fixture.sync(leader).value.assignment.toString()).toBe(leader.memberId)
  expect(waiting.value.assignment.toString()).toBe(follower.memberId)
  expect(stateOf(fixture)).toBe('Stable')
})

test('a client that can is given an id first, and joins with it', () => {
  const fixture = new ShardFixture()
  const first = fixture.join({ requireMemberId: true }).value
  expect(first).toEqual({ outcome: 'member-id-required', memberId: 'c-id0' })
  const again = fixture.join({ requireMemberId: true, memberId: first.memberId })
  fixture.advance(DELAY_MS)
  expect(joined(again).memberId).toBe(first.memberId)
})

test('an id that nobody comes back with is forgotten when its session ends', () => {
  const { fixture, members } = stableGroup(1)
  const { memberId } = fixture.join({ requireMemberId: true }).value
  const rejoin = fixture.join({ memberId: members[0]!.memberId })
  expect(rejoin.isWaiting).toBe(true) // The rebalance waits for who was given an id.
  fixture.advance(10_000)
  expect(joined(rejoin).generation).toBe(2)
  expect(fixture.join({ memberId }).code).toBe('UNKNOWN_MEMBER_ID')
})

test('joins are refused where they must be', () => {
  const { fixture, members } = stableGroup(1, { maxSize: 1 })
  expect(fixture.join({ groupId: '' }).code).toBe('INVALID_GROUP_ID')
  expect(fixture.join({ sessionTimeoutMs: 5_999 }).code).toBe('INVALID_SESSION_TIMEOUT')
  expect(fixture.join({ sessionTimeoutMs: 1_800_001 }).code).toBe('INVALID_SESSION_TIMEOUT')
  expect(fixture.join({ memberId: 'stranger' }).code).toBe('GROUP_MAX_SIZE_REACHED')
  expect(fixture.join({ groupId: 'none', memberId: 'x' }).code).toBe('UNKNOWN_MEMBER_ID')
  expect(fixture.join().code).toBe('GROUP_MAX_SIZE_REACHED')
  const { memberId } = members[0]!
  expect(fixture.join({ memberId, protocolType: 'connect' }).code).toBe(
    'INCONSISTENT_GROUP_PROTOCOL',
  )
  const protocols = [{ name: 'other', metadata: Buffer.alloc(0) }]
  expect(fixture.join({ memberId, protocols }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
  expect(fixture.join({ groupId: 'h', protocols: [] }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
})

test('a member that joins a stable group sends everybody back to join', () => {
  const { fixture, members } = stableGroup(2)
  const third = fixture.join()
  for (const { memberId, generation } of members) {
    expect(fixture.heartbeat(memberId, generation).code).toBe('REBALANCE_IN_PROGRESS')
  }
  const rejoins = members.map(({ memberId }) => fixture.join({ memberId }))
  const all = [...rejoins, third].map(joined)
  expect(all.map(({ generation }) => generation)).toEqual([2, 2, 2])
  expect(fixture.heartbeat(members[0]!.memberId, 1).code).toBe('ILLEGAL_GENERATION')
})

test('who does not join again in time is out, and the others go on', () => {
  const { fixture, members } = stableGroup(2)
  const rejoin = fixture.join({ memberId: members[0]!.memberId })
  expect(rejoin.isWaiting).toBe(true)
  // The session of the other ends before the rebalance does.
  fixture.advance(10_000)
  expect(joined(rejoin)).toMatchObject({ generation: 2 })
  expect(joined(rejoin).members).toHaveLength(1)
  expect(fixture.heartbeat(members[1]!.memberId, 1).code).toBe('UNKNOWN_MEMBER_ID')
})

test('a rebalance ends when its time is up, though the late ones are alive', () => {
  const { fixture, members } = stableGroup(2)
  const rejoin = fixture.join({ memberId: members[0]!.memberId })
  for (let passedMs = 0; passedMs < 60_000; passedMs += 5_000) {
    expect(rejoin.isWaiting).toBe(true)
    expect(fixture.heartbeat(members[1]!.memberId, 1).code).toBe('REBALANCE_IN_PROGRESS')
    fixture.advance(5_000)
  }
  expect(joined(rejoin).members).toHaveLength(1)
})

test('the same join again is answered with the generation that is', () => {
  const { fixture, members } = stableGroup(2)
  const follower = members[1]!
  const again = fixture.join({ memberId: follower.memberId })
  expect(joined(again)).toMatchObject({ generation: 1, leader: members[0]!.memberId })
  expect(stateOf(fixture)).toBe('Stable')
  const changed = fixture.join({
    memberId: follower.memberId,
    protocols: [{ name: 'range', metadata: subscriptionTo('orders') }],
  })
  expect(changed.isWaiting).toBe(true)
  expect(stateOf(fixture)).toBe('PreparingRebalance')
})

test('a leader that joins a stable group again asks for a rebalance', () => {
  const { fixture, members } = stableGroup(2)
  expect(fixture.join({ memberId: members[0]!.memberId }).isWaiting).toBe(true)
  expect(fixture.heartbeat(members[1]!.memberId, 1).code).toBe('REBALANCE_IN_PROGRESS')
})

test('members that do not sync in time are out', () => {
  const fixture = new ShardFixture()
  const callers = [fixture.join(), fixture.join()]
  fixture.advance(2 * DELAY_MS)
  const [leader, follower] = callers.map(joined) as [Joined, Joined]
  const waiting = fixture.sync(follower)
  for (let passedMs = 0; passedMs < 55_000; passedMs += 5_000) {
    fixture.advance(5_000)
    expect(fixture.heartbeat(leader.memberId, 1).value).toBe(null)
  }
  fixture.advance(5_000)
  expect(waiting.code).toBe('REBALANCE_IN_PROGRESS')
  expect(fixture.heartbeat(leader.memberId, 1).code).toBe('UNKNOWN_MEMBER_ID')
  expect(fixture.join({ memberId: follower.memberId }).value).toMatchObject({ generation: 2 })
})

test('syncs of another generation, protocol or member are refused', () => {
  const { fixture, members } = stableGroup(1)
  const member = members[0]!
  const sync = (given: object) => {
    const request = {
      ...{ groupId: 'g', memberId: member.memberId, instanceId: null, generation: 1 },
      ...{ protocolType: 'consumer', protocol: 'range', assignments: [], ...given },
    }
    return fixture.run<SyncResponse>((shard, call, now) => shard.sync(request, call, now))
  }
  expect(sync({ generation: 0 }).code).toBe('ILLEGAL_GENERATION')
  expect(sync({ memberId: 'x' }).code).toBe('UNKNOWN_MEMBER_ID')
  expect(sync({ groupId: 'none' }).code).toBe('UNKNOWN_MEMBER_ID')
  expect(sync({ protocol: 'sticky' }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
  expect(sync({ protocolType: 'connect' }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
  expect(sync({}).value).toMatchObject({ protocol: 'range' })
})

test('an assignment that does not fit into a record fails the sync, not the coordinator', () => {
  const fixture = new ShardFixture({ maxRecordBytes: 400 })
  const caller = fixture.join()
  fixture.advance(DELAY_MS)
  const { memberId, generation } = joined(caller)
  const request = {
    ...{ groupId: 'g', memberId, instanceId: null, generation, protocolType: null, protocol: null },
    assignments: [{ memberId, assignment: Buffer.alloc(401) }],
  }
  const sync = fixture.run<SyncResponse>((shard, call, now) => shard.sync(request, call, now))
  expect(sync.code).toBe('UNKNOWN_SERVER_ERROR')
  expect(stateOf(fixture)).toBe('PreparingRebalance')
})

test('a session that ends takes the member out; heartbeats keep it', () => {
  const { fixture, members } = stableGroup(2)
  for (let beat = 0; beat < 5; beat++) {
    fixture.advance(9_000)
    for (const { memberId } of members) expect(fixture.heartbeat(memberId, 1).value).toBe(null)
  }
  fixture.advance(9_999)
  expect(fixture.heartbeat(members[0]!.memberId, 1).value).toBe(null)
  fixture.advance(1)
  expect(fixture.heartbeat(members[0]!.memberId, 1).code).toBe('REBALANCE_IN_PROGRESS')
  expect(fixture.heartbeat(members[1]!.memberId, 1).code).toBe('UNKNOWN_MEMBER_ID')
})

test('members leave one by one or together, and the last one empties the group', () => {
  const { fixture, members } = stableGroup(3)
  const ids = members.map(({ memberId }) => ({ memberId }))
  expect(fixture.leave(ids[0]!, { memberId: 'x' }).value.members).toMatchObject([
    { error: null },
    { error: 'UNKNOWN_MEMBER_ID' },
  ])
  expect(stateOf(fixture)).toBe('PreparingRebalance')
  expect(fixture.leave(...ids.slice(1)).value.members).toMatchObject([
    { error: null },
    { error: null },
  ])
  expect(stateOf(fixture)).toBe('Empty')
  expect(fixture.shard.state.classic.get('g')).toMatchObject({ generation: 2, members: [] })
})

function staticGroup() {
  const fixture = new ShardFixture()
  const names = ['one', 'two']
  const callers = names.map((instanceId) => fixture.join({ instanceId }))
  fixture.advance(2 * DELAY_MS)
  const members = callers.map(joined) as [Joined, Joined]
  for (const [index, member] of members.entries()) {
    fixture.sync(member, { instanceId: names[index]! })
  }
  expect(stateOf(fixture)).toBe('Stable')
  return { fixture, members }
}

test('a static member that starts again keeps its assignment without a rebalance', () => {
  const { fixture, members } = staticGroup()
  const [leader, follower] = members
  const again = joined(fixture.join({ instanceId: 'two' }))
  expect(again).toMatchObject({ generation: 1, leader: leader.memberId, skipAssignment: false })
  expect(again.memberId).not.toBe(follower.memberId)
  expect(stateOf(fixture)).toBe('Stable')
  const assignment = fixture.sync(again, { instanceId: 'two' }).value.assignment.toString()
  expect(assignment).toBe(follower.memberId)
  expect(fixture.heartbeat(follower.memberId, 1, 'two').code).toBe('FENCED_INSTANCE_ID')
  fixture.reload()
  expect(fixture.heartbeat(again.memberId, 1, 'two').value).toBe(null)
  expect(fixture.heartbeat(follower.memberId, 1).code).toBe('UNKNOWN_MEMBER_ID')
})

test('a static leader that starts again is told to skip the assignment', () => {
  const { fixture, members } = staticGroup()
  const again = joined(fixture.join({ instanceId: 'one' }))
  expect(again).toMatchObject({ skipAssignment: true, leader: again.memberId, generation: 1 })
  expect(new Set(again.members.map(({ instanceId }) => instanceId))).toEqual(
    new Set(['one', 'two']),
  )
  expect(again.memberId).not.toBe(members[0].memberId)
})

test('an old client that is the static leader is told of the leader before it', () => {
  const { fixture, members } = staticGroup()
  const again = joined(fixture.join({ instanceId: 'one', canSkipAssignment: false }))
  expect(again).toMatchObject({ skipAssignment: false, leader: members[0].memberId, members: [] })
})

test('a static member whose protocols changed asks for a rebalance', () => {
  const { fixture } = staticGroup()
  const protocols = [
    { name: 'sticky', metadata: subscriptionTo('clicks') },
    { name: 'range', metadata: subscriptionTo('clicks') },
  ]
  expect(joined(fixture.join({ instanceId: 'two', protocols })).generation).toBe(1)
  const only = [{ name: 'range', metadata: subscriptionTo('orders') }]
  expect(joined(fixture.join({ instanceId: 'two', protocols: only })).generation).toBe(1)
})

test('static members leave by their names, and survive a rebalance that they sleep through', () => {
  const { fixture, members } = staticGroup()
  const answer = fixture.leave({ memberId: '', instanceId: 'two' }).value
  expect(answer.members).toMatchObject([{ instanceId: 'two', error: null }])
  expect(fixture.leave({ memberId: 'x', instanceId: 'one' }).value.members).toMatchObject([
    { error: 'FENCED_INSTANCE_ID' },
  ])
  expect(fixture.leave({ memberId: '', instanceId: 'none' }).value.members).toMatchObject([
    { error: 'UNKNOWN_MEMBER_ID' },
  ])
  expect(fixture.heartbeat(members[0].memberId, 1, 'one').code).toBe('REBALANCE_IN_PROGRESS')
})

test('static members that sleep through a rebalance wake the broker once a second at most', () => {
  const fixture = new ShardFixture()
  const callers = ['one', 'two'].map((instanceId) => {
    return fixture.join({ instanceId, rebalanceTimeoutMs: 1, sessionTimeoutMs: 1_800_000 })
  })
  fixture.advance(DELAY_MS)
  for (const [index, member] of callers.map(joined).entries()) {
    fixture.sync(member, { instanceId: ['one', 'two'][index]! })
  }
  fixture.leave({ memberId: '', instanceId: 'two' })
  expect(stateOf(fixture)).toBe('PreparingRebalance')
  const untilMs = fixture.now.monotonicMs + 10_000
  let wakes = 0
  while (fixture.shard.nextDeadlineMs()! <= untilMs && wakes < 100) {
    fixture.advance(Math.max(0, fixture.shard.nextDeadlineMs()! - fixture.now.monotonicMs))
    wakes += 1
  }
  expect(wakes).toBeLessThanOrEqual(11)
})

test('a static name that another took over while it joins is fenced', () => {
  const fixture = new ShardFixture()
  const first = fixture.join({ instanceId: 'one' })
  const second = fixture.join({ instanceId: 'one' })
  expect(first.code).toBe('FENCED_INSTANCE_ID')
  fixture.advance(2 * DELAY_MS)
  expect(joined(second).members).toHaveLength(1)
})

test('the protocol that most like among those that all speak is chosen', () => {
  const fixture = new ShardFixture()
  const speaks = (...names: string[]) => {
    const protocols = names.map((name) => ({ name, metadata: Buffer.from(name) }))
    return fixture.join({ protocolType: 'connect', protocols })
  }
  const callers = [speaks('a', 'b', 'c'), speaks('b', 'a'), speaks('b', 'a', 'd')]
  expect(speaks('d', 'c').code).toBe('INCONSISTENT_GROUP_PROTOCOL')
  fixture.advance(2 * DELAY_MS)
  expect(callers.map((caller) => joined(caller).protocol)).toEqual(['b', 'b', 'b'])
  const leader = callers.map(joined).find(({ members }) => members.length > 0)!
  expect(leader.members.map(({ metadata }) => metadata.toString())).toEqual(['b', 'b', 'b'])
})

test('a stable group is loaded as it was, and its sessions start anew', () => {
  const { fixture, members } = stableGroup(3)
  fixture.advance(9_000)
  expect(fixture.shard.classicGroups.get('g')!.toValue()).toEqual(
    fixture.shard.state.classic.get('g'),
  )
  fixture.reload()
  expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
  fixture.advance(9_000)
  for (const member of members) {
    expect(fixture.heartbeat(member.memberId, 1).value).toBe(null)
    expect(fixture.sync(member).value.assignment.toString()).toBe(member.memberId)
  }
  fixture.advance(10_000)
  expect(stateOf(fixture)).toBe('Empty')
})

test('groups are described and listed', () => {
  const { fixture, members } = stableGroup(1)
  fixture.commit(1, { groupId: 'simple' })
  const list = fixture.run<readonly ListedGroup[]>((shard, call, now) =>
    shard.listGroups(call, now),
  ).value
  expect(list).toEqual([
    { groupId: 'g', type: 'classic', protocolType: 'consumer', state: 'Stable' },
    { groupId: 'simple', type: 'classic', protocolType: '', state: 'Empty' },
  ])
  const describe = (groupId: string) => {
    return fixture.run<DescribedClassicGroup>((shard, call, now) => {
      return shard.describeClassicGroup(groupId, call, now)
    })
  }
  expect(describe('g').value).toMatchObject({ state: 'Stable', protocol: 'range' })
  expect(describe('g').value.members[0]).toMatchObject({ memberId: members[0]!.memberId })
  expect(describe('simple').value).toMatchObject({ state: 'Empty', members: [] })
  expect(describe('none').code).toBe('GROUP_ID_NOT_FOUND')
})
