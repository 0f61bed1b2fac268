// What is measured of a run, and how: latencies, processor time and memory of both sides.

import { readFileSync } from 'node:fs'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** What one run of a cell gave. */
export interface Run {
  readonly seconds: number
  readonly batches: number
  readonly megabytesPerSecond: number
  readonly recordsPerSecond: number
  readonly latency: RecordableHistogram
  /** Processor seconds a second, of the other process and of this one. */
  readonly serverCpu: number
  readonly clientCpu: number
}

/** Ticks a second in /proc. Always 100 on Linux. */
const TICKS_PER_SECOND = 100

/** Processor time that a process has used, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the command in parentheses, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory of a process now and at its peak, in megabytes. */
export function residentMegabytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string): number => {
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1])
  }
  return { now: (kilobytes('VmRSS') * 1024) / 1e6, peak: (kilobytes('VmHWM') * 1024) / 1e6 }
}

export function newLatencies(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 120_000_000, figures: 3 })
}

/** A percentile in milliseconds, of a histogram of microseconds. */
export function percentileMs(histogram: RecordableHistogram, percentile: number): number {
  return histogram.percentile(percentile) / 1_000
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Measures processor time of both sides around an action. */
export async function timed(
  pid: number | null,
  action: () => Promise<{
    readonly batches: number
    readonly bytes: number
    readonly records: number
  }>,
  latency: RecordableHistogram,
): Promise<Run> {
  const serverBefore = pid === null ? 0 : cpuSeconds(pid)
  const clientBefore = process.cpuUsage()
  const begun = performance.now()
  const { batches, bytes, records } = await action()
  const seconds = (performance.now() - begun) / 1_000
  const used = process.cpuUsage(clientBefore)
  return {
    seconds,
    batches,
    megabytesPerSecond: bytes / 1e6 / seconds,
    recordsPerSecond: records / seconds,
    latency,
    serverCpu: pid === null ? 0 : (cpuSeconds(pid) - serverBefore) / seconds,
    clientCpu: (used.user + used.system) / 1e6 / seconds,
  }
}
