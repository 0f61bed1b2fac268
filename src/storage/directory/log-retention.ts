// Carries retention out on one log: asks for what the decision needs, and does what it says.

import type { PartitionLog } from '../partition-log.ts'
import { planRetention, type RetentionPlan, type RetentionSegment } from '../retention.ts'

export interface RetentionRunOptions {
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number
  /** False when the log went away or offline while timestamps were read. */
  readonly isUsable: () => boolean
  /** Brings a new log start offset to disk, before segments go. @throws the system's error */
  readonly saveLogStart: (startOffset: number) => void
}

/**
 * Removes the segments of a log that may go.
 *
 * @returns what went, or null when nothing did
 * @throws BrokerError KAFKA_STORAGE_ERROR; the system's error when the start could not be saved
 */
export async function applyRetention(
  log: PartitionLog,
  options: RetentionRunOptions,
): Promise<RetentionPlan | null> {
  const segments = await retentionSegments(log, options.nowMs)
  if (!options.isUsable()) return null
  const { logStartOffset, durableOffset, config } = log
  const { nowMs } = options
  const limitOffset = durableOffset
  const plan = planRetention({ segments, logStartOffset, limitOffset, config, nowMs })
  if (plan === null) return null
  if (plan.rollsActive) log.roll()
  // What was read stays true: only this removes segments from the front, and an active segment that
  // was appended to meanwhile ends above the limit.
  if (log.segmentFacts()[plan.removed.length - 1]?.endOffset !== plan.startOffset) {
    if (plan.removed.at(-1)?.reason !== 'log-start-offset') return null
  }
  options.saveLogStart(plan.startOffset)
  log.removeSegments(plan.removed.length)
  return plan
}

/** Newest timestamps are read from the front, as far as segments are old. */
async function retentionSegments(log: PartitionLog, nowMs: number): Promise<RetentionSegment[]> {
  const facts = log.segmentFacts()
  const { retentionMs } = log.config
  const timestamps: number[] = []
  for (const { baseOffset } of retentionMs < 0 ? [] : facts) {
    const timestamp = await log.segmentTimestamp(baseOffset)
    timestamps.push(timestamp)
    if (timestamp < 0 || nowMs - timestamp <= retentionMs) break
  }
  return facts.map((segment, at) => ({ ...segment, maxTimestamp: timestamps[at] ?? nowMs }))
}
