// The time index of one segment: which batch first reached a timestamp.
//
//   byte 0                    8          12   Entries follow each other with no gap; big-endian.
//        +--------------------+----------+    timestamp: the largest in the segment so far, rising
//        | timestamp          | relative |    relative: last offset of the batch that has it, minus
//        +--------------------+----------+              the segment's base offset, rising
//
// An entry is written with each entry of the offset index, when the largest timestamp has grown
// since, and one when the segment is closed. Source: apache/kafka, TimeIndex.java.

import assert from 'node:assert'
import type { FileSystem } from '../../io/file-system.ts'
import { IndexEntries } from './index-entries.ts'

const ENTRY_BYTES = 12

export interface TimeIndexEntry {
  readonly timestamp: number
  readonly relativeOffset: number
}

export class TimeIndex {
  readonly entries: IndexEntries

  constructor(files: FileSystem, path: string) {
    this.entries = new IndexEntries(files, path, ENTRY_BYTES)
  }

  /**
   * The last slot is kept for the entry that closes the segment.
   *
   * @param indexBytes largest size of the file
   */
  isFull(indexBytes: number): boolean {
    return this.entries.count >= Math.floor(indexBytes / ENTRY_BYTES) - 1
  }

  get last(): TimeIndexEntry | null {
    return this.entries.count === 0 ? null : this.at(this.entries.count - 1)
  }

  /** Appends an entry, unless the timestamp is no larger than the last one's. */
  appendIfLater(timestamp: number, relativeOffset: number): void {
    const { last } = this
    if (timestamp <= (last?.timestamp ?? -1)) return
    assert(last === null || relativeOffset >= last.relativeOffset)
    const { bytes, at } = this.entries.add()
    bytes.writeBigInt64BE(BigInt(timestamp), at)
    bytes.writeInt32BE(relativeOffset, at + 8)
  }

  /** The last entry at or below a timestamp, or null. */
  floor(timestamp: number): TimeIndexEntry | null {
    let low = 0
    let high = this.entries.count
    // Invariant: every slot < low is at or below the timestamp; every slot >= high is above it.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.at(middle).timestamp <= timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? null : this.at(low - 1)
  }

  /** Removes the entries of batches whose last offset is at or above an offset. */
  cutAtOffset(relativeOffset: number): void {
    let count = this.entries.count
    while (count > 0 && this.at(count - 1).relativeOffset >= relativeOffset) count -= 1
    this.entries.cut(count)
  }

  /** True when the entries rise. */
  isSound(): boolean {
    let timestamp = -1
    let relativeOffset = -1
    for (let slot = 0; slot < this.entries.count; slot++) {
      const next = this.at(slot)
      if (next.timestamp <= timestamp || next.relativeOffset < relativeOffset) return false
      timestamp = next.timestamp
      relativeOffset = next.relativeOffset
    }
    return true
  }

  at(slot: number): TimeIndexEntry {
    const { bytes } = this.entries
    return {
      timestamp: Number(bytes.readBigInt64BE(slot * ENTRY_BYTES)),
      relativeOffset: bytes.readInt32BE(slot * ENTRY_BYTES + 8),
    }
  }
}
