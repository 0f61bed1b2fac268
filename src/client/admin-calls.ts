// What may be asked of a cluster beside records: the calls, what they take, what they answer. Offsets,
// sizes and times are plain numbers.

import type { SluiceError } from './errors.ts'
import type { PartitionRef, StartPosition } from './transport.ts'

export interface NewTopic {
  /** 1 to 249 of letters, digits, `.`, `_` and `-`. */
  readonly name: string
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number
  /** Kafka's names, as in `{ 'retention.ms': '60000' }`. */
  readonly configs?: Readonly<Record<string, string>>
}

/** Changes nothing, but checks all that the call would check. */
export interface ValidateOnly {
  readonly validateOnly?: boolean
}

export interface Topic {
  readonly name: string
  /** 22 characters. It changes when a topic is deleted and made anew. */
  readonly topicId: string
  readonly partitions: number
  readonly replicationFactor: number
  /** Made by the broker for its own use. */
  readonly internal: boolean
  /** What differs from the broker's defaults. */
  readonly configs: Readonly<Record<string, string>>
}

export interface TopicPage {
  /** Ordered by name. */
  readonly topics: readonly Topic[]
  /** Null on the last page. */
  readonly nextPageToken: string | null
}

export interface PageOptions {
  /** 1 to 10,000. Default 1,000. */
  readonly pageSize?: number
  /** Of the page before. */
  readonly pageToken?: string
  /** Default false. */
  readonly includeInternal?: boolean
}

export interface PartitionDescription {
  readonly partition: number
  /** Broker id; null while there is none. */
  readonly leader: number | null
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** First offset that the partition still holds. */
  readonly logStartOffset: number
  /** Records below it may be read. */
  readonly highWatermark: number
  readonly logEndOffset: number
  /** Bytes of its segments on disk. */
  readonly sizeBytes: number
  /** Why the log is offline; null when it is not. */
  readonly error: SluiceError | null
}

export interface TopicDescription extends Topic {
  readonly partitionDescriptions: readonly PartitionDescription[]
}

export interface ConfigResource {
  readonly type: 'topic' | 'broker'
  /** A topic's name or a broker's id in decimal; '' is what holds for all brokers. */
  readonly name: string
}

export type ConfigSource = 'topic' | 'dynamic-broker' | 'static-broker' | 'default' | 'unknown'

export interface ConfigSynonym {
  readonly name: string
  readonly value: string
  readonly source: ConfigSource
}

export interface ConfigEntry {
  readonly name: string
  readonly value: string
  readonly source: ConfigSource
  readonly readOnly: boolean
  /** The value is not shown. */
  readonly sensitive: boolean
  /** As in `long`, `list`, `boolean`. */
  readonly type: string
  readonly defaultValue: string
  /** What values are allowed, in words. */
  readonly allowed: string
  readonly documentation: string
  /** Where the value could come from, the winner first. */
  readonly synonyms: readonly ConfigSynonym[]
}

export interface ConfigChanges {
  readonly set?: Readonly<Record<string, string>>
  /** Back to what holds without them. */
  readonly unset?: readonly string[]
}

export interface RecordsBefore {
  readonly partition: number
  /** Records below it go. `'high-watermark'`: all that are readable now. */
  readonly beforeOffset: number | 'high-watermark'
}

export interface RecordsDeleted {
  readonly partition: number
  /** First offset that the partition still holds; -1 with an error. */
  readonly logStartOffset: number
  readonly error: SluiceError | null
}

export interface BrokerDescription {
  readonly brokerId: number
  /** Where clients reach it, by the protocol that they asked over: `host:port`. */
  readonly address: string
  readonly rack: string
  readonly version: string
}

export interface ClusterDescription {
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: readonly BrokerDescription[]
}

export interface PositionOf extends PartitionRef {
  readonly position: StartPosition
}

export interface PartitionOffsets extends PartitionRef {
  /** -1 when no record has the timestamp or a later one, and with an error. */
  readonly offset: number
  /** Timestamp of the record that was found by time, in milliseconds since 1970; -1 otherwise. */
  readonly timestampMs: number
  readonly error: SluiceError | null
}

/** The calls as a transport makes them: once each, with a deadline in milliseconds. */
export interface AdminCalls {
  createTopic(topic: NewTopic & ValidateOnly, timeoutMs: number): Promise<Topic>
  deleteTopic(name: string, timeoutMs: number): Promise<void>
  listTopics(page: PageOptions, timeoutMs: number): Promise<TopicPage>
  describeTopic(name: string, timeoutMs: number): Promise<TopicDescription>
  createPartitions(
    topic: string,
    totalPartitions: number,
    options: ValidateOnly,
    timeoutMs: number,
  ): Promise<Topic>
  describeConfigs(
    resource: ConfigResource,
    names: readonly string[],
    timeoutMs: number,
  ): Promise<readonly ConfigEntry[]>
  alterConfigs(
    resource: ConfigResource,
    changes: ConfigChanges & ValidateOnly,
    timeoutMs: number,
  ): Promise<void>
  deleteRecords(
    topic: string,
    partitions: readonly RecordsBefore[],
    timeoutMs: number,
  ): Promise<readonly RecordsDeleted[]>
  describeCluster(timeoutMs: number): Promise<ClusterDescription>
}
