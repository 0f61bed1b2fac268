// The group coordinator of a broker: the partitions of __consumer_offsets that it leads, and which of
// them a group belongs to. Everything that fronts need of groups is asked here.

import assert from 'node:assert'
import { BrokerError } from '../../base/errors.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import type {
  HeartbeatRequest,
  JoinRequest,
  JoinResponse,
  LeaveRequest,
  LeaveResponse,
  SyncRequest,
  SyncResponse,
} from '../group/classic/messages.ts'
import type { DescribedConsumerGroup } from '../group/consumer/describe.ts'
import type {
  ConsumerHeartbeatRequest,
  ConsumerHeartbeatResponse,
} from '../group/consumer/messages.ts'
import type { DescribedClassicGroup, ListedGroup } from '../group/group-messages.ts'
import type { GroupOptions } from '../group/group-options.ts'
import type { GroupCounters } from '../group/group-shard.ts'
import type {
  CommitOffsetsRequest,
  CommitOffsetsResponse,
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
  FetchOffsetsRequest,
  FetchOffsetsResponse,
} from '../group/offsets/messages.ts'
import type { TopicCatalog } from '../group/topic-catalog.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import { GroupRuntime } from './group-runtime.ts'
import { DEFAULT_SWEEP_BYTES } from './log-sweep.ts'
import { partitionOfGroup } from './partition-of-group.ts'

export interface GroupCoordinatorOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly options: GroupOptions
  readonly catalog: TopicCatalog
  /** Makes ids that nobody had before. */
  readonly newId: () => string
  /** Partitions of __consumer_offsets, 1 or more. Kafka's default is 50. */
  readonly partitionCount: number
  /** See GroupRuntimeOptions. */
  readonly sweepBytes?: number
}

/**
 * Every method throws, beside what its handler refuses with, BrokerError NOT_COORDINATOR,
 * COORDINATOR_LOAD_IN_PROGRESS or COORDINATOR_NOT_AVAILABLE: ask again, perhaps elsewhere.
 */
export class GroupCoordinator {
  readonly counters: GroupCounters = { rebalances: 0, commits: 0 }
  readonly #options: GroupCoordinatorOptions
  readonly #runtimes = new Map<number, GroupRuntime>()
  #catalog: TopicCatalog

  constructor(options: GroupCoordinatorOptions) {
    assert(options.partitionCount >= 1)
    this.#options = options
    this.#catalog = options.catalog
  }

  /** The partition of __consumer_offsets whose leader coordinates a group. */
  partitionOf(groupId: string): number {
    return partitionOfGroup(groupId, this.#options.partitionCount)
  }

  /** This broker leads a partition now. @returns when it is loaded, or has failed to and waits */
  async lead(partition: number, log: CoordinatorLog): Promise<void> {
    this.resign(partition)
    const { clock, logger, options, newId } = this.#options
    const catalog = this.#catalog
    const { sweepBytes = DEFAULT_SWEEP_BYTES } = this.#options
    const runtime = new GroupRuntime({
      ...{ log, clock, logger, options, catalog, newId, partition, sweepBytes },
      counters: this.counters,
    })
    this.#runtimes.set(partition, runtime)
    await runtime.start()
  }

  /** This broker leads a partition no more: who waits is told to ask another. */
  resign(partition: number): void {
    this.#runtimes.get(partition)?.close()
    this.#runtimes.delete(partition)
  }

  close(): void {
    for (const partition of [...this.#runtimes.keys()]) this.resign(partition)
  }

  /** Topics have come or grown, or, when some were `deleted`, gone: their offsets go with them. */
  setCatalog(catalog: TopicCatalog, { deleted }: { readonly deleted: boolean }): void {
    this.#catalog = catalog
    for (const runtime of this.#runtimes.values()) runtime.setCatalog(catalog, { deleted })
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
      [...this.#runtimes.values()].map((runtime) => {
        return runtime.run<readonly ListedGroup[]>((shard, call, now) =>
          shard.listGroups(call, now),
        )
      }),
    )
    return lists.flat()
  }

  /** The groups of all partitions as they are now, for metrics: those of partitions that serve. */
  *groupsNow(): Iterable<ListedGroup> {
    for (const runtime of this.#runtimes.values()) yield* runtime.groups()
  }

  /** @throws BrokerError NOT_COORDINATOR */
  #of({ groupId }: { readonly groupId: string }): GroupRuntime {
    const runtime = this.#runtimes.get(this.partitionOf(groupId))
    if (runtime === undefined) throw new BrokerError('NOT_COORDINATOR')
    return runtime
  }
}
