// Where the batches of a producer stand in each partition: what makes one that is sent again known to
// the broker.
//
// A batch takes its place when it is first sent, and keeps it however often it is sent. Who says what
// epoch that is, and what happens to batches that are out of step, is another matter for producers with
// transactions (transaction/transaction-sequencer.ts) than for those without (sequencer.ts).

import { sequenceAfter } from '../../record/sequence.ts'
import type { SluiceError } from '../errors.ts'
import type { TransactionalProducer } from '../transaction-calls.ts'
import type { ProducerIdentity } from '../transport.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** Batches of one partition that a broker remembers, and that may be in flight therefore. */
const MAX_IN_FLIGHT = 5

/** What a batch says of who made it. */
export interface Stamp extends ProducerIdentity {
  readonly baseSequence: number
  readonly transactional: boolean
}

/** What the sender asks. */
export interface Sequencing {
  /** Whose transaction the batches are part of; null outside of transactions. */
  readonly transaction: TransactionalProducer | null
  /** Whether a partition whose sequences are out of step can begin anew. Else its batches fail. */
  readonly canRestart: boolean
  /** False: batches have to wait for the producer's identity. */
  ready(): boolean
  /** False: batches of the partition have to wait until it is part of the transaction. */
  admits(queue: PartitionQueue): boolean
  /** The place of a batch that is sent for the first time. Its records are all there. */
  place(batch: ProducerBatch): Stamp
  /** Gives the batches of a partition new places. @returns false when it has to be tried again */
  restart(queue: PartitionQueue): boolean
  close(): void
}

export interface SequencingListener {
  /** Batches may go. */
  identified(): void
  /** Batches of the partition may go. */
  admitted(queue: PartitionQueue): void
  /** No id will be given: what waits fails. */
  refused(error: SluiceError): void
}

/**
 * Begins with sequence 0 in an epoch.
 *
 * While the broker knows nothing of the producer it takes any sequence, so nothing may overtake the first
 * batch.
 */
export function beginSequences(queue: PartitionQueue, identity: ProducerIdentity): void {
  queue.identity = identity
  queue.nextSequence = 0
  queue.inFlightLimit = 1
  queue.outOfStep = null
}

/** The next place of a partition, in its epoch. */
export function takePlace(batch: ProducerBatch, transactional: boolean): Stamp {
  const { queue } = batch
  const { producerId, producerEpoch } = queue.identity!
  const baseSequence = queue.nextSequence
  queue.nextSequence = sequenceAfter(baseSequence, batch.recordCount)
  batch.order = queue.nextOrder++
  return { producerId, producerEpoch, baseSequence, transactional }
}

/** The broker has the batch. From now on it refuses whatever does not follow. */
export function placeIsTaken({ queue, order }: ProducerBatch): void {
  queue.storedOrder = Math.max(queue.storedOrder, order)
  queue.inFlightLimit = MAX_IN_FLIGHT
  queue.restarts = 0
}
