// What the logs are filled with that both cleaners get, and the files of such a log.
//
//   data directory   bench-0/   closed segments, and an active one with one record
//
// The files are written by our storage; their format is Kafka's. Both get the same bytes.

import { copyFileSync, cpSync, linkSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import type { Codec } from '../../src/record/compression.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  LENGTH_OVERHEAD,
  RECORD_COUNT,
} from '../../src/record/layout.ts'
import { NO_PRODUCER } from '../../src/record/validate.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import type { ReadyBatch } from '../broker/batches.ts'
import { makeLogs, openDirectory } from '../storage/data-directory.ts'
import { until } from '../storage/durable-append.ts'

export interface Shape {
  readonly name: string
  readonly valueBytes: number
  /** Share of the records that have a key of their own: those that stay. */
  readonly distinct: number
  readonly codec: Codec
  /** Of a batch before compression. 1: each record is a batch of its own. */
  readonly batchBytes: number
}

/** A log that is filled. */
export interface FilledLog {
  /** The data directory. */
  readonly directory: string
  /** Bytes and records of what may be compacted: all but the active segment. */
  readonly sizeBytes: number
  readonly recordCount: number
}

export const PARTITION = 'bench-0'

/** Bytes of a closed segment. */
export const SEGMENT_BYTES = 128 * 1024 * 1024

/** Bytes of all records of a log at scale 1, before compression. */
const LOG_BYTES = 256e6

const KEY_BYTES = 16
/** A record beside its key and value, about. */
const OVERHEAD_BYTES = 10

const BATCH_BYTES = 16 * 1024
const FEW = 0.001
const HALF = 0.5

export const SHAPES: readonly Shape[] = [
  ...[100, 1_024].flatMap((valueBytes) => [
    ...[FEW, HALF, 1].map((distinct) => shapeOf({ valueBytes, distinct })),
  ]),
  shapeOf({ valueBytes: 100, distinct: HALF, codec: 'lz4' }),
  shapeOf({ valueBytes: 100, distinct: HALF, codec: 'zstd' }),
  shapeOf({ valueBytes: 100, distinct: HALF, batchBytes: 1 }),
]

export function shapeOf(facts: Pick<Shape, 'valueBytes' | 'distinct'> & Partial<Shape>): Shape {
  const { valueBytes, distinct, codec = 'none', batchBytes = BATCH_BYTES } = facts
  const words = [
    `${valueBytes} B`,
    `${distinct * 100} % distinct`,
    ...(codec === 'none' ? [] : [codec]),
    ...(batchBytes === 1 ? ['a batch each'] : []),
  ]
  return { name: words.join(', '), valueBytes, distinct, codec, batchBytes }
}

/**
 * The batches of a log, the same in every run.
 *
 * @param sizeBytes of all records before compression, about
 */
export function* batchesOf(shape: Shape, sizeBytes: number): Generator<ReadyBatch> {
  const { valueBytes, codec, batchBytes, distinct } = shape
  const headerBytes = batchBytes === 1 ? BATCH_HEADER_BYTES : 0
  const recordBytes = KEY_BYTES + valueBytes + OVERHEAD_BYTES + headerBytes
  const recordCount = Math.max(1, Math.round(sizeBytes / recordBytes))
  const builder = new BatchBuilder(StorageCore.load(), Math.max(batchBytes, BATCH_HEADER_BYTES))
  const random = randomNumbers()
  const keyOf = keysOf(distinct, recordCount, random)
  const pool = valuePool(random)
  const built = (): ReadyBatch => {
    const batch = { bytes: Buffer.from(builder.build({ codec })), recordCount: builder.recordCount }
    builder.reset()
    return batch
  }
  for (let record = 0; record < recordCount; record++) {
    const at = Math.floor(random() * (pool.byteLength - valueBytes))
    const key = keyOf(record)
    const value = pool.subarray(at, at + valueBytes)
    if (builder.append(key, value, TIMESTAMP)) continue
    yield built()
    builder.append(key, value, TIMESTAMP)
  }
  yield built()
}

/**
 * Fills a log.
 *
 * @param directory does not exist yet
 * @param scale     1 for 256 MB before compression
 */
export async function fillLog(directory: string, shape: Shape, scale: number): Promise<FilledLog> {
  const config = { segmentBytes: SEGMENT_BYTES, flushPolicy: 'os' } as const
  const manager = await openDirectory(directory, { config })
  const [log] = await makeLogs(manager, 1, config)
  let pendingBytes = 0
  for (const { bytes, recordCount } of batchesOf(shape, LOG_BYTES * scale)) {
    const times = { lastOffsetDelta: recordCount - 1, maxTimestamp: TIMESTAMP }
    log!.append(bytes, { ...NO_PRODUCER, ...times })
    pendingBytes += bytes.byteLength
    if (pendingBytes < TURN_BYTES) continue
    pendingBytes = 0
    await until(() => log!.unsyncedBytes < MAX_UNSYNCED_BYTES)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise((resolve) => setImmediate(resolve))
  log!.roll()
  const [last] = batchesOf({ ...shape, batchBytes: 1 }, 1)
  log!.append(last!.bytes, { ...NO_PRODUCER, lastOffsetDelta: 0, maxTimestamp: TIMESTAMP })
  await manager.close()
  return { directory, ...contentsOf(join(directory, PARTITION)) }
}

/**
 * Makes the same log again. Closed segments are links, since both cleaners leave the old bytes alone;
 * the rest is copied.
 *
 * @param to does not exist yet
 */
export function copyLog(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !path.includes(PARTITION) })
  const names = readdirSync(join(from, PARTITION))
  const active = activeName(names)
  mkdirSync(join(to, PARTITION))
  for (const name of names) {
    const isClosed = name.endsWith('.log') && name !== active
    const place = isClosed ? linkSync : copyFileSync
    place(join(from, PARTITION, name), join(to, PARTITION, name))
  }
}

/** Bytes and records in the closed segments of a partition's directory, by the headers of the batches. */
export function contentsOf(directory: string): { sizeBytes: number; recordCount: number } {
  const names = readdirSync(directory)
  const active = activeName(names)
  let [sizeBytes, recordCount] = [0, 0]
  for (const name of names.filter((one) => one.endsWith('.log') && one !== active)) {
    const bytes = readFileSync(join(directory, name))
    sizeBytes += bytes.byteLength
    for (let at = 0; at < bytes.byteLength;) {
      recordCount += bytes.readInt32BE(at + RECORD_COUNT)
      at += bytes.readInt32BE(at + BATCH_LENGTH) + LENGTH_OVERHEAD
    }
  }
  return { sizeBytes, recordCount }
}

function activeName(names: readonly string[]): string {
  return names
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .at(-1)!
}

const TIMESTAMP = 1_700_000_000_000
const TURN_BYTES = 1024 * 1024
const MAX_UNSYNCED_BYTES = 64 * 1024 * 1024
const POOL_BYTES = 1024 * 1024

/** Keys of 16 bytes. Drawn from so many that the wanted share of the records has the last one of a key. */
function keysOf(
  distinct: number,
  recordCount: number,
  random: () => number,
): (record: number) => string {
  const name = (number: number): string => `key-${String(number).padStart(KEY_BYTES - 4, '0')}`
  if (distinct === 1) return name
  const keys = Math.round(recordCount * drawnFrom(distinct))
  return () => name(Math.floor(random() * keys))
}

/** x with x · (1 - e^(-1/x)) = distinct: that share is met of x times as many keys as there are draws. */
function drawnFrom(distinct: number): number {
  let [low, high] = [0, 1]
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (middle * (1 - Math.exp(-1 / middle)) < distinct) low = middle
    else high = middle
  }
  return low
}

/** Hexadecimal digits, which a codec makes half as large. */
function valuePool(random: () => number): Buffer {
  const pool = Buffer.alloc(POOL_BYTES)
  for (let at = 0; at < POOL_BYTES; at++) pool[at] = '0123456789abcdef'.charCodeAt(random() * 16)
  return pool
}

/** The same in every run: 0 up to 1. xorshift32. */
function randomNumbers(): () => number {
  let state = 0x9e3779b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
