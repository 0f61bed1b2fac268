// The partitions of this broker: follows the metadata, and makes, configures and removes partitions
// with their logs as the image says.
//
//   metadata image ─► told of a change ─┬─► at once: options, epochs, deleted partitions refused
//                                       └─► in order: logs made, logs deleted
//   log ─► written · durable · failed ─► its partition

import { BrokerError } from '../base/errors.ts'
import { MAX_TOPIC_NAME_LENGTH } from '../base/limits.ts'
import { SerialQueue } from '../base/serial-queue.ts'
import type { Clock, Timer } from '../io/clock.ts'
import type { MetadataImage, TopicImage } from '../metadata/metadata-image.ts'
import type { MetadataRecord, PartitionPlacement } from '../metadata/metadata-record.ts'
import type { MetadataListener, MetadataStore } from '../metadata/metadata-store.ts'
import type { Logger } from '../observability/logger.ts'
import type { LogManager, LogManagerOptions } from '../storage/log-manager.ts'
import type { PartitionLog } from '../storage/partition-log.ts'
import type { PartitionOptions } from './partition-options.ts'
import { Partition } from './partition.ts'
import type { PartitionDirectory } from './readable-partition.ts'

/** What the log manager asks and tells: to be handed to `LogManager.open`. */
export type LogHooks = Required<
  Pick<LogManagerOptions, 'configOf' | 'listener' | 'onOnline' | 'stableOffsetOf'>
>

export interface ReplicaManagerOptions {
  readonly brokerId: number
  readonly clock: Clock
  readonly logger: Logger
  readonly store: MetadataStore
  /** How a topic is configured under an image. */
  readonly optionsOf: (image: MetadataImage, topic: string) => PartitionOptions
  readonly openLogs: (hooks: LogHooks) => Promise<LogManager>
}

/** Changes of the metadata that may wait for logs to be made and deleted. */
const MAX_WAITING_CHANGES = 100_000

/** After this time the making of a log that failed is tried again. */
const RETRY_MS = 5_000

export class ReplicaManager implements PartitionDirectory {
  readonly #options: ReplicaManagerOptions
  readonly #changes = new SerialQueue(MAX_WAITING_CHANGES)
  /** By topic; `[n]` is partition n, or not there while its log is not. */
  readonly #topics = new Map<string, (Partition | undefined)[]>()
  readonly #byLog = new Map<PartitionLog, Partition>()
  /** Why logs could not be made, by topic id and partition. */
  readonly #failed = new Map<string, BrokerError>()
  #logs!: LogManager
  /** The image up to which changes were taken in. */
  #applied: MetadataImage
  #unsubscribe: () => void = () => {}
  #settled: Promise<void> = Promise.resolve()
  #retry: Timer | null = null
  #closed = false

  /**
   * Opens the logs, and leads all partitions that the image gives to this broker.
   *
   * @throws as `LogManager.open`. A log that can't be opened or made does not stop the start: its
   *   partition is refused until it is there
   */
  static async open(options: ReplicaManagerOptions): Promise<ReplicaManager> {
    const manager = new ReplicaManager(options)
    await manager.#start()
    return manager
  }

  private constructor(options: ReplicaManagerOptions) {
    this.#options = options
    this.#applied = options.store.image
  }

  /** The logs under the partitions, for metrics and tools. */
  get logs(): LogManager {
    return this.#logs
  }

  hasTopic(topic: string): boolean {
    return this.#image.topic(topic) !== null
  }

  partitionCount(topic: string): number {
    const found = this.#image.topic(topic)
    if (found !== null) return found.partitions.length
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', {
      topic: topic.slice(0, MAX_TOPIC_NAME_LENGTH),
    })
  }

  /**
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; NOT_LEADER_OR_FOLLOWER with the fact `leader`;
   *   LEADER_NOT_AVAILABLE while the log is being made; KAFKA_STORAGE_ERROR when it can't be
   */
  partition(topic: string, partition: number): Partition {
    return this.#topics.get(topic)?.[partition] ?? this.#refuse(topic, partition)
  }

  /** All partitions that this broker leads, in no order. */
  *partitions(): Iterable<Partition> {
    for (const partitions of this.#topics.values()) {
      for (const partition of partitions) if (partition !== undefined) yield partition
    }
  }

  /**
   * Resolves when what the metadata says now has been done: logs of new topics are there, those of
   * deleted ones are gone, or it has failed and is logged. Who creates a topic awaits this before it
   * says so, since produce and fetch find the topic only then.
   */
  settled(): Promise<void> {
    return this.#settled
  }

  /** Refuses everything from now on, tells all who wait, and closes the logs. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe()
    this.#retry?.cancel()
    await this.#settled
    const error = new BrokerError('NOT_LEADER_OR_FOLLOWER', { message: 'The broker is stopping' })
    for (const partition of this.partitions()) partition.remove(error)
    this.#topics.clear()
    this.#byLog.clear()
    await this.#logs.close()
  }

  get #image(): MetadataImage {
    return this.#options.store.image
  }

  async #start(): Promise<void> {
    const { store, openLogs, optionsOf } = this.#options
    // What changes while the logs are opened waits until they are.
    const missed: Parameters<MetadataListener>[] = []
    const unsubscribe = store.subscribe((...change) => void missed.push(change))
    const { image } = store
    this.#applied = image
    const known = new Map<string, PartitionOptions>()
    const optionsOnce = (topic: string): PartitionOptions => {
      const found = known.get(topic) ?? optionsOf(image, topic)
      known.set(topic, found)
      return found
    }
    this.#logs = await openLogs({
      configOf: ({ topic, partition }, topicId) => {
        if (image.topic(topic)?.topicId !== topicId) return null
        return image.partition(topic, partition) === null ? null : optionsOnce(topic)
      },
      listener: {
        written: (log) => this.#byLog.get(log)?.logAdvanced(),
        durable: (log) => this.#byLog.get(log)?.logAdvanced(),
        failed: (log, error) => this.#byLog.get(log)?.logFailed(error),
        damaged: () => {},
      },
      onOnline: (log) => this.#online(log),
      stableOffsetOf: (log) => this.#byLog.get(log)?.lastStableOffset ?? 0,
    })
    for (const topic of image.topics()) {
      const missing: PartitionPlacement[] = []
      for (const placement of topic.partitions) {
        const found = this.#logs.get({ topic: topic.name, partition: placement.partition })
        if (!this.#leads(placement) || (found !== undefined && this.#byLog.has(found))) continue
        if (found === undefined) missing.push(placement)
        else this.#lead(topic, placement, found, optionsOnce(topic.name))
      }
      await this.#make(topic, missing)
    }
    unsubscribe()
    this.#unsubscribe = store.subscribe((next, records) => this.#changed(next, records))
    for (const change of missed) this.#changed(...change)
  }

  #leads({ leader }: PartitionPlacement): boolean {
    return leader === this.#options.brokerId
  }

  #changed(image: MetadataImage, records: readonly MetadataRecord[]): void {
    const before = this.#applied
    this.#applied = image
    for (const record of records) {
      switch (record.type) {
        case 'TopicCreated':
          this.#enqueue(() => this.#makeAll(record.name, record.topicId))
          break
        case 'PartitionsAdded':
          this.#enqueue(() => this.#makeAll(record.topic, image.topic(record.topic)?.topicId))
          break
        case 'TopicDeleted': {
          const topic = before.topicById(record.topicId)
          if (topic !== null) this.#delete(topic)
          break
        }
        case 'ConfigChanged':
          this.#reconfigure(image, record.resource.type === 'topic' ? record.resource.name : null)
          break
        case 'BrokerStarted':
          this.#raiseEpochs(image)
          break
      }
    }
  }

  #enqueue(task: () => Promise<void>): void {
    this.#settled = this.#changes.run(task).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'A change of the metadata was not carried out')
    })
  }

  /** Makes all logs that a topic lacks, unless it has been deleted meanwhile. */
  async #makeAll(name: string, topicId: string | undefined): Promise<void> {
    const topic = this.#image.topic(name)
    if (topic === null || topic.topicId !== topicId) return
    const missing = topic.partitions.filter((placement) => {
      const isThere = this.#topics.get(name)?.[placement.partition] !== undefined
      return !isThere && this.#leads(placement)
    })
    await this.#make(topic, missing)
  }

  async #make(topic: TopicImage, placements: readonly PartitionPlacement[]): Promise<void> {
    if (placements.length === 0) return
    const { name, topicId } = topic
    const config = this.#options.optionsOf(this.#image, name)
    const wanted = placements.map(({ partition }) => ({ topic: name, partition, topicId, config }))
    const created = await this.#logs.createAll(wanted)
    // Deleted while its logs were made: the deletion stands behind this in the queue.
    const isThere = this.#image.topic(name)?.topicId === topicId
    const options = isThere ? this.#options.optionsOf(this.#image, name) : config
    for (const [at, placement] of placements.entries()) {
      const { log, error } = created[at]!
      if (error !== null) this.#notMade(topic, placement.partition, error)
      else this.#failed.delete(failureKey(topic, placement.partition))
      if (log !== null && isThere) this.#lead(topic, placement, log, options)
    }
  }

  #notMade(topic: TopicImage, partition: number, error: BrokerError): void {
    this.#failed.set(failureKey(topic, partition), error)
    this.#options.logger.error(
      { err: error, topic: topic.name, partition, retryMs: RETRY_MS },
      'The log of a partition could not be made',
    )
    this.#retry ??= this.#options.clock.after(RETRY_MS, () => this.#makeFailed())
  }

  #makeFailed(): void {
    this.#retry = null
    this.#failed.clear()
    for (const { name, topicId } of this.#image.topics()) {
      this.#enqueue(() => this.#makeAll(name, topicId))
    }
  }

  #lead(
    { name, topicId }: TopicImage,
    { partition, leaderEpoch, replicas }: PartitionPlacement,
    log: PartitionLog,
    options: PartitionOptions,
  ): void {
    const trim = (offset: number): Promise<void> => this.#logs.deleteRecordsBefore(log, offset)
    const made = new Partition({
      topic: name,
      partition,
      topicId,
      log,
      trim,
      leaderEpoch,
      replicaCount: replicas.length,
      options,
    })
    log.reconfigure(options)
    this.#byLog.set(log, made)
    const partitions = this.#topics.get(name)
    if (partitions === undefined) {
      const first: (Partition | undefined)[] = []
      first[partition] = made
      this.#topics.set(name, first)
    } else partitions[partition] = made
  }

  /** A log that could not be opened at the start is there now. */
  #online(log: PartitionLog): void {
    if (this.#closed || this.#byLog.has(log)) return
    const { topic, partition } = log
    const found = this.#image.topic(topic)
    const placement = this.#image.partition(topic, partition)
    if (found?.topicId !== log.topicId || placement === null || !this.#leads(placement)) return
    this.#failed.delete(failureKey(found, partition))
    this.#lead(found, placement, log, this.#options.optionsOf(this.#image, topic))
  }

  /** Refuses the topic's partitions at once, and removes their logs in their turn. */
  #delete(topic: TopicImage): void {
    const { name } = topic
    const partitions = this.#topics.get(name) ?? []
    this.#topics.delete(name)
    for (const partition of partitions) partition?.remove(unknown(name, partition.partition))
    this.#enqueue(() => this.#deleteLogs(topic))
  }

  async #deleteLogs({ name: topic, partitions }: TopicImage): Promise<void> {
    const gone = partitions.map(({ partition }) => ({ topic, partition }))
    for (const partition of gone) {
      const log = this.#logs.get(partition)
      if (log !== undefined) this.#byLog.delete(log)
    }
    for (const [at, error] of (await this.#logs.deleteAll(gone)).entries()) {
      if (error === null) continue
      // The next start finds a directory that belongs to no topic, and leaves it as it is.
      this.#options.logger.error(
        { err: error, ...gone[at] },
        'The log of a deleted partition could not be removed',
      )
    }
  }

  /** @param topic null: all of them, since a default of theirs may have changed */
  #reconfigure(image: MetadataImage, topic: string | null): void {
    for (const name of topic === null ? this.#topics.keys() : [topic]) {
      const partitions = this.#topics.get(name)
      if (partitions === undefined) continue
      const options = this.#options.optionsOf(image, name)
      for (const partition of partitions) {
        if (partition === undefined) continue
        this.#logs.get(partition)?.reconfigure(options)
        partition.reconfigure(options)
      }
    }
  }

  #raiseEpochs(image: MetadataImage): void {
    for (const partition of this.partitions()) {
      const placement = image.partition(partition.topic, partition.partition)
      if (placement !== null) partition.raiseEpoch(placement.leaderEpoch)
    }
  }

  /** Why a partition is not here. */
  #refuse(topic: string, partition: number): never {
    const found = this.#image.topic(topic)
    const placement = this.#image.partition(topic, partition)
    if (found === null || placement === null) throw unknown(topic, partition)
    const { leader } = placement
    if (leader !== this.#options.brokerId) {
      throw new BrokerError('NOT_LEADER_OR_FOLLOWER', { topic, partition, leader })
    }
    const failure = this.#failed.get(failureKey(found, partition))
    throw failure ?? new BrokerError('LEADER_NOT_AVAILABLE', { topic, partition })
  }
}

/** A client may ask for a name of any length, and gets no more of it back than a topic's has. */
function unknown(topic: string, partition: number): BrokerError {
  const name = topic.slice(0, MAX_TOPIC_NAME_LENGTH)
  return new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name, partition })
}

function failureKey({ topicId }: TopicImage, partition: number): string {
  return `${topicId}-${partition}`
}
