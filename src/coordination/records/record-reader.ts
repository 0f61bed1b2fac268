// Reads the primitives that keys and values of internal topics are made of. The layout is drawn in
// record-writer.ts. Every length is checked against the bytes that are there before anything is made.

import { BrokerError } from '../../base/errors.ts'
import { uuidOf } from '../../base/uuid.ts'
import type { Uuid } from '../../base/uuid.ts'

/** A reader over one key or one value. Every method throws CORRUPT_MESSAGE past the end. */
export class RecordReader {
  /** Set once the version in front is known. */
  flexible = false
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#position
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  /** @throws BrokerError CORRUPT_MESSAGE outside ±(2^53 - 1) */
  int64(): number {
    const value = Number(this.int64Big())
    if (!Number.isSafeInteger(value)) this.fail('a 64-bit field is out of range')
    return value
  }

  int64Big(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    return this.fail('a varint is longer than five bytes')
  }

  uuid(): Uuid {
    const at = this.#take(16)
    return uuidOf(this.#bytes.subarray(at, at + 16))
  }

  string(): string {
    return this.nullableString() ?? this.fail('a string is null')
  }

  nullableString(): string | null {
    const size = this.flexible ? this.uvarint() - 1 : this.int16()
    if (size < 0) return null
    const at = this.#take(size)
    return this.#bytes.toString('utf8', at, at + size)
  }

  /** A copy: what is kept of a record must not hold the batch that it came in. */
  bytes(): Buffer {
    const size = this.flexible ? this.uvarint() - 1 : this.int32()
    if (size < 0) this.fail('bytes are null')
    const at = this.#take(size)
    return Buffer.from(this.#bytes.subarray(at, at + size))
  }

  skip(sizeBytes: number): void {
    this.#take(sizeBytes)
  }

  array<T>(read: () => T): T[] {
    return this.nullableArray(read) ?? this.fail('an array is null')
  }

  nullableArray<T>(read: () => T): T[] | null {
    const count = this.flexible ? this.uvarint() - 1 : this.int32()
    if (count === -1) return null
    // Each element takes a byte or more, so a larger count is a lie.
    if (count < 0 || count > this.remaining) this.fail('an array has an impossible count')
    const values: T[] = []
    for (let index = 0; index < count; index++) values.push(read())
    return values
  }

  /**
   * Ends a struct. Tags that `onTag` does not know are skipped.
   *
   * @param onTag is given the tag and a reader over its bytes alone
   */
  tags(onTag: (tag: number, field: RecordReader) => void = () => {}): void {
    if (!this.flexible) return
    const count = this.uvarint()
    if (count > this.remaining) this.fail('tagged fields have an impossible count')
    for (let index = 0; index < count; index++) {
      const tag = this.uvarint()
      const size = this.uvarint()
      const at = this.#take(size)
      const field = new RecordReader(this.#bytes.subarray(at, at + size))
      field.flexible = true
      onTag(tag, field)
    }
  }

  fail(reason: string): never {
    throw new BrokerError('CORRUPT_MESSAGE', {
      message: `A record of an internal topic cannot be read: ${reason}`,
      at: this.#position,
    })
  }

  #take(sizeBytes: number): number {
    const at = this.#position
    if (sizeBytes > this.#bytes.byteLength - at) this.fail('it ends too early')
    this.#position = at + sizeBytes
    return at
  }
}
