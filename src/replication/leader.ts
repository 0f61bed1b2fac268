// The leader's side of a partition: what was appended, how far it is safe, and who waits for that.
//
//   offsets   ────────────────┬──────────────────┬──────────────────┬───►
//                        durable             written               end of log
//                             │                  │
//   flush.policy=disk    high watermark     acks=1 answered
//   flush.policy=os           ·             high watermark, acks=1 and all answered

import { BrokerError } from '../base/errors.ts'
import { AckWaiters, type AckReceiver } from './ack-waiters.ts'
import { FetchWaiters } from './fetch-waiters.ts'
import { advanceHighWatermark } from './high-watermark.ts'

/** How safe a batch has to be before its producer is told: 0 not told at all, 1 in the page cache of
 *  the leader, -1 (all) below the high watermark. */
export type Acks = 0 | 1 | -1

/** How far a log has come. Offsets are those after the last record that they cover. */
export interface LogProgress {
  readonly logStartOffset: number
  /** In the page cache, or further. */
  readonly writtenOffset: number
  /** On disk. */
  readonly durableOffset: number
  /** What its transactions hold back. Meaning: storage/producer-state/producer-table.ts. */
  readonly producers: { firstUndecided(highWatermark: number): number }
}

/** Most batches of one partition that wait for acknowledgements. */
export const MAX_ACK_WAITERS = 100_000

export class Leader {
  readonly leaderEpoch: number
  /** Readers of everything: they wait for the high watermark. */
  readonly fetchWaiters = new FetchWaiters()
  /** Readers of what transactions have committed: they wait for the last stable offset. */
  readonly stableWaiters = new FetchWaiters()
  readonly #log: LogProgress
  readonly #inPageCache = new AckWaiters()
  readonly #belowMark = new AckWaiters()
  /** End offset of each in-sync replica, this one first: overwritten in place as they move. */
  readonly #endOffsets: number[]
  #highWatermark: number
  /** Where the last stable offset stood when the high watermark moved last. */
  #stableOffset: number
  #flushPolicy: 'disk' | 'os'

  /**
   * @param log           the partition's log. What it holds now was recovered, or written by this
   *   process, and is below the high watermark as soon as it is as safe as the policy wants
   * @param leaderEpoch   stamped on every batch that is appended
   * @param highWatermark where it stood before, for readers who saw it; the log start when unknown
   */
  constructor(
    log: LogProgress,
    leaderEpoch: number,
    highWatermark: number,
    flushPolicy: 'disk' | 'os',
  ) {
    this.#log = log
    this.leaderEpoch = leaderEpoch
    this.#highWatermark = highWatermark
    this.#stableOffset = highWatermark
    this.#flushPolicy = flushPolicy
    this.#endOffsets = [highWatermark]
    this.logAdvanced()
  }

  /** Records below it may be read. Never moves back. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  /**
   * Below it every transaction is decided. At or below the high watermark: a transaction that has ended
   * counts as open until its marker is below the mark. It never moves but when the mark does.
   */
  get lastStableOffset(): number {
    const undecided = this.#log.producers.firstUndecided(this.#highWatermark)
    if (undecided >= this.#highWatermark) return this.#highWatermark
    return Math.max(undecided, this.#log.logStartOffset)
  }

  /** In-sync replicas, this one among them. */
  get isrCount(): number {
    return this.#endOffsets.length
  }

  /** Batches that wait for acknowledgements. */
  get waitingCount(): number {
    return this.#inPageCache.size + this.#belowMark.size
  }

  /**
   * Says whether a batch may be appended now.
   *
   * @throws BrokerError NOT_ENOUGH_REPLICAS when `acks` is -1 and fewer than `minInsyncReplicas`
   *   are in sync; THROTTLING_QUOTA_EXCEEDED when too many batches wait already
   */
  checkAppend(acks: Acks, minInsyncReplicas: number): void {
    if (acks === -1 && this.isrCount < minInsyncReplicas) {
      throw new BrokerError('NOT_ENOUGH_REPLICAS', { isr: this.isrCount, minInsyncReplicas })
    }
    if (this.waitingCount < MAX_ACK_WAITERS) return
    const message = 'Too many batches of the partition wait for their acknowledgements'
    throw new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message, limit: MAX_ACK_WAITERS })
  }

  /**
   * Tells `receiver` when the batch that ends at `endOffset`, the last appended, is safe: from within
   * this call when it is already, since a log writes early when much waits for the end of the turn.
   */
  awaitAck(acks: 1 | -1, endOffset: number, receiver: AckReceiver, slot: number): void {
    const safeOffset = acks === 1 ? this.#log.writtenOffset : this.#highWatermark
    if (endOffset <= safeOffset) receiver.acknowledged(slot)
    else (acks === 1 ? this.#inPageCache : this.#belowMark).add(endOffset, receiver, slot)
  }

  /** The log has moved: answers producers and wakes readers, all who may be in one sweep. */
  logAdvanced(): void {
    const { writtenOffset, durableOffset } = this.#log
    this.#inPageCache.release(writtenOffset)
    this.#endOffsets[0] = this.#flushPolicy === 'os' ? writtenOffset : durableOffset
    const advanced = advanceHighWatermark(this.#endOffsets, this.#highWatermark)
    if (advanced === this.#highWatermark) return
    this.#highWatermark = advanced
    this.#belowMark.release(advanced)
    this.fetchWaiters.wakeAll()
    const { lastStableOffset } = this
    if (lastStableOffset === this.#stableOffset) return
    this.#stableOffset = lastStableOffset
    this.stableWaiters.wakeAll()
  }

  setFlushPolicy(flushPolicy: 'disk' | 'os'): void {
    this.#flushPolicy = flushPolicy
    this.logAdvanced()
  }

  /** What was appended and is not safe yet never will be: the log has dropped it. */
  refuseProducers(error: BrokerError): void {
    this.#inPageCache.fail(error)
    this.#belowMark.fail(error)
  }

  /** Who reads has to find its place again. */
  refuseReaders(error: BrokerError): void {
    this.fetchWaiters.fail(error)
    this.stableWaiters.fail(error)
  }

  /** Leads no longer: deleted, or another broker leads. All who wait are told. */
  resign(error: BrokerError): void {
    this.refuseProducers(error)
    this.refuseReaders(error)
  }
}
