// GroupService over real HTTP/2, with a whole broker behind it: sessions, membership call by call,
// offsets, administration.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as pb from '../../../src/protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { CreateTopicRequestSchema } from '../../../src/protocol/grpc/gen/sluice/v1/admin_pb.ts'
import {
  ADMIN_SERVICE,
  GROUP_SERVICE,
  PRODUCE_SERVICE,
} from '../../../src/protocol/grpc/services.ts'
import { eventually, TestClient } from '../../support/grpc-client.ts'
import { TestBroker } from '../../support/test-broker.ts'
import { type OpenInit, SessionStream } from './session-stream.ts'

let broker: TestBroker
let client: TestClient

beforeEach(async () => {
  broker = await TestBroker.start({ 'offsets.topic.num.partitions': '2' })
  client = connect()
  await client.call(
    ADMIN_SERVICE.createTopic,
    create(CreateTopicRequestSchema, { name: 'clicks', partitions: 2 }),
  )
})

afterEach(async () => {
  client.close()
  await broker.remove()
})

function connect(): TestClient {
  return new TestClient(Number(broker.bootstrap.split(':')[1]))
}

function open(init: OpenInit = {}): SessionStream {
  return SessionStream.open(client, init)
}

async function publish(partition: number, ...values: string[]): Promise<void> {
  const records = values.map((value) => ({
    ...{ key: null, value: Buffer.from(value), headers: [], timestampMs: null, partition },
  }))
  await client.call(PRODUCE_SERVICE.publish, { topic: 'clicks', acks: 1, timeoutMs: 0, records })
}

async function describeGroup(groupId = 'g'): Promise<pb.DescribeGroupResponse> {
  return await client.call(
    GROUP_SERVICE.describeGroup,
    create(pb.DescribeGroupRequestSchema, { groupId }),
  )
}

function committedIn({ partitions }: pb.DescribeGroupResponse): Record<string, number> {
  return Object.fromEntries(
    partitions.map((row) => [`${row.topic}-${row.partition}`, Number(row.committedOffset)]),
  )
}

test('a session joins, gets records, commits by hand, and leaves when it half-closes', async () => {
  await publish(0, 'a', 'b')
  const session = open({ commitMode: pb.CommitMode.MANUAL })
  await eventually(() => session.values().length === 2)
  expect(session.assigned().sort()).toEqual(['clicks-0@0', 'clicks-1@0'])
  const { memberId } = session.events('joined')[0]!

  const described = await describeGroup()
  expect(described).toMatchObject({
    group: { groupId: 'g', type: pb.GroupType.CONSUMER, state: pb.GroupState.STABLE },
    assignor: 'uniform',
    coordinatorId: 1,
    members: [{ memberId, subscription: { topics: ['clicks'] }, clientHost: '127.0.0.1' }],
  })
  expect(described.members[0]!.assignment!.topics).toMatchObject([
    { topic: 'clicks', partitions: [0, 1] },
  ])
  expect(described.partitions[0]).toMatchObject({ partition: 0, memberId, highWatermark: 2n })
  expect(described.partitions[0]).toMatchObject({ committedOffset: -1n, lag: -1n })

  session.acknowledge()
  session.say({ case: 'commit', value: { tag: 9n } })
  await eventually(() => session.events('committed').length > 0)
  const committed = session.events('committed')[0]!
  expect(committed.tag).toBe(9n)
  expect(committed.partitions[0]).toMatchObject({ partition: 0, offset: 2n })
  await publish(0, 'c')
  expect((await describeGroup()).partitions[0]).toMatchObject({ committedOffset: 2n, lag: 1n })

  expect((await session.close()).code).toBe(status.OK)
  const after = await describeGroup()
  expect([after.members.length, after.group!.state]).toEqual([0, pb.GroupState.EMPTY])
  expect(committedIn(after)).toEqual({ 'clicks-0': 2, 'clicks-1': 0 })
})

test('two sessions share; when one is cut the other has its partitions and loses no record', async () => {
  const [first, second] = [open(), open()]
  await eventually(() => {
    return first.assigned().length > 0 && second.assigned().length > 0
  })
  await publish(0, 'a0', 'a1')
  await publish(1, 'b0', 'b1')
  await eventually(() => first.values().length + second.values().length >= 4)
  second.acknowledge()
  // The first has acknowledged nothing: what it was sent comes again.
  const unread = first.values()
  first.cut()
  await eventually(() => unread.every((value) => second.values().includes(value)))
  second.acknowledge()
  expect((await second.close()).code).toBe(status.OK)
  expect(committedIn(await describeGroup())).toEqual({ 'clicks-0': 2, 'clicks-1': 2 })
})

test('a session is refused in order: no open, two opens, no command, a subscription to nothing', async () => {
  const early = new SessionStream(client)
  early.say({ case: 'ack', value: { sequence: 1n } })
  expect((await early.end).error?.code).toBe('INVALID_REQUEST')
  const twice = open().say({ case: 'open', value: { groupId: 'g' } })
  expect((await twice.end).error?.code).toBe('INVALID_REQUEST')
  const empty = open({ groupId: 'h' }).sayNothing()
  expect((await empty.end).error?.code).toBe('INVALID_REQUEST')
  const nothing = open({ subscription: {} })
  expect((await nothing.end).error?.code).toBe('INVALID_REQUEST')
  const nobody = open({ groupId: '' })
  expect((await nobody.end).error?.code).toBe('INVALID_GROUP_ID')
  const pattern = open({ subscription: { topicRegex: '(' } })
  const end = await pattern.end
  expect([end.code, end.error?.code]).toEqual([
    status.INVALID_ARGUMENT,
    'INVALID_REGULAR_EXPRESSION',
  ])
})

test('a client builds a member of the unary calls, which shares with a session', async () => {
  const join = { groupId: 'g', subscription: { topics: ['clicks'] } }
  const member = await client.call(GROUP_SERVICE.join, create(pb.JoinRequestSchema, join))
  expect(member.assignment!.topics).toMatchObject([{ topic: 'clicks', partitions: [0, 1] }])
  expect(member).toMatchObject({ memberEpoch: 1, heartbeatIntervalMs: 5_000 })

  const session = open()
  await eventually(() => session.events('joined').length > 0)
  const { memberId, memberEpoch } = member
  const beat = (init: MessageInitShape<typeof pb.HeartbeatRequestSchema>) =>
    client.call(
      GROUP_SERVICE.heartbeat,
      create(pb.HeartbeatRequestSchema, { groupId: 'g', memberId, memberEpoch, ...init }),
    )
  const told = await beat({})
  expect(told.assignment!.topics[0]!.partitions).toHaveLength(1)
  const released = await beat({ owned: { topics: told.assignment!.topics } })
  expect(released.memberEpoch).toBe(2)
  const commit = (epoch: number) =>
    client.call(
      GROUP_SERVICE.commitOffsets,
      create(pb.CommitOffsetsRequestSchema, {
        ...{ groupId: 'g', memberId, memberEpoch: epoch },
        offsets: [{ topic: 'clicks', partition: 0, offset: 0n }],
      }),
    )
  await expect(commit(1)).rejects.toThrow('Member epoch is not the current one')
  expect((await commit(2)).partitions).toMatchObject([{ offset: 0n }])
  const fenced = await client.refusal(
    GROUP_SERVICE.heartbeat,
    create(pb.HeartbeatRequestSchema, { groupId: 'g', memberId: 'nobody', memberEpoch: 3 }),
  )
  expect([fenced.code, fenced.error?.code]).toEqual([status.ABORTED, 'UNKNOWN_MEMBER_ID'])

  await client.call(GROUP_SERVICE.leave, create(pb.LeaveRequestSchema, { groupId: 'g', memberId }))
  expect((await describeGroup()).members).toHaveLength(1)
})

test('offsets are committed from outside, fetched, reset, deleted, and so are groups', async () => {
  await publish(0, 'a', 'b', 'c', 'd')
  const offsets = [
    { topic: 'clicks', partition: 0, offset: 1n, metadata: 'note', leaderEpoch: 0 },
    { topic: 'nothing', partition: 0, offset: 1n },
  ]
  const committed = await client.call(
    GROUP_SERVICE.commitOffsets,
    create(pb.CommitOffsetsRequestSchema, { groupId: 'g', offsets }),
  )
  expect(committed.partitions[0]).toMatchObject({ offset: 1n })
  expect(committed.partitions[1]).toMatchObject({
    offset: -1n,
    error: { reason: 'UNKNOWN_TOPIC_OR_PARTITION' },
  })
  const fetch = {
    groupId: 'g',
    partitions: [
      { topic: 'clicks', partition: 0 },
      { topic: 'clicks', partition: 1 },
    ],
  }
  const fetched = await client.call(
    GROUP_SERVICE.fetchOffsets,
    create(pb.FetchOffsetsRequestSchema, fetch),
  )
  expect(fetched.partitions).toMatchObject([
    { offset: 1n, metadata: 'note', leaderEpoch: 0 },
    { offset: -1n, leaderEpoch: -1, commitTimestampMs: -1n },
  ])

  const reset = (target: pb.ResetOffsetsRequest['target'], validateOnly = false) => {
    const init = { groupId: 'g', target, validateOnly } as const
    return client.call(GROUP_SERVICE.resetOffsets, create(pb.ResetOffsetsRequestSchema, init))
  }
  const tried = await reset({ case: 'shiftBy', value: 2n }, true)
  expect(tried.partitions).toMatchObject([{ previousOffset: 1n, offset: 3n }])
  expect(committedIn(await describeGroup())).toEqual({ 'clicks-0': 1 })
  expect((await reset({ case: 'shiftBy', value: 2n })).partitions).toMatchObject([{ offset: 3n }])
  expect((await reset({ case: 'durationMs', value: 3_600_000n })).partitions).toMatchObject([
    { previousOffset: 3n, offset: 0n },
  ])
  const nowhere = await client.refusal(
    GROUP_SERVICE.resetOffsets,
    create(pb.ResetOffsetsRequestSchema, { groupId: 'g' }),
  )
  expect(nowhere.error?.code).toBe('INVALID_REQUEST')

  const session = open()
  await eventually(() => session.assigned().length > 0)
  const shift = { groupId: 'g', target: { case: 'shiftBy' as const, value: 1n } }
  const busy = await client.refusal(
    GROUP_SERVICE.resetOffsets,
    create(pb.ResetOffsetsRequestSchema, shift),
  )
  expect([busy.code, busy.error?.code]).toEqual([status.FAILED_PRECONDITION, 'NON_EMPTY_GROUP'])
  const deleteGroup = create(pb.DeleteGroupRequestSchema, { groupId: 'g' })
  const used = await client.refusal(GROUP_SERVICE.deleteGroup, deleteGroup)
  expect(used.error?.code).toBe('NON_EMPTY_GROUP')
  await session.close()

  const gone = await client.call(
    GROUP_SERVICE.deleteOffsets,
    create(pb.DeleteOffsetsRequestSchema, {
      groupId: 'g',
      partitions: fetch.partitions.slice(0, 1),
    }),
  )
  expect(gone.partitions[0]!.error).toBeUndefined()
  await client.call(GROUP_SERVICE.deleteGroup, deleteGroup)
  const missing = await client.refusal(
    GROUP_SERVICE.describeGroup,
    create(pb.DescribeGroupRequestSchema, { groupId: 'g' }),
  )
  expect([missing.code, missing.error?.code]).toEqual([status.NOT_FOUND, 'GROUP_ID_NOT_FOUND'])
})

test('groups are listed in pages, by state and type', async () => {
  const offsets = [{ topic: 'clicks', partition: 0, offset: 0n }]
  for (const groupId of ['c', 'a', 'b']) {
    await client.call(
      GROUP_SERVICE.commitOffsets,
      create(pb.CommitOffsetsRequestSchema, { groupId, offsets }),
    )
  }
  const session = open({ groupId: 'd' })
  await eventually(() => session.assigned().length > 0)
  const list = async (init: MessageInitShape<typeof pb.ListGroupsRequestSchema>) => {
    const page = await client.call(
      GROUP_SERVICE.listGroups,
      create(pb.ListGroupsRequestSchema, init),
    )
    return [page.groups.map(({ groupId }) => groupId).join(), page.nextPageToken]
  }
  expect(await list({ pageSize: 3 })).toEqual(['a,b,c', 'c'])
  expect(await list({ pageSize: 3, pageToken: 'c' })).toEqual(['d', ''])
  expect(await list({ states: [pb.GroupState.STABLE] })).toEqual(['d', ''])
  expect(await list({ types: [pb.GroupType.CLASSIC] })).toEqual(['a,b,c', ''])
})

test('a broker that stops commits what was acknowledged, and ends sessions as ones to open again', async () => {
  await publish(0, 'a', 'b')
  const session = open({ commitIntervalMs: 3_600_000 })
  await eventually(() => session.values().length === 2)
  session.acknowledge()
  const described = await describeGroup()
  expect(committedIn(described)).toEqual({ 'clicks-0': -1, 'clicks-1': -1 })
  await broker.stop()
  const end = await session.end
  expect([end.code, end.error?.code]).toEqual([status.UNAVAILABLE, 'LEADER_NOT_AVAILABLE'])
  await broker.startAgain()
  client.close()
  client = connect()
  const again = open()
  await eventually(() => again.assigned().length > 0)
  expect(again.assigned()).toContain('clicks-0@2')
  expect((await describeGroup()).members).toHaveLength(1)
})
