// Asks an open log for what dirtiness.ts decides by.

import type { Clock } from '../../io/clock.ts'
import type { PartitionLog } from '../partition-log.ts'
import { readInPool } from '../segment/reading.ts'
import {
  dirtinessOf,
  firstDirtyOffset,
  type CompactedSegment,
  type Dirtiness,
} from './dirtiness.ts'

export interface LogDirtinessOptions {
  /** Below it the log was compacted; null when it never was. */
  readonly cleanedOffset: number | null
  /** Nothing at or above it is touched. Asked when everything else is known. */
  readonly stableOffsetOf: (log: PartitionLog) => number
  readonly clock: Clock
}

/**
 * Closes an active segment in which something waits for longer than max.compaction.lag.ms: what nobody
 * appends to would never be compacted (KIP-354).
 *
 * @throws the system's error; BrokerError KAFKA_STORAGE_ERROR, the log is offline then
 */
export async function rollOverdue(log: PartitionLog, clock: Clock): Promise<void> {
  const { maxCompactionLagMs } = log.config
  const { active } = log.segments
  if (maxCompactionLagMs >= Number.MAX_SAFE_INTEGER || active.sizeBytes === 0) return
  const firstTimestamp = await readInPool(active.firstTimestamp())
  const isOverdue = firstTimestamp >= 0 && firstTimestamp < clock.now() - maxCompactionLagMs
  if (isOverdue && active === log.segments.active && log.offline === null) log.roll()
}

/** What of a log may be compacted, and whether it is time. @throws the system's error */
export async function dirtinessOfLog(
  log: PartitionLog,
  { cleanedOffset, stableOffsetOf, clock }: LogDirtinessOptions,
): Promise<Dirtiness> {
  const { logStartOffset, logEndOffset, config } = log
  const from = firstDirtyOffset({ cleanedOffset, logStartOffset, logEndOffset })
  const wantsNewest = config.minCompactionLagMs > 0
  const wantsFirst = config.maxCompactionLagMs < Number.MAX_SAFE_INTEGER
  const segments: CompactedSegment[] = []
  for (const facts of log.segmentFacts()) {
    const isDirty = facts.endOffset > from
    const segment = log.segments.at(log.segments.floorIndex(facts.baseOffset))!
    const maxTimestamp =
      isDirty && wantsNewest ? (await readInPool(segment.largestTimestamp())).timestamp : -1
    const firstTimestamp = isDirty && wantsFirst ? await readInPool(segment.firstTimestamp()) : -1
    segments.push({ ...facts, maxTimestamp, firstTimestamp })
  }
  return dirtinessOf({
    ...{ segments, logStartOffset, logEndOffset, cleanedOffset, config },
    stableOffset: stableOffsetOf(log),
    nowMs: clock.now(),
  })
}
