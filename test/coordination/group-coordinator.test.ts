// The coordinator over a log and a clock: when answers leave, what a failed append does, who is asked.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { DEFAULT_GROUP_OPTIONS } from '../../src/coordination/group/group-options.ts'
import type { CommitOffsetsRequest } from '../../src/coordination/group/offsets/messages.ts'
import { GroupCoordinator } from '../../src/coordination/group/group-coordinator.ts'
import { partitionOfKey } from '../../src/coordination/runtime/partition-of-key.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { ManualClock, microtasks } from '../support/manual-clock.ts'
import { catalogOf, subscriptionTo, topicIdOf } from './shard-fixture.ts'
import { MemoryCoordinatorLog } from './runtime/memory-coordinator-log.ts'

async function start() {
  const clock = new ManualClock()
  const log = new MemoryCoordinatorLog()
  let ids = 0
  const coordinator = new GroupCoordinator({
    clock,
    logger: silentLogger,
    options: DEFAULT_GROUP_OPTIONS,
    catalog: catalogOf({ clicks: 4 }),
    newId: () => `id${ids++}`,
    partitionCount: 1,
  })
  await coordinator.lead(0, log)
  return { clock, log, coordinator }
}

const JOIN = {
  ...{ groupId: 'g', memberId: '', instanceId: null, clientId: 'c', clientHost: '/' },
  ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000, protocolType: 'consumer' },
  protocols: [{ name: 'range', metadata: subscriptionTo('clicks') }],
  ...{ requireMemberId: false, canSkipAssignment: true },
}

function commitOf(offset: number, groupId = 'g'): CommitOffsetsRequest {
  const given = { topic: 'clicks', partition: 0, topicId: topicIdOf('clicks'), leaderEpoch: -1 }
  const offsets = [{ ...given, offset, metadata: '' }]
  return {
    groupId,
    memberId: '',
    instanceId: null,
    generationOrEpoch: -1,
    retentionMs: -1,
    offsets,
  }
}

const FETCH = {
  ...{ groupId: 'g', memberId: null, memberEpoch: -1, partitions: null, requireStable: false },
}

/** What became of a promise so far. */
function outcomeOf(promise: Promise<unknown>): { value: unknown } {
  const outcome: { value: unknown } = { value: 'waiting' }
  promise.then(
    (value) => void (outcome.value = value ?? 'done'),
    (error: { code?: string }) => void (outcome.value = error.code ?? error),
  )
  return outcome
}

test('an answer leaves when its records are below the high watermark, and not before', async () => {
  const { log, coordinator } = await start()
  log.isAutomatic = false
  const committed = outcomeOf(coordinator.commitOffsets(commitOf(5)))
  // A read that saw what is not durable yet waits for it.
  const fetched = outcomeOf(coordinator.fetchOffsets(FETCH))
  const other = outcomeOf(coordinator.commitOffsets(commitOf(6)))
  await microtasks()
  expect([committed.value, fetched.value, log.waitingCount]).toEqual(['waiting', 'waiting', 2])
  log.commit()
  await microtasks()
  expect(committed.value).toMatchObject({ partitions: [{ error: null }] })
  expect(fetched.value).toMatchObject({ partitions: [{ committed: { offset: 5 } }] })
  expect(other.value).toMatchObject({ partitions: [{ error: null }] })
})

test('an append that fails takes everything back that was not durable', async () => {
  const { clock, log, coordinator } = await start()
  await coordinator.commitOffsets(commitOf(5))
  const joining = outcomeOf(coordinator.join(JOIN))
  await microtasks()
  log.isAutomatic = false
  const committing = outcomeOf(coordinator.commitOffsets(commitOf(6, 'h')))
  log.fail()
  await microtasks()
  expect(committing.value).toBe('COORDINATOR_NOT_AVAILABLE')
  expect(joining.value).toBe('COORDINATOR_NOT_AVAILABLE')
  await expect(coordinator.fetchOffsets(FETCH)).rejects.toMatchObject({
    code: 'COORDINATOR_LOAD_IN_PROGRESS',
  })
  log.isAutomatic = true
  clock.advance(1_000)
  await microtasks()
  expect(log.loadCount).toBe(2)
  const [kept, lost] = [
    await coordinator.fetchOffsets(FETCH),
    await coordinator.fetchOffsets({ ...FETCH, groupId: 'h' }),
  ]
  expect(kept.partitions).toMatchObject([{ committed: { offset: 5 } }])
  expect(lost.partitions).toEqual([])
})

test('a partition that cannot be loaded is tried again', async () => {
  const { clock, coordinator } = await start()
  const log = new MemoryCoordinatorLog()
  log.failingLoads = 2
  await coordinator.lead(0, log)
  for (let retry = 0; retry < 2; retry++) {
    await expect(coordinator.listGroups()).rejects.toMatchObject({
      code: 'COORDINATOR_LOAD_IN_PROGRESS',
    })
    clock.advance(1_000)
    await microtasks()
  }
  expect(await coordinator.listGroups()).toEqual([])
})

test('deadlines come by the clock: a join is answered, a silent member is out', async () => {
  const { clock, coordinator } = await start()
  const joining = outcomeOf(coordinator.join(JOIN))
  await microtasks()
  expect(joining.value).toBe('waiting')
  clock.advance(6_000)
  await microtasks()
  expect(joining.value).toMatchObject({ outcome: 'joined', generation: 1, memberId: 'c-id0' })
  const by = { groupId: 'g', memberId: 'c-id0', instanceId: null, generation: 1 }
  const assignments = [{ memberId: 'c-id0', assignment: Buffer.from('all') }]
  await coordinator.sync({ ...by, protocolType: null, protocol: null, assignments })
  clock.advance(9_999)
  await coordinator.heartbeat(by)
  clock.advance(10_000)
  await microtasks()
  await expect(coordinator.heartbeat(by)).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' })
  expect(await coordinator.listGroups()).toMatchObject([{ groupId: 'g', state: 'Empty' }])
})

test('a partition that is led elsewhere is given up, with everybody who waits', async () => {
  const { clock, coordinator } = await start()
  const joining = outcomeOf(coordinator.join(JOIN))
  await microtasks()
  coordinator.resign(0)
  await microtasks()
  expect(joining.value).toBe('NOT_COORDINATOR')
  expect(clock.timerCount).toBe(0)
  await expect(coordinator.fetchOffsets(FETCH)).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
})

test('state survives from one coordinator to the next, transactions included', async () => {
  const { log, coordinator } = await start()
  await coordinator.consumerHeartbeat({
    ...{ groupId: 'new', memberId: 'm', memberEpoch: 0, instanceId: null, rackId: null },
    ...{ rebalanceTimeoutMs: 60_000, topicNames: ['clicks'], topicRegex: null },
    ...{ serverAssignor: null, owned: [], clientId: 'c', clientHost: '/' },
  })
  await coordinator.commitOffsets(commitOf(5))
  const [last] = log.entries.slice(-1)
  log.entries.push({ ...last!, producerId: 9 } as typeof last & object)
  const second = await start()
  await second.coordinator.lead(0, log)
  const stable = { ...FETCH, requireStable: true }
  expect((await second.coordinator.fetchOffsets(stable)).partitions).toMatchObject([
    { error: 'UNSTABLE_OFFSET_COMMIT' },
  ])
  log.entries.push({ kind: 'marker', producerId: 9, outcome: 'committed' })
  await second.coordinator.lead(0, log)
  expect((await second.coordinator.fetchOffsets(stable)).partitions).toMatchObject([
    { error: null, committed: { offset: 5 } },
  ])
  expect(await second.coordinator.describeConsumerGroup('new')).toMatchObject({
    state: 'Stable',
    members: [{ memberId: 'm', memberEpoch: 1 }],
  })
})

test('groups go to the partitions that Kafka gives them', () => {
  // From Kafka's own Utils.abs(groupId.hashCode()) % 50.
  expect(partitionOfKey('', 50)).toBe(0)
  expect(partitionOfKey('a', 50)).toBe(47)
  expect(partitionOfKey('hello', 50)).toBe(22)
  expect(partitionOfKey('my-group', 50)).toBe(12) // Its hash code is negative.
  // "polygenelubricants" has the hash code -2^31, which has no absolute value.
  expect(partitionOfKey('polygenelubricants', 50)).toBe(0)
})

function commitInTransaction(coordinator: GroupCoordinator, offset: number) {
  const { retentionMs: _retentionMs, ...request } = commitOf(offset)
  const writer = { producerId: 7, producerEpoch: 0, guard: null }
  return coordinator.commitInTransaction(request, writer)
}

const MARKER = {
  ...{ producerId: 7, producerEpoch: 0, coordinatorEpoch: 0, transactionVersion: 1 },
  outcome: 'commit',
} as const

test('offsets of a transaction count once its marker is below the high watermark', async () => {
  const { log, coordinator } = await start()
  await commitInTransaction(coordinator, 5)
  expect((await coordinator.fetchOffsets(FETCH)).partitions).toEqual([])
  log.isAutomatic = false
  const ending = outcomeOf(coordinator.endTransaction(0, MARKER))
  const fetching = outcomeOf(coordinator.fetchOffsets(FETCH))
  await microtasks()
  expect([ending.value, fetching.value]).toEqual(['waiting', 'waiting'])
  log.commit()
  await microtasks()
  expect(ending.value).toBe('done')
  expect(fetching.value).toMatchObject({ partitions: [{ committed: { offset: 5 } }] })
  expect(log.entries.map(({ kind, producerId }) => [kind, producerId])).toEqual([
    ['record', 7],
    ['marker', 7],
  ])
})

test('what the log refuses of a transaction has not happened, and everything goes on', async () => {
  const { log, coordinator } = await start()
  await coordinator.commitOffsets(commitOf(5))
  log.refusal = new BrokerError('INVALID_PRODUCER_EPOCH')
  await expect(commitInTransaction(coordinator, 6)).rejects.toMatchObject({
    code: 'INVALID_PRODUCER_EPOCH',
  })
  log.refusal = new BrokerError('TRANSACTION_COORDINATOR_FENCED')
  await expect(coordinator.endTransaction(0, MARKER)).rejects.toMatchObject({
    code: 'TRANSACTION_COORDINATOR_FENCED',
  })
  const stable = await coordinator.fetchOffsets({ ...FETCH, requireStable: true })
  expect(stable.partitions).toMatchObject([{ error: null, committed: { offset: 5 } }])
  expect([log.entries.length, log.loadCount]).toEqual([1, 1])
})

test('a log that can be asked again is a coordinator that can be asked again', async () => {
  const { log, coordinator } = await start()
  log.refusal = new BrokerError('KAFKA_STORAGE_ERROR')
  await expect(commitInTransaction(coordinator, 6)).rejects.toMatchObject({
    code: 'COORDINATOR_NOT_AVAILABLE',
  })
  await expect(coordinator.endTransaction(1, MARKER)).rejects.toMatchObject({
    code: 'NOT_COORDINATOR',
  })
})

test('a transaction that was open before a reload is so after it, and is ended there', async () => {
  const { clock, log, coordinator } = await start()
  await commitInTransaction(coordinator, 5)
  log.isAutomatic = false
  const ending = outcomeOf(coordinator.endTransaction(0, MARKER))
  log.fail()
  await microtasks()
  expect(ending.value).toBe('COORDINATOR_NOT_AVAILABLE')
  log.isAutomatic = true
  clock.advance(1_000)
  await microtasks()
  const unstable = {
    ...FETCH,
    requireStable: true,
    partitions: [{ topic: 'clicks', partition: 0 }],
  }
  expect((await coordinator.fetchOffsets(unstable)).partitions).toMatchObject([
    { error: 'UNSTABLE_OFFSET_COMMIT' },
  ])
  await coordinator.endTransaction(0, { ...MARKER, outcome: 'abort' })
  expect((await coordinator.fetchOffsets(unstable)).partitions).toMatchObject([
    { error: null, committed: null },
  ])
})
