// The log of one partition: batches with rising offsets, in segments.
//
//   log start offset <= durable offset <= written offset <= log end offset
//                │              │               │                 │
//     first offset that    survives a      in the page      the next batch
//     may be read          power cut       cache            gets this offset
//
//   recovery point <= durable offset: below it the log's own files are on disk
//
// Everything runs on the event loop, and appends do not wait: a batch gets its offsets at once, and
// all batches that came in one turn are written together when the turn ends. What goes wrong with
// the disk takes the log offline: appends are refused, nothing that was not written is visible, and
// reads go on. `revive` brings it back.

import assert from 'node:assert'
import { BrokerError } from '../base/errors.ts'
import { allDone } from '../base/in-parallel.ts'
import { partitionName } from '../base/topic-partition.ts'
import type { Uuid } from '../base/uuid.ts'
import type { DurableLog, UnsyncedState } from './durable-log.ts'
import type { EpochEndOffset, LeaderEpochs } from './leader-epochs.ts'
import type { LogConfig } from './log-config.ts'
import { LogHealth } from './log-health.ts'
import { LogReader, type FoundRecord, type LogRead, type ReadOptions } from './log-reader.ts'
import { LogRepair } from './log-repair.ts'
import { LogTail } from './log-tail.ts'
import { cutSegments, trimSegments } from './log-truncation.ts'
import type {
  Appended,
  BatchInfo,
  LogPlace,
  PartitionLogOptions,
  PartitionLogState,
  SegmentFacts,
} from './partition-log-options.ts'
import type { LogProducers } from './producer-state/log-producers.ts'
import type {
  AbortedTransaction,
  ProducerTable,
  TransactionEnd,
} from './producer-state/producer-table.ts'
import type { VerificationGuard } from './producer-state/verifications.ts'
import { SyncMarks } from './sync-marks.ts'
import { OpenSegments } from './segment/open-segments.ts'
import { removeStrays } from './segment/segment-files.ts'
import type { Segment, TimestampOffset } from './segment/segment.ts'
import { SegmentList } from './segment/segment-list.ts'
import { SegmentRemoval } from './segment/segment-removal.ts'
import { SegmentRoller } from './segment/segment-roller.ts'
import { SegmentSwaps } from './segment/segment-swaps.ts'
import { TurnWrites } from './turn-writes.ts'

export type * from './partition-log-options.ts'

export class PartitionLog implements DurableLog {
  readonly name: string
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  readonly directory: string
  readonly segments: SegmentList
  /** Segments that compaction replaces. */
  readonly swaps: SegmentSwaps
  /** What is known of who made its batches, with those that wait to be written. */
  readonly producers: ProducerTable

  readonly #options: PartitionLogOptions
  readonly #place: LogPlace
  readonly #epochs: LeaderEpochs
  readonly #producers: LogProducers
  readonly #open: OpenSegments
  readonly #removal: SegmentRemoval
  readonly #reader: LogReader
  readonly #marks: SyncMarks
  readonly #health: LogHealth
  readonly #repair: LogRepair
  readonly #roller: SegmentRoller
  readonly #tail: LogTail
  #logStartOffset: number
  #truncations = 0
  #closed = false

  /** Made by `openPartitionLog`. All of the log is on disk. */
  constructor(options: PartitionLogOptions, state: PartitionLogState) {
    this.name = partitionName(options)
    this.topic = options.topic
    this.partition = options.partition
    this.topicId = options.topicId
    this.directory = options.directory
    this.segments = new SegmentList(state.segments)
    this.producers = state.producers.table
    this.#producers = state.producers
    this.#options = options
    this.#place = state.place
    this.#epochs = state.epochs
    this.#open = options.openSegments ?? new OpenSegments()
    this.#logStartOffset = state.logStartOffset
    this.#roller = new SegmentRoller(this.segments, state.place, options.clock)
    this.segments.active.pinned = true
    this.#marks = new SyncMarks(this.segments, this.#open, state.logEndOffset)
    this.#removal = new SegmentRemoval(options, state.place, (segment) => {
      this.#marks.retire(segment)
    })
    this.swaps = new SegmentSwaps({
      ...{ segments: this.segments, place: state.place, marks: this.#marks },
      ...{ roller: this.#roller, removal: this.#removal },
      moved: () => this.#reader.forget(),
    })
    this.#health = new LogHealth(options, (error) => this.#wentOffline(error))
    this.#repair = new LogRepair(this.segments, this.#marks, options.core)
    this.#tail = new LogTail({
      ...{ ...options, ...state, segments: this.segments, marks: this.#marks },
      ...{ health: this.#health, roller: this.#roller },
      turnWrites: options.turnWrites ?? new TurnWrites(options.clock),
      onWritten: () => options.listener.written(this),
    })
    this.#reader = new LogReader(
      this,
      options.core,
      this.#open,
      (segment) => this.#producers.loadAborted(segment, this.segments),
      (error) => options.listener.damaged(this, error),
    )
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get logEndOffset(): number {
    return this.#tail.logEndOffset
  }

  get writtenOffset(): number {
    return this.#tail.writtenOffset
  }

  get durableOffset(): number {
    return this.#marks.durableOffset
  }

  /** Below it nothing has to be read when the log is opened again. */
  get recoveryPoint(): number {
    return this.#marks.recoveryPoint
  }

  /** Why the log takes no appends, or null. */
  get offline(): BrokerError | null {
    return this.#health.offline
  }

  get truncations(): number {
    return this.#truncations
  }

  get unsyncedBytes(): number {
    return this.#marks.unsyncedBytes
  }

  get sizeBytes(): number {
    return this.segments.sizeBytes + this.#tail.pendingBytes
  }

  get config(): LogConfig {
    return this.#place.config
  }

  /** The epoch that batches are stamped with. */
  get leaderEpoch(): number {
    return this.#tail.leaderEpoch
  }

  /**
   * Appends a batch that was validated. Its offsets are assigned when this returns; its bytes are
   * written when the turn ends, and must not be changed before. A repeated one is not appended again.
   *
   * @param batch one whole batch. Base offset and leader epoch are written into it
   * @param guard of `ProducerTable.beginVerification`, for the first batch of a transaction
   * @throws BrokerError KAFKA_STORAGE_ERROR when the log is or goes offline; RECORD_LIST_TOO_LARGE
   *   when the batch is larger than a segment; as `ProducerTable.check`
   */
  append(batch: Buffer, info: BatchInfo, guard: VerificationGuard | null = null): Appended {
    return this.#tail.append(batch, info, guard)
  }

  /**
   * Appends the marker that ends a transaction of a producer here, whether it wrote anything or not.
   *
   * @param transactionVersion that the transaction was made under: from 2 on its markers go beyond its
   *   epoch
   * @throws BrokerError KAFKA_STORAGE_ERROR; as `ProducerTable.checkMarker`
   */
  appendMarker(end: TransactionEnd, transactionVersion: number): Appended {
    return this.#tail.appendMarker(end, transactionVersion)
  }

  /**
   * Writes the batches that wait for the end of the turn.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR when that fails; the log is offline then
   */
  writePending(): void {
    this.#tail.writePending()
  }

  /**
   * Reads from the batch that holds `fromOffset` on; a promise when the bytes are far from the end
   * of the log. Nothing above the written offset is read.
   *
   * @throws BrokerError OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR; see LogReader
   */
  read(fromOffset: number, options: ReadOptions): LogRead | Promise<LogRead> {
    return this.#reader.read(fromOffset, options)
  }

  /** The first record below `belowOffset` at or after a time, or null. See LogReader. */
  offsetForTimestamp(timestamp: number, belowOffset?: number): Promise<FoundRecord | null> {
    return this.#reader.findTimestamp(timestamp, belowOffset)
  }

  /** The aborted transactions with records in `[fromOffset, belowOffset)`. See LogReader. */
  abortedTransactions(
    fromOffset: number,
    belowOffset: number,
  ): Promise<readonly AbortedTransaction[]> {
    return this.#reader.abortedTransactions(fromOffset, belowOffset)
  }

  /** The largest timestamp in the log, and the last offset of its batch. */
  largestTimestamp(): Promise<TimestampOffset> {
    return this.#reader.largestTimestamp()
  }

  /** All segments, oldest first; the last one is active. */
  segmentFacts(): SegmentFacts[] {
    return this.segments.facts(this.writtenOffset)
  }

  /**
   * The largest timestamp in the segment that starts at `baseOffset`; -1 when there is none.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR
   */
  async segmentTimestamp(baseOffset: number): Promise<number> {
    return (await this.#reader.segmentTimestamp(baseOffset)).timestamp
  }

  /**
   * This broker leads from now on. To be told before the first append of the epoch (KAFKA-7415).
   *
   * An epoch below one that the log has seen is raised to that: epochs in a log never fall.
   */
  startLeaderEpoch(leaderEpoch: number): void {
    this.#tail.startLeaderEpoch(leaderEpoch)
  }

  /** Where an epoch ends in this log: how a follower finds where it parted (KIP-101). */
  endOffsetForEpoch(leaderEpoch: number): EpochEndOffset {
    return this.#epochs.endOffsetFor(leaderEpoch, this.logEndOffset)
  }

  /** Options take effect with the next append. */
  reconfigure(config: LogConfig): void {
    this.#place.config = config
  }

  /**
   * Starts a new segment, unless the active one is empty.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR; the log is offline then
   */
  roll(): void {
    this.#tail.roll()
  }

  /**
   * Moves the log start offset up, and removes the segments that lie wholly below it.
   *
   * @param offset at or below the written offset; the caller has checked it against the high
   *   watermark, and saves the log start offset first
   * @returns segments removed
   * @throws BrokerError OFFSET_OUT_OF_RANGE; KAFKA_STORAGE_ERROR, the log is offline then
   */
  deleteRecordsBefore(offset: number): number {
    if (offset > this.writtenOffset) {
      const { topic, partition } = this
      const facts = { topic, partition, offset, log_end_offset: this.logEndOffset }
      throw new BrokerError('OFFSET_OUT_OF_RANGE', facts)
    }
    if (offset <= this.#logStartOffset) return 0
    this.#logStartOffset = offset
    this.#epochs.truncateFromStart(offset)
    const count = this.segments.floorIndex(offset)
    this.removeSegments(count)
    return count
  }

  /**
   * Removes the oldest segments. Their files are renamed at once, and go `fileDeleteDelayMs` later:
   * who reads them may finish. A power cut may bring any of them back: the log start offset, which is
   * on disk by now, says that they count no more.
   *
   * @param count fewer than there are: the active segment stays. Those that are being swapped stay for
   *   now, and those behind them
   * @throws BrokerError KAFKA_STORAGE_ERROR; the log is offline then
   */
  removeSegments(count: number): void {
    assert(count < this.segments.count)
    count = this.swaps.removable(count)
    if (count === 0) return
    const removed: Segment[] = []
    try {
      this.#health.attempt(() => {
        trimSegments(this.segments, count, removed)
        this.#producers.trimmed(this.segments)
      })
    } finally {
      this.#roller.namesChanged()
      this.#logStartOffset = Math.max(this.#logStartOffset, this.segments.first.baseOffset)
      this.#epochs.truncateFromStart(this.#logStartOffset)
      this.#reader.forget()
      this.#removal.removeLater(removed)
    }
  }

  /**
   * Cuts the log, so that it ends at or below `offset`: with the last batch that ends there.
   *
   * No commit round may know of the log while this runs. What is left is on disk when it returns.
   *
   * @param offset at or above the log start offset
   * @throws BrokerError KAFKA_STORAGE_ERROR; the log is offline then
   */
  truncateTo(offset: number): void {
    this.#mustBeOnline()
    assert(offset >= this.#logStartOffset && !this.swaps.isPending)
    this.writePending()
    if (offset >= this.logEndOffset) return
    // The marks go first: should the cut fail half-way, `revive` cuts to them again.
    this.#endAt(offset)
    this.#health.attempt(() => {
      this.#removal.removeLater(cutSegments(this.segments, offset, () => this.#syncNames()))
      this.#producers.cut(offset)
      this.segments.active.pinned = true
      this.segments.active.open().syncNow()
      this.#syncNames()
    })
    this.#health.attempt(() => this.#endWithSegments())
  }

  /** Names of new segments; leader epochs that begin below what is written. See DurableLog. */
  async syncBeside(): Promise<void> {
    await allDone([this.#roller.syncNames(), this.#epochs.saveInPool(this.writtenOffset)])
  }

  unsynced(): UnsyncedState {
    return this.#marks.unsynced(this.writtenOffset)
  }

  markDurable(endOffset: number): void {
    if (this.offline !== null || this.#closed) return
    if (this.#marks.durable(Math.min(endOffset, this.writtenOffset)))
      this.#options.listener.durable(this)
  }

  markSynced(endOffset: number): void {
    if (this.offline !== null || this.#closed) return
    const synced = Math.min(endOffset, this.writtenOffset)
    // Epochs that begin above the recovery point are found again by recovery; others are saved by
    // now, unless records were deleted since `syncBeside`.
    const isBehind = this.#epochs.unsavedFrom < synced
    if (isBehind && !this.#health.succeeds(() => this.#epochs.save())) return
    const moved = this.#marks.durable(synced)
    this.#marks.synced(synced)
    if (moved) this.#options.listener.durable(this)
  }

  fail(error: Error): void {
    this.#repair.bytesMayBeLost()
    if (!this.#closed) this.#health.fail(error)
  }

  /**
   * Brings the log back after the disk failed: cuts it to what is known to be good and goes on in a
   * new segment. No commit round may know of the log while this runs. Nothing happens when the log is
   * online.
   *
   * Records that are acknowledged are kept: all durable ones, and with `flush.policy=os` all that
   * were written. After a failed sync, those above the recovery point are read back, checked, and
   * written into the new segment: the old file is not believed any more.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR when the disk still fails, or does not give the records
   *   back; the log stays offline, and may be tried again
   */
  revive(): void {
    if (this.offline === null || this.#closed) return
    try {
      this.swaps.resume()
      const keepWritten = this.config.flushPolicy === 'os'
      const keepOffset = keepWritten ? this.writtenOffset : this.#marks.durableOffset
      this.#removal.removeLater(this.#repair.cut(keepOffset, () => this.#syncNames()))
      // A roll that failed may have left a file, whose name would cut the log at the next start.
      removeStrays(this.#place.files, this.directory, this.segments)
      this.#producers.cut(keepOffset)
      this.#repair.goOn(() => this.#roller.addNow(this.segments.active.nextOffset))
      this.#endWithSegments()
    } catch (error) {
      throw this.#health.errorOf(error)
    }
    this.#health.online()
  }

  /**
   * Ends the use of the log.
   *
   * @param clean writes what waits and brings all of the log and its indexes to disk, blocking; if
   *   not, the log is left as a crash would leave it
   * @throws BrokerError KAFKA_STORAGE_ERROR: the stop is not a clean one; the files are closed
   */
  close(clean: boolean): void {
    if (this.#closed) return
    try {
      if (clean) this.#closeCleanly()
    } finally {
      this.#closed = true
      this.#tail.close()
      for (const segment of this.segments) {
        this.#open.forget(segment)
        segment.release()
      }
      this.#marks.releaseRetired()
      this.#producers.close()
    }
  }

  #closeCleanly(): void {
    this.#mustBeOnline()
    this.writePending()
    this.#health.attempt(() => {
      this.#repair.syncAll()
      this.#producers.keep(this.writtenOffset, this.segments)
      this.#syncNames()
      this.#epochs.save()
    })
    this.markSynced(this.writtenOffset)
  }

  /** The log ends at `offset` now, and all of it is on disk. */
  #endAt(offset: number): void {
    this.#truncations += 1
    this.#tail.endAt(offset)
    this.#epochs.truncateFromEnd(offset)
    this.#marks.reset(offset)
    this.#reader.forget()
  }

  #endWithSegments(): void {
    this.#endAt(Math.max(this.segments.active.nextOffset, this.#logStartOffset))
    this.#producers.reload(this.segments, this.logEndOffset)
  }

  #syncNames(): void {
    this.#place.files.syncDirectory(this.directory)
  }

  #wentOffline(error: BrokerError): void {
    this.#tail.dropPending()
    if (!this.#closed) this.#options.listener.failed(this, error)
  }

  #mustBeOnline(): void {
    this.#health.check()
    assert(!this.#closed)
  }
}
