// Requests and answers about committed offsets, in no wire's words. Every partition has a result.

import type { ErrorCode } from '../../../base/errors.ts'
import type { TopicPartition } from '../../../base/topic-partition.ts'
import type { Uuid } from '../../../base/uuid.ts'
import type { OffsetCommitValue } from '../records/offset-commit.ts'

export interface OffsetToCommit extends TopicPartition {
  readonly topicId: Uuid
  /** Next offset that the group will read, 0 or more. */
  readonly offset: number
  /** -1 when the client gives none. */
  readonly leaderEpoch: number
  readonly metadata: string
}

export interface CommitOffsetsRequest {
  readonly groupId: string
  /** Empty for a commit from outside of the group. */
  readonly memberId: string
  readonly instanceId: string | null
  /** Generation or member epoch; -1 for a commit from outside of the group. */
  readonly generationOrEpoch: number
  /** How long the offsets are to live, from very old clients; -1 for the rule of the group. */
  readonly retentionMs: number
  readonly offsets: readonly OffsetToCommit[]
}

/** Offsets that count once a transaction is committed. */
export type CommitInTransactionRequest = Omit<CommitOffsetsRequest, 'retentionMs'>

export interface PartitionResult extends TopicPartition {
  readonly error: ErrorCode | null
}

export interface CommitOffsetsResponse {
  readonly partitions: readonly PartitionResult[]
}

export interface FetchOffsetsRequest {
  readonly groupId: string
  /** Null where the client does not say who it is. */
  readonly memberId: string | null
  readonly memberEpoch: number
  /** Null for all that the group has. */
  readonly partitions: readonly TopicPartition[] | null
  /** Refuse offsets that an open transaction may change (UNSTABLE_OFFSET_COMMIT). */
  readonly requireStable: boolean
}

export interface FetchedOffset extends PartitionResult {
  /** Null when there is none. */
  readonly committed: OffsetCommitValue | null
}

export interface FetchOffsetsResponse {
  readonly partitions: readonly FetchedOffset[]
}

export interface DeleteOffsetsRequest {
  readonly groupId: string
  readonly partitions: readonly TopicPartition[]
}

export interface DeleteOffsetsResponse {
  readonly partitions: readonly PartitionResult[]
}
