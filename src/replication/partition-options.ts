// What a partition takes from its topic's configuration.

import type { LogConfig } from '../storage/log-config.ts'

/** `compression.type`: how the broker compresses batches that it builds itself. */
export type TopicCompression = 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Options of a topic, by Kafka's names in camel case. Table, defaults and ranges: config/. */
export interface PartitionOptions extends LogConfig {
  /** `message.timestamp.before.max.ms`: how far a record's time may lie before the broker's. */
  readonly messageTimestampBeforeMaxMs: number
  /** `message.timestamp.after.max.ms`: how far it may lie after. */
  readonly messageTimestampAfterMaxMs: number
  /** `min.insync.replicas`: in-sync replicas that acks=all needs, or all that there are to be. */
  readonly minInsyncReplicas: number
  readonly compressionType: TopicCompression
}
