// Which segments become one: those that follow each other and fit into one together.
//
//   before   [ 40 MB ][ 300 MB ][ 600 MB ][ 200 MB ][ 100 MB ]       segment.bytes = 1 GB
//            └────────── 940 MB ─────────┘└───── 300 MB ─────┘
//
// What is read counts, not what will be left: so no segment that is made can be too large.
// Source: apache/kafka, Cleaner.groupSegmentsBySize.

import { MAX_RELATIVE_OFFSET } from '../../segment/offset-index.ts'
import type { JobSegment } from './cleaner.ts'

/** A segment with the size of its indexes. */
export interface SizedSegment extends JobSegment {
  /** Of the larger of its two indexes. */
  readonly indexBytes: number
}

export interface GroupLimits {
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
}

/** @returns groups of one or more, in their order; a segment that is too large stands alone */
export function groupSegments(
  segments: readonly SizedSegment[],
  { segmentBytes, segmentIndexBytes }: GroupLimits,
): SizedSegment[][] {
  const groups: SizedSegment[][] = []
  let group: SizedSegment[] = []
  let sizeBytes = 0
  let indexBytes = 0
  for (const segment of segments) {
    const fits =
      group.length > 0 &&
      sizeBytes + segment.sizeBytes <= segmentBytes &&
      indexBytes + segment.indexBytes <= segmentIndexBytes &&
      segment.endOffset - 1 - group[0]!.baseOffset <= MAX_RELATIVE_OFFSET
    if (!fits) {
      group = []
      groups.push(group)
      sizeBytes = 0
      indexBytes = 0
    }
    group.push(segment)
    sizeBytes += segment.sizeBytes
    indexBytes += segment.indexBytes
  }
  return groups
}
