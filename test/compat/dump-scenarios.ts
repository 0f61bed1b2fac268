// Logs of ours for Kafka's dump tool to look at, with what it must find in them.

import { join } from 'node:path'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import type { Codec } from '../../src/record/compression.ts'
import type { Header } from '../../src/record/record.ts'
import { validateProduced } from '../../src/record/validate.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'
import type { PartitionLog } from '../../src/storage/partition-log.ts'
import { segmentFileName } from '../../src/storage/segment/segment-files.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { append, openLog } from './logs.ts'

const core = StorageCore.load()

/** Time of the first record; each is half a second after the one before, more or less. */
const START_MS = 1_700_000_000_000

/** The broker's clock where it stamps batches. */
export const APPEND_MS = 1_700_000_777_000

export interface WrittenRecord {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly Header[]
}

/** Record n of every log: null, empty, long and not ASCII take turns, on lines of their own. */
export function recordAt(n: number): WrittenRecord {
  const headers = [
    { key: 'trace', value: Buffer.from(`id-${n}`) },
    { key: 'ключ', value: null },
  ]
  return {
    key: n % 4 === 0 ? null : n % 7 === 0 ? '' : `key-${n % 10}`,
    value: n % 9 === 4 ? null : n % 11 === 0 ? '' : `value-${n}-é漢🎉`.repeat(1 + (n % 6)),
    timestamp: START_MS + n * 500 - (n % 3) * 700,
    headers: n % 5 === 0 ? headers : [],
  }
}

export interface WriteOptions {
  readonly codec?: Codec
  readonly timestampType?: LogConfig['messageTimestampType']
  /** Default 0. */
  readonly leaderEpoch?: number
  /** An idempotent producer: its sequences are the offsets. Default: none. */
  readonly producerId?: number
}

/** Appends records [from, to) in batches of 1 to 9, through the checks of a produce request. */
export function write(
  log: PartitionLog,
  from: number,
  to: number,
  options: WriteOptions = {},
): void {
  const builder = new BatchBuilder(core, 1024 * 1024)
  for (let n = from; n < to;) {
    builder.reset()
    const end = Math.min(to, n + 1 + (n % 9))
    for (; n < end; n++) {
      const { key, value, timestamp, headers } = recordAt(n)
      builder.append(key, value, timestamp, headers)
    }
    const { codec = 'none', producerId } = options
    const baseSequence = log.logEndOffset
    const producer = producerId === undefined ? {} : { producerId, producerEpoch: 3, baseSequence }
    const batch = Buffer.from(builder.build({ codec, ...producer }))
    const validated = validateProduced(core, batch, {
      maxMessageBytes: 1_048_588,
      timestampType: options.timestampType ?? 'CreateTime',
      timestampBeforeMaxMs: Infinity,
      timestampAfterMaxMs: Infinity,
      compacted: false,
      now: APPEND_MS,
    })
    append(log, options.leaderEpoch ?? 0, batch, validated)
    if (n % 2 === 0) log.writePending() // some batches alone, some together
  }
  log.writePending()
}

export interface Scenario {
  readonly topic: string
  readonly codec: Codec
  readonly recordCount: number
  readonly firstOffset: number
  readonly timestampType: LogConfig['messageTimestampType']
  /** Fewest segments that the log must have, or the scenario shows nothing. */
  readonly minSegments: number
}

const SMALL: Partial<LogConfig> = { segmentBytes: 12_000, indexIntervalBytes: 600 }

const PLAIN = {
  codec: 'none',
  recordCount: 400,
  firstOffset: 0,
  timestampType: 'CreateTime',
} as const

/** Writes the logs of all scenarios into a directory, each stopped cleanly. */
export async function writeScenarios(directory: string): Promise<Scenario[]> {
  const scenarios: Scenario[] = []
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const segmentBytes = codec === 'none' ? 12_000 : 4_000
    const { log } = await openLog(directory, codec, { ...SMALL, segmentBytes })
    write(log, 0, 400, { codec })
    log.close(true)
    scenarios.push({ ...PLAIN, topic: codec, codec, minSegments: 3 })
  }
  scenarios.push(await rolledByTime(directory), await rolledByIndex(directory))
  scenarios.push(await stampedByBroker(directory), await startDeleted(directory))
  scenarios.push(
    await idempotent(directory),
    await ledByMany(directory),
    await cut(directory),
    await oneSegment(directory),
  )
  return scenarios
}

async function rolledByTime(directory: string): Promise<Scenario> {
  const { log } = await openLog(directory, 'by-time', {
    segmentMs: 20_000,
    indexIntervalBytes: 100,
  })
  write(log, 0, 400)
  log.close(true)
  return { ...PLAIN, topic: 'by-time', minSegments: 9 }
}

async function rolledByIndex(directory: string): Promise<Scenario> {
  const { log } = await openLog(directory, 'by-index', {
    segmentIndexBytes: 96,
    indexIntervalBytes: 1,
  })
  write(log, 0, 400, { codec: 'lz4' })
  log.close(true)
  return { ...PLAIN, topic: 'by-index', codec: 'lz4', minSegments: 5 }
}

async function stampedByBroker(directory: string): Promise<Scenario> {
  const timestampType = 'LogAppendTime'
  const { log } = await openLog(directory, 'append-time', {
    ...SMALL,
    messageTimestampType: timestampType,
  })
  write(log, 0, 400, { timestampType })
  log.close(true)
  return { ...PLAIN, topic: 'append-time', timestampType, minSegments: 3 }
}

/** What delete-records leaves: whole segments went. */
async function startDeleted(directory: string): Promise<Scenario> {
  const first = await openLog(directory, 'start-deleted', SMALL)
  write(first.log, 0, 400)
  first.log.close(true)
  const { log } = await openLog(directory, 'start-deleted', SMALL, { recoveryPoint: 400 })
  log.deleteRecordsBefore(250)
  const firstOffset = log.segmentFacts()[0]!.baseOffset
  log.close(true)
  return { ...PLAIN, topic: 'start-deleted', firstOffset, minSegments: 2 }
}

async function idempotent(directory: string): Promise<Scenario> {
  const { log } = await openLog(directory, 'idempotent', SMALL)
  write(log, 0, 400, { producerId: 41 })
  log.close(true)
  return { ...PLAIN, topic: 'idempotent', minSegments: 3 }
}

async function ledByMany(directory: string): Promise<Scenario> {
  const { log } = await openLog(directory, 'epochs', SMALL)
  for (let epoch = 0; epoch < 8; epoch++) {
    log.startLeaderEpoch(epoch * 3)
    write(log, epoch * 50, epoch * 50 + 50, { leaderEpoch: epoch * 3 })
  }
  log.close(true)
  return { ...PLAIN, topic: 'epochs', minSegments: 3 }
}

/** What a follower does: cuts the end of its log, and goes on with other batches. */
async function cut(directory: string): Promise<Scenario> {
  const { log } = await openLog(directory, 'cut', SMALL)
  write(log, 0, 400)
  log.truncateTo(230)
  write(log, log.logEndOffset, 400)
  log.close(true)
  return { ...PLAIN, topic: 'cut', minSegments: 3 }
}

/** More than one write's worth of index entries in one segment, opened again in the middle. */
async function oneSegment(directory: string): Promise<Scenario> {
  const config = { indexIntervalBytes: 100 }
  const first = await openLog(directory, 'one-segment', config)
  write(first.log, 0, 1000)
  first.log.close(true)
  const second = await openLog(directory, 'one-segment', config, { recoveryPoint: 1000 })
  write(second.log, 1000, 2000)
  second.log.close(true)
  return { ...PLAIN, topic: 'one-segment', recordCount: 2000, minSegments: 1 }
}

/** Options of the log that a process writes until it is killed. */
export const KILLED: Partial<LogConfig> = SMALL

export const KILLED_AFTER = 333

/**
 * Recovers the log of a killed process, with a tail as a power cut may leave it, and goes on.
 *
 * Half a batch stands at the end of the log; the index of the active segment has an entry that
 * points beyond it, and zeroes as Kafka preallocates them.
 */
export async function recover(directory: string): Promise<Scenario> {
  const partition = join(directory, 'killed-0')
  const names = realFileSystem.list(partition).filter((name) => name.endsWith('.log'))
  const active = Math.max(...names.map((name) => Number.parseInt(name, 10)))
  const builder = new BatchBuilder(core, 4096)
  builder.append('torn', 'x'.repeat(300), START_MS)
  const torn = builder.build({ baseOffset: KILLED_AFTER }).subarray(0, 200)
  damage(join(partition, segmentFileName(active, '.log')), torn)
  const entry = Buffer.alloc(64)
  entry.writeInt32BE(1000, 0)
  entry.writeInt32BE(1_000_000, 4)
  damage(join(partition, segmentFileName(active, '.index')), entry)

  const { log, report } = await openLog(directory, 'killed', KILLED, {
    recoveryPoint: 100,
    cleanShutdown: false,
  })
  if (report.cutBytes !== torn.byteLength) throw new Error(`cut ${report.cutBytes} bytes`)
  if (log.logEndOffset !== KILLED_AFTER) throw new Error(`recovered to ${log.logEndOffset}`)
  write(log, KILLED_AFTER, 400)
  log.close(true)
  return { ...PLAIN, topic: 'killed', minSegments: 3 }
}

function damage(path: string, tail: Uint8Array): void {
  const file = realFileSystem.open(path, 'create')
  file.write([tail], file.sizeBytes)
  file.close()
}
