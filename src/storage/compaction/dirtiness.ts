// What of a log may be compacted, and whether it is time. A decision only, as retention.ts.
//
//   segments   [ clean )[ clean   )[ dirty )[ dirty  )[ too young )[ active
//                            first dirty ▲             ▲ limit
//
//   dirty ratio = dirty bytes below the limit / all bytes below the limit
//
// Source: apache/kafka, LogCleanerManager.java and LogToClean.java; KIP-58, KIP-354.

import type { LogConfig } from '../log-config.ts'

/** A segment as compaction sees it. */
export interface CompactedSegment {
  readonly baseOffset: number
  /** Offset after its last record. */
  readonly endOffset: number
  readonly sizeBytes: number
  /** Of the segment's newest record, milliseconds since 1970; -1 when it has none, or it was not
   *  looked for. */
  readonly maxTimestamp: number
  /** Of its first batch, in the same way. */
  readonly firstTimestamp: number
}

export type CompactionConfig = Pick<
  LogConfig,
  'minCleanableDirtyRatio' | 'minCompactionLagMs' | 'maxCompactionLagMs'
>

export interface CompactionFacts {
  /** All segments, oldest first. The last one is active. */
  readonly segments: readonly CompactedSegment[]
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Below it the log was compacted; null when it never was. */
  readonly cleanedOffset: number | null
  /** Nothing at or above it is touched: it may be undone, or is not on disk. */
  readonly stableOffset: number
  readonly config: CompactionConfig
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number
}

export interface Dirtiness {
  readonly firstDirtyOffset: number
  /** Where the first segment begins that is not touched. */
  readonly limitOffset: number
  readonly dirtyBytes: number
  /** 0 to 1. */
  readonly dirtyRatio: number
  /** Something waits for longer than max.compaction.lag.ms. */
  readonly isOverdue: boolean
  /** The log is to be compacted. */
  readonly isDue: boolean
}

/** Where compaction begins to read keys. What was cleaned before counts unless the log contradicts it. */
export function firstDirtyOffset(
  facts: Pick<CompactionFacts, 'cleanedOffset' | 'logStartOffset' | 'logEndOffset'>,
): number {
  const { cleanedOffset, logStartOffset, logEndOffset } = facts
  if (cleanedOffset === null || cleanedOffset > logEndOffset) return logStartOffset
  return Math.max(cleanedOffset, logStartOffset)
}

export function dirtinessOf(facts: CompactionFacts): Dirtiness {
  const { segments, config, nowMs } = facts
  const from = firstDirtyOffset(facts)
  const limitOffset = limitOf(facts, from)
  let cleanBytes = 0
  let dirtyBytes = 0
  let oldest = Infinity
  for (const { endOffset, sizeBytes, firstTimestamp } of segments.slice(0, -1)) {
    if (endOffset > limitOffset) break
    if (endOffset <= from) {
      cleanBytes += sizeBytes
      continue
    }
    dirtyBytes += sizeBytes
    if (firstTimestamp >= 0) oldest = Math.min(oldest, firstTimestamp)
  }
  const allBytes = cleanBytes + dirtyBytes
  const dirtyRatio = allBytes === 0 ? 0 : dirtyBytes / allBytes
  const isOverdue = dirtyBytes > 0 && oldest < nowMs - config.maxCompactionLagMs
  return {
    ...{ firstDirtyOffset: from, limitOffset, dirtyBytes, dirtyRatio, isOverdue },
    isDue: isOverdue || dirtyRatio > config.minCleanableDirtyRatio,
  }
}

/** Segments are touched as a whole or not at all. */
function limitOf({ segments, stableOffset, config, nowMs }: CompactionFacts, from: number): number {
  const limit = segments.findIndex((segment, index) => {
    if (index === segments.length - 1 || segment.endOffset > stableOffset) return true
    const { minCompactionLagMs } = config
    const isDirty = segment.endOffset > from
    return isDirty && minCompactionLagMs > 0 && segment.maxTimestamp > nowMs - minCompactionLagMs
  })
  return segments[limit]!.baseOffset
}
