// Sequences of an idempotent producer that has no transactions.
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
import { sharedCore } from '../../record/shared-core.ts'
import { backoffMs } from '../backoff.ts'
import { SluiceError } from '../errors.ts'
import type { ProducerIdentity, Transport } from '../transport.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerSettings } from './producer-options.ts'
import { beginSequences, takePlace } from './sequences.ts'
import type { Sequencing, SequencingListener, Stamp } from './sequences.ts'

/** Largest epoch: 16 bits on the wire. */
const MAX_EPOCH = 32_767

export interface SequencerParts {
  readonly transport: Transport
  readonly settings: ProducerSettings
  readonly clock: Clock
  readonly random: RandomSource
}

export class Sequencer implements Sequencing {
  readonly transaction = null
  readonly canRestart = true
  readonly #parts: SequencerParts
  readonly #listener: SequencingListener
  #identity: ProducerIdentity | null = null
  #asking = false
  #failures = 0
  #timer: Timer | null = null
  #closed = false

  constructor(parts: SequencerParts, listener: SequencingListener) {
    this.#parts = parts
    this.#listener = listener
  }

  /** False: batches have to wait for the producer's id; it is being asked for from now on. */
  ready(): boolean {
    if (this.#identity !== null) return true
    if (!this.#asking) void this.#ask()
    return false
  }

  admits(): boolean {
    return true
  }

  place(batch: ProducerBatch): Stamp {
    if (batch.queue.identity === null) beginSequences(batch.queue, this.#identity!)
    return takePlace(batch, false)
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
    beginSequences(queue, isFenced ? this.#identity : next)
    for (const batch of [...queue.refused, ...queue.ready]) {
      if (batch.bytes !== null) setProducer(sharedCore(), batch.bytes, this.place(batch))
    }
    return true
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
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
