// Sessions of groups over a real broker below its fronts: who reads what, from where, what is
// committed when, and what becomes of it when a client, or the broker, goes.

import { beforeEach, describe, expect, test } from 'vitest'
import { partitionName } from '../../src/base/topic-partition.ts'
import type { GroupSessionRequest } from '../../src/broker/group-session/session-request.ts'
import type { JoinRequest } from '../../src/coordination/group/classic/messages.ts'
import { readAssignment } from '../../src/coordination/group/classic/subscription.ts'
import { subscriptionTo } from '../coordination/shard-fixture.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { infoOf, testBatch } from '../support/batches.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'
import { SessionClient } from './session-client.ts'

const OPTIONS = { 'offsets.topic.num.partitions': '3' }

let broker: BrokerOfOne

beforeEach(async () => {
  broker = await BrokerOfOne.start(undefined, undefined, OPTIONS)
  await broker.createTopic('clicks', 2)
})

/** Lets everything come to rest; the clock goes on a little between, for what is retried or paced. */
async function rest(forMs = 200): Promise<void> {
  for (let passed = 0; passed < forMs; passed += 50) {
    await broker.clock.settle()
    broker.clock.advance(50)
  }
  await broker.clock.settle()
}

async function publish(partition: number, count: number, topic = 'clicks'): Promise<void> {
  const records = Array.from({ length: count }, () => ({ value: 'v' }))
  const batches = [{ topic, partition, batch: testBatch({ records }) }]
  const { done } = broker.produce.produce(CALLER, { acks: -1, timeoutMs: 1000, batches })
  expect((await broker.settled(done))[0]!.error).toBeNull()
}

async function open(request: Partial<GroupSessionRequest> = {}): Promise<SessionClient> {
  const client = new SessionClient(broker, request)
  await rest()
  return client
}

async function committed(groupId = 'g'): Promise<Record<string, number>> {
  const everything = { groupId, memberId: null, memberEpoch: -1, partitions: null }
  const { partitions } = await broker.settled(
    broker.groups.fetchOffsets(CALLER, { ...everything, requireStable: false }),
  )
  return Object.fromEntries(
    partitions.map((row) => [`${row.topic}-${row.partition}`, row.committed!.offset]),
  )
}

async function memberCount(groupId = 'g'): Promise<number> {
  const { members } = await broker.settled(broker.groups.describe(CALLER, groupId))
  return members.length
}

describe('a session', () => {
  test('joins, is told where it begins, and gets the records that are there and that come', async () => {
    await publish(0, 3)
    const client = await open()
    expect(client.events).toEqual([
      'joined',
      'assigned clicks-0@0',
      'assigned clicks-1@0',
      'records clicks-0 0..2',
    ])
    await publish(1, 2)
    await rest()
    expect(client.events.at(-1)).toBe('records clicks-1 0..1')
    expect(client.end).toBeUndefined()
  })

  test('commits what was acknowledged, at intervals', async () => {
    await publish(0, 3)
    await open()
    expect(await committed()).toEqual({})
    await rest(5_000)
    expect(await committed()).toEqual({ 'clicks-0': 3, 'clicks-1': 0 })
  })

  test('commits nothing that was sent and is not acknowledged', async () => {
    await publish(0, 3)
    const client = new SessionClient(broker)
    client.acknowledges = false
    await rest(20_000)
    expect(client.seen.get('clicks-0')).toEqual([0, 1, 2])
    expect(await committed()).toEqual({ 'clicks-0': 0, 'clicks-1': 0 })
    client.acknowledge()
    await rest(5_000)
    expect(await committed()).toEqual({ 'clicks-0': 3, 'clicks-1': 0 })
  })

  test('commits and leaves when its client ends it, and the next goes on from there', async () => {
    await publish(0, 3)
    const first = await open()
    await broker.settled(first.session.end(null))
    expect(first.end).toBeNull()
    expect(await committed()).toEqual({ 'clicks-0': 3, 'clicks-1': 0 })
    expect(await memberCount()).toBe(0)
    expect(broker.sessions.size).toBe(0)

    await publish(0, 2)
    const second = await open()
    expect(second.seen.get('clicks-0')).toEqual([3, 4])
  })

  test('commits only what the client says, where the client commits', async () => {
    await publish(0, 4)
    const client = await open({ commitIntervalMs: null })
    await rest(20_000)
    expect(await committed()).toEqual({})
    const offsets = [
      { topic: 'clicks', partition: 0, offset: 2, metadata: 'half', leaderEpoch: -1 },
      { topic: 'other', partition: 0, offset: 2, metadata: '', leaderEpoch: -1 },
    ]
    const outcomes = await broker.settled(client.session.commit(offsets))
    expect(outcomes.map(({ offset, error }) => [offset, error?.code ?? null])).toEqual([
      [2, null],
      [-1, 'ILLEGAL_GENERATION'],
    ])
    expect(await committed()).toEqual({ 'clicks-0': 2 })
    const all = await broker.settled(client.session.commit(null))
    expect(all).toMatchObject([
      { partition: 0, offset: 4 },
      { partition: 1, offset: 0 },
    ])
    await broker.settled(client.session.end(null))
    expect(await committed()).toEqual({ 'clicks-0': 4, 'clicks-1': 0 })
  })

  test('for committed records gets those alone, and once they are committed', async () => {
    const partition = broker.replicas.partition('clicks', 0)
    const append = (producerId: number, baseSequence: number): void => {
      const stamp = { producerId, producerEpoch: 0, baseSequence, bumpsEpochs: false }
      const bytes = testBatch({ ...stamp, attributes: TRANSACTIONAL_FLAG })
      const info = { ...infoOf(bytes), bytes, recordCount: 1, codec: 'none' as const }
      partition.append(bytes, info, -1, partition.beginVerification(stamp))
    }
    const end = (producerId: number, outcome: 'commit' | 'abort'): void => {
      const marker = { producerId, producerEpoch: 0, coordinatorEpoch: 0, outcome }
      partition.appendMarker({ ...marker, transactionVersion: 0 })
    }
    append(1, 0) // 0
    append(2, 0) // 1
    end(1, 'abort') // 2
    await publish(0, 1) // 3
    const client = await open({ isolation: 'committed' })
    expect(client.seen.get('clicks-0')).toBeUndefined()
    end(2, 'commit') // 4
    append(2, 1) // 5
    await rest()
    expect(client.seen.get('clicks-0')).toEqual([1, 3])
    end(2, 'abort') // 6
    await publish(0, 1) // 7
    await rest(5_000)
    expect(client.seen.get('clicks-0')).toEqual([1, 3, 7])
    expect(await committed()).toEqual({ 'clicks-0': 8, 'clicks-1': 0 })
  })

  test('begins at the end where it is told to, and refuses to guess where it is told to', async () => {
    await publish(0, 3)
    const late = await open({ groupId: 'late', offsetReset: 'latest' })
    expect(late.events).toContain('assigned clicks-0@3')
    const strict = await open({ groupId: 'strict', offsetReset: 'none' })
    expect(strict.end?.code).toBe('OFFSET_OUT_OF_RANGE')
    expect(await memberCount('strict')).toBe(0)
  })

  test('begins at the log start when retention has taken where the group was', async () => {
    await publish(0, 3)
    const first = await open()
    await broker.settled(first.session.end(null))
    await publish(0, 5)
    const deletions = [{ partition: 0, beforeOffset: 6 }]
    await broker.settled(broker.topics.deleteRecords(CALLER, 'clicks', deletions))
    const second = await open()
    expect(second.events).toContain('assigned clicks-0@6')
    expect(second.seen.get('clicks-0')).toEqual([6, 7])
  })

  test('reads what a regular expression matches, topics that come later among them', async () => {
    await broker.createTopic('visits-eu')
    const client = await open({ subscription: { topics: [], topicRegex: 'visits-.*' } })
    expect([...client.owned.keys()]).toEqual(['visits-eu-0'])
    await broker.createTopic('visits-us')
    await rest(10_000)
    expect([...client.owned.keys()].sort()).toEqual(['visits-eu-0', 'visits-us-0'])
  })

  test('follows a new subscription', async () => {
    await broker.createTopic('other')
    const client = await open()
    client.session.subscribe({ topics: ['other'], topicRegex: '' })
    await rest()
    expect([...client.owned.keys()]).toEqual(['other-0'])
  })

  test('is refused for what is wrong with it', async () => {
    const nothing = { topics: [], topicRegex: '' }
    expect(() => new SessionClient(broker, { groupId: '' })).toThrow('INVALID_GROUP_ID')
    expect(() => new SessionClient(broker, { subscription: nothing })).toThrow('INVALID_REQUEST')
    const pattern = await open({ subscription: { topics: [], topicRegex: '(' } })
    expect(pattern.end?.code).toBe('INVALID_REGULAR_EXPRESSION')
    const assignor = await open({ assignor: 'astrology' })
    expect(assignor.end?.code).toBe('UNSUPPORTED_ASSIGNOR')
    expect(broker.sessions.size).toBe(0)
  })

  test('does not go on reading a topic that was deleted, nor its namesake at the old place', async () => {
    await publish(0, 3)
    const client = await open()
    await broker.settled(broker.topics.delete(CALLER, 'clicks'))
    await rest(2_000)
    await broker.createTopic('clicks', 1)
    await publish(0, 1)
    await rest(12_000)
    expect(client.end).toBeUndefined()
    expect(client.seen.get('clicks-0')).toEqual([0, 1, 2, 0])
  })
})

describe('room', () => {
  test('no more is sent than may be under way, and the rest once that is acknowledged', async () => {
    for (let n = 0; n < 4; n++) await publish(0, 10)
    const client = new SessionClient(broker, { creditBytes: 960 })
    client.acknowledges = false
    await rest()
    expect(client.seen.get('clicks-0')).toHaveLength(20)
    client.acknowledge()
    await rest()
    expect(client.seen.get('clicks-0')).toHaveLength(40)
    expect(client.seen.get('clicks-0')).toEqual(Array.from({ length: 40 }, (_, n) => n))
  })

  test('a sink that is full holds everything until it has room', async () => {
    await publish(0, 10)
    const client = new SessionClient(broker, { maxRecords: 2 })
    client.room = 2
    await rest()
    expect(client.seen.get('clicks-0')).toEqual([0, 1, 2, 3])
    client.room = Infinity
    client.session.resumeSink()
    await rest()
    expect(client.seen.get('clicks-0')).toHaveLength(10)
  })

  test('paused partitions rest, in the middle of a batch too, and stand in nobody’s way', async () => {
    await publish(0, 10)
    const client = new SessionClient(broker, { maxRecords: 2, creditBytes: 150 })
    client.acknowledges = false
    await rest()
    expect(client.seen.get('clicks-0')).toEqual([0, 1, 2, 3])
    client.session.pause([{ topic: 'clicks', partition: 0 }])
    await publish(1, 3)
    client.acknowledges = true
    client.acknowledge()
    await rest()
    expect(client.seen.get('clicks-0')).toEqual([0, 1, 2, 3])
    expect(client.seen.get('clicks-1')).toEqual([0, 1, 2])
    client.session.resume([{ topic: 'clicks', partition: 0 }])
    await rest()
    expect(client.seen.get('clicks-0')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('a seek reads on from elsewhere, and what was sent before it moves nothing', async () => {
    await publish(0, 5)
    const client = new SessionClient(broker)
    client.acknowledges = false
    await rest()
    client.session.seek({ topic: 'clicks', partition: 0 }, { kind: 'offset', offset: 1 })
    const before = client.sequence
    await rest()
    expect(client.events.slice(-2)).toEqual(['assigned clicks-0@1', 'records clicks-0 1..4'])
    client.session.acknowledge(before)
    await rest(5_000)
    expect(await committed()).toMatchObject({ 'clicks-0': 1 })
    client.acknowledge()
    await rest(5_000)
    expect(await committed()).toMatchObject({ 'clicks-0': 5 })
    client.session.seek({ topic: 'elsewhere', partition: 0 }, { kind: 'earliest' })
    await rest()
    expect(client.end).toBeUndefined()
  })
})

describe('several sessions', () => {
  test('share the partitions, at once, and each partition has one of them', async () => {
    const first = await open()
    const second = await open()
    expect([first.owned.size, second.owned.size]).toEqual([1, 1])
    expect(new Set([...first.owned.keys(), ...second.owned.keys()]).size).toBe(2)
    // Far within the heartbeat interval of five seconds: a session is told when another one comes.
    expect(broker.clock.monotonicMs()).toBeLessThan(2_000)
  })

  test('a partition is handed on once what was sent of it is acknowledged and committed', async () => {
    await publish(0, 3)
    await publish(1, 3)
    const first = new SessionClient(broker)
    first.acknowledges = false
    await rest()
    const second = await open()
    const moved = first.events.find((event) => event.startsWith('revoked'))!.split(' ')[1]!
    await rest(10_000)
    expect(second.owned.size).toBe(0)
    first.acknowledge()
    await rest()
    expect(second.events).toContain(`assigned ${moved}@3`)
    expect(second.seen.size).toBe(0)
  })

  test('a partition is handed on when its client says so, where the client says', async () => {
    await publish(0, 3)
    await publish(1, 3)
    const first = await open({ releasesByItself: false, commitIntervalMs: null })
    const second = await open()
    const moved = first.events.find((event) => event.startsWith('revoked'))!.split(' ')[1]!
    await rest(10_000)
    expect(second.owned.size).toBe(0)
    const partition = Number(moved.at(-1))
    const offsets = [{ topic: 'clicks', partition, offset: 2, metadata: '', leaderEpoch: -1 }]
    await broker.settled(first.session.commit(offsets))
    first.session.release([{ topic: 'clicks', partition }])
    await rest()
    expect(second.events).toContain(`assigned ${moved}@2`)
    expect(second.seen.get(moved)).toEqual([2])
  })

  test('one that is cut is taken over at once, and nothing between commit and takeover is lost', async () => {
    await publish(0, 3)
    await publish(1, 3)
    const first = new SessionClient(broker)
    await rest()
    const second = await open()
    first.acknowledges = false
    const [left] = [...first.owned.keys()]
    await publish(Number(left!.at(-1)), 4)
    await rest()
    expect(first.seen.get(left!)).toEqual([0, 1, 2, 3, 4, 5, 6])
    const cutMs = broker.clock.monotonicMs()
    void first.session.end(null)
    await rest()
    expect(broker.clock.monotonicMs() - cutMs).toBeLessThan(1_000)
    expect(second.seen.get(left!)).toEqual([3, 4, 5, 6])
  })

  test('a client that is stuck loses its partitions to the others', async () => {
    await publish(0, 3)
    await publish(1, 3)
    const stuck = new SessionClient(broker, { maxPollIntervalMs: 30_000 })
    stuck.acknowledges = false
    await rest()
    const other = await open()
    await rest(29_000)
    expect(stuck.end).toBeUndefined()
    await rest(2_000)
    expect(stuck.end?.code).toBe('UNKNOWN_MEMBER_ID')
    expect(other.seen.get('clicks-0')).toEqual([0, 1, 2])
    expect(other.seen.get('clicks-1')).toEqual([0, 1, 2])
  })

  test('a client that is slow and gets on keeps its partitions', async () => {
    for (let n = 0; n < 5; n++) await publish(0, 1)
    const slow = new SessionClient(broker, { maxPollIntervalMs: 30_000, maxRecords: 1 })
    slow.acknowledges = false
    for (let n = 1; n <= 5; n++) {
      await rest(25_000)
      slow.session.acknowledge(n)
    }
    await rest(60_000)
    expect(slow.end).toBeUndefined()
    expect(slow.owned.size).toBe(2)
  })

  test('a static member keeps its partitions for its next session', async () => {
    await publish(0, 3)
    const first = await open({ instanceId: 'one' })
    const second = await open({ instanceId: 'two' })
    const owned = [...first.owned.keys()]
    await broker.settled(first.session.end(null))
    await rest(20_000)
    expect(second.owned.size).toBe(1)
    const again = await open({ instanceId: 'one' })
    expect([...again.owned.keys()]).toEqual(owned)
    const twice = await open({ instanceId: 'one' })
    expect(twice.end?.code).toBe('UNRELEASED_INSTANCE_ID')
  })

  test('a session that was fenced loses everything, joins anew, and repeats what was not committed', async () => {
    await publish(0, 3)
    const client = await open()
    await broker.settled(client.session.commit(null))
    await publish(0, 2)
    await rest()
    await broker.settled(
      broker.groups.consumerHeartbeat(CALLER, {
        ...{ groupId: 'g', memberId: client.memberId, memberEpoch: -1, instanceId: null },
        ...{ rackId: null, rebalanceTimeoutMs: -1, topicNames: null, topicRegex: null },
        ...{ serverAssignor: null, owned: null, clientId: '', clientHost: '' },
      }),
    )
    const refused = await broker.settled(client.session.commit(null))
    expect(refused[0]!.error?.code).toBe('UNKNOWN_MEMBER_ID')
    await rest(1_000)
    expect(client.events).toContain('UNKNOWN_MEMBER_ID lost clicks-0')
    expect(client.events.filter((event) => event === 'joined')).toHaveLength(2)
    expect(client.seen.get('clicks-0')).toEqual([0, 1, 2, 3, 4, 3, 4])
    expect(await memberCount()).toBe(1)
  })
})

test('a session shares with a member of the classic protocol, and both are described', async () => {
  const client = await open()
  const request: JoinRequest = {
    ...{ groupId: 'g', memberId: '', instanceId: null, clientId: 'c', clientHost: '/127.0.0.1' },
    ...{ sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, protocolType: 'consumer' },
    protocols: [{ name: 'range', metadata: subscriptionTo('clicks') }],
    ...{ requireMemberId: false, canSkipAssignment: true },
  }
  const joinAndSync = async (memberId: string) => {
    const joined = await broker.settled(broker.groups.join(CALLER, { ...request, memberId }))
    if (joined.outcome !== 'joined') throw new Error('asked for an id')
    const by = { groupId: 'g', memberId: joined.memberId, instanceId: null }
    const { generation, protocolType, protocol } = joined
    const sync = { ...by, generation, protocolType, protocol, assignments: [] }
    const { assignment } = await broker.settled(broker.groups.sync(CALLER, sync))
    return { ...by, generation, owned: readAssignment(assignment)!.partitions }
  }
  const first = await joinAndSync('')
  expect(first.owned).toEqual([])
  await rest(6_000)
  const { owned, ...by } = first
  const beat = broker.settled(broker.groups.heartbeat(CALLER, by))
  await expect(beat).rejects.toThrow('REBALANCE_IN_PROGRESS')
  const second = await joinAndSync(by.memberId)
  expect([client.owned.size, second.owned.length, owned.length]).toEqual([1, 1, 0])
  const { members } = await broker.settled(broker.groups.describe(CALLER, 'g'))
  expect(members.map(({ memberId }) => memberId).toSorted()).toEqual(
    [client.memberId, by.memberId].toSorted(),
  )
  expect(members.flatMap(({ assigned }) => assigned!.map(partitionName)).toSorted()).toEqual([
    'clicks-0',
    'clicks-1',
  ])
})

test('after a power cut sessions go on from what was committed, and wait for nobody who is gone', async () => {
  await publish(0, 3)
  await publish(1, 3)
  const first = await open()
  await open()
  await rest(5_000)
  first.acknowledges = false
  await publish(0, 2)
  await publish(1, 2)
  await rest()
  const before = await committed()
  broker.files.crash(null)
  broker = await BrokerOfOne.start(broker.files, broker.clock.now() + 1_000, OPTIONS)
  await rest(1_000)
  expect(await committed()).toEqual(before)
  const again = new SessionClient(broker)
  await rest(2_000)
  expect(again.events.slice(0, 3)).toEqual([
    'joined',
    `assigned clicks-0@${before['clicks-0']}`,
    `assigned clicks-1@${before['clicks-1']}`,
  ])
  expect(again.owned.get('clicks-0')).toBe(5)
  expect(await memberCount()).toBe(1)
})
