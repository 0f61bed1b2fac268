// Offsets in transactions: which member may commit them, and what an open transaction holds back.
// Who may commit: apache/kafka, ClassicGroup and ConsumerGroup.validateOffsetCommit; KIP-447.

import { expect, test } from 'vitest'
import type {
  CommitOffsetsResponse,
  DeleteOffsetsResponse,
  FetchOffsetsResponse,
} from '../../src/coordination/group/offsets/messages.ts'
import { Caller, ShardFixture, joined, topicIdOf } from './shard-fixture.ts'

const DAY_MS = 24 * 60 * 60_000
const CHECK_MS = 10 * 60_000

interface By {
  readonly groupId?: string
  readonly memberId?: string
  readonly instanceId?: string | null
  readonly epoch?: number
  readonly topic?: string
  readonly topicId?: ReturnType<typeof topicIdOf>
  readonly producerId?: number
  readonly metadata?: string
}

/** A commit as the runtime takes it: appended, then applied. */
function commit(fixture: ShardFixture, offset: number, by: By = {}) {
  const { groupId = 'g', memberId = '', instanceId = null, epoch = -1, topic = 'clicks' } = by
  const { topicId = topicIdOf(topic), producerId = 7, metadata = '' } = by
  const given = { topic, topicId, partition: 0, offset, leaderEpoch: -1, metadata }
  const request = { groupId, memberId, instanceId, generationOrEpoch: epoch, offsets: [given] }
  const caller = new Caller<CommitOffsetsResponse>()
  const writer = { producerId, producerEpoch: 0, guard: null }
  const step = fixture.shard.commitInTransaction(request, writer, caller, fixture.now)
  step.apply()
  step.release()
  return caller
}

function stableMember(fixture: ShardFixture) {
  const caller = fixture.join({ sessionTimeoutMs: 60_000, instanceId: 'one' })
  fixture.advance(3_000)
  const member = joined(caller)
  return member
}

function fetch(fixture: ShardFixture, requireStable: boolean) {
  const by = { groupId: 'g', memberId: null, memberEpoch: -1, partitions: null, requireStable }
  const caller = fixture.run<FetchOffsetsResponse>((shard, call, now) =>
    shard.fetchOffsets(by, call, now),
  )
  return caller.value.partitions.map(({ error, committed }) => error ?? committed!.offset)
}

test('offsets count once their transaction is committed, and unstable is said until then', () => {
  const fixture = new ShardFixture()
  fixture.commit(1, {})
  commit(fixture, 5)
  expect([fetch(fixture, false), fetch(fixture, true)]).toEqual([[1], ['UNSTABLE_OFFSET_COMMIT']])
  fixture.shard.replayMarker(7, 'committed')
  expect([fetch(fixture, false), fetch(fixture, true)]).toEqual([[5], [5]])
  commit(fixture, 9)
  fixture.shard.replayMarker(7, 'aborted')
  expect([fetch(fixture, false), fetch(fixture, true)]).toEqual([[5], [5]])
})

test('a member of the classic protocol commits in its generation, and in no other', () => {
  const fixture = new ShardFixture()
  const { memberId } = stableMember(fixture)
  const by = { memberId, instanceId: 'one' }
  // While the group is being rebalanced, its members still have what they had.
  expect(commit(fixture, 5, { ...by, epoch: 1 }).value.partitions[0]!.error).toBe(null)
  expect(commit(fixture, 5, { ...by, epoch: 0 }).code).toBe('ILLEGAL_GENERATION')
  expect(commit(fixture, 5, { ...by, epoch: 2 }).code).toBe('ILLEGAL_GENERATION')
  expect(commit(fixture, 5, { memberId: 'x', epoch: 1 }).code).toBe('UNKNOWN_MEMBER_ID')
  expect(commit(fixture, 5, { memberId, instanceId: 'two', epoch: 1 }).code).toBe(
    'UNKNOWN_MEMBER_ID',
  )
  expect(commit(fixture, 5, { memberId: 'x', instanceId: 'one', epoch: 1 }).code).toBe(
    'FENCED_INSTANCE_ID',
  )
  expect(commit(fixture, 5, { memberId: 'x' }).code).toBe('UNKNOWN_MEMBER_ID')
})

test('a member of the newer protocol commits in its epoch; another is an illegal generation', () => {
  const fixture = new ShardFixture()
  const { memberEpoch } = fixture.consume({}).value
  expect(commit(fixture, 5, { memberId: 'a', epoch: memberEpoch }).value.partitions).toHaveLength(1)
  expect(commit(fixture, 5, { memberId: 'a', epoch: memberEpoch + 1 }).code).toBe(
    'ILLEGAL_GENERATION',
  )
  expect(commit(fixture, 5, { memberId: 'b', epoch: memberEpoch }).code).toBe('UNKNOWN_MEMBER_ID')
})

test('who does not say which member it is may commit for any group, as before KIP-447', () => {
  const fixture = new ShardFixture()
  stableMember(fixture)
  fixture.consume({ groupId: 'newer' })
  for (const groupId of ['g', 'newer', 'none']) {
    expect(commit(fixture, 5, { groupId }).value.partitions[0]!.error).toBe(null)
  }
  expect(commit(fixture, 5, { groupId: 'nobody', epoch: 1 }).code).toBe('ILLEGAL_GENERATION')
})

test('metadata over the limit, and too many offsets, are refused each by itself', () => {
  const fixture = new ShardFixture({ maxOffsets: 2 })
  const error = (by: By) => commit(fixture, 1, by).value.partitions[0]!.error
  expect(error({ metadata: 'x'.repeat(4097) })).toBe('OFFSET_METADATA_TOO_LARGE')
  expect(error({ producerId: 1 })).toBe(null)
  expect(error({ producerId: 2 })).toBe(null)
  expect(error({ producerId: 3 })).toBe('INVALID_COMMIT_OFFSET_SIZE')
  expect(fixture.commit(1, { topic: 'orders' }).value.partitions[0]!.error).toBe(
    'INVALID_COMMIT_OFFSET_SIZE',
  )
  for (const producerId of [1, 2]) fixture.shard.replayMarker(producerId, 'committed')
  expect(error({ producerId: 3 })).toBe(null)
})

test('what an open transaction carries does not expire, nor does its group', () => {
  const fixture = new ShardFixture()
  const left = stableMember(fixture)
  fixture.sync(left)
  fixture.commit(1, { memberId: left.memberId, epoch: 1 })
  fixture.leave({ memberId: left.memberId, instanceId: 'one' })
  commit(fixture, 5)
  fixture.advance(8 * DAY_MS)
  expect(fixture.committed()).toBe(1)
  fixture.shard.replayMarker(7, 'aborted')
  fixture.advance(CHECK_MS)
  expect(fixture.committed()).toBe(null)

  commit(fixture, 5, { groupId: 'newer' })
  fixture.advance(8 * DAY_MS)
  expect(fixture.shard.groups().map(({ groupId }) => groupId)).toEqual(['newer'])
  fixture.shard.replayMarker(7, 'committed')
  expect(fixture.committed('newer')).toBe(5)
})

test('a group goes with the offsets that transactions carry for it, and they stay away', () => {
  const fixture = new ShardFixture()
  commit(fixture, 5)
  expect(
    fixture.run<null>((shard, call, now) => shard.deleteGroup('g', call, now)).value,
  ).toBeNull()
  expect(fixture.shard.groups()).toEqual([])
  fixture.shard.replayMarker(7, 'committed')
  expect(fixture.committed()).toBe(null)
})

test('an offset is deleted with what transactions carry for it', () => {
  const fixture = new ShardFixture()
  commit(fixture, 5)
  const request = { groupId: 'g', partitions: [{ topic: 'clicks', partition: 0 }] }
  fixture.run<DeleteOffsetsResponse>((shard, call, now) => shard.deleteOffsets(request, call, now))
  fixture.shard.replayMarker(7, 'committed')
  expect(fixture.committed()).toBe(null)
})

test('offsets of a topic that is gone go, with what transactions carry for it', () => {
  const fixture = new ShardFixture()
  fixture.commit(1, { topic: 'orders' })
  commit(fixture, 5, { topic: 'orders' })
  commit(fixture, 6, { groupId: 'other', topic: 'orders' })
  fixture.setTopics({ clicks: 6 })
  fixture.shard.topicsDeleted(fixture.now)
  fixture.advance(1)
  fixture.shard.replayMarker(7, 'committed')
  expect([fixture.committed('g', 'orders'), fixture.committed('other', 'orders')]).toEqual([
    null,
    null,
  ])
})

test('and where there are no others than those', () => {
  const fixture = new ShardFixture()
  commit(fixture, 5, { topic: 'orders' })
  fixture.setTopics({ clicks: 6 })
  fixture.shard.topicsDeleted(fixture.now)
  fixture.advance(1)
  fixture.shard.replayMarker(7, 'committed')
  expect(fixture.committed('g', 'orders')).toBe(null)
})

test('an offset of a topic that was made anew is kept while a transaction carries one of the new', () => {
  const fixture = new ShardFixture()
  const commitOld = { topicId: topicIdOf('older') }
  commit(fixture, 1, { ...commitOld, producerId: 1 })
  fixture.shard.replayMarker(1, 'committed')
  commit(fixture, 5, { producerId: 2 })
  fixture.shard.topicsDeleted(fixture.now)
  fixture.advance(1)
  expect(fixture.committed()).toBe(1)
  fixture.shard.replayMarker(2, 'aborted')
  fixture.advance(10_000)
  expect(fixture.committed()).toBe(null)
})

test('records of a step in a transaction change nothing before they are applied', () => {
  const fixture = new ShardFixture()
  const given = { topic: 'clicks', topicId: topicIdOf('clicks'), partition: 0, offset: 5 }
  const request = {
    ...{ groupId: 'g', memberId: '', instanceId: null, generationOrEpoch: -1 },
    offsets: [{ ...given, leaderEpoch: -1, metadata: '' }],
  }
  const writer = { producerId: 7, producerEpoch: 3, guard: null }
  const caller = new Caller<CommitOffsetsResponse>()
  const step = fixture.shard.commitInTransaction(request, writer, caller, fixture.now)
  expect(step.writer).toEqual(writer)
  expect(fixture.shard.state.offsets.pendingSize).toBe(0)
  step.apply()
  expect(fixture.shard.state.offsets.isPending('g', 'clicks', 0)).toBe(true)
})
