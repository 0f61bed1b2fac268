// Committed offsets: who may commit, what is kept, and for how long.

import { expect, test } from 'vitest'
import type {
  DeleteOffsetsResponse,
  FetchOffsetsRequest,
  FetchOffsetsResponse,
} from '../../src/coordination/group/offsets/messages.ts'
import { OffsetTable } from '../../src/coordination/group/offsets/offset-table.ts'
import type { OffsetRecord } from '../../src/coordination/group/records/group-record.ts'
import { ShardFixture, joined, subscriptionTo, topicIdOf } from './shard-fixture.ts'

const DAY_MS = 24 * 60 * 60_000
const CHECK_MS = 10 * 60_000

function oneMember(protocolType = 'consumer') {
  const fixture = new ShardFixture()
  const caller = fixture.join({ protocolType, sessionTimeoutMs: 60_000 })
  fixture.advance(3_000)
  const member = joined(caller)
  return { fixture, member }
}

function deleteOffsets(fixture: ShardFixture, topic = 'clicks') {
  const request = { groupId: 'g', partitions: [{ topic, partition: 0 }] }
  return fixture.run<DeleteOffsetsResponse>((shard, call, now) =>
    shard.deleteOffsets(request, call, now),
  )
}

function fetchOffsets(fixture: ShardFixture, request: FetchOffsetsRequest) {
  const caller = fixture.run<FetchOffsetsResponse>((shard, call, now) => {
    return shard.fetchOffsets(request, call, now)
  })
  return caller.value.partitions
}

function deleteGroup(fixture: ShardFixture, groupId = 'g') {
  return fixture.run<null>((shard, call, now) => shard.deleteGroup(groupId, call, now))
}

test('a member commits in its generation, and in no other', () => {
  const { fixture, member } = oneMember()
  const { memberId } = member
  expect(fixture.commit(5, { memberId, epoch: 1 }).code).toBe('REBALANCE_IN_PROGRESS')
  fixture.sync(member)
  expect(fixture.commit(5, { memberId, epoch: 1 }).value.partitions).toEqual([
    { topic: 'clicks', partition: 0, error: null },
  ])
  expect(fixture.commit(6, { memberId, epoch: 0 }).code).toBe('ILLEGAL_GENERATION')
  expect(fixture.commit(6, { memberId, epoch: 2 }).code).toBe('ILLEGAL_GENERATION')
  expect(fixture.commit(6, { memberId: 'x', epoch: 1 }).code).toBe('UNKNOWN_MEMBER_ID')
  expect(fixture.commit(6, {}).code).toBe('UNKNOWN_MEMBER_ID')
  expect(fixture.committed()).toBe(5)
})

test('a commit keeps the session of its member', () => {
  const { fixture, member } = oneMember()
  fixture.sync(member)
  for (let round = 0; round < 3; round++) {
    fixture.advance(59_000)
    fixture.commit(round, { memberId: member.memberId, epoch: 1 })
  }
  expect(fixture.shard.classicGroups.get('g')!.state).toBe('Stable')
})

test('anybody commits for a group without members, nobody else for one with them', () => {
  const fixture = new ShardFixture()
  expect(fixture.commit(7, {}).value.partitions[0]!.error).toBe(null)
  expect(fixture.commit(7, { epoch: 1, groupId: 'none' }).code).toBe('ILLEGAL_GENERATION')
  expect(fixture.committed()).toBe(7)
  fixture.commit(3, {})
  expect(fixture.committed()).toBe(3)
})

test('metadata over the limit, and offsets below 0, are refused each by itself', () => {
  const fixture = new ShardFixture()
  const commit = (offset: number, metadata: string) => {
    return fixture.commit(offset, { metadata }).value.partitions[0]!.error
  }
  expect(commit(1, 'x'.repeat(4097))).toBe('OFFSET_METADATA_TOO_LARGE')
  expect(commit(1, 'é'.repeat(2049))).toBe('OFFSET_METADATA_TOO_LARGE')
  expect(commit(-1, '')).toBe('INVALID_REQUEST')
  expect(commit(1, 'é'.repeat(2048))).toBe(null)
})

test('the number of offsets is bounded, those that are there may change', () => {
  const fixture = new ShardFixture({ maxOffsets: 1 })
  expect(fixture.commit(1, {}).value.partitions[0]!.error).toBe(null)
  expect(fixture.commit(2, {}).value.partitions[0]!.error).toBe(null)
  expect(fixture.commit(1, { topic: 'orders' }).value.partitions[0]!.error).toBe(
    'INVALID_COMMIT_OFFSET_SIZE',
  )
})

test('offsets are fetched by name, or all of them', () => {
  const fixture = new ShardFixture()
  fixture.commit(1, {})
  fixture.commit(2, { topic: 'orders', metadata: 'note' })
  const fetch = (partitions: { topic: string; partition: number }[] | null, groupId = 'g') => {
    const by = { memberId: null, memberEpoch: -1, requireStable: true }
    const request = { groupId, partitions, ...by }
    return fetchOffsets(fixture, request)
  }
  expect(fetch(null)).toMatchObject([
    { topic: 'clicks', partition: 0, committed: { offset: 1 } },
    { topic: 'orders', partition: 0, committed: { offset: 2, metadata: 'note' } },
  ])
  expect(fetch([{ topic: 'clicks', partition: 9 }])).toEqual([
    { topic: 'clicks', partition: 9, error: null, committed: null },
  ])
  expect(fetch(null, 'none')).toEqual([])
})

test('offsets of a transaction wait for its marker', () => {
  const table = new OffsetTable()
  const record = (offset: number, partition = 0): OffsetRecord => {
    const value = { offset, leaderEpoch: -1, metadata: '', commitTimestampMs: 1 }
    const key = { type: 'Offset' as const, groupId: 'g', topic: 'clicks', partition }
    return { ...key, value: { ...value, expireTimestampMs: -1, topicId: topicIdOf('clicks') } }
  }
  table.replay(record(1))
  table.replay(record(2), 77)
  table.replay(record(3), 88)
  expect(table.isPending('g', 'clicks', 0)).toBe(true)
  expect(table.get('g', 'clicks', 0)?.offset).toBe(1)
  table.replayMarker(88, 'aborted')
  expect(table.isPending('g', 'clicks', 0)).toBe(true)
  table.replayMarker(77, 'committed')
  expect(table.isPending('g', 'clicks', 0)).toBe(false)
  expect(table.get('g', 'clicks', 0)?.offset).toBe(2)
  expect(table.size).toBe(1)
})

test('an unstable offset is refused to who wants stable ones', () => {
  const fixture = new ShardFixture()
  fixture.commit(1, {})
  const [record] = fixture.shard.state.offsets.records()
  fixture.shard.replay(record!, 9)
  const request = { groupId: 'g', memberId: null, memberEpoch: -1, partitions: null }
  const fetch = (requireStable: boolean) => {
    return fetchOffsets(fixture, { ...request, requireStable })[0]!
  }
  expect(fetch(true)).toMatchObject({ error: 'UNSTABLE_OFFSET_COMMIT', committed: null })
  expect(fetch(false)).toMatchObject({ error: null, committed: { offset: 1 } })
})

test('offsets of topics that are read are not deleted, others are', () => {
  const { fixture, member } = oneMember()
  fixture.sync(member)
  const { memberId } = member
  fixture.commit(1, { memberId, epoch: 1 })
  fixture.commit(2, { memberId, epoch: 1, topic: 'orders' })
  expect(deleteOffsets(fixture).value.partitions[0]!.error).toBe('GROUP_SUBSCRIBED_TO_TOPIC')
  expect(deleteOffsets(fixture, 'orders').value.partitions[0]!.error).toBe(null)
  expect([fixture.committed(), fixture.committed('g', 'orders')]).toEqual([1, null])
})

test('what members of an unknown kind read is not known, so nothing is deleted', () => {
  const { fixture, member } = oneMember('connect')
  fixture.sync(member)
  expect(deleteOffsets(fixture).code).toBe('NON_EMPTY_GROUP')
})

test('an empty group is deleted with its offsets; a group with members is not', () => {
  const { fixture, member } = oneMember()
  fixture.sync(member)
  fixture.commit(1, { memberId: member.memberId, epoch: 1 })
  expect(deleteGroup(fixture).code).toBe('NON_EMPTY_GROUP')
  expect(deleteGroup(fixture, 'none').code).toBe('GROUP_ID_NOT_FOUND')
  fixture.leave({ memberId: member.memberId })
  expect(deleteGroup(fixture).value).toBe(null)
  expect(fixture.committed()).toBe(null)
  expect(fixture.compacted()).toEqual([])
  expect(deleteGroup(fixture).code).toBe('GROUP_ID_NOT_FOUND')
})

test('offsets expire a week after their group became empty, and the group with them', () => {
  const { fixture, member } = oneMember()
  fixture.sync(member)
  const { memberId } = member
  fixture.commit(1, { memberId, epoch: 1 })
  for (let hour = 0; hour < 24 * 60; hour++) {
    fixture.advance(50_000)
    fixture.heartbeat(memberId, 1)
  }
  fixture.leave({ memberId })
  fixture.advance(7 * DAY_MS - CHECK_MS)
  expect(fixture.committed()).toBe(1)
  fixture.advance(2 * CHECK_MS)
  expect(fixture.committed()).toBe(null)
  expect(fixture.shard.classicGroups.has('g')).toBe(false)
  expect(fixture.compacted()).toEqual([])
})

test('offsets of topics that nobody reads any more expire in a living group', () => {
  const fixture = new ShardFixture({ offsetsRetentionMs: CHECK_MS })
  const caller = fixture.join({ sessionTimeoutMs: 1_800_000 })
  fixture.advance(3_000)
  const member = joined(caller)
  fixture.sync(member)
  const by = { memberId: member.memberId, epoch: 1 }
  fixture.commit(1, by)
  fixture.commit(2, { ...by, topic: 'orders' })
  fixture.advance(2 * CHECK_MS)
  expect([fixture.committed(), fixture.committed('g', 'orders')]).toEqual([1, null])
  const protocols = [{ name: 'range', metadata: Buffer.from('not a subscription') }]
  const again = fixture.join({ ...by, protocols, sessionTimeoutMs: 1_800_000 })
  fixture.sync(joined(again))
  fixture.advance(2 * CHECK_MS)
  expect(fixture.committed()).toBe(1)
})

test('offsets without a group expire a week after their commit', () => {
  const fixture = new ShardFixture()
  fixture.commit(1, {})
  fixture.advance(7 * DAY_MS - 1)
  expect(fixture.committed()).toBe(1)
  fixture.advance(CHECK_MS)
  expect(fixture.committed()).toBe(null)
})

test('a large clean-up is done in many steps', () => {
  const fixture = new ShardFixture()
  for (let group = 0; group < 2_500; group++) fixture.commit(1, { groupId: `g${group}` })
  fixture.advance(7 * DAY_MS - CHECK_MS)
  expect(fixture.shard.state.offsets.size).toBe(2_500)
  fixture.advance(2 * CHECK_MS)
  expect(fixture.shard.state.offsets.size).toBe(0)
})

test('a subscription that says that it is longer than it is, is none', () => {
  const fixture = new ShardFixture()
  const metadata = subscriptionTo('clicks').fill(0xff, 2, 6)
  const caller = fixture.join({ protocols: [{ name: 'range', metadata }] })
  fixture.advance(3_000)
  fixture.sync(joined(caller))
  expect(deleteOffsets(fixture).value.partitions[0]!.error).toBe('GROUP_SUBSCRIBED_TO_TOPIC')
})
