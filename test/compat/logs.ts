// Partition logs of ours in real directories, for Kafka's tools and next to Kafka's files.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import type { BatchView } from '../../src/record/batch-reader.ts'
import { markerOf } from '../../src/record/control-record.ts'
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
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 86_400_000,
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

/** Appends a batch as the leader of an epoch does; verified, when it is the first of a transaction. */
export function append(
  log: PartitionLog,
  leaderEpoch: number,
  bytes: Buffer,
  info: BatchInfo,
): Appended {
  if (leaderEpoch > log.leaderEpoch) log.startLeaderEpoch(leaderEpoch)
  if (!info.isTransactional) return log.append(bytes, info)
  return log.append(bytes, info, log.producers.beginVerification({ ...info, bumpsEpochs: false }))
}

/** Appends the marker that a control batch holds, anew. It gets the time of the log's clock. */
export function appendMarker(log: PartitionLog, { header, bytes }: BatchView): Appended {
  const { leaderEpoch, producerId, producerEpoch } = header
  if (leaderEpoch > log.leaderEpoch) log.startLeaderEpoch(leaderEpoch)
  const { type: outcome, coordinatorEpoch } = markerOf(StorageCore.load(), bytes)!
  return log.appendMarker({ producerId, producerEpoch, coordinatorEpoch, outcome }, 0)
}

/** Content of the segment files in a directory, by name: what a log is, without its checkpoints. */
export function segmentFilesIn(directory: string): Record<string, Buffer> {
  const names = readdirSync(directory).filter((name) =>
    /^\d{20}\.(log|index|timeindex|txnindex|snapshot)$/.test(name),
  )
  return Object.fromEntries(
    names.sort().map((name) => [name, readFileSync(join(directory, name))] as const),
  )
}
