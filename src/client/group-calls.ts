// What may be asked about consumer groups: the calls of a member, and those of who manages groups.
//
// A member follows the newer protocol of Kafka (KIP-848): it makes its own id, and one call, the
// heartbeat, joins, keeps alive, confirms and leaves. The coordinator assigns.
//
//   member                                     coordinator
//   epoch 0, topics, owns nothing      ──►     joins; epoch 5, assignment t-0 t-1
//   epoch 5, owns t-0 t-1              ──►     epoch 5, no news
//   epoch 5                            ──►     epoch 5, assignment t-0: give up t-1
//   epoch 5, owns t-0                  ──►     epoch 6, no news
//   epoch -1                           ──►     gone

import type { SluiceError } from './errors.ts'
import type { PartitionRef } from './transport.ts'

/** Member epochs with a meaning of their own. */
export const MEMBER_EPOCH = {
  /** Joins, or joins again. */
  join: 0,
  /** Leaves for good. */
  leave: -1,
  /** A static member goes and will come back: its partitions wait for it. */
  leaveForNow: -2,
  /** Commits from outside the group. */
  none: -1,
} as const

export interface GroupHeartbeat {
  readonly groupId: string
  /** 22 characters that the member made by chance; the same for as long as it lives. */
  readonly memberId: string
  /** As last told, or one of MEMBER_EPOCH. */
  readonly memberEpoch: number
  /** Name of a static member; null for others. */
  readonly instanceId: string | null
  /** Null when unknown, or told before. */
  readonly rackId: string | null
  /** How long the member may take to give partitions up, in milliseconds; null: told before. */
  readonly rebalanceTimeoutMs: number | null
  /** Null: told before. Empty: only by pattern. */
  readonly subscribedTopics: readonly string[] | null
  /** A regular expression of RE2's syntax for whole names. Null: told before. '': none. */
  readonly subscribedPattern: string | null
  /** Name of the coordinator's assignor; null: told before, or its default. */
  readonly serverAssignor: string | null
  /** What the member reads now. Null: told before. */
  readonly ownedPartitions: readonly PartitionRef[] | null
}

export interface GroupHeartbeatAnswer {
  readonly memberEpoch: number
  /** When to call again, in milliseconds. */
  readonly heartbeatIntervalMs: number
  /** All that the member may read. Null: as told before. */
  readonly assignment: readonly PartitionRef[] | null
}

/** Who commits or asks: a member, or somebody outside (`memberId` '' and epoch -1). */
export interface GroupCaller {
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
}

export interface OffsetToCommit extends PartitionRef {
  /** Offset of the next record that the group will read, 0 or more. */
  readonly offset: number
  /** Of the last record that was read. Default -1: not known. */
  readonly leaderEpoch?: number
  /** Anything that is worth keeping beside it. Default ''. */
  readonly metadata?: string
}

/** What became of one partition of a call. */
export interface PartitionOutcome extends PartitionRef {
  readonly error: SluiceError | null
}

export interface CommittedOffset extends PartitionOutcome {
  /** -1 when the group has committed none, and with an error. */
  readonly offset: number
  /** -1 when not known. */
  readonly leaderEpoch: number
  readonly metadata: string
}

/** Kafka's words for them. */
export type GroupState =
  | 'Empty'
  | 'PreparingRebalance'
  | 'CompletingRebalance'
  | 'Stable'
  | 'Assigning'
  | 'Reconciling'
  | 'Dead'
  | 'Unknown'

/** 'classic': clients assign · 'consumer': the coordinator does (KIP-848). */
export type GroupType = 'classic' | 'consumer' | 'unknown'

export interface GroupListing {
  readonly groupId: string
  readonly type: GroupType
  /** 'consumer', 'connect' …; '' for a group that has offsets alone. */
  readonly protocolType: string
  readonly state: GroupState
}

export interface GroupMember {
  readonly memberId: string
  /** Null unless the member is static. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** -1 in a classic group. */
  readonly memberEpoch: number
  readonly subscribedTopics: readonly string[]
  /** Null without one. */
  readonly subscribedPattern: string | null
  /** What it may read now. Empty as well when the assignment is not of consumers. */
  readonly assignment: readonly PartitionRef[]
  /** What it will read when the others have given it up. As `assignment` in a classic group. */
  readonly targetAssignment: readonly PartitionRef[]
}

/** How far a group has come in a partition: one that it has committed, or that a member reads. */
export interface GroupPartition extends PartitionRef {
  /** -1 when there is none. */
  readonly committedOffset: number
  readonly metadata: string
  readonly logStartOffset: number
  /** Records below it may be read. -1 when the partition is gone. */
  readonly highWatermark: number
  /** Records that the group has yet to read. -1 when that is not known. */
  readonly lag: number
  /** Who reads it now; null when nobody does. */
  readonly memberId: string | null
}

export interface GroupDescription extends GroupListing {
  /** Broker id; null when not known. */
  readonly coordinator: number | null
  /** Name of the assignor or, in a classic group, of the protocol the members chose; '' for none. */
  readonly assignor: string
  /** Generation of a classic group. -1 when not known. */
  readonly groupEpoch: number
  /** Ordered by member id. */
  readonly members: readonly GroupMember[]
  /** Ordered by topic, then by partition. */
  readonly partitions: readonly GroupPartition[]
}

export interface GroupFilter {
  /** Default: all. */
  readonly states?: readonly GroupState[]
  /** Default: all. */
  readonly types?: readonly GroupType[]
}

export interface GroupOutcome {
  readonly groupId: string
  readonly error: SluiceError | null
}

/** The calls as a transport makes them: once each, to the group's coordinator, with a deadline in ms. */
export interface GroupCalls {
  /**
   * @throws SluiceError FENCED_MEMBER_EPOCH, UNKNOWN_MEMBER_ID: join again · UNRELEASED_INSTANCE_ID,
   *   COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE: later ·
   *   GROUP_MAX_SIZE_REACHED, UNSUPPORTED_ASSIGNOR, INVALID_REGULAR_EXPRESSION, FENCED_INSTANCE_ID,
   *   GROUP_ID_NOT_FOUND, GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST: never
   */
  heartbeatGroup(heartbeat: GroupHeartbeat, timeoutMs: number): Promise<GroupHeartbeatAnswer>
  /**
   * One result for each offset, in that order.
   *
   * @throws SluiceError STALE_MEMBER_EPOCH, UNKNOWN_MEMBER_ID, and what else holds for all of them
   */
  commitOffsets(
    caller: GroupCaller,
    offsets: readonly OffsetToCommit[],
    timeoutMs: number,
  ): Promise<readonly PartitionOutcome[]>
  /** @param partitions null: all that the group has committed. Otherwise one result each, in order */
  fetchOffsets(
    caller: GroupCaller,
    partitions: readonly PartitionRef[] | null,
    timeoutMs: number,
  ): Promise<readonly CommittedOffset[]>
  /** Ordered by group id. */
  listGroups(filter: GroupFilter, timeoutMs: number): Promise<readonly GroupListing[]>
  /** @throws SluiceError GROUP_ID_NOT_FOUND */
  describeGroup(groupId: string, timeoutMs: number): Promise<GroupDescription>
  /** One result for each group, in that order: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND. */
  deleteGroups(groupIds: readonly string[], timeoutMs: number): Promise<readonly GroupOutcome[]>
  /** Forgets offsets: GROUP_SUBSCRIBED_TO_TOPIC where a member reads the topic. */
  deleteOffsets(
    groupId: string,
    partitions: readonly PartitionRef[],
    timeoutMs: number,
  ): Promise<readonly PartitionOutcome[]>
}
