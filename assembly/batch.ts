// Validation of one whole record batch: header, checksum and, when they are not compressed, a walk
// over all its records. Layout: layout.ts.
//
// What is found goes into the results of batch-result.ts.

import {
  ATTRIBUTES, BASE_OFFSET, BASE_SEQUENCE, BASE_TIMESTAMP, BATCH_LENGTH, CODEC_MASK, CODEC_MAX, CRC,
  LAST_OFFSET_DELTA, LENGTH_OVERHEAD, MAGIC, MAGIC_V2, MAX_TIMESTAMP, PARTITION_LEADER_EPOCH,
  PRODUCER_EPOCH, PRODUCER_ID, RECORDS, RECORD_COUNT,
} from './layout';
import {
  BAD_ATTRIBUTES, BAD_COUNT, BAD_CRC, BAD_DELTA, BAD_LENGTH, BAD_MAGIC, BAD_RANGE, INCOMPLETE,
  SAFE_MAX, isSafe, report,
} from './batch-result';
import { crc32c } from './crc32c';
import { DEPTH_PRODUCED, walkRecords } from './records';

/** Only header and checksum. */
const DEPTH_HEADER: u32 = 0;

/**
 * Checks the batch that starts at an address.
 *
 * @param at        address of the batch's first byte
 * @param available bytes that may be read from there
 * @param limit     largest batch accepted, in bytes
 * @param depth     0 header and checksum, 1 as stored, 2 as produced
 * @returns 0, or a fault. After INCOMPLETE slot 0 holds the bytes needed to go on
 */
export function checkBatch(at: usize, available: usize, limit: u32, depth: u32): i32 {
  const fault = readHeader(at, available, limit);
  if (fault != 0) return fault;
  const size = LENGTH_OVERHEAD + <usize>readU32(at + BATCH_LENGTH);
  if (available < size) return INCOMPLETE;
  if (crc32c(0, at + ATTRIBUTES, size - ATTRIBUTES) != readU32(at + CRC)) return BAD_CRC;

  const ranges = checkRanges(at);
  if (ranges != 0) return ranges;
  const counts = checkCounts(at, depth);
  if (counts != 0) return counts;
  const codec = <i32>readU16(at + ATTRIBUTES) & CODEC_MASK;
  if (codec > CODEC_MAX) return BAD_ATTRIBUTES;
  if (codec != 0 || depth == DEPTH_HEADER) return 0;
  return walkRecords(
    at + RECORDS,
    size - RECORDS,
    readU32(at + RECORD_COUNT),
    <i32>readU32(at + LAST_OFFSET_DELTA),
    readI64(at + BASE_TIMESTAMP),
    depth,
  );
}

/** Fills slots 0 to 11. Reads nothing beyond `available`. */
function readHeader(at: usize, available: usize, limit: u32): i32 {
  report(0, RECORDS);
  if (available > MAGIC && load<u8>(at + MAGIC) != MAGIC_V2) return BAD_MAGIC;
  if (available >= LENGTH_OVERHEAD) {
    const length = readU32(at + BATCH_LENGTH);
    if (length < <u32>(RECORDS - LENGTH_OVERHEAD)) return BAD_LENGTH;
    if (<u64>length + LENGTH_OVERHEAD > <u64>limit) return BAD_LENGTH;
    report(0, <f64>length + LENGTH_OVERHEAD);
  }
  if (available < RECORDS) return INCOMPLETE;
  report(1, <f64>readI64(at + BASE_OFFSET));
  report(2, <f64>(<i32>readU32(at + PARTITION_LEADER_EPOCH)));
  report(3, <f64>readU32(at + CRC));
  report(4, <f64>(<i16>readU16(at + ATTRIBUTES)));
  report(5, <f64>(<i32>readU32(at + LAST_OFFSET_DELTA)));
  report(6, <f64>readI64(at + BASE_TIMESTAMP));
  report(7, <f64>readI64(at + MAX_TIMESTAMP));
  report(8, <f64>readI64(at + PRODUCER_ID));
  report(9, <f64>(<i16>readU16(at + PRODUCER_EPOCH)));
  report(10, <f64>(<i32>readU32(at + BASE_SEQUENCE)));
  report(11, <f64>(<i32>readU32(at + RECORD_COUNT)));
  return 0;
}

function checkRanges(at: usize): i32 {
  const baseOffset = readI64(at + BASE_OFFSET);
  const lastDelta = <i32>readU32(at + LAST_OFFSET_DELTA);
  if (lastDelta < 0) return BAD_DELTA;
  if (baseOffset < 0 || baseOffset > SAFE_MAX - <i64>lastDelta) return BAD_RANGE;
  const safe =
    isSafe(readI64(at + BASE_TIMESTAMP)) &&
    isSafe(readI64(at + MAX_TIMESTAMP)) &&
    isSafe(readI64(at + PRODUCER_ID));
  return safe ? 0 : BAD_RANGE;
}

function checkCounts(at: usize, depth: u32): i32 {
  const count = <i64>(<i32>readU32(at + RECORD_COUNT));
  const offsets = <i64>(<i32>readU32(at + LAST_OFFSET_DELTA)) + 1;
  if (depth == DEPTH_PRODUCED) return count == offsets ? 0 : BAD_COUNT;
  return count >= 0 && count <= offsets ? 0 : BAD_COUNT;
}

// @ts-ignore: decorator
@inline
function readU16(at: usize): u16 {
  return bswap<u16>(load<u16>(at));
}

// @ts-ignore: decorator
@inline
function readU32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

// @ts-ignore: decorator
@inline
function readI64(at: usize): i64 {
  return <i64>bswap<u64>(load<u64>(at));
}
