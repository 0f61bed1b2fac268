// What every handler works with: what is known of the partition's transactional ids, and the step in
// the making.

import { BrokerError } from '../../base/errors.ts'
import type { ErrorCode, Facts } from '../../base/errors.ts'
import type { Now } from '../runtime/now.ts'
import type { Step } from '../runtime/step.ts'
import type { ProducerIdentity } from './messages.ts'
import type { TransactionOptions } from './transaction-options.ts'
import { NONE, type TransactionRecord, type TransactionValue } from './transaction-record.ts'

/**
 * The last epoch that a client may be given. One more is left, for whoever has to fence it.
 * Source: apache/kafka, TransactionMetadata.isEpochExhausted.
 */
export const LAST_CLIENT_EPOCH = 32_766

/** A transaction whose outcome is on record: its markers can be written. */
export interface PreparedTransaction {
  readonly transactionalId: string
  readonly value: TransactionValue
}

export interface Env {
  /** What the records say. Changed by `step.emit` alone. */
  readonly transactions: ReadonlyMap<string, TransactionValue>
  readonly options: TransactionOptions
  /** Transactional ids of all partitions of this broker. */
  readonly idCount: () => number
  /** A producer id that nobody had before; null while none is at hand: more are on their way. */
  readonly takeProducerId: () => number | null
  /** To be told once the record is safe. */
  readonly onPrepared: (prepared: PreparedTransaction) => void
  readonly step: Step<TransactionRecord>
  readonly now: Now
}

/** @returns never: throws the refusal */
export function refuse(code: ErrorCode, message?: string, facts: Facts = {}): never {
  throw new BrokerError(code, message === undefined ? facts : { message, ...facts })
}

/** Puts the record of a change, with the time and with the id that it had before. */
export function emit(
  { step, now }: Env,
  transactionalId: string,
  before: TransactionValue,
  change: Partial<TransactionValue>,
): TransactionValue {
  const value = {
    ...before,
    ...change,
    previousProducerId: before.producerId,
    lastUpdateMs: now.wallMs,
  }
  step.emit({ transactionalId, value })
  return value
}

export function isEnding({ state }: TransactionValue): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort'
}

export function isExhausted(producerEpoch: number): boolean {
  return producerEpoch >= LAST_CLIENT_EPOCH
}

/** True of the identity that a client has been told already and that holds once the markers are there. */
export function isNextIdentity(value: TransactionValue, producer: ProducerIdentity): boolean {
  return (
    value.nextProducerId !== NONE &&
    value.nextProducerId === producer.producerId &&
    producer.producerEpoch === 0
  )
}

/**
 * The transaction of a producer who is its current one.
 *
 * @throws BrokerError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED; CONCURRENT_TRANSACTIONS while the
 *   transaction before still ends
 */
export function currentOf(
  env: Env,
  producer: ProducerIdentity & { readonly transactionalId: string },
): TransactionValue {
  const { transactionalId, producerId, producerEpoch } = producer
  const value = env.transactions.get(transactionalId)
  if (value === undefined) return refuse('INVALID_PRODUCER_ID_MAPPING')
  if (isNextIdentity(value, producer)) return refuse('CONCURRENT_TRANSACTIONS')
  if (value.producerId !== producerId) return refuse('INVALID_PRODUCER_ID_MAPPING')
  if (value.producerEpoch !== producerEpoch) return refuse('PRODUCER_FENCED')
  return isEnding(value) ? refuse('CONCURRENT_TRANSACTIONS') : value
}
