// Taking the end of a log away, and reading it back before that; taking its beginning away.

import { BATCH_FAULTS, BatchCheck } from '../wasm/batch-check.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import { readNow } from './segment/reading.ts'
import type { IndexedBatch, Segment } from './segment/segment.ts'
import type { SegmentList } from './segment/segment-list.ts'

/**
 * Cuts the log behind the last batch that ends at or below `offset`. Segments that start above it go:
 * their files are renamed. The cut of the last one that stays is not synced.
 *
 * @param syncNames brings the names in the log's directory to disk
 * @returns the segments that went
 * @throws the system's error. The log may then be cut in part; doing it again is safe
 */
export function cutSegments(
  segments: SegmentList,
  offset: number,
  syncNames: () => void,
): Segment[] {
  const removed: Segment[] = []
  while (segments.count > 1 && segments.active.baseOffset > offset) {
    segments.active.markDeleted()
    removed.push(segments.removeLast())
    // Else a power cut might leave a segment behind what goes next: of a compacted log nobody could tell
    // that something is missing between the two.
    syncNames()
  }
  const { active } = segments
  // Of a segment that was closed long ago, the end has to be found first.
  if (removed.length > 0) readNow(active.resume(Infinity))
  const found = readNow(active.locate(offset))
  if (found.state === 'batch') readNow(active.cut(found.positionBytes, found.frame.baseOffset))
  else if (found.state === 'end') readNow(active.cut(active.sizeBytes, active.nextOffset))
  else throw new Error(`cannot be cut at offset ${offset}: damaged at byte ${found.positionBytes}`)
  return removed
}

/**
 * Takes the oldest segments away: their files are renamed. Nothing is synced.
 *
 * @param removed those that went are added to it, also when another can't go
 * @throws the system's error
 */
export function trimSegments(segments: SegmentList, count: number, removed: Segment[]): void {
  while (removed.length < count) {
    segments.first.markDeleted()
    removed.push(segments.removeFirst())
  }
}

/** A batch that was read back. */
export interface SalvagedBatch {
  readonly bytes: Buffer
  readonly batch: IndexedBatch
}

/**
 * Reads the batches of `[fromOffset, toOffset)` back from files that are not believed any more, most
 * likely out of the page cache, and checks each.
 *
 * @param fromOffset where a batch starts
 * @returns those in front of the first that is damaged
 * @throws the system's error
 */
export function salvage(
  segments: SegmentList,
  core: StorageCore,
  fromOffset: number,
  toOffset: number,
): SalvagedBatch[] {
  const check = new BatchCheck()
  const saved: SalvagedBatch[] = []
  let offset = fromOffset
  for (let index = segments.floorIndex(fromOffset); offset < toOffset;) {
    const segment = segments.at(index)
    if (segment === undefined) break
    const found = readNow(segment.locate(offset))
    if (found.state === 'end') {
      index += 1
      continue
    }
    if (found.state !== 'batch' || found.frame.lastOffset >= toOffset) break
    const bytes = Buffer.allocUnsafeSlow(found.frame.sizeBytes)
    const count = segment.open().read(bytes, found.positionBytes)
    const address = core.stage(bytes.subarray(0, count))
    if (core.validateBatchAt(address, count, check) !== BATCH_FAULTS.none) break
    saved.push({ bytes, batch: found.frame })
    offset = found.frame.lastOffset + 1
  }
  return saved
}
