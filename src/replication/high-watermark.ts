// The rule by which the high watermark moves.

import assert from 'node:assert'

/**
 * Where the high watermark stands after a replica has moved on.
 *
 * The marks of a partition keep this order. Each is the offset after the last record that it
 * covers, so the difference of two is a count of offsets:
 *
 *   log start offset  <=  high watermark  <=  end offset of every in-sync replica
 *
 * @param endOffsets end offset of every in-sync replica, the leader's own among them: of what it has
 *   on disk under `flush.policy=disk`, of what its page cache has under `os`
 * @param current    the high watermark so far
 * @returns at least `current`: while this broker leads, the mark never moves back
 *
 * Source: Partition.maybeIncrementLeaderHW in apache/kafka, with flushed ends in the place of log
 * ends. Epochs, not this mark, decide what a follower truncates (KIP-101).
 */
export function advanceHighWatermark(endOffsets: readonly number[], current: number): number {
  assert(endOffsets.length > 0)
  let least = endOffsets[0]!
  for (const endOffset of endOffsets) if (endOffset < least) least = endOffset
  return least > current ? least : current
}
