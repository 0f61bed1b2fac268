// The group coordinator of a broker: the partitions of __consumer_offsets that it leads, and which of
// them a group belongs to. Everything that fronts need of groups is asked here.

import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import type { PartitionMarker } from '../../replication/partition.ts'
import type {
  HeartbeatRequest,
  JoinRequest,
  JoinResponse,
  LeaveRequest,
  LeaveResponse,
  SyncRequest,
  SyncResponse,
} from './classic/messages.ts'
import type { DescribedConsumerGroup } from './consumer/describe.ts'
import type { ConsumerHeartbeatRequest, ConsumerHeartbeatResponse } from './consumer/messages.ts'
import type { DescribedClassicGroup, ListedGroup } from './group-messages.ts'
import type { GroupOptions } from './group-options.ts'
import type { GroupCounters } from './group-counters.ts'
import { GroupShard } from './group-shard.ts'
import type {
  CommitInTransactionRequest,
  CommitOffsetsRequest,
  CommitOffsetsResponse,
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
  FetchOffsetsRequest,
  FetchOffsetsResponse,
} from './offsets/messages.ts'
import type { TopicCatalog } from './topic-catalog.ts'
import { Coordinator } from '../runtime/coordinator.ts'
import type { CoordinatorLog } from '../runtime/coordinator-log.ts'
import type { CoordinatorRuntime } from '../runtime/coordinator-runtime.ts'
import type { TransactionalWriter } from '../runtime/step.ts'
import { decodeRecord, encodeRecord, type GroupRecord } from './records/group-record.ts'

export interface GroupCoordinatorOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly options: GroupOptions
  readonly catalog: TopicCatalog
  /** Makes ids that nobody had before. */
  readonly newId: () => string
  /** Partitions of __consumer_offsets, 1 or more. Kafka's default is 50. */
  readonly partitionCount: number
}

/**
 * Every method throws, beside what its handler refuses with, BrokerError NOT_COORDINATOR,
 * COORDINATOR_LOAD_IN_PROGRESS or COORDINATOR_NOT_AVAILABLE: ask again, perhaps elsewhere.
 */
export class GroupCoordinator {
  readonly counters: GroupCounters = { rebalances: 0, commits: 0 }
  readonly #coordinator: Coordinator<GroupShard, GroupRecord>
  #catalog: TopicCatalog

  constructor(groupOptions: GroupCoordinatorOptions) {
    const { options, newId, catalog, ...others } = groupOptions
    const { counters } = this
    this.#catalog = catalog
    this.#coordinator = new Coordinator({
      ...others,
      what: 'Groups',
      codec: { encode: encodeRecord, decode: decodeRecord },
      newShard: () => new GroupShard({ options, newId, counters, catalog: this.#catalog }),
    })
  }

  /** The partition of __consumer_offsets whose leader coordinates a group. */
  partitionOf(groupId: string): number {
    return this.#coordinator.partitionOf(groupId)
  }

  /** See Coordinator. */
  async lead(partition: number, log: CoordinatorLog): Promise<void> {
    await this.#coordinator.lead(partition, log)
  }

  /** See Coordinator. */
  resign(partition: number): void {
    this.#coordinator.resign(partition)
  }

  close(): void {
    this.#coordinator.close()
  }

  /** Topics have come or grown, or, when some were `deleted`, gone: their offsets go with them. */
  setCatalog(catalog: TopicCatalog, { deleted }: { readonly deleted: boolean }): void {
    this.#catalog = catalog
    for (const runtime of this.#coordinator.runtimes()) {
      runtime.inform((shard, now) => {
        shard.setCatalog(catalog)
        if (deleted) shard.topicsDeleted(now)
      })
    }
  }

  async join(request: JoinRequest): Promise<JoinResponse> {
    return this.#of(request).run((shard, call, now) => shard.join(request, call, now))
  }

  async sync(request: SyncRequest): Promise<SyncResponse> {
    return this.#of(request).run((shard, call, now) => shard.sync(request, call, now))
  }

  async heartbeat(request: HeartbeatRequest): Promise<void> {
    await this.#of(request).run<null>((shard, call, now) => shard.heartbeat(request, call, now))
  }

  async leave(request: LeaveRequest): Promise<LeaveResponse> {
    return this.#of(request).run((shard, call, now) => shard.leave(request, call, now))
  }

  async consumerHeartbeat(request: ConsumerHeartbeatRequest): Promise<ConsumerHeartbeatResponse> {
    return this.#of(request).run((shard, call, now) => shard.consumerHeartbeat(request, call, now))
  }

  async commitOffsets(request: CommitOffsetsRequest): Promise<CommitOffsetsResponse> {
    return this.#of(request).run((shard, call, now) => shard.commitOffsets(request, call, now))
  }

  /**
   * Commits offsets in a producer's transaction.
   *
   * @throws BrokerError what the log refuses the producer with: INVALID_PRODUCER_EPOCH,
   *   INVALID_TXN_STATE; see `commitInTransaction` of offsets/
   */
  async commitInTransaction(
    request: CommitInTransactionRequest,
    writer: TransactionalWriter,
  ): Promise<CommitOffsetsResponse> {
    return this.#of(request).run((shard, call, now) => {
      return shard.commitInTransaction(request, writer, call, now)
    })
  }

  /** See CoordinatorRuntime.endTransaction. @param partition of __consumer_offsets */
  async endTransaction(partition: number, marker: PartitionMarker): Promise<void> {
    await this.#coordinator.at(partition).endTransaction(marker)
  }

  async fetchOffsets(request: FetchOffsetsRequest): Promise<FetchOffsetsResponse> {
    return this.#of(request).run((shard, call, now) => shard.fetchOffsets(request, call, now))
  }

  async deleteOffsets(request: DeleteOffsetsRequest): Promise<DeleteOffsetsResponse> {
    return this.#of(request).run((shard, call, now) => shard.deleteOffsets(request, call, now))
  }

  async describeClassicGroup(groupId: string): Promise<DescribedClassicGroup> {
    const runtime = this.#of({ groupId })
    return runtime.run((shard, call, now) => shard.describeClassicGroup(groupId, call, now))
  }

  async describeConsumerGroup(groupId: string): Promise<DescribedConsumerGroup> {
    const runtime = this.#of({ groupId })
    return runtime.run((shard, call, now) => shard.describeConsumerGroup(groupId, call, now))
  }

  async deleteGroup(groupId: string): Promise<void> {
    const runtime = this.#of({ groupId })
    await runtime.run<null>((shard, call, now) => shard.deleteGroup(groupId, call, now))
  }

  /**
   * The groups of all partitions that this broker leads.
   *
   * @throws BrokerError COORDINATOR_LOAD_IN_PROGRESS while one of them is loaded: the list would lack
   *   its groups
   */
  async listGroups(): Promise<ListedGroup[]> {
    const lists = await Promise.all(
      [...this.#coordinator.runtimes()].map((runtime) => {
        return runtime.run<readonly ListedGroup[]>((shard, call, now) =>
          shard.listGroups(call, now),
        )
      }),
    )
    return lists.flat()
  }

  /** The groups of all partitions as they are now, for metrics: those of partitions that serve. */
  *groupsNow(): Iterable<ListedGroup> {
    for (const shard of this.shards()) yield* shard.groups()
  }

  /** The shards of all partitions that serve, by their numbers. To be read only. */
  *shards(): Iterable<GroupShard> {
    for (const { shard } of this.#coordinator.runtimes()) if (shard !== null) yield shard
  }

  /** @throws BrokerError NOT_COORDINATOR */
  #of({ groupId }: { readonly groupId: string }): CoordinatorRuntime<GroupShard, GroupRecord> {
    return this.#coordinator.of(groupId)
  }
}
