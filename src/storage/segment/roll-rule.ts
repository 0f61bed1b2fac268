// The rule that says when a segment is full. Source: apache/kafka, LogSegment.shouldRoll.

import type { LogConfig } from '../log-config.ts'
import { MAX_RELATIVE_OFFSET } from './offset-index.ts'

export type RollConfig = Pick<
  LogConfig,
  'segmentBytes' | 'segmentMs' | 'cleanupPolicy' | 'maxCompactionLagMs'
>

/** The active segment, and the batch that would go into it. */
export interface RollFacts {
  readonly baseOffset: number
  /** Bytes in the segment, those that wait to be written included. */
  readonly segmentBytes: number
  readonly isIndexFull: boolean
  /** Timestamp of the segment's first batch, or -1. */
  readonly firstTimestamp: number
  /** Milliseconds since the segment was made or opened. */
  readonly openMs: number
  readonly batchBytes: number
  readonly batchLastOffset: number
  /** Largest timestamp of the batch, or -1. */
  readonly batchTimestamp: number
}

/** True when a new segment has to be made before the batch is appended. */
export function isRollDue(facts: RollFacts, config: RollConfig): boolean {
  if (facts.batchLastOffset - facts.baseOffset > MAX_RELATIVE_OFFSET) return true
  if (facts.segmentBytes === 0) return false
  if (facts.segmentBytes + facts.batchBytes > config.segmentBytes) return true
  if (facts.isIndexFull) return true
  // By the records' own time where they have one, so that old data written again rolls as it did.
  const { firstTimestamp, batchTimestamp } = facts
  const hasTimes = firstTimestamp >= 0 && batchTimestamp >= 0
  const ageMs = hasTimes ? batchTimestamp - firstTimestamp : facts.openMs
  return ageMs > longestAgeMs(config)
}

// What is in the active segment is not compacted: it must not wait there for longer than it may.
function longestAgeMs({ segmentMs, cleanupPolicy, maxCompactionLagMs }: RollConfig): number {
  return cleanupPolicy.includes('compact') ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs
}
