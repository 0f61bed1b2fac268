// What the process itself is doing: memory, CPU, how late its event loop is.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import process from 'node:process'
import type { Metrics } from './metrics.ts'

const NS_TO_MS = 1e-6
const US_TO_SECONDS = 1e-6

/** Quantiles of the event loop's delay, in percent, and as Prometheus names them. */
const QUANTILES = [
  [50, '0.5'],
  [90, '0.9'],
  [99, '0.99'],
  [99.9, '0.999'],
  [100, '1'],
] as const

/** How often the loop is looked at. What is measured is the time between two looks. */
const RESOLUTION_MS = 10

/**
 * Feeds the metrics of the process.
 *
 * @returns a function that stops the measuring
 */
export function feedProcessMetrics(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let utilization = performance.eventLoopUtilization()

  metrics.feed('sluice_event_loop_delay_seconds', () => {
    const samples = QUANTILES.map(([percent, quantile]) => {
      const betweenMs = delay.count === 0 ? 0 : delay.percentile(percent) * NS_TO_MS
      const lateMs = Math.max(0, betweenMs - RESOLUTION_MS)
      return { labels: { quantile }, value: Number((lateMs / 1_000).toFixed(6)) }
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
    return (user + system) * US_TO_SECONDS
  })
  metrics.feedNumber('process_resident_memory_bytes', () => process.memoryUsage.rss())
  metrics.feedNumber('process_heap_bytes', () => process.memoryUsage().heapUsed)
  metrics.feedNumber('process_external_memory_bytes', () => process.memoryUsage().external)
  metrics.feedNumber('process_start_time_seconds', () => performance.timeOrigin / 1_000)
  return () => delay.disable()
}
