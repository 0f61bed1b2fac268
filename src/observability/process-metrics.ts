// What the process itself is doing: memory, CPU, how late its event loop is.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import process from 'node:process'
import type { Metrics } from './metrics.ts'

const NANOSECONDS = 1e-9
const MICROSECONDS = 1e-6

/** Quantiles of the event loop's delay, in percent. */
const QUANTILES = [50, 90, 99, 99.9, 100] as const

/**
 * Feeds the metrics of the process.
 *
 * @returns a function that stops the measuring
 */
export function feedProcessMetrics(metrics: Metrics): () => void {
  // Resolution in milliseconds: how often the loop is looked at.
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  let utilization = performance.eventLoopUtilization()

  metrics.feed('sluice_event_loop_delay_seconds', () => {
    const samples = QUANTILES.map((percent) => {
      const value = delay.count === 0 ? 0 : delay.percentile(percent) * NANOSECONDS
      return { labels: { quantile: String(percent / 100) }, value }
    })
    delay.reset()
    return samples
  })
  metrics.feedNumber('sluice_event_loop_utilization', () => {
    const now = performance.eventLoopUtilization()
    const { utilization: share } = performance.eventLoopUtilization(now, utilization)
    utilization = now
    return share
  })
  metrics.feedNumber('process_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) * MICROSECONDS
  })
  metrics.feedNumber('process_resident_memory_bytes', () => process.memoryUsage.rss())
  metrics.feedNumber('process_heap_bytes', () => process.memoryUsage().heapUsed)
  metrics.feedNumber('process_external_memory_bytes', () => process.memoryUsage().external)
  metrics.feedNumber('process_start_time_seconds', () => performance.timeOrigin / 1_000)
  return () => delay.disable()
}
