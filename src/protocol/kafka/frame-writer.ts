// Writes the primitives of Kafka's wire protocol; frame-reader.ts draws them.
//
// Small fields are gathered in slabs of memory. Record batches are not copied: they become parts of
// their own between slices of the slab, for one gathering write.
//
//   slab   |…earlier frames…| size header fields |  | more fields | … free …
//                           `----- part 0 -----'  |  `- part 2 --'
//   records (not ours)                     part 1 ^

import assert from 'node:assert'
import { BrokerError } from '../../base/errors.ts'
import type { Uuid } from '../../base/uuid.ts'
import { CrowdedMessage } from './crowded-message.ts'
import { STEPS_AT_ONCE } from './frame-reader.ts'
import { MAX_STRING_BYTES } from './wire-limits.ts'

const TWO_TO_32 = 0x1_0000_0000

/** Records of up to this size are copied: a part of its own costs more. In bytes. */
const COPIED_RECORDS_BYTES = 512

const DEFAULT_SLAB_BYTES = 64 * 1024

/**
 * A writer of many frames, one after the other.
 *
 * Slabs are never overwritten while a frame may still be on its way out: a full one is left to the
 * garbage collector. Whoever knows that all frames are out calls `rewind` and has the slab again.
 */
export class FrameWriter {
  /** Whether lengths are compact and structs end in tagged fields. The codecs set it. */
  flexible = false
  /** Arrays of more elements than this, all together in a frame, are a CrowdedMessage. */
  maxElements = Infinity

  readonly #slabBytes: number
  #slab: Buffer
  #view: DataView
  #position = 0
  /** Where the part that is being written began. */
  #partStart = 0
  /** Bytes of the finished parts. */
  #partsBytes = 0
  #parts: Buffer[] = []
  /** Elements of arrays that may still come in this frame. */
  #elementsLeft = Infinity
  #steps = 0
  /** Tagged fields that are open: their size is not known yet, so nothing may leave the slab. */
  #openTags = 0

  constructor(slabBytes = DEFAULT_SLAB_BYTES) {
    this.#slabBytes = slabBytes
    this.#slab = Buffer.allocUnsafeSlow(slabBytes)
    this.#view = new DataView(this.#slab.buffer)
  }

  /** Begins a frame: leaves room for its size. */
  beginFrame(): void {
    this.#begin()
    this.int32(0)
  }

  /** Counts a step of writing in slices. @returns true when it is time to look at the clock */
  due(): boolean {
    this.#steps += 1
    if (this.#steps % STEPS_AT_ONCE !== 0) return false
    // A part that never ends would be copied into ever larger slabs.
    if (this.#openTags === 0 && this.#position * 2 > this.#slab.byteLength) this.#endPart()
    return true
  }

  /**
   * Ends the frame that `beginFrame` began.
   *
   * @returns the parts of it, size first, to be written in this order. Those that are not records
   *   lie in the slab: see the class.
   */
  endFrame(): Buffer[] {
    const parts = this.#finish()
    const sizeBytes = this.#partsBytes
    parts[0]!.writeInt32BE(sizeBytes - 4, 0)
    return parts
  }

  /** What `write` writes, in one piece of memory of its own: a value inside another message. */
  collect(write: (writer: FrameWriter) => void): Buffer {
    this.#begin()
    const [slab, start] = [this.#slab, this.#position]
    write(this)
    const whole = Buffer.concat(this.#finish())
    if (this.#slab === slab) this.#position = this.#partStart = start
    return whole
  }

  /** Takes the slab from its start again. The caller knows that no part of a frame is in use. */
  rewind(): void {
    this.#position = 0
    this.#partStart = 0
  }

  bool(value: boolean): void {
    this.#byte(value ? 1 : 0)
  }

  int8(value: number): void {
    assert(value >= -0x80 && value <= 0x7f)
    this.#byte(value)
  }

  int16(value: number): void {
    assert(value >= -0x8000 && value <= 0x7fff)
    const at = this.#room(2)
    this.#view.setInt16(at, value)
  }

  int32(value: number): void {
    assert(value === (value | 0))
    const at = this.#room(4)
    this.#view.setInt32(at, value)
  }

  int64(value: number): void {
    assert(Number.isSafeInteger(value))
    const at = this.#room(8)
    this.#view.setInt32(at, Math.floor(value / TWO_TO_32))
    this.#view.setUint32(at + 4, value >>> 0)
  }

  int64Big(value: bigint): void {
    const at = this.#room(8)
    this.#view.setBigInt64(at, value)
  }

  float64(value: number): void {
    const at = this.#room(8)
    this.#view.setFloat64(at, value)
  }

  uuid(value: Uuid): void {
    const at = this.#room(16)
    const written = this.#slab.write(value, at, 16, 'base64url')
    assert(value.length === 22 && written === 16, `not an id: ${value}`)
  }

  /** @param value 0 to 2^32 - 1 */
  uvarint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#byte((rest & 0x7f) | 0x80)
      rest = rest > 0x7fff_ffff ? Math.floor(rest / 0x80) : rest >>> 7
    }
    this.#byte(rest)
  }

  /** @throws BrokerError INVALID_REQUEST when it is longer than 32,767 bytes */
  string(value: string): void {
    this.#text(value, this.flexible)
  }

  nullableString(value: string | null): void {
    if (value !== null) this.#text(value, this.flexible)
    else if (this.flexible) this.uvarint(0)
    else this.int16(-1)
  }

  /** A string or null with an int16 length, whatever `flexible` says: the client id of a header. */
  classicNullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.#text(value, false)
  }

  bytes(value: Uint8Array): void {
    this.#length(value.byteLength)
    const at = this.#room(value.byteLength)
    this.#slab.set(value, at)
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.#nullLength()
    else this.bytes(value)
  }

  /** As nullableBytes, but large values are not copied: they must not change until they are out. */
  nullableRecords(value: Buffer | null): void {
    if (value === null || value.byteLength <= COPIED_RECORDS_BYTES || this.#openTags > 0) {
      this.nullableBytes(value)
      return
    }
    this.#length(value.byteLength)
    this.#endPart()
    this.#parts.push(value)
    this.#partsBytes += value.byteLength
  }

  /** Says whether a nullable struct follows. */
  present(value: boolean): void {
    this.int8(value ? 1 : -1)
  }

  /** As `present`, for the value of a tagged field. */
  presentInTag(value: boolean): void {
    this.uvarint(value ? 1 : 0)
  }

  arrayCount(count: number): void {
    this.#elementsLeft -= count
    if (this.#elementsLeft < 0) throw new CrowdedMessage()
    this.#length(count)
  }

  nullArray(): void {
    this.#nullLength()
  }

  /** Ends a struct that has no tagged fields to write. */
  noTags(): void {
    if (this.flexible) this.uvarint(0)
  }

  /** Begins a tagged field. @returns what `endTag` wants */
  beginTag(tag: number): number {
    this.uvarint(tag)
    this.#openTags += 1
    this.#room(1)
    return this.#position - this.#partStart
  }

  /** Ends a tagged field: sets its size, and moves the value if that takes more than a byte. */
  endTag(begun: number): void {
    const start = this.#partStart + begun
    const end = this.#position
    const sizeBytes = end - start
    this.#position = start - 1
    if (sizeBytes >= 0x80) {
      let more = 0
      for (let rest = sizeBytes; rest >= 0x80; rest >>>= 7) more += 1
      this.#position = end
      this.#room(more)
      const moved = this.#partStart + begun
      this.#slab.copyWithin(moved + more, moved, moved + sizeBytes)
      this.#position = moved - 1
    }
    this.uvarint(sizeBytes)
    this.#position += sizeBytes
    this.#openTags -= 1
  }

  #byte(value: number): void {
    const at = this.#room(1)
    this.#slab[at] = value
  }

  #length(count: number): void {
    if (this.flexible) this.uvarint(count + 1)
    else this.int32(count)
  }

  #nullLength(): void {
    if (this.flexible) this.uvarint(0)
    else this.int32(-1)
  }

  #text(value: string, compact: boolean): void {
    const sizeBytes = Buffer.byteLength(value, 'utf8')
    if (sizeBytes > MAX_STRING_BYTES) {
      throw new BrokerError('INVALID_REQUEST', { stringBytes: sizeBytes, limit: MAX_STRING_BYTES })
    }
    if (compact) this.uvarint(sizeBytes + 1)
    else this.int16(sizeBytes)
    const at = this.#room(sizeBytes)
    this.#slab.write(value, at, sizeBytes, 'utf8')
  }

  /** Makes room for bytes and steps over them. The slab may be another one afterwards. */
  #room(sizeBytes: number): number {
    if (this.#position + sizeBytes > this.#slab.byteLength) this.#newSlab(sizeBytes)
    const at = this.#position
    this.#position = at + sizeBytes
    return at
  }

  /** Takes a new slab and the part that is being written along to it. */
  #newSlab(sizeBytes: number): void {
    const begun = this.#slab.subarray(this.#partStart, this.#position)
    const wanted = (begun.byteLength + sizeBytes) * 2
    this.#slab = Buffer.allocUnsafeSlow(Math.max(this.#slabBytes, wanted))
    this.#view = new DataView(this.#slab.buffer)
    this.#slab.set(begun)
    this.#partStart = 0
    this.#position = begun.byteLength
  }

  #begin(): void {
    this.#parts = [] // what an error left behind half written
    this.#partsBytes = 0
    this.#openTags = 0
    this.#elementsLeft = this.maxElements
    this.#partStart = this.#position
  }

  #endPart(): void {
    if (this.#position === this.#partStart) return
    const part = this.#slab.subarray(this.#partStart, this.#position)
    this.#parts.push(part)
    this.#partsBytes += part.byteLength
    this.#partStart = this.#position
  }

  #finish(): Buffer[] {
    assert(this.#openTags === 0)
    this.#endPart()
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}
