// Zig-zag varints of Kafka's records, read within a bound.
//
//   byte     1          2                 n
//        +----------+----------+-----+----------+
//        |1 bits 0-6|1 bits 7..|  …  |0 highest |     zig-zag: 0, -1, 1, -2 … are 0, 1, 2, 3 …
//        +----------+----------+-----+----------+
//
// Readers return the value and the bytes used in one 64-bit number, so that nothing goes through
// memory: value << 8 | bytes. Zero bytes say that there is no valid varint.
//
// Source: apache/kafka, ByteUtils.java.

/** No valid varint: cut off by the bound, too long, or too large. */
export const NO_VARINT: i64 = 0;

/** Longest form of 32 bits. */
const VARINT_BYTES: usize = 5;

/** Largest zig-zag form of an integer that a double holds exactly: 2 * (2^53 - 1). */
const SAFE_ZIGZAG: u64 = 0x3ffffffffffffe;

/**
 * Reads a signed 32-bit varint from `[at, end)`.
 *
 * @returns value << 8 | bytes used, or NO_VARINT
 */
export function readVarint(at: usize, end: usize): i64 {
  let raw: u64 = 0;
  const bound = min(end, at + VARINT_BYTES);
  let shift: u64 = 0;
  for (let from = at; from < bound; from++, shift += 7) {
    const byte = <u64>load<u8>(from);
    raw |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (raw > <u64>u32.MAX_VALUE) return NO_VARINT;
      return (unzigzag(raw) << 8) | <i64>(from - at + 1);
    }
  }
  return NO_VARINT;
}

/**
 * Reads a signed 64-bit varint from `[at, end)` that lies within ±(2^53 - 1).
 *
 * @returns value << 8 | bytes used, or NO_VARINT
 */
export function readVarlong(at: usize, end: usize): i64 {
  let raw: u64 = 0;
  // Eight groups of 7 bits hold every value in range; a ninth or tenth byte could only add zeroes,
  // which no writer emits.
  const bound = min(end, at + 8);
  let shift: u64 = 0;
  for (let from = at; from < bound; from++, shift += 7) {
    const byte = <u64>load<u8>(from);
    raw |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (raw > SAFE_ZIGZAG) return NO_VARINT;
      return (unzigzag(raw) << 8) | <i64>(from - at + 1);
    }
  }
  return NO_VARINT;
}

// @ts-ignore: decorator
@inline
function unzigzag(raw: u64): i64 {
  return <i64>(raw >>> 1) ^ -(<i64>(raw & 1));
}
