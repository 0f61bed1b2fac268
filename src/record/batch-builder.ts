// Writes records into a record batch, straight into the bytes that will go out. The producer calls
// `append` for every record that it sends, so that method allocates nothing and converts nothing.
//
//   buffer   0              61                              position
//            +--------------+--------+--------+-----+--------+- - - - -+
//            | header, last | record | record |  …  | record |  room   |
//            +--------------+--------+--------+-----+--------+- - - - -+
//
// The header is written by `build`, when counts, sizes and times are known. Layout: layout.ts.

import assert from 'node:assert'
import { BrokerError } from '../base/errors.ts'
import { MAX_BATCH_BYTES } from '../base/limits.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import { writeCrc } from './batch-header.ts'
import { compress } from './compression.ts'
import type { Codec } from './compression.ts'
import { writeInt16, writeInt32, writeInt64 } from './integers.ts'
import {
  ATTRIBUTES,
  BASE_OFFSET,
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  CODECS,
  LENGTH_OVERHEAD,
  CONTROL_FLAG,
  LAST_OFFSET_DELTA,
  PARTITION_LEADER_EPOCH,
  MAGIC,
  MAGIC_V2,
  MAX_TIMESTAMP,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
  TRANSACTIONAL_FLAG,
} from './layout.ts'
import { NO_HEADERS } from './record.ts'
import type { Header } from './record.ts'
import {
  MAX_VARINT_BYTES,
  MAX_VARLONG_BYTES,
  varintSize,
  varlongSize,
  writeVarint,
  writeVarlong,
} from './varint.ts'

/** A key or a value. Strings are written in UTF-8. Null and empty are different. */
export type Payload = Uint8Array | string | null

/** Fields of the header that the builder does not know by itself. All have Kafka's "none". */
export interface BuildOptions {
  /** Default `none`. */
  readonly codec?: Codec
  /** For gzip and zstd, see compression.ts. */
  readonly level?: number
  /** Default 0, as a client sends it: the broker assigns offsets. */
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  /** The batch holds a marker instead of user data: see control-record.ts. */
  readonly control?: boolean
}

const INITIAL_BYTES = 4096

/** Room beyond the limit, since what a record may take at most is reserved before it is written. */
const LAST_RECORD_BYTES = 1024

/** Length, attributes, deltas, two sizes and the header count, each at its longest. */
const RECORD_OVERHEAD_BYTES = 5 * MAX_VARINT_BYTES + MAX_VARLONG_BYTES + 1

/** UTF-8 takes at most three bytes for one unit of a JavaScript string. */
const UTF8_GROWTH = 3

/**
 * Builds one batch after the other in the same memory: append until it is full, build, reset.
 *
 * A batch that `build` returned without compression lies in the builder's memory, and holds until
 * the next `reset`. Whoever needs many batches at once keeps many builders.
 */
export class BatchBuilder {
  readonly #core: StorageCore
  readonly #limitBytes: number
  #buffer: Buffer
  #position = BATCH_HEADER_BYTES
  #count = 0
  #baseTimestamp = NO_TIMESTAMP
  #maxTimestamp = NO_TIMESTAMP

  /**
   * @param core       computes checksums, compresses
   * @param limitBytes size of a batch, before compression, at which it is full: 61 to 32 MiB. A
   *   batch of one single record may be larger, up to 32 MiB
   */
  constructor(core: StorageCore, limitBytes: number) {
    assert(limitBytes >= BATCH_HEADER_BYTES && limitBytes <= MAX_BATCH_BYTES)
    this.#core = core
    this.#limitBytes = limitBytes
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(INITIAL_BYTES, limitBytes + LAST_RECORD_BYTES))
  }

  get recordCount(): number {
    return this.#count
  }

  /** Size of the batch so far, header included, before compression. */
  get sizeBytes(): number {
    return this.#position
  }

  /** Bytes of memory that the builder holds. */
  get capacityBytes(): number {
    return this.#buffer.byteLength
  }

  /**
   * Appends a record, unless the batch is full.
   *
   * @param timestamp milliseconds since 1970, or -1 for none
   * @returns false, with nothing changed, when the record does not fit into the limit beside those
   *   before it
   * @throws BrokerError MESSAGE_TOO_LARGE when the record alone makes a batch over 32 MiB
   */
  append(
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: readonly Header[] = NO_HEADERS,
  ): boolean {
    assert(Number.isSafeInteger(timestamp))
    // A string is taken for ASCII first. What it really took shows when it has been written.
    const keySize = key === null ? -1 : key.length
    const valueSize = value === null ? -1 : value.length
    const headersSize = headers.length === 0 ? 1 : sizeOfHeaders(headers)
    const timestampDelta = this.#count === 0 ? 0 : timestamp - this.#baseTimestamp
    const deltas = varlongSize(timestampDelta) + varintSize(this.#count)
    const bodySize =
      1 + deltas + payloadFieldSize(keySize) + payloadFieldSize(valueSize) + headersSize
    const end = this.#position + varintSize(bodySize) + bodySize
    if (end > this.#limitBytes && !this.#mayExceed(end)) return false
    this.#reserve(RECORD_OVERHEAD_BYTES + roomFor(key) + roomFor(value) + headersSize)

    const buffer = this.#buffer
    let at = writeVarint(buffer, this.#position, bodySize)
    buffer[at++] = 0
    at = writeVarlong(buffer, at, timestampDelta)
    at = writeVarint(buffer, at, this.#count)
    at = writePayload(buffer, at, key, keySize)
    at = writePayload(buffer, at, value, valueSize)
    if (headers.length === 0) buffer[at++] = 0
    else at = writeHeaders(buffer, at, headers)

    // Longer than ASCII would be: the sizes in front of the texts are wrong, so encode first.
    if (at !== end) return this.append(encoded(key), encoded(value), timestamp, headers)
    this.#accept(at, timestamp)
    return true
  }

  /**
   * Finishes the batch. The builder stays as it is until `reset`.
   *
   * @returns the whole batch; without compression it lies in the builder's memory
   */
  build(options: BuildOptions = {}): Buffer {
    assert(this.#count > 0)
    const codec = options.codec ?? 'none'
    const batch = codec === 'none' ? this.#whole() : this.#compressed(codec, options.level)
    const transactional = options.transactional === true ? TRANSACTIONAL_FLAG : 0
    const control = options.control === true ? CONTROL_FLAG : 0

    writeInt64(batch, BASE_OFFSET, options.baseOffset ?? 0)
    writeInt32(batch, BATCH_LENGTH, batch.byteLength - LENGTH_OVERHEAD)
    writeInt32(batch, PARTITION_LEADER_EPOCH, options.leaderEpoch ?? NO_LEADER_EPOCH)
    batch[MAGIC] = MAGIC_V2
    writeInt16(batch, ATTRIBUTES, CODECS[codec] | transactional | control)
    writeInt32(batch, LAST_OFFSET_DELTA, this.#count - 1)
    writeInt64(batch, BASE_TIMESTAMP, this.#baseTimestamp)
    writeInt64(batch, MAX_TIMESTAMP, this.#maxTimestamp)
    writeInt64(batch, PRODUCER_ID, options.producerId ?? NO_PRODUCER_ID)
    writeInt16(batch, PRODUCER_EPOCH, options.producerEpoch ?? NO_PRODUCER_EPOCH)
    writeInt32(batch, BASE_SEQUENCE, options.baseSequence ?? NO_SEQUENCE)
    writeInt32(batch, RECORD_COUNT, this.#count)
    writeCrc(this.#core, batch)
    return batch
  }

  /** Forgets all records. Batches that were built without compression must not be used any more. */
  reset(): void {
    this.#position = BATCH_HEADER_BYTES
    this.#count = 0
    this.#baseTimestamp = NO_TIMESTAMP
    this.#maxTimestamp = NO_TIMESTAMP
  }

  #mayExceed(sizeBytes: number): boolean {
    if (this.#count > 0) return false
    if (sizeBytes <= MAX_BATCH_BYTES) return true
    throw new BrokerError('MESSAGE_TOO_LARGE', { sizeBytes, limitBytes: MAX_BATCH_BYTES })
  }

  #accept(position: number, timestamp: number): void {
    if (this.#count === 0) this.#baseTimestamp = this.#maxTimestamp = timestamp
    else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    this.#count += 1
    this.#position = position
  }

  /** Makes room for `sizeBytes` behind the last record. */
  #reserve(sizeBytes: number): void {
    const needed = this.#position + sizeBytes
    if (needed <= this.#buffer.byteLength) return
    // Doubling stops where the batch is full, or its last record would double the memory for nothing.
    const doubled = Math.min(this.#buffer.byteLength * 2, this.#limitBytes + LAST_RECORD_BYTES)
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, doubled))
    this.#buffer.copy(grown, 0, 0, this.#position)
    this.#buffer = grown
  }

  #whole(): Buffer {
    return this.#buffer.subarray(0, this.#position)
  }

  #compressed(codec: Codec, level: number | undefined): Buffer {
    const records = this.#buffer.subarray(BATCH_HEADER_BYTES, this.#position)
    const packed = compress(this.#core, codec, records, level)
    const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + packed.byteLength)
    batch.set(packed, BATCH_HEADER_BYTES)
    return batch
  }
}

/**
 * Bytes that a record takes in a batch at most: for who bounds memory before it appends.
 *
 * The exact size depends on the record's place in the batch, by a few bytes.
 */
export function maxRecordSize(
  key: Payload,
  value: Payload,
  headers: readonly Header[] = NO_HEADERS,
): number {
  const headersSize = headers.length === 0 ? 1 : sizeOfHeaders(headers)
  return RECORD_OVERHEAD_BYTES + payloadSize(key) + payloadSize(value) + headersSize
}

function payloadSize(payload: Payload): number {
  if (payload === null) return 0
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength
}

function encoded(payload: Payload): Uint8Array | null {
  return typeof payload === 'string' ? Buffer.from(payload) : payload
}

/** Bytes to have free before a payload is written: a text's size shows only then. */
function roomFor(payload: Payload): number {
  if (payload === null) return 0
  return typeof payload === 'string' ? payload.length * UTF8_GROWTH : payload.byteLength
}

/** @param size bytes of the payload, -1 for null */
function payloadFieldSize(size: number): number {
  return size < 0 ? 1 : varintSize(size) + size
}

/** Writes size and bytes. @returns where they end: past `at + size` for text that is not ASCII */
function writePayload(buffer: Buffer, at: number, payload: Payload, size: number): number {
  at = writeVarint(buffer, at, size)
  if (payload === null) return at
  // `write` is told how much may follow, since it looks the length up itself otherwise.
  if (typeof payload === 'string') return at + buffer.write(payload, at, size * UTF8_GROWTH, 'utf8')
  buffer.set(payload, at)
  return at + size
}

function sizeOfHeaders(headers: readonly Header[]): number {
  let size = varintSize(headers.length)
  for (const { key, value } of headers) {
    size += payloadFieldSize(Buffer.byteLength(key))
    size += payloadFieldSize(value === null ? -1 : value.byteLength)
  }
  return size
}

function writeHeaders(buffer: Buffer, at: number, headers: readonly Header[]): number {
  at = writeVarint(buffer, at, headers.length)
  for (const { key, value } of headers) {
    const keySize = Buffer.byteLength(key)
    at = writeVarint(buffer, at, keySize)
    at += buffer.write(key, at, keySize, 'utf8')
    at = writeVarint(buffer, at, value === null ? -1 : value.byteLength)
    if (value === null) continue
    buffer.set(value, at)
    at += value.byteLength
  }
  return at
}
