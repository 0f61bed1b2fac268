// Carries retention out on one log: asks for what the decision needs, and does what it says.

import type { PartitionLog } from '../partition-log.ts'
import { planRetention, type RetentionPlan } from '../retention.ts'

export interface RetentionRunOptions {
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number
  /** False when the log went away or offline while timestamps were read. */
  readonly isUsable: () => boolean
  /** Brings a new log start offset to disk, and removes segments then. @throws the system's error */
  readonly moveStart: (startOffset: number, remove: () => void) => Promise<void>
}

/**
 * Removes the segments of a log that may go: whole ones, from the front, whose records are durable.
 *
 * @returns what went, or null when nothing did
 * @throws BrokerError KAFKA_STORAGE_ERROR; the system's error when the start could not be saved
 */
export async function applyRetention(
  log: PartitionLog,
  options: RetentionRunOptions,
): Promise<RetentionPlan | null> {
  const { nowMs } = options
  const timestamps = await newestTimestamps(log, nowMs)
  if (!options.isUsable()) return null

  log.writePending()
  const segments = log.segmentFacts().map((segment) => {
    const read = timestamps.get(segment.baseOffset)
    const isAsRead = read?.endOffset === segment.endOffset
    return { ...segment, maxTimestamp: isAsRead ? read.maxTimestamp : Infinity }
  })
  const { logStartOffset, durableOffset: limitOffset, config } = log
  const plan = planRetention({ segments, logStartOffset, limitOffset, config, nowMs })
  if (plan === null) return null
  if (plan.rollsActive) log.roll()
  const { truncations } = log
  let removed = false
  await options.moveStart(plan.startOffset, () => {
    // What was decided stays true while the start is saved, unless the log was cut or went away.
    removed = options.isUsable() && log.truncations === truncations
    if (removed) log.removeSegments(log.segments.floorIndex(plan.startOffset))
  })
  return removed ? plan : null
}

interface NewestTimestamp {
  readonly endOffset: number
  readonly maxTimestamp: number
}

/** By base offset, from the front as far as segments are old: no more is asked for. */
async function newestTimestamps(
  log: PartitionLog,
  nowMs: number,
): Promise<Map<number, NewestTimestamp>> {
  const found = new Map<number, NewestTimestamp>()
  const { retentionMs, cleanupPolicy } = log.config
  if (retentionMs < 0 || !cleanupPolicy.includes('delete')) return found
  for (const { baseOffset, endOffset } of log.segmentFacts()) {
    const maxTimestamp = await log.segmentTimestamp(baseOffset)
    found.set(baseOffset, { endOffset, maxTimestamp })
    if (maxTimestamp >= 0 && nowMs - maxTimestamp <= retentionMs) break
  }
  return found
}
