// Which aborted transactions who reads a run of offsets has to know of: those that have records in it.
//
//   offsets      ───[ from ── read ── below )─────────────────────►
//   A begins ──┬────────┤ marker: yes          a marker in [from, …), and a beginning below `below`
//   B begins ──┼─────────────────┼──────┤ marker: yes
//   C begins ──┼────────────────────────┬───┤ marker: no
//
// Entries stand where the markers do, so those of later segments count too. The search ends at the first
// entry whose last stable offset says that whatever began below `below` had been ended.
//
// Source: apache/kafka, TransactionIndex.collectAbortedTxns.

import type { AbortedTransaction } from '../producer-state/producer-table.ts'
import type { Reading } from './reading.ts'
import type { Segment } from './segment.ts'
import type { SegmentList } from './segment-list.ts'

export const NONE_ABORTED: readonly AbortedTransaction[] = []

const NO_SEGMENTS: readonly Segment[] = []

/** Reads the index of aborted transactions of a segment; builds it anew when it makes no sense. */
export type LoadAborted = (segment: Segment) => Reading<void>

/**
 * The segments in which such transactions may have their markers. Taken before anything is read: their
 * indexes then go with the bytes, whatever becomes of the log meanwhile.
 */
export function segmentsWithAborted(
  segments: SegmentList,
  fromOffset: number,
  belowOffset: number,
): readonly Segment[] {
  let found: Segment[] | null = null
  for (let index = segments.floorIndex(fromOffset); index < segments.count; index++) {
    const segment = segments.at(index)!
    if (!segment.txnIndex.mayHaveBegunBelow(belowOffset)) continue
    found ??= []
    found.push(segment)
  }
  return found ?? NO_SEGMENTS
}

/**
 * The aborted transactions that have records in `[fromOffset, belowOffset)`, by their markers. They are
 * whole when all transactions that begin below `belowOffset` have ended.
 *
 * @param segments of `segmentsWithAborted`, for this `fromOffset` and at least this `belowOffset`
 */
export function* abortedIn(
  segments: readonly Segment[],
  fromOffset: number,
  belowOffset: number,
  load: LoadAborted,
): Reading<readonly AbortedTransaction[]> {
  const found: AbortedTransaction[] = []
  for (const segment of segments) {
    if (!segment.txnIndex.mayHaveBegunBelow(belowOffset)) continue
    yield* load(segment)
    if (takeFrom(segment, fromOffset, belowOffset, found)) break
  }
  return found.length === 0 ? NONE_ABORTED : found
}

/** @returns true when those that follow do not count any more */
function takeFrom(
  { txnIndex }: Segment,
  fromOffset: number,
  belowOffset: number,
  found: AbortedTransaction[],
): boolean {
  const { count } = txnIndex
  for (let slot = txnIndex.slotFrom(fromOffset); slot < count; slot++) {
    const aborted = txnIndex.at(slot)
    if (aborted.firstOffset < belowOffset) found.push(aborted)
    if (aborted.lastStableOffset >= belowOffset) return true
  }
  return false
}
