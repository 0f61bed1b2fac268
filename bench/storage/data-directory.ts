// A log manager over a directory of the real disk, for as long as a bench takes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidOf } from '../../src/base/uuid.ts'
import { realClock } from '../../src/io/real-clock.ts'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import { realRandom } from '../../src/io/real-random.ts'
import type { RecoveryProgress } from '../../src/storage/directory/log-loader.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'
import { LogManager, type LogManagerOptions } from '../../src/storage/log-manager.ts'
import type { LogListener, PartitionLog } from '../../src/storage/partition-log.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'

export const TOPIC_ID = uuidOf(Buffer.alloc(16, 1))

/** Kafka's defaults, as far as a bench notices. */
export const CONFIG: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 3_600_000,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4_096,
  retentionMs: -1,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
  maxMessageBytes: 1024 * 1024,
  messageTimestampType: 'CreateTime',
  cleanupPolicy: ['delete'],
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 86_400_000,
  flushPolicy: 'disk',
}

const SILENT: LogListener = {
  written: () => undefined,
  durable: () => undefined,
  failed: (log, error) => {
    throw new Error(`${log.name} went offline`, { cause: error })
  },
  damaged: () => undefined,
}

/** A new directory on the disk that holds temporary files, or in `parent`. */
export function makeDirectory(parent = tmpdir()): string {
  return mkdtempSync(join(parent, 'sluice-bench-storage-'))
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

export interface OpenOptions {
  readonly journal?: boolean
  readonly config?: Partial<LogConfig>
  readonly durable?: (log: PartitionLog) => void
  readonly progress?: (progress: RecoveryProgress) => void
  /** Options that a bench does not set otherwise. */
  readonly manager?: Partial<LogManagerOptions>
}

export function openDirectory(directory: string, options: OpenOptions = {}): Promise<LogManager> {
  const config = { ...CONFIG, ...options.config }
  return LogManager.open({
    files: realFileSystem,
    directory,
    clock: realClock,
    random: realRandom,
    core: StorageCore.load(),
    clusterId: 'bench',
    nodeId: 1,
    configOf: () => config,
    listener: options.durable === undefined ? SILENT : { ...SILENT, durable: options.durable },
    journal: options.journal ?? true,
    ...(options.progress === undefined ? {} : { onProgress: options.progress }),
    ...options.manager,
  })
}

/** The logs of a topic with so many partitions, made where they are not there. */
export async function makeLogs(
  manager: LogManager,
  count: number,
  config: Partial<LogConfig> = {},
): Promise<PartitionLog[]> {
  const logs: PartitionLog[] = []
  for (let partition = 0; partition < count; partition++) {
    const made = { ...CONFIG, ...config }
    logs.push(await manager.create({ topic: 'bench', partition }, TOPIC_ID, made))
  }
  return logs
}
