// The topic in which groups are kept, and the coordinator over its partitions.
//
//   first use of a group ─► __consumer_offsets made ─┐
//   start with the topic there ──────────────────────┴─► a log a partition ─► loaded ─► coordinator serves

import { BrokerError } from '../../base/errors.ts'
import type { BrokerValues } from '../../config/broker-options.ts'
import { GroupCoordinator } from '../../coordination/group/group-coordinator.ts'
import { PartitionCoordinatorLog } from '../../coordination/runtime/partition-coordinator-log.ts'
import type { Clock } from '../../io/clock.ts'
import type { ClusterControl } from '../../metadata/cluster-control.ts'
import { OFFSETS_TOPIC } from '../../metadata/internal-topics.ts'
import type { TopicImage } from '../../metadata/metadata-image.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import type { Logger } from '../../observability/logger.ts'
import type { BatchBuilder } from '../../record/batch-builder.ts'
import type { BatchView } from '../../record/batch-reader.ts'
import { codecOf } from '../../record/compression.ts'
import type { RecordCursor } from '../../record/record-cursor.ts'
import type { Partition } from '../../replication/partition.ts'
import { groupOptionsOf } from './group-options.ts'

/** The partitions of this broker. replication/ has them. */
export interface OffsetsPartitions {
  /** @throws BrokerError when the partition is not here, or can't be used */
  partition(topic: string, partition: number): Partition

  /** Resolves once everything that the image asks for now was done or has failed. Never rejects. */
  settled(): Promise<void>
}

export interface OffsetsTopicOptions {
  readonly control: ClusterControl
  readonly store: Pick<MetadataStore, 'image' | 'subscribe'>
  readonly partitions: OffsetsPartitions
  readonly values: BrokerValues
  readonly clock: Clock
  readonly logger: Logger
  readonly newId: () => string
  /** See RuntimeOptions. */
  readonly sweepBytes?: number
  readonly newBuilder: (limitBytes: number) => BatchBuilder
  readonly openBatch: (batch: BatchView) => RecordCursor
}

export class OffsetsTopic {
  readonly #options: OffsetsTopicOptions
  #coordinator: GroupCoordinator | null = null
  /** The topic in the making. */
  #creation: Promise<GroupCoordinator> | null = null
  #closed = false
  #unsubscribe: () => void

  /** Coordinates at once where the topic is there; its partitions load meanwhile. */
  constructor(options: OffsetsTopicOptions) {
    this.#options = options
    const { store } = options
    const topic = store.image.topic(OFFSETS_TOPIC)
    if (topic !== null) {
      this.#coordinator = this.#coordinatorOf(topic)
      void this.#lead(this.#coordinator, topic)
    }
    this.#unsubscribe = store.subscribe((image, records) => {
      const deleted = records.some(({ type }) => type === 'TopicDeleted')
      this.#coordinator?.setCatalog(image, { deleted })
    })
  }

  /** Null until a group was first used. */
  get coordinator(): GroupCoordinator | null {
    return this.#coordinator
  }

  /**
   * The coordinator, with the topic made where it is not there yet.
   *
   * @throws BrokerError COORDINATOR_NOT_AVAILABLE when the topic can't be made
   */
  ensure(): Promise<GroupCoordinator> {
    if (this.#closed) return Promise.reject(new BrokerError('COORDINATOR_NOT_AVAILABLE'))
    if (this.#coordinator !== null) return Promise.resolve(this.#coordinator)
    this.#creation ??= this.#create().finally(() => (this.#creation = null))
    return this.#creation
  }

  /** Tells all who wait to ask elsewhere. */
  close(): void {
    this.#closed = true
    this.#unsubscribe()
    this.#coordinator?.close()
  }

  async #create(): Promise<GroupCoordinator> {
    const { control, store, partitions, values, logger } = this.#options
    try {
      const configs = new Map([
        ['cleanup.policy', 'compact'],
        ['compression.type', 'producer'],
        ['segment.bytes', String(values.offsetsTopicSegmentBytes)],
      ])
      const topic = await control.createTopic(
        {
          name: OFFSETS_TOPIC,
          partitions: values.offsetsTopicNumPartitions,
          replicationFactor: null,
          configs,
          internal: true,
        },
        { validateOnly: false },
      )
      await partitions.settled()
      const coordinator = this.#coordinatorOf(topic)
      await this.#lead(coordinator, topic)
      coordinator.setCatalog(store.image, { deleted: false })
      this.#coordinator = coordinator
      return coordinator
    } catch (error) {
      logger.error({ err: error }, 'The topic for groups could not be made')
      throw new BrokerError('COORDINATOR_NOT_AVAILABLE', {}, error)
    }
  }

  #coordinatorOf({ partitions }: TopicImage): GroupCoordinator {
    const { store, values, clock, logger, newId, sweepBytes } = this.#options
    return new GroupCoordinator({
      ...(sweepBytes === undefined ? {} : { sweepBytes }),
      ...{ clock, logger, newId, catalog: store.image, options: groupOptionsOf(values) },
      partitionCount: partitions.length,
    })
  }

  /** @returns when every partition is loaded, or has failed to and waits */
  async #lead(coordinator: GroupCoordinator, { partitions }: TopicImage): Promise<void> {
    const { nodeId } = this.#options.values
    const led = partitions.filter(({ leader }) => leader === nodeId)
    await Promise.all(
      led.map(({ partition }) => coordinator.lead(partition, this.#logOf(partition))),
    )
  }

  #logOf(partition: number): PartitionCoordinatorLog {
    const { partitions, clock, values, newBuilder, openBatch } = this.#options
    return new PartitionCoordinatorLog({
      ...{ clock, newBuilder, openBatch },
      partition: () => partitions.partition(OFFSETS_TOPIC, partition),
      codec: codecOf(Number(values.offsetsTopicCompressionCodec)),
    })
  }
}
