// How far a log is on disk: what of it is durable, what its own files have, and what a commit round
// has to bring there.
//
//   segments   [ A      )[ B        )[ C  active ···
//                   ▲ synced   ▲ durable     ▲ written
//                   └─ in the journal ┘└─ unsynced() ─┘
//
// A round asks for `unsynced` and answers, later, by the end offset that it was given. Only the
// positions of such offsets are kept.

import type { UnsyncedRange, UnsyncedState } from './durable-log.ts'
import type { OpenSegments } from './segment/open-segments.ts'
import type { Segment } from './segment/segment.ts'
import type { SegmentList } from './segment/segment-list.ts'

/** Where an end offset stands. */
interface Mark {
  readonly endOffset: number
  readonly segment: Segment
  readonly positionBytes: number
  /** Bytes written up to there since the log was opened. */
  readonly totalBytes: number
}

/** Marks that rounds may still answer with. Without its mark, bytes are synced once more. */
const MAX_MARKS = 64

export class SyncMarks {
  readonly #segments: SegmentList
  readonly #open: OpenSegments
  #marks: Mark[] = []
  #durable: Mark
  #durableOffset: number
  #syncedOffset: number
  #totalBytes = 0
  /** Closed segments whose indexes are not on disk yet, oldest first. */
  readonly #closing = new Set<Segment>()
  /** Closed segments with bytes that may not be on disk, oldest first. */
  #pinned: Segment[] = []
  /** Removed segments whose files a round may still sync. */
  #retired: Segment[] = []

  /** @param endOffset all of the log below it is on disk */
  constructor(segments: SegmentList, open: OpenSegments, endOffset: number) {
    this.#segments = segments
    this.#open = open
    this.#durableOffset = endOffset
    this.#syncedOffset = endOffset
    this.#durable = this.#here(endOffset)
  }

  get durableOffset(): number {
    return this.#durableOffset
  }

  /** Below it the log's own files are on disk. */
  get syncedOffset(): number {
    return this.#syncedOffset
  }

  /** As `syncedOffset`, and closed segments that lie below it have their indexes on disk too. */
  get recoveryPoint(): number {
    for (const segment of this.#closing) {
      return Math.min(this.#syncedOffset, segment.nextOffset - 1)
    }
    return this.#syncedOffset
  }

  get unsyncedBytes(): number {
    return this.#totalBytes - this.#durable.totalBytes
  }

  /** So many bytes were written to the active segment. */
  wrote(sizeBytes: number): void {
    this.#totalBytes += sizeBytes
  }

  /** What is written and not durable. @param writtenOffset where that ends */
  unsynced(writtenOffset: number): UnsyncedState {
    const ranges: UnsyncedRange[] = []
    const from = Math.max(0, this.#segments.indexOf(this.#durable.segment))
    for (let index = from; index < this.#segments.count; index++) {
      const segment = this.#segments.at(index)!
      const positionBytes = segment === this.#durable.segment ? this.#durable.positionBytes : 0
      const sizeBytes = segment.sizeBytes - positionBytes
      if (sizeBytes <= 0) continue
      const segmentBaseOffset = segment.baseOffset
      ranges.push({ file: segment.open(), segmentBaseOffset, positionBytes, sizeBytes })
    }
    if (ranges.length > 0 && this.#marks.at(-1)?.endOffset !== writtenOffset) {
      this.#marks.push(this.#here(writtenOffset))
      if (this.#marks.length > MAX_MARKS) this.#marks.shift()
    }
    return { endOffset: writtenOffset, ranges }
  }

  /** @returns false when that was known */
  durable(endOffset: number): boolean {
    while (this.#marks.length > 0 && this.#marks[0]!.endOffset <= endOffset) {
      this.#durable = this.#marks.shift()!
    }
    if (endOffset <= this.#durableOffset) return false
    this.#durableOffset = endOffset
    return true
  }

  synced(endOffset: number): void {
    this.#syncedOffset = Math.max(this.#syncedOffset, endOffset)
    while (this.#pinned.length > 0 && this.#pinned[0]!.nextOffset <= this.#syncedOffset) {
      const segment = this.#pinned.shift()!
      segment.pinned = false
      if (this.#segments.indexOf(segment) >= 0) this.#open.touch(segment)
    }
    this.#retired = this.#retired.filter((segment) => {
      if (segment.nextOffset > this.#syncedOffset) return true
      segment.pinned = false
      segment.release()
      return false
    })
  }

  /** The active segment was closed. @returns to be called when its indexes are on disk */
  closing(segment: Segment): () => void {
    this.#closing.add(segment)
    this.#pinned.push(segment)
    this.synced(this.#syncedOffset)
    return () => void this.#closing.delete(segment)
  }

  get closingSegments(): readonly Segment[] {
    return [...this.#closing]
  }

  /** The indexes of all closed segments are on disk. */
  indexesSynced(): void {
    this.#closing.clear()
  }

  /**
   * Another segment has taken the place of some. All of them were on disk, and no round syncs them.
   *
   * @param following the segment behind them
   */
  replaced(old: readonly Segment[], following: Segment): void {
    const moved = (mark: Mark): Mark => {
      return old.includes(mark.segment) ? { ...mark, segment: following, positionBytes: 0 } : mark
    }
    this.#durable = moved(this.#durable)
    this.#marks = this.#marks.map(moved)
  }

  /** The segment was removed. A round may still sync its file, and nobody its indexes. */
  retire(segment: Segment): void {
    this.#open.forget(segment)
    this.#closing.delete(segment)
    if (!segment.pinned) return
    this.#retired.push(segment)
    this.synced(this.#syncedOffset)
  }

  releaseRetired(): void {
    for (const segment of this.#retired) segment.release()
    this.#retired = []
  }

  /** The log ends at `endOffset` now, all of it is on disk, and no round knows of it. */
  reset(endOffset: number): void {
    this.releaseRetired()
    for (const segment of this.#pinned) segment.pinned = segment === this.#segments.active
    this.#pinned = []
    this.#marks = []
    this.#durableOffset = endOffset
    this.#syncedOffset = endOffset
    this.#durable = this.#here(endOffset)
  }

  #here(endOffset: number): Mark {
    const segment = this.#segments.active
    const totalBytes = this.#totalBytes
    return { endOffset, segment, positionBytes: segment.sizeBytes, totalBytes }
  }
}
