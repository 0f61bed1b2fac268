// What may be asked of whoever decides over the cluster. controller/ answers.

import type { Uuid } from '../base/uuid.ts'
import type { TopicImage } from './metadata-image.ts'
import type { BrokerError } from '../base/errors.ts'
import type { ScramMechanismName } from '../config/security-options.ts'
import type { ConfigResource, QuotaEntity, ScramCredentialTexts } from './metadata-record.ts'

/** Broker ids of each new partition in turn, its preferred leader first. */
export type Assignments = readonly (readonly number[])[]

export interface NewTopic {
  readonly name: string
  /** Null: the broker's num.partitions. */
  readonly partitions: number | null
  /** Null: the broker's default.replication.factor. */
  readonly replicationFactor: number | null
  /** By Kafka's names, values as text. */
  readonly configs: ReadonlyMap<string, string>
  /** Where the partitions are to be; both numbers are null then. Left out: the controller decides. */
  readonly assignments?: Assignments
  /** Made by the broker for its own use: may have a name that clients may not give. */
  readonly internal?: boolean
}

export interface ConfigChange {
  readonly resource: ConfigResource
  readonly set: ReadonlyMap<string, string>
  readonly unset: readonly string[]
  /** By name of an option that takes a list: words to be added to what it has now. */
  readonly append?: ReadonlyMap<string, string>
  /** By name of an option that takes a list: words to be taken from what it has now. */
  readonly subtract?: ReadonlyMap<string, string>
  /** True: whatever the resource has and `set` does not name is unset. Default: false. */
  readonly replace?: boolean
}

/** Producer ids `[firstId, endId)`. */
export interface ProducerIdBlock {
  readonly firstId: number
  readonly endId: number
}

/** A change to one credential of a user. */
export interface ScramChange {
  readonly user: string
  readonly mechanism: ScramMechanismName
  /** Null: it goes. */
  readonly credential: ScramCredentialTexts | null
}

/** A change to the quotas of one entity. */
export interface QuotaChange {
  readonly entity: QuotaEntity
  /** Limits by Kafka's names of quotas, valid ones. */
  readonly set: ReadonlyMap<string, number>
  readonly unset: readonly string[]
}

/** With `validateOnly` all is checked and nothing changed. */
export interface ControlOptions {
  readonly validateOnly: boolean
}

export interface ExtendOptions extends ControlOptions {
  /** Where the new partitions are to be. Left out: the controller decides. */
  readonly assignments?: Assignments
}

/**
 * Every method throws BrokerError when it refuses, and has changed nothing then. When one resolves,
 * the image has changed and everybody who subscribed to it was told.
 */
export interface ClusterControl {
  /** @throws INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS,
   *   INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, INVALID_REQUEST */
  createTopic(topic: NewTopic, options: ControlOptions): Promise<TopicImage>

  /** @param topicId refuses when the name belongs to another topic by now; null: whichever it is
   *  @throws UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, TOPIC_DELETION_DISABLED */
  deleteTopic(name: string, topicId?: Uuid | null): Promise<void>

  /** @param total how many partitions the topic shall have, more than it has
   *  @throws UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT */
  createPartitions(topic: string, total: number, options: ExtendOptions): Promise<TopicImage>

  /**
   * Takes producer ids for a broker to hand out. Nobody was given any of them, and nobody else will be,
   * whatever crashes when.
   *
   * @returns `[firstId, endId)`
   */
  takeProducerIds(brokerId: number): Promise<ProducerIdBlock>

  /** @throws UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST, INVALID_CONFIG */
  alterConfigs(change: ConfigChange, options: ControlOptions): Promise<void>

  /**
   * Changes passwords; all changes of a user are made, or none.
   *
   * @returns by user: DUPLICATE_RESOURCE, RESOURCE_NOT_FOUND, or null
   */
  alterScram(changes: readonly ScramChange[]): Promise<ReadonlyMap<string, BrokerError | null>>

  /** Makes all changes, one after the other. */
  alterQuotas(changes: readonly QuotaChange[]): Promise<void>
}
