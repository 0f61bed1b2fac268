// What a log manager is made from, and the numbers that it tells.

import type { Clock } from '../io/clock.ts'
import type { FileSystem } from '../io/file-system.ts'
import type { RandomSource } from '../io/random.ts'
import type { Logger } from '../observability/logger.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import type { Cleaner } from './compaction/cleaner/cleaner.ts'
import type { CompactionSettings, CompactionStats } from './compaction/log-compaction.ts'
import type { ConfigOf, RecoveryProgress } from './directory/log-loader.ts'
import type { LogListener, PartitionLog } from './partition-log.ts'
import type { SnapshotPace } from './producer-state/log-producers.ts'
import type {
  ProducerMemoryOptions,
  ProducerMemoryStats,
} from './producer-state/producer-memory.ts'
import type { CommitRoundStats } from './rounds/commit-rounds.ts'

export interface LogManagerOptions {
  readonly files: FileSystem
  /** The data directory. Made when it does not exist. */
  readonly directory: string
  readonly clock: Clock
  readonly random: RandomSource
  readonly core: StorageCore
  /** Default: none. */
  readonly logger?: Logger
  readonly clusterId: string
  readonly nodeId: number
  /** Asked at start, for each partition directory. Those that it does not know are strays. */
  readonly configOf: ConfigOf
  readonly listener: LogListener
  /** Called when a log takes appends again that was offline, or could not be opened at start. */
  readonly onOnline?: (log: PartitionLog) => void
  /** Called while logs are recovered at start. */
  readonly onProgress?: (progress: RecoveryProgress) => void
  /** Time between two runs of retention. Default: 300,000 ms, as in Kafka. */
  readonly retentionCheckIntervalMs?: number
  /** Longest time between two saves of the checkpoints; they are saved sooner when much was written.
   *  Default: 5,000 ms. More makes a start after a crash read more. */
  readonly checkpointIntervalMs?: number
  /** How many idempotent producers are remembered, and for how long. */
  readonly producerIds?: ProducerMemoryOptions
  /** New bytes of a log with `flush.policy=os` after which it is synced: see rounds/os-sync.ts. Default: the least. */
  readonly osSyncBytes?: number
  /** What lies between two snapshots of a log's producers at least. Default: 8 MiB, and 250 ms. */
  readonly snapshotPace?: SnapshotPace
  /** How logs are compacted. Default: not at all. */
  readonly compaction?: CompactionSettings
  /** Nothing of a log at or above it is compacted. Default: all that is durable and decided may be. */
  readonly stableOffsetOf?: (log: PartitionLog) => number
  /** Reads and writes for compaction. Default: on the event loop. */
  readonly openCleaner?: () => Cleaner
  /** False: rounds always sync the logs themselves. Default: true. */
  readonly journal?: boolean
}

/** Numbers about a data directory, for metrics. */
export interface LogManagerStats extends CommitRoundStats, ProducerMemoryStats {
  readonly compaction: CompactionStats
  readonly logs: number
  readonly offlineLogs: number
  readonly strays: number
  /** Directories of deleted partitions that are still there. */
  readonly deletedDirectories: number
}
