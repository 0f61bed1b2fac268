// Makes new active segments: when one is due, and how the log goes over to it.

import type { Clock } from '../../io/clock.ts'
import type { LogPlace } from '../partition-log-options.ts'
import type { PendingBatches } from './pending-batches.ts'
import { isRollDue } from './roll-rule.ts'
import { readNow } from './reading.ts'
import { Segment } from './segment.ts'
import type { SegmentList } from './segment-list.ts'

export class SegmentRoller {
  readonly #segments: SegmentList
  readonly #place: LogPlace
  readonly #clock: Clock
  /** When the active segment was made, or opened. */
  #openedMs: number
  /** Changes of names in the directory since the log was opened, and how many are on disk. */
  #changes = 0
  #changesOnDisk = 0

  constructor(segments: SegmentList, place: LogPlace, clock: Clock) {
    this.#segments = segments
    this.#place = place
    this.#clock = clock
    this.#openedMs = clock.now()
  }

  /**
   * True when a new segment has to be made before a batch is appended.
   *
   * @param pending         batches that go into the active segment before it
   * @param batchTimestamp  the largest of the batch, or -1
   * @throws the system's error, when the first batch of the segment has to be read and cannot be
   */
  isDue(
    pending: PendingBatches,
    batchBytes: number,
    batchLastOffset: number,
    batchTimestamp: number,
  ): boolean {
    const { active } = this.#segments
    const { config } = this.#place
    const segmentBytes = active.sizeBytes + pending.sizeBytes
    const facts = {
      baseOffset: active.baseOffset,
      segmentBytes,
      isIndexFull: active.isIndexFull(config.segmentIndexBytes),
      firstTimestamp: segmentBytes === 0 ? -1 : this.#firstTimestamp(pending),
      openMs: this.#clock.now() - this.#openedMs,
      batchBytes,
      batchLastOffset,
      batchTimestamp,
    }
    return isRollDue(facts, config)
  }

  /**
   * Goes on in a new segment, in place of the active one when that is empty.
   *
   * Nothing of this waits for the disk. A record in the new file can be durable only when the file's
   * name is on disk as well, so whoever syncs the log has `syncNames` done before it marks anything.
   * A power cut before that leaves a log that ends with the closed segment: nobody was promised more.
   * Source: KAFKA-3968; UnifiedLog.flush in apache/kafka syncs the directory in the same place.
   *
   * @throws the system's error; the active segment is the one that was
   */
  add(baseOffset: number): Segment {
    return this.#goOnIn(Segment.create(this.#place, baseOffset))
  }

  /** As `add`, and blocks until the name is on disk. */
  addNow(baseOffset: number): Segment {
    const segment = Segment.create(this.#place, baseOffset)
    this.#place.files.syncDirectory(this.#place.directory)
    this.#changesOnDisk = this.#changes + 1
    return this.#goOnIn(segment)
  }

  /**
   * Brings the names of the log's files to disk, off the event loop. Null: they are there.
   *
   * @throws the system's error
   */
  syncNames(): Promise<void> | null {
    const changes = this.#changes
    if (this.#changesOnDisk >= changes) return null
    const { files, directory } = this.#place
    return files.syncDirectoryInPool(directory).then(() => {
      this.#changesOnDisk = Math.max(this.#changesOnDisk, changes)
    })
  }

  /** Files were renamed. */
  namesChanged(): void {
    this.#changes += 1
  }

  #goOnIn(segment: Segment): Segment {
    const { active } = this.#segments
    const { baseOffset } = segment
    this.#changes += 1
    segment.pinned = true
    if (baseOffset > active.baseOffset) {
      this.#segments.push(segment)
    } else {
      this.#segments.replaceActive(segment)
      active.release()
    }
    this.#openedMs = this.#clock.now()
    return segment
  }

  #firstTimestamp(pending: PendingBatches): number {
    const { active } = this.#segments
    if (active.sizeBytes === 0) return pending.firstTimestamp
    return active.knownFirstTimestamp ?? readNow(active.firstTimestamp())
  }
}
