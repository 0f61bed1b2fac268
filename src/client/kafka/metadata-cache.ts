// What is known of the cluster: its brokers, and who leads which partition of the topics in use.
//
// Nothing here is ever sure. What proves wrong is marked as stale, and asked for again before it is
// used again; what has not proved wrong is not asked for.

import type { HostAndPort } from '../../network/client-connection.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import type { Uuid } from '../../base/uuid.ts'
import type {
  MetadataResponse,
  MetadataResponsePartition,
  MetadataResponseTopic,
} from '../../protocol/kafka/gen/metadata.ts'
import { SluiceError } from '../errors.ts'
import { errorOfId } from './kafka-error.ts'

export interface PartitionLeader {
  readonly nodeId: number
  /** -1 when it is not known. */
  readonly leaderEpoch: number
}

export interface KnownTopic {
  readonly name: string
  /** ZERO_UUID where the broker is too old to tell. */
  readonly topicId: Uuid
  readonly error: SluiceError | null
  readonly partitions: ReadonlyMap<number, MetadataResponsePartition>
}

interface Entry {
  topic: KnownTopic
  stale: boolean
}

/** Most topics that are remembered. The one that was read first goes first. */
const MAX_TOPICS = 10_000

const NO_LEADER = -1

export class MetadataCache {
  readonly #brokers = new Map<number, HostAndPort>()
  readonly #topics = new Map<string, Entry>()
  readonly #names = new Map<Uuid, string>()
  /** Broker id; -1 when it is not known. */
  controllerId = -1
  clusterId = ''

  /** Where a broker is; undefined for one that is not known. */
  broker(nodeId: number): HostAndPort | undefined {
    return this.#brokers.get(nodeId)
  }

  brokers(): readonly HostAndPort[] {
    return [...this.#brokers.values()]
  }

  /** Undefined when the topic was never asked for, or what is known of it has proved wrong. */
  topic(name: string): KnownTopic | undefined {
    const entry = this.#topics.get(name)
    return entry === undefined || entry.stale ? undefined : entry.topic
  }

  /** Name of a topic by its id; undefined for one that is not known. */
  nameOf(topicId: Uuid): string | undefined {
    return this.#names.get(topicId)
  }

  /** False when the leader of the partition has to be asked for. */
  knows(topic: string, partition: number): boolean {
    const known = this.topic(topic)
    if (known === undefined || known.error !== null) return false
    const leader = known.partitions.get(partition)?.leaderId ?? NO_LEADER
    return leader !== NO_LEADER && this.#brokers.has(leader)
  }

  /** Who leads a partition, or why nobody can say. */
  leader(topic: string, partition: number): PartitionLeader | SluiceError {
    const known = this.topic(topic)
    if (known === undefined) return new SluiceError('LEADER_NOT_AVAILABLE', { topic, partition })
    if (known.error !== null) return known.error
    const found = known.partitions.get(partition)
    if (found === undefined) {
      const facts = { topic, partition, partitions: known.partitions.size }
      return new SluiceError('UNKNOWN_TOPIC_OR_PARTITION', facts)
    }
    const { leaderId: nodeId, leaderEpoch } = found
    if (nodeId === NO_LEADER || !this.#brokers.has(nodeId)) {
      return new SluiceError('LEADER_NOT_AVAILABLE', { topic, partition })
    }
    return { nodeId, leaderEpoch }
  }

  /** What is known of the topic has proved wrong. */
  markStale(name: string): void {
    const entry = this.#topics.get(name)
    if (entry !== undefined) entry.stale = true
  }

  /** Takes what a broker has told. */
  update(response: MetadataResponse): void {
    this.#brokers.clear()
    for (const { nodeId, host, port } of response.brokers) this.#brokers.set(nodeId, { host, port })
    this.controllerId = response.controllerId
    if (response.clusterId !== null) this.clusterId = response.clusterId
    for (const topic of response.topics) this.#put(topic)
    for (const [name, { topic }] of this.#topics) {
      if (this.#topics.size <= MAX_TOPICS) break
      this.#topics.delete(name)
      this.#names.delete(topic.topicId)
    }
  }

  #put(wire: MetadataResponseTopic): void {
    const { name, topicId, errorCode } = wire
    if (name === null) return
    const before = this.#topics.get(name)?.topic
    if (before !== undefined && before.topicId !== topicId) this.#names.delete(before.topicId)
    const partitions = new Map(wire.partitions.map((each) => [each.partitionIndex, each]))
    const topic = { name, topicId, partitions, error: errorOfId(errorCode, null, { topic: name }) }
    this.#topics.delete(name)
    this.#topics.set(name, { topic, stale: false })
    if (topicId !== ZERO_UUID) this.#names.set(topicId, name)
  }
}
