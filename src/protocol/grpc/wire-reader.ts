// Reads the protobuf wire format, which is drawn in wire-format.ts.

import { isUtf8 } from 'node:buffer'
import {
  FIXED32,
  FIXED64,
  LENGTH,
  MAX_ELEMENTS,
  OversizedMessage,
  type OpaqueNumber,
  TWO_TO_32,
  VARINT,
  WireFormatError,
} from './wire-format.ts'

/** Reads the fields of one message after the other. Every length is checked before it is used. */
export class WireReader {
  readonly #bytes: Buffer
  readonly #maxElements: number
  #position = 0
  /** Where the innermost message that was entered ends. */
  #end: number
  #elements = 0
  // The 64-bit number that was read last, in two halves of 32 bits, signed.
  #low = 0
  #high = 0

  /** @param maxElements most elements of repeated fields, all of them together */
  constructor(bytes: Buffer, maxElements = MAX_ELEMENTS) {
    this.#bytes = bytes
    this.#maxElements = maxElements
    this.#end = bytes.byteLength
  }

  /** Whether the message has another field. */
  more(): boolean {
    return this.#position < this.#end
  }

  /** Tag of the next field. */
  tag(): number {
    const tag = this.uint32()
    if (tag >>> 3 === 0) throw new WireFormatError('field number 0')
    return tag
  }

  /**
   * Steps into a message, whose fields come next.
   *
   * @returns where the outer message ends, for `leave`
   */
  enter(): number {
    const sizeBytes = this.#length()
    const outerEnd = this.#end
    this.#end = this.#position + sizeBytes
    return outerEnd
  }

  leave(outerEnd: number): void {
    this.#end = outerEnd
  }

  /** As `enter`, for an element of a repeated field: those are counted. */
  enterElement(): number {
    this.countElements(1)
    return this.enter()
  }

  /** Counts elements of a repeated field that are not entered. @throws OversizedMessage */
  countElements(count: number): void {
    this.#elements += count
    if (this.#elements <= this.#maxElements) return
    throw new OversizedMessage(`more than ${this.#maxElements} elements`)
  }

  /** Low 32 bits of a varint, unsigned. */
  uint32(): number {
    const byte = this.#bytes[this.#position]!
    if (this.#position < this.#end && byte < 0x80) {
      this.#position += 1
      return byte
    }
    this.#varint()
    return this.#low >>> 0
  }

  /** Low 32 bits of a varint, signed. */
  int32(): number {
    return this.uint32() | 0
  }

  /** @throws WireFormatError outside ±(2^53 - 1): no offset, size or time is that large */
  int64(): number {
    this.#varint()
    const value = this.#high * TWO_TO_32 + (this.#low >>> 0)
    if (!Number.isSafeInteger(value)) throw new WireFormatError('a 64-bit number is out of range')
    return value
  }

  opaque(): OpaqueNumber {
    this.#varint()
    const high = this.#high >>> 0
    const low = this.#low >>> 0
    if (high < 0x20_0000) return high * TWO_TO_32 + low
    return (BigInt(high) << 32n) | BigInt(low)
  }

  bool(): boolean {
    this.#varint()
    return (this.#low | this.#high) !== 0
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    const sizeBytes = this.#length()
    const start = this.#position
    this.#position = start + sizeBytes
    return this.#bytes.subarray(start, this.#position)
  }

  /** @throws WireFormatError when the text is not UTF-8 */
  string(): string {
    const sizeBytes = this.#length()
    const start = this.#position
    this.#position = start + sizeBytes
    const text = this.#bytes.toString('utf8', start, this.#position)
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, this.#position))) {
      throw new WireFormatError('a string is not UTF-8')
    }
    return text
  }

  /** Passes over the value of a field that is not known. */
  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        this.#varint()
        return
      case FIXED64:
        this.#advance(8)
        return
      case LENGTH:
        this.#advance(this.#length())
        return
      case FIXED32:
        this.#advance(4)
        return
      default:
        throw new WireFormatError(`wire type ${tag & 7}`)
    }
  }

  #advance(sizeBytes: number): void {
    if (sizeBytes > this.#end - this.#position) throw new WireFormatError('field beyond the end')
    this.#position += sizeBytes
  }

  #length(): number {
    const sizeBytes = this.uint32()
    if (sizeBytes > this.#end - this.#position) throw new WireFormatError('length beyond the end')
    return sizeBytes
  }

  #byte(): number {
    if (this.#position >= this.#end) throw new WireFormatError('number beyond the end')
    return this.#bytes[this.#position++]!
  }

  #varint(): void {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#low = low
        this.#high = 0
        return
      }
    }
    // The fifth byte has 4 bits for the low half and 3 for the high one.
    let byte = this.#byte()
    low |= byte << 28
    high = (byte & 0x70) >> 4
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (shift > 31) throw new WireFormatError('number of more than 10 bytes')
      byte = this.#byte()
      high |= (byte & 0x7f) << shift
    }
    this.#low = low
    this.#high = high
  }
}
