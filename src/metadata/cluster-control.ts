// What may be asked of whoever decides over the cluster. controller/ answers.

import type { TopicImage } from './metadata-image.ts'
import type { ConfigResource } from './metadata-record.ts'

export interface NewTopic {
  readonly name: string
  /** Null: the broker's num.partitions. */
  readonly partitions: number | null
  /** Null: the broker's default.replication.factor. */
  readonly replicationFactor: number | null
  /** By Kafka's names, values as text. */
  readonly configs: ReadonlyMap<string, string>
  /** Made by the broker for its own use: may have a name that clients may not give. */
  readonly internal?: boolean
}

export interface ConfigChange {
  readonly resource: ConfigResource
  readonly set: ReadonlyMap<string, string>
  readonly unset: readonly string[]
}

/** With `validateOnly` all is checked and nothing changed. */
export interface ControlOptions {
  readonly validateOnly: boolean
}

/**
 * Every method throws BrokerError when it refuses, and has changed nothing then. When one resolves,
 * the image has changed and everybody who subscribed to it was told.
 */
export interface ClusterControl {
  /** @throws INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS,
   *   INVALID_REPLICATION_FACTOR, INVALID_CONFIG */
  createTopic(topic: NewTopic, options: ControlOptions): Promise<TopicImage>

  /** @throws UNKNOWN_TOPIC_OR_PARTITION */
  deleteTopic(name: string): Promise<void>

  /** @param total how many partitions the topic shall have, more than it has
   *  @throws UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS */
  createPartitions(topic: string, total: number, options: ControlOptions): Promise<TopicImage>

  /** @throws UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST, INVALID_CONFIG */
  alterConfigs(change: ConfigChange, options: ControlOptions): Promise<void>
}
