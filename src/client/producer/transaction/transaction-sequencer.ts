// Sequences of a transactional producer, and which partitions its batches may go to.
//
// Its identity comes from the coordinator, with a new epoch for each transaction or the same for many
// (see transaction-calls.ts): an epoch that a partition has not seen begins with sequence 0. Batches that
// are out of step end the transaction, since nobody but the coordinator gives epochs out.
//
//   version 1   batches of a partition wait until it was added to the transaction; what is asked for in
//               one turn is added together
//   version 2   they go at once

import type { Clock } from '../../../io/clock.ts'
import { SluiceError } from '../../errors.ts'
import type { PartitionRef } from '../../transport.ts'
import type { TransactionalProducer } from '../../transaction-calls.ts'
import type { ProducerBatch } from '../batch.ts'
import type { PartitionQueue } from '../partition-queue.ts'
import { beginSequences, takePlace } from '../sequences.ts'
import type { Sequencing, SequencingListener, Stamp } from '../sequences.ts'

/** Adds partitions to the open transaction, and tries again while that may help and is wanted. */
export type AddPartitions = (
  producer: TransactionalProducer,
  partitions: readonly PartitionRef[],
  isWanted: () => boolean,
) => Promise<void>

export class TransactionSequencer implements Sequencing {
  readonly canRestart = false
  readonly #clock: Clock
  readonly #add: AddPartitions
  readonly #listener: SequencingListener
  /** Null outside of transactions. */
  #producer: TransactionalProducer | null = null
  #hasBegun = false
  /** Partitions that are part of the transaction, and those that are to be. */
  readonly #joined = new Set<PartitionQueue>()
  readonly #joining = new Set<PartitionQueue>()
  #wanted: PartitionQueue[] = []
  /** Requests that add partitions. */
  readonly #joins = new Set<Promise<void>>()
  #isEnding = false

  /** @param listener `refused` with what a partition could not be added for */
  constructor(clock: Clock, add: AddPartitions, listener: SequencingListener) {
    this.#clock = clock
    this.#add = add
    this.#listener = listener
  }

  get transaction(): TransactionalProducer | null {
    return this.#producer
  }

  /** Whether the brokers may know of the transaction. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Batches go as part of a transaction from now on. */
  begin(producer: TransactionalProducer): void {
    this.#producer = producer
    this.#hasBegun = false
    this.#isEnding = false
    this.#joined.clear()
    this.#joining.clear()
    this.#wanted = []
  }

  /** The transaction has come to the brokers in another way than by a batch. */
  begun(): void {
    this.#hasBegun = true
  }

  /**
   * Adds no more partitions, and resolves when none is being added: one that comes in behind the end of the
   * transaction would begin another, which nobody ends.
   */
  async quiet(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#joins)
  }

  /** Nothing goes until the next `begin`. Nothing is in flight. */
  end(): void {
    this.#producer = null
  }

  ready(): boolean {
    return this.#producer !== null
  }

  admits(queue: PartitionQueue): boolean {
    if (this.#producer!.version === 2 || this.#joined.has(queue)) return true
    if (this.#joining.has(queue)) return false
    this.#joining.add(queue)
    this.#wanted.push(queue)
    if (this.#wanted.length === 1) this.#clock.endOfTurn(() => this.#joinWanted())
    return false
  }

  place(batch: ProducerBatch): Stamp {
    const { queue } = batch
    const { producerId, producerEpoch } = this.#producer!
    const { identity } = queue
    if (identity?.producerId !== producerId || identity.producerEpoch !== producerEpoch) {
      beginSequences(queue, { producerId, producerEpoch })
    }
    this.#hasBegun = true
    return takePlace(batch, true)
  }

  /** Never asked: see `canRestart`. */
  restart(): boolean {
    return false
  }

  close(): void {
    this.#producer = null
  }

  #joinWanted(): void {
    const producer = this.#producer
    const queues = this.#wanted
    this.#wanted = []
    if (producer === null || this.#isEnding || queues.length === 0) return
    const join = this.#join(producer, queues)
    this.#joins.add(join)
    void join.then(() => this.#joins.delete(join))
  }

  /** Never rejects. */
  async #join(producer: TransactionalProducer, queues: readonly PartitionQueue[]): Promise<void> {
    this.#hasBegun = true
    let failure: SluiceError | null = null
    try {
      await this.#add(producer, queues, () => !this.#isEnding)
    } catch (error) {
      failure = SluiceError.from(error)
    }
    // Of another transaction by now.
    if (this.#producer !== producer) return
    if (failure !== null) {
      this.#listener.refused(failure)
      return
    }
    for (const queue of queues) {
      this.#joining.delete(queue)
      this.#joined.add(queue)
      this.#listener.admitted(queue)
    }
  }
}
