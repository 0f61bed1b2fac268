// What transactional producers, and those who look after them, ask of the coordinator, in no protocol's
// words.

import type { BrokerError } from '../../base/errors.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { TransactionStateName } from './transaction-state.ts'

/** Who a producer is: an id that nobody else has, and an epoch that fences its earlier lives. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** A producer that speaks for a transactional id. */
export interface TransactionalProducer extends ProducerIdentity {
  readonly transactionalId: string
}

export interface InitRequest {
  readonly transactionalId: string
  /** How long a transaction may stay open, in milliseconds. */
  readonly timeoutMs: number
  /** Who the producer was, when it goes on after an error (KIP-360); null for a new one. */
  readonly current: ProducerIdentity | null
}

export interface AddPartitionsRequest extends TransactionalProducer {
  readonly partitions: readonly TopicPartition[]
}

/** One result for each partition of a request, in their order. */
export interface PartitionOutcome extends TopicPartition {
  readonly error: BrokerError | null
}

export interface AddOffsetsRequest extends TransactionalProducer {
  readonly groupId: string
}

export type Outcome = 'commit' | 'abort'

/**
 * What the client knows of transactions: 2 has an epoch for each of them (KIP-890), 1 and 0 one for
 * the life of a producer.
 */
export type TransactionVersion = 0 | 1 | 2

export interface EndRequest extends TransactionalProducer {
  readonly outcome: Outcome
  readonly transactionVersion: TransactionVersion
}

/** Asks whether records may be written in a transaction. */
export interface AdmitRequest extends TransactionalProducer {
  readonly partitions: readonly TopicPartition[]
  /**
   * True: partitions that are not in the transaction yet are added to it, and it begins where it has
   * not (version 2). False: they have to be in it already.
   */
  readonly adds: boolean
}

export interface DescribedTransaction extends TransactionalProducer {
  readonly state: TransactionStateName
  readonly timeoutMs: number
  /** When it began, milliseconds since 1970; -1 where none has. */
  readonly startTimeMs: number
  /** When its last change was written. */
  readonly lastUpdateMs: number
  readonly partitions: readonly TopicPartition[]
}

export interface ListFilter {
  /** Names as in Kafka's "CompleteCommit"; null or none: all. Unknown ones find nothing. */
  readonly states?: readonly string[] | null
  readonly producerIds?: readonly number[] | null
  /** Only transactions that have been open for longer, in milliseconds; negative: all. */
  readonly longerThanMs?: number
  /** A regular expression in RE2's syntax that has to match the whole id; null or empty: all. */
  readonly idPattern?: string | null
}

export interface ListedTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly state: TransactionStateName
}

export interface TransactionList {
  readonly transactions: readonly ListedTransaction[]
  /** States of the filter that there are none of. */
  readonly unknownStates: readonly string[]
}
