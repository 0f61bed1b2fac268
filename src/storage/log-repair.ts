// Brings a log to a state that is known to be good: when it is closed, and after the disk failed.
//
// After a failed write the bytes before it are still in the page cache, and are synced. After a
// failed sync they may be in the page cache only, marked clean, and a further sync says nothing: so
// those above the synced offset are read back, checked, and written into another file.
//
//   old file    ···· synced │ durable by the journal, or by nothing │
//                           └──── read back, and checked ───┐
//   new file                                                └► written, synced
//
// Source: Rebello et al., "Can Applications Recover from fsync Failures?" (USENIX ATC 2020).

import type { StorageCore } from '../wasm/storage-core.ts'
import { cutSegments, salvage, type SalvagedBatch } from './log-truncation.ts'
import { readNow } from './segment/reading.ts'
import type { Segment } from './segment/segment.ts'
import type { SegmentList } from './segment/segment-list.ts'
import type { SyncMarks } from './sync-marks.ts'

export class LogRepair {
  readonly #segments: SegmentList
  readonly #marks: SyncMarks
  readonly #core: StorageCore
  /** A sync failed. */
  #bytesMayBeLost = false
  /** What was read back, until it stands in a file again. */
  #salvaged: readonly SalvagedBatch[] | null = null

  constructor(segments: SegmentList, marks: SyncMarks, core: StorageCore) {
    this.#segments = segments
    this.#marks = marks
    this.#core = core
  }

  /** A sync of one of the log's files failed. */
  bytesMayBeLost(): void {
    this.#bytesMayBeLost = true
  }

  /**
   * Cuts the log to what can be believed, and reads back the rest of what is to be kept.
   *
   * @param keepOffset where a batch ends, at or above the durable offset
   * @param syncNames brings the names in the log's directory to disk
   * @returns the segments that went
   * @throws the system's error; Error when durable records cannot be read back. May be called again
   */
  cut(keepOffset: number, syncNames: () => void): Segment[] {
    if (!this.#bytesMayBeLost) return cutSegments(this.#segments, keepOffset, syncNames)
    const { durableOffset, syncedOffset } = this.#marks
    this.#salvaged ??= this.#readBack(syncedOffset, keepOffset, durableOffset)
    return cutSegments(this.#segments, syncedOffset, syncNames)
  }

  /**
   * Brings what is left to disk, and goes on in a new segment with what was read back.
   *
   * @throws the system's error. `cut` has to come again before this does
   */
  goOn(addSegment: () => Segment): void {
    this.syncAll()
    const segment = addSegment()
    const saved = this.#salvaged ?? []
    for (const { bytes, batch } of saved) segment.append([bytes], [batch])
    if (saved.length > 0) segment.open().syncNow()
    this.#salvaged = null
    this.#bytesMayBeLost = false
  }

  /** Brings the log and its indexes to disk, blocking. @throws the system's error */
  syncAll(): void {
    const { active } = this.#segments
    for (const segment of this.#segments) {
      if (!segment.pinned && segment !== active) continue
      try {
        segment.open().syncNow()
      } catch (error) {
        this.#bytesMayBeLost = true
        throw error
      }
    }
    readNow(active.ready())
    active.seal()
    for (const segment of new Set([...this.#marks.closingSegments, active])) {
      segment.syncIndexesNow()
    }
    this.#marks.indexesSynced()
  }

  #readBack(from: number, to: number, atLeastTo: number): SalvagedBatch[] {
    const saved = salvage(this.#segments, this.#core, from, to)
    const lastOffset = saved.at(-1)?.batch.lastOffset ?? from - 1
    if (lastOffset + 1 >= atLeastTo) return saved
    throw new Error(`durable records from offset ${lastOffset + 1} on cannot be read back`)
  }
}
