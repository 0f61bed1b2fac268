// Brings the outcome of a transaction to its partitions: a marker in each, again and again until it is
// there or the partition is gone.

import { BrokerError } from '../../base/errors.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import { outcomeOf } from './end.ts'
import type { PreparedTransaction } from './env.ts'
import type { Outcome, ProducerIdentity, TransactionVersion } from './messages.ts'

export interface Marker extends TopicPartition, ProducerIdentity {
  /** Leader epoch of the partition of __transaction_state: an older coordinator is refused by it. */
  readonly coordinatorEpoch: number
  readonly outcome: Outcome
  /** 2: the epoch is larger than any that the transaction was written under. */
  readonly transactionVersion: TransactionVersion
}

/** broker/ implements it over the partitions of the broker. */
export interface MarkerWriter {
  /**
   * Appends a marker.
   *
   * @returns when it is below the high watermark, or nothing is left to be marked: the partition is gone,
   *   or the producer's transaction there has ended by a later epoch
   * @throws BrokerError to be tried again
   */
  write(marker: Marker): Promise<void>
}

export interface MarkerOptions {
  /** See Marker.coordinatorEpoch. @throws BrokerError while it is not known */
  readonly epoch: () => number
  readonly writer: MarkerWriter
  readonly clock: Clock
  readonly logger: Logger
}

/** The first pause before a marker is tried again; each one after it is twice as long. */
const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 2_000

/** Tries after which the log of the broker says that a marker does not get through, once. */
const TELL_AFTER_TRIES = 8

/**
 * Writes all markers of a transaction.
 *
 * @param isCurrent false once this coordinator has no more to do with it: the rest is left to others
 * @returns true when all are written
 */
export async function writeMarkers(
  options: MarkerOptions,
  { transactionalId, value }: PreparedTransaction,
  isCurrent: () => boolean,
): Promise<boolean> {
  const { producerId, producerEpoch, clientVersion: transactionVersion } = value
  const outcome = outcomeOf(value)
  const marker = { producerId, producerEpoch, outcome, transactionVersion }
  const written = await Promise.all(
    [...value.partitions].map((partition) => {
      return writeMarker(options, transactionalId, { ...marker, ...partition }, isCurrent)
    }),
  )
  return written.every(Boolean)
}

async function writeMarker(
  { writer, epoch, clock, logger }: MarkerOptions,
  transactionalId: string,
  marker: Omit<Marker, 'coordinatorEpoch'>,
  isCurrent: () => boolean,
): Promise<boolean> {
  let pauseMs = FIRST_PAUSE_MS
  for (let tries = 1; isCurrent(); tries++) {
    try {
      await writer.write({ ...marker, coordinatorEpoch: epoch() })
      return true
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      if (tries === TELL_AFTER_TRIES) {
        const { topic, partition, outcome } = marker
        const facts = { transactionalId, topic, partition, outcome, err: error }
        logger.warn(facts, 'The end of a transaction cannot be written; trying on')
      }
    }
    await new Promise<void>((resolve) => void clock.after(pauseMs, resolve))
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
  }
  return false
}
