// Reads out of a log who made its batches, and how their transactions ended: headers, and the few bytes of
// each marker.

import { markerOf } from '../../record/control-record.ts'
import type { StorageCore } from '../../wasm/storage-core.ts'
import type { ProducerBatch } from '../segment/batch-walk.ts'
import { BatchWalk } from '../segment/batch-walk.ts'
import type { Reading } from '../segment/reading.ts'
import type { Segment } from '../segment/segment.ts'
import type { TransactionEnd } from './producer-table.ts'

const CHUNK_BYTES = 64 * 1024

/** Who is told what the log says, in its order. */
export interface ProducerReplay {
  /** A batch of records that a producer with an id made. */
  batch(batch: ProducerBatch): void
  /** A marker. */
  marker(end: TransactionEnd, batch: ProducerBatch): void
}

/**
 * Tells of each batch of a segment that a producer with an id made, and of each marker, in their order.
 * A marker that is damaged is passed over: nobody can read beyond it, whatever it said.
 *
 * @param fromOffset batches that start below it are passed over
 */
export function* replaySegment(
  core: StorageCore,
  segment: Segment,
  fromOffset: number,
  replay: ProducerReplay,
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
      if (batch === null) continue
      if (!batch.isControl) {
        replay.batch(batch)
        continue
      }
      const marker = markerOf(core, yield* walk.bytes())
      if (marker === null) continue
      const { producerId, producerEpoch } = batch
      const { type: outcome, coordinatorEpoch } = marker
      replay.marker({ producerId, producerEpoch, coordinatorEpoch, outcome }, batch)
    }
    // Damage below the recovery point, which was left: the log goes on where the index says.
    const next = segment.offsetIndex.firstBehind(walk.positionBytes)
    if (next === null) return
    positionBytes = next.positionBytes
  }
}
