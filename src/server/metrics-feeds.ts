// Where each metric comes from. Names and meanings: observability/metrics.ts.

import process from 'node:process'
import type { ApiCounters, ApiCounterSet } from '../observability/api-counters.ts'
import type { TcpListener } from '../network/tcp-listener.ts'
import type { Metrics, MetricName, Sample } from '../observability/metrics.ts'
import type { Partition } from '../replication/partition.ts'
import type { BrokerCore } from './broker-core.ts'
import type { GrpcFront } from './grpc/grpc-front.ts'
import type { GrpcServer } from './grpc/grpc-server.ts'
import type { HttpServer } from './http/http-server.ts'
import type { KafkaFront } from './kafka/kafka-front.ts'

/** Metrics of what stands below the listeners. @param freeBytes of the data directory's disk */
export function feedCoreMetrics(metrics: Metrics, core: BrokerCore, freeBytes: () => number): void {
  feedServices(metrics, core)
  feedGroups(metrics, core)
  feedTransactions(metrics, core)
  feedFlushes(metrics, core)
  feedPartitions(metrics, core)
  metrics.feedNumber('sluice_topics', () => core.store.image.topicCount)
  metrics.feedNumber('sluice_disk_free_bytes', freeBytes)
}

function feedServices(metrics: Metrics, { services }: BrokerCore): void {
  const { produce, fetch } = services
  const { counters } = produce
  metrics.feedNumber('sluice_produced_records_total', () => counters.records.value)
  metrics.feedNumber('sluice_produced_batches_total', () => counters.batches.value)
  metrics.feedNumber('sluice_produced_bytes_total', () => counters.bytes.value)
  metrics.feedNumber('sluice_refused_batches_total', () => counters.refused.value)
  metrics.feedNumber('sluice_repeated_batches_total', () => counters.repeated.value)
  metrics.feedNumber('sluice_produce_bytes_in_flight', () => produce.bytesInFlight)
  metrics.feedNumber('sluice_produce_duration_seconds', () => counters.latencyMs)
  metrics.feedNumber('sluice_fetched_bytes_total', () => fetch.counters.bytes.value)
  metrics.feedNumber('sluice_fetch_sessions', () => fetch.sessionCount)
  metrics.feedNumber('sluice_fetch_waiting', () => fetch.waitingCount)
}

function feedGroups(metrics: Metrics, { services }: BrokerCore): void {
  const { groups } = services
  metrics.feed('sluice_groups', () => {
    const counts = new Map<string, { labels: Record<string, string>; value: number }>()
    for (const { type, state } of groups.coordinator?.groupsNow() ?? []) {
      const key = `${type} ${state}`
      const sample = counts.get(key) ?? { labels: { type, state }, value: 0 }
      sample.value += 1
      counts.set(key, sample)
    }
    return counts.values()
  })
  const counters = () => groups.coordinator?.counters
  metrics.feedNumber('sluice_group_rebalances_total', () => counters()?.rebalances ?? 0)
  metrics.feedNumber('sluice_committed_offsets_total', () => counters()?.commits ?? 0)
}

function feedTransactions(metrics: Metrics, { services }: BrokerCore): void {
  const { transactions } = services
  metrics.feed('sluice_transactions', () => {
    const counts = new Map<string, { labels: Record<string, string>; value: number }>()
    for (const shard of transactions.coordinator?.shards() ?? []) {
      for (const { state } of shard.transactions.values()) {
        const sample = counts.get(state) ?? { labels: { state }, value: 0 }
        sample.value += 1
        counts.set(state, sample)
      }
    }
    return counts.values()
  })
  const counters = () => transactions.coordinator?.counters
  metrics.feed('sluice_transactions_ended_total', () => [
    { labels: { outcome: 'commit' }, value: counters()?.commits ?? 0 },
    { labels: { outcome: 'abort' }, value: counters()?.aborts ?? 0 },
  ])
  metrics.feedNumber('sluice_transactions_fenced_total', () => counters()?.fenced ?? 0)
  metrics.feedNumber('sluice_transactions_legacy_total', () => counters()?.legacy ?? 0)
}

function feedFlushes(metrics: Metrics, { replicas }: BrokerCore): void {
  const stats = () => replicas.logs.stats()
  metrics.feed('sluice_flush_rounds_total', () => {
    const { rounds, journalRounds } = stats()
    return byWay(rounds - journalRounds, journalRounds)
  })
  metrics.feed('sluice_flush_failures_total', () => {
    const { syncFailures, journalFailures } = stats()
    return byWay(syncFailures, journalFailures)
  })
  metrics.feedNumber('sluice_flush_duration_seconds', () => stats().roundMs)
  metrics.feedNumber('sluice_sync_duration_seconds', () => stats().syncMs)
  metrics.feedNumber('sluice_durable_bytes_total', () => stats().durableBytes)
  metrics.feedNumber('sluice_dirty_logs', () => stats().dirtyLogs)
  metrics.feedNumber('sluice_journal_bytes', () => stats().journalBytes)
  metrics.feedNumber('sluice_offline_partitions', () => stats().offlineLogs)
  const compaction = () => stats().compaction
  metrics.feedNumber('sluice_compactions_total', () => compaction().passes)
  metrics.feed('sluice_compaction_bytes_total', () => [
    { labels: { way: 'read' }, value: compaction().bytesRead },
    { labels: { way: 'written' }, value: compaction().bytesWritten },
  ])
  const removed = () => compaction().recordsRemoved
  metrics.feedNumber('sluice_compaction_removed_records_total', removed)
  metrics.feedNumber('sluice_compaction_dirty_ratio_max', () => compaction().maxDirtyRatio)
  const lastPass = () => compaction().lastPassMs / 1_000
  metrics.feedNumber('sluice_compaction_last_pass_timestamp_seconds', lastPass)
  metrics.feedNumber('sluice_uncleanable_partitions', () => compaction().uncleanable)
  metrics.feedNumber('sluice_producer_ids', () => stats().producerIds)
  metrics.feedNumber('sluice_open_transactions', () => stats().openTransactions)
  metrics.feedNumber('sluice_partitions', () => stats().logs)
}

function byWay(logs: number, journal: number): Sample[] {
  return [
    { labels: { way: 'logs' }, value: logs },
    { labels: { way: 'journal' }, value: journal },
  ]
}

function feedPartitions(metrics: Metrics, { replicas }: BrokerCore): void {
  const feed = (name: MetricName, valueOf: (partition: Partition) => number): void => {
    metrics.feed(name, function* () {
      for (const partition of replicas.partitions()) {
        const labels = { topic: partition.topic, partition: String(partition.partition) }
        yield { labels, value: valueOf(partition) }
      }
    })
  }
  feed('sluice_log_size_bytes', ({ sizeBytes }) => sizeBytes)
  feed('sluice_log_start_offset', ({ logStartOffset }) => logStartOffset)
  feed('sluice_log_end_offset', ({ logEndOffset }) => logEndOffset)
  feed('sluice_high_watermark', ({ highWatermark }) => highWatermark)
  feed('sluice_last_stable_offset', ({ lastStableOffset }) => lastStableOffset)
}

export interface Fronts {
  readonly apis: ApiCounterSet
  /** Null where it does not listen. */
  readonly grpc: GrpcFront | null
  readonly kafka: KafkaFront | null
  readonly http: HttpServer | null
  readonly version: string
  readonly ready: () => boolean
}

/** Metrics of the listeners, and of the broker as a whole. */
export function feedFrontMetrics(metrics: Metrics, fronts: Fronts): void {
  feedApis(metrics, fronts.apis)
  const listeners = [
    ['grpc', fronts.grpc?.server],
    ['kafka', fronts.kafka?.listener],
    ['http', fronts.http],
  ] as const
  const feed = (name: MetricName, valueOf: (listener: Listener) => number): void => {
    metrics.feed(name, function* () {
      for (const [listener, server] of listeners) {
        if (server) yield { labels: { listener }, value: valueOf(server) }
      }
    })
  }
  feed('sluice_connections', ({ connectionCount }) => connectionCount)
  feed('sluice_connections_total', ({ connectionsOpened }) => connectionsOpened.value)
  feed('sluice_connection_errors_total', ({ connectionErrors }) => connectionErrors.value)
  feedHeld(metrics, fronts.grpc?.server ?? null, fronts.kafka?.listener ?? null)
  metrics.feedNumber('sluice_ready', () => Number(fronts.ready()))
  const labels = { version: fronts.version, node_version: process.version }
  metrics.feed('sluice_build_info', () => [{ labels, value: 1 }])
}

function feedHeld(metrics: Metrics, grpc: GrpcServer | null, kafka: TcpListener | null): void {
  metrics.feed('sluice_connections_refused_total', function* () {
    for (const [listener, front] of Object.entries({ grpc, kafka })) {
      for (const [cause, { value }] of front?.refusals ?? []) {
        yield { labels: { listener, cause }, value }
      }
    }
  })
  metrics.feedNumber('sluice_request_bytes_held', () => kafka?.budget.usedBytes ?? 0)
  metrics.feed('sluice_response_bytes_held', function* () {
    if (grpc) yield { labels: { listener: 'grpc' }, value: grpc.heldBytes }
    if (kafka) yield { labels: { listener: 'kafka' }, value: kafka.sendBudget.heldBytes }
  })
}

type Listener = Pick<HttpServer, 'connectionCount' | 'connectionsOpened' | 'connectionErrors'>

function feedApis(metrics: Metrics, apis: ApiCounterSet): void {
  const feed = (name: MetricName, valueOf: (api: ApiCounters) => Sample['value']): void => {
    metrics.feed(name, function* () {
      for (const api of apis.all()) yield { labels: { api: api.api }, value: valueOf(api) }
    })
  }
  metrics.feed('sluice_requests_total', function* () {
    for (const { api, outcomes } of apis.all()) {
      for (const [outcome, { value }] of outcomes) yield { labels: { api, outcome }, value }
    }
  })
  feed('sluice_request_duration_seconds', ({ latencyMs }) => latencyMs)
  feed('sluice_request_bytes_total', ({ bytesIn }) => bytesIn.value)
  feed('sluice_response_bytes_total', ({ bytesOut }) => bytesOut.value)
  feed('sluice_open_streams', ({ openStreams }) => openStreams)
}
