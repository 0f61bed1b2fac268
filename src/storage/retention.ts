// Which closed segments of a log may go. A decision only; log-manager.ts carries it out.
//
//   segments     [0, 100)  [100, 200)  [200, 300)  [300, …) active
//                └────── goes ───────┘└────── stays ──────────────┘
//
// Segments go from the front, and never one behind another that stays. Each must be
//
//   - below the log start offset, or
//   - older, by its newest record, than retention.ms, or
//   - not needed to hold retention.bytes.
//
// A segment without timestamps, as compaction leaves one that it has emptied, is older than what lies
// behind it: it goes by time when that does.
//
// Source: UnifiedLog.deleteOldSegments in apache/kafka.

import type { LogConfig } from './log-config.ts'

/** A segment as retention sees it. */
export interface RetentionSegment {
  readonly baseOffset: number
  /** Offset after its last record; `baseOffset` while it is empty. */
  readonly endOffset: number
  readonly sizeBytes: number
  /** Newest timestamp of its records, milliseconds since 1970. -1 when none has one; Infinity when it is
   *  not known, which keeps the segment. */
  readonly maxTimestamp: number
}

export interface RetentionFacts {
  /** All segments, oldest first. The last one is active. */
  readonly segments: readonly RetentionSegment[]
  readonly logStartOffset: number
  /** Nothing at or above this goes: readers and replicas may not have seen it. */
  readonly limitOffset: number
  readonly config: Pick<LogConfig, 'retentionMs' | 'retentionBytes' | 'cleanupPolicy'>
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number
}

export type RetentionReason = 'log-start-offset' | 'time' | 'size'

export interface RetentionPlan {
  /** The log starts here afterwards. Every segment that ends at or below it goes. */
  readonly startOffset: number
  /** Segments that go, oldest first, each with the first reason that holds. */
  readonly removed: readonly { readonly baseOffset: number; readonly reason: RetentionReason }[]
  /** The active segment goes as well: it has to be rolled first. */
  readonly rollsActive: boolean
}

/** @returns null when nothing goes */
export function planRetention(facts: RetentionFacts): RetentionPlan | null {
  const { segments, config, nowMs } = facts
  const deletes = config.cleanupPolicy.includes('delete')
  let spareBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, -config.retentionBytes)
  const removed: { baseOffset: number; reason: RetentionReason }[] = []
  // Those without timestamps, of which the next one decides.
  let undated: number[] = []

  for (const segment of segments) {
    const { baseOffset, endOffset, sizeBytes } = segment
    // An empty active segment has nothing to give.
    const isEmptyActive = segment === segments.at(-1) && endOffset === baseOffset
    if (isEmptyActive || endOffset > facts.limitOffset) break
    const bySize = config.retentionBytes >= 0 && spareBytes >= sizeBytes && undated.length === 0
    const reason: RetentionReason | null =
      endOffset <= facts.logStartOffset && segment !== segments.at(-1)
        ? 'log-start-offset'
        : deletes && isOld(segment, config.retentionMs, nowMs)
          ? 'time'
          : deletes && bySize
            ? 'size'
            : null
    spareBytes -= sizeBytes
    if (reason !== null) {
      removed.push(...undated.map((base) => ({ baseOffset: base, reason })), { baseOffset, reason })
      undated = []
    } else if (deletes && segment.maxTimestamp < 0) undated.push(baseOffset)
    else break
  }

  const last = segments[removed.length - 1]
  if (last === undefined) return null
  const startOffset = Math.max(facts.logStartOffset, last.endOffset)
  return { startOffset, removed, rollsActive: removed.length === segments.length }
}

// A clock that was set back makes records look younger, and a timestamp ahead of the clock is not
// old: both keep the segment. A segment without timestamps has no age.
function isOld({ maxTimestamp }: RetentionSegment, retentionMs: number, nowMs: number): boolean {
  return retentionMs >= 0 && maxTimestamp >= 0 && nowMs - maxTimestamp > retentionMs
}
