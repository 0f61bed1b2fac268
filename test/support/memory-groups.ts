// Consumer groups in memory, behind the client's GroupCalls: the broker's own state machine, with a
// log that is thrown away and the time of a clock that the test moves.

import { BrokerError } from '../../src/base/errors.ts'
import { uuidOf } from '../../src/base/uuid.ts'
import type { Uuid } from '../../src/base/uuid.ts'
import { SluiceError } from '../../src/client/errors.ts'
import { MEMBER_EPOCH } from '../../src/client/group-calls.ts'
import type {
  CommittedOffset,
  GroupCaller,
  GroupCalls,
  GroupDescription,
  GroupFilter,
  GroupHeartbeat,
  GroupHeartbeatAnswer,
  GroupListing,
  GroupOutcome,
  GroupPartition,
  OffsetToCommit,
  PartitionOutcome,
} from '../../src/client/group-calls.ts'
import type { PartitionRef, ProducerIdentity } from '../../src/client/transport.ts'
import type { DescribedConsumerGroup } from '../../src/coordination/group/consumer/describe.ts'
import type { ConsumerHeartbeatResponse } from '../../src/coordination/group/consumer/messages.ts'
import { DEFAULT_GROUP_OPTIONS } from '../../src/coordination/group/group-options.ts'
import type { GroupOptions } from '../../src/coordination/group/group-options.ts'
import type { ListedGroup } from '../../src/coordination/group/group-messages.ts'
import { GroupShard } from '../../src/coordination/group/group-shard.ts'
import type { Now } from '../../src/coordination/runtime/now.ts'
import type {
  CommitOffsetsResponse,
  DeleteOffsetsResponse,
  FetchOffsetsResponse,
} from '../../src/coordination/group/offsets/messages.ts'
import type { TopicPartitions } from '../../src/coordination/group/records/consumer-group.ts'
import type { GroupRecord } from '../../src/coordination/group/records/group-record.ts'
import type { Call, Step } from '../../src/coordination/runtime/step.ts'
import type { CatalogTopic, TopicCatalog } from '../../src/coordination/group/topic-catalog.ts'
import type { ManualClock } from './manual-clock.ts'

/** Ends of a partition's log: what lag is computed from. */
export interface LogEnds {
  readonly logStartOffset: number
  readonly highWatermark: number
}

export interface MemoryCluster {
  /** Names of topics with their numbers of partitions. */
  topics(): ReadonlyMap<string, number>
  /** Null when there is no such partition. */
  ends(ref: PartitionRef): LogEnds | null
}

export class MemoryGroups implements GroupCalls {
  /** Heartbeats that came, in order. */
  readonly heartbeats: GroupHeartbeat[] = []
  /** Asked for each call; an error is thrown instead of its answer, before it is handled or after. */
  fault: (call: keyof GroupCalls) => { readonly error: SluiceError; after: boolean } | null = () =>
    null
  readonly #cluster: MemoryCluster
  readonly #clock: ManualClock
  readonly #shard: GroupShard
  #catalog: TopicCatalog = catalogOf(new Map(), 0)

  constructor(cluster: MemoryCluster, clock: ManualClock, options: Partial<GroupOptions> = {}) {
    this.#cluster = cluster
    this.#clock = clock
    this.#shard = new GroupShard({
      options: { ...DEFAULT_GROUP_OPTIONS, ...options },
      catalog: this.#catalog,
      newId: () => 'made-by-the-coordinator',
    })
    this.#shard.onLoaded(this.#now)
  }

  async heartbeatGroup(heartbeat: GroupHeartbeat): Promise<GroupHeartbeatAnswer> {
    this.heartbeats.push(heartbeat)
    const { groupId, memberId, memberEpoch, instanceId, rackId, serverAssignor } = heartbeat
    const answer = await this.#run<ConsumerHeartbeatResponse>(
      'heartbeatGroup',
      (shard, call, now) => {
        const request = {
          ...{ groupId, memberId, memberEpoch, instanceId, rackId, serverAssignor },
          rebalanceTimeoutMs: heartbeat.rebalanceTimeoutMs ?? -1,
          topicNames: heartbeat.subscribedTopics,
          topicRegex: heartbeat.subscribedPattern,
          owned: heartbeat.ownedPartitions === null ? null : owned(heartbeat.ownedPartitions),
          clientId: 'test',
          clientHost: '/127.0.0.1',
        }
        return shard.consumerHeartbeat(request, call, now)
      },
    )
    const { heartbeatIntervalMs, assignment } = answer
    const left = heartbeat.memberEpoch < MEMBER_EPOCH.join
    return {
      memberEpoch: answer.memberEpoch,
      heartbeatIntervalMs,
      assignment: assignment === null || left ? null : this.#refs(assignment),
    }
  }

  async commitOffsets(
    { groupId, memberId, memberEpoch, instanceId }: GroupCaller,
    offsets: readonly OffsetToCommit[],
  ): Promise<readonly PartitionOutcome[]> {
    const { partitions } = await this.#run<CommitOffsetsResponse>(
      'commitOffsets',
      (shard, call, now) => {
        const request = {
          ...{ groupId, memberId, instanceId, generationOrEpoch: memberEpoch, retentionMs: -1 },
          offsets: offsets.map(({ topic, partition, offset, leaderEpoch = -1, metadata = '' }) => {
            return { topic, partition, topicId: idOf(topic), offset, leaderEpoch, metadata }
          }),
        }
        return shard.commitOffsets(request, call, now)
      },
    )
    return partitions.map(({ topic, partition, error }) => {
      return { topic, partition, error: error === null ? null : new SluiceError(error) }
    })
  }

  async fetchOffsets(
    { groupId, memberId, memberEpoch }: GroupCaller,
    partitions: readonly PartitionRef[] | null,
  ): Promise<readonly CommittedOffset[]> {
    const answer = await this.#run<FetchOffsetsResponse>('fetchOffsets', (shard, call, now) => {
      const request = { groupId, memberId, memberEpoch, partitions, requireStable: true }
      return shard.fetchOffsets(request, call, now)
    })
    return answer.partitions.map(({ topic, partition, committed, error }) => ({
      topic,
      partition,
      offset: committed?.offset ?? -1,
      leaderEpoch: committed?.leaderEpoch ?? -1,
      metadata: committed?.metadata ?? '',
      error: error === null ? null : new SluiceError(error),
    }))
  }

  async listGroups({ states, types }: GroupFilter): Promise<readonly GroupListing[]> {
    const groups = await this.#run<readonly ListedGroup[]>('listGroups', (shard, call, now) => {
      return shard.listGroups(call, now)
    })
    return groups
      .filter(
        ({ state, type }) => (states?.includes(state) ?? true) && (types?.includes(type) ?? true),
      )
      .toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    const offsets = await this.fetchOffsets(outside(groupId), null)
    const listed = (await this.listGroups({})).find((group) => group.groupId === groupId)
    if (listed === undefined) throw new SluiceError('GROUP_ID_NOT_FOUND', { groupId })
    if (listed.type === 'classic') {
      const partitions = offsets.map((offset) => this.#progress(offset, offset, null))
      const unknown = { coordinator: 0, assignor: '', groupEpoch: -1 }
      return { ...listed, ...unknown, members: [], partitions }
    }
    const group = await this.#run<DescribedConsumerGroup>('describeGroup', (shard, call, now) => {
      return shard.describeConsumerGroup(groupId, call, now)
    })
    const owners = group.members.flatMap(({ memberId, assigned }) => {
      return assigned.map((ref) => ({ ref, memberId }))
    })
    const refs = [...offsets, ...owners.map(({ ref }) => ref)]
    const byName = new Map(refs.map((ref) => [`${ref.topic}-${ref.partition}`, ref]))
    const same = (a: PartitionRef, b: PartitionRef): boolean => {
      return a.topic === b.topic && a.partition === b.partition
    }
    const partitions = [...byName.values()].map((ref) => {
      const offset = offsets.find((each) => same(each, ref)) ?? null
      return this.#progress(
        ref,
        offset,
        owners.find((each) => same(each.ref, ref))?.memberId ?? null,
      )
    })
    const members = group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberEpoch: member.memberEpoch,
      subscribedTopics: member.topicNames,
      subscribedPattern: member.topicRegex,
      assignment: member.assigned.map(({ topic, partition }) => ({ topic, partition })),
      targetAssignment: member.target.map(({ topic, partition }) => ({ topic, partition })),
    }))
    const { assignor, epoch: groupEpoch } = group
    return { ...listed, coordinator: 0, assignor, groupEpoch, members, partitions }
  }

  async deleteGroups(groupIds: readonly string[]): Promise<readonly GroupOutcome[]> {
    const outcomes: GroupOutcome[] = []
    for (const groupId of groupIds) {
      const deleted = this.#run<null>('deleteGroups', (shard, call, now) => {
        return shard.deleteGroup(groupId, call, now)
      })
      outcomes.push({ groupId, error: await deleted.catch(SluiceError.from) })
    }
    return outcomes
  }

  async deleteOffsets(
    groupId: string,
    partitions: readonly PartitionRef[],
  ): Promise<readonly PartitionOutcome[]> {
    const answer = await this.#run<DeleteOffsetsResponse>('deleteOffsets', (shard, call, now) => {
      return shard.deleteOffsets({ groupId, partitions }, call, now)
    })
    return answer.partitions.map(({ topic, partition, error }) => {
      return { topic, partition, error: error === null ? null : new SluiceError(error) }
    })
  }

  /** Commits offsets that count when the transaction of a producer is committed. */
  async commitInTransaction(
    { producerId, producerEpoch }: ProducerIdentity,
    { groupId, memberId, memberEpoch, instanceId }: GroupCaller,
    offsets: readonly OffsetToCommit[],
  ): Promise<readonly PartitionOutcome[]> {
    const writer = { producerId, producerEpoch, guard: null }
    const { partitions } = await this.#run<CommitOffsetsResponse>(
      'commitOffsets',
      (shard, call, now) => {
        const request = {
          ...{ groupId, memberId, instanceId, generationOrEpoch: memberEpoch },
          offsets: offsets.map(({ topic, partition, offset, leaderEpoch = -1, metadata = '' }) => {
            return { topic, partition, topicId: idOf(topic), offset, leaderEpoch, metadata }
          }),
        }
        const step = shard.commitInTransaction(request, writer, call, now)
        step.apply()
        return step
      },
    )
    return partitions.map(({ topic, partition, error }) => {
      return { topic, partition, error: error === null ? null : new SluiceError(error) }
    })
  }

  /** The transaction of a producer is over. */
  endTransaction(producerId: number, outcome: 'commit' | 'abort'): void {
    this.#shard.replayMarker(producerId, outcome === 'commit' ? 'committed' : 'aborted')
  }

  get #now(): Now {
    return { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonicMs() }
  }

  async #run<T>(
    name: keyof GroupCalls,
    handle: (shard: GroupShard, call: Call<T>, now: Now) => Step<GroupRecord>,
  ): Promise<T> {
    const fault = this.fault(name)
    if (fault?.after === false) throw fault.error
    this.#lookAtTopics()
    while ((this.#shard.nextDeadlineMs() ?? Infinity) <= this.#clock.monotonicMs()) {
      this.#shard.popDue(this.#now)?.release()
    }
    const answer = Promise.withResolvers<T>()
    const settle = (value: T | BrokerError): void => {
      if (value instanceof BrokerError) answer.reject(SluiceError.from(value))
      else answer.resolve(value)
    }
    handle(this.#shard, { settle }, this.#now).release()
    const value = await answer.promise
    if (fault !== null) throw fault.error
    return value
  }

  #lookAtTopics(): void {
    const counts = this.#cluster.topics()
    const known = this.#catalog.topics()
    const same = known.every(({ name, partitions }) => counts.get(name) === partitions.length)
    if (same && known.length === counts.size) return
    this.#catalog = catalogOf(counts, this.#catalog.version + 1)
    this.#shard.setCatalog(this.#catalog)
  }

  #refs(assignment: readonly TopicPartitions[]): PartitionRef[] {
    return assignment.flatMap(({ topicId, partitions }) => {
      const topic = this.#catalog.topicById(topicId)
      if (topic === null) return []
      return partitions.map((partition) => ({ topic: topic.name, partition }))
    })
  }

  #progress(
    { topic, partition }: PartitionRef,
    committed: CommittedOffset | null,
    memberId: string | null,
  ): GroupPartition {
    const ends = this.#cluster.ends({ topic, partition })
    const committedOffset = committed?.offset ?? -1
    const isKnown = ends !== null && committedOffset >= 0
    return {
      topic,
      partition,
      committedOffset,
      metadata: committed?.metadata ?? '',
      logStartOffset: ends?.logStartOffset ?? -1,
      highWatermark: ends?.highWatermark ?? -1,
      lag: isKnown ? Math.max(0, ends.highWatermark - committedOffset) : -1,
      memberId,
    }
  }
}

function outside(groupId: string): GroupCaller {
  return { groupId, memberId: '', memberEpoch: MEMBER_EPOCH.none, instanceId: null }
}

function idOf(topic: string): Uuid {
  return uuidOf(Buffer.alloc(16, topic))
}

function owned(partitions: readonly PartitionRef[]): TopicPartitions[] {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
  return [...byTopic].map(([topic, refs]) => {
    return { topicId: idOf(topic), partitions: refs.map(({ partition }) => partition) }
  })
}

function catalogOf(counts: ReadonlyMap<string, number>, version: number): TopicCatalog {
  const topics = [...counts].map(([name, length]): CatalogTopic => {
    return { name, topicId: idOf(name), partitions: { length } }
  })
  topics.sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    version,
    topic: (name) => topics.find((topic) => topic.name === name) ?? null,
    topicById: (id) => topics.find(({ topicId }) => topicId === id) ?? null,
    topics: () => topics,
  }
}
