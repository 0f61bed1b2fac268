// An internal topic, made when it is first needed, and the coordinator over its partitions.
//
//   first use                ─► topic made ──────────┐
//   start with the topic there ──────────────────────┴─► a log a partition ─► loaded ─► coordinator serves
//
// Compaction keeps the logs short, and nothing else may: what is old by time may be the last word on its key.

import { BrokerError } from '../../base/errors.ts'
import type { BrokerValues } from '../../config/broker-options.ts'
import type { CoordinatorLog } from '../../coordination/runtime/coordinator-log.ts'
import { PartitionCoordinatorLog } from '../../coordination/runtime/partition-coordinator-log.ts'
import type { Clock } from '../../io/clock.ts'
import type { ClusterControl } from '../../metadata/cluster-control.ts'
import type { TopicImage } from '../../metadata/metadata-image.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import type { Logger } from '../../observability/logger.ts'
import type { BatchBuilder } from '../../record/batch-builder.ts'
import type { BatchView } from '../../record/batch-reader.ts'
import { codecOf } from '../../record/compression.ts'
import type { RecordCursor } from '../../record/record-cursor.ts'
import type { Partition } from '../../replication/partition.ts'

/** The partitions of this broker. replication/ has them. */
export interface CoordinatedPartitions {
  /** @throws BrokerError when the partition is not here, or can't be used */
  partition(topic: string, partition: number): Partition

  /** Resolves once everything that the image asks for now was done or has failed. Never rejects. */
  settled(): Promise<void>
}

/** What leads the partitions of an internal topic: see coordination/runtime/coordinator.ts. */
export interface PartitionLeader {
  lead(partition: number, log: CoordinatorLog): Promise<void>
  close(): void
}

export interface CoordinatedTopicParts {
  readonly control: ClusterControl
  readonly store: Pick<MetadataStore, 'image' | 'subscribe'>
  readonly partitions: CoordinatedPartitions
  readonly values: BrokerValues
  readonly clock: Clock
  readonly logger: Logger
  readonly newBuilder: (limitBytes: number) => BatchBuilder
  readonly openBatch: (batch: BatchView) => RecordCursor
}

/** How the topic is made, and who coordinates it. */
export interface CoordinatedTopicPlan<C extends PartitionLeader> {
  readonly name: string
  readonly partitionCount: number
  readonly segmentBytes: number
  /** compression.type of the topic. */
  readonly compressionType: string
  /** Of the batches that the coordinator builds, by the number of the codec. */
  readonly compressionCodec: number
  /** @param partitionCount of the topic as it is */
  readonly newCoordinator: (partitionCount: number) => C
}

const POLICY = 'cleanup.policy'
const COMPACT = 'compact'

export class CoordinatedTopic<C extends PartitionLeader> {
  readonly #parts: CoordinatedTopicParts
  readonly #plan: CoordinatedTopicPlan<C>
  #coordinator: C | null = null
  /** The topic in the making. */
  #creation: Promise<C> | null = null
  #closed = false

  /** Coordinates at once where the topic is there; its partitions load meanwhile. */
  constructor(parts: CoordinatedTopicParts, plan: CoordinatedTopicPlan<C>) {
    this.#parts = parts
    this.#plan = plan
    const topic = parts.store.image.topic(plan.name)
    if (topic === null) return
    this.#coordinator = plan.newCoordinator(topic.partitions.length)
    void this.#mend()
    void this.#lead(this.#coordinator, topic)
  }

  /** Null until the topic was first needed. */
  get coordinator(): C | null {
    return this.#coordinator
  }

  /**
   * The coordinator, with the topic made where it is not there yet.
   *
   * @throws BrokerError COORDINATOR_NOT_AVAILABLE when the topic can't be made
   */
  ensure(): Promise<C> {
    if (this.#closed) return Promise.reject(new BrokerError('COORDINATOR_NOT_AVAILABLE'))
    if (this.#coordinator !== null) return Promise.resolve(this.#coordinator)
    this.#creation ??= this.#create().finally(() => (this.#creation = null))
    return this.#creation
  }

  /** Tells all who wait to ask elsewhere. */
  close(): void {
    this.#closed = true
    this.#coordinator?.close()
  }

  async #create(): Promise<C> {
    const { control, partitions, logger } = this.#parts
    const { name, partitionCount, segmentBytes, compressionType, newCoordinator } = this.#plan
    try {
      const configs = new Map([
        [POLICY, COMPACT],
        ['compression.type', compressionType],
        ['segment.bytes', String(segmentBytes)],
      ])
      const numbers = { partitions: partitionCount, replicationFactor: null }
      const topic = await control.createTopic(
        { name, ...numbers, configs, internal: true },
        { validateOnly: false },
      )
      await partitions.settled()
      const coordinator = newCoordinator(topic.partitions.length)
      await this.#lead(coordinator, topic)
      // Closed meanwhile: whoever closed it has not seen this one.
      if (this.#closed) coordinator.close()
      this.#coordinator = coordinator
      return coordinator
    } catch (error) {
      logger.error({ err: error, topic: name }, 'An internal topic could not be made')
      throw new BrokerError('COORDINATOR_NOT_AVAILABLE', {}, error)
    }
  }

  /** Gives a topic the policy that its state needs, where an older broker or somebody else gave another. */
  async #mend(): Promise<void> {
    const { control, store, logger } = this.#parts
    const resource = { type: 'topic', name: this.#plan.name } as const
    const policy = store.image.configs(resource).get(POLICY)
    if (policy === COMPACT) return
    logger.warn({ topic: resource.name, policy }, 'An internal topic is compacted from now on')
    const change = { resource, set: new Map([[POLICY, COMPACT]]), unset: [] }
    await control.alterConfigs(change, { validateOnly: false }).catch((error: unknown) => {
      logger.error({ err: error, topic: resource.name }, 'An internal topic keeps its policy')
    })
  }

  /** @returns when every partition is loaded, or has failed to and waits */
  async #lead(coordinator: C, { partitions }: TopicImage): Promise<void> {
    const { nodeId } = this.#parts.values
    const led = partitions.filter(({ leader }) => leader === nodeId)
    await Promise.all(
      led.map(({ partition }) => coordinator.lead(partition, this.#logOf(partition))),
    )
  }

  #logOf(partition: number): PartitionCoordinatorLog {
    const { partitions, clock, newBuilder, openBatch } = this.#parts
    const { name, compressionCodec } = this.#plan
    return new PartitionCoordinatorLog({
      ...{ clock, newBuilder, openBatch },
      partition: () => partitions.partition(name, partition),
      codec: codecOf(compressionCodec),
    })
  }
}
