// Writes the primitives that keys and values of internal topics are made of. Big-endian.
//
//   type            plain versions                flexible versions (KIP-482)
//   string          int16 length, UTF-8           uvarint length + 1, UTF-8
//   string or null  the same, length -1 is null   the same, 0 is null
//   bytes           int32 length, bytes           uvarint length + 1, bytes
//   array           int32 count, elements         uvarint count + 1, elements
//   struct          its fields                    its fields, then tagged fields
//   tagged fields   none                          uvarint count, then (uvarint tag, uvarint size, bytes)
//
// Source: https://kafka.apache.org/protocol#protocol_types

import assert from 'node:assert'
import { uuidBytes } from '../../base/uuid.ts'
import type { Uuid } from '../../base/uuid.ts'

const INITIAL_BYTES = 128
const MAX_INT16 = 0x7fff

/** A growing buffer. `flexible` says in which form strings, bytes and arrays are written. */
export class RecordWriter {
  readonly flexible: boolean
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  #size = 0

  constructor(flexible: boolean) {
    this.flexible = flexible
  }

  int8(value: number): this {
    this.#reserve(1)
    this.#buffer.writeInt8(value, this.#size)
    this.#size += 1
    return this
  }

  int16(value: number): this {
    this.#reserve(2)
    this.#buffer.writeInt16BE(value, this.#size)
    this.#size += 2
    return this
  }

  int32(value: number): this {
    this.#reserve(4)
    this.#buffer.writeInt32BE(value, this.#size)
    this.#size += 4
    return this
  }

  int64(value: number | bigint): this {
    this.#reserve(8)
    this.#buffer.writeBigInt64BE(BigInt(value), this.#size)
    this.#size += 8
    return this
  }

  uvarint(value: number): this {
    this.#reserve(5)
    let rest = value >>> 0
    for (; rest >= 0x80; rest >>>= 7) this.#buffer[this.#size++] = (rest & 0x7f) | 0x80
    this.#buffer[this.#size++] = rest
    return this
  }

  uuid(value: Uuid): this {
    return this.#raw(uuidBytes(value))
  }

  /** @param value at most 32,767 bytes of UTF-8 in plain versions */
  string(value: string | null): this {
    if (value === null) return this.flexible ? this.uvarint(0) : this.int16(-1)
    const encoded = Buffer.from(value)
    if (this.flexible) return this.uvarint(encoded.byteLength + 1).#raw(encoded)
    assert(encoded.byteLength <= MAX_INT16)
    return this.int16(encoded.byteLength).#raw(encoded)
  }

  bytes(value: Uint8Array): this {
    if (this.flexible) this.uvarint(value.byteLength + 1)
    else this.int32(value.byteLength)
    return this.#raw(value)
  }

  array<T>(values: readonly T[], write: (value: T) => void): this {
    if (this.flexible) this.uvarint(values.length + 1)
    else this.int32(values.length)
    for (const value of values) write(value)
    return this
  }

  /** Ends a struct. @param fields tags with their encoded values, by rising tag */
  tags(fields: readonly (readonly [tag: number, value: Uint8Array])[] = []): this {
    if (!this.flexible) return this
    this.uvarint(fields.length)
    for (const [tag, value] of fields) this.uvarint(tag).uvarint(value.byteLength).#raw(value)
    return this
  }

  /** What was written. The writer must not be used any more. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#size)
  }

  #raw(bytes: Uint8Array): this {
    this.#reserve(bytes.byteLength)
    this.#buffer.set(bytes, this.#size)
    this.#size += bytes.byteLength
    return this
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#size + sizeBytes
    if (needed <= this.#buffer.byteLength) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.byteLength * 2))
    this.#buffer.copy(grown, 0, 0, this.#size)
    this.#buffer = grown
  }
}
