// The same work in plain JavaScript, written to be fast: what a broker without the core would do.

import { crc32c as nativeCrc32c } from '@node-rs/crc32'

const TABLES = sliceTables()

/** CRC-32C by slicing-by-8. */
export function crc32cInJs(bytes: Uint8Array): number {
  let crc = -1
  let at = 0
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      TABLES[1792 + (low & 255)]! ^
      TABLES[1536 + ((low >>> 8) & 255)]! ^
      TABLES[1280 + ((low >>> 16) & 255)]! ^
      TABLES[1024 + (low >>> 24)]! ^
      TABLES[768 + bytes[at + 4]!]! ^
      TABLES[512 + bytes[at + 5]!]! ^
      TABLES[256 + bytes[at + 6]!]! ^
      TABLES[bytes[at + 7]!]!
  }
  for (; at < bytes.length; at++) crc = TABLES[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

function sliceTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0)
    tables[byte] = value
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!
    tables[at] = (before >>> 8) ^ tables[before & 255]!
  }
  return tables
}

/** Where `readVarint` stopped. */
let position = 0

/** Zig-zag varint of up to 32 bits at `position`; NaN when it is not valid. */
function readVarint(bytes: Buffer, end: number): number {
  let raw = 0
  for (let shift = 0; shift <= 28 && position < end; shift += 7) {
    const byte = bytes[position++]!
    raw |= (byte & 0x7f) << shift
    if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1)
  }
  return NaN
}

/**
 * Checks a batch that is not compressed as the core does: header, checksum by the native addon, and
 * every record.
 *
 * @returns the largest record timestamp, or -1 when the batch is damaged
 */
export function checkBatchInJs(batch: Buffer): number {
  if (batch.length < 61 || batch[16] !== 2) return -1
  if (batch.readInt32BE(8) + 12 !== batch.length) return -1
  if (nativeCrc32c(batch.subarray(21)) !== batch.readUInt32BE(17)) return -1
  const count = batch.readInt32BE(57)
  if (batch.readInt32BE(23) + 1 !== count) return -1
  const baseTimestamp = Number(batch.readBigInt64BE(27))
  let maxTimestamp = -1
  position = 61
  for (let n = 0; n < count; n++) {
    const length = readVarint(batch, batch.length)
    const end = position + length
    if (!(length > 0) || end > batch.length) return -1
    position += 1
    const timestamp = baseTimestamp + readVarint(batch, end)
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    if (readVarint(batch, end) !== n) return -1
    if (!skipField(batch, end) || !skipField(batch, end)) return -1
    const headers = readVarint(batch, end)
    for (let header = 0; header < headers; header++) {
      if (!skipField(batch, end) || !skipField(batch, end)) return -1
    }
    if (position !== end) return -1
  }
  return position === batch.length ? maxTimestamp : -1
}

/** Moves over a length and what it counts. */
function skipField(bytes: Buffer, end: number): boolean {
  const length = readVarint(bytes, end)
  if (!(length >= -1) || length > end - position) return false
  if (length > 0) position += length
  return true
}

/** Last slot of an offset index at or below `relativeOffset`, or -1. */
export function floorOffsetSlotInJs(entries: Buffer, relativeOffset: number): number {
  let low = 0
  let high = entries.length / 8
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries.readUInt32BE(middle * 8) <= relativeOffset) low = middle + 1
    else high = middle
  }
  return low - 1
}
