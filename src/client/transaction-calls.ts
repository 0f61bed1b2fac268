// What a transactional producer asks of the coordinator of its transactional id, in no protocol's words.
//
//   init ─► identity ─► batches, offsets ─► end ─► identity ─► batches, offsets ─► end ─► …
//
// There are two ways in which brokers keep one transaction from getting into the next:
//
//   version 1   a partition is added before anything is written to it; the epoch stays for all
//               transactions of a producer
//   version 2   a partition joins by the first batch that comes for it; each end gives the producer its
//               next epoch, so that what is late is refused (KIP-890)

import type { GroupCaller, OffsetToCommit, PartitionOutcome } from './group-calls.ts'
import type { PartitionRef, ProducerIdentity } from './transport.ts'

/** Who a producer is in its next transaction, or in the one that is open. */
export interface TransactionalProducer extends ProducerIdentity {
  readonly transactionalId: string
  readonly version: 1 | 2
}

export type TransactionOutcome = 'commit' | 'abort'

export interface InitTransactions {
  readonly transactionalId: string
  /** After so long the coordinator aborts a transaction that is not ended, in milliseconds. */
  readonly transactionTimeoutMs: number
  /** Who the producer is already: it goes on only if nobody has taken its id. Null: it takes the id. */
  readonly current: ProducerIdentity | null
}

/**
 * The calls as a transport makes them: once each, with a deadline in milliseconds.
 *
 * All of them throw SluiceError CONCURRENT_TRANSACTIONS, COORDINATOR_NOT_AVAILABLE and others that may be
 * tried again; PRODUCER_FENCED, INVALID_PRODUCER_EPOCH and INVALID_PRODUCER_ID_MAPPING when the producer is
 * not, or not any more, the one that has the transactional id; TRANSACTION_ABORTABLE when the transaction can
 * only be aborted; TRANSACTIONAL_ID_AUTHORIZATION_FAILED.
 */
export interface TransactionCalls {
  /**
   * Makes the producer the only one that has the transactional id. What an earlier life of it, or another
   * one, has left open is aborted.
   *
   * @throws SluiceError INVALID_TRANSACTION_TIMEOUT
   */
  initTransactions(request: InitTransactions, timeoutMs: number): Promise<TransactionalProducer>
  /**
   * Adds partitions to the transaction, for version 1 alone: all or none.
   *
   * @throws SluiceError also the first refusal of a partition, such as UNKNOWN_TOPIC_OR_PARTITION
   */
  addToTransaction(
    producer: TransactionalProducer,
    partitions: readonly PartitionRef[],
    timeoutMs: number,
  ): Promise<void>
  /**
   * Commits offsets of a group in the transaction: they count once it is committed.
   *
   * @returns one result for each offset, in that order
   * @throws SluiceError also ILLEGAL_GENERATION, STALE_MEMBER_EPOCH, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID
   */
  addOffsetsToTransaction(
    producer: TransactionalProducer,
    caller: GroupCaller,
    offsets: readonly OffsetToCommit[],
    timeoutMs: number,
  ): Promise<readonly PartitionOutcome[]>
  /**
   * Decides the transaction. The same call may be made again, as long as nothing is done as the producer
   * that it gives: it is answered in the same way.
   *
   * @returns who the producer is from then on
   * @throws SluiceError also INVALID_TXN_STATE when there is nothing that could end so
   */
  endTransaction(
    producer: TransactionalProducer,
    outcome: TransactionOutcome,
    timeoutMs: number,
  ): Promise<TransactionalProducer>
}
