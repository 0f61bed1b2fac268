// A partition while it lives on this broker: its log, its options, and the role that it plays.
//
// A log whose disk fails goes offline and may come back: producers are told, readers go on with what
// there is. Once the partition is deleted or led elsewhere all are told, and it never comes back as
// this object.

import { BrokerError } from '../base/errors.ts'
import type { TopicPartition } from '../base/topic-partition.ts'
import type { Uuid } from '../base/uuid.ts'
import type { ProduceRules, ValidatedBatch } from '../record/validate.ts'
import type { Appended as AppendedBatch, BatchInfo } from '../storage/partition-log-options.ts'
import type { FoundRecord, ReadOptions } from '../storage/log-reader.ts'
import type { ProducerFacts } from '../storage/producer-state/producer-entry.ts'
import type { ProducerTable, TransactionEnd } from '../storage/producer-state/producer-table.ts'
import type { OpenTransaction } from '../storage/producer-state/undecided-transactions.ts'
import type {
  VerificationGuard,
  VerificationRequest,
} from '../storage/producer-state/verifications.ts'
import type { AckReceiver } from './ack-waiters.ts'
import type { FetchWaiter } from './fetch-waiters.ts'
import { Leader, type Acks, type LogProgress } from './leader.ts'
import type { PartitionOptions } from './partition-options.ts'
import type {
  AbortedTransaction,
  BatchSlice,
  EpochEnd,
  FoundOffset,
  Isolation,
  ReadablePartition,
  ReadLimits,
} from './readable-partition.ts'

export type { OpenTransaction, ProducerFacts, VerificationGuard, VerificationRequest }

/** How a transaction ends in a partition: what its marker says. */
export interface PartitionMarker extends TransactionEnd {
  /** `transaction.version` that it was made under: from 2 on its epoch goes beyond the transaction's. */
  readonly transactionVersion: number
}

/** What a partition needs of its log. Meaning and errors: storage/partition-log.ts. */
export interface LeaderLog extends LogProgress {
  readonly logEndOffset: number
  readonly sizeBytes: number
  /** Why it takes no appends, or null. */
  readonly offline: BrokerError | null
  startLeaderEpoch(leaderEpoch: number): void
  append(batch: Buffer, info: BatchInfo, guard: VerificationGuard | null): AppendedBatch
  appendMarker(end: TransactionEnd, transactionVersion: number): AppendedBatch
  readonly producers: Pick<
    ProducerTable,
    'facts' | 'firstUndecided' | 'openTransaction' | 'openTransactions' | 'beginVerification'
  >
  read(fromOffset: number, options: ReadOptions): BatchSlice | Promise<BatchSlice>
  abortedTransactions(from: number, below: number): Promise<readonly AbortedTransaction[]>
  offsetForTimestamp(timestamp: number, belowOffset: number): Promise<FoundRecord | null>
  largestTimestamp(): Promise<{ readonly timestamp: number }>
  endOffsetForEpoch(leaderEpoch: number): EpochEnd
  readonly swaps: { hold(): () => void }
}

export interface PartitionParts extends TopicPartition {
  readonly topicId: Uuid
  readonly log: LeaderLog
  /** Moves the log's start up, durably. Nothing happens when it is there already. */
  readonly trim: (offset: number) => Promise<void>
  readonly leaderEpoch: number
  /** Replicas that the partition is to have, in sync or not. */
  readonly replicaCount: number
  readonly options: PartitionOptions
}

export class Partition implements ReadablePartition {
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  /** What was appended and pushed through this object: read by the metrics. */
  readonly traffic = { recordsIn: 0, bytesIn: 0, bytesOut: 0 }
  readonly #log: LeaderLog
  readonly #trim: (offset: number) => Promise<void>
  readonly #replicaCount: number
  #leader: Leader
  #options: PartitionOptions
  #gone: BrokerError | null = null

  constructor(parts: PartitionParts) {
    const { topic, partition, topicId, log, trim, leaderEpoch, replicaCount, options } = parts
    this.topic = topic
    this.partition = partition
    this.topicId = topicId
    this.#log = log
    this.#trim = trim
    this.#replicaCount = replicaCount
    this.#options = options
    log.startLeaderEpoch(leaderEpoch)
    this.#leader = new Leader(log, leaderEpoch, log.logStartOffset, options.flushPolicy)
  }

  get options(): PartitionOptions {
    return this.#options
  }

  get holdsZstd(): boolean {
    return this.#options.compressionType === 'zstd'
  }

  get leaderEpoch(): number {
    return this.#leader.leaderEpoch
  }

  get highWatermark(): number {
    return this.#leader.highWatermark
  }

  get lastStableOffset(): number {
    return this.#leader.lastStableOffset
  }

  get logStartOffset(): number {
    return this.#log.logStartOffset
  }

  get logEndOffset(): number {
    return this.#log.logEndOffset
  }

  /** Bytes of all batches. */
  get sizeBytes(): number {
    return this.#log.sizeBytes
  }

  /** Why nothing can be appended now, or null. */
  get offline(): BrokerError | null {
    return this.#gone ?? this.#log.offline
  }

  /** Batches that wait for acknowledgements, and readers that wait for more. */
  get waiting(): { readonly producers: number; readonly readers: number } {
    const { waitingCount: producers, fetchWaiters, stableWaiters } = this.#leader
    return { producers, readers: fetchWaiters.size + stableWaiters.size }
  }

  /** What a batch has to be like. @param now the broker's clock, milliseconds since 1970 */
  produceRules(now: number): ProduceRules {
    const options = this.#options
    return {
      maxMessageBytes: options.maxMessageBytes,
      timestampType: options.messageTimestampType,
      timestampBeforeMaxMs: options.messageTimestampBeforeMaxMs,
      timestampAfterMaxMs: options.messageTimestampAfterMaxMs,
      compacted: options.cleanupPolicy.includes('compact'),
      now,
    }
  }

  /**
   * Appends a batch. It has its offsets when this returns, and is written at the end of the turn. One
   * that its producer has sent before is not appended again; it is safe when the first one is.
   *
   * @param bytes one whole batch; not to be touched any more
   * @param info  what `record/validate.ts` has found out about it
   * @param guard of `beginVerification`: needed by the first batch of a transaction here
   * @throws BrokerError as `Leader.checkAppend` and `ProducerTable.check`; KAFKA_STORAGE_ERROR when
   *   the log is offline; RECORD_LIST_TOO_LARGE when the batch is larger than a segment;
   *   UNKNOWN_TOPIC_OR_PARTITION when the partition was deleted
   */
  append(
    bytes: Buffer,
    info: ValidatedBatch,
    acks: Acks,
    guard: VerificationGuard | null = null,
  ): AppendedBatch {
    this.#checkAppend(acks)
    const appended = this.#log.append(bytes, info, guard)
    if (appended.isRepeat) return appended
    if (appended.baseOffset < this.highWatermark) this.#startOver(appended.baseOffset)
    this.traffic.recordsIn += info.recordCount
    this.traffic.bytesIn += bytes.byteLength
    return appended
  }

  /**
   * Appends the marker that ends a transaction here. The transaction has ended when the marker is below
   * the high watermark: `awaitAck(-1, lastOffset + 1, …)`. One that is sent again is appended again, and
   * changes nothing; so is one of a transaction that has written nothing here.
   *
   * @throws BrokerError INVALID_PRODUCER_EPOCH when the producer has gone on since: what the marker would
   *   end has ended; TRANSACTION_COORDINATOR_FENCED when a newer coordinator has written here; else as
   *   `append` with acks=all
   */
  appendMarker({ transactionVersion, ...end }: PartitionMarker): AppendedBatch {
    this.#checkAppend(-1)
    const appended = this.#log.appendMarker(end, transactionVersion)
    if (appended.baseOffset < this.highWatermark) this.#startOver(appended.baseOffset)
    return appended
  }

  /**
   * Begins to verify the first batch of a transaction (KIP-890): asked before the coordinator is, and
   * handed to `append` after it has said yes. A marker that comes between makes the guard worthless.
   *
   * @returns null when the transaction is open here, so that there is nothing to verify
   */
  beginVerification(request: VerificationRequest): VerificationGuard | null {
    this.#checkLives()
    return this.#log.producers.beginVerification(request)
  }

  /** The transaction of a producer that is open here, or null. */
  openTransaction(producerId: number): OpenTransaction | null {
    this.#checkLives()
    return this.#log.producers.openTransaction(producerId)
  }

  /** The transactions that are open here, by first offset. */
  openTransactions(): OpenTransaction[] {
    this.#checkLives()
    return this.#log.producers.openTransactions()
  }

  /** See `Leader.awaitAck`. To be called in the same turn as the append. */
  awaitAck(acks: 1 | -1, endOffset: number, receiver: AckReceiver, slot: number): void {
    this.#leader.awaitAck(acks, endOffset, receiver, slot)
  }

  checkOffset(offset: number): void {
    this.#checkLives()
    const { logStartOffset, logEndOffset } = this.#log
    if (offset >= logStartOffset && offset <= logEndOffset) return
    throw this.#outOfRange(offset)
  }

  read(offset: number, limits: ReadLimits): BatchSlice | Promise<BatchSlice> {
    this.checkOffset(offset)
    const withAborted = limits.isolation === 'committed'
    const belowOffset = this.#endFor(limits.isolation)
    const slice = this.#log.read(offset, { ...limits, belowOffset, withAborted })
    if (slice instanceof Promise) return this.#readLater(offset, slice)
    this.traffic.bytesOut += slice.batches.byteLength
    return slice
  }

  /**
   * The aborted transactions that have records in `[fromOffset, belowOffset)`, by their markers.
   *
   * @param belowOffset at or below the last stable offset
   * @throws BrokerError KAFKA_STORAGE_ERROR
   */
  abortedTransactions(
    fromOffset: number,
    belowOffset: number,
  ): Promise<readonly AbortedTransaction[]> {
    this.#checkLives()
    return this.#log.abortedTransactions(fromOffset, belowOffset)
  }

  checkLeaderEpoch(known: number): void {
    this.#checkLives()
    const { topic, partition, leaderEpoch } = this
    if (known < 0 || known === leaderEpoch) return
    const code = known < leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH'
    throw new BrokerError(code, { topic, partition, leaderEpoch, known })
  }

  endOfEpoch(epoch: number): EpochEnd {
    this.#checkLives()
    return this.#log.endOffsetForEpoch(epoch)
  }

  epochAt(offset: number): number {
    let low = 0
    let high = this.leaderEpoch
    // Invariant: epochs below `low` end at or before the offset; from `high` on they end after it.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#log.endOffsetForEpoch(middle).endOffset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  async findOffset(timestampMs: number, isolation?: Isolation): Promise<FoundOffset | null> {
    this.#checkLives()
    const found = await this.#log.offsetForTimestamp(timestampMs, this.#endFor(isolation))
    if (found === null) return null
    return { offset: found.offset, timestampMs: found.timestamp, leaderEpoch: found.leaderEpoch }
  }

  async findLargestTimestamp(isolation?: Isolation): Promise<FoundOffset | null> {
    this.#checkLives()
    const { timestamp } = await this.#log.largestTimestamp()
    return timestamp < 0 ? null : await this.findOffset(timestamp, isolation)
  }

  waitForMore(waiter: FetchWaiter, isolation: Isolation = 'uncommitted'): void {
    this.#checkLives()
    const { fetchWaiters, stableWaiters } = this.#leader
    const waiters = isolation === 'committed' ? stableWaiters : fetchWaiters
    waiters.add(waiter)
  }

  /**
   * Removes the records below an offset, durably. Their bytes go when their whole segment does.
   *
   * @param beforeOffset first offset that stays; -1 for the high watermark
   * @returns the log start offset afterwards: higher, when it was higher before
   * @throws BrokerError OFFSET_OUT_OF_RANGE when `beforeOffset` is above the high watermark, or
   *   negative and not -1; POLICY_VIOLATION when the topic is only compacted; KAFKA_STORAGE_ERROR
   */
  async deleteRecords(beforeOffset: number): Promise<number> {
    this.#checkLives()
    if (!this.#options.cleanupPolicy.includes('delete')) {
      const message = 'The topic is compacted: records go by their keys, and not by offset'
      throw new BrokerError('POLICY_VIOLATION', { message, topic: this.topic })
    }
    const offset = beforeOffset === -1 ? this.highWatermark : beforeOffset
    if (offset < 0 || offset > this.highWatermark) throw this.#outOfRange(offset)
    await this.#trim(offset)
    return this.#log.logStartOffset
  }

  /** For who reads all of the log: see SegmentSwaps.hold. @returns what ends it */
  holdCompaction(): () => void {
    this.#checkLives()
    return this.#log.swaps.hold()
  }

  /** The producers that are remembered, in no order. */
  producers(): ProducerFacts[] {
    this.#checkLives()
    return this.#log.producers.facts()
  }

  // What follows is for the replica manager.

  /** The log has written, or made durable, more than before. */
  logAdvanced(): void {
    this.#leader.logAdvanced()
  }

  /** The disk failed, and what was not safe yet is gone. Appends are refused until the log is back. */
  logFailed(error: BrokerError): void {
    this.#leader.refuseProducers(error)
  }

  reconfigure(options: PartitionOptions): void {
    this.#options = options
    this.#leader.setFlushPolicy(options.flushPolicy)
  }

  /** Leads on under a newer epoch. Who waits for acknowledgements is told to find out again. */
  raiseEpoch(leaderEpoch: number): void {
    if (leaderEpoch <= this.leaderEpoch || this.#gone !== null) return
    const { topic, partition } = this
    const facts = { topic, partition, leaderEpoch }
    this.#leader.resign(new BrokerError('NOT_LEADER_OR_FOLLOWER', facts))
    this.#log.startLeaderEpoch(leaderEpoch)
    this.#lead(leaderEpoch, this.highWatermark)
  }

  /** Deleted, or led elsewhere: all who wait and all who come are told `error`, for good. */
  remove(error: BrokerError): void {
    this.#gone = error
    this.#leader.resign(error)
  }

  /**
   * The log came back from a failed disk with less than readers have seen. Only flush.policy=os can
   * lead here: offsets are given a second time, and readers have to find their place again.
   */
  #startOver(highWatermark: number): void {
    this.#leader.refuseReaders(this.#outOfRange(this.highWatermark))
    this.#lead(this.leaderEpoch, highWatermark)
  }

  #lead(leaderEpoch: number, highWatermark: number): void {
    this.#leader = new Leader(this.#log, leaderEpoch, highWatermark, this.#options.flushPolicy)
  }

  /** Where what a reader may see ends. */
  #endFor(isolation: Isolation = 'uncommitted'): number {
    return isolation === 'committed' ? this.lastStableOffset : this.highWatermark
  }

  #checkAppend(acks: Acks): void {
    this.#checkLives()
    // A topic that wants more in-sync replicas than it has replicas could never be written to.
    const minInsyncReplicas = Math.min(this.#options.minInsyncReplicas, this.#replicaCount)
    this.#leader.checkAppend(acks, minInsyncReplicas)
  }

  #checkLives(): void {
    if (this.#gone !== null) throw this.#gone
  }

  #outOfRange(offset: number): BrokerError {
    return new BrokerError('OFFSET_OUT_OF_RANGE', {
      offset,
      log_start_offset: this.#log.logStartOffset,
      high_watermark: this.highWatermark,
    })
  }

  async #readLater(offset: number, slice: Promise<BatchSlice>): Promise<BatchSlice> {
    const read = await slice
    // Retention, a deletion or the disk may have come between.
    this.checkOffset(offset)
    this.traffic.bytesOut += read.batches.byteLength
    return read
  }
}
