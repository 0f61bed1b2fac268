// The newer group protocol (KIP-848), path by path.

import { expect, test } from 'vitest'
import { ConsumerGroup } from '../../src/coordination/group/consumer/consumer-group.ts'
import type { DescribedConsumerGroup } from '../../src/coordination/group/consumer/describe.ts'
import type { ConsumerHeartbeatResponse } from '../../src/coordination/group/consumer/messages.ts'
import type { FetchOffsetsResponse } from '../../src/coordination/group/offsets/messages.ts'
import type { TopicPartitions } from '../../src/coordination/group/records/consumer-group.ts'
import { ShardFixture, contentOf, joined, topicIdOf } from './shard-fixture.ts'

const CLICKS = topicIdOf('clicks')

function clicks(...partitions: number[]): TopicPartitions[] {
  return partitions.length === 0 ? [] : [{ topicId: CLICKS, partitions }]
}

/** A member that does what it is told, as a client does. */
class Consumer {
  readonly fixture: ShardFixture
  readonly memberId: string
  epoch = 0
  owned: readonly TopicPartitions[] = []

  constructor(fixture: ShardFixture, memberId: string) {
    this.fixture = fixture
    this.memberId = memberId
  }

  join(given: object = {}): ConsumerHeartbeatResponse {
    return this.take(this.fixture.consume({ memberId: this.memberId, ...given }).value)
  }

  beat(given: object = {}): ConsumerHeartbeatResponse {
    const { memberId, epoch: memberEpoch, owned } = this
    return this.take(this.fixture.consume({ memberId, memberEpoch, owned, ...given }).value)
  }

  take(answer: ConsumerHeartbeatResponse): ConsumerHeartbeatResponse {
    this.epoch = answer.memberEpoch
    if (answer.assignment !== null) this.owned = answer.assignment
    return answer
  }
}

function settle(...consumers: Consumer[]): void {
  for (let round = 0; round < 6; round++) for (const consumer of consumers) consumer.beat()
}

function stateOf(fixture: ShardFixture): string | undefined {
  return fixture.shard.state.consumer.get('g')?.state
}

test('the first member gets everything at once', () => {
  const fixture = new ShardFixture()
  const a = new Consumer(fixture, 'a')
  expect(a.join()).toEqual({
    memberId: 'a',
    memberEpoch: 1,
    heartbeatIntervalMs: 5_000,
    assignment: clicks(0, 1, 2, 3, 4, 5),
  })
  expect(stateOf(fixture)).toBe('Stable')
  expect(fixture.consume({ memberEpoch: 1 }).value.assignment).toBe(null)
})

test('a second member gets its share only when the first has given it up', () => {
  const fixture = new ShardFixture()
  const [a, b] = [new Consumer(fixture, 'a'), new Consumer(fixture, 'b')]
  a.join()
  expect(b.join()).toMatchObject({ memberEpoch: 2, assignment: [] })
  expect(stateOf(fixture)).toBe('Reconciling')
  // The first is told what to keep; it still owns the rest, so its epoch stays.
  expect(a.beat()).toMatchObject({ memberEpoch: 1, assignment: clicks(0, 1, 2) })
  expect(b.beat().memberEpoch).toBe(2)
  expect(b.owned).toEqual([])
  expect(a.beat()).toMatchObject({ memberEpoch: 2 })
  b.beat()
  expect([a.owned, b.owned]).toEqual([clicks(0, 1, 2), clicks(3, 4, 5)])
  expect(stateOf(fixture)).toBe('Stable')
})

test('a client without an id is given one', () => {
  const fixture = new ShardFixture()
  expect(fixture.consume({ memberId: '' }).value.memberId).toBe('id0')
})

test('heartbeats that make no sense are refused', () => {
  const fixture = new ShardFixture({ consumerMaxSize: 1, maxSubscribedTopics: 2 })
  const consume = (given: object) => fixture.consume(given).code
  expect(consume({ groupId: '' })).toBe('INVALID_GROUP_ID')
  expect(consume({ memberEpoch: -3 })).toBe('INVALID_REQUEST')
  expect(consume({ memberEpoch: 1, memberId: '' })).toBe('INVALID_REQUEST')
  expect(consume({ rebalanceTimeoutMs: -1 })).toBe('INVALID_REQUEST')
  expect(consume({ owned: null })).toBe('INVALID_REQUEST')
  expect(consume({ owned: clicks(1) })).toBe('INVALID_REQUEST')
  expect(consume({ topicNames: null })).toBe('INVALID_REQUEST')
  expect(consume({ topicNames: ['a', 'b', 'c'] })).toBe('INVALID_REQUEST')
  expect(consume({ instanceId: '' })).toBe('INVALID_REQUEST')
  expect(consume({ memberEpoch: -2 })).toBe('INVALID_REQUEST')
  expect(consume({ serverAssignor: 'best' })).toBe('UNSUPPORTED_ASSIGNOR')
  expect(consume({ topicRegex: '(' })).toBe('INVALID_REGULAR_EXPRESSION')
  expect(consume({ memberEpoch: 1 })).toBe('GROUP_ID_NOT_FOUND')
  expect(consume({ memberEpoch: -1 })).toBe('GROUP_ID_NOT_FOUND')
  expect(fixture.log).toEqual([])
  fixture.consume({})
  expect(consume({ memberId: 'b' })).toBe('GROUP_MAX_SIZE_REACHED')
  expect(consume({ memberId: 'b', memberEpoch: 1 })).toBe('UNKNOWN_MEMBER_ID')
})

test('an epoch that is not the current one is fenced, but for a lost answer', () => {
  const fixture = new ShardFixture()
  const [a, b] = [new Consumer(fixture, 'a'), new Consumer(fixture, 'b')]
  a.join()
  // The answer to the join was lost: the same again, with nothing owned, is answered the same.
  expect(a.join()).toMatchObject({ memberEpoch: 1, assignment: clicks(0, 1, 2, 3, 4, 5) })
  b.join()
  settle(a, b)
  expect([a.epoch, b.epoch]).toEqual([2, 2])
  const again = fixture.consume({ memberEpoch: 1, owned: clicks(0, 1, 2) }).value
  expect(again).toMatchObject({ memberEpoch: 2, assignment: clicks(0, 1, 2) })
  const consume = (given: object) => fixture.consume({ memberId: 'a', ...given }).code
  expect(consume({ memberEpoch: 1, owned: clicks(0, 1, 2, 3) })).toBe('FENCED_MEMBER_EPOCH')
  expect(consume({ memberEpoch: 1 })).toBe('FENCED_MEMBER_EPOCH')
  expect(consume({ memberEpoch: 3 })).toBe('FENCED_MEMBER_EPOCH')
  // Who starts anew owns nothing, and is told what to own.
  expect(fixture.consume({}).value).toMatchObject({ memberEpoch: 2, assignment: clicks(0, 1, 2) })
})

test('a member that missed what it was given is told again when it says what it owns', () => {
  const fixture = new ShardFixture()
  const [a, b] = [new Consumer(fixture, 'a'), new Consumer(fixture, 'b')]
  a.join()
  b.join()
  a.beat()
  a.beat()
  // The epoch is the same before and after, and the answer to this one is lost.
  fixture.consume({ memberId: 'b', memberEpoch: 2, owned: [] })
  expect(b.beat()).toMatchObject({ memberEpoch: 2, assignment: clicks(3, 4, 5) })
  expect(b.beat().assignment).toBe(null)
})

test('commits of another epoch are refused', () => {
  const fixture = new ShardFixture()
  const [a, b] = [new Consumer(fixture, 'a'), new Consumer(fixture, 'b')]
  a.join()
  expect(fixture.commit(1, { memberId: 'a', epoch: 1 }).value.partitions[0]!.error).toBe(null)
  b.join()
  settle(a, b)
  expect(fixture.commit(2, { memberId: 'a', epoch: 1 }).code).toBe('STALE_MEMBER_EPOCH')
  expect(fixture.commit(2, { memberId: 'x', epoch: 2 }).code).toBe('UNKNOWN_MEMBER_ID')
  expect(fixture.commit(2, {}).code).toBe('UNKNOWN_MEMBER_ID')
  expect(fixture.committed()).toBe(1)
  const by = { groupId: 'g', memberId: 'a', partitions: null, requireStable: false }
  const fetch = (memberEpoch: number) => {
    return fixture.run<FetchOffsetsResponse>((shard, call, now) => {
      return shard.fetchOffsets({ ...by, memberEpoch }, call, now)
    })
  }
  expect(fetch(1).code).toBe('STALE_MEMBER_EPOCH')
  expect(fetch(2).value.partitions).toHaveLength(1)
})

test('a member that leaves, or is silent, makes room', () => {
  const fixture = new ShardFixture()
  const [a, b, c] = [
    new Consumer(fixture, 'a'),
    new Consumer(fixture, 'b'),
    new Consumer(fixture, 'c'),
  ]
  for (const consumer of [a, b, c]) consumer.join()
  settle(a, b, c)
  expect([a, b, c].map(({ owned }) => owned[0]!.partitions.length)).toEqual([2, 2, 2])
  expect(fixture.consume({ memberId: 'c', memberEpoch: -1 }).value).toMatchObject({
    memberEpoch: -1,
  })
  settle(a, b)
  expect([a, b].map(({ owned }) => owned[0]!.partitions.length)).toEqual([3, 3])
  fixture.advance(44_000)
  a.beat()
  fixture.advance(1_000)
  settle(a)
  expect(a.owned).toEqual(clicks(0, 1, 2, 3, 4, 5))
  expect(fixture.consume({ memberId: 'b', memberEpoch: b.epoch }).code).toBe('UNKNOWN_MEMBER_ID')
})

test('a member that does not give up in time is fenced', () => {
  const fixture = new ShardFixture()
  const [a, b] = [new Consumer(fixture, 'a'), new Consumer(fixture, 'b')]
  a.join({ rebalanceTimeoutMs: 20_000 })
  b.join()
  a.beat()
  for (let passedMs = 0; passedMs < 20_000; passedMs += 5_000) {
    // Alive, but it goes on owning what it is to give up.
    a.owned = clicks(0, 1, 2, 3, 4, 5)
    expect(a.beat().memberEpoch).toBe(1)
    b.beat()
    fixture.advance(5_000)
  }
  expect(fixture.consume({ memberId: 'a', memberEpoch: 1 }).code).toBe('UNKNOWN_MEMBER_ID')
  settle(b)
  expect(b.owned).toEqual(clicks(0, 1, 2, 3, 4, 5))
})

test('a static member that is away keeps its place for who comes in its name', () => {
  const fixture = new ShardFixture()
  const [a, b] = [new Consumer(fixture, 'a'), new Consumer(fixture, 'b')]
  a.join({ instanceId: 'one' })
  b.join({ instanceId: 'two' })
  const instanceId = 'one'
  for (let round = 0; round < 4; round++) {
    a.beat({ instanceId })
    b.beat({ instanceId: 'two' })
  }
  const kept = a.owned
  const join = () => fixture.consume({ memberId: 'a2', instanceId })
  expect(join().code).toBe('UNRELEASED_INSTANCE_ID')
  expect(fixture.consume({ memberId: 'a', memberEpoch: -2, instanceId }).value.memberEpoch).toBe(-2)
  b.beat({ instanceId: 'two' })
  expect(b.owned).toHaveLength(1)
  expect(join().value).toMatchObject({ memberEpoch: 2, assignment: kept })
  expect(fixture.consume({ memberId: 'a', memberEpoch: 2, instanceId }).code).toBe(
    'FENCED_INSTANCE_ID',
  )
  expect(fixture.consume({ memberId: 'a', memberEpoch: -1, instanceId }).code).toBe(
    'FENCED_INSTANCE_ID',
  )
  expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
})

test('a static member that does not come back is out when its session ends', () => {
  const fixture = new ShardFixture()
  const a = new Consumer(fixture, 'a')
  a.join({ instanceId: 'one' })
  fixture.consume({ memberId: 'a', memberEpoch: -2, instanceId: 'one' })
  fixture.advance(45_000)
  expect(stateOf(fixture)).toBe('Empty')
})

test('new partitions and new topics come with the next heartbeats', () => {
  const fixture = new ShardFixture({})
  const a = new Consumer(fixture, 'a')
  a.join({ topicNames: ['clicks', 'later'] })
  fixture.setTopics({ clicks: 8, orders: 3 })
  expect(a.beat()).toMatchObject({ memberEpoch: 2, assignment: clicks(0, 1, 2, 3, 4, 5, 6, 7) })
  fixture.setTopics({ clicks: 8, orders: 4 })
  expect(a.beat().memberEpoch).toBe(2)
  fixture.setTopics({ later: 1, orders: 4 })
  a.beat()
  expect(a.beat()).toMatchObject({ memberEpoch: 3 })
  expect(a.owned).toEqual([{ topicId: topicIdOf('later'), partitions: [0] }])
})

test('topics are subscribed by regular expression, and those that come later match as well', () => {
  const fixture = new ShardFixture({})
  const a = new Consumer(fixture, 'a')
  a.join({ topicNames: null, topicRegex: 'cl.*|log-[0-9]+' })
  expect(a.owned).toEqual(clicks(0, 1, 2, 3, 4, 5))
  fixture.setTopics({ clicks: 6, 'log-7': 1, 'log-x': 1, __consumer_offsets: 50 })
  a.beat()
  expect(a.owned.map(({ topicId }) => topicId).sort()).toEqual([CLICKS, topicIdOf('log-7')].sort())
  a.beat({ topicRegex: '', topicNames: ['log-x'] })
  a.beat()
  expect(a.owned).toEqual([{ topicId: topicIdOf('log-x'), partitions: [0] }])
  expect([...fixture.shard.state.consumer.get('g')!.regexes.keys()]).toEqual([])
})

test('a group has only so many different expressions', () => {
  const fixture = new ShardFixture({ maxRegexes: 1 })
  new Consumer(fixture, 'a').join({ topicRegex: 'c.*' })
  new Consumer(fixture, 'b').join({ topicRegex: 'c.*' })
  const other = fixture.consume({ memberId: 'c', topicRegex: 'o.*' })
  expect(other.code).toBe('INVALID_REGULAR_EXPRESSION')
})

test('the assignor that most ask for is used', () => {
  const fixture = new ShardFixture()
  const consumers = ['a', 'b'].map((id) => new Consumer(fixture, id))
  for (const consumer of consumers) {
    consumer.join({ serverAssignor: 'range', topicNames: ['clicks', 'orders'] })
  }
  settle(...consumers)
  const sizes = consumers.map(({ owned }) => owned.map(({ partitions }) => partitions.length))
  expect(sizes.map((list) => list.sort((a, b) => a - b))).toEqual([
    [2, 3],
    [1, 3],
  ])
  const describe = fixture.run<DescribedConsumerGroup>((shard, call, now) => {
    return shard.describeConsumerGroup('g', call, now)
  })
  expect(describe.value).toMatchObject({ state: 'Stable', epoch: 2, assignor: 'range' })
})

test('a reload in the middle of a rebalance changes nothing but the sessions', () => {
  const fixture = new ShardFixture()
  const [a, b] = [new Consumer(fixture, 'a'), new Consumer(fixture, 'b')]
  a.join()
  b.join()
  a.beat()
  fixture.reload(fixture.compacted())
  expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
  settle(a, b)
  expect([a.owned, b.owned]).toEqual([clicks(0, 1, 2), clicks(3, 4, 5)])
  fixture.reload()
  fixture.advance(45_000)
  expect(stateOf(fixture)).toBe('Empty')
})

test('a group is all there where compaction took its epoch from in front of its tombstones', () => {
  const fixture = new ShardFixture()
  const a = new Consumer(fixture, 'a')
  a.join()
  fixture.consume({ memberId: 'a', memberEpoch: -1 })
  // Epoch of the target, tombstones of the member, epoch of the group.
  const last = new Map(fixture.log.map((record) => [record.key.toString(), record]))
  fixture.reload(fixture.log.filter((record) => last.get(record.key.toString()) === record))
  expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
})

test('an owner whose record comes behind that of the next one does not take the partition with it', () => {
  const group = new ConsumerGroup('g')
  const owns = (memberId: string, ...partitions: number[]) => {
    const value = { memberEpoch: 1, previousMemberEpoch: 0, state: 'stable' as const }
    const assigned = clicks(...partitions)
    const key = { type: 'CurrentAssignment' as const, groupId: 'g', memberId }
    group.replay({ ...key, value: { ...value, assigned, pendingRevocation: [] } })
  }
  owns('a', 0, 1)
  owns('b', 1)
  owns('a', 0)
  expect([group.owner(CLICKS, 0), group.owner(CLICKS, 1)]).toEqual(['a', 'b'])
  owns('b')
  expect(group.owner(CLICKS, 1)).toBe(null)
})

test('an empty group changes its protocol, with its offsets; one with opaque members does not', () => {
  const fixture = new ShardFixture()
  const caller = fixture.join()
  fixture.advance(3_000)
  const member = joined(caller)
  fixture.sync(member)
  fixture.commit(4, { memberId: member.memberId, epoch: 1 })
  expect(fixture.consume({}).code).toBe('GROUP_ID_NOT_FOUND')
  fixture.leave({ memberId: member.memberId })

  const a = new Consumer(fixture, 'a')
  expect(a.join().memberEpoch).toBe(1)
  expect(fixture.join({ protocolType: 'connect' }).code).toBe('INCONSISTENT_GROUP_PROTOCOL')
  expect(fixture.heartbeat(member.memberId, 1).code).toBe('UNKNOWN_MEMBER_ID')
  fixture.consume({ memberEpoch: -1 })
  expect(fixture.committed()).toBe(4)

  const again = fixture.join()
  fixture.advance(3_000)
  expect(joined(again).generation).toBe(1)
  expect(fixture.committed()).toBe(4)
  fixture.reload(fixture.compacted())
  expect([...fixture.shard.state.consumer.keys()]).toEqual([])
  expect(fixture.committed()).toBe(4)
})

test('an empty group goes when its last offset has expired, and leaves nothing behind', () => {
  const fixture = new ShardFixture()
  const a = new Consumer(fixture, 'a')
  a.join({ topicRegex: 'o.*' })
  fixture.commit(1, { memberId: 'a', epoch: 1 })
  fixture.consume({ memberEpoch: -1 })
  fixture.advance(6 * 24 * 3_600_000)
  expect(stateOf(fixture)).toBe('Empty')
  fixture.advance(2 * 24 * 3_600_000)
  expect(stateOf(fixture)).toBe(undefined)
  expect(fixture.compacted()).toEqual([])
})
