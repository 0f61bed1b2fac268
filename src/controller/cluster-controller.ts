// Decides over topics and configurations: reads the image, checks, and appends what shall be
// as metadata records. What follows from a record, logs above all, is done by those who watch the image.
// Decisions are taken one after the other, each on the image that the one before made.

import { BrokerError } from '../base/errors.ts'
import { MAX_PARTITIONS_PER_BROKER, MAX_PARTITIONS_PER_TOPIC } from '../base/limits.ts'
import { SerialQueue } from '../base/serial-queue.ts'
import { randomUuid } from '../base/uuid.ts'
import type { Uuid } from '../base/uuid.ts'
import {
  checkConfigs,
  checkTogether,
  minInsyncProblem,
  nameProblem,
} from '../config/check-configs.ts'
import type { TopicConfig } from '../config/topic-options.ts'
import type { RandomSource } from '../io/random.ts'
import type {
  ClusterControl,
  ConfigChange,
  ControlOptions,
  ExtendOptions,
  NewTopic,
  ProducerIdBlock,
  QuotaChange,
  ScramChange,
} from '../metadata/cluster-control.ts'
import { isInternalTopic } from '../metadata/internal-topics.ts'
import type { TopicImage } from '../metadata/metadata-image.ts'
import type {
  ConfigResource,
  MetadataRecord,
  PartitionPlacement,
} from '../metadata/metadata-record.ts'
import type { MetadataStore } from '../metadata/metadata-store.ts'
import { refuseOtherPolicy, refuseProblems, resolveChange } from './config-change.ts'
import { placeByHand, placePartitions } from './placement.ts'
import { decideScram } from './scram-changes.ts'
import { checkTopicName, collisionKey } from './topic-name.ts'

/** What the controller needs to know of the brokers' options, asked anew each time. */
export interface ControllerDefaults {
  readonly numPartitions: number
  readonly defaultReplicationFactor: number
  readonly deleteTopicEnable: boolean
}

export interface ClusterControllerOptions {
  readonly store: MetadataStore
  readonly random: RandomSource
  readonly defaults: () => ControllerDefaults
  /** What would hold for a topic with these configurations of its own. */
  readonly resolve: (configs: ReadonlyMap<string, string>) => TopicConfig
}

/** Producer ids that a broker takes at a time, as in Kafka. */
const PRODUCER_ID_BLOCK = 1_000

/** Requests that may wait for each other. */
const QUEUE_LIMIT = 10_000

export class ClusterController implements ClusterControl {
  readonly #options: ClusterControllerOptions
  readonly #store: MetadataStore
  readonly #queue = new SerialQueue(QUEUE_LIMIT)

  constructor(options: ClusterControllerOptions) {
    this.#options = options
    this.#store = options.store
  }

  createTopic(topic: NewTopic, { validateOnly }: ControlOptions): Promise<TopicImage> {
    return this.#run(async () => {
      const { name, configs, assignments } = topic
      checkTopicName(name)
      if (isInternalTopic(name) && topic.internal !== true) {
        const message = 'The name is reserved for a topic of the broker itself'
        throw new BrokerError('INVALID_TOPIC_EXCEPTION', { message, topic: name })
      }
      this.#refuseTaken(name)
      const partitions = assignments === undefined ? this.#place(topic) : this.#placeByHand(topic)
      this.#checkTopicConfigs(configs, partitions[0]!.replicas.length)
      const set = trimmed(configs)
      const topicId = randomUuid((bytes) => this.#options.random.bytes(bytes))
      if (validateOnly) return { name, topicId, partitions }
      await this.#append({ type: 'TopicCreated', name, topicId, partitions, configs: set })
      return this.#topic(name)
    })
  }

  deleteTopic(name: string, expectedId: Uuid | null = null): Promise<void> {
    return this.#run(async () => {
      const { topicId } = this.#topic(name)
      if (expectedId !== null && expectedId !== topicId) {
        throw new BrokerError('UNKNOWN_TOPIC_ID', { topicId: expectedId })
      }
      if (!this.#options.defaults().deleteTopicEnable) {
        const message = 'Topics may not be deleted; delete.topic.enable=true allows it'
        throw new BrokerError('TOPIC_DELETION_DISABLED', { message, topic: name })
      }
      await this.#append({ type: 'TopicDeleted', name, topicId })
    })
  }

  createPartitions(
    topic: string,
    total: number,
    { validateOnly, assignments }: ExtendOptions,
  ): Promise<TopicImage> {
    return this.#run(async () => {
      const image = this.#topic(topic)
      const present = image.partitions.length
      this.#checkPartitionCount(topic, total, Math.max(0, total - present))
      if (total <= present) {
        const message = `Topic ${topic} has ${present} partitions already, and can only be given more`
        throw new BrokerError('INVALID_PARTITIONS', { message, topic, partitions: total })
      }
      const replicationFactor = image.partitions[0]!.replicas.length
      const brokerIds = this.#brokerIds()
      if (assignments !== undefined && assignments.length !== total - present) {
        const message = `${total - present} partitions are new, and ${assignments.length} are assigned`
        throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', { message, topic })
      }
      const added =
        assignments === undefined
          ? placePartitions(present, total - present, brokerIds, replicationFactor)
          : placeByHand(present, assignments, brokerIds, replicationFactor)
      if (validateOnly) return { ...image, partitions: [...image.partitions, ...added] }
      await this.#append({ type: 'PartitionsAdded', topic, partitions: added })
      return this.#topic(topic)
    })
  }

  alterConfigs(change: ConfigChange, options: ControlOptions): Promise<void> {
    return this.#run(async () => {
      const { resource } = change
      this.#checkResource(resource)
      const { set, unset } = resolveChange(change, this.#store.image.configs(resource))
      const unknown = change.unset.flatMap((name) => nameProblem(resource.type, name) ?? [])
      refuseProblems([...checkConfigs(resource.type, set), ...unknown])
      if (resource.type === 'topic') {
        const changed = new Map([...this.#store.image.configs(resource), ...set])
        for (const name of unset) changed.delete(name)
        if (isInternalTopic(resource.name)) refuseOtherPolicy({ set, unset }, changed)
        const [first] = this.#topic(resource.name).partitions
        refuseProblems(checkTogether(this.#options.resolve(changed), first!.replicas.length))
      } else this.#checkBrokerConfigs(set)
      if (options.validateOnly || set.size + unset.length === 0) return
      await this.#append({ type: 'ConfigChanged', resource, set: trimmed(set), unset })
    })
  }

  takeProducerIds(brokerId: number): Promise<ProducerIdBlock> {
    return this.#run(async () => {
      const firstId = this.#store.image.nextProducerId
      const endId = firstId + PRODUCER_ID_BLOCK
      await this.#append({ type: 'ProducerIdsTaken', brokerId, nextProducerId: endId })
      return { firstId, endId }
    })
  }

  alterScram(changes: readonly ScramChange[]): Promise<ReadonlyMap<string, BrokerError | null>> {
    return this.#run(async () => {
      const { results, records } = decideScram(this.#store.image, changes)
      await this.#append(...records)
      return results
    })
  }

  alterQuotas(changes: readonly QuotaChange[]): Promise<void> {
    return this.#run(async () => {
      const records = changes.map(({ entity, set, unset }) => {
        return { type: 'ClientQuotaChanged', entity, set: [...set], unset } as const
      })
      await this.#append(...records)
    })
  }

  #run<T>(decision: () => Promise<T>): Promise<T> {
    if (this.#queue.size < QUEUE_LIMIT) return this.#queue.run(decision)
    const message = `${QUEUE_LIMIT} changes of the cluster wait already; try again later`
    return Promise.reject(new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message }))
  }

  async #append(...records: MetadataRecord[]): Promise<void> {
    if (records.length > 0) await this.#store.append(records, this.#store.image.version)
  }

  #topic(name: string): TopicImage {
    const topic = this.#store.image.topic(name)
    if (topic !== null) return topic
    const message = 'There is no such topic'
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { message, topic: name.slice(0, 300) })
  }

  #brokerIds(): number[] {
    return this.#store.image.brokers().map(({ brokerId }) => brokerId)
  }

  #refuseTaken(name: string): void {
    if (this.#store.image.topic(name) !== null) {
      // In Kafka's words: scripts look for them.
      const message = `Topic '${name}' already exists.`
      throw new BrokerError('TOPIC_ALREADY_EXISTS', { message, topic: name })
    }
    if (!/[._]/.test(name)) return
    const key = collisionKey(name)
    const rival = this.#store.image.topics().find((topic) => {
      return topic.name.length === name.length && collisionKey(topic.name) === key
    })
    if (rival === undefined) return
    const message =
      `The name differs from that of topic ${rival.name} only in "." and "_", which metrics can't ` +
      'tell apart; choose another'
    throw new BrokerError('INVALID_TOPIC_EXCEPTION', { message, topic: name })
  }

  #place({ name, partitions, replicationFactor }: NewTopic): PartitionPlacement[] {
    const { defaultReplicationFactor, numPartitions } = this.#options.defaults()
    const count = partitions ?? numPartitions
    const replicas = replicationFactor ?? defaultReplicationFactor
    this.#checkPartitionCount(name, count, count)
    this.#checkReplicationFactor(replicas)
    return placePartitions(0, count, this.#brokerIds(), replicas)
  }

  #placeByHand({ name, assignments = [], ...numbers }: NewTopic): PartitionPlacement[] {
    if (numbers.partitions !== null || numbers.replicationFactor !== null) {
      const message = 'Partitions that are assigned by hand have their numbers from that alone'
      throw new BrokerError('INVALID_REQUEST', { message, topic: name })
    }
    this.#checkPartitionCount(name, assignments.length, assignments.length)
    return placeByHand(0, assignments, this.#brokerIds(), null)
  }

  /** @param added how many of them are new */
  #checkPartitionCount(topic: string, count: number, added: number): void {
    if (!Number.isInteger(count) || count < 1 || count > MAX_PARTITIONS_PER_TOPIC) {
      const message = `A topic has 1 to ${MAX_PARTITIONS_PER_TOPIC} partitions`
      throw new BrokerError('INVALID_PARTITIONS', { message, topic, partitions: count })
    }
    const present = this.#store.image.partitionCount
    if (present + added <= MAX_PARTITIONS_PER_BROKER) return
    const message =
      `A broker holds at most ${MAX_PARTITIONS_PER_BROKER} partitions and has ${present} already; ` +
      'ask for fewer, or delete topics'
    throw new BrokerError('INVALID_PARTITIONS', { message, topic, partitions: count })
  }

  #checkReplicationFactor(replicationFactor: number): void {
    const brokers = this.#brokerIds().length
    if (Number.isInteger(replicationFactor) && replicationFactor >= 1) {
      if (replicationFactor <= brokers) return
    }
    const allowed = brokers === 1 ? '1 replica' : `1 to ${brokers} replicas`
    const message =
      `A partition has ${allowed}: the cluster has ${brokers} broker${brokers === 1 ? '' : 's'}, ` +
      'and each holds one'
    throw new BrokerError('INVALID_REPLICATION_FACTOR', { message, replicationFactor, brokers })
  }

  #checkTopicConfigs(configs: ReadonlyMap<string, string>, replicationFactor: number): void {
    refuseProblems(checkConfigs('topic', configs))
    refuseProblems(checkTogether(this.#options.resolve(configs), replicationFactor))
  }

  /** A default for topics that no topic could keep is refused where it is set. */
  #checkBrokerConfigs(set: ReadonlyMap<string, string>): void {
    const minInsyncReplicas = Number(set.get('min.insync.replicas') ?? 1)
    if (minInsyncReplicas <= this.#brokerIds().length) return
    refuseProblems([minInsyncProblem(minInsyncReplicas, this.#brokerIds().length)])
  }

  #checkResource({ type, name }: ConfigResource): void {
    if (type === 'topic') return void this.#topic(name)
    if (name === '' || this.#brokerIds().some((brokerId) => String(brokerId) === name)) return
    const message = `There is no broker ${JSON.stringify(name.slice(0, 80))}; "" means all brokers`
    throw new BrokerError('INVALID_REQUEST', { message })
  }
}

function trimmed(configs: ReadonlyMap<string, string>): [string, string][] {
  return [...configs].map(([name, text]) => [name, text.trim()])
}
