// What the cluster is, at one moment: brokers, topics, configurations. An image never changes; replay
// makes the next one.

import assert from 'node:assert'
import type { Uuid } from '../base/uuid.ts'
import type { ConfigResource, MetadataRecord, PartitionPlacement } from './metadata-record.ts'

export interface TopicImage {
  readonly name: string
  readonly topicId: Uuid
  /** `partitions[n]` is partition n. */
  readonly partitions: readonly PartitionPlacement[]
}

export interface BrokerImage {
  readonly brokerId: number
  readonly grpcAddress: string
  /** Empty when it has none. */
  readonly kafkaAddress: string
  readonly rack: string
  readonly version: string
}

type Configs = ReadonlyMap<string, string>

const NO_CONFIGS: Configs = new Map()

interface Parts {
  readonly version: number
  readonly topicsByName: ReadonlyMap<string, TopicImage>
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>
  readonly brokers: ReadonlyMap<number, BrokerImage>
  /** Keyed by `resourceKey`. */
  readonly configs: ReadonlyMap<string, Configs>
  readonly nextProducerId: number
}

export class MetadataImage {
  static readonly EMPTY = new MetadataImage({
    version: 0,
    topicsByName: new Map(),
    topicsById: new Map(),
    brokers: new Map(),
    configs: new Map(),
    nextProducerId: 0,
  })

  readonly #parts: Parts
  #sortedTopics: readonly TopicImage[] | null = null
  #partitionCount: number | null = null

  private constructor(parts: Parts) {
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

  /** The shortest list of records that makes this image, for a snapshot. */
  records(): MetadataRecord[] {
    const { brokers, configs, nextProducerId } = this.#parts
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
   * The image after some records. The only code that changes what the cluster is.
   *
   * @throws AssertionError when a record contradicts the image: it was decided on another one
   */
  replayAll(records: readonly MetadataRecord[]): MetadataImage {
    const draft = new Draft(this.#parts)
    for (const record of records) draft.replay(record)
    return new MetadataImage(draft.parts(this.version + records.length))
  }
}

function resourceKey({ type, name }: ConfigResource): string {
  return `${type}:${name}`
}

/** A map that is copied when it is first changed. */
class MapDraft<K, V> {
  #map: ReadonlyMap<K, V>
  #copy: Map<K, V> | null = null

  constructor(map: ReadonlyMap<K, V>) {
    this.#map = map
  }

  get map(): ReadonlyMap<K, V> {
    return this.#map
  }

  change(): Map<K, V> {
    if (this.#copy === null) {
      this.#copy = new Map(this.#map)
      this.#map = this.#copy
    }
    return this.#copy
  }
}

/** An image in the making. */
class Draft {
  readonly #topicsByName: MapDraft<string, TopicImage>
  readonly #topicsById: MapDraft<Uuid, TopicImage>
  readonly #brokers: MapDraft<number, BrokerImage>
  readonly #configs: MapDraft<string, Configs>
  #nextProducerId: number

  constructor(parts: Parts) {
    this.#topicsByName = new MapDraft(parts.topicsByName)
    this.#topicsById = new MapDraft(parts.topicsById)
    this.#brokers = new MapDraft(parts.brokers)
    this.#configs = new MapDraft(parts.configs)
    this.#nextProducerId = parts.nextProducerId
  }

  parts(version: number): Parts {
    return {
      version,
      topicsByName: this.#topicsByName.map,
      topicsById: this.#topicsById.map,
      brokers: this.#brokers.map,
      configs: this.#configs.map,
      nextProducerId: this.#nextProducerId,
    }
  }

  replay(record: MetadataRecord): void {
    switch (record.type) {
      case 'TopicCreated': {
        const { name, topicId, partitions, configs } = record
        assert(!this.#topicsByName.map.has(name), `topic ${name} is there already`)
        assert(!this.#topicsById.map.has(topicId), `topic id ${topicId} is taken`)
        this.#setTopic({ name, topicId, partitions })
        if (configs.length > 0) {
          this.#configs.change().set(resourceKey({ type: 'topic', name }), new Map(configs))
        }
        return
      }
      case 'TopicDeleted': {
        const { name, topicId } = record
        const topic = this.#topicsByName.map.get(name)
        assert(topic?.topicId === topicId, `topic ${name} is another one`)
        this.#topicsByName.change().delete(name)
        this.#topicsById.change().delete(topicId)
        const key = resourceKey({ type: 'topic', name })
        if (this.#configs.map.has(key)) this.#configs.change().delete(key)
        return
      }
      case 'PartitionsAdded': {
        const topic = this.#topicsByName.map.get(record.topic)
        assert(topic !== undefined, `there is no topic ${record.topic}`)
        this.#setTopic({ ...topic, partitions: [...topic.partitions, ...record.partitions] })
        return
      }
      case 'ConfigChanged': {
        const key = resourceKey(record.resource)
        const changed = new Map([...(this.#configs.map.get(key) ?? NO_CONFIGS), ...record.set])
        for (const name of record.unset) changed.delete(name)
        if (changed.size === 0) this.#configs.change().delete(key)
        else this.#configs.change().set(key, changed)
        return
      }
      case 'BrokerStarted': {
        const { type: _, clean, kafkaAddress = '', ...broker } = record
        this.#brokers.change().set(broker.brokerId, { ...broker, kafkaAddress })
        if (!clean) this.#raiseEpochs(broker.brokerId)
        return
      }
      case 'ProducerIdsTaken': {
        const { nextProducerId } = record
        assert(nextProducerId > this.#nextProducerId, 'producer ids were taken before')
        this.#nextProducerId = nextProducerId
      }
    }
  }

  #setTopic(topic: TopicImage): void {
    assert(topic.partitions.length > 0, `topic ${topic.name} has no partitions`)
    assert(topic.partitions.every(({ partition }, n) => partition === n))
    this.#topicsByName.change().set(topic.name, topic)
    this.#topicsById.change().set(topic.topicId, topic)
  }

  #raiseEpochs(brokerId: number): void {
    for (const topic of [...this.#topicsByName.map.values()]) {
      if (!topic.partitions.some(({ leader }) => leader === brokerId)) continue
      const partitions = topic.partitions.map((partition) => {
        if (partition.leader !== brokerId) return partition
        return { ...partition, leaderEpoch: partition.leaderEpoch + 1 }
      })
      this.#setTopic({ ...topic, partitions })
    }
  }
}
