// What a partition log takes from its topic's configuration.

/**
 * Options of one partition log, by Kafka's names in camel case. `config/` has the table that they
 * are read from; defaults and ranges stand there.
 */
export interface LogConfig {
  /** Roll before a segment would be larger than this. */
  readonly segmentBytes: number
  /** Roll when this long passed since the first record of the segment. */
  readonly segmentMs: number
  /** Largest size of each index file; a full index rolls the segment. */
  readonly segmentIndexBytes: number
  /** Bytes appended between two index entries. */
  readonly indexIntervalBytes: number
  /** Closed segments whose newest record is older go. -1: never. */
  readonly retentionMs: number
  /** Oldest segments go while the log would still hold this much without them. -1: never. */
  readonly retentionBytes: number
  /** How long removed segments stay as `.deleted` before their files go. */
  readonly fileDeleteDelayMs: number
  /** Largest batch, as it stands in the log, in bytes. */
  readonly maxMessageBytes: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  /** `delete`, `compact`, or both. */
  readonly cleanupPolicy: readonly ('delete' | 'compact')[]
  /** Share of a log that is dirty, 0 to 1, above which it is compacted. */
  readonly minCleanableDirtyRatio: number
  /** A record is not compacted before it is this old. */
  readonly minCompactionLagMs: number
  /** A log with a dirty record older than this is compacted, whatever its ratio. */
  readonly maxCompactionLagMs: number
  /** How long tombstones and markers stay in a compacted log. */
  readonly deleteRetentionMs: number
  /** `disk`: a record is acknowledged when it is on disk. `os`: when the page cache has it. */
  readonly flushPolicy: 'disk' | 'os'
}
