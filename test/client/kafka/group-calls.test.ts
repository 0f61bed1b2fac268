// Groups over Kafka where the cluster does not stand still: coordinators that move and load, topics
// that nobody knows by name yet, answers that lack something.

import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import type { ErrorCode } from '../../../src/base/errors.ts'
import { openKafkaTransport } from '../../../src/client/kafka/open-transport.ts'
import type { GroupHeartbeat } from '../../../src/client/group-calls.ts'
import type { Transport } from '../../../src/client/transport.ts'
import { CONSUMER_GROUP_DESCRIBE } from '../../../src/protocol/kafka/gen/consumer-group-describe.ts'
import { CONSUMER_GROUP_HEARTBEAT } from '../../../src/protocol/kafka/gen/consumer-group-heartbeat.ts'
import {
  CONSUMER_PROTOCOL_ASSIGNMENT,
  CONSUMER_PROTOCOL_SUBSCRIPTION,
} from '../../../src/protocol/kafka/gen/consumer-protocol.ts'
import { DESCRIBE_GROUPS } from '../../../src/protocol/kafka/gen/describe-groups.ts'
import { FIND_COORDINATOR } from '../../../src/protocol/kafka/gen/find-coordinator.ts'
import { LIST_GROUPS } from '../../../src/protocol/kafka/gen/list-groups.ts'
import { OFFSET_COMMIT } from '../../../src/protocol/kafka/gen/offset-commit.ts'
import { OFFSET_FETCH } from '../../../src/protocol/kafka/gen/offset-fetch.ts'
import { encodeVersioned } from '../../../src/protocol/kafka/versioned-bytes.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { HANG_UP } from '../../support/scripted-broker.ts'
import { ScriptedCluster } from '../../support/scripted-cluster.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const TOPIC = 'clicks'
const GROUP = 'readers'
const TIMEOUT_MS = 10_000

const HEARTBEAT: GroupHeartbeat = {
  groupId: GROUP,
  memberId: 'member',
  memberEpoch: 3,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: null,
  subscribedTopics: null,
  subscribedPattern: null,
  serverAssignor: null,
  ownedPartitions: null,
}

const OUTSIDE = { groupId: GROUP, memberId: '', memberEpoch: -1, instanceId: null }

class Bench {
  readonly clock = new ManualClock()
  readonly cluster: ScriptedCluster
  readonly transport: Transport
  /** Broker id of the coordinator, as FindCoordinator tells it. */
  coordinator = 0

  constructor(brokers = 2) {
    this.cluster = new ScriptedCluster(brokers)
    this.cluster.createTopic(TOPIC, 4)
    const random = new SeededRandom(3)
    const { bootstrap, network } = this.cluster
    this.transport = openKafkaTransport(
      { bootstrap },
      { clock: this.clock, random, connect: network.connect },
    )
    for (const broker of this.cluster.brokers) {
      broker.on(FIND_COORDINATOR, ({ coordinatorKeys, key }) => {
        const nodeId = this.coordinator
        const place = { nodeId, host: 'memory', port: 9_000 + nodeId }
        const found = { ...place, errorCode: 0, errorMessage: null }
        if (coordinatorKeys.length === 0) return found
        return { coordinators: coordinatorKeys.map((each) => ({ ...found, key: each || key })) }
      })
    }
  }

  /** How many heartbeats each broker has got. */
  get beats(): number[] {
    return this.cluster.brokers.map((broker) => broker.requests(CONSUMER_GROUP_HEARTBEAT).length)
  }

  beatsAre(broker: number, errorCode: ErrorCode | null, assigned: readonly string[] = []): void {
    const topicPartitions = assigned.map((topicId) => ({ topicId, partitions: [1, 2] }))
    this.cluster.brokers[broker]!.on(CONSUMER_GROUP_HEARTBEAT, () => ({
      throttleTimeMs: 0,
      errorCode: errorCode === null ? 0 : ERRORS[errorCode].id,
      memberEpoch: 4,
      heartbeatIntervalMs: 3_000,
      assignment: assigned.length === 0 ? null : { topicPartitions },
    }))
  }

  /** Lets a call come to its end, with as much time as it takes. */
  async drive<T>(call: Promise<T>): Promise<T> {
    let settled = false
    const seen = call.finally(() => (settled = true))
    seen.catch(() => {})
    for (let turn = 0; !settled && turn < 200; turn++) {
      await this.clock.settle()
      if (!settled) this.clock.advance(100)
    }
    return await seen
  }

  heartbeat(said: Partial<GroupHeartbeat> = {}, timeoutMs = TIMEOUT_MS) {
    return this.drive(this.transport.heartbeatGroup({ ...HEARTBEAT, ...said }, timeoutMs))
  }
}

describe('the coordinator of a group', () => {
  test('is asked for once', async () => {
    const bench = new Bench()
    bench.beatsAre(0, null)
    for (let n = 0; n < 3; n++) await bench.heartbeat()
    expect(bench.beats).toEqual([3, 0])
    const asked = bench.cluster.brokers.flatMap((broker) => broker.requests(FIND_COORDINATOR))
    expect(asked).toHaveLength(1)
  })

  test.each(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'] as const)(
    'is found again when it has moved (%s)',
    async (refusal) => {
      const bench = new Bench()
      bench.beatsAre(0, null)
      await bench.heartbeat()
      bench.beatsAre(0, refusal)
      bench.beatsAre(1, null)
      bench.coordinator = 1
      expect(await bench.heartbeat()).toMatchObject({ memberEpoch: 4 })
      expect(bench.beats).toEqual([2, 1])
    },
  )

  test('has the time of the call to load', async () => {
    const bench = new Bench()
    bench.beatsAre(0, 'COORDINATOR_LOAD_IN_PROGRESS')
    bench.clock.after(1_000, () => bench.beatsAre(0, null))
    expect(await bench.heartbeat()).toMatchObject({ memberEpoch: 4 })
    bench.beatsAre(0, 'COORDINATOR_LOAD_IN_PROGRESS')
    await expect(bench.heartbeat({}, 500)).rejects.toMatchObject({
      code: 'COORDINATOR_LOAD_IN_PROGRESS',
      retriable: true,
    })
  })

  test('that goes is looked for by the next call', async () => {
    const bench = new Bench()
    bench.cluster.brokers[0]!.on(CONSUMER_GROUP_HEARTBEAT, () => HANG_UP)
    bench.beatsAre(1, null)
    await expect(bench.heartbeat()).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION' })
    bench.coordinator = 1
    expect(await bench.heartbeat()).toMatchObject({ memberEpoch: 4 })
  })

  test('that fences a member is believed at once', async () => {
    const bench = new Bench()
    bench.beatsAre(0, 'FENCED_MEMBER_EPOCH')
    await expect(bench.heartbeat()).rejects.toMatchObject({ code: 'FENCED_MEMBER_EPOCH' })
    expect(bench.beats).toEqual([1, 0])
  })
})

describe('a member', () => {
  test('is told names and tells ids', async () => {
    const bench = new Bench()
    const { topicId } = bench.cluster.topics.get(TOPIC)!
    bench.beatsAre(0, null, [topicId])
    const owned = [0, 3].map((partition) => ({ topic: TOPIC, partition }))
    const { assignment } = await bench.heartbeat({ ownedPartitions: owned })
    expect(assignment).toEqual([1, 2].map((partition) => ({ topic: TOPIC, partition })))
    expect(bench.cluster.brokers[0]!.requests(CONSUMER_GROUP_HEARTBEAT)).toMatchObject([
      { topicPartitions: [{ topicId, partitions: [0, 3] }] },
    ])
  })

  test('that joins owns nothing, and has no pattern to take back', async () => {
    const bench = new Bench()
    bench.beatsAre(0, null)
    const said = { memberEpoch: 0, subscribedTopics: [TOPIC], subscribedPattern: '' }
    await bench.heartbeat({ ...said, ownedPartitions: [] })
    expect(bench.cluster.brokers[0]!.requests(CONSUMER_GROUP_HEARTBEAT)).toMatchObject([
      { topicPartitions: [], subscribedTopicRegex: null, subscribedTopicNames: [TOPIC] },
    ])
  })

  test('hears of an assignment once all of its topics have names', async () => {
    const bench = new Bench(1)
    const unborn = 'AAAAAQAAAAAAAAAAAAAAAQ'
    bench.beatsAre(0, null, [unborn])
    expect(await bench.heartbeat()).toMatchObject({ assignment: null })
    // The coordinator has told it, and does not tell it again.
    bench.beatsAre(0, null)
    expect(await bench.heartbeat()).toMatchObject({ assignment: null })
    bench.cluster.topics.set('born', {
      ...bench.cluster.topics.get(TOPIC)!,
      name: 'born',
      topicId: unborn,
    })
    expect((await bench.heartbeat()).assignment).toEqual(
      [1, 2].map((partition) => ({ topic: 'born', partition })),
    )
    expect(await bench.heartbeat()).toMatchObject({ assignment: null })
  })

  test('that leaves is asked for no names', async () => {
    const bench = new Bench(1)
    bench.beatsAre(0, null)
    expect(await bench.heartbeat({ memberEpoch: -1 })).toMatchObject({ assignment: null })
    expect(bench.cluster.brokers[0]!.requests(CONSUMER_GROUP_HEARTBEAT)).toMatchObject([
      { memberEpoch: -1, topicPartitions: null },
    ])
  })
})

describe('offsets', () => {
  const offsets = [0, 1].map((partition) => ({ topic: TOPIC, partition, offset: 5 }))

  function commitsAre(bench: Bench, broker: number, codes: readonly (ErrorCode | null)[]): void {
    bench.cluster.brokers[broker]!.on(OFFSET_COMMIT, ({ topics }) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }, index) => {
          const code = codes[index] ?? null
          return { partitionIndex, errorCode: code === null ? 0 : ERRORS[code].id }
        }),
      })),
    }))
  }

  test('are refused one by one, or all together', async () => {
    const bench = new Bench()
    commitsAre(bench, 0, [null, 'OFFSET_METADATA_TOO_LARGE'])
    const outcomes = await bench.drive(bench.transport.commitOffsets(OUTSIDE, offsets, TIMEOUT_MS))
    expect(outcomes.map(({ error }) => error?.code ?? null)).toEqual([
      null,
      'OFFSET_METADATA_TOO_LARGE',
    ])
    commitsAre(bench, 0, ['UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID'])
    await expect(
      bench.drive(bench.transport.commitOffsets(OUTSIDE, offsets, TIMEOUT_MS)),
    ).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' })
  })

  test('go to the coordinator that there is', async () => {
    const bench = new Bench()
    commitsAre(bench, 0, ['NOT_COORDINATOR', 'NOT_COORDINATOR'])
    commitsAre(bench, 1, [])
    bench.clock.after(50, () => {
      bench.coordinator = 1
    })
    const outcomes = await bench.drive(bench.transport.commitOffsets(OUTSIDE, offsets, TIMEOUT_MS))
    expect(outcomes.map(({ error }) => error)).toEqual([null, null])
  })

  test('that the broker says nothing of are not taken for stored', async () => {
    const bench = new Bench()
    bench.cluster.brokers[0]!.on(OFFSET_COMMIT, () => ({ topics: [] }))
    const outcomes = await bench.drive(bench.transport.commitOffsets(OUTSIDE, offsets, TIMEOUT_MS))
    expect(outcomes.map(({ error }) => error?.code)).toEqual([
      'UNKNOWN_SERVER_ERROR',
      'UNKNOWN_SERVER_ERROR',
    ])
  })

  test.each([1, 5, 7, 8, 9])(
    'are fetched from a broker that serves OffsetFetch %i',
    async (version) => {
      const bench = new Bench(1)
      const [broker] = bench.cluster.brokers
      broker!.serve(OFFSET_FETCH, [1, version])
      broker!.on(OFFSET_FETCH, (request) => {
        const asked = request.groups[0]?.topics ?? request.topics
        const topics = (asked ?? []).map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({
            partitionIndex,
            committedOffset: partitionIndex === 2 ? -1 : 40 + partitionIndex,
            metadata: '',
            errorCode: 0,
          })),
        }))
        if (version < 8) return { topics }
        return { groups: [{ groupId: GROUP, topics, errorCode: 0 }] }
      })
      const refs = [2, 0].map((partition) => ({ topic: TOPIC, partition }))
      const caller = { ...OUTSIDE, memberId: 'member', memberEpoch: 3 }
      const found = await bench.drive(bench.transport.fetchOffsets(caller, refs, TIMEOUT_MS))
      expect(found.map(({ offset }) => offset)).toEqual([-1, 40])
      const [request] = broker!.requests(OFFSET_FETCH)
      expect(request!.requireStable).toBe(version >= 7)
    },
  )
})

describe('groups', () => {
  test('of all brokers are listed', async () => {
    const bench = new Bench(3)
    for (const [id, broker] of bench.cluster.brokers.entries()) {
      broker.on(LIST_GROUPS, () => {
        const own = { groupId: `g${9 - id}`, protocolType: 'consumer', groupState: 'Stable' }
        return { errorCode: 0, groups: [{ ...own, groupType: id === 0 ? 'Classic' : 'consumer' }] }
      })
    }
    const listed = await bench.drive(bench.transport.listGroups({}, TIMEOUT_MS))
    expect(listed.map(({ groupId, type }) => [groupId, type])).toEqual([
      ['g7', 'consumer'],
      ['g8', 'consumer'],
      ['g9', 'classic'],
    ])
  })

  test('of the classic protocol are described by what their members say', async () => {
    const bench = new Bench(1)
    const [broker] = bench.cluster.brokers
    broker!.on(CONSUMER_GROUP_DESCRIBE, () => {
      const errorCode = ERRORS.GROUP_ID_NOT_FOUND.id
      const none = { groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '' }
      return { throttleTimeMs: 0, groups: [{ errorCode, groupId: GROUP, ...none, members: [] }] }
    })
    broker!.on(DESCRIBE_GROUPS, () => ({
      groups: [
        {
          errorCode: 0,
          groupId: GROUP,
          groupState: 'Stable',
          protocolType: 'consumer',
          protocolData: 'range',
          members: [
            {
              memberId: 'b',
              clientId: 'client',
              clientHost: '/127.0.0.1',
              memberMetadata: Buffer.from('not what it should be'),
              memberAssignment: Buffer.alloc(0),
            },
            {
              memberId: 'a',
              clientId: 'client',
              clientHost: '/127.0.0.1',
              memberMetadata: encodeVersioned(
                CONSUMER_PROTOCOL_SUBSCRIPTION,
                { topics: [TOPIC] },
                1,
              ),
              memberAssignment: encodeVersioned(
                CONSUMER_PROTOCOL_ASSIGNMENT,
                { assignedPartitions: [{ topic: TOPIC, partitions: [3] }] },
                1,
              ),
            },
          ],
        },
      ],
    }))
    broker!.on(OFFSET_FETCH, () => ({ groups: [{ groupId: GROUP, topics: [], errorCode: 0 }] }))
    const described = await bench.drive(bench.transport.describeGroup(GROUP, TIMEOUT_MS))
    expect(described).toMatchObject({ type: 'classic', assignor: 'range', coordinator: 0 })
    expect(described.members.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
    expect(described.members[0]).toMatchObject({
      subscribedTopics: [TOPIC],
      assignment: [{ topic: TOPIC, partition: 3 }],
    })
    expect(described.members[1]).toMatchObject({ subscribedTopics: [], assignment: [] })
    expect(described.partitions).toMatchObject([
      { topic: TOPIC, partition: 3, committedOffset: -1, lag: -1, memberId: 'a' },
    ])
  })
})
