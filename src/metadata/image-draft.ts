// What each record changes. The only code that changes what the cluster is.

import assert from 'node:assert'
import type { Uuid } from '../base/uuid.ts'
import { changeQuota, quotaKey, type ClientQuota } from './client-quotas.ts'
import {
  type BrokerImage,
  type Configs,
  type ImageParts,
  NO_CONFIGS,
  resourceKey,
  type ScramCredentials,
  type TopicImage,
} from './image-parts.ts'
import type { MetadataRecord } from './metadata-record.ts'

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
export class ImageDraft {
  readonly #topicsByName: MapDraft<string, TopicImage>
  readonly #topicsById: MapDraft<Uuid, TopicImage>
  readonly #brokers: MapDraft<number, BrokerImage>
  readonly #configs: MapDraft<string, Configs>
  #nextProducerId: number
  readonly #scram: MapDraft<string, ScramCredentials>
  readonly #quotas: MapDraft<string, ClientQuota>

  constructor(parts: ImageParts) {
    this.#topicsByName = new MapDraft(parts.topicsByName)
    this.#topicsById = new MapDraft(parts.topicsById)
    this.#brokers = new MapDraft(parts.brokers)
    this.#configs = new MapDraft(parts.configs)
    this.#nextProducerId = parts.nextProducerId
    this.#scram = new MapDraft(parts.scram)
    this.#quotas = new MapDraft(parts.quotas)
  }

  parts(version: number): ImageParts {
    return {
      version,
      topicsByName: this.#topicsByName.map,
      topicsById: this.#topicsById.map,
      brokers: this.#brokers.map,
      configs: this.#configs.map,
      nextProducerId: this.#nextProducerId,
      scram: this.#scram.map,
      quotas: this.#quotas.map,
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
        return
      }
      case 'ScramCredentialSet': {
        const { type: _, user, mechanism, ...texts } = record
        const credentials = new Map(this.#scram.map.get(user))
        this.#scram.change().set(user, credentials.set(mechanism, texts))
        return
      }
      case 'ScramCredentialRemoved': {
        const credentials = new Map(this.#scram.map.get(record.user))
        assert(credentials.delete(record.mechanism), 'there is no such credential')
        if (credentials.size === 0) this.#scram.change().delete(record.user)
        else this.#scram.change().set(record.user, credentials)
        return
      }
      case 'ClientQuotaChanged': {
        const key = quotaKey(record.entity)
        const changed = changeQuota(this.#quotas.map.get(key), record)
        if (changed === null) this.#quotas.change().delete(key)
        else this.#quotas.change().set(key, changed)
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
