// Transactions, as both fronts ask for them. Who may do what is decided in coordination/transaction.

import type { BrokerError } from '../base/errors.ts'
import type {
  AddOffsetsRequest,
  AddPartitionsRequest,
  AdmitRequest,
  DescribedTransaction,
  EndRequest,
  InitRequest,
  ListFilter,
  Outcome,
  PartitionOutcome,
  ProducerIdentity,
  TransactionList,
  TransactionVersion,
} from '../coordination/transaction/messages.ts'
import type { TopicPartition } from '../base/topic-partition.ts'
import type { Caller } from './caller.ts'

/** Asks whether offsets of a group may be committed in a transaction: as `AdmitRequest`. */
export interface AdmitOffsetsRequest extends AddOffsetsRequest {
  readonly adds: boolean
}

export type DescribeResult =
  | { readonly transactionalId: string; readonly error: BrokerError }
  | (DescribedTransaction & { readonly error: null })

/** Ends transactions of a producer in partitions, whatever its coordinator says: WriteTxnMarkers. */
export interface WriteMarkersRequest extends ProducerIdentity {
  readonly coordinatorEpoch: number
  readonly outcome: Outcome
  readonly transactionVersion: TransactionVersion
  readonly partitions: readonly TopicPartition[]
}

/**
 * Every method throws, beside what it says, BrokerError INVALID_REQUEST for an empty transactional id,
 * COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS or NOT_COORDINATOR: the last three may be
 * tried again.
 *
 * A producer of an older epoch is told PRODUCER_FENCED: fronts say INVALID_PRODUCER_EPOCH in its place
 * to clients that do not know that error (Kafka: InitProducerId below 4, AddPartitionsToTxn,
 * AddOffsetsToTxn and EndTxn below 2). TRANSACTION_ABORTABLE likewise: see `admit`.
 */
export interface TransactionService {
  /** Makes sure that transactions can be coordinated here: FindCoordinator. */
  ready(caller: Caller): Promise<void>

  /** The partition of __transaction_state whose leader coordinates an id; null before the first use. */
  partitionOf(transactionalId: string): number | null

  /**
   * Gives a producer its identity, and ends what an earlier life of it has left open. Waits a little
   * where that takes time.
   *
   * @throws BrokerError INVALID_TRANSACTION_TIMEOUT, PRODUCER_FENCED; CONCURRENT_TRANSACTIONS when the
   *   earlier transaction still ends: to be tried again
   */
  init(caller: Caller, request: InitRequest): Promise<ProducerIdentity>

  /**
   * Adds partitions to the transaction of a producer that knows version 0 or 1, which begins with the
   * first of them. All are added, or none: one that may not be has its own error, the others
   * OPERATION_NOT_ATTEMPTED.
   *
   * @returns one result a partition, in their order. What is wrong as a whole is said of each:
   *   INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
   */
  addPartitions(caller: Caller, request: AddPartitionsRequest): Promise<readonly PartitionOutcome[]>

  /**
   * Adds a group's committed offsets to the transaction: AddOffsetsToTxn.
   *
   * @throws BrokerError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
   */
  addOffsets(caller: Caller, request: AddOffsetsRequest): Promise<void>

  /**
   * Ends the transaction. The outcome is decided, and survives everything, when this resolves; readers
   * see it a moment later. Of version 2 the answer is who the producer is from now on, and asking again
   * after a lost answer gives the same.
   *
   * @throws BrokerError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, INVALID_TXN_STATE,
   *   CONCURRENT_TRANSACTIONS
   */
  end(caller: Caller, request: EndRequest): Promise<ProducerIdentity>

  /**
   * Says for each partition whether records may be written to it in the transaction.
   *
   * @returns one result a partition, in their order: INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED,
   *   CONCURRENT_TRANSACTIONS, or TRANSACTION_ABORTABLE where it was not added; what throws elsewhere is
   *   said of each partition too
   */
  admit(caller: Caller, request: AdmitRequest): Promise<readonly PartitionOutcome[]>

  /** `admit` for TxnOffsetCommit. @throws BrokerError what `admit` says of the one partition */
  admitOffsets(caller: Caller, request: AdmitOffsetsRequest): Promise<void>

  /** @returns one result an id, in their order: TRANSACTIONAL_ID_NOT_FOUND among others */
  describe(caller: Caller, transactionalIds: readonly string[]): Promise<readonly DescribeResult[]>

  /** @throws BrokerError INVALID_REGULAR_EXPRESSION */
  list(caller: Caller, filter: ListFilter): Promise<TransactionList>

  /**
   * Ends transactions of a producer in partitions, whatever its coordinator says.
   *
   * @returns one result a partition, in their order: UNKNOWN_TOPIC_OR_PARTITION,
   *   INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED among others
   */
  writeMarkers(caller: Caller, request: WriteMarkersRequest): Promise<readonly PartitionOutcome[]>
}
