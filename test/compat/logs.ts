// Partition logs of ours in real directories, for Kafka's tools and next to Kafka's files.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'
import { openPartitionLog } from '../../src/storage/open-partition-log.ts'
import type { OpenLogOptions, OpenedLog } from '../../src/storage/open-partition-log.ts'
import type { Appended, BatchInfo, PartitionLog } from '../../src/storage/partition-log.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { ManualClock } from '../support/manual-clock.ts'

const TOPIC_ID = 'q1w2e3r4t5y6u7i8o9p0aQ'

const DEFAULTS: LogConfig = {
  segmentBytes: 1024 * 1024,
  segmentMs: 604_800_000,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: -1,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
  maxMessageBytes: 1_048_588,
  messageTimestampType: 'CreateTime',
  cleanupPolicy: ['delete'],
  flushPolicy: 'disk',
}

const NOBODY = {
  written: () => undefined,
  durable: () => undefined,
  failed: (_: PartitionLog, error: Error): void => {
    throw error
  },
  damaged: (_: PartitionLog, error: Error): void => {
    throw error
  },
}

/**
 * Opens the log in `<directory>/<topic>-0`, as after a clean stop at its end unless told.
 *
 * The clock stands still, and rounds of syncs do not run: the test closes the log.
 */
export function openLog(
  directory: string,
  topic: string,
  config: Partial<LogConfig>,
  state: Partial<OpenLogOptions> = {},
): Promise<OpenedLog> {
  return openPartitionLog({
    files: realFileSystem,
    clock: new ManualClock(),
    core: StorageCore.load(),
    directory: join(directory, `${topic}-0`),
    topic,
    partition: 0,
    topicId: TOPIC_ID,
    config: { ...DEFAULTS, ...config },
    listener: NOBODY,
    recoveryPoint: 0,
    logStartOffset: 0,
    cleanShutdown: true,
    ...state,
  })
}

/** Appends a batch as the leader of an epoch does. */
export function append(
  log: PartitionLog,
  leaderEpoch: number,
  bytes: Buffer,
  info: BatchInfo,
): Appended {
  if (leaderEpoch > log.leaderEpoch) log.startLeaderEpoch(leaderEpoch)
  return log.append(bytes, info)
}

/** Content of the segment files in a directory, by name: what a log is, without its checkpoints. */
export function segmentFilesIn(directory: string): Record<string, Buffer> {
  const names = readdirSync(directory).filter((name) =>
    /^\d{20}\.(log|index|timeindex|snapshot)$/.test(name),
  )
  return Object.fromEntries(
    names.sort().map((name) => [name, readFileSync(join(directory, name))] as const),
  )
}
