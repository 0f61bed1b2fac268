// What a partition knows of one producer: its epoch, its last batches, and its open transaction.
//
//   batches   [10 ─ 14] [15 ─ 15] [16 ─ 40] [41 ─ 41] [42 ─ 50]      the next begins with 51
//              oldest                                  newest        by sequence
//
// A batch that repeats one of them was sent twice: it gets the answer that the first one got. Clients
// keep at most five in flight a partition, so an older one is never repeated.
//
// Source: apache/kafka, ProducerStateEntry.java and ProducerAppendInfo.java.

import assert from 'node:assert'
import { BrokerError, type ErrorCode, type Facts } from '../../base/errors.ts'
import { sequenceAfter, sequenceBefore } from '../../record/sequence.ts'

/** Batches of a producer that are remembered. */
export const RECENT_BATCHES = 5

/** What a batch says of who made it. */
export interface ProducerStamp {
  /** -1: of none. */
  readonly producerId: number
  readonly producerEpoch: number
  /** Of the first record; -1 when the records are not counted, as of a coordinator's own. */
  readonly baseSequence: number
  readonly lastOffsetDelta: number
  /** Milliseconds since 1970, as stored. */
  readonly maxTimestamp: number
  readonly isTransactional: boolean
}

/** A batch that a producer has sent. */
export interface RecentBatch {
  readonly lastSequence: number
  readonly lastOffset: number
  /** Records - 1. */
  readonly offsetDelta: number
  readonly timestamp: number
}

/** A producer as it is now. */
export interface ProducerFacts {
  readonly producerId: number
  readonly epoch: number
  /** Of its last record; -1 when no batch of the epoch is known. */
  readonly lastSequence: number
  /** Of its last batch or marker, milliseconds since 1970. */
  readonly lastTimestamp: number
  /** Of the coordinator whose marker ended its last transaction; -1 for none. */
  readonly coordinatorEpoch: number
  /** Where its open transaction begins; -1 for none. */
  readonly currentTransactionOffset: number
}

type Slot = { -readonly [Field in keyof RecentBatch]: RecentBatch[Field] }

export class ProducerEntry implements ProducerFacts {
  readonly producerId: number
  /** -1 while it has sent nothing. */
  epoch = -1
  coordinatorEpoch = -1
  currentTransactionOffset = -1
  lastTimestamp = -1
  /** When it was last heard of, by the broker's clock. */
  usedMs = 0
  /** A ring, filled as batches come. */
  readonly #slots: Slot[] = []
  #newest = -1

  constructor(producerId: number) {
    this.producerId = producerId
  }

  get lastSequence(): number {
    return this.#newest < 0 ? -1 : this.#slots[this.#newest]!.lastSequence
  }

  /** The batches that are remembered, oldest first. */
  *batches(): Iterable<RecentBatch> {
    const count = this.#slots.length
    for (let n = 1; n <= count; n++) yield this.#slots[(this.#newest + n) % count]!
  }

  /**
   * Says whether a batch may be appended.
   *
   * @returns the batch that this one repeats; null when it is new, and comes next
   * @throws BrokerError INVALID_PRODUCER_EPOCH when the epoch is older than one that was seen;
   *   OUT_OF_ORDER_SEQUENCE_NUMBER when batches between are missing, or a new epoch begins above 0
   */
  check(stamp: ProducerStamp): RecentBatch | null {
    const { producerEpoch, baseSequence } = stamp
    if (producerEpoch < this.epoch) throw this.refusal('INVALID_PRODUCER_EPOCH', stamp)
    if (baseSequence < 0) return null
    // Nothing is known of it, or no more: whatever it begins with is taken (KIP-360).
    if (this.epoch < 0) return null
    if (producerEpoch > this.epoch) {
      if (baseSequence === 0) return null
      throw this.refusal('OUT_OF_ORDER_SEQUENCE_NUMBER', stamp)
    }
    const { lastSequence } = this
    if (baseSequence === (lastSequence < 0 ? 0 : sequenceAfter(lastSequence, 1))) return null
    const first = this.repeated(stamp)
    if (first === null) throw this.refusal('OUT_OF_ORDER_SEQUENCE_NUMBER', stamp)
    return first
  }

  /** Takes in a batch that is in the log, or will be. */
  add(stamp: ProducerStamp, lastOffset: number): void {
    const { producerEpoch, baseSequence, lastOffsetDelta, maxTimestamp } = stamp
    this.enterEpoch(producerEpoch)
    this.lastTimestamp = maxTimestamp
    if (baseSequence < 0) return
    const lastSequence = sequenceAfter(baseSequence, lastOffsetDelta)
    this.restore(lastSequence, lastOffset, lastOffsetDelta, maxTimestamp)
  }

  /** The batches of another epoch are forgotten. */
  enterEpoch(epoch: number): void {
    if (epoch === this.epoch) return
    this.epoch = epoch
    this.#slots.length = 0
    this.#newest = -1
  }

  /** Puts a batch behind those that are known; the oldest of too many goes. */
  restore(lastSequence: number, lastOffset: number, offsetDelta: number, timestamp: number): void {
    assert(lastSequence >= 0)
    if (this.#slots.length < RECENT_BATCHES) {
      this.#newest = this.#slots.push({ lastSequence, lastOffset, offsetDelta, timestamp }) - 1
      return
    }
    // In place: nothing is allocated for a batch of a producer that is known.
    this.#newest = (this.#newest + 1) % RECENT_BATCHES
    const slot = this.#slots[this.#newest]!
    slot.lastSequence = lastSequence
    slot.lastOffset = lastOffset
    slot.offsetDelta = offsetDelta
    slot.timestamp = timestamp
  }

  /** The batch of its epoch that this one repeats, or null. */
  repeated({ producerEpoch, baseSequence, lastOffsetDelta }: ProducerStamp): RecentBatch | null {
    if (producerEpoch !== this.epoch || baseSequence < 0) return null
    for (const slot of this.#slots) {
      if (slot.offsetDelta !== lastOffsetDelta) continue
      if (sequenceBefore(slot.lastSequence, slot.offsetDelta) === baseSequence) return slot
    }
    return null
  }

  /** A refusal of a batch, with what is known of its producer. */
  refusal(code: ErrorCode, { producerId, producerEpoch, baseSequence }: RefusedStamp): BrokerError {
    const facts: Facts = {
      ...{ producerId, producerEpoch, sequence: baseSequence },
      ...{ currentEpoch: this.epoch, lastSequence: this.lastSequence },
    }
    return new BrokerError(code, facts)
  }
}

type RefusedStamp = Pick<ProducerStamp, 'producerId' | 'producerEpoch' | 'baseSequence'>
