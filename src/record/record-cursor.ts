// Walks over the records of one batch, as they lie there after decompression.
//
//   length | attributes | timestamp delta | offset delta | key size | key | value size | value | headers
//          ^ #recordEnd is `length` bytes after here
//
// Every length is checked against the end of what holds it before it is used, so bytes that lie
// give an error and never a read beyond them. Layout: layout.ts.

import { BrokerError } from '../base/errors.ts'
import type { BatchHeader } from './batch-header.ts'
import { isLogAppendTime } from './batch-header.ts'
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES } from './varint.ts'
import { NO_HEADERS } from './record.ts'
import type { Header, StoredRecord } from './record.ts'

/** A record takes 7 bytes or more: length, attributes, two deltas, two sizes, header count. */
const MIN_RECORD_BYTES = 7

/** A header takes two bytes or more. */
const MIN_HEADER_BYTES = 2

/** What a cursor needs to know of the batch. */
export type BatchFrame = Pick<
  BatchHeader,
  'baseOffset' | 'attributes' | 'lastOffsetDelta' | 'baseTimestamp' | 'maxTimestamp' | 'recordCount'
>

/**
 * A place in the records of a batch: before the first, on one of them, or after the last.
 *
 * Moving decodes numbers only. Key, value and headers are views over the batch, made when they are
 * asked for; they live as long as its memory does.
 */
export class RecordCursor {
  readonly #bytes: Uint8Array
  readonly #frame: BatchFrame
  readonly #ownTime: boolean
  #at = 0
  #recordEnd = 0
  #index = -1
  #offsetDelta = -1
  #timestampDelta = 0
  #keyAt = 0
  #keySize = -1
  #valueAt = 0
  #valueSize = -1
  #headersAt = 0

  /**
   * @param bytes all records of the batch, decompressed
   * @param frame the batch's header
   * @throws BrokerError INVALID_RECORD when so many records cannot lie in so few bytes
   */
  constructor(bytes: Uint8Array, frame: BatchFrame) {
    this.#bytes = bytes
    this.#frame = frame
    this.#ownTime = !isLogAppendTime(frame.attributes)
    const { recordCount, lastOffsetDelta } = frame
    if (recordCount < 0 || recordCount > bytes.byteLength / MIN_RECORD_BYTES) {
      throw this.#refusal(`A batch of ${bytes.byteLength} bytes cannot hold ${recordCount} records`)
    }
    if (recordCount > lastOffsetDelta + 1) {
      throw this.#refusal(`${recordCount} records do not fit in ${lastOffsetDelta + 1} offsets`)
    }
  }

  /** Bytes of all records, decompressed. */
  get sizeBytes(): number {
    return this.#bytes.byteLength
  }

  /**
   * Moves to the next record.
   *
   * @returns false when there is none
   * @throws BrokerError INVALID_RECORD when the record contradicts itself or the header
   */
  next(): boolean {
    if (this.#index + 1 >= this.#frame.recordCount) {
      if (this.#recordEnd === this.#bytes.byteLength) return false
      throw this.#refusal('Bytes follow the last record')
    }
    this.#index += 1
    this.#at = this.#recordEnd
    const size = this.#varint(this.#bytes.byteLength)
    if (size <= 0 || size > this.#bytes.byteLength - this.#at) this.#fail('Record size')
    const end = this.#at + size
    this.#recordEnd = end

    this.#at += 1 // attributes, which nothing uses
    this.#timestampDelta = this.#varlong(end)
    const offsetDelta = this.#varint(end)
    if (offsetDelta <= this.#offsetDelta || offsetDelta > this.#frame.lastOffsetDelta) {
      this.#fail('Offset delta')
    }
    this.#offsetDelta = offsetDelta
    this.#keySize = this.#payload(end)
    this.#keyAt = this.#at - Math.max(this.#keySize, 0)
    this.#valueSize = this.#payload(end)
    this.#valueAt = this.#at - Math.max(this.#valueSize, 0)
    this.#headersAt = this.#at
    if (end - this.#at !== 1 || this.#bytes[this.#at] !== 0) this.#skipHeaders(end)
    return true
  }

  /** Position of the record within its batch, from 0. */
  get index(): number {
    return this.#index
  }

  get offsetDelta(): number {
    return this.#offsetDelta
  }

  get offset(): number {
    return this.#frame.baseOffset + this.#offsetDelta
  }

  /** The record's own time, or the broker's, as the batch says. */
  get timestamp(): number {
    if (!this.#ownTime) return this.#frame.maxTimestamp
    const timestamp = this.#frame.baseTimestamp + this.#timestampDelta
    if (!Number.isSafeInteger(timestamp)) this.#fail('Timestamp')
    return timestamp
  }

  /** -1 for null. */
  get keySize(): number {
    return this.#keySize
  }

  /** -1 for null. */
  get valueSize(): number {
    return this.#valueSize
  }

  /** Where the key begins in the bytes that the cursor walks over. */
  get keyAt(): number {
    return this.#keyAt
  }

  /** Where the value begins in the bytes that the cursor walks over. */
  get valueAt(): number {
    return this.#valueAt
  }

  /** What the cursor walks over: all records of the batch, decompressed. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  get key(): Uint8Array | null {
    return this.#keySize < 0 ? null : this.#view(this.#keyAt, this.#keySize)
  }

  get value(): Uint8Array | null {
    return this.#valueSize < 0 ? null : this.#view(this.#valueAt, this.#valueSize)
  }

  get headers(): readonly Header[] {
    if (this.#recordEnd - this.#headersAt === 1) return NO_HEADERS
    this.#at = this.#headersAt
    const headers: Header[] = []
    for (let left = this.#varint(this.#recordEnd); left > 0; left--) headers.push(this.#header())
    return headers
  }

  /** The record as an object of its own; its bytes are still views. */
  toRecord(): StoredRecord {
    return {
      offset: this.offset,
      timestamp: this.timestamp,
      key: this.key,
      value: this.value,
      headers: this.headers,
    }
  }

  /** Checks size and place of all headers, and that they end where the record does. */
  #skipHeaders(end: number): void {
    const count = this.#varint(end)
    if (count < 0 || count > (end - this.#at) / MIN_HEADER_BYTES) this.#fail('Header count')
    for (let left = count; left > 0; left--) {
      if (this.#payload(end) < 0) this.#fail('Header key')
      this.#payload(end)
    }
    if (this.#at !== end) this.#fail('Record size')
  }

  /** Reads a header that #skipHeaders has found whole. */
  #header(): Header {
    const keySize = this.#payload(this.#recordEnd)
    const key = utf8(this.#view(this.#at - keySize, keySize))
    const valueSize = this.#payload(this.#recordEnd)
    return { key, value: valueSize < 0 ? null : this.#view(this.#at - valueSize, valueSize) }
  }

  /** Moves past a size and that many bytes. @returns the size, -1 for null */
  #payload(end: number): number {
    const size = this.#varint(end)
    if (size < -1 || size > end - this.#at) this.#fail('Key, value or header size')
    if (size > 0) this.#at += size
    return size
  }

  #view(at: number, size: number): Uint8Array {
    return this.#bytes.subarray(at, at + size)
  }

  #varint(end: number): number {
    const bytes = this.#bytes
    const from = this.#at
    // One byte is the common case.
    if (from < end && bytes[from]! < 0x80) {
      this.#at = from + 1
      return (bytes[from]! >>> 1) ^ -(bytes[from]! & 1)
    }
    const bound = Math.min(end, from + MAX_VARINT_BYTES)
    let raw = 0
    for (let at = from, shift = 0; at < bound; at++, shift += 7) {
      const byte = bytes[at]!
      raw |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      if (shift === 28 && byte > 0x0f) break // over 32 bits
      this.#at = at + 1
      return (raw >>> 1) ^ -(raw & 1)
    }
    return this.#fail('Varint')
  }

  #varlong(end: number): number {
    const bytes = this.#bytes
    const from = this.#at
    const bound = Math.min(end, from + MAX_VARLONG_BYTES)
    // Bit 0 is the sign. The bits above it are added up as a double, exact up to 2^53.
    let magnitude = 0
    for (let at = from, unit = 0.5; at < bound; at++, unit *= 128) {
      const byte = bytes[at]!
      magnitude += Math.floor((byte & 0x7f) * unit)
      if (byte >= 0x80) continue
      const value = (bytes[from]! & 1) === 0 ? magnitude : -magnitude - 1
      if (!Number.isSafeInteger(value)) break
      this.#at = at + 1
      return value
    }
    return this.#fail('Varint')
  }

  #fail(what: string): never {
    throw this.#refusal(`${what} is not valid`)
  }

  #refusal(message: string): BrokerError {
    const place = this.#index < 0 ? {} : { record: this.#index }
    return new BrokerError('INVALID_RECORD', { message, ...place })
  }
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
