// Owns one data directory: its logs, their commit rounds, checkpoints and retention.
//
//   open     lock ─► meta.properties ─► commit journals replayed ─► each log recovered ─► ready
//   running  commit rounds · checkpoints every few seconds · retention · logs that failed are revived
//   close    all on disk ─► checkpoints ─► clean-shutdown marker ─► unlock
//
// A log that fails goes offline alone. What it needs of the commit journal is kept until it is back.

import { BrokerError } from '../base/errors.ts'
import { MAX_PARTITIONS_PER_BROKER } from '../base/limits.ts'
import { SerialQueue } from '../base/serial-queue.ts'
import { partitionName, type TopicPartition } from '../base/topic-partition.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Clock, Timer } from '../io/clock.ts'
import type { FileSystem } from '../io/file-system.ts'
import type { RandomSource } from '../io/random.ts'
import { silentLogger, type Logger } from '../observability/logger.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import { DirectoryRemoval } from './directory/directory-removal.ts'
import {
  claimDirectory,
  deletedName,
  listDeleted,
  listPartitions,
  removeCleanShutdown,
  strayName,
  wasStoppedCleanly,
  writeCleanShutdown,
} from './directory/log-directory.ts'
import {
  findPartitions,
  loadLogs,
  noCheckpoint,
  reportRecovery,
  type ConfigOf,
  type KnownPartition,
  type RecoveryProgress,
  type StrayDirectory,
} from './directory/log-loader.ts'
import { LogRevival } from './directory/log-revival.ts'
import { OffsetCheckpoints, type LogCheckpoint } from './directory/offset-checkpoints.ts'
import type { LogConfig } from './log-config.ts'
import { openPartitionLog, type OpenedLog } from './open-partition-log.ts'
import type { LogListener, PartitionLog } from './partition-log.ts'
import { planRetention } from './retention.ts'
import { CommitJournal } from './rounds/commit-journal.ts'
import { CommitRounds, type CommitRoundStats } from './rounds/commit-rounds.ts'
import { replayJournals, type JournalReplay } from './rounds/journal-replay.ts'
import { OpenSegments } from './segment/open-segments.ts'
