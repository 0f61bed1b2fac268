// The text for Prometheus.

import { expect, test } from 'vitest'
import { Counter, Distribution } from '../../src/observability/counters.ts'
import { Metrics, METRICS } from '../../src/observability/metrics.ts'
import { feedProcessMetrics } from '../../src/observability/process-metrics.ts'

test('a source is read at each scrape', async () => {
  const metrics = new Metrics()
  const counter = new Counter()
  metrics.feed('sluice_requests_total', () => [
    { labels: { api: 'Produce', outcome: 'OK' }, value: counter.value },
  ])
  counter.add(3)
  expect((await metrics.text()).text).toContain(
    'sluice_requests_total{api="Produce",outcome="OK"} 3',
  )
  counter.add()
  const { text } = await metrics.text()
  expect(text).toContain('sluice_requests_total{api="Produce",outcome="OK"} 4')
  expect(text).toContain('# TYPE sluice_requests_total counter')
})

// Known answer: the exposition format's rule that buckets hold all that is at or below their bound.
test('a distribution is a histogram in seconds', async () => {
  const metrics = new Metrics()
  const latency = new Distribution([1, 2.5, 10])
  for (const ms of [0.5, 2, 2.5, 100]) latency.observe(ms)
  metrics.feedNumber('sluice_produce_duration_seconds', () => latency)
  const lines = (await metrics.text()).text.split('\n').filter((line) => line.startsWith('sluice_'))
  expect(lines).toEqual([
    'sluice_produce_duration_seconds_bucket{le="0.001"} 1',
    'sluice_produce_duration_seconds_bucket{le="0.0025"} 3',
    'sluice_produce_duration_seconds_bucket{le="0.01"} 3',
    'sluice_produce_duration_seconds_bucket{le="+Inf"} 4',
    'sluice_produce_duration_seconds_sum 0.105',
    'sluice_produce_duration_seconds_count 4',
  ])
})

test('names and labels that users choose are escaped', async () => {
  const metrics = new Metrics()
  metrics.feed('sluice_log_end_offset', () => [
    { labels: { topic: 'a"b\\c\nd', partition: '0' }, value: 1 },
  ])
  expect((await metrics.text()).text).toContain('{topic="a\\"b\\\\c\\nd",partition="0"} 1')
})

test('the process says what it uses', async () => {
  const metrics = new Metrics()
  const stop = feedProcessMetrics(metrics)
  const { text } = await metrics.text()
  stop()
  const resident = Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)![1])
  expect(resident).toBeGreaterThan(10_000_000)
  expect(text).toMatch(/^sluice_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+$/m)
})

test('every metric has a name of its kind', () => {
  for (const [name, { type, help }] of Object.entries(METRICS)) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    expect(help.length, name).toBeGreaterThan(10)
    expect(name).toMatch(/^(sluice|process)_[a-z_]+$/)
  }
})
