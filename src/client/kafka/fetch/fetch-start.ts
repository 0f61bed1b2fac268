// Where a partition begins to be read: what its leader is asked for that, and what the answers mean.
//
//   earliest ≤ … ≤ end ≤ high watermark      the end is the last stable offset for readers of committed
//                                            records, and the high watermark for others
//
// An offset may lie between the two: what is not committed yet is there.

import type { Isolation } from '../../transport.ts'
import { EDGE, edgesOf } from '../offset-lookup.ts'
import type { FoundOffset, OffsetQuery } from '../offset-lookup.ts'
import type { FetchPartition } from './fetch-partition.ts'

/** Always both edges of what is there, in this order; then the end and the time, where they count. */
export function startQueries(
  { topic, partition, start }: FetchPartition,
  isolation: Isolation,
): readonly OffsetQuery[] {
  const queries: OffsetQuery[] = edgesOf({ topic, partition })
  const seen = { topic, partition, isolation }
  if (start.kind === 'latest' || start.kind === 'timestamp') {
    queries.push({ ...seen, timestamp: EDGE.latest })
  }
  if (start.kind === 'timestamp') queries.push({ ...seen, timestamp: start.timestampMs })
  return queries
}

/** @param found what `startQueries` has found, without an error */
export function startOffset({ start }: FetchPartition, found: readonly FoundOffset[]): number {
  switch (start.kind) {
    case 'earliest':
      return found[0]!.offset
    case 'latest':
      return found[2]!.offset
    case 'offset':
      return start.offset
    case 'timestamp': {
      const byTime = found[3]!.offset
      return byTime < 0 ? found[2]!.offset : byTime
    }
  }
}
