// The offset index of one segment: where in the .log file to start looking for an offset.
//
//   byte 0          4          8        Entries follow each other with no gap; big-endian.
//        +----------+----------+        relative: last offset of a batch - segment base offset
//        | relative | position |        position: where that batch starts in the .log file, bytes
//        +----------+----------+        Both rise strictly.
//
// Source: apache/kafka, OffsetIndex.java. That the entry has the batch's last offset and not its
// first is what LogSegment.append writes and DumpLogSegments checks.

import assert from 'node:assert'
import type { FileSystem } from '../../io/file-system.ts'
import { IndexEntries } from './index-entries.ts'

const ENTRY_BYTES = 8

/** Largest offset above the base offset that an entry can hold. */
export const MAX_RELATIVE_OFFSET = 0x7fffffff

export interface OffsetIndexEntry {
  readonly relativeOffset: number
  readonly positionBytes: number
}

export class OffsetIndex {
  readonly entries: IndexEntries

  constructor(files: FileSystem, path: string) {
    this.entries = new IndexEntries(files, path, ENTRY_BYTES)
  }

  /** @param indexBytes largest size of the file */
  isFull(indexBytes: number): boolean {
    return this.entries.count >= Math.floor(indexBytes / ENTRY_BYTES)
  }

  get last(): OffsetIndexEntry | null {
    return this.entries.count === 0 ? null : this.at(this.entries.count - 1)
  }

  append(relativeOffset: number, positionBytes: number): void {
    const { last } = this
    assert(relativeOffset <= MAX_RELATIVE_OFFSET && positionBytes <= MAX_RELATIVE_OFFSET)
    assert(last === null || relativeOffset > last.relativeOffset)
    assert(last === null || positionBytes > last.positionBytes)
    const { bytes, at } = this.entries.add()
    bytes.writeInt32BE(relativeOffset, at)
    bytes.writeInt32BE(positionBytes, at + 4)
  }

  /** The last entry at or below an offset, or null. */
  floor(relativeOffset: number): OffsetIndexEntry | null {
    const slot = this.#floorSlot(relativeOffset)
    return slot < 0 ? null : this.at(slot)
  }

  /** The last entry whose batch starts at or below a position, or null. */
  floorPosition(positionBytes: number): OffsetIndexEntry | null {
    let slot = this.entries.count - 1
    while (slot >= 0 && this.at(slot).positionBytes > positionBytes) slot -= 1
    return slot < 0 ? null : this.at(slot)
  }

  /** The first entry whose batch starts behind a position, or null. */
  firstBehind(positionBytes: number): OffsetIndexEntry | null {
    for (let slot = 0; slot < this.entries.count; slot++) {
      const entry = this.at(slot)
      if (entry.positionBytes > positionBytes) return entry
    }
    return null
  }

  /** Removes the entries of batches that start at or behind a position. */
  cutAtPosition(positionBytes: number): void {
    let count = this.entries.count
    while (count > 0 && this.at(count - 1).positionBytes >= positionBytes) count -= 1
    this.entries.cut(count)
  }

  /** True when the entries rise, and point into a log file of `logBytes`. */
  isSound(logBytes: number): boolean {
    const { bytes, count } = this.entries
    let relativeOffset = -1
    let positionBytes = 0
    for (let at = 0; at < count * ENTRY_BYTES; at += ENTRY_BYTES) {
      const nextRelative = bytes.readInt32BE(at)
      const nextPosition = bytes.readInt32BE(at + 4)
      if (nextRelative <= relativeOffset || nextPosition <= positionBytes) return false
      relativeOffset = nextRelative
      positionBytes = nextPosition
    }
    return positionBytes < Math.max(1, logBytes)
  }

  at(slot: number): OffsetIndexEntry {
    const { bytes } = this.entries
    return {
      relativeOffset: bytes.readInt32BE(slot * ENTRY_BYTES),
      positionBytes: bytes.readInt32BE(slot * ENTRY_BYTES + 4),
    }
  }

  // Not by the storage core: it would copy the whole index in for twenty comparisons.
  #floorSlot(relativeOffset: number): number {
    const { bytes, count } = this.entries
    let low = 0
    let high = count
    // Invariant: every slot < low is at or below the offset; every slot >= high is above it.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (bytes.readInt32BE(middle * ENTRY_BYTES) <= relativeOffset) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
