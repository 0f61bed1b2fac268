// One change to what the cluster is. Records are all that a metadata store keeps: replaying them in
// order gives the image.

import type { Uuid } from '../base/uuid.ts'
import type { ScramMechanismName } from '../config/security-options.ts'

/** A partition as it is placed: who holds it, who leads it. Broker ids. */
export interface PartitionPlacement {
  readonly partition: number
  /** The first of them is the preferred leader. */
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** -1 while there is none. */
  readonly leader: number
  readonly leaderEpoch: number
}

export interface TopicCreated {
  readonly type: 'TopicCreated'
  readonly name: string
  readonly topicId: Uuid
  /** In the order of their numbers, from 0, without a gap. */
  readonly partitions: readonly PartitionPlacement[]
  /** What differs from the defaults: pairs of Kafka's name and the value as text. */
  readonly configs: readonly (readonly [name: string, value: string])[]
}

export interface TopicDeleted {
  readonly type: 'TopicDeleted'
  readonly name: string
  /** Tells a topic from another that had its name before. */
  readonly topicId: Uuid
}

export interface PartitionsAdded {
  readonly type: 'PartitionsAdded'
  readonly topic: string
  /** They go on where the topic's partitions end. */
  readonly partitions: readonly PartitionPlacement[]
}

/** What a configuration is of. A broker is named by its id in decimal; '' is all brokers. */
export interface ConfigResource {
  readonly type: 'topic' | 'broker'
  readonly name: string
}

export interface ConfigChanged {
  readonly type: 'ConfigChanged'
  readonly resource: ConfigResource
  readonly set: readonly (readonly [name: string, value: string])[]
  readonly unset: readonly string[]
}

/**
 * A broker is there. When it did not stop cleanly, records that were never acknowledged may be gone, so
 * the leader epoch of every partition that it leads goes up: readers can tell what was written before.
 */
export interface BrokerStarted {
  readonly type: 'BrokerStarted'
  readonly brokerId: number
  /** Where clients reach its gRPC front: "host:port". */
  readonly grpcAddress: string
  /** The same of its Kafka front; empty when it has none. Records of older versions lack it. */
  readonly kafkaAddress?: string
  readonly rack: string
  readonly version: string
  /** True when the stop before was clean, or there was none. */
  readonly clean: boolean
}

/**
 * A broker took producer ids to hand out: those from where the last such record ends up to this one's
 * end. Whatever becomes of the broker, nobody else gets them.
 */
export interface ProducerIdsTaken {
  readonly type: 'ProducerIdsTaken'
  readonly brokerId: number
  /** The first id that is still free. */
  readonly nextProducerId: number
}

/** What is kept of a password for SCRAM; bytes are in base64. */
export interface ScramCredentialTexts {
  readonly salt: string
  readonly storedKey: string
  readonly serverKey: string
  readonly iterations: number
}

/** A user's password for one mechanism is set, or another than before. */
export interface ScramCredentialSet extends ScramCredentialTexts {
  readonly type: 'ScramCredentialSet'
  readonly user: string
  readonly mechanism: ScramMechanismName
}

export interface ScramCredentialRemoved {
  readonly type: 'ScramCredentialRemoved'
  readonly user: string
  readonly mechanism: ScramMechanismName
}

/**
 * Whom a quota is for. Null stands for everybody who has no quota by that part's name; a part that is
 * left out has no say. An address stands alone.
 */
export interface QuotaEntity {
  readonly user?: string | null
  readonly clientId?: string | null
  readonly ip?: string | null
}

export interface ClientQuotaChanged {
  readonly type: 'ClientQuotaChanged'
  readonly entity: QuotaEntity
  /** Pairs of Kafka's name of a quota and the limit. */
  readonly set: readonly (readonly [name: string, limit: number])[]
  readonly unset: readonly string[]
}

export type MetadataRecord =
  | TopicCreated
  | TopicDeleted
  | PartitionsAdded
  | ConfigChanged
  | BrokerStarted
  | ProducerIdsTaken
  | ScramCredentialSet
  | ScramCredentialRemoved
  | ClientQuotaChanged

/** Every type of record that this version can replay. */
export const RECORD_TYPES: ReadonlySet<string> = new Set<MetadataRecord['type']>([
  'TopicCreated',
  'TopicDeleted',
  'PartitionsAdded',
  'ConfigChanged',
  'BrokerStarted',
  'ProducerIdsTaken',
  'ScramCredentialSet',
  'ScramCredentialRemoved',
  'ClientQuotaChanged',
])
