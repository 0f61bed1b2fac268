// The index files of one segment, as one: read, written, synced, renamed and let go together.
//
//   .index  .timeindex   sparse, built anew from the .log whenever they are lost or wrong
//   .txnindex            aborted transactions; see txn-index.ts for what it takes to build it anew

import type { FileSystem } from '../../io/file-system.ts'
import { OffsetIndex } from './offset-index.ts'
import type { Reading } from './reading.ts'
import type { SegmentSuffix } from './segment-files.ts'
import { TimeIndex } from './time-index.ts'
import { TxnIndex } from './txn-index.ts'

/** A closed segment larger than this has index entries, whatever the interval was. */
const SURELY_INDEXED_BYTES = 32 * 1024 * 1024

export class SegmentIndexes {
  readonly offset: OffsetIndex
  readonly time: TimeIndex
  readonly aborted: TxnIndex

  /** @param pathOf the path of the segment's file with a suffix */
  constructor(files: FileSystem, pathOf: (suffix: SegmentSuffix) => string) {
    this.offset = new OffsetIndex(files, pathOf('.index'))
    this.time = new TimeIndex(files, pathOf('.timeindex'))
    this.aborted = new TxnIndex(files, pathOf('.txnindex'))
  }

  /** The segment is new: no index has a file. */
  startEmpty(): void {
    this.reset(false)
    this.aborted.startEmpty()
  }

  /** Begins the sparse ones anew. @param inFile whether there may be files, with whatever in them */
  reset(inFile: boolean): void {
    this.offset.entries.reset(inFile)
    this.time.entries.reset(inFile)
  }

  /** Reads the sparse ones. */
  *load(): Reading<void> {
    yield* this.time.entries.load()
    yield* this.offset.entries.load()
  }

  /** True when the sparse ones make sense for a .log of so many bytes. They must be loaded. */
  areSound(logBytes: number): boolean {
    if (!this.offset.isSound(logBytes) || !this.time.isSound()) return false
    if (logBytes === 0) return true
    if (this.offset.entries.wasMissing || this.time.entries.wasMissing) return false
    // A closed segment has a time index entry at least, unless its records have no timestamps.
    if (this.time.entries.count === 0) return false
    return this.offset.entries.count > 0 || logBytes <= SURELY_INDEXED_BYTES
  }

  /** True when the next entry of a sparse one would make its file larger than `indexBytes`. */
  isFull(indexBytes: number): boolean {
    return this.offset.isFull(indexBytes) || this.time.isFull(indexBytes)
  }

  /** Writes entries where enough of them wait. @throws the system's error */
  storeDue(): void {
    // The time index goes first, so that after a kill it is never behind the offset index.
    if (this.time.entries.worthStoring) this.time.entries.store()
    if (this.offset.entries.worthStoring) this.offset.entries.store()
    if (!this.aborted.isOnDisk) this.aborted.storeDue()
  }

  /**
   * Brings all to disk. The sparse ones are written before this returns: what comes later may remove or
   * close the segment.
   *
   * @throws the system's error
   */
  async sync(): Promise<void> {
    const sparse = [this.time.entries.sync(), this.offset.entries.sync()]
    await Promise.all([...sparse, this.aborted.sync()])
  }

  /** As `sync`, and blocks. */
  syncNow(): void {
    this.time.entries.syncNow()
    this.offset.entries.syncNow()
    this.aborted.syncNow()
  }

  /** Takes the sparse ones of `others`, and replaces the files. @throws the system's error */
  replaceSparse(others: SegmentIndexes): void {
    this.offset.entries.replaceBy(others.offset.entries)
    this.time.entries.replaceBy(others.time.entries)
  }

  /** The files were renamed, for removal: they are not made again. */
  deleted(pathOf: (suffix: SegmentSuffix) => string): void {
    this.offset.entries.deleted(pathOf('.index'))
    this.time.entries.deleted(pathOf('.timeindex'))
    this.aborted.deleted(pathOf('.txnindex'))
  }

  release(): void {
    this.offset.entries.release()
    this.time.entries.release()
    this.aborted.release()
  }
}
