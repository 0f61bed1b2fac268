// Segments of a log that another one takes the place of: in steps that wait for the disk, so that the log
// has to know of it meanwhile. compaction/segment-swap.ts takes the steps.

import assert from 'node:assert'
import type { LogPlace } from '../partition-log-options.ts'
import type { SyncMarks } from '../sync-marks.ts'
import type { SegmentList } from './segment-list.ts'
import type { SegmentRemoval } from './segment-removal.ts'
import type { SegmentRoller } from './segment-roller.ts'
import { Segment } from './segment.ts'

/** A swap that is under way. */
export interface PendingSwap {
  /** The first of the segments that are replaced. */
  readonly first: Segment
  /** Does the steps that are left, and blocks. @throws the system's error */
  finishNow(): void
}

/** The parts of a log that have to do with its segments. */
export interface SegmentSwapsParts {
  readonly segments: SegmentList
  readonly place: LogPlace
  readonly marks: SyncMarks
  readonly roller: SegmentRoller
  readonly removal: SegmentRemoval
  /** Where bytes stand has changed. */
  readonly moved: () => void
}

export class SegmentSwaps {
  readonly #parts: SegmentSwapsParts
  #pending: PendingSwap | null = null
  #count = 0
  #holds = 0

  constructor(parts: SegmentSwapsParts) {
    this.#parts = parts
  }

  /** Swaps that were finished. */
  get count(): number {
    return this.#count
  }

  /** One is under way: the log must not be cut. */
  get isPending(): boolean {
    return this.#pending !== null
  }

  /** Somebody reads the log as a whole. */
  get isHeld(): boolean {
    return this.#holds > 0
  }

  /**
   * Keeps compaction away until the function is called that it gives, but for one segment that may be about
   * to be replaced. So who reads all of the log meets a tombstone wherever it has met what that deletes: it
   * takes two passes to remove both.
   */
  hold(): () => void {
    this.#holds += 1
    let isHeld = true
    return () => {
      if (isHeld) this.#holds -= 1
      isHeld = false
    }
  }

  /** Segments are about to be replaced. */
  begin(swap: PendingSwap): void {
    assert(this.#pending === null)
    this.#pending = swap
  }

  /** Nothing was replaced. */
  abandon(): void {
    this.#pending = null
  }

  /** A swap that the disk has stopped is finished; blocks. @throws the system's error */
  resume(): void {
    this.#pending?.finishNow()
  }

  /** How many of the first `count` segments may be removed now. */
  removable(count: number): number {
    if (this.#pending === null) return count
    return Math.min(count, this.#parts.segments.indexOf(this.#pending.first))
  }

  /**
   * The new segment is there under its own name, that of the first of `old`, and takes their place. Their
   * files go later, as those of removed ones.
   *
   * @throws the system's error, and nothing has changed
   */
  finished(old: readonly Segment[]): void {
    const { segments, place, marks, roller, removal, moved } = this.#parts
    const following = segments.after(old.at(-1)!)!
    const made = Segment.open(place, old[0]!.baseOffset)
    made.release()
    segments.replace(old, made)
    this.#pending = null
    this.#count += 1
    marks.replaced(old, following)
    roller.namesChanged()
    moved()
    removal.removeLater(old)
  }
}
