// A broker without its listeners: metadata, partitions, and the services over them.
//
//   metadata store ─► cluster controller ─┐
//         │                               ├─► services
//         └─► replica manager ─► logs ────┘

import { randomUuid } from '../base/uuid.ts'
import { formatHostPort, type HostPort } from '../config/address.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { CLEANER_OPTIONS } from '../config/cleaner-options.ts'
import { effectiveValues, resolveTopicConfig } from '../config/topic-config.ts'
import { ClusterController } from '../controller/cluster-controller.ts'
import { ClusterService } from '../broker/cluster-service.ts'
import { ConfigService } from '../broker/config-service.ts'
import { CredentialService } from '../broker/admin/credential-service.ts'
import { FetchService } from '../broker/fetch-service.ts'
import { GroupService } from '../broker/group-service.ts'
import { GroupSessions } from '../broker/group-session/group-sessions.ts'
import { OffsetsTopic } from '../broker/groups/offsets-topic.ts'
import { LogDirService } from '../broker/admin/log-dir-service.ts'
import { configLayers, topicConfigOf } from '../broker/log-config.ts'
import { OffsetService } from '../broker/offset-service.ts'
import { QuotaAdmin } from '../broker/quotas/quota-admin.ts'
import { QuotaService } from '../broker/quotas/quota-service.ts'
import { PlacementService } from '../broker/admin/placement-service.ts'
import { ProducerIdBlocks } from '../broker/produce/producer-id-blocks.ts'
import { ProducerIdService } from '../broker/producer-id-service.ts'
import { ProduceService } from '../broker/produce-service.ts'
import { TransactionGate } from '../broker/produce/transaction-gate.ts'
import { PublishService } from '../broker/publish-service.ts'
import { RoutingService } from '../broker/routing-service.ts'
import { TopicCreation } from '../broker/topic-creation.ts'
import { TopicService } from '../broker/topic-service.ts'
import { HangingTransactions } from '../broker/transactions/hanging-transactions.ts'
import { PartitionMarkers } from '../broker/transactions/partition-markers.ts'
import { transactionTopic } from '../broker/transactions/transaction-topic.ts'
import { TransactionService } from '../broker/transaction-service.ts'
import type { Clock } from '../io/clock.ts'
import type { FileSystem } from '../io/file-system.ts'
import { memoryBytes } from '../io/memory-size.ts'
import type { RandomSource } from '../io/random.ts'
import { realFileSystem } from '../io/real-file-system.ts'
import { Slices } from '../io/slices.ts'
import { EmbeddedStore } from '../metadata/embedded-store.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import type { Logger } from '../observability/logger.ts'
import { BatchBuilder } from '../record/batch-builder.ts'
import { openBatch, type BatchView } from '../record/batch-reader.ts'
import { validateProduced } from '../record/validate.ts'
import { ReplicaManager } from '../replication/replica-manager.ts'
import type { RecoveryProgress } from '../storage/directory/log-loader.ts'
import type { CompactionSettings } from '../storage/compaction/log-compaction.ts'
import { ThreadCleaner } from '../storage/compaction/cleaner/thread-cleaner.ts'
import { LogManager } from '../storage/log-manager.ts'
import { osSyncBytesOf } from '../storage/rounds/os-sync.ts'
import { StorageCore } from '../wasm/storage-core.ts'
import type { SaslServer } from '../security/sasl-server.ts'
import type { DataDirectory } from './data-directory.ts'
import { saslServerOf } from './sasl.ts'

export interface BrokerCoreOptions {
  readonly config: BrokerConfig
  readonly directory: DataDirectory
  readonly files: FileSystem
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  /** Where clients reach the gRPC front: "host:port", or nothing when it does not listen. */
  readonly grpcAddress: string
  /** The same of the Kafka front. */
  readonly kafkaAddress: string
  readonly version: string
  readonly onProgress: (progress: RecoveryProgress) => void
}

export interface Services {
  readonly produce: ProduceService
  readonly publish: PublishService
  readonly fetch: FetchService
  readonly offsets: OffsetService
  readonly topics: TopicService
  readonly routing: RoutingService
  readonly configs: ConfigService
  readonly cluster: ClusterService
  readonly producerIds: ProducerIdService
  readonly groups: GroupService
  readonly transactions: TransactionService
  readonly hangingTransactions: HangingTransactions
  readonly logDirs: LogDirService
  readonly placement: PlacementService
  readonly groupSessions: GroupSessions
  readonly credentials: CredentialService
  readonly quotas: QuotaService
  readonly quotaAdmin: QuotaAdmin
  /** Who the clients of the Kafka listener are. */
  readonly sasl: SaslServer
  /** What takes long, of all fronts and services. */
  readonly slices: Slices
}

export class BrokerCore {
  readonly store: EmbeddedStore
  readonly replicas: ReplicaManager
  readonly services: Services
  readonly #unsubscribe: () => void

  /**
   * Recovers metadata and logs.
   *
   * @throws Error when the metadata is damaged, the directory belongs to another broker, or the disk
   *   fails; what goes wrong with single logs does not stop the start
   */
  static async open(options: BrokerCoreOptions): Promise<BrokerCore> {
    const { config, directory, files, logger } = options
    const core = StorageCore.load()
    const store = EmbeddedStore.open({
      files,
      directory: directory.metadataPath,
      crc32c: (bytes) => core.crc32c(bytes),
      logger,
    })
    try {
      await announce(store, options)
      const { nodeId } = config.values
      const replicas = await ReplicaManager.open({
        brokerId: nodeId,
        clock: options.clock,
        logger,
        store,
        optionsOf: (image, topic) => topicConfigOf(image, config, topic),
        openLogs: (hooks) => openLogs(options, core, store, hooks),
      })
      return new BrokerCore(options, core, store, replicas)
    } catch (error) {
      await store.close()
      throw error
    }
  }

  private constructor(
    options: BrokerCoreOptions,
    core: StorageCore,
    store: EmbeddedStore,
    replicas: ReplicaManager,
  ) {
    this.store = store
    this.replicas = replicas
    this.services = servicesOf(options, core, store, replicas)
    this.#unsubscribe = store.subscribe((image, records) => {
      const isOfBroker = records.some((record) => {
        return record.type === 'ConfigChanged' && record.resource.type === 'broker'
      })
      if (!isOfBroker) return
      replicas.logs.reconfigureCompaction(compactionSettings(image, options.config))
    })
  }

  /** Brings everything to disk, so that the next start has nothing to recover. */
  async close(): Promise<void> {
    this.#unsubscribe()
    this.services.transactions.close()
    this.services.groups.close()
    this.services.produce.close()
    this.services.fetch.close()
    await this.replicas.close()
    await this.store.close()
  }
}

type LogHooks = Parameters<Parameters<typeof ReplicaManager.open>[0]['openLogs']>[0]

function openLogs(
  options: BrokerCoreOptions,
  core: StorageCore,
  store: EmbeddedStore,
  hooks: LogHooks,
): Promise<LogManager> {
  const { config, directory, files, clock, random, logger, onProgress } = options
  const { nodeId, ...values } = config.values
  return LogManager.open({
    ...{ files, clock, random, core, logger, nodeId, onProgress, ...hooks },
    osSyncBytes: osSyncBytesOf(memoryBytes()),
    directory: directory.path,
    clusterId: directory.clusterId,
    retentionCheckIntervalMs: values.logRetentionCheckIntervalMs,
    checkpointIntervalMs: values.logFlushOffsetCheckpointIntervalMs,
    producerIds: {
      maxProducerIds: values.maxProducerIds,
      expirationMs: values.producerIdExpirationMs,
      checkIntervalMs: values.producerIdExpirationCheckIntervalMs,
    },
    compaction: compactionSettings(store.image, config),
    // A thread has the machine's disk, and no other.
    ...(files === realFileSystem ? { openCleaner: () => new ThreadCleaner() } : {}),
  })
}

/** How logs are compacted under an image: some of it may be altered while the broker runs. */
function compactionSettings(image: MetadataImage, config: BrokerConfig): CompactionSettings {
  const values = effectiveValues(CLEANER_OPTIONS, configLayers(image, config, new Map()))
  return {
    enabled: config.values.logCleanerEnable,
    threads: values.logCleanerThreads,
    backoffMs: values.logCleanerBackoffMs,
    keyBytes: values.logCleanerDedupeBufferSize,
    ioBufferBytes: values.logCleanerIoBufferSize,
    ioBytesPerSecond: values.logCleanerIoMaxBytesPerSecond,
  }
}

/** Says in the metadata that this broker is there, before it leads anything. */
async function announce(store: EmbeddedStore, options: BrokerCoreOptions): Promise<void> {
  const { config, directory, grpcAddress, kafkaAddress, version } = options
  const { nodeId: brokerId, brokerRack: rack } = config.values
  const { clean } = directory
  // The embedded store has one broker. A second one would be given replicas that nobody holds.
  const other = store.image.brokers().find((broker) => broker.brokerId !== brokerId)
  if (other !== undefined) {
    const owner = `${directory.metadataPath} belongs to node ${other.brokerId}`
    throw new Error(`${owner}, and this broker is node ${brokerId}; set node.id=${other.brokerId}`)
  }
  const addresses = { grpcAddress, kafkaAddress }
  const record = { type: 'BrokerStarted', brokerId, ...addresses, rack, version, clean } as const
  await store.append([record], store.image.version)
}

function servicesOf(
  { config, directory, files, clock, random, logger }: BrokerCoreOptions,
  core: StorageCore,
  store: EmbeddedStore,
  replicas: ReplicaManager,
): Services {
  const { values } = config
  const slices = new Slices(clock)
  const control = new ClusterController({
    store,
    random,
    defaults: () => values,
    resolve: (configs) => resolveTopicConfig(configLayers(store.image, config, configs)),
  })
  const topics = new TopicService({ control, store, partitions: replicas })
  const topicCreation = values.autoCreateTopicsEnable
    ? new TopicCreation((topic) => topics.createMissing(topic))
    : null
  const coordinated = {
    ...{ control, store, partitions: replicas, values, clock, logger },
    newBuilder: (limitBytes: number) => new BatchBuilder(core, limitBytes),
    openBatch: (batch: BatchView) => openBatch(core, batch),
  }
  const newId = (): string => randomUuid((count) => random.bytes(count))
  const offsetsTopic = new OffsetsTopic({ ...coordinated, newId })
  const producerIds = new ProducerIdBlocks(control, values.nodeId)
  const markers = new PartitionMarkers({
    ...{ partitions: replicas, logger },
    groups: () => offsetsTopic.coordinator,
  })
  const transactions = new TransactionService({
    ...{ store, offsetsTopic, markers },
    transactionTopic: transactionTopic({ ...coordinated, producerIds, markerWriter: markers }),
  })
  const produce = new ProduceService({
    ...{ clock, logger, partitions: replicas, topicCreation },
    validate: (bytes, rules) => validateProduced(core, bytes, rules),
    gate: new TransactionGate({
      ...{ transactions, partitions: replicas },
      verifies: values.transactionPartitionVerificationEnable,
    }),
    maxBytesInFlight: values.queuedMaxRequestBytes,
  })
  const fetch = new FetchService({
    ...{ clock, slices, partitions: replicas },
    openBatch: (batch) => openBatch(core, batch),
    fetchMaxBytes: values.fetchMaxBytes,
    maxSessions: values.fetchStreamsMax,
  })
  const groups = new GroupService({
    ...{ clock, store, offsetsTopic, transactions, partitions: replicas },
  })
  const credentials = new CredentialService({ control, store, slices })
  return {
    produce,
    publish: new PublishService({
      ...{ clock, random, partitions: replicas, produce, topicCreation },
      newBuilder: (limitBytes) => new BatchBuilder(core, limitBytes),
    }),
    fetch,
    offsets: new OffsetService({ partitions: replicas }),
    topics,
    routing: new RoutingService({ store, topicCreation }),
    configs: new ConfigService({ control, store, config }),
    cluster: new ClusterService({ store, clusterId: directory.clusterId, nodeId: values.nodeId }),
    producerIds: new ProducerIdService({ blocks: producerIds, store, partitions: replicas }),
    logDirs: new LogDirService({ directory: directory.path, partitions: replicas, disk: files }),
    placement: new PlacementService({ store }),
    groups,
    transactions,
    hangingTransactions: new HangingTransactions({
      ...{ clock, store, transactions, partitions: replicas },
      maxTimeoutMs: values.transactionMaxTimeoutMs,
    }),
    groupSessions: new GroupSessions({
      ...{ clock, random, groups, fetch, nodeId: values.nodeId },
      openBatch: (batch) => openBatch(core, batch),
      sessionTimeoutMs: values.groupConsumerSessionTimeoutMs,
    }),
    credentials,
    quotas: new QuotaService({
      ...{ clock, store },
      windowCount: values.quotaWindowNum,
      windowSeconds: values.quotaWindowSizeSeconds,
    }),
    quotaAdmin: new QuotaAdmin({ control, store }),
    sasl: saslServerOf({ config, files, clock, random, logger, credentials }),
    slices,
  }
}

/**
 * Where clients reach a front: "host:port", or nothing when it does not listen.
 *
 * @param advertised what they are to be told; "same": the address that it listens on
 * @param bound      port that it listens on; null when it does not
 */
export function advertisedAddress(
  advertised: HostPort | 'same',
  listener: HostPort | 'off',
  bound: number | null,
): string {
  if (bound === null || listener === 'off') return ''
  if (advertised !== 'same') return formatHostPort(advertised)
  return formatHostPort({ host: listener.host, port: bound })
}
