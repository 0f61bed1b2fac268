// One segment of a partition log: a run of record batches in a .log file, two sparse indexes over
// them, and one of the transactions that were aborted in it. PartitionLog owns the segments of a partition and
// decides when to roll; a segment only appends and finds.
//
//   .log        | batch | batch | batch | batch | batch | batch |
//   .index                      ▲ last offset of the batch, its position      one every
//   .timeindex                  ▲ largest timestamp so far, its last offset   index.interval.bytes
//
// Source: apache/kafka, LogSegment.java.

import assert from 'node:assert'
import type { File, FileSystem } from '../../io/file-system.ts'
import { BatchWalk, type BatchFrame, type WalkState } from './batch-walk.ts'
import { MAX_RELATIVE_OFFSET, type OffsetIndex, type OffsetIndexEntry } from './offset-index.ts'
import type { Releasable } from './open-segments.ts'
import type { Reading } from './reading.ts'
import {
  deletedEnding,
  INDEX_SUFFIXES,
  markSideFilesDeleted,
  segmentFileName,
  SEGMENT_SUFFIXES,
  type SegmentSuffix,
} from './segment-files.ts'
import { SegmentIndexes } from './segment-indexes.ts'
import type { TimeIndex } from './time-index.ts'
import type { TxnIndex } from './txn-index.ts'

/** What indexing needs of a batch. */
export type IndexedBatch = Pick<BatchFrame, 'lastOffset' | 'maxTimestamp' | 'sizeBytes'>

/** A batch and where it starts. */
export interface LocatedBatch {
  readonly state: 'batch'
  readonly positionBytes: number
  readonly frame: BatchFrame
}

/** A batch; or where the batches end; or where bytes start that should have been one. */
export type Located =
  LocatedBatch | { readonly state: 'end' | 'damaged'; readonly positionBytes: number }

/** A timestamp, and the offset of the last record of the batch that has it. */
export interface TimestampOffset {
  readonly timestamp: number
  readonly offset: number
}

/** Headers are read this many bytes at a time where a whole segment is walked over. */
const REBUILD_CHUNK_BYTES = 16 * 1024

export interface SegmentPlace {
  readonly files: FileSystem
  /** The partition's directory. */
  readonly directory: string
  /** Bytes between two index entries. */
  indexIntervalBytes(): number
}

export class Segment implements Releasable {
  /** At or below every offset here, above every offset in the segment before. Names the files. */
  readonly baseOffset: number
  readonly offsetIndex: OffsetIndex
  readonly timeIndex: TimeIndex
  readonly txnIndex: TxnIndex
  /** True while the file must stay open: it is appended to, or has bytes that are not on disk. */
  pinned = false

  readonly #place: SegmentPlace
  readonly #indexes: SegmentIndexes
  #file: File | null
  /** What its files have at the end of their names since it was removed. */
  #deletedEnding = ''
  // Kept, since to ask the file system for names that are not there waits for it while it commits.
  readonly #deletedPaths: string[] = []
  #sizeBytes: number
  #nextOffset: number
  /** Where the batch of the last offset index entry starts. */
  #indexedBytes = 0
  #max: TimestampOffset
  /** Of the first batch. Null: not known yet. */
  #firstTimestamp: number | null = null
  #indexesChecked = false

  private constructor(place: SegmentPlace, baseOffset: number, file: File) {
    this.baseOffset = baseOffset
    this.#place = place
    this.#file = file
    this.#sizeBytes = file.sizeBytes
    this.#nextOffset = baseOffset
    this.#max = { timestamp: -1, offset: baseOffset }
    this.#indexes = new SegmentIndexes(place.files, (suffix) => this.#path(suffix))
    this.offsetIndex = this.#indexes.offset
    this.timeIndex = this.#indexes.time
    this.txnIndex = this.#indexes.aborted
  }

  /** Makes an empty segment, in place of whatever stood there. Not on disk before the directory is
   *  synced. @throws the system's error */
  static create(place: SegmentPlace, baseOffset: number): Segment {
    for (const suffix of SEGMENT_SUFFIXES) {
      // A producer snapshot at this offset is of the log before it, and stays.
      const path = `${place.directory}/${segmentFileName(baseOffset, suffix)}`
      if (suffix !== '.snapshot' && place.files.exists(path)) place.files.remove(path)
    }
    const path = `${place.directory}/${segmentFileName(baseOffset, '.log')}`
    const segment = new Segment(place, baseOffset, place.files.open(path, 'create'))
    segment.#indexes.startEmpty()
    segment.#indexesChecked = true
    return segment
  }

  /** Opens a segment that is there. Reads nothing but its size. @throws the system's error */
  static open(place: SegmentPlace, baseOffset: number): Segment {
    const path = `${place.directory}/${segmentFileName(baseOffset, '.log')}`
    return new Segment(place, baseOffset, place.files.open(path, 'write'))
  }

  /** Bytes of all batches. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Offset after the last batch, or `baseOffset`. Known only of segments that were appended to or
   *  resumed since they were opened. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  get path(): string {
    return this.#path('.log')
  }

  /** The .log file. Opened by itself when it was let go. @throws the system's error */
  open(): File {
    this.#file ??= this.#place.files.open(this.path, 'write')
    return this.#file
  }

  /** As `firstTimestamp`, when that is known without reading; else null. */
  get knownFirstTimestamp(): number | null {
    return this.#firstTimestamp
  }

  /** True when the next entry of either index would make its file larger than `indexBytes`. */
  isIndexFull(indexBytes: number): boolean {
    return this.#indexes.isFull(indexBytes)
  }

  /**
   * Writes whole batches behind the last one. They are in the page cache when this returns.
   *
   * @throws the system's error. What part was written is then unknown, and nothing of it counts.
   */
  append(buffers: readonly Uint8Array[], batches: readonly IndexedBatch[]): void {
    const file = this.open()
    assert(this.#indexesChecked)
    assert(buffers.length === batches.length)
    file.write(buffers, this.#sizeBytes)
    // The entries follow the bytes: an index never points past what was written.
    for (const batch of batches) this.note(batch)
  }

  /** Takes in bytes that are no batch: damage below the recovery point, which is left as it is. */
  skip(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes
  }

  /** Takes in a batch that stands at the end of what is known of the file. */
  note(batch: IndexedBatch): void {
    const { lastOffset, maxTimestamp, sizeBytes } = batch
    assert(lastOffset >= this.#nextOffset)
    if (this.#sizeBytes === 0) this.#firstTimestamp = maxTimestamp
    if (maxTimestamp > this.#max.timestamp) {
      this.#max = { timestamp: maxTimestamp, offset: lastOffset }
    }
    if (this.#sizeBytes - this.#indexedBytes > this.#place.indexIntervalBytes()) {
      this.offsetIndex.append(lastOffset - this.baseOffset, this.#sizeBytes)
      this.#appendTimeEntry()
      this.#indexedBytes = this.#sizeBytes
    }
    this.#sizeBytes += sizeBytes
    this.#nextOffset = lastOffset + 1
  }

  /** Takes away what part of a batch a failed write has left. Nothing happens when that fails too. */
  dropTornWrite(): void {
    try {
      const file = this.open()
      if (file.sizeBytes > this.#sizeBytes) file.truncate(this.#sizeBytes)
    } catch {
      // Nobody reads behind `sizeBytes`, and recovery cuts what is no whole batch.
    }
  }

  /** Writes index entries when enough of them wait. @throws the system's error */
  storeIndexes(): void {
    this.#indexes.storeDue()
  }

  /** Writes the last time index entry: nothing is appended any more, or not before a restart. */
  seal(): void {
    assert(this.#indexesChecked)
    this.#appendTimeEntry()
  }

  /** Brings the indexes to disk. See `SegmentIndexes.sync`. */
  syncIndexes(): Promise<void> {
    return this.#indexes.sync()
  }

  /** As `syncIndexes`, and blocks. */
  syncIndexesNow(): void {
    this.#indexes.syncNow()
  }

  /**
   * The batch that holds an offset, or the first one above it.
   *
   * An index entry that does not fit the batch it points at is not believed: the search starts
   * further in front, and the index is built again when the log itself turns out to be in order.
   */
  *locate(offset: number): Reading<Located> {
    yield* this.ready()
    const entry = this.offsetIndex.floor(offset - this.baseOffset)
    const found = yield* this.#walkTo(entry?.positionBytes ?? 0, entry, (frame) => {
      return frame.lastOffset >= offset
    })
    if (found !== null) return found
    const before = this.offsetIndex.floor(entry!.relativeOffset - 1)
    const slow = yield* this.#walkTo(before?.positionBytes ?? 0, null, (frame) => {
      return frame.lastOffset >= offset
    })
    if (slow.state !== 'damaged') yield* this.#rebuild()
    return slow
  }

  /** About where an offset stands, without reading: at or below its position, in bytes. */
  floorPosition(offset: number): number {
    if (!this.offsetIndex.entries.loaded) return 0
    return this.offsetIndex.floor(offset - this.baseOffset)?.positionBytes ?? 0
  }

  /** The first batch that ends at or above an offset and has a timestamp at or above the given one. */
  *locateTimestamp(timestamp: number, fromOffset: number): Reading<Located> {
    yield* this.ready()
    const fits = (frame: BatchFrame): boolean => {
      return frame.maxTimestamp >= timestamp && frame.lastOffset >= fromOffset
    }
    const entry = this.timeIndex.floor(timestamp - 1)
    const entryOffset = entry === null ? this.baseOffset : this.baseOffset + entry.relativeOffset
    const start = yield* this.locate(Math.max(entryOffset, fromOffset))
    if (start.state !== 'batch') return start
    const believed =
      entry === null || entryOffset < fromOffset || start.frame.maxTimestamp === entry.timestamp
    if (believed) return yield* this.#walkTo(start.positionBytes, null, fits)
    yield* this.#rebuild()
    return yield* this.#walkTo(0, null, fits)
  }

  /** The largest timestamp here. A timestamp of -1 says that there is none. */
  *largestTimestamp(): Reading<TimestampOffset> {
    yield* this.ready()
    const { last } = this.timeIndex
    if (last !== null && last.timestamp > this.#max.timestamp) {
      this.#max = { timestamp: last.timestamp, offset: this.baseOffset + last.relativeOffset }
    }
    return this.#max
  }

  /** The timestamp that the age of the segment is counted from: that of its first batch, or -1. */
  *firstTimestamp(): Reading<number> {
    if (this.#firstTimestamp !== null) return this.#firstTimestamp
    const first = yield* this.#walkTo(0, null, () => true)
    this.#firstTimestamp = first.state === 'batch' ? first.frame.maxTimestamp : -1
    return this.#firstTimestamp
  }

  /** Loads the sparse indexes, and builds them from the log when they make no sense. */
  *ready(): Reading<void> {
    yield* this.#indexes.load()
    if (this.#indexesChecked) return
    if (!this.#indexes.areSound(this.#sizeBytes)) yield* this.#rebuild()
    this.#indexesChecked = true
  }

  /**
   * Goes on where the indexes leave off, without checking checksums: finds the end of the segment,
   * or the first batch that is not wholly below an offset, and takes in the batches on the way.
   *
   * @param wereSynced the indexes were on disk at the last stop, to their end
   * @returns where it stopped, and why. `sizeBytes` and `nextOffset` are those of that place
   */
  *resume(untilOffset: number, wereSynced = false): Reading<Located> {
    yield* this.#indexes.load()
    this.#indexesChecked = true
    const fileBytes = this.open().sizeBytes
    const sound = this.offsetIndex.isSound(fileBytes) && this.timeIndex.isSound()
    const entry = wereSynced ? this.offsetIndex.last : this.#lastSureEntry(untilOffset)
    const rewound = sound && entry !== null && (yield* this.#rewindTo(entry, fileBytes, wereSynced))
    if (!rewound) this.#rewindToStart()
    const walk = this.#walk(this.#sizeBytes, fileBytes, this.#nextOffset)
    for (;;) {
      const state = yield* walk.next()
      const { positionBytes, frame } = walk
      if (state !== 'batch') return { state, positionBytes }
      if (frame.lastOffset >= untilOffset) return { state, positionBytes, frame }
      this.note(frame)
    }
  }

  /**
   * Cuts the file and its indexes. @throws the system's error
   *
   * @param positionBytes where a batch ended that `note` or `append` took in; at or below the size
   * @param nextOffset    offset after that batch
   */
  *cut(positionBytes: number, nextOffset: number): Reading<void> {
    assert(positionBytes <= this.#sizeBytes)
    const file = this.open()
    if (file.sizeBytes !== positionBytes) file.truncate(positionBytes)
    if (positionBytes !== this.#sizeBytes) {
      yield* this.ready()
      this.offsetIndex.cutAtPosition(positionBytes)
      this.timeIndex.cutAtOffset(nextOffset - this.baseOffset)
      yield* this.resume(nextOffset)
    }
    assert(this.#sizeBytes === positionBytes)
  }

  /**
   * Renames the files: the segment counts as removed, and who reads it may go on.
   *
   * @throws the system's error, and the segment is as it was
   */
  markDeleted(): void {
    this.#markDeleted([...INDEX_SUFFIXES, '.snapshot'])
  }

  /** As `markDeleted`, when another segment takes its place. Its snapshot stays: it is as true for that. */
  markReplaced(): void {
    this.#markDeleted(INDEX_SUFFIXES)
  }

  /** The files of a removed segment under the names that they have now, the .log first. */
  get deletedPaths(): readonly string[] {
    return this.#deletedPaths
  }

  #markDeleted(sideSuffixes: readonly SegmentSuffix[]): void {
    const { files, directory } = this.#place
    const ending = deletedEnding(files, this.path)
    files.rename(this.path, `${this.path}${ending}`)
    this.#deletedEnding = ending
    this.#deletedPaths.push(this.path)
    // A sync of the indexes, or their rebuilding, may be under way, and must not make them again.
    this.#indexes.deleted((suffix) => this.#path(suffix))
    try {
      const { baseOffset } = this
      markSideFilesDeleted(files, { directory, baseOffset }, sideSuffixes, ending, (path) => {
        this.#deletedPaths.push(path)
      })
    } catch {
      // Without its log an index means nothing: it is removed when the log is opened the next time.
    }
  }

  /** True while its .log file is open. */
  get isOpen(): boolean {
    return this.#file !== null
  }

  /** True while its file is read, or synced, off the event loop. */
  get busy(): boolean {
    return this.#file?.busy ?? false
  }

  release(): void {
    this.#file?.close()
    this.#file = null
    this.#indexes.release()
  }

  #path(suffix: (typeof SEGMENT_SUFFIXES)[number]): string {
    const path = `${this.#place.directory}/${segmentFileName(this.baseOffset, suffix)}`
    return `${path}${this.#deletedEnding}`
  }

  #appendTimeEntry(): void {
    this.timeIndex.appendIfLater(this.#max.timestamp, this.#max.offset - this.baseOffset)
  }

  /**
   * Walks to the first batch that fits.
   *
   * @param entry the index entry that the walk starts at, or null
   * @returns null when the first batch is not the one that `entry` promises
   */
  #walkTo(from: number, entry: null, fits: (frame: BatchFrame) => boolean): Reading<Located>
  #walkTo(
    from: number,
    entry: { readonly relativeOffset: number } | null,
    fits: (frame: BatchFrame) => boolean,
  ): Reading<Located | null>
  *#walkTo(
    from: number,
    entry: { readonly relativeOffset: number } | null,
    fits: (frame: BatchFrame) => boolean,
  ): Reading<Located | null> {
    const walk = this.#walk(from, this.#sizeBytes, this.baseOffset)
    let promised = entry === null ? null : this.baseOffset + entry.relativeOffset
    for (;;) {
      const state = yield* walk.next()
      const { positionBytes, frame } = walk
      if (promised !== null && (state !== 'batch' || frame.lastOffset !== promised)) return null
      promised = null
      if (state !== 'batch') return { state, positionBytes }
      if (fits(frame)) return { state, positionBytes, frame }
    }
  }

  /** Builds both indexes from the log; keeps those that are there when the log is damaged. */
  *#rebuild(): Reading<void> {
    if (this.#deletedEnding !== '') return
    const fileBytes = this.#sizeBytes
    const copy = new Segment(this.#place, this.baseOffset, this.open())
    copy.#rewindToStart()
    const walk = this.#walk(0, fileBytes, this.baseOffset, REBUILD_CHUNK_BYTES)
    let state: WalkState
    while ((state = yield* walk.next()) === 'batch') copy.note(walk.frame)
    if (state === 'damaged' && this.#indexesChecked) return
    if (this.#sizeBytes !== fileBytes) return // appended to meanwhile: built again when next used
    copy.seal()
    this.#max = copy.#max
    this.#indexedBytes = copy.#indexedBytes
    this.#indexes.replaceSparse(copy.#indexes)
  }

  /**
   * The last entry of the offset index from which both indexes can be continued exactly.
   *
   * That is the one at the last time index entry below `untilOffset`: had entries behind that been
   * lost, the largest timestamp there would not be known.
   */
  #lastSureEntry(untilOffset: number): OffsetIndexEntry | null {
    const bound = untilOffset - this.baseOffset
    let slot = this.timeIndex.entries.count - 1
    while (slot >= 0 && this.timeIndex.at(slot).relativeOffset >= bound) slot -= 1
    return slot < 0 ? null : this.offsetIndex.floor(this.timeIndex.at(slot).relativeOffset)
  }

  /** Goes back to the batch of an index entry. @returns false when it is not what the entry says */
  *#rewindTo(entry: OffsetIndexEntry, fileBytes: number, keepTimes: boolean): Reading<boolean> {
    if (entry.positionBytes >= fileBytes) return false
    const walk = this.#walk(entry.positionBytes, fileBytes, this.baseOffset)
    const state = yield* walk.next()
    if (state !== 'batch') return false
    if (walk.frame.lastOffset !== this.baseOffset + entry.relativeOffset) return false

    this.offsetIndex.cutAtPosition(entry.positionBytes)
    if (!keepTimes) this.timeIndex.cutAtOffset(entry.relativeOffset)
    this.#indexedBytes = this.offsetIndex.last?.positionBytes ?? 0
    const max = this.timeIndex.last
    this.#max = {
      timestamp: max?.timestamp ?? -1,
      offset: this.baseOffset + (max?.relativeOffset ?? 0),
    }
    this.#sizeBytes = entry.positionBytes
    this.#nextOffset = walk.frame.baseOffset
    return true
  }

  #walk(fromBytes: number, endBytes: number, fromOffset: number, chunkBytes?: number): BatchWalk {
    const belowOffset = this.baseOffset + MAX_RELATIVE_OFFSET + 1
    const options = { source: this, fromBytes, endBytes, fromOffset, belowOffset }
    return new BatchWalk(chunkBytes === undefined ? options : { ...options, chunkBytes })
  }

  #rewindToStart(): void {
    this.#indexes.reset(true)
    this.#indexedBytes = 0
    this.#max = { timestamp: -1, offset: this.baseOffset }
    this.#sizeBytes = 0
    this.#firstTimestamp = null
    this.#nextOffset = this.baseOffset
    this.#indexesChecked = true
  }
}
