// Zig-zag varints of records: sizes and writing. Reading needs a place to keep the position, and is
// in record-cursor.ts.
//
//   byte     1          2                 n
//        +----------+----------+-----+----------+
//        |1 bits 0-6|1 bits 7..|  …  |0 highest |     zig-zag: 0, -1, 1, -2 … are 0, 1, 2, 3 …
//        +----------+----------+-----+----------+
//
// Source: apache/kafka, ByteUtils.java.

/** Bytes of the longest varint of 32 bits. */
export const MAX_VARINT_BYTES = 5

/** Bytes of the longest varint of a number within ±(2^53 - 1). */
export const MAX_VARLONG_BYTES = 8

const TWO_TO_30 = 0x4000_0000
const TWO_TO_28 = 0x1000_0000

/** Bytes that `value` takes. @param value signed, 32 bits */
export function varintSize(value: number): number {
  return unsignedSize((value << 1) ^ (value >> 31))
}

/** Bytes that `value` takes. @param value within ±(2^53 - 1) */
export function varlongSize(value: number): number {
  if (value >= -TWO_TO_30 && value < TWO_TO_30) return varintSize(value)
  // A negative number's zig-zag form differs in bit 0 only from that of its complement.
  let magnitude = value < 0 ? -value - 1 : value
  let size = 1
  for (magnitude = Math.floor(magnitude / 64); magnitude > 0; size++) {
    magnitude = Math.floor(magnitude / 128)
  }
  return size
}

/** Writes `value` at `at`. @returns where the next byte goes. @param value signed, 32 bits */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = (value << 1) ^ (value >> 31)
  while ((rest & ~0x7f) !== 0) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

/** Writes `value` at `at`. @returns where the next byte goes. @param value within ±(2^53 - 1) */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -TWO_TO_30 && value < TWO_TO_30) return writeVarint(bytes, at, value)
  const magnitude = value < 0 ? -value - 1 : value
  // The first byte holds six bits and the sign; doubles hold what is left exactly.
  bytes[at++] = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0) | 0x80
  let rest = Math.floor(magnitude / 64)
  for (; rest >= TWO_TO_28; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  return at
}

function unsignedSize(raw: number): number {
  // Seven bits a byte: 1 to 7 bits take one byte, 8 to 14 two.
  return ((38 - Math.clz32(raw | 1)) / 7) | 0
}
