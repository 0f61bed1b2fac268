// Reads out of a log who made its batches: headers only, no checksums.

import type { ProducerBatch } from '../segment/batch-walk.ts'
import { BatchWalk } from '../segment/batch-walk.ts'
import type { Reading } from '../segment/reading.ts'
import type { Segment } from '../segment/segment.ts'

const CHUNK_BYTES = 64 * 1024

/**
 * Tells of each batch of a segment that a producer with an id made, in their order.
 *
 * @param fromOffset batches that start below it are passed over
 */
export function* replaySegment(
  segment: Segment,
  fromOffset: number,
  onBatch: (batch: ProducerBatch) => void,
): Reading<void> {
  let { positionBytes } = yield* segment.locate(fromOffset)
  for (;;) {
    const walk = new BatchWalk({
      source: segment,
      fromBytes: positionBytes,
      endBytes: segment.sizeBytes,
      fromOffset: segment.baseOffset,
      chunkBytes: CHUNK_BYTES,
    })
    for (;;) {
      const state = yield* walk.next()
      if (state === 'end') return
      if (state === 'damaged') break
      if (walk.frame.baseOffset < fromOffset) continue
      const batch = walk.producerBatch()
      if (batch !== null) onBatch(batch)
    }
    // Damage below the recovery point, which was left: the log goes on where the index says.
    const next = segment.offsetIndex.firstBehind(walk.positionBytes)
    if (next === null) return
    positionBytes = next.positionBytes
  }
}
