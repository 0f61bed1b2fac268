// A whole broker below its fronts, over a disk in memory: metadata, logs, partitions, services. Its
// power can be cut, and it can be started again on what the disk has kept.

import { expect } from 'vitest'
import { topicConfigOf } from '../../src/broker/log-config.ts'
import { GroupService } from '../../src/broker/group-service.ts'
import { GroupSessions } from '../../src/broker/group-session/group-sessions.ts'
import { OffsetsTopic } from '../../src/broker/groups/offsets-topic.ts'
import { FetchService } from '../../src/broker/fetch-service.ts'
import { ProducerIdBlocks } from '../../src/broker/produce/producer-id-blocks.ts'
import { OffsetService } from '../../src/broker/offset-service.ts'
import { TransactionGate } from '../../src/broker/produce/transaction-gate.ts'
import { ProduceService } from '../../src/broker/produce-service.ts'
import { TopicCreation } from '../../src/broker/topic-creation.ts'
import { TopicService } from '../../src/broker/topic-service.ts'
import { TransactionService } from '../../src/broker/transaction-service.ts'
import { PartitionMarkers } from '../../src/broker/transactions/partition-markers.ts'
import { transactionTopic } from '../../src/broker/transactions/transaction-topic.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { openBatch, type BatchView } from '../../src/record/batch-reader.ts'
import { validateProduced } from '../../src/record/validate.ts'
import { ReplicaManager } from '../../src/replication/replica-manager.ts'
import type { TopicConfig } from '../../src/config/topic-options.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { LogManager, type LogManagerOptions } from '../../src/storage/log-manager.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { clusterOfOne, type ClusterOfOne } from '../controller/cluster-of-one.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'

export const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }

const core = StorageCore.load()

/** Parts that a test puts in the place of the real ones. */
export interface BrokerParts {
  readonly manager?: Partial<LogManagerOptions>
  readonly newBuilder?: (limitBytes: number) => BatchBuilder
  /** Changes what is configured for a topic, beyond the range that users have. */
  readonly configOf?: (topic: string, config: TopicConfig) => TopicConfig
}

/** Begins when a test says so. */
const COMPACTION = {
  ...{ enabled: false, backoffMs: 1_000, keyBytes: 100_000 },
  ...{ ioBufferBytes: 4_096, ioBytesPerSecond: Infinity },
}

export class BrokerOfOne {
  readonly clock: ManualClock
  readonly files: MemoryFileSystem
  readonly cluster: ClusterOfOne
  readonly #parts: BrokerParts
  logs!: LogManager
  replicas!: ReplicaManager
  topics!: TopicService
  produce!: ProduceService
  fetch!: FetchService
  offsets!: OffsetService
  groups!: GroupService
  transactions!: TransactionService
  sessions!: GroupSessions

  private constructor(
    clock: ManualClock,
    files: MemoryFileSystem,
    cluster: ClusterOfOne,
    parts: BrokerParts,
  ) {
    this.#parts = parts
    this.clock = clock
    this.files = files
    this.cluster = cluster
  }

  /** Starts on a disk, an empty one when none is given. @param options by Kafka's names */
  static async start(
    files = new MemoryFileSystem(),
    nowMs?: number,
    options: Readonly<Record<string, string>> = {},
    parts: BrokerParts = {},
  ): Promise<BrokerOfOne> {
    const cluster = await clusterOfOne(options, files)
    const broker = new BrokerOfOne(new ManualClock(nowMs), files, cluster, parts)
    broker.replicas = await broker.settled(broker.#openReplicas())
    broker.#makeServices()
    return broker
  }

  /** Waits for something that needs turns to end. */
  async settled<T>(work: Promise<T>): Promise<T> {
    let done = false
    const watched = work.finally(() => void (done = true))
    watched.catch(() => undefined)
    for (let turns = 0; !done && turns < 10_000; turns++) await this.clock.settle()
    expect(done, 'work ends').toBe(true)
    return watched
  }

  async createTopic(
    name: string,
    partitions = 1,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const topic = { name, partitions, replicationFactor: 1 }
    const texts = new Map(Object.entries(configs))
    const options = { validateOnly: false }
    await this.settled(this.topics.create(CALLER, { ...topic, configs: texts }, options))
  }

  /** Compacts what is due. */
  async compact(): Promise<void> {
    await this.settled(this.logs.runCompaction())
  }

  /** A clean stop. */
  async stop(): Promise<void> {
    this.transactions.close()
    this.groups.close()
    await this.settled(this.replicas.close())
    await this.settled(this.cluster.store.close())
  }

  /** Cuts the power, and starts again on what the disk kept. @param random null: only what was synced */
  async cutPower(random: SeededRandom | null): Promise<BrokerOfOne> {
    this.files.crash(random)
    return await BrokerOfOne.start(this.files, this.clock.now() + 1000)
  }

  #openReplicas(): Promise<ReplicaManager> {
    const { clock, files, cluster } = this
    return ReplicaManager.open({
      brokerId: cluster.config.values.nodeId,
      clock,
      logger: silentLogger,
      store: cluster.store,
      optionsOf: (image, topic) => this.#configOf(image, topic),
      openLogs: async (hooks) => {
        this.logs = await LogManager.open({
          files,
          directory: '/data',
          clock,
          random: new SeededRandom(5),
          core,
          clusterId: 'q1w2e3r4t5y6u7i8o9p0aa',
          nodeId: cluster.config.values.nodeId,
          compaction: COMPACTION,
          ...hooks,
          ...this.#parts.manager,
        })
        return this.logs
      },
    })
  }

  #configOf(image: MetadataImage, topic: string): TopicConfig {
    const config = topicConfigOf(image, this.cluster.config, topic)
    return this.#parts.configOf?.(topic, config) ?? config
  }

  #makeServices(): void {
    const { clock, replicas } = this
    const { controller, store } = this.cluster
    this.topics = new TopicService({ control: controller, store, partitions: replicas })
    this.fetch = new FetchService({
      clock,
      partitions: replicas,
      openBatch: (batch) => openBatch(core, batch),
    })
    this.offsets = new OffsetService({ partitions: replicas })
    let ids = 0
    const coordinated = {
      ...{ control: controller, store, partitions: replicas, clock, logger: silentLogger },
      values: this.cluster.config.values,
      newBuilder:
        this.#parts.newBuilder ?? ((limitBytes: number) => new BatchBuilder(core, limitBytes)),
      openBatch: (batch: BatchView) => openBatch(core, batch),
    }
    const newId = (): string => `id-${(ids += 1)}-${clock.now()}`
    const offsetsTopic = new OffsetsTopic({ ...coordinated, newId })
    const markers = new PartitionMarkers({
      ...{ partitions: replicas, logger: silentLogger },
      groups: () => offsetsTopic.coordinator,
    })
    const producerIds = new ProducerIdBlocks(controller, 1)
    this.transactions = new TransactionService({
      ...{ store, offsetsTopic, markers },
      transactionTopic: transactionTopic({ ...coordinated, producerIds, markerWriter: markers }),
    })
    this.produce = new ProduceService({
      clock,
      logger: silentLogger,
      partitions: replicas,
      validate: (bytes, rules) => validateProduced(core, bytes, rules),
      gate: new TransactionGate({
        ...{ transactions: this.transactions, partitions: replicas, verifies: true },
      }),
      topicCreation: new TopicCreation((topic) => this.topics.createMissing(topic)),
    })
    this.groups = new GroupService({
      ...{ clock, store, offsetsTopic, partitions: replicas, transactions: this.transactions },
    })
    this.sessions = new GroupSessions({
      ...{ clock, groups: this.groups, fetch: this.fetch, nodeId: 1 },
      random: new SeededRandom(Math.floor(clock.now() / 1000) % 1_000_000),
      openBatch: (batch) => openBatch(core, batch),
      sessionTimeoutMs: this.cluster.config.values.groupConsumerSessionTimeoutMs,
    })
  }
}
