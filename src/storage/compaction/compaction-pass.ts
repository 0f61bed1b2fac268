// One pass over one log: what the cleaner makes takes its place in the log, a segment after the other.
//
//   synced, recovery point saved ─► keys ─► ┌ a segment made ─► swapped in ┐ ─► cleaned up to where keys
//                                           └──────── … ◄──────────────────┘    are known: saved
//
// The recovery point comes first because of the commit journal: it has bytes of old segments, and gives
// them back to logs that may lack them. Below the recovery point on disk it gives nothing back, so the
// bytes of a new segment are not written over.

import type { Clock } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { Segment } from '../segment/segment.ts'
import {
  JobCancelled,
  type CleanedGroup,
  type Cleaner,
  type CleanerLimits,
  type CleaningJob,
} from './cleaner/cleaner.ts'
import type { Dirtiness } from './dirtiness.ts'
import { SegmentSwap } from './segment-swap.ts'
import { removeLeftovers } from './swap-recovery.ts'

export interface CompactionPassOptions {
  readonly files: FileSystem
  readonly clock: Clock
  readonly cleaner: Cleaner
  readonly limits: CleanerLimits
  /** Passes that run side by side: each may need as much room as this one. */
  readonly threads: number
  readonly log: PartitionLog
  /** What may be compacted. All of it is on disk, and below the recovery point on disk. */
  readonly dirtiness: Dirtiness
  /** False when the log was deleted, closed, or is to be left alone. */
  readonly isWanted: () => boolean
}

export interface PassReport {
  /** Below it the log is clean; null when a segment could not be swapped. */
  readonly cleanedOffset: number | null
  readonly keyCount: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly recordsRemoved: number
  readonly sizeBytesBefore: number
  readonly sizeBytes: number
}

/** Room that has to be left beside what is made: appends are not to run out of it. */
const RESERVED_BYTES = 16 * 1024 * 1024

export class CompactionPass {
  readonly #options: CompactionPassOptions
  readonly #truncations: number
  /** Of the log when the pass began. */
  readonly #firstBaseOffset: number
  #sizeBytesBefore = 0
  #sizeBytes = 0

  constructor(options: CompactionPassOptions) {
    this.#options = options
    this.#truncations = options.log.truncations
    this.#firstBaseOffset = options.log.segments.first.baseOffset
  }

  /** @throws DamageFound · JobCancelled · the system's error */
  async run(): Promise<PassReport> {
    const { files, cleaner, limits, log } = this.#options
    // One that was made and not swapped in would say of those behind it that they are not whole.
    await removeLeftovers(files, log.directory)
    try {
      const job = await this.#job()
      this.#mustBeWanted()
      const keys = await cleaner.begin(job, limits)
      let isComplete = true
      for (let group = await this.#next(); group !== null; group = await this.#next()) {
        isComplete = (await this.#take(group)) && isComplete
      }
      const { endOffset, keyCount } = keys
      const { bytesRead, bytesWritten, recordsRemoved } = await cleaner.end()
      return {
        cleanedOffset: isComplete ? endOffset : null,
        ...{ keyCount, bytesRead, bytesWritten, recordsRemoved },
        ...{ sizeBytesBefore: this.#sizeBytesBefore, sizeBytes: this.#sizeBytes },
      }
    } catch (error) {
      await cleaner.end()
      throw this.#isOfRemoval(error) ? new JobCancelled() : error
    }
  }

  /** Retention, or who deletes records, may take the first segments away while they are about to be read. */
  #isOfRemoval(error: unknown): boolean {
    const { log } = this.#options
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return isMissing && log.segments.first.baseOffset > this.#firstBaseOffset
  }

  async #job(): Promise<CleaningJob> {
    const { clock, log, dirtiness } = this.#options
    const { config, directory, producers, logStartOffset } = log
    const { firstDirtyOffset, limitOffset } = dirtiness
    const segments = log.segmentFacts().filter(({ endOffset }) => endOffset <= limitOffset)
    // Nobody reads what lies below the log's start, so that it does not matter what becomes of it.
    const aborted = await log.abortedTransactions(logStartOffset, limitOffset)
    return {
      ...{ directory, segments, aborted, firstDirtyOffset },
      producers: producers.lastBatches(),
      nowMs: clock.now(),
      deleteRetentionMs: config.deleteRetentionMs,
      segmentBytes: config.segmentBytes,
      segmentIndexBytes: config.segmentIndexBytes,
      indexIntervalBytes: config.indexIntervalBytes,
    }
  }

  async #next(): Promise<CleanedGroup | null> {
    this.#mustBeWanted()
    const { files, cleaner, threads, log } = this.#options
    // The most that the next segment can take.
    const neededBytes = Math.min(log.config.segmentBytes, log.sizeBytes)
    if (files.freeBytes(log.directory) < threads * neededBytes + RESERVED_BYTES) {
      const message = `there is no room to compact ${log.name} beside itself`
      throw Object.assign(new Error(message), { code: 'ENOSPC' })
    }
    return await cleaner.next()
  }

  /** @returns false when the log has changed meanwhile, so that the segments stay as they are */
  async #take({
    baseOffsets,
    changed,
    sizeBytesBefore,
    sizeBytes,
  }: CleanedGroup): Promise<boolean> {
    this.#sizeBytesBefore += sizeBytesBefore
    this.#sizeBytes += sizeBytes
    if (!changed) return true
    const { files, clock, log } = this.#options
    const old = this.#isWanted ? this.#segmentsAt(baseOffsets) : null
    if (old === null) {
      this.#mustBeWanted()
      await removeLeftovers(files, log.directory)
      return false
    }
    const finished = (): void => log.swaps.finished(old)
    const swap = new SegmentSwap({ files, clock, directory: log.directory, old, finished })
    log.swaps.begin(swap)
    try {
      await swap.run()
    } catch (error) {
      if (swap.isCommitted) log.fail(error as Error)
      else log.swaps.abandon()
      throw error
    }
    return true
  }

  /** The segments as they stand in the log; null when it does not have all of them any more. */
  #segmentsAt(baseOffsets: readonly number[]): Segment[] | null {
    const { segments } = this.#options.log
    const first = segments.floorIndex(baseOffsets[0]!)
    const found = baseOffsets.map((baseOffset, index) => {
      const segment = segments.at(first + index)
      return segment?.baseOffset === baseOffset ? segment : null
    })
    const isThere = found.every((segment) => segment !== null)
    return isThere && segments.at(first + found.length) !== undefined ? found : null
  }

  get #isWanted(): boolean {
    const { log, isWanted } = this.#options
    return isWanted() && log.offline === null && log.truncations === this.#truncations
  }

  #mustBeWanted(): void {
    if (!this.#isWanted) throw new JobCancelled()
  }
}
