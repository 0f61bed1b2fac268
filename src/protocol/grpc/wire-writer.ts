// Writes the protobuf wire format, which is drawn in wire-format.ts, and says how much it will take.

import { type OpaqueNumber, TWO_TO_32 } from './wire-format.ts'

/** Writes fields into bytes that the caller has measured: nothing grows, nothing is checked. */
export class WireWriter {
  readonly #bytes: Buffer
  #position: number

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes
    this.#position = position
  }

  /** Bytes written so far, with those before the start. */
  get position(): number {
    return this.#position
  }

  /** A tag below 2^14 or another small number, as a varint. @param value 0 to 2^32 - 1 */
  uint32(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#position++] = rest
  }

  /** @param value within ±(2^53 - 1) */
  int64(value: number): void {
    this.#halves(Math.floor(value / TWO_TO_32) >>> 0, value >>> 0)
  }

  opaque(value: OpaqueNumber): void {
    if (typeof value === 'number') this.int64(value)
    else this.#halves(Number((value >> 32n) & 0xffff_ffffn), Number(value & 0xffff_ffffn))
  }

  /** Tag and value of a varint field, left out when it is 0. @param value within ±(2^53 - 1) */
  int64Field(tag: number, value: number): void {
    if (value === 0) return
    this.uint32(tag)
    this.int64(value)
  }

  opaqueField(tag: number, value: OpaqueNumber): void {
    if (value === 0 || value === 0n) return
    this.uint32(tag)
    this.opaque(value)
  }

  /** Tag and text, left out when it is empty. */
  stringField(tag: number, text: string): void {
    if (text.length !== 0) this.stringElement(tag, text)
  }

  /** Tag and text, empty or not. */
  stringElement(tag: number, text: string): void {
    this.uint32(tag)
    // A length of up to 42 units of UTF-16 has at most 126 bytes of UTF-8, and so one byte of length.
    if (text.length <= 42) {
      const sizeBytes = this.#bytes.write(text, this.#position + 1, 'utf8')
      this.#bytes[this.#position] = sizeBytes
      this.#position += 1 + sizeBytes
      return
    }
    this.uint32(Buffer.byteLength(text))
    this.#position += this.#bytes.write(text, this.#position, 'utf8')
  }

  /** Tag and bytes, left out when there are none. */
  bytesField(tag: number, bytes: Uint8Array): void {
    if (bytes.byteLength !== 0) this.bytesElement(tag, bytes)
  }

  /** Tag and bytes, also when there are none: for fields where absent means something else. */
  bytesElement(tag: number, bytes: Uint8Array): void {
    this.uint32(tag)
    this.uint32(bytes.byteLength)
    this.#bytes.set(bytes, this.#position)
    this.#position += bytes.byteLength
  }

  /** Tag and length of a message, whose fields the caller writes next. */
  message(tag: number, sizeBytes: number): void {
    this.uint32(tag)
    this.uint32(sizeBytes)
  }

  #halves(highHalf: number, lowHalf: number): void {
    let high = highHalf
    let low = lowHalf
    while (high > 0) {
      this.#bytes[this.#position++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.uint32(low)
  }
}

/** Bytes of a varint. @param value 0 to 2^32 - 1 */
export function sizeOfUint32(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  return value < 0x1000_0000 ? 4 : 5
}

/** Bytes of a varint. @param value within ±(2^53 - 1); what is negative takes 10 */
export function sizeOfInt64(value: number): number {
  if (value < 0) return 10
  if (value < TWO_TO_32) return sizeOfUint32(value)
  let bytes = 5
  for (let bound = 2 ** 35; value >= bound; bound *= 128) bytes += 1
  return bytes
}

function sizeOfOpaque(value: OpaqueNumber): number {
  if (typeof value === 'number') return sizeOfInt64(value)
  let bytes = 1
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) bytes += 1
  return bytes
}

// What a field takes, its tag included. Field numbers above 15 have tags of two bytes; no message
// that is written by hand has one.

export function sizeOfInt64Field(value: number): number {
  return value === 0 ? 0 : 1 + sizeOfInt64(value)
}

export function sizeOfOpaqueField(value: OpaqueNumber): number {
  return value === 0 || value === 0n ? 0 : 1 + sizeOfOpaque(value)
}

export function sizeOfLength(sizeBytes: number): number {
  return 1 + sizeOfUint32(sizeBytes) + sizeBytes
}

export function sizeOfString(text: string): number {
  return text.length === 0 ? 0 : sizeOfLength(Buffer.byteLength(text))
}

export function sizeOfBytes(bytes: Uint8Array): number {
  return bytes.byteLength === 0 ? 0 : sizeOfLength(bytes.byteLength)
}
