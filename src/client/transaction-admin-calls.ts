// What may be asked about transactions by who looks after them: the calls, what they take, what they
// answer.

import type { PartitionRef, ProducerIdentity } from './transport.ts'

/** Kafka's words for them. */
export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'
  | 'PrepareEpochFence'
  | 'Dead'
  | 'Unknown'

export interface TransactionListing {
  readonly transactionalId: string
  readonly producerId: number
  readonly state: TransactionState
}

export interface TransactionFilter {
  /** Default: all. */
  readonly states?: readonly TransactionState[]
  /** Default: all. */
  readonly producerIds?: readonly number[]
  /** Only those that are open for longer, in milliseconds. */
  readonly openForMs?: number
  /** A regular expression in RE2's syntax for whole transactional ids. */
  readonly pattern?: string
}

export interface TransactionDescription extends TransactionListing {
  readonly producerEpoch: number
  /** How long a transaction may stay open, in milliseconds. */
  readonly timeoutMs: number
  /** When the open one began, in milliseconds since 1970; null when none is open. */
  readonly startTimeMs: number | null
  /** Broker id; null when not known. */
  readonly coordinator: number | null
  /** What the open one has written to, ordered by topic and partition. */
  readonly partitions: readonly PartitionRef[]
}

/** A transaction that is open in a partition, and that no coordinator will end. */
export interface HangingTransaction extends PartitionRef {
  readonly producerId: number
  readonly producerEpoch: number
  /** Of the last marker of the producer in the partition; -1 when there was none. */
  readonly coordinatorEpoch: number
  /** Offset of its first record in the partition: readers of committed records wait before it. */
  readonly startOffset: number
  /** Since when it is open, in milliseconds since 1970, as far as the broker knows; null: it does not. */
  readonly openSinceMs: number | null
  /** Timestamp of the last batch of the producer in the partition, in milliseconds since 1970. */
  readonly lastTimestampMs: number
}

export interface HangingFilter {
  /** Default: all topics. */
  readonly topic?: string
  /** Default: all partitions of the topic. */
  readonly partition?: number
  /** Only those that are open for longer, in milliseconds. Default: longer than the broker lets any be. */
  readonly openForMs?: number
}

/** Which hanging transaction: the one that begins at an offset of a partition. */
export interface HangingTransactionRef extends PartitionRef {
  readonly startOffset: number
}

/** The calls as a transport makes them: once each, with a deadline in milliseconds. */
export interface TransactionAdminCalls {
  /** Ordered by transactional id. @throws SluiceError INVALID_REGULAR_EXPRESSION */
  listTransactions(
    filter: TransactionFilter,
    timeoutMs: number,
  ): Promise<readonly TransactionListing[]>
  /** @throws SluiceError TRANSACTIONAL_ID_NOT_FOUND */
  describeTransaction(transactionalId: string, timeoutMs: number): Promise<TransactionDescription>
  /** Ordered by topic, partition and producer. @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION */
  findHangingTransactions(
    filter: HangingFilter,
    timeoutMs: number,
  ): Promise<readonly HangingTransaction[]>
  /** Null when none was open. @throws SluiceError TRANSACTIONAL_ID_NOT_FOUND */
  abortTransaction(transactionalId: string, timeoutMs: number): Promise<ProducerIdentity | null>
  /**
   * @throws SluiceError RESOURCE_NOT_FOUND when none begins there; INVALID_TXN_STATE when its coordinator
   *   knows of it
   */
  abortHangingTransaction(ref: HangingTransactionRef, timeoutMs: number): Promise<ProducerIdentity>
}

/** States in which a transaction may have records without a marker. */
export const OPEN_STATES: ReadonlySet<TransactionState> = new Set([
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'PrepareEpochFence',
])
