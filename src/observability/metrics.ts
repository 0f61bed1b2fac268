// Every metric, in one table; and the text of them for Prometheus.
//
// Nothing is kept here. Parts of the broker count in plain numbers (counters.ts); when somebody asks,
// each metric's source is read once and written down.
//
// Source: Prometheus exposition format 0.0.4, as prom-client writes it.

import assert from 'node:assert'
import type { Metric } from 'prom-client'
import type { Distribution } from './counters.ts'

interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** What a histogram's numbers are multiplied by: it counts milliseconds, Prometheus wants seconds. */
  readonly scale?: number
}

const MS_TO_SECONDS = 0.001

/** Names begin with `sluice_`, but for those that Prometheus gives to every process. */
export const METRICS = {
  sluice_requests_total: {
    type: 'counter',
    help: 'Requests that were answered, by API and outcome: OK, or the name of the error',
    labels: ['api', 'outcome'],
  },
  sluice_request_duration_seconds: {
    type: 'histogram',
    help: 'From the arrival of a request to its answer, by API',
    labels: ['api'],
    scale: MS_TO_SECONDS,
  },
  sluice_request_bytes_total: {
    type: 'counter',
    help: 'Bytes of messages received, by API',
    labels: ['api'],
  },
  sluice_response_bytes_total: {
    type: 'counter',
    help: 'Bytes of messages sent, by API',
    labels: ['api'],
  },
  sluice_open_streams: {
    type: 'gauge',
    help: 'Streaming calls that are open, by API',
    labels: ['api'],
  },
  sluice_connections: {
    type: 'gauge',
    help: 'Connections that are open, by listener',
    labels: ['listener'],
  },
  sluice_connections_total: {
    type: 'counter',
    help: 'Connections that were opened, by listener',
    labels: ['listener'],
  },
  sluice_connection_errors_total: {
    type: 'counter',
    help: 'Connections that failed, by listener',
    labels: ['listener'],
  },
  sluice_connections_refused_total: {
    type: 'counter',
    help:
      'Connections that a listener closed, by cause. Kafka: frame_size, slow_frame, bad_request, ' +
      'unknown_client (has not authenticated in time), slow_reader (took no answer for a minute), ' +
      'connection_limit. Kafka and gRPC: send_memory (took no answer or too slowly, and others needed ' +
      'the memory)',
    labels: ['listener', 'cause'],
  },
  sluice_request_bytes_held: {
    type: 'gauge',
    help: 'Bytes of requests that the Kafka front has in memory, whole or not, and has not answered',
    labels: [],
  },
  sluice_response_bytes_held: {
    type: 'gauge',
    help: 'Bytes of answers that are in memory and that clients have not taken, by listener',
    labels: ['listener'],
  },
  sluice_produced_records_total: {
    type: 'counter',
    help: 'Records that were appended',
    labels: [],
  },
  sluice_produced_batches_total: {
    type: 'counter',
    help: 'Record batches that were appended',
    labels: [],
  },
  sluice_produced_bytes_total: {
    type: 'counter',
    help: 'Bytes of record batches that were appended',
    labels: [],
  },
  sluice_refused_batches_total: {
    type: 'counter',
    help: 'Record batches that were refused',
    labels: [],
  },
  sluice_repeated_batches_total: {
    type: 'counter',
    help: 'Record batches that idempotent producers sent again, and that were not stored again',
    labels: [],
  },
  sluice_produce_bytes_in_flight: {
    type: 'gauge',
    help: 'Bytes of record batches that were taken and are not acknowledged',
    labels: [],
  },
  sluice_produce_duration_seconds: {
    type: 'histogram',
    help: 'From a produce request until all of its batches have their results',
    labels: [],
    scale: MS_TO_SECONDS,
  },
  sluice_fetched_bytes_total: {
    type: 'counter',
    help: 'Bytes of record batches that were read for clients',
    labels: [],
  },
  sluice_fetch_sessions: {
    type: 'gauge',
    help: 'Fetch streams and subscriptions that are open',
    labels: [],
  },
  sluice_fetch_waiting: {
    type: 'gauge',
    help: 'Fetch requests that wait for records',
    labels: [],
  },
  sluice_groups: {
    type: 'gauge',
    help: 'Groups, by protocol and state',
    labels: ['type', 'state'],
  },
  sluice_group_rebalances_total: {
    type: 'counter',
    help: 'Generations and group epochs that were begun',
    labels: [],
  },
  sluice_committed_offsets_total: {
    type: 'counter',
    help: 'Offsets of partitions that groups have committed',
    labels: [],
  },
  sluice_transactions: {
    type: 'gauge',
    help: 'Transactional ids, by the state of their transaction',
    labels: ['state'],
  },
  sluice_transactions_ended_total: {
    type: 'counter',
    help: 'Transactions that have ended in all of their partitions, by outcome',
    labels: ['outcome'],
  },
  sluice_transactions_fenced_total: {
    type: 'counter',
    help: 'Transactions that were aborted under their producer: too long, or a newer one came',
    labels: [],
  },
  sluice_transactions_legacy_total: {
    type: 'counter',
    help: 'Transactions that ended without an epoch of their own, by clients that know no better',
    labels: [],
  },
  sluice_flush_rounds_total: {
    type: 'counter',
    help: 'Commit rounds, by how they made bytes durable: each log by itself, or the journal',
    labels: ['way'],
  },
  sluice_flush_duration_seconds: {
    type: 'histogram',
    help: 'How long a commit round took',
    labels: [],
    scale: MS_TO_SECONDS,
  },
  sluice_sync_duration_seconds: {
    type: 'histogram',
    help: 'How long the sync of one log file took',
    labels: [],
    scale: MS_TO_SECONDS,
  },
  sluice_flush_failures_total: {
    type: 'counter',
    help: 'Syncs that the disk refused, of logs or of the journal',
    labels: ['way'],
  },
  sluice_durable_bytes_total: {
    type: 'counter',
    help: 'Bytes that commit rounds made durable',
    labels: [],
  },
  sluice_dirty_logs: {
    type: 'gauge',
    help: 'Logs that wait for a commit round',
    labels: [],
  },
  sluice_journal_bytes: {
    type: 'gauge',
    help: 'Bytes of the commit journal on disk',
    labels: [],
  },
  sluice_log_size_bytes: {
    type: 'gauge',
    help: 'Bytes of the segments of a partition',
    labels: ['topic', 'partition'],
  },
  sluice_log_start_offset: {
    type: 'gauge',
    help: 'First offset that a partition holds',
    labels: ['topic', 'partition'],
  },
  sluice_log_end_offset: {
    type: 'gauge',
    help: 'Offset of the next record of a partition',
    labels: ['topic', 'partition'],
  },
  sluice_high_watermark: {
    type: 'gauge',
    help: 'Records of a partition below this offset may be read',
    labels: ['topic', 'partition'],
  },
  sluice_last_stable_offset: {
    type: 'gauge',
    help: 'Readers of committed records stop here; behind the high watermark while one is undecided',
    labels: ['topic', 'partition'],
  },
  sluice_compactions_total: {
    type: 'counter',
    help: 'Passes of compaction over a partition',
    labels: [],
  },
  sluice_compaction_bytes_total: {
    type: 'counter',
    help: 'Bytes of segments that compaction has read and written',
    labels: ['way'],
  },
  sluice_compaction_removed_records_total: {
    type: 'counter',
    help: 'Records that compaction has removed',
    labels: [],
  },
  sluice_compaction_dirty_ratio_max: {
    type: 'gauge',
    help: 'Largest share of a compacted partition that waits for compaction, 0 to 1',
    labels: [],
  },
  sluice_compaction_last_pass_timestamp_seconds: {
    type: 'gauge',
    help: 'When compaction last ended a pass, in seconds since 1970; 0 when it has not since the start',
    labels: [],
  },
  sluice_uncleanable_partitions: {
    type: 'gauge',
    help: 'Partitions that are not compacted because they are damaged',
    labels: [],
  },
  sluice_offline_partitions: {
    type: 'gauge',
    help: 'Partitions whose log is offline after a disk error',
    labels: [],
  },
  sluice_producer_ids: {
    type: 'gauge',
    help: 'Idempotent producers that partitions remember; one counts in each of its partitions',
    labels: [],
  },
  sluice_open_transactions: {
    type: 'gauge',
    help: 'Transactions that are open in partitions; one counts in each of its partitions',
    labels: [],
  },
  sluice_partitions: { type: 'gauge', help: 'Partitions on this broker', labels: [] },
  sluice_topics: { type: 'gauge', help: 'Topics of the cluster', labels: [] },
  sluice_disk_free_bytes: {
    type: 'gauge',
    help: 'Bytes that may still be written on the disk of the data directory',
    labels: [],
  },
  sluice_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'How late the event loop came to its timers since the last scrape, by quantile',
    labels: ['quantile'],
  },
  sluice_event_loop_utilization: {
    type: 'gauge',
    help: 'Share of time that the event loop was busy since the last scrape, 0 to 1',
    labels: [],
  },
  sluice_ready: {
    type: 'gauge',
    help: '1 when the broker has recovered and takes requests, 0 when not',
    labels: [],
  },
  sluice_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what runs',
    labels: ['version', 'node_version'],
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of the process, in user and system mode',
    labels: [],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of the process',
    labels: [],
  },
  process_heap_bytes: { type: 'gauge', help: 'JavaScript heap in use', labels: [] },
  process_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory outside the heap that JavaScript holds: buffers, the storage core',
    labels: [],
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process began, in seconds since 1970',
    labels: [],
  },
} as const satisfies Record<string, MetricEntry>

export type MetricName = keyof typeof METRICS

/** One value of a metric: a number, or a distribution where the metric is a histogram. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number | Distribution
}

interface Value {
  readonly metricName: string
  readonly labels: Record<string, string | number>
  readonly value: number
}

/** The sources of the metrics, and the text made of them. */
export class Metrics {
  readonly #sources = new Map<MetricName, () => Iterable<Sample>>()

  /** Metrics of the table that have no source. */
  get unfed(): MetricName[] {
    return (Object.keys(METRICS) as MetricName[]).filter((name) => !this.#sources.has(name))
  }

  /** Names the source of a metric: called at each scrape. */
  feed(name: MetricName, source: () => Iterable<Sample>): void {
    assert(!this.#sources.has(name), `${name} has a source already`)
    this.#sources.set(name, source)
  }

  /** As `feed`, for a metric without labels. */
  feedNumber(name: MetricName, source: () => number | Distribution): void {
    this.feed(name, () => [{ labels: {}, value: source() }])
  }

  /** Reads all sources. */
  async text(): Promise<{ readonly text: string; readonly contentType: string }> {
    // Loaded when somebody asks: a broker that nobody scrapes does without.
    const { Registry } = await import('prom-client')
    const registry = new Registry()
    for (const [name, source] of this.#sources) {
      const entry: MetricEntry = METRICS[name]
      const { type, help } = entry
      // What prom-client wants of a metric is a name, and `get` with the values at this moment.
      const get = (): object => {
        return { name, help, type, aggregator: 'sum', values: valuesOf(name, entry, source()) }
      }
      registry.registerMetric({ name, get } as unknown as Metric)
    }
    return { text: await registry.metrics(), contentType: registry.contentType }
  }
}

function valuesOf(name: MetricName, entry: MetricEntry, samples: Iterable<Sample>): Value[] {
  const values: Value[] = []
  for (const { labels, value } of samples) {
    if (typeof value === 'number') values.push({ metricName: name, labels: { ...labels }, value })
    else values.push(...histogramOf(name, entry.scale ?? 1, labels, value))
  }
  return values
}

function histogramOf(
  name: string,
  scale: number,
  labels: Readonly<Record<string, string>>,
  { bounds, counts, sum, count }: Distribution,
): Value[] {
  const values: Value[] = []
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    below += counts[index]!
    // Without this, 2.5 ms would be written as 0.0025000000000000001 s.
    const le = Number((bound * scale).toPrecision(12))
    values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: below })
  }
  values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count })
  values.push({ metricName: `${name}_sum`, labels: { ...labels }, value: sum * scale })
  values.push({ metricName: `${name}_count`, labels: { ...labels }, value: count })
  return values
}
