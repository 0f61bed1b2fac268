// A partition log over a simulated disk, and what tests ask of it.

import { allDone } from '../../src/base/in-parallel.ts'
import { uuidOf } from '../../src/base/uuid.ts'
import type { BrokerError } from '../../src/base/errors.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'
import type { LogRead } from '../../src/storage/log-reader.ts'
import { openPartitionLog, type OpenedLog } from '../../src/storage/open-partition-log.ts'
import type { Appended, LogListener, PartitionLog } from '../../src/storage/partition-log.ts'
import type { SnapshotPace } from '../../src/storage/producer-state/log-producers.ts'
import type { OpenSegments } from '../../src/storage/segment/open-segments.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { infoOf } from '../support/batches.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'

export const DATA = '/data'
export const DIRECTORY = `${DATA}/clicks-3`
export const TOPIC_ID = uuidOf(Buffer.alloc(16, 7))

export const SMALL_LOG: LogConfig = {
  segmentBytes: 2_000,
  segmentMs: 7 * 24 * 3_600_000,
  segmentIndexBytes: 4_096,
  indexIntervalBytes: 200,
  retentionMs: -1,
  retentionBytes: -1,
  fileDeleteDelayMs: 1_000,
  maxMessageBytes: 1_000_000,
  messageTimestampType: 'CreateTime',
  cleanupPolicy: ['delete'],
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 86_400_000,
  flushPolicy: 'disk',
}

/** What a log told its listener. */
export class Heard implements LogListener {
  readonly failures: BrokerError[] = []
  readonly damage: BrokerError[] = []
  writtenOffset = -1
  durableOffset = -1

  written(log: PartitionLog): void {
    this.writtenOffset = log.writtenOffset
  }

  durable(log: PartitionLog): void {
    this.durableOffset = log.durableOffset
  }

  failed(_: PartitionLog, error: BrokerError): void {
    this.failures.push(error)
  }

  damaged(_: PartitionLog, error: BrokerError): void {
    this.damage.push(error)
  }
}

export interface FixtureOptions {
  readonly config?: Partial<LogConfig>
  readonly recoveryPoint?: number
  readonly logStartOffset?: number
  readonly cleanShutdown?: boolean
  readonly openSegments?: OpenSegments
  readonly snapshotPace?: SnapshotPace
}

export class LogFixture {
  readonly files: MemoryFileSystem
  readonly clock: ManualClock
  readonly heard = new Heard()
  readonly opened: OpenedLog
  readonly log: PartitionLog

  private constructor(
    files: MemoryFileSystem,
    clock: ManualClock,
    heard: Heard,
    opened: OpenedLog,
  ) {
    this.files = files
    this.clock = clock
    this.heard = heard
    this.opened = opened
    this.log = opened.log
  }

  /** Opens the log of the disk, which is a new one when none is given. */
  static async open(
    options: FixtureOptions = {},
    files = new MemoryFileSystem(),
    clock = new ManualClock(),
  ): Promise<LogFixture> {
    const heard = new Heard()
    if (!files.isDirectory(DATA)) {
      files.makeDirectory(DATA)
      files.syncDirectory('/')
    }
    const opened = await openPartitionLog({
      files,
      clock,
      core: StorageCore.load(),
      directory: DIRECTORY,
      topic: 'clicks',
      partition: 3,
      topicId: TOPIC_ID,
      config: { ...SMALL_LOG, ...options.config },
      listener: heard,
      recoveryPoint: options.recoveryPoint ?? 0,
      logStartOffset: options.logStartOffset ?? 0,
      cleanShutdown: options.cleanShutdown ?? false,
      snapshotPace: options.snapshotPace ?? { bytes: 900, ms: 0 },
      ...(options.openSegments === undefined ? {} : { openSegments: options.openSegments }),
    })
    return new LogFixture(files, clock, heard, opened)
  }

  /** Appends a batch and writes it at once. */
  append(batch: Buffer): Appended {
    const appended = appendTo(this.log, batch)
    this.log.writePending()
    return appended
  }

  /** What a commit round does that syncs the log itself. */
  async sync(): Promise<void> {
    const { endOffset, ranges } = this.log.unsynced()
    const files = [...new Set(ranges.map(({ file }) => file))]
    await allDone([...files.map((file) => file.sync()), this.log.syncBeside()])
    this.log.markDurable(endOffset)
    this.log.markSynced(endOffset)
  }
}

/** Appends a batch as a broker does that has validated it. */
export function appendTo(log: PartitionLog, batch: Buffer): Appended {
  return log.append(batch, infoOf(batch))
}

/** All batches from an offset on, read in steps of `maxBytes`. */
export async function readAll(log: PartitionLog, from: number, maxBytes = 700): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (let offset = from; ;) {
    const read: LogRead = await log.read(offset, { maxBytes })
    if (read.batchCount === 0) return Buffer.concat(pieces)
    pieces.push(Buffer.from(read.batches))
    offset = read.nextOffset
  }
}

/** Path of a segment's file. */
export function fileOf(baseOffset: number, suffix = '.log'): string {
  return `${DIRECTORY}/${String(baseOffset).padStart(20, '0')}${suffix}`
}
