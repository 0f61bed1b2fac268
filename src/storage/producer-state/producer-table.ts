// What a partition knows of its producers, and what that allows: in the order of the log, for batches and
// markers that come, and for those that are read back.
//
//   comes      entryFor ─► check ─────► it gets its offsets ─► appended
//              checkMarker ───────────► it gets its offset  ─► ended
//   read back                                                  appended, ended
//
// Source of the rules: apache/kafka, ProducerAppendInfo.java and UnifiedLog.java; KIP-98, KIP-890,
// KIP-1228.

import { BrokerError } from '../../base/errors.ts'
import type { Clock } from '../../io/clock.ts'
import type { TransactionOutcome } from '../../record/control-record.ts'
import {
  ProducerEntry,
  type ProducerFacts,
  type ProducerStamp,
  type RecentBatch,
} from './producer-entry.ts'
import type { ProducerMemory } from './producer-memory.ts'
import { ProducerStates } from './producer-states.ts'
import type { OpenTransaction } from './undecided-transactions.ts'
import { Verifications, type VerificationGuard } from './verifications.ts'
import type { VerificationRequest } from './verifications.ts'

/** How a transaction of a producer ends here. */
export interface TransactionEnd {
  readonly producerId: number
  /** With transaction version 2: the one after that of the transaction. Before: the same. */
  readonly producerEpoch: number
  /** Of the coordinator that has decided. */
  readonly coordinatorEpoch: number
  readonly outcome: TransactionOutcome
}

/** The last that is known of a producer: what its next sequence follows, or which epoch it may have. */
export interface LastBatch {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastOffset: number
}

/** A transaction whose records are not for who reads committed ones. As it stands in a .txnindex. */
export interface AbortedTransaction {
  readonly producerId: number
  /** Of its first record here. */
  readonly firstOffset: number
  /** Of its marker. */
  readonly lastOffset: number
  /** Below it every transaction was ended when the marker came. */
  readonly lastStableOffset: number
}

/** Transactions from this version on have an epoch of their own, which their markers go beyond. */
const OWN_EPOCH_VERSION = 2

export class ProducerTable {
  readonly #clock: Clock
  readonly #states: ProducerStates
  readonly #verifications = new Verifications()

  constructor(clock: Clock, memory: ProducerMemory) {
    this.#clock = clock
    this.#states = new ProducerStates(memory)
  }

  /** Producers that are known. */
  get size(): number {
    return this.#states.size
  }

  [Symbol.iterator](): Iterator<ProducerEntry> {
    return this.#states[Symbol.iterator]()
  }

  /** Those that are known, in no order. */
  facts(): ProducerFacts[] {
    return Array.from(this.#states, (entry) => ({
      producerId: entry.producerId,
      epoch: entry.epoch,
      lastSequence: entry.lastSequence,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTransactionOffset: entry.currentTransactionOffset,
    }))
  }

  /** Of each the last batch of records: -1 when none is known, and its last one is a marker. */
  lastBatches(): LastBatch[] {
    return Array.from(this.#states, (entry) => {
      const lastOffset = [...entry.batches()].at(-1)?.lastOffset ?? -1
      return { producerId: entry.producerId, producerEpoch: entry.epoch, lastOffset }
    })
  }

  /** The producer of a batch, known or not. Null: the batch is of none. */
  entryFor({ producerId }: ProducerStamp): ProducerEntry | null {
    if (producerId < 0) return null
    return this.#states.get(producerId) ?? new ProducerEntry(producerId)
  }

  /**
   * Says whether a batch may be appended.
   *
   * @param guard of `beginVerification`; needed by the first batch of a transaction
   * @returns the batch that this one repeats; null when it is new, and comes next
   * @throws BrokerError as `ProducerEntry.check`; INVALID_TXN_STATE when it belongs to a transaction
   *   that is not open here and was not verified, or when it belongs to none while one is open;
   *   THROTTLING_QUOTA_EXCEEDED when too many transactions are open
   */
  check(
    entry: ProducerEntry,
    stamp: ProducerStamp,
    guard: VerificationGuard | null,
  ): RecentBatch | null {
    const isOpen = entry.currentTransactionOffset >= 0
    if (!stamp.isTransactional && !isOpen) return entry.check(stamp)

    const first = entry.repeated(stamp)
    if (first !== null) return first
    if (stamp.isTransactional && !(isOpen && entry.epoch === stamp.producerEpoch)) {
      this.#checkFirst(entry, stamp, guard)
    }
    entry.check(stamp)
    if (isOpen && !stamp.isTransactional) {
      throw stateError('The producer has an open transaction, and the batch is not of it', stamp)
    }
    return null
  }

  /** A batch of the producer has got its offsets. */
  appended(
    entry: ProducerEntry,
    stamp: ProducerStamp,
    baseOffset: number,
    lastOffset: number,
  ): void {
    if (entry.epoch < 0) this.#states.add(entry)
    entry.add(stamp, lastOffset)
    entry.usedMs = this.#clock.now()
    if (!stamp.isTransactional) return
    this.#verifications.clear(entry.producerId)
    if (entry.currentTransactionOffset < 0) this.#states.began(entry, baseOffset)
  }

  /**
   * Says whether a marker may be appended. One that is sent again may, and does nothing.
   *
   * @throws BrokerError INVALID_PRODUCER_EPOCH when the producer has gone on since;
   *   TRANSACTION_COORDINATOR_FENCED when a newer coordinator has written here
   */
  checkMarker(end: TransactionEnd, transactionVersion: number): void {
    const { producerId, producerEpoch, coordinatorEpoch } = end
    const entry = this.#states.get(producerId)
    if (entry === undefined) return
    // An equal epoch may be that of the next transaction, which this marker is not about (KIP-1228);
    // when none is open, the marker was written before, and its answer got lost (KAFKA-19999).
    const ownEpoch = transactionVersion >= OWN_EPOCH_VERSION && entry.currentTransactionOffset >= 0
    if (ownEpoch ? producerEpoch <= entry.epoch : producerEpoch < entry.epoch) {
      throw entry.refusal('INVALID_PRODUCER_EPOCH', { producerId, producerEpoch, baseSequence: -1 })
    }
    if (coordinatorEpoch < entry.coordinatorEpoch) {
      const newest = entry.coordinatorEpoch
      const facts = { producerId, coordinatorEpoch, newest }
      throw new BrokerError('TRANSACTION_COORDINATOR_FENCED', facts)
    }
  }

  /**
   * A marker has got its offset.
   *
   * @param timestamp of the marker, milliseconds since 1970
   * @returns what it aborts; null when that is nothing
   */
  ended(end: TransactionEnd, offset: number, timestamp: number): AbortedTransaction | null {
    const { producerId, producerEpoch, coordinatorEpoch, outcome } = end
    const entry = this.#states.get(producerId) ?? new ProducerEntry(producerId)
    if (entry.epoch < 0) this.#states.add(entry)
    entry.enterEpoch(producerEpoch)
    entry.coordinatorEpoch = coordinatorEpoch
    entry.lastTimestamp = timestamp
    entry.usedMs = this.#clock.now()
    this.#verifications.clear(producerId)
    const firstOffset = entry.currentTransactionOffset
    if (firstOffset < 0) return null
    this.#states.ended(entry, offset)
    if (outcome !== 'abort') return null
    const lastStableOffset = Math.min(this.#states.transactions.firstOpen, offset + 1)
    return { producerId, firstOffset, lastOffset: offset, lastStableOffset }
  }

  /** The guard of a first batch; null when its transaction is open here, and nothing is to be asked. */
  beginVerification(request: VerificationRequest): VerificationGuard | null {
    const open = this.openTransaction(request.producerId)
    if (open?.producerEpoch === request.producerEpoch) return null
    return this.#verifications.begin(request, this.#clock.now())
  }

  /** The open transaction of a producer, or null. */
  openTransaction(producerId: number): OpenTransaction | null {
    return this.#states.transactions.get(producerId)
  }

  /** All that are open, by first offset. */
  openTransactions(): OpenTransaction[] {
    return this.#states.transactions.open()
  }

  get openTransactionCount(): number {
    return this.#states.transactions.openCount
  }

  /**
   * First offset of the first transaction that is open, or whose marker stands at or above the high
   * watermark. Infinity: there is none.
   */
  firstUndecided(highWatermark: number): number {
    return this.#states.transactions.firstUndecided(highWatermark)
  }

  /** All of the log is below the high watermark, or will be before anybody reads. */
  restore(entries: readonly ProducerEntry[]): void {
    const now = this.#clock.now()
    const known = [...entries].sort((a, b) => {
      return a.currentTransactionOffset - b.currentTransactionOffset
    })
    for (const entry of known) {
      // How long ago it was heard of is not known: the times in the batches are the clients'.
      entry.usedMs = now
      this.#states.add(entry)
      const { currentTransactionOffset } = entry
      if (currentTransactionOffset >= 0) this.#states.began(entry, currentTransactionOffset)
    }
  }

  /** Forgets all producers. Guards stay: what has cleared one stays so. */
  clear(): void {
    this.#states.clear()
  }

  #checkFirst(entry: ProducerEntry, stamp: ProducerStamp, guard: VerificationGuard | null): void {
    const held = this.#verifications.held(stamp.producerId, guard)
    if (held === null) throw stateError('The batch is of no transaction that is open here', stamp)
    if (!this.#states.mayOpen) {
      const message = 'Too many transactions are open'
      throw new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message })
    }
    const { baseSequence } = stamp
    // With an epoch of its own a transaction begins at 0. Any other may begin anywhere when nothing is
    // known of its producer, but not behind a batch that was verified and has not come yet.
    const startsLate = held.bumpsEpochs && entry.lastSequence < 0 && baseSequence > 0
    if (startsLate || baseSequence > held.lowestSequence) {
      throw entry.refusal('OUT_OF_ORDER_SEQUENCE_NUMBER', stamp)
    }
  }
}

function stateError(message: string, stamp: ProducerStamp): BrokerError {
  const { producerId, producerEpoch, baseSequence: sequence } = stamp
  return new BrokerError('INVALID_TXN_STATE', { message, producerId, producerEpoch, sequence })
}
