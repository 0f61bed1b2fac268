// Sequences of an idempotent producer: what makes a batch that is sent again known to the broker.
//
//   identity   one id for the producer, asked for before the first batch goes
//   partition  an epoch and a count of records of its own: each batch takes its place when it is first
//              sent, and keeps it however often it is sent
//   restart    the next epoch, sequences from 0 again, for the batches that are not settled
//
// A broker takes a batch only behind the one before it. So once one is refused as out of order, with
// none before it that may still come, it is not stored and neither is any behind it: a batch in front
// was given up, or the broker has lost what it had. Then the partition is restarted, and nothing is
// stored twice by that.
//
// Epochs are the partition's own: brokers compare them by partition, and no one else has the id. Source:
// apache/kafka, TransactionManager.java, and KIP-360, for producers without transactions.

import type { Clock, Timer } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import { setProducer } from '../../record/batch-header.ts'
import { sequenceAfter } from '../../record/sequence.ts'
import { sharedCore } from '../../record/shared-core.ts'
import { backoffMs } from '../backoff.ts'
import { SluiceError } from '../errors.ts'
import type { ProducerIdentity, Transport } from '../transport.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerSettings } from './producer-options.ts'

/** Batches of one partition that a broker remembers, and that may be in flight therefore. */
const MAX_IN_FLIGHT = 5

/** Largest epoch: 16 bits on the wire. */
const MAX_EPOCH = 32_767

/** What a batch says of who made it. */
export interface Stamp extends ProducerIdentity {
  readonly baseSequence: number
}

export interface SequencerParts {
  readonly transport: Transport
  readonly settings: ProducerSettings
  readonly clock: Clock
  readonly random: RandomSource
}

export interface SequencerListener {
  /** Batches may go. */
  identified(): void
  /** No id will be given: what waits fails. */
  refused(error: SluiceError): void
}

export class Sequencer {
  readonly #parts: SequencerParts
  readonly #listener: SequencerListener
  #identity: ProducerIdentity | null = null
  #asking = false
  #failures = 0
  #timer: Timer | null = null
  #closed = false

  constructor(parts: SequencerParts, listener: SequencerListener) {
    this.#parts = parts
    this.#listener = listener
  }

  /** False: batches have to wait for the producer's id; it is being asked for from now on. */
  ready(): boolean {
    if (this.#identity !== null) return true
    if (!this.#asking) void this.#ask()
    return false
  }

  /** The place of a batch that is sent for the first time. Its records are all there. */
  place(batch: ProducerBatch): Stamp {
    const { queue } = batch
    if (queue.identity === null) this.#begin(queue, this.#identity!)
    const baseSequence = queue.nextSequence
    queue.nextSequence = sequenceAfter(baseSequence, batch.recordCount)
    batch.order = queue.nextOrder++
    return { ...queue.identity!, baseSequence }
  }

  /** The broker has the batch. From now on it refuses whatever does not follow. */
  stored({ queue, order }: ProducerBatch): void {
    queue.storedOrder = Math.max(queue.storedOrder, order)
    queue.inFlightLimit = MAX_IN_FLIGHT
    queue.restarts = 0
  }

  /**
   * Gives the batches of a partition that were sent and are not stored new places, in their order.
   * Nothing of it is in flight.
   *
   * @returns false when it has to be tried again: a new id is needed, and is not there yet
   */
  restart(queue: PartitionQueue): boolean {
    if (this.#identity === null) return this.ready()
    const { producerId, producerEpoch } = queue.identity!
    const isFenced = queue.outOfStep === 'INVALID_PRODUCER_EPOCH' || producerEpoch >= MAX_EPOCH
    if (isFenced && this.#identity.producerId === producerId) {
      this.#identity = null
      return this.ready()
    }
    const next = { producerId, producerEpoch: producerEpoch + 1 }
    this.#begin(queue, isFenced ? this.#identity : next)
    for (const batch of [...queue.refused, ...queue.ready]) {
      if (batch.bytes !== null) setProducer(sharedCore(), batch.bytes, this.place(batch))
    }
    return true
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  // While the broker knows nothing of the producer it takes any sequence, so nothing may overtake the
  // first batch.
  #begin(queue: PartitionQueue, identity: ProducerIdentity): void {
    queue.identity = identity
    queue.nextSequence = 0
    queue.inFlightLimit = 1
    queue.outOfStep = null
  }

  async #ask(): Promise<void> {
    const { transport, settings } = this.#parts
    this.#asking = true
    try {
      this.#identity = await transport.initProducerId(settings.requestTimeoutMs)
      this.#asking = false
      this.#failures = 0
      if (!this.#closed) this.#listener.identified()
    } catch (error) {
      this.#refused(SluiceError.from(error))
    }
  }

  #refused(error: SluiceError): void {
    if (this.#closed) return
    if (!error.retriable) {
      this.#asking = false
      this.#listener.refused(error)
      return
    }
    this.#failures += 1
    const { clock, random, settings } = this.#parts
    const bounds = { initialMs: settings.retryBackoffMs, maxMs: settings.retryBackoffMaxMs }
    const waitMs = backoffMs(bounds, this.#failures, random, error.retryAfterMs)
    this.#timer = clock.after(waitMs, () => void this.#ask())
  }
}
