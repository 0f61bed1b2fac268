// What the cluster is, at one moment: brokers, topics, configurations, credentials, quotas. An image
// never changes; replay makes the next one.

import type { Uuid } from '../base/uuid.ts'
import type { ClientQuotas } from './client-quotas.ts'
import { ImageDraft } from './image-draft.ts'
import {
  type BrokerImage,
  type Configs,
  type ImageParts,
  NO_CONFIGS,
  NO_CREDENTIALS,
  resourceKey,
  type ScramCredentials,
  type TopicImage,
} from './image-parts.ts'
import type { ConfigResource, MetadataRecord, PartitionPlacement } from './metadata-record.ts'

export type { BrokerImage, TopicImage } from './image-parts.ts'

export class MetadataImage {
  static readonly EMPTY = new MetadataImage({
    version: 0,
    topicsByName: new Map(),
    topicsById: new Map(),
    brokers: new Map(),
    configs: new Map(),
    nextProducerId: 0,
    scram: new Map(),
    quotas: new Map(),
  })

  readonly #parts: ImageParts
  #sortedTopics: readonly TopicImage[] | null = null
  #partitionCount: number | null = null

  private constructor(parts: ImageParts) {
    this.#parts = parts
  }

  /** Counts the records that made this image, from 0. */
  get version(): number {
    return this.#parts.version
  }

  get topicCount(): number {
    return this.#parts.topicsByName.size
  }

  topic(name: string): TopicImage | null {
    return this.#parts.topicsByName.get(name) ?? null
  }

  topicById(topicId: Uuid): TopicImage | null {
    return this.#parts.topicsById.get(topicId) ?? null
  }

  /** All topics, by name in the order of their characters. */
  topics(): readonly TopicImage[] {
    this.#sortedTopics ??= [...this.#parts.topicsByName.values()].sort((a, b) => {
      return a.name < b.name ? -1 : 1
    })
    return this.#sortedTopics
  }

  /** Partitions of all topics. */
  get partitionCount(): number {
    this.#partitionCount ??= this.topics().reduce((sum, { partitions }) => {
      return sum + partitions.length
    }, 0)
    return this.#partitionCount
  }

  partition(topic: string, partition: number): PartitionPlacement | null {
    return this.#parts.topicsByName.get(topic)?.partitions[partition] ?? null
  }

  broker(brokerId: number): BrokerImage | null {
    return this.#parts.brokers.get(brokerId) ?? null
  }

  /** By id. */
  brokers(): BrokerImage[] {
    return [...this.#parts.brokers.values()].sort((a, b) => a.brokerId - b.brokerId)
  }

  /** What was set for this resource itself, by Kafka's names. */
  configs(resource: ConfigResource): Configs {
    return this.#parts.configs.get(resourceKey(resource)) ?? NO_CONFIGS
  }

  /** The first producer id that no broker has taken. */
  get nextProducerId(): number {
    return this.#parts.nextProducerId
  }

  /** What is kept of a user's passwords for SCRAM; empty for an unknown user. */
  scramCredentials(user: string): ScramCredentials {
    return this.#parts.scram.get(user) ?? NO_CREDENTIALS
  }

  /** Names of all users who have a password for SCRAM, in no order. */
  scramUsers(): string[] {
    return [...this.#parts.scram.keys()]
  }

  /** The same map as long as no quota changes. */
  get clientQuotas(): ClientQuotas {
    return this.#parts.quotas
  }

  /** The shortest list of records that makes this image, for a snapshot. */
  records(): MetadataRecord[] {
    const { brokers, configs, nextProducerId, scram, quotas } = this.#parts
    const records: MetadataRecord[] = []
    for (const broker of brokers.values()) {
      records.push({ type: 'BrokerStarted', ...broker, clean: true })
    }
    for (const topic of this.topics()) {
      const { name } = topic
      const set = [...this.configs({ type: 'topic', name })]
      records.push({ type: 'TopicCreated', ...topic, configs: set })
    }
    for (const [key, set] of configs) {
      if (!key.startsWith('broker:') || set.size === 0) continue
      const resource = { type: 'broker', name: key.slice('broker:'.length) } as const
      records.push({ type: 'ConfigChanged', resource, set: [...set], unset: [] })
    }
    if (nextProducerId > 0) {
      // Who took them does not matter: they are gone.
      records.push({ type: 'ProducerIdsTaken', brokerId: -1, nextProducerId })
    }
    for (const [user, credentials] of scram) {
      for (const [mechanism, texts] of credentials) {
        records.push({ type: 'ScramCredentialSet', user, mechanism, ...texts })
      }
    }
    for (const { entity, limits } of quotas.values()) {
      records.push({ type: 'ClientQuotaChanged', entity, set: [...limits], unset: [] })
    }
    return records
  }

  /** The same image under another version: a snapshot is shorter than the history behind it. */
  at(version: number): MetadataImage {
    return new MetadataImage({ ...this.#parts, version })
  }

  /** The image after one record. See `replayAll`. */
  replay(record: MetadataRecord): MetadataImage {
    return this.replayAll([record])
  }

  /**
   * The image after some records. See `ImageDraft`.
   *
   * @throws AssertionError when a record contradicts the image: it was decided on another one
   */
  replayAll(records: readonly MetadataRecord[]): MetadataImage {
    const draft = new ImageDraft(this.#parts)
    for (const record of records) draft.replay(record)
    return new MetadataImage(draft.parts(this.version + records.length))
  }
}
