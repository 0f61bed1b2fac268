// Where to begin to read a partition, and the offset that this means.

import type { Isolation, ReadablePartition } from '../replication/readable-partition.ts'

export type { Isolation }

export type Position =
  | { readonly kind: 'earliest' }
  /** The one after the last record that may be read now. */
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** The first record with this timestamp or a later one; the end, when there is none. */
  | { readonly kind: 'timestamp'; readonly timestampMs: number }

/**
 * The offset of the first record to read. Only a timestamp has to be looked up. For who reads what is
 * committed, the end is the last stable offset.
 *
 * An offset comes back as it is, whether the partition holds it or not.
 *
 * @throws BrokerError as `ReadablePartition.read`
 */
export function startOffset(
  partition: ReadablePartition,
  position: Position,
  isolation: Isolation = 'uncommitted',
): number | Promise<number> {
  switch (position.kind) {
    case 'earliest':
      return partition.logStartOffset
    case 'latest':
      return readableEnd(partition, isolation)
    case 'offset':
      return position.offset
    case 'timestamp':
      return offsetOrEnd(partition, position.timestampMs, isolation)
  }
}

/** Records below it may be read. */
export function readableEnd(partition: ReadablePartition, isolation: Isolation): number {
  return isolation === 'committed' ? partition.lastStableOffset : partition.highWatermark
}

async function offsetOrEnd(
  partition: ReadablePartition,
  timestampMs: number,
  isolation: Isolation,
): Promise<number> {
  const found = await partition.findOffset(timestampMs, isolation)
  return found === null ? readableEnd(partition, isolation) : found.offset
}
