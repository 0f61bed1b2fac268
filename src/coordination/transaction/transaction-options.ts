// What may be set about transactions. Names in Kafka's words are those of its broker options.

export interface TransactionOptions {
  /** transaction.max.timeout.ms */
  readonly maxTimeoutMs: number
  /** transactional.id.expiration.ms */
  readonly idExpirationMs: number
  /** transaction.abort.timed.out.transaction.cleanup.interval.ms */
  readonly abortIntervalMs: number
  /** transaction.remove.expired.transaction.cleanup.interval.ms */
  readonly expireIntervalMs: number
  /** How long a request waits for the markers of the transaction before:
   *  add.partitions.to.txn.retry.backoff.max.ms */
  readonly waitMs: number
  /** Most transactional ids of all partitions together. */
  readonly maxIds: number
}

const HOUR_MS = 3_600_000

/** Kafka's defaults. */
export const DEFAULT_TRANSACTION_OPTIONS: TransactionOptions = {
  maxTimeoutMs: 900_000,
  idExpirationMs: 7 * 24 * HOUR_MS,
  abortIntervalMs: 10_000,
  expireIntervalMs: HOUR_MS,
  waitMs: 100,
  maxIds: 100_000,
}
