// Groups over a real broker below its fronts: the topic made on first need, offsets that survive the
// power, deleted topics, lag and resets.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { JoinRequest, Joined } from '../../src/coordination/group/classic/messages.ts'
import { OFFSETS_TOPIC } from '../../src/metadata/internal-topics.ts'
import { testBatch } from '../support/batches.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'

const FAST = { 'offsets.topic.num.partitions': '3', 'group.initial.rebalance.delay.ms': '0' }

const START_MS = 1_700_000_000_000

async function start(files = new MemoryFileSystem(), nowMs = START_MS): Promise<BrokerOfOne> {
  return await BrokerOfOne.start(files, nowMs, FAST)
}

/** The broker after its power was cut, with groups loaded. */
async function startAgain({ files, clock }: BrokerOfOne): Promise<BrokerOfOne> {
  files.crash(null)
  const again = await start(files, clock.now() + 1000)
  await again.clock.settle()
  return again
}

const OUTSIDE = { memberId: '', instanceId: null, generationOrEpoch: -1, retentionMs: -1 }

async function commit(
  broker: BrokerOfOne,
  groupId: string,
  topic: string,
  offset: number,
  partition = 0,
): Promise<string | null> {
  const offsets = [{ topic, partition, offset, leaderEpoch: -1, metadata: 'm' }]
  const request = { groupId, ...OUTSIDE, offsets }
  const { partitions } = await broker.settled(broker.groups.commitOffsets(CALLER, request))
  return partitions[0]!.error
}

async function committed(broker: BrokerOfOne, groupId: string): Promise<Record<string, number>> {
  const request = { groupId, memberId: null, memberEpoch: -1, partitions: null }
  const { partitions } = await broker.settled(
    broker.groups.fetchOffsets(CALLER, { ...request, requireStable: false }),
  )
  return Object.fromEntries(
    partitions.map((row) => [`${row.topic}-${row.partition}`, row.committed!.offset]),
  )
}

/** Appends so many records, a second apart from `fromMs` on, one batch each. */
async function fill(broker: BrokerOfOne, topic: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const batch = testBatch({ timestamp: START_MS - 10_000 + n * 1000 })
    const batches = [{ topic, partition: 0, batch }]
    const { done } = broker.produce.produce(CALLER, { acks: -1, timeoutMs: 1000, batches })
    expect((await broker.settled(done))[0]!.error).toBeNull()
  }
}

function joinRequest(groupId: string): JoinRequest {
  return {
    ...{ groupId, memberId: '', instanceId: null, clientId: 'c', clientHost: '/127.0.0.1' },
    ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer' },
    protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
    requireMemberId: false,
    canSkipAssignment: false,
  }
}

async function join(broker: BrokerOfOne, groupId: string): Promise<Joined> {
  const joining = broker.groups.join(CALLER, joinRequest(groupId))
  joining.catch(() => undefined)
  await broker.clock.settle()
  broker.clock.advance(1)
  const answer = await broker.settled(joining)
  if (answer.outcome !== 'joined') throw new Error('asked for an id')
  return answer
}

function codeOf(error: unknown): string {
  return error instanceof BrokerError ? error.code : String(error)
}

test('the topic for groups is made at the first use of a group, and compacted', async () => {
  const broker = await start()
  expect(await broker.groups.listGroups(CALLER)).toEqual([])
  await expect(broker.groups.describe(CALLER, 'g')).rejects.toThrow('GROUP_ID_NOT_FOUND')
  expect(broker.cluster.store.image.topic(OFFSETS_TOPIC)).toBeNull()
  await broker.settled(broker.groups.ready(CALLER))
  const described = broker.topics.describe(CALLER, OFFSETS_TOPIC)
  expect(described).toMatchObject({ internal: true, partitionCount: 3 })
  expect(Object.fromEntries(described.configs)).toEqual({
    'cleanup.policy': 'compact',
    'compression.type': 'producer',
    'segment.bytes': '104857600',
  })
})

test('many first uses at once make the topic once', async () => {
  const broker = await start()
  const all = ['a', 'b', 'c', 'd'].map((groupId) => broker.groups.lag(CALLER, groupId))
  await Promise.allSettled(all)
  const ready = Promise.all([1, 2, 3].map(() => broker.groups.ready(CALLER)))
  await broker.settled(ready)
  expect(broker.cluster.store.image.topic(OFFSETS_TOPIC)!.partitions).toHaveLength(3)
})

test('clients cannot write to the topic for groups', async () => {
  const broker = await start()
  await broker.settled(broker.groups.ready(CALLER))
  const batches = [{ topic: OFFSETS_TOPIC, partition: 0, batch: testBatch() }]
  const { done } = broker.produce.produce(CALLER, { acks: -1, timeoutMs: 1000, batches })
  expect((await broker.settled(done))[0]!.error!.code).toBe('INVALID_TOPIC_EXCEPTION')
})

test('acknowledged offsets and members survive a cut of the power', async () => {
  let broker = await start()
  await broker.createTopic('t', 2)
  for (const groupId of ['a', 'b', 'c', 'd']) {
    for (const offset of [5, 6, 7]) expect(await commit(broker, groupId, 't', offset)).toBeNull()
    expect(await commit(broker, groupId, 't', 1, 1)).toBeNull()
  }
  const { memberId, generation } = await join(broker, 'a')
  const assignments = [{ memberId, assignment: Buffer.from('opaque') }]
  const sync = { groupId: 'a', memberId, instanceId: null, generation, assignments }
  const names = { protocolType: null, protocol: null }
  await broker.settled(broker.groups.sync(CALLER, { ...sync, ...names }))

  broker = await startAgain(broker)
  for (const groupId of ['a', 'b', 'c', 'd']) {
    expect(await committed(broker, groupId)).toEqual({ 't-0': 7, 't-1': 1 })
  }
  const group = await broker.settled(broker.groups.describeClassicGroup(CALLER, 'a'))
  expect(group.state).toBe('Stable')
  expect(Buffer.from(group.members[0]!.assignment).toString()).toBe('opaque')
  const beat = { groupId: 'a', memberId, instanceId: null, generation }
  await broker.settled(broker.groups.heartbeat(CALLER, beat))
})

test('offsets of unknown topics and partitions are refused one by one', async () => {
  const broker = await start()
  await broker.createTopic('t')
  const offsets = [
    { topic: 'none', partition: 0, offset: 1, leaderEpoch: -1, metadata: '' },
    { topic: 't', partition: 0, offset: 1, leaderEpoch: -1, metadata: '' },
    { topic: 't', partition: 1, offset: 1, leaderEpoch: -1, metadata: '' },
  ]
  const answer = broker.groups.commitOffsets(CALLER, { groupId: 'g', ...OUTSIDE, offsets })
  const { partitions } = await broker.settled(answer)
  expect(partitions.map(({ error }) => error)).toEqual([
    'UNKNOWN_TOPIC_OR_PARTITION',
    null,
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
})

test('offsets of a deleted topic go with it, even when the power fails in between', async () => {
  let broker = await start()
  await broker.createTopic('t')
  await broker.createTopic('other')
  await commit(broker, 'g', 't', 3)
  await commit(broker, 'g', 'other', 4)
  await broker.settled(broker.topics.delete(CALLER, 't'))
  broker.clock.advance(1)
  await broker.clock.settle()
  expect(await committed(broker, 'g')).toEqual({ 'other-0': 4 })

  // Deleted and made anew while the coordinator could not follow.
  await broker.createTopic('t')
  await commit(broker, 'g', 't', 9)
  broker.groups.close()
  await broker.settled(broker.topics.delete(CALLER, 't'))
  await broker.createTopic('t')
  broker = await startAgain(broker)
  broker.clock.advance(1)
  await broker.clock.settle()
  expect(await committed(broker, 'g')).toEqual({ 'other-0': 4 })
})

test('lag counts from the committed offset to the high watermark', async () => {
  const broker = await start()
  await broker.createTopic('t')
  await fill(broker, 't', 10)
  await commit(broker, 'g', 't', 4)
  const lag = await broker.settled(broker.groups.lag(CALLER, 'g'))
  expect(lag).toMatchObject({ groupId: 'g', state: 'Empty', members: [] })
  expect(lag.partitions).toEqual([
    {
      ...{ topic: 't', partition: 0, committedOffset: 4, metadata: 'm' },
      ...{ logStartOffset: 0, highWatermark: 10, lag: 6, member: null },
    },
  ])
})

test('lag shows who reads a partition, in groups whose assignment can be read', async () => {
  const broker = await start()
  await broker.createTopic('t')
  await fill(broker, 't', 2)
  const { memberId, generation } = await join(broker, 'g')
  // version 0 | 1 topic: "t", 1 partition: 0 | no user data
  const assignment = Buffer.from('0000000000010001740000000100000000ffffffff', 'hex')
  const sync = { groupId: 'g', memberId, instanceId: null, generation }
  const assignments = [{ memberId, assignment }]
  const names = { protocolType: null, protocol: null }
  await broker.settled(broker.groups.sync(CALLER, { ...sync, ...names, assignments }))
  const lag = await broker.settled(broker.groups.lag(CALLER, 'g'))
  expect(lag.partitions).toMatchObject([
    { topic: 't', partition: 0, committedOffset: null, highWatermark: 2, lag: null },
  ])
  expect(lag.partitions[0]!.member).toMatchObject({ memberId, clientId: 'c' })
})

test.each([
  ['earliest', { kind: 'earliest' }, 0],
  ['latest', { kind: 'latest' }, 10],
  ['current', { kind: 'current' }, 4],
  ['an offset', { kind: 'offset', offset: 7 }, 7],
  ['an offset beyond the end', { kind: 'offset', offset: 99 }, 10],
  ['forward', { kind: 'shift', by: 2 }, 6],
  ['back, beyond the start', { kind: 'shift', by: -9 }, 0],
  ['a timestamp', { kind: 'timestamp', timestampMs: START_MS - 10_000 + 2500 }, 3],
  ['a timestamp after all', { kind: 'timestamp', timestampMs: START_MS + 1 }, 10],
  ['a duration', { kind: 'duration', durationMs: 5_000 }, 5],
] as const)('a reset to %s', async (_name, target, expected) => {
  const broker = await start()
  await broker.createTopic('t')
  await fill(broker, 't', 10)
  await commit(broker, 'g', 't', 4)
  const request = { groupId: 'g', topics: null, target }
  const dry = broker.groups.resetOffsets(CALLER, { ...request, dryRun: true })
  const result = { topic: 't', partition: 0, previousOffset: 4, offset: expected, error: null }
  expect(await broker.settled(dry)).toEqual([result])
  expect(await committed(broker, 'g')).toEqual({ 't-0': 4 })
  const wet = broker.groups.resetOffsets(CALLER, { ...request, dryRun: false })
  expect(await broker.settled(wet)).toEqual([result])
  expect(await committed(broker, 'g')).toEqual({ 't-0': expected })
})

test('a reset of topics gives offsets to a group that was not there', async () => {
  const broker = await start()
  await broker.createTopic('t', 2)
  await fill(broker, 't', 3)
  const topics = [{ topic: 't', partitions: null }]
  const request = { groupId: 'new', topics, target: { kind: 'latest' }, dryRun: false } as const
  await broker.settled(broker.groups.resetOffsets(CALLER, request))
  expect(await committed(broker, 'new')).toEqual({ 't-0': 3, 't-1': 0 })
})

test('a group with members is not reset', async () => {
  const broker = await start()
  await broker.createTopic('t')
  await join(broker, 'g')
  const topics = [{ topic: 't', partitions: null }]
  const request = { groupId: 'g', topics, target: { kind: 'latest' }, dryRun: true } as const
  const refused = await broker.settled(broker.groups.resetOffsets(CALLER, request).catch(codeOf))
  expect(refused).toBe('NON_EMPTY_GROUP')
})

test('a shift of a partition without an offset is that partition’s error alone', async () => {
  const broker = await start()
  await broker.createTopic('t', 2)
  await fill(broker, 't', 3)
  await commit(broker, 'g', 't', 1)
  const topics = [{ topic: 't', partitions: null }]
  const target = { kind: 'shift', by: 1 } as const
  const request = { groupId: 'g', topics, target, dryRun: false }
  const results = await broker.settled(broker.groups.resetOffsets(CALLER, request))
  expect(results.map(({ offset, error }) => error?.code ?? offset)).toEqual([2, 'INVALID_REQUEST'])
})
