// Consumer groups: members, committed offsets, administration. Members of a group are coordinated in
// coordination/; here the topic for groups is made when it is first needed, names of topics are looked
// up, and committed offsets meet the partitions that they are of.

import { BrokerError } from '../base/errors.ts'
import type {
  HeartbeatRequest,
  JoinRequest,
  JoinResponse,
  LeaveRequest,
  LeaveResponse,
  SyncRequest,
  SyncResponse,
} from '../coordination/group/classic/messages.ts'
import type { DescribedConsumerGroup } from '../coordination/group/consumer/describe.ts'
import type {
  ConsumerHeartbeatRequest,
  ConsumerHeartbeatResponse,
} from '../coordination/group/consumer/messages.ts'
import type { DescribedClassicGroup, ListedGroup } from '../coordination/group/group-messages.ts'
import type {
  CommitOffsetsRequest,
  CommitOffsetsResponse,
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
  FetchOffsetsRequest,
  FetchOffsetsResponse,
} from '../coordination/group/offsets/messages.ts'
import type { TopicCatalog } from '../coordination/group/topic-catalog.ts'
import type { GroupCoordinator } from '../coordination/group/group-coordinator.ts'
import type { Clock } from '../io/clock.ts'
import type { PartitionDirectory } from '../replication/readable-partition.ts'
import type { Caller } from './caller.ts'
import { describeGroup, type GroupDescription } from './groups/group-description.ts'
import { lagOf, type GroupLag } from './groups/group-lag.ts'
import { commitNamed, type NamedOffset } from './groups/named-offsets.ts'
import type { OffsetsTopic } from './groups/offsets-topic.ts'
import {
  resetTargets,
  type ResetOffsetsRequest,
  type ResetPartition,
} from './groups/reset-offsets.ts'
import {
  commitInTransaction,
  type TransactionalCommitParts,
  type TransactionalCommitRequest,
} from './groups/transactional-commit.ts'

export type CommitRequest = Omit<CommitOffsetsRequest, 'offsets'> & {
  readonly offsets: readonly NamedOffset[]
}

export interface GroupServiceOptions extends TransactionalCommitParts {
  readonly clock: Clock
  readonly offsetsTopic: OffsetsTopic
  readonly partitions: PartitionDirectory & TransactionalCommitParts['partitions']
}

/** Commits of one request that are no member's, as of an administrator. */
const OUTSIDE = { memberId: '', instanceId: null, generationOrEpoch: -1, retentionMs: -1 } as const

/**
 * Every method throws, beside what it says, BrokerError INVALID_GROUP_ID, COORDINATOR_NOT_AVAILABLE,
 * COORDINATOR_LOAD_IN_PROGRESS or NOT_COORDINATOR: the last three may be tried again.
 */
export class GroupService {
  readonly #options: GroupServiceOptions

  constructor(options: GroupServiceOptions) {
    this.#options = options
  }

  /** The topics of now, by name and by id. */
  get catalog(): TopicCatalog {
    return this.#options.store.image
  }

  /** See GroupCoordinator.counters; null before the first use of a group. */
  get coordinator(): GroupCoordinator | null {
    return this.#options.offsetsTopic.coordinator
  }

  /** Makes sure that groups can be coordinated here: FindCoordinator. */
  async ready(_caller: Caller): Promise<void> {
    await this.#options.offsetsTopic.ensure()
  }

  join(_caller: Caller, request: JoinRequest): Promise<JoinResponse> {
    return this.#run((coordinator) => coordinator.join(request))
  }

  sync(_caller: Caller, request: SyncRequest): Promise<SyncResponse> {
    return this.#run((coordinator) => coordinator.sync(request))
  }

  heartbeat(_caller: Caller, request: HeartbeatRequest): Promise<void> {
    return this.#run((coordinator) => coordinator.heartbeat(request))
  }

  leave(_caller: Caller, request: LeaveRequest): Promise<LeaveResponse> {
    return this.#run((coordinator) => coordinator.leave(request))
  }

  consumerHeartbeat(
    _caller: Caller,
    request: ConsumerHeartbeatRequest,
  ): Promise<ConsumerHeartbeatResponse> {
    return this.#run((coordinator) => coordinator.consumerHeartbeat(request))
  }

  /**
   * Commits offsets. Those of topics and partitions that are not there have their own refusal.
   *
   * @returns one result for each offset, in their order
   * @throws BrokerError as `commitOffsets` of coordination/
   */
  commitOffsets(_caller: Caller, request: CommitRequest): Promise<CommitOffsetsResponse> {
    return this.#run((coordinator) => this.#commit(coordinator, request))
  }

  /**
   * Commits offsets that count once a transaction is committed. Those of topics and partitions that are
   * not there have their own refusal.
   *
   * @returns one result for each offset, in their order
   * @throws BrokerError what lets the transaction not have them: INVALID_PRODUCER_ID_MAPPING,
   *   PRODUCER_FENCED, INVALID_PRODUCER_EPOCH, CONCURRENT_TRANSACTIONS, TRANSACTION_ABORTABLE,
   *   INVALID_TXN_STATE; what its group says: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION
   */
  commitInTransaction(
    caller: Caller,
    request: TransactionalCommitRequest,
  ): Promise<CommitOffsetsResponse> {
    return this.#run((coordinator) => {
      return commitInTransaction(this.#options, coordinator, caller, request)
    })
  }

  fetchOffsets(_caller: Caller, request: FetchOffsetsRequest): Promise<FetchOffsetsResponse> {
    return this.#run((coordinator) => coordinator.fetchOffsets(request))
  }

  /** @throws BrokerError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  async deleteOffsets(
    _caller: Caller,
    request: DeleteOffsetsRequest,
  ): Promise<DeleteOffsetsResponse> {
    return this.#existing().deleteOffsets(request)
  }

  async listGroups(_caller: Caller): Promise<readonly ListedGroup[]> {
    return (await this.coordinator?.listGroups()) ?? []
  }

  /** @throws BrokerError GROUP_ID_NOT_FOUND for a group that is not there */
  async describe(_caller: Caller, groupId: string): Promise<GroupDescription> {
    return describeGroup(this.#existing(), groupId)
  }

  /** @throws BrokerError GROUP_ID_NOT_FOUND for a group that is not there, or of the newer protocol */
  async describeClassicGroup(_caller: Caller, groupId: string): Promise<DescribedClassicGroup> {
    return this.#existing().describeClassicGroup(groupId)
  }

  /** @throws BrokerError GROUP_ID_NOT_FOUND for a group that is not there, or of the classic protocol */
  async describeConsumerGroup(_caller: Caller, groupId: string): Promise<DescribedConsumerGroup> {
    return this.#existing().describeConsumerGroup(groupId)
  }

  /** @throws BrokerError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  async deleteGroup(_caller: Caller, groupId: string): Promise<void> {
    return this.#existing().deleteGroup(groupId)
  }

  /**
   * Members, committed offsets, and how far each is from the end of its partition.
   *
   * @throws BrokerError GROUP_ID_NOT_FOUND
   */
  async lag(_caller: Caller, groupId: string): Promise<GroupLag> {
    const coordinator = this.#existing()
    const group = await describeGroup(coordinator, groupId)
    const { partitions } = await coordinator.fetchOffsets(allOffsetsOf(groupId))
    return lagOf(group, partitions, this.#options.partitions)
  }

  /**
   * Sets where a group goes on, for a group without members: it need not have been there before.
   * Partitions have their results side by side.
   *
   * @throws BrokerError NON_EMPTY_GROUP; UNKNOWN_TOPIC_OR_PARTITION for a topic that is not there;
   *   INVALID_REQUEST
   */
  async resetOffsets(
    _caller: Caller,
    request: ResetOffsetsRequest,
  ): Promise<readonly ResetPartition[]> {
    const { groupId, dryRun } = request
    if (groupId === '') throw new BrokerError('INVALID_GROUP_ID')
    const coordinator = await this.#options.offsetsTopic.ensure()
    await this.#refuseMembers(coordinator, groupId)
    const { partitions } = await coordinator.fetchOffsets(allOffsetsOf(groupId))
    const committed = partitions.flatMap(({ committed: value, ...at }) => {
      return value === null ? [] : [{ ...at, committed: value }]
    })
    const { partitions: directory, clock } = this.#options
    const nowMs = clock.now()
    const targets = await resetTargets(request, { directory, committed, nowMs })
    return dryRun ? targets : this.#applyReset(coordinator, groupId, targets)
  }

  /** Tells all who wait to ask elsewhere: after the fronts have closed. */
  close(): void {
    this.#options.offsetsTopic.close()
  }

  #commit(coordinator: GroupCoordinator, request: CommitRequest): Promise<CommitOffsetsResponse> {
    return commitNamed(this.#options.store.image, request.offsets, (offsets) => {
      return coordinator.commitOffsets({ ...request, offsets })
    })
  }

  async #applyReset(
    coordinator: GroupCoordinator,
    groupId: string,
    targets: readonly ResetPartition[],
  ): Promise<readonly ResetPartition[]> {
    const offsets = targets.flatMap(({ topic, partition, offset, error }) => {
      return error === null ? [{ topic, partition, offset, leaderEpoch: -1, metadata: '' }] : []
    })
    if (offsets.length === 0) return targets
    const { partitions } = await this.#commit(coordinator, { groupId, ...OUTSIDE, offsets }).catch(
      (error: unknown) => {
        // Somebody has joined meanwhile.
        const isRefused = error instanceof BrokerError && error.code === 'UNKNOWN_MEMBER_ID'
        throw isRefused ? new BrokerError('NON_EMPTY_GROUP', {}, error) : error
      },
    )
    let next = 0
    return targets.map((target) => {
      const code = target.error === null ? partitions[next++]!.error : null
      return code === null ? target : { ...target, offset: -1, error: new BrokerError(code) }
    })
  }

  async #refuseMembers(coordinator: GroupCoordinator, groupId: string): Promise<void> {
    try {
      const { members, state } = await describeGroup(coordinator, groupId)
      if (members.length === 0) return
      const message = 'Offsets are reset for groups without members: stop its consumers first'
      throw new BrokerError('NON_EMPTY_GROUP', { message, state, members: members.length })
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== 'GROUP_ID_NOT_FOUND') throw error
    }
  }

  /** Begins within the call where the topic is there already, so that calls keep their order. */
  #run<T>(call: (coordinator: GroupCoordinator) => Promise<T>): Promise<T> {
    const { coordinator } = this
    if (coordinator !== null) return call(coordinator)
    return this.#options.offsetsTopic.ensure().then(call)
  }

  /** @throws BrokerError GROUP_ID_NOT_FOUND while no group was ever used */
  #existing(): GroupCoordinator {
    const { coordinator } = this
    if (coordinator !== null) return coordinator
    throw new BrokerError('GROUP_ID_NOT_FOUND')
  }
}

function allOffsetsOf(groupId: string): FetchOffsetsRequest {
  return { groupId, memberId: null, memberEpoch: -1, partitions: null, requireStable: false }
}
