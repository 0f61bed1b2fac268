// What one message brought for one partition: batches, and which of them are for the reader.
//
//   batches    [ d ][ x ][ d ][ x aborted ][ x ]     aborted: x, from the second batch on
//   given out    d         d                 x
//
// A reader of committed records is told which transactions in these bytes were aborted. Batches of their
// producers are left out from the first offset of the transaction on, up to the marker that ended it.
// Source: KIP-98, and CompletedFetch of apache/kafka.

import { isControl, isTransactional } from '../../record/batch-header.ts'
import { splitBatches } from '../../record/batch-reader.ts'
import type { BatchView } from '../../record/batch-reader.ts'
import { markerOf } from '../../record/control-record.ts'
import { sharedCore } from '../../record/shared-core.ts'
import type { AbortedTransaction, FetchedBatches } from '../transport.ts'
import type { AssignedPartition } from './assigned-partition.ts'

/** It counts against the credit until all its batches were taken, or it was dropped. */
export class Chunk {
  readonly partition: AssignedPartition
  /** The partition's tag when it came. */
  readonly tag: number
  readonly highWatermark: number
  readonly sizeBytes: number
  readonly #bytes: Buffer
  /** Null until the chunk is the first in the queue. */
  #batches: readonly BatchView[] | null = null
  #nextBatch = 0
  /** By their first offsets. */
  readonly #aborted: readonly AbortedTransaction[]
  #nextAborted = 0
  /** Producers whose batches are of an aborted transaction, at the place that was reached. */
  readonly #abortedProducers = new Set<number>()

  constructor(partition: AssignedPartition, { batches, highWatermark, aborted }: FetchedBatches) {
    this.partition = partition
    this.tag = partition.tag
    this.highWatermark = highWatermark
    this.sizeBytes = batches.byteLength
    this.#bytes = batches
    this.#aborted = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /**
   * The next batch; null behind the last one.
   *
   * @throws BrokerError CORRUPT_MESSAGE and others when the bytes are no batches
   * @throws Error when they end inside of one
   */
  next(): BatchView | null {
    this.#batches ??= split(this.#bytes)
    return this.#batches[this.#nextBatch++] ?? null
  }

  /** Takes back the batch that `next` gave last. */
  giveBack(view: BatchView): void {
    if (this.#batches?.[this.#nextBatch - 1] === view) this.#nextBatch -= 1
  }

  /** Whether the batch is not for the reader. To be asked of each that `next` gives, in that order. */
  hides({ header, bytes }: BatchView): boolean {
    const { attributes, producerId, baseOffset, lastOffsetDelta } = header
    const lastOffset = baseOffset + lastOffsetDelta
    for (;;) {
      const aborted = this.#aborted[this.#nextAborted]
      if (aborted === undefined || aborted.firstOffset > lastOffset) break
      this.#abortedProducers.add(aborted.producerId)
      this.#nextAborted += 1
    }
    if (!isControl(attributes)) {
      return isTransactional(attributes) && this.#abortedProducers.has(producerId)
    }
    // The next transaction of the producer is another one.
    if (this.#abortedProducers.has(producerId)) {
      if (markerOf(sharedCore(), bytes)?.type === 'abort') this.#abortedProducers.delete(producerId)
    }
    return true
  }
}

function split(bytes: Buffer): readonly BatchView[] {
  const { batches, tail } = splitBatches(bytes)
  if (tail === null) return batches
  throw new Error('The broker sent a part of a batch')
}
