// Reads batches out of a log: verbatim bytes, whole batches, each with its checksum checked.
//
//   find       where a recent read ended, or the offset index and a walk over headers
//   read       one piece of one segment, at once when it is near the end of the log, and else in
//              the pool, so that a disk that has to seek does not hold up the event loop
//   check      header and checksum of each batch; a damaged one ends the read, and is never served
//
// Source of the rules: apache/kafka, LocalLog.read; KIP-74 for a first batch above the limit.

import { BrokerError } from '../base/errors.ts'
import { MAX_BATCH_BYTES, MAX_DECOMPRESSED_BYTES } from '../base/limits.ts'
import { openBatch } from '../record/batch-reader.ts'
import { readBatchHeader } from '../record/batch-header.ts'
import { BATCH_HEADER_BYTES } from '../record/layout.ts'
import { BATCH_FAULTS, BatchCheck, batchFaultName, RunCheck } from '../wasm/batch-check.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import type { AbortedTransaction } from './producer-state/producer-table.ts'
import {
  abortedIn,
  NONE_ABORTED,
  segmentsWithAborted,
  type LoadAborted,
} from './segment/aborted-search.ts'
import { readInPool, readNow, type Reading } from './segment/reading.ts'
import type { OpenSegments } from './segment/open-segments.ts'
import type { LocatedBatch, Segment, TimestampOffset } from './segment/segment.ts'
import type { SegmentList } from './segment/segment-list.ts'

/** What a reader must know of the log. All of it may change between two steps of a read. */
export interface ReadableLog {
  readonly topic: string
  readonly partition: number
  readonly segments: SegmentList
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Nothing at or above it is read. */
  readonly writtenOffset: number
  /** Counts truncations: bytes may stand elsewhere after one. */
  readonly truncations: number
  /** How often a segment has taken the place of others. */
  readonly swaps: { readonly count: number }
}

export interface ReadOptions {
  /** Most bytes of batches, 1 or more. */
  readonly maxBytes: number
  /** Only batches that end below it: the high watermark. Default: all that is written. */
  readonly belowOffset?: number
  /** The first batch comes whole even when it alone is larger than `maxBytes`. Default: true. */
  readonly atLeastOneBatch?: boolean
  /** True: tells of the aborted transactions that have records in what is read. They are all there
   *  when `belowOffset` is the last stable offset, or below. Default: false. */
  readonly withAborted?: boolean
  /** Gives memory of exactly so many bytes to read into; the result is a view of it. Default: new. */
  readonly memory?: (sizeBytes: number) => Buffer
}

export interface LogRead {
  /** Whole batches, one after the other, as they stand in the log. */
  readonly batches: Buffer
  readonly batchCount: number
  /** Offset after the last record of `batches`, or the one that was asked for when there are none. */
  readonly nextOffset: number
  /** Those that were asked for; their records at or above the offset asked for are in `batches`. */
  readonly aborted: readonly AbortedTransaction[]
}

/** A record found by its timestamp. */
export interface FoundRecord {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

interface Place {
  readonly segment: Segment
  readonly positionBytes: number
}

/** Reads further from the end of the log than this go through the pool. */
const HOT_BYTES = 64 * 1024 * 1024

/** Ends of reads that are remembered: one for each reader that goes through the log in order. */
const RECENT_READS = 64

/** Damaged batches that are remembered, so that each is reported once. */
const REPORTED_DAMAGE = 256

const NOTHING = Buffer.alloc(0)

export class LogReader {
  readonly #log: ReadableLog
  readonly #core: StorageCore
  readonly #open: OpenSegments
  readonly #loadAborted: LoadAborted
  readonly #damaged: (error: BrokerError) => void
  readonly #check = new BatchCheck()
  readonly #run = new RunCheck()
  /** Offset that a read ended at to where it stands; the one used last at the end. */
  readonly #recent = new Map<number, Place>()
  readonly #reported = new Set<string>()

  /** @param damaged is told of each damaged batch once */
  constructor(
    log: ReadableLog,
    core: StorageCore,
    open: OpenSegments,
    loadAborted: LoadAborted,
    damaged: (error: BrokerError) => void,
  ) {
    this.#log = log
    this.#core = core
    this.#open = open
    this.#loadAborted = (segment) => {
      this.#touch(segment)
      return loadAborted(segment)
    }
    this.#damaged = damaged
  }

  /**
   * Reads from the batch that holds `fromOffset` on. A promise when the bytes are read in the pool.
   *
   * @throws BrokerError OFFSET_OUT_OF_RANGE with the facts log_start_offset and log_end_offset;
   *   CORRUPT_MESSAGE when the first batch is damaged; KAFKA_STORAGE_ERROR when the disk fails
   */
  read(fromOffset: number, options: ReadOptions): LogRead | Promise<LogRead> {
    this.#checkRange(fromOffset)
    if (fromOffset >= this.#below(options)) return nothingAt(fromOffset)
    const place = this.#recentPlace(fromOffset)
    const index = this.#log.segments.floorIndex(fromOffset)
    const segment = place?.segment ?? this.#log.segments.at(index)!
    const positionBytes = place?.positionBytes ?? segment.floorPosition(fromOffset)
    const cold = this.#log.segments.hasMoreBehind(HOT_BYTES, segment, positionBytes)
    const reading = this.#read(fromOffset, options, place)
    if (cold) return this.#readCold(fromOffset, options, reading)
    try {
      return readNow(reading)
    } catch (error) {
      throw this.#refusal(fromOffset, error)
    }
  }

  /**
   * The first record at or above the log start offset, and below `belowOffset`, whose timestamp is
   * at or above the given one; null when there is none.
   *
   * @throws BrokerError CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR
   */
  async findTimestamp(timestamp: number, belowOffset = Infinity): Promise<FoundRecord | null> {
    const { truncations } = this.#log
    const found = await this.#ofOneState(this.#log.logStartOffset, () => {
      return readInPool(this.#find(timestamp, belowOffset))
    })
    return truncations === this.#log.truncations ? found : null
  }

  /**
   * The aborted transactions that have records in `[fromOffset, belowOffset)`, by their markers; all of
   * them, when those that begin below `belowOffset` have ended.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR
   */
  async abortedTransactions(
    fromOffset: number,
    belowOffset: number,
  ): Promise<readonly AbortedTransaction[]> {
    return await this.#ofOneState(fromOffset, () => {
      const segments = segmentsWithAborted(this.#log.segments, fromOffset, belowOffset)
      return readInPool(abortedIn(segments, fromOffset, belowOffset, this.#loadAborted))
    })
  }

  /** The largest timestamp in the log. A timestamp of -1 says that there is none. */
  async largestTimestamp(): Promise<TimestampOffset> {
    const { segments, logStartOffset } = this.#log
    return await this.#ofOneState(logStartOffset, async () => {
      let largest: TimestampOffset = { timestamp: -1, offset: logStartOffset }
      for (const segment of [...segments]) {
        const found = await this.#segmentTimestamp(segment)
        if (found.timestamp > largest.timestamp) largest = found
      }
      return largest
    })
  }

  /** The largest timestamp in the segment that holds an offset. @throws BrokerError KAFKA_STORAGE_ERROR */
  async segmentTimestamp(offset: number): Promise<TimestampOffset> {
    const { segments } = this.#log
    return await this.#ofOneState(offset, () => {
      return this.#segmentTimestamp(segments.at(segments.floorIndex(offset))!)
    })
  }

  #segmentTimestamp(segment: Segment): Promise<TimestampOffset> {
    this.#touch(segment)
    return readInPool(segment.largestTimestamp())
  }

  /**
   * Asks segments for something, and once more when some of them were replaced meanwhile: their indexes may
   * have gone, and say nothing then.
   *
   * @param offset that a refusal names
   */
  async #ofOneState<T>(offset: number, ask: () => Promise<T>): Promise<T> {
    const { swaps } = this.#log
    for (;;) {
      const { count } = swaps
      try {
        const found = await ask()
        if (swaps.count === count) return found
      } catch (error) {
        if (swaps.count === count) throw this.#refusal(offset, error)
      }
    }
  }

  /** Where bytes stand has changed, or segments have gone. */
  forget(): void {
    this.#recent.clear()
  }

  async #readCold(
    fromOffset: number,
    options: ReadOptions,
    reading: Reading<LogRead>,
  ): Promise<LogRead> {
    const { truncations, swaps } = this.#log
    const swapCount = swaps.count
    let read: LogRead | null = null
    try {
      read = await readInPool(reading)
    } catch (error) {
      this.#checkRange(fromOffset) // the segment may have been removed under the read
      if (swaps.count !== swapCount) return await this.read(fromOffset, options)
      throw this.#refusal(fromOffset, error)
    }
    this.#checkRange(fromOffset)
    // The indexes of replaced segments may have gone, and say nothing then.
    const isDoubtful = options.withAborted === true && swaps.count !== swapCount
    if (isDoubtful) return await this.read(fromOffset, options)
    return truncations === this.#log.truncations ? read : nothingAt(fromOffset)
  }

  *#read(fromOffset: number, options: ReadOptions, known: Place | null): Reading<LogRead> {
    const { withAborted = false, belowOffset = Infinity } = options
    const { segments } = this.#log
    const marked = withAborted ? segmentsWithAborted(segments, fromOffset, belowOffset) : null
    let place = known ?? (yield* this.#locate(fromOffset))
    while (place !== null) {
      const read = yield* this.#readAt(fromOffset, options, place)
      if (read !== null) {
        if (marked === null || marked.length === 0 || read.batchCount === 0) return read
        const load = this.#loadAborted
        return { ...read, aborted: yield* abortedIn(marked, fromOffset, read.nextOffset, load) }
      }
      const wasReplaced = this.#log.segments.indexOf(place.segment) < 0
      const next = this.#log.segments.after(place.segment)
      if (wasReplaced) place = yield* this.#locate(fromOffset)
      else place = next === null ? null : { segment: next, positionBytes: 0 }
    }
    return nothingAt(fromOffset)
  }

  /** @returns null when no batch in or behind this place of the segment holds the offset */
  *#readAt(fromOffset: number, options: ReadOptions, place: Place): Reading<LogRead | null> {
    const { segment, positionBytes } = place
    this.#touch(segment)
    const leftBytes = segment.sizeBytes - positionBytes
    if (leftBytes <= 0) return null
    const atLeastOne = options.atLeastOneBatch ?? true
    let wanted = Math.min(options.maxBytes, leftBytes, MAX_BATCH_BYTES)
    if (atLeastOne) wanted = Math.max(wanted, Math.min(BATCH_HEADER_BYTES, leftBytes))
    for (;;) {
      const memory = options.memory?.(wanted) ?? Buffer.allocUnsafeSlow(wanted)
      const count = yield { source: segment, into: memory, positionBytes }
      const taken = this.#take(memory.subarray(0, count), fromOffset, options, place)
      if ('batches' in taken) return taken
      if (taken.neededBytes === 0) return null
      if (!atLeastOne) return nothingAt(fromOffset)
      if (taken.neededBytes > leftBytes || count < wanted) {
        throw this.#damage(fromOffset, place, 'incomplete')
      }
      wanted = Math.max(taken.neededBytes, wanted)
    }
  }

  /**
   * Takes the whole, sound batches at the front of what was read.
   *
   * @returns the bytes needed for the first batch when it is cut off; 0 when the segment holds no
   *   more batches at or above the offset
   * @throws BrokerError CORRUPT_MESSAGE when the first batch is damaged
   */
  #take(
    bytes: Buffer,
    fromOffset: number,
    options: ReadOptions,
    place: Place,
  ): LogRead | { readonly neededBytes: number } {
    const { belowOffset, nextBase } = this.#bounds(options, place.segment)
    const minOffset = place.segment.baseOffset
    const endOffset = Math.min(belowOffset, nextBase)
    const run = this.#run
    const fault = this.#core.checkBatchesAt(
      this.#core.stage(bytes),
      bytes.byteLength,
      { minOffset, fromOffset, endOffset },
      run,
    )
    const { takenBytes, batchCount, nextOffset } = run
    const end = { ...place, positionBytes: place.positionBytes + takenBytes }
    if (fault === BATCH_FAULTS.incomplete) {
      if (batchCount === 0) return { neededBytes: takenBytes + run.sizeBytes }
    } else if (fault === BATCH_FAULTS.beyond) {
      // Above the segment's end stands what was left by a cut that did not reach the disk.
      if (batchCount === 0 && run.lastOffset < nextBase) return nothingAt(fromOffset)
    } else if (fault !== BATCH_FAULTS.none) {
      const error = this.#damage(Math.max(fromOffset, nextOffset), end, batchFaultName(fault))
      if (batchCount === 0) throw error
    }
    if (batchCount === 0) return { neededBytes: 0 }
    this.#remember(nextOffset, end)
    const batches = bytes.subarray(run.skippedBytes, takenBytes)
    return { batches, batchCount, nextOffset, aborted: NONE_ABORTED }
  }

  *#locate(fromOffset: number): Reading<Place | null> {
    const { segments } = this.#log
    for (let index = segments.floorIndex(fromOffset); ; index++) {
      const segment = segments.at(index)
      if (segment === undefined) return null
      this.#touch(segment)
      const found = yield* segment.locate(fromOffset)
      const place = { segment, positionBytes: found.positionBytes }
      if (found.state === 'damaged') throw this.#damage(fromOffset, place, 'header')
      if (found.state === 'batch') return place
    }
  }

  *#find(timestamp: number, belowOffset: number): Reading<FoundRecord | null> {
    const below = Math.min(belowOffset, this.#log.writtenOffset)
    for (const segment of [...this.#log.segments]) {
      this.#touch(segment)
      if ((yield* segment.largestTimestamp()).timestamp < timestamp) continue
      let fromOffset = this.#log.logStartOffset
      for (;;) {
        const found = yield* segment.locateTimestamp(timestamp, fromOffset)
        const place = { segment, positionBytes: found.positionBytes }
        if (found.state !== 'batch') {
          if (found.state === 'damaged') throw this.#damage(fromOffset, place, 'header')
          break
        }
        if (found.frame.baseOffset >= below) return null
        const record = yield* this.#findInBatch(segment, found, timestamp, fromOffset)
        if (record !== null) return record.offset < below ? record : null
        fromOffset = found.frame.lastOffset + 1
      }
    }
    return null
  }

  *#findInBatch(
    segment: Segment,
    found: LocatedBatch,
    timestamp: number,
    fromOffset: number,
  ): Reading<FoundRecord | null> {
    const { positionBytes, frame } = found
    const bytes = Buffer.allocUnsafeSlow(frame.sizeBytes)
    const count = yield { source: segment, into: bytes, positionBytes }
    const address = this.#core.stage(bytes.subarray(0, count))
    const fault = this.#core.checkBatchHeaderAt(address, count, this.#check)
    if (fault !== BATCH_FAULTS.none) {
      throw this.#damage(frame.baseOffset, { segment, positionBytes }, batchFaultName(fault))
    }
    const header = readBatchHeader(bytes)
    const cursor = openBatch(this.#core, { header, bytes }, MAX_DECOMPRESSED_BYTES)
    while (cursor.next()) {
      if (cursor.timestamp < timestamp || cursor.offset < fromOffset) continue
      const { offset, timestamp: recordTimestamp } = cursor
      return { offset, timestamp: recordTimestamp, leaderEpoch: header.leaderEpoch }
    }
    return null
  }

  #below({ belowOffset = Infinity }: ReadOptions): number {
    return Math.min(belowOffset, this.#log.writtenOffset)
  }

  #bounds(options: ReadOptions, segment: Segment): { belowOffset: number; nextBase: number } {
    const nextBase = this.#log.segments.after(segment)?.baseOffset ?? Infinity
    return { belowOffset: this.#below(options), nextBase }
  }

  #recentPlace(fromOffset: number): Place | null {
    const place = this.#recent.get(fromOffset)
    if (place === undefined) return null
    if (this.#log.segments.indexOf(place.segment) >= 0) return place
    this.#recent.delete(fromOffset)
    return null
  }

  #remember(nextOffset: number, place: Place): void {
    this.#recent.delete(nextOffset)
    this.#recent.set(nextOffset, place)
    if (this.#recent.size <= RECENT_READS) return
    this.#recent.delete(this.#recent.keys().next().value!)
  }

  /** The segment is being read: it may stay open, and others have to make room. */
  #touch(segment: Segment): void {
    if (!segment.pinned) this.#open.touch(segment)
  }

  #checkRange(offset: number): void {
    const { topic, partition, logStartOffset, logEndOffset } = this.#log
    if (offset >= logStartOffset && offset <= logEndOffset) return
    throw new BrokerError('OFFSET_OUT_OF_RANGE', {
      topic,
      partition,
      offset,
      log_start_offset: logStartOffset,
      log_end_offset: logEndOffset,
    })
  }

  /** The refusal for a damaged batch. Reports it when that was not done before. */
  #damage(offset: number, { segment, positionBytes }: Place, fault: string): BrokerError {
    const { topic, partition } = this.#log
    const file = segment.path.slice(segment.path.lastIndexOf('/') + 1)
    const facts = { topic, partition, offset, file, position: positionBytes, fault }
    const message =
      'A stored batch is damaged, and is not served; the offsets behind it can be read'
    const error = new BrokerError('CORRUPT_MESSAGE', { message, ...facts })
    const key = `${file} ${positionBytes}`
    if (!this.#reported.has(key) && this.#reported.size < REPORTED_DAMAGE) {
      this.#reported.add(key)
      this.#damaged(error)
    }
    return error
  }

  #refusal(offset: number, error: unknown): BrokerError {
    if (error instanceof BrokerError) return error
    const { topic, partition } = this.#log
    const message = 'The log could not be read'
    return new BrokerError('KAFKA_STORAGE_ERROR', { message, topic, partition, offset }, error)
  }
}

function nothingAt(offset: number): LogRead {
  return { batches: NOTHING, batchCount: 0, nextOffset: offset, aborted: NONE_ABORTED }
}
