// What opens a session, and what it gives out: the side that a front implements.

import type { BrokerError } from '../../base/errors.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Isolation } from '../position.ts'
import type { SubscribedRecord } from '../fetch/record-unpacking.ts'

/** Where to begin where the group has committed nothing that its partition holds. */
export type OffsetReset = 'earliest' | 'latest' | 'none'

/** What a member reads: by name, by regular expression, or both. */
export interface GroupSubscription {
  readonly topics: readonly string[]
  /** RE2, over whole names. Empty for none. */
  readonly topicRegex: string
}

export interface GroupSessionRequest {
  readonly groupId: string
  readonly subscription: GroupSubscription
  readonly offsetReset: OffsetReset
  readonly isolation: Isolation
  /** How often what was acknowledged is committed; null: only the client commits. */
  readonly commitIntervalMs: number | null
  /** Partitions are given up once what was sent of them is acknowledged; else when the client says. */
  readonly releasesByItself: boolean
  /** Bytes of records that may be under way and not acknowledged, 1 or more. */
  readonly creditBytes: number
  /** Most records of one message, 1 or more. */
  readonly maxRecords: number
  /** How long the client may neither acknowledge nor release what it is to. */
  readonly maxPollIntervalMs: number
  /** Null for a dynamic member, as the next two where the client says nothing. */
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly assignor: string | null
}

/** A partition that a session has begun to read, or to read elsewhere. */
export interface AssignedPosition extends TopicPartition {
  /** Offset of the next record that will be sent. */
  readonly nextOffset: number
  /** -1 when the group has committed nothing. */
  readonly committedOffset: number
}

export interface SentRecords {
  /** To be acknowledged. Rises with each message, from 1. */
  readonly sequence: number
  readonly records: readonly SubscribedRecord[]
  /** Of the message, about. */
  readonly sizeBytes: number
}

/** An offset that a client wants committed. */
export interface CommittingOffset extends TopicPartition {
  readonly offset: number
  readonly metadata: string
  /** -1 when it is not known. */
  readonly leaderEpoch: number
}

/** What became of the commit of one partition. */
export interface CommitOutcome extends TopicPartition {
  /** -1 with an error. */
  readonly offset: number
  readonly error: BrokerError | null
}

export interface GroupSessionSink {
  /** @returns false when no more records may come until `resumeSink()`. What was given is taken */
  records(message: SentRecords): boolean
  /** The session is a member of the group. Comes again when it had to join anew. */
  joined(memberId: string, memberEpoch: number): void
  assigned(positions: readonly AssignedPosition[]): void
  /** Partitions that are to be given up. No more of their records will come. */
  revoked(partitions: readonly TopicPartition[]): void
  /** Partitions that others may own already, those that were to be given up among them. The session joins anew by itself. */
  lost(partitions: readonly TopicPartition[], error: BrokerError): void
  /** Nothing else was sent for a while. @param timeMs milliseconds since 1970 */
  heartbeat(timeMs: number): void
  /** The session has ended and its member has left. @param error null when the client ended it */
  ended(error: BrokerError | null): void
}
