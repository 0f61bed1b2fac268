// Groups over the Kafka protocol: each trap that real clients lay has a test that names it.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '../../../../src/base/errors.ts'
import { CONSUMER_GROUP_DESCRIBE } from '../../../../src/protocol/kafka/gen/consumer-group-describe.ts'
import { CONSUMER_GROUP_HEARTBEAT } from '../../../../src/protocol/kafka/gen/consumer-group-heartbeat.ts'
import { DELETE_GROUPS } from '../../../../src/protocol/kafka/gen/delete-groups.ts'
import { DESCRIBE_GROUPS } from '../../../../src/protocol/kafka/gen/describe-groups.ts'
import { FIND_COORDINATOR } from '../../../../src/protocol/kafka/gen/find-coordinator.ts'
import { HEARTBEAT } from '../../../../src/protocol/kafka/gen/heartbeat.ts'
import { JOIN_GROUP } from '../../../../src/protocol/kafka/gen/join-group.ts'
import type {
  JoinGroupRequestInit,
  JoinGroupResponse,
} from '../../../../src/protocol/kafka/gen/join-group.ts'
import { LEAVE_GROUP } from '../../../../src/protocol/kafka/gen/leave-group.ts'
import { LIST_GROUPS } from '../../../../src/protocol/kafka/gen/list-groups.ts'
import { OFFSET_COMMIT } from '../../../../src/protocol/kafka/gen/offset-commit.ts'
import { OFFSET_DELETE } from '../../../../src/protocol/kafka/gen/offset-delete.ts'
import { OFFSET_FETCH } from '../../../../src/protocol/kafka/gen/offset-fetch.ts'
import { SYNC_GROUP } from '../../../../src/protocol/kafka/gen/sync-group.ts'
import { groupHandlers } from '../../../../src/server/kafka/handlers/groups.ts'
import { KafkaHandlerClient } from '../../../support/kafka-handler-client.ts'

const SELF = { nodeId: 1, host: '127.0.0.1', port: 9092 }

const OPTIONS = { 'group.initial.rebalance.delay.ms': '0', 'offsets.topic.num.partitions': '2' }

let client: KafkaHandlerClient

beforeEach(async () => {
  client = await KafkaHandlerClient.open((services) => groupHandlers(services, () => SELF), OPTIONS)
  const caller = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
  const topic = { name: 't', partitions: 2, replicationFactor: 1, configs: new Map() }
  await client.core.services.topics.create(caller, topic, { validateOnly: false })
})

afterEach(async () => {
  await client.close()
})

function id(code: ErrorCode): number {
  return ERRORS[code].id
}

/** Versions of an API that a broker of ours serves. */
function versions(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n)
}

function request(groupId: string, memberId = '', extra: object = {}): JoinGroupRequestInit {
  return {
    ...{ groupId, sessionTimeoutMs: 10_000, memberId, protocolType: 'consumer' },
    protocols: [{ name: 'range', metadata: Buffer.from('subscription') }],
    ...extra,
  }
}

/** Joins as the clients of a version do: twice from version 4 on. */
async function join(
  version: number,
  groupId: string,
  extra: object = {},
): Promise<JoinGroupResponse> {
  const first = await client.call(JOIN_GROUP, version, request(groupId, '', extra))
  if (first.errorCode !== id('MEMBER_ID_REQUIRED')) return first
  return client.call(JOIN_GROUP, version, request(groupId, first.memberId, extra))
}

/** One member in a stable group. */
async function stable(groupId: string, assignment = 'a'): Promise<JoinGroupResponse> {
  const joined = await join(5, groupId)
  const { memberId, generationId } = joined
  const assignments = [{ memberId, assignment: Buffer.from(assignment) }]
  const synced = await client.call(SYNC_GROUP, 3, { groupId, generationId, memberId, assignments })
  expect(synced.errorCode).toBe(0)
  return joined
}

function commitRequest(groupId: string, memberId: string, generation: number, offset: number) {
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }]
  const topics = [{ name: 't', partitions }]
  return { groupId, memberId, generationIdOrMemberEpoch: generation, topics }
}

async function commit(
  groupId: string,
  offset: number,
  { version = 8, memberId = '', generation = -1 } = {},
): Promise<number> {
  const answer = commitRequest(groupId, memberId, generation, offset)
  const { topics } = await client.call(OFFSET_COMMIT, version, answer)
  return topics[0]!.partitions[0]!.errorCode
}

async function committed(groupId: string): Promise<number> {
  const topics = [{ name: 't', partitionIndexes: [0] }]
  const answer = await client.call(OFFSET_FETCH, 6, { groupId, topics })
  return answer.topics[0]!.partitions[0]!.committedOffset
}

// FindCoordinator

test.each(versions(0, 3))(
  'FindCoordinator %i answers one key with this broker',
  async (version) => {
    const answer = await client.call(FIND_COORDINATOR, version, { key: 'g' })
    expect(answer).toMatchObject({ ...SELF, errorCode: 0, coordinators: [] })
  },
)

test('FindCoordinator 4 is batched: every key has an answer of its own', async () => {
  const coordinatorKeys = ['a', 'b']
  const answer = await client.call(FIND_COORDINATOR, 4, { keyType: 0, coordinatorKeys })
  const found = { ...SELF, errorCode: 0, errorMessage: null }
  expect(answer.coordinators).toMatchObject([
    { key: 'a', ...found },
    { key: 'b', ...found },
  ])
})

test('FindCoordinator makes the topic for groups; that of transactions does not', async () => {
  const image = () => client.core.store.image
  await client.call(FIND_COORDINATOR, 4, { keyType: 1, coordinatorKeys: ['tx'] })
  expect(image().topic('__consumer_offsets')).toBeNull()
  await client.call(FIND_COORDINATOR, 4, { keyType: 0, coordinatorKeys: ['g'] })
  expect(image().topic('__consumer_offsets')!.partitions).toHaveLength(2)
})

test('FindCoordinator refuses key types that nobody coordinates', async () => {
  const answer = await client.call(FIND_COORDINATOR, 4, { keyType: 2, coordinatorKeys: ['s'] })
  expect(answer.coordinators).toMatchObject([
    { key: 's', nodeId: -1, port: -1, errorCode: id('INVALID_REQUEST') },
  ])
  const single = await client.call(FIND_COORDINATOR, 3, { key: 's', keyType: 9 })
  expect(single).toMatchObject({ nodeId: -1, errorCode: id('INVALID_REQUEST') })
})

// JoinGroup and SyncGroup

test.each(versions(0, 3))(
  'JoinGroup %i takes a member without an id in at once',
  async (version) => {
    const answer = await client.call(JOIN_GROUP, version, request('g'))
    expect(answer).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range' })
    expect(answer.memberId).toMatch(/^handler-client-/)
    expect(answer.leader).toBe(answer.memberId)
    expect(answer.members.map(({ metadata }) => metadata.toString())).toEqual(['subscription'])
  },
)

test.each(versions(4, 9))(
  'JoinGroup %i gives a new member an id and has it join again',
  async (version) => {
    const first = await client.call(JOIN_GROUP, version, request('g'))
    expect(first).toMatchObject({
      errorCode: id('MEMBER_ID_REQUIRED'),
      generationId: -1,
      leader: '',
    })
    expect(first.memberId).not.toBe('')
    const second = await client.call(JOIN_GROUP, version, request('g', first.memberId))
    expect(second).toMatchObject({ errorCode: 0, generationId: 1, memberId: first.memberId })
    if (version >= 7) expect(second.protocolType).toBe('consumer')
  },
)

test('JoinGroup 5: a static member is not asked to join twice, and takes its place again', async () => {
  const extra = { groupInstanceId: 'machine-1' }
  const first = await client.call(JOIN_GROUP, 5, request('g', '', extra))
  expect(first.errorCode).toBe(0)
  const { memberId, generationId } = first
  const member = { groupId: 'g', memberId, generationId, ...extra }
  const assignments = [{ memberId, assignment: Buffer.from('mine') }]
  await client.call(SYNC_GROUP, 3, { ...member, assignments })
  const again = await client.call(JOIN_GROUP, 5, request('g', '', extra))
  expect(again).toMatchObject({ errorCode: 0, generationId })
  expect(again.memberId).not.toBe(memberId)
  const old = await client.call(HEARTBEAT, 3, member)
  expect(old.errorCode).toBe(id('FENCED_INSTANCE_ID'))
  const asked = { ...member, memberId: again.memberId, assignments: [] }
  const synced = await client.call(SYNC_GROUP, 3, asked)
  expect(synced.assignment.toString()).toBe('mine')
})

test('JoinGroup 9: a static leader that comes back is told to skip the assignment', async () => {
  const extra = { groupInstanceId: 'machine-1' }
  const { memberId, generationId } = await client.call(JOIN_GROUP, 9, request('g', '', extra))
  const member = { groupId: 'g', memberId, generationId, ...extra }
  const names = { protocolType: 'consumer', protocolName: 'range' }
  const assignments = [{ memberId, assignment: Buffer.from('mine') }]
  await client.call(SYNC_GROUP, 5, { ...member, ...names, assignments })
  const again = await client.call(JOIN_GROUP, 9, request('g', '', extra))
  expect(again).toMatchObject({ errorCode: 0, skipAssignment: true, leader: again.memberId })
  expect(again.members).toHaveLength(1)
})

test.each(['connect', 'sr', 'consumer'])(
  'protocol type %s: what members say is bytes to the broker',
  async (protocolType) => {
    // No subscription and no assignment of consumers: whatever they hold comes back as it was.
    const metadata = Buffer.from([0xff, 0xff, 0x00, 0x80])
    const protocols = [{ name: 'p', metadata }]
    const joined = await join(5, 'g', { protocolType, protocols })
    expect(joined.members[0]!.metadata).toEqual(metadata)
    const { memberId, generationId } = joined
    const assignment = Buffer.from([0x80, 0x00, 0xff])
    const assignments = [{ memberId, assignment }]
    const asked = { groupId: 'g', generationId, memberId, assignments }
    const synced = await client.call(SYNC_GROUP, 3, asked)
    expect(synced).toMatchObject({ errorCode: 0, assignment })
    const { groups } = await client.call(DESCRIBE_GROUPS, 4, { groups: ['g'] })
    expect(groups[0]).toMatchObject({ groupState: 'Stable', protocolType, protocolData: 'p' })
    expect(groups[0]!.members[0]).toMatchObject({
      memberMetadata: metadata,
      clientHost: '/127.0.0.1',
    })
  },
)

test('a member with another protocol type, or no protocol in common, is refused', async () => {
  await stable('g')
  for (const extra of [
    { protocolType: 'connect' },
    { protocols: [{ name: 'x', metadata: Buffer.alloc(0) }] },
  ]) {
    const answer = await client.call(JOIN_GROUP, 3, request('g', '', extra))
    expect(answer).toMatchObject({ errorCode: id('INCONSISTENT_GROUP_PROTOCOL'), protocolName: '' })
  }
})

test('JoinGroup refuses an empty group id and sessions out of bounds', async () => {
  const empty = await client.call(JOIN_GROUP, 5, request(''))
  expect(empty.errorCode).toBe(id('INVALID_GROUP_ID'))
  const short = await client.call(JOIN_GROUP, 5, request('g', '', { sessionTimeoutMs: 10 }))
  expect(short.errorCode).toBe(id('INVALID_SESSION_TIMEOUT'))
})

test('SyncGroup 5 wants the protocol named, and the right one', async () => {
  const { memberId, generationId } = await join(7, 'g')
  const base = { groupId: 'g', generationId, memberId, assignments: [] }
  const wrong = [
    { protocolType: null, protocolName: 'range' },
    { protocolType: 'consumer', protocolName: 'other' },
  ]
  for (const names of wrong) {
    const answer = await client.call(SYNC_GROUP, 5, { ...base, ...names })
    expect(answer.errorCode).toBe(id('INCONSISTENT_GROUP_PROTOCOL'))
  }
  const names = { protocolType: 'consumer', protocolName: 'range' }
  const right = await client.call(SYNC_GROUP, 5, { ...base, ...names })
  expect(right).toMatchObject({ errorCode: 0, ...names })
})

test.each(versions(0, 4))('Heartbeat %i knows members and generations', async (version) => {
  const { memberId, generationId } = await stable('g')
  const beat = async (member: string, generation: number): Promise<number> => {
    const asked = { groupId: 'g', memberId: member, generationId: generation }
    return (await client.call(HEARTBEAT, version, asked)).errorCode
  }
  expect(await beat(memberId, generationId)).toBe(0)
  expect(await beat(memberId, generationId - 1)).toBe(id('ILLEGAL_GENERATION'))
  expect(await beat('stranger', generationId)).toBe(id('UNKNOWN_MEMBER_ID'))
})

test.each(versions(0, 5))('LeaveGroup %i takes the member out', async (version) => {
  const { memberId } = await stable('g')
  const asked = version < 3 ? { groupId: 'g', memberId } : { groupId: 'g', members: [{ memberId }] }
  const answer = await client.call(LEAVE_GROUP, version, asked)
  expect(answer.errorCode).toBe(0)
  const [group] = (await client.call(DESCRIBE_GROUPS, 0, { groups: ['g'] })).groups
  expect(group).toMatchObject({ groupState: 'Empty', members: [] })
  const twice = await client.call(LEAVE_GROUP, version, asked)
  const code = version < 3 ? twice.errorCode : twice.members[0]!.errorCode
  expect(code).toBe(id('UNKNOWN_MEMBER_ID'))
})

// Offsets

test.each(versions(2, 9))(
  'OffsetCommit %i of a member, fenced by its generation',
  async (version) => {
    const { memberId, generationId: generation } = await stable('g')
    expect(await commit('g', 5, { version, memberId, generation })).toBe(0)
    expect(await committed('g')).toBe(5)
    const old = { version, memberId, generation: generation - 1 }
    expect(await commit('g', 6, old)).toBe(id('ILLEGAL_GENERATION'))
    const stranger = { version, memberId: 'stranger', generation }
    expect(await commit('g', 6, stranger)).toBe(id('UNKNOWN_MEMBER_ID'))
    expect(await committed('g')).toBe(5)
  },
)

test('OffsetCommit with generation -1 and no member is allowed on empty groups only', async () => {
  expect(await commit('g', 3)).toBe(0)
  const { memberId } = await stable('g')
  expect(await commit('g', 4)).toBe(id('UNKNOWN_MEMBER_ID'))
  await client.call(LEAVE_GROUP, 1, { groupId: 'g', memberId })
  expect(await commit('g', 4)).toBe(0)
  expect(await committed('g')).toBe(4)
})

test('OffsetCommit of an unknown topic is that partition’s error', async () => {
  const base = commitRequest('g', '', -1, 1)
  const [topic] = base.topics
  const topics = [topic!, { ...topic!, name: 'none' }]
  const answer = await client.call(OFFSET_COMMIT, 8, { ...base, topics })
  expect(answer.topics).toMatchObject([
    { name: 't', partitions: [{ errorCode: 0 }] },
    { name: 'none', partitions: [{ errorCode: id('UNKNOWN_TOPIC_OR_PARTITION') }] },
  ])
})

test('OffsetFetch 1: partitions without an offset have -1 and no error', async () => {
  await commit('g', 7)
  const topics = [{ name: 't', partitionIndexes: [0, 1] }]
  const answer = await client.call(OFFSET_FETCH, 1, { groupId: 'g', topics })
  expect(answer.topics[0]!.partitions).toMatchObject([
    { committedOffset: 7, metadata: '', errorCode: 0 },
    { committedOffset: -1, metadata: '', errorCode: 0 },
  ])
})

test.each(versions(2, 7))(
  'OffsetFetch %i: null topics are all that the group has',
  async (version) => {
    await commit('g', 7)
    const answer = await client.call(OFFSET_FETCH, version, { groupId: 'g', topics: null })
    expect(answer.errorCode).toBe(0)
    expect(answer.topics).toMatchObject([{ name: 't', partitions: [{ committedOffset: 7 }] }])
    const none = await client.call(OFFSET_FETCH, version, { groupId: 'nobody', topics: null })
    expect(none).toMatchObject({ errorCode: 0, topics: [] })
  },
)

test.each([8, 9])(
  'OffsetFetch %i is batched: many groups, each with its topics or all',
  async (version) => {
    await commit('a', 1)
    await commit('b', 2)
    const groups = [
      { groupId: 'a', topics: null },
      { groupId: 'b', topics: [{ name: 't', partitionIndexes: [0] }] },
      { groupId: 'c', topics: [{ name: 't', partitionIndexes: [1] }] },
    ]
    const answer = await client.call(OFFSET_FETCH, version, { groups, requireStable: true })
    const offsets = answer.groups.map(({ groupId, topics, errorCode }) => {
      return [groupId, errorCode, topics[0]!.partitions[0]!.committedOffset]
    })
    expect(offsets).toEqual([
      ['a', 0, 1],
      ['b', 0, 2],
      ['c', 0, -1],
    ])
  },
)

test('the leader epoch and the metadata of a commit come back', async () => {
  const partitions = [
    { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: 3, committedMetadata: 'note' },
  ]
  const base = { groupId: 'g', memberId: '', generationIdOrMemberEpoch: -1 }
  await client.call(OFFSET_COMMIT, 8, { ...base, topics: [{ name: 't', partitions }] })
  const answer = await client.call(OFFSET_FETCH, 7, { groupId: 'g', topics: null })
  expect(answer.topics[0]!.partitions[0]).toMatchObject({
    committedLeaderEpoch: 3,
    metadata: 'note',
  })
})

test('OffsetDelete removes offsets of topics that nobody reads', async () => {
  await commit('g', 7)
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0 }] }]
  const answer = await client.call(OFFSET_DELETE, 0, { groupId: 'g', topics })
  expect(answer).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 0 }] }] })
  expect(await committed('g')).toBe(-1)
  const none = await client.call(OFFSET_DELETE, 0, { groupId: 'nobody', topics })
  expect(none).toMatchObject({ errorCode: id('GROUP_ID_NOT_FOUND'), topics: [] })
})

// Administration

test.each(versions(0, 5))(
  'DescribeGroups %i: a group that is not there is dead, and no error',
  async (version) => {
    await stable('g')
    const { groups } = await client.call(DESCRIBE_GROUPS, version, { groups: ['g', 'nobody'] })
    expect(groups).toMatchObject([
      { groupId: 'g', errorCode: 0, groupState: 'Stable', protocolData: 'range' },
      { groupId: 'nobody', errorCode: 0, groupState: 'Dead', members: [] },
    ])
  },
)

test('DescribeGroups 5 says what the caller may do when it is asked, and else the lowest number', async () => {
  await stable('g')
  const asked = { groups: ['g'], includeAuthorizedOperations: true }
  const [told] = (await client.call(DESCRIBE_GROUPS, 5, asked)).groups
  const [untold] = (await client.call(DESCRIBE_GROUPS, 5, { groups: ['g'] })).groups
  expect(told!.authorizedOperations).toBe(0b101001000)
  expect(untold!.authorizedOperations).toBe(-2_147_483_648)
})

test.each(versions(0, 5))('ListGroups %i lists groups of both protocols', async (version) => {
  await stable('old')
  await heartbeatNew('new', 'm', 0)
  const { groups } = await client.call(LIST_GROUPS, version, {})
  const byId = new Map(groups.map((group) => [group.groupId, group]))
  expect([...byId.keys()].sort()).toEqual(['new', 'old'])
  expect(byId.get('old')!.protocolType).toBe('consumer')
  if (version >= 4) expect(byId.get('old')!.groupState).toBe('Stable')
  if (version >= 5) expect(byId.get('new')!.groupType).toBe('consumer')
})

test('ListGroups filters by state and by type, in whatever case', async () => {
  await stable('old')
  await commit('simple', 1)
  await heartbeatNew('new', 'm', 0)
  const list = async (filters: object): Promise<string[]> => {
    const { groups } = await client.call(LIST_GROUPS, 5, filters)
    return groups.map(({ groupId }) => groupId).sort()
  }
  expect(await list({ statesFilter: ['stable', 'Empty'], typesFilter: ['Classic'] })).toEqual([
    'old',
    'simple',
  ])
  expect(await list({ statesFilter: ['Empty'] })).toEqual(['simple'])
  expect(await list({ typesFilter: ['Consumer'] })).toEqual(['new'])
  expect(await list({ statesFilter: ['NoSuchState'] })).toEqual([])
})

test.each(versions(0, 2))('DeleteGroups %i deletes empty groups alone', async (version) => {
  await stable('busy')
  await commit('idle', 1)
  const answer = await client.call(DELETE_GROUPS, version, {
    groupsNames: ['busy', 'idle', 'nobody'],
  })
  expect(answer.results.map(({ errorCode }) => errorCode)).toEqual([
    id('NON_EMPTY_GROUP'),
    0,
    id('GROUP_ID_NOT_FOUND'),
  ])
  expect(await committed('idle')).toBe(-1)
})

// The newer protocol

async function heartbeatNew(
  groupId: string,
  memberId: string,
  memberEpoch: number,
  extra: object = {},
  version = 1,
) {
  const joins = memberEpoch === 0
  const full = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['t'], topicPartitions: [] }
  const asked = { groupId, memberId, memberEpoch, ...(joins ? full : {}), ...extra }
  return client.call(CONSUMER_GROUP_HEARTBEAT, version, asked)
}

test('ConsumerGroupHeartbeat 0: the broker makes the id of a member that brings none', async () => {
  const answer = await heartbeatNew('g', '', 0, {}, 0)
  expect(answer).toMatchObject({ errorCode: 0, memberEpoch: 1, heartbeatIntervalMs: 5000 })
  expect(answer.memberId).not.toBe('')
  const partitions = answer.assignment!.topicPartitions[0]!.partitions
  expect(new Set(partitions)).toEqual(new Set([0, 1]))
})

test('ConsumerGroupHeartbeat 1: the client makes its id', async () => {
  const answer = await heartbeatNew('g', 'mine', 0)
  expect(answer).toMatchObject({ errorCode: 0, memberId: 'mine', memberEpoch: 1 })
  const none = await heartbeatNew('g', '', 0)
  expect(none.errorCode).toBe(id('INVALID_REQUEST'))
  expect(none.errorMessage).not.toBeNull()
})

test('ConsumerGroupHeartbeat: epoch 0 joins, -1 leaves, -2 leaves for a while', async () => {
  const named = { instanceId: 'machine-1' }
  expect((await heartbeatNew('g', 'a', 0, named)).memberEpoch).toBe(1)
  expect((await heartbeatNew('g', 'a', -2, named)).memberEpoch).toBe(-2)
  // Its partitions are kept for the static member: who comes with the name has them at once.
  const back = await heartbeatNew('g', 'b', 0, named)
  expect(back.assignment!.topicPartitions[0]!.partitions).toHaveLength(2)
  expect((await heartbeatNew('g', 'b', -1, named)).memberEpoch).toBe(-1)
  const { groups } = await client.call(CONSUMER_GROUP_DESCRIBE, 1, {
    groupIds: ['g'],
    includeAuthorizedOperations: false,
  })
  expect(groups[0]).toMatchObject({ groupState: 'Empty', members: [] })
})

test('ConsumerGroupHeartbeat 1 subscribes by a regular expression', async () => {
  const extra = { subscribedTopicNames: null, subscribedTopicRegex: 't|nothing' }
  const answer = await heartbeatNew('g', 'm', 0, extra)
  expect(answer.assignment!.topicPartitions[0]!.partitions).toHaveLength(2)
  const bad = await heartbeatNew('g', 'n', 0, { ...extra, subscribedTopicRegex: '(' })
  expect(bad.errorCode).toBe(id('INVALID_REGULAR_EXPRESSION'))
})

test('a commit of an old member epoch is refused', async () => {
  await heartbeatNew('g', 'm', 0)
  expect(await commit('g', 4, { version: 9, memberId: 'm', generation: 1 })).toBe(0)
  const old = { version: 9, memberId: 'm', generation: 0 }
  expect(await commit('g', 5, old)).toBe(id('STALE_MEMBER_EPOCH'))
  expect(await committed('g')).toBe(4)
})

test('OffsetFetch 9 checks the epoch of a member of the newer protocol', async () => {
  await heartbeatNew('g', 'm', 0)
  const fetch = async (memberId: string, memberEpoch: number): Promise<number> => {
    const groups = [{ groupId: 'g', memberId, memberEpoch, topics: null }]
    return (await client.call(OFFSET_FETCH, 9, { groups })).groups[0]!.errorCode
  }
  expect(await fetch('m', 1)).toBe(0)
  expect(await fetch('m', 0)).toBe(id('STALE_MEMBER_EPOCH'))
  expect(await fetch('x', 1)).toBe(id('UNKNOWN_MEMBER_ID'))
})

test.each([0, 1])(
  'ConsumerGroupDescribe %i tells members with what they have and are to have',
  async (version) => {
    await heartbeatNew('g', 'm', 0, { rackId: 'r' })
    const asked = { groupIds: ['g', 'nobody'], includeAuthorizedOperations: true }
    const { groups } = await client.call(CONSUMER_GROUP_DESCRIBE, version, asked)
    expect(groups).toMatchObject([
      {
        ...{ errorCode: 0, groupState: 'Stable', groupEpoch: 1, assignmentEpoch: 1 },
        ...{ assignorName: 'uniform', authorizedOperations: 0b101001000 },
      },
      { errorCode: id('GROUP_ID_NOT_FOUND'), groupId: 'nobody', members: [] },
    ])
    const [member] = groups[0]!.members
    expect(member).toMatchObject({ memberId: 'm', rackId: 'r', subscribedTopicNames: ['t'] })
    expect(member!.assignment.topicPartitions).toMatchObject([
      { topicName: 't', partitions: [0, 1] },
    ])
    expect(member!.targetAssignment).toEqual(member!.assignment)
  },
)

// What holds for all

const PARTITION = { partitionIndex: 0, committedOffset: 1, committedMetadata: null }

/** A request of each API that has to know the coordinator, and where its answer tells an error. */
const REQUESTS = {
  join: [0, 9, (v: number) => client.call(JOIN_GROUP, v, request('g', 'm'))],
  sync: [
    ...[0, 5],
    (v: number) => {
      const names = v >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}
      const asked = { groupId: 'g', generationId: 1, memberId: 'm', assignments: [], ...names }
      return client.call(SYNC_GROUP, v, asked)
    },
  ],
  heartbeat: [
    ...[0, 4],
    (v: number) => client.call(HEARTBEAT, v, { groupId: 'g', memberId: 'm', generationId: 1 }),
  ],
  leave: [
    ...[0, 5],
    (v: number) => {
      const asked = v < 3 ? { memberId: 'm' } : { members: [{ memberId: 'm' }] }
      return client.call(LEAVE_GROUP, v, { groupId: 'g', ...asked })
    },
  ],
  commit: [
    ...[2, 9],
    (v: number) => {
      const topics = [{ name: 't', partitions: [PARTITION] }]
      return client.call(OFFSET_COMMIT, v, { groupId: 'g', memberId: '', topics })
    },
  ],
  fetch: [
    ...[1, 9],
    (v: number) => {
      const topics = [{ name: 't', partitionIndexes: [0] }]
      const asked = v < 8 ? { groupId: 'g', topics } : { groups: [{ groupId: 'g', topics }] }
      return client.call(OFFSET_FETCH, v, asked)
    },
  ],
  deleteOffsets: [
    ...[0, 0],
    (v: number) => client.call(OFFSET_DELETE, v, { groupId: 'g', topics: [] }),
  ],
  describe: [...[0, 5], (v: number) => client.call(DESCRIBE_GROUPS, v, { groups: ['g'] })],
  deleteGroups: [...[0, 2], (v: number) => client.call(DELETE_GROUPS, v, { groupsNames: ['g'] })],
  beat: [...[0, 1], (v: number) => heartbeatNew('g', 'm', 1, {}, v)],
  describeNew: [
    ...[0, 1],
    (v: number) => {
      const asked = { groupIds: ['g'], includeAuthorizedOperations: false }
      return client.call(CONSUMER_GROUP_DESCRIBE, v, asked)
    },
  ],
} as unknown as Record<string, [from: number, to: number, (version: number) => Promise<unknown>]>

test('who does not coordinate says so in every version, where the client looks for it', async () => {
  await client.call(FIND_COORDINATOR, 4, { keyType: 0, coordinatorKeys: ['g'] })
  client.core.services.groups.close()
  for (const [name, [from, to, call]] of Object.entries(REQUESTS)) {
    for (const version of versions(from, to)) {
      const answer = JSON.stringify(await call(version))
      expect(answer, `${name} ${version}`).toContain(`"errorCode":${id('NOT_COORDINATOR')}`)
    }
  }
  const found = await client.call(FIND_COORDINATOR, 2, { key: 'g' })
  expect(found).toMatchObject({ nodeId: -1, errorCode: id('COORDINATOR_NOT_AVAILABLE') })
})
