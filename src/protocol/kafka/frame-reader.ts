// Reads the primitives of Kafka's wire protocol from one frame. All integers are big-endian.
//
//   type            classic versions              flexible versions (KIP-482)
//   string          int16 length, UTF-8           uvarint length + 1, UTF-8
//   string or null  the same, length -1 is null   the same, 0 is null
//   bytes, records  int32 length, bytes           uvarint length + 1, bytes
//   array           int32 count, elements         uvarint count + 1, elements
//   struct          its fields                    its fields, then tagged fields
//   struct or null  int8: below 0 is null         the same; in a tagged field a uvarint: 0 is null
//   tagged fields   none                          uvarint count, then (uvarint tag, uvarint size, bytes)
//   uuid            16 bytes                      the same
//   uvarint         7 bits a byte, lowest first, the high bit says that another byte follows
//
// Source: https://kafka.apache.org/protocol#protocol_types

import { type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import { CrowdedMessage } from './crowded-message.ts'
import { DecodeError } from './decode-error.ts'
import {
  ARRAY_HEAP_BYTES,
  HEAP_SLACK_BYTES,
  MAX_ARRAY_ELEMENTS,
  MAX_STRING_BYTES,
  MAX_TAGGED_FIELDS,
  REQUEST_HEAP_FACTOR,
  RESPONSE_HEAP_FACTOR,
  STRING_HEAP_BYTES,
  UUID_HEAP_BYTES,
  VIEW_HEAP_BYTES,
} from './wire-limits.ts'

const TWO_TO_32 = 0x1_0000_0000
/** High halves of safe integers lie in [-HIGH_BOUND, HIGH_BOUND). */
const HIGH_BOUND = 0x20_0000
/** Steps of reading or writing in slices that go between two looks at the clock; a power of two. */
export const STEPS_AT_ONCE = 64
/** Up to this length a loop over the bytes beats a call into the runtime; beyond it V8 would join
 *  pieces lazily. */
const SHORT_STRING_BYTES = 12

/**
 * A reader over one frame, or over any bytes that hold a message.
 *
 * `bytes`, `records` and their like are views: they share the memory of the frame, which must not
 * be used again while they live. Every method throws DecodeError rather than read past the end.
 */
export class FrameReader {
  /** Whether lengths are compact and structs end in tagged fields. The codecs set it. */
  flexible = false

  readonly #bytes: Buffer
  readonly #maxHeapBytes: number
  #position: number
  #end: number
  #heapLeft: number
  /** Elements of arrays that may still come, of the whole message. */
  #elementsLeft = Infinity
  #steps = 0

  /**
   * @param start,end  the part of `bytes` to read, in bytes; all of it when left out
   * @param heapFactor how often its own size it may take once decoded (wire-limits.ts)
   */
  constructor(
    bytes: Buffer,
    start = 0,
    end = bytes.byteLength,
    heapFactor: number = REQUEST_HEAP_FACTOR,
  ) {
    this.#bytes = bytes
    this.#position = start
    this.#end = end
    this.#maxHeapBytes = (end - start) * heapFactor + HEAP_SLACK_BYTES
    this.#heapLeft = this.#maxHeapBytes
  }

  /** A reader for a client, over the response that begins at `start`, in bytes. */
  static ofResponse(bytes: Buffer, start = 0): FrameReader {
    return new FrameReader(bytes, start, bytes.byteLength, RESPONSE_HEAP_FACTOR)
  }

  /** Where the next byte is read, counted as `start` was. */
  get position(): number {
    return this.#position
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#end - this.#position
  }

  /** What the values that were read take on the heap, roughly. */
  get heapBytes(): number {
    return this.#maxHeapBytes - this.#heapLeft
  }

  /** From now on arrays of more elements than this, all together, are a CrowdedMessage. */
  limitElements(count: number): void {
    this.#elementsLeft = count
  }

  /** Counts a step of reading in slices. @returns true when it is time to look at the clock */
  due(): boolean {
    this.#steps += 1
    return this.#steps % STEPS_AT_ONCE === 0
  }

  fail(reason: string): never {
    throw new DecodeError(reason, this.#position)
  }

  bool(): boolean {
    return this.#bytes[this.#take(1)] !== 0
  }

  int8(): number {
    return (this.#bytes[this.#take(1)]! << 24) >> 24
  }

  int16(): number {
    const at = this.#take(2)
    return ((this.#bytes[at]! << 24) >> 16) | this.#bytes[at + 1]!
  }

  int32(): number {
    return this.#int32At(this.#take(4))
  }

  /** @throws DecodeError outside ±2^53: no offset, id or size that a broker gave out is that large */
  int64(): number {
    const at = this.#take(8)
    const high = this.#int32At(at)
    if (high < -HIGH_BOUND || high >= HIGH_BOUND) this.fail('a 64-bit number is out of range')
    return high * TWO_TO_32 + (this.#int32At(at + 4) >>> 0)
  }

  /** As int64, but what is out of range becomes the nearest safe integer. */
  int64Clamped(): number {
    const at = this.#take(8)
    const high = this.#int32At(at)
    if (high >= HIGH_BOUND) return Number.MAX_SAFE_INTEGER
    if (high < -HIGH_BOUND) return Number.MIN_SAFE_INTEGER
    const value = high * TWO_TO_32 + (this.#int32At(at + 4) >>> 0)
    return Math.max(value, Number.MIN_SAFE_INTEGER)
  }

  /** All 64 bits, signed. */
  int64Big(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#take(8))
  }

  uuid(): Uuid {
    const at = this.#take(16)
    const bytes = this.#bytes
    let bits = 0
    for (let next = at; next < at + 16; next++) bits |= bytes[next]!
    if (bits === 0) return ZERO_UUID
    this.#charge(UUID_HEAP_BYTES)
    return bytes.toString('base64url', at, at + 16)
  }

  /** Unsigned, up to 32 bits. */
  uvarint(): number {
    const first = this.#bytes[this.#position]!
    if (first < 0x80 && this.#position < this.#end) {
      this.#position += 1
      return first
    }
    return this.#longUvarint()
  }

  string(): string {
    return this.nullableString() ?? this.fail('a string is null')
  }

  nullableString(): string | null {
    const sizeBytes = this.flexible ? this.uvarint() - 1 : this.int16()
    return sizeBytes < 0 ? null : this.#text(sizeBytes)
  }

  /** A string or null with an int16 length, whatever `flexible` says: the client id of a header. */
  classicNullableString(): string | null {
    const sizeBytes = this.int16()
    return sizeBytes < 0 ? null : this.#text(sizeBytes)
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    return this.nullableBytes() ?? this.fail('bytes are null')
  }

  nullableBytes(): Buffer | null {
    const sizeBytes = this.flexible ? this.uvarint() - 1 : this.int32()
    return sizeBytes < 0 ? null : this.#view(sizeBytes)
  }

  /** Whether a nullable struct follows. */
  present(): boolean {
    return this.int8() >= 0
  }

  /** As `present`, for the value of a tagged field. */
  presentInTag(): boolean {
    return this.uvarint() > 0
  }

  /**
   * How many elements of an array follow.
   *
   * @param minBytes   what one element takes in the frame at least, 1 or more
   * @param heapBytes  what one element takes on the heap, roughly
   */
  arrayCount(minBytes: number, heapBytes: number): number {
    const count = this.nullableArrayCount(minBytes, heapBytes)
    if (count < 0) this.fail('an array is null')
    return count
  }

  /** As arrayCount, and -1 for null. */
  nullableArrayCount(minBytes: number, heapBytes: number): number {
    const count = this.flexible ? this.uvarint() - 1 : this.int32()
    if (count < 0) return -1
    if (count > MAX_ARRAY_ELEMENTS) this.fail(`an array of ${count} elements`)
    if (count * minBytes > this.#end - this.#position) this.fail('an array is beyond the frame')
    this.#elementsLeft -= count
    if (this.#elementsLeft < 0) throw new CrowdedMessage()
    this.#charge(ARRAY_HEAP_BYTES + count * heapBytes)
    return count
  }

  /** How many tagged fields follow; each is `enterTag`, its value, `leaveTag`. */
  tagCount(): number {
    const count = this.uvarint()
    if (count > MAX_TAGGED_FIELDS) this.fail(`${count} tagged fields`)
    if (count * 2 > this.#end - this.#position) this.fail('tagged fields are beyond the frame')
    return count
  }

  /**
   * Reads the size of a tagged field and shuts the reader up in it.
   *
   * @returns where the outer bytes end, for `leaveTag`
   */
  enterTag(): number {
    const sizeBytes = this.uvarint()
    if (sizeBytes > this.#end - this.#position) this.fail('a tagged field is beyond the frame')
    const outerEnd = this.#end
    this.#end = this.#position + sizeBytes
    return outerEnd
  }

  /** @throws DecodeError when the value ended before the field did */
  leaveTag(outerEnd: number): void {
    if (this.#position !== this.#end) this.fail('a tagged field is longer than its value')
    this.#end = outerEnd
  }

  /** Steps over the value of a tagged field that is not known. */
  skipTag(): void {
    this.#take(this.uvarint())
  }

  /** Steps over all tagged fields of a struct that knows none; there are none unless `flexible`. */
  skipTags(): void {
    if (!this.flexible) return
    for (let left = this.tagCount(); left > 0; left--) {
      this.uvarint()
      this.skipTag()
    }
  }

  #take(sizeBytes: number): number {
    const at = this.#position
    if (sizeBytes > this.#end - at) this.fail('the frame ends too early')
    this.#position = at + sizeBytes
    return at
  }

  #charge(heapBytes: number): void {
    this.#heapLeft -= heapBytes
    if (this.#heapLeft < 0) this.fail('decoded, the frame would take too much memory')
  }

  #int32At(at: number): number {
    const bytes = this.#bytes
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }

  #longUvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!
      if (shift === 28 && byte > 0x0f) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return this.fail('a varint has more than 32 bits')
  }

  #view(sizeBytes: number): Buffer {
    const at = this.#take(sizeBytes)
    this.#charge(VIEW_HEAP_BYTES)
    return this.#bytes.subarray(at, at + sizeBytes)
  }

  /** Bytes that are not UTF-8 become U+FFFD, as in Java. */
  #text(sizeBytes: number): string {
    if (sizeBytes > MAX_STRING_BYTES) this.fail(`a string of ${sizeBytes} bytes`)
    const at = this.#take(sizeBytes)
    if (sizeBytes === 0) return ''
    this.#charge(STRING_HEAP_BYTES + sizeBytes * 2)
    const bytes = this.#bytes
    if (sizeBytes > SHORT_STRING_BYTES) return bytes.toString('utf8', at, at + sizeBytes)
    let text = ''
    for (let next = at; next < at + sizeBytes; next++) {
      const byte = bytes[next]!
      if (byte >= 0x80) return bytes.toString('utf8', at, at + sizeBytes)
      text += String.fromCharCode(byte)
    }
    return text
  }
}
