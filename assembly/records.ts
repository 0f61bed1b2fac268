// The walk over the records of a batch that are not, or no longer, compressed.
//
//   record   varint length of what follows | int8 attributes | varlong timestamp delta |
//            varint offset delta | varint key length, -1 = null | key |
//            varint value length, -1 = null | value | varint header count | headers
//   header   varint key length | key | varint value length, -1 = null | value
//
// Nearly every record has varints of one or two bytes, no header, and the offset delta that follows
// the last one. Such a record is read in a straight line and judged once, at its end; every other
// one, right or wrong, goes to `readRecord`, which names the fault.

import {
  BAD_COUNT, BAD_DELTA, BAD_RANGE, BAD_RECORD, BAD_VARINT, TRAILING, isSafe, report,
} from './batch-result';
import { NO_VARINT, readVarint, readVarlong } from './varint';

/** As found in a log: compaction may have left gaps between records, or no record at all. */
export const DEPTH_STORED: u32 = 1;
/** As a producer must send it: at least one record, offset deltas 0, 1, 2 … without a gap. */
export const DEPTH_PRODUCED: u32 = 2;

/** More than the short form reads before it knows where the record ends. */
const SHORT_BYTES: usize = 16;

/** More than a timestamp delta of the short form, either way. */
const SHORT_TIME: i64 = 0x4000;

/**
 * Walks over records and reports what it found.
 *
 * @param at            address of the first record
 * @param size          bytes of all records
 * @param count         records that the header promises
 * @param lastDelta     last offset delta of the header
 * @param baseTimestamp what timestamp deltas add to, within ±(2^53 - 1)
 * @param depth         1 as stored, 2 as produced
 * @returns 0, or a fault
 */
export function walkRecords(
  at: usize,
  size: usize,
  count: u32,
  lastDelta: i32,
  baseTimestamp: i64,
  depth: u32,
): i32 {
  const end = at + size;
  // Before this address the words of the short form lie within the records; where the timestamps
  // are so large that a short delta could leave the range, there is no such address.
  const shortBefore =
    size >= SHORT_BYTES && isSafe(baseTimestamp - SHORT_TIME) && isSafe(baseTimestamp + SHORT_TIME)
      ? end - SHORT_BYTES + 1
      : at;
  let nullKeys: u32 = 0;
  let highest: i64 = i64.MIN_VALUE;
  let highestDelta: i32 = -1;
  let delta: i32 = -1;

  for (let n: u32 = 0; n < count; n++) {
    let short = false;
    let recordEnd: usize = 0;
    let timestamp: i64 = 0;
    let key: u32 = 0;
    if (at < shortBefore) {
      // A second byte that is not the last one makes its number 0x4000 or more.
      let place = at + 1;
      let length = <u32>load<u8>(at);
      if (length >= 0x80) length = (length & 0x7f) | (<u32>load<u8>(place++) << 7);
      recordEnd = place + (<usize>length >>> 1);
      place += 1; // attributes, which no version uses
      let zigzag = <u32>load<u8>(place++);
      if (zigzag >= 0x80) zigzag = (zigzag & 0x7f) | (<u32>load<u8>(place++) << 7);
      timestamp = <i64>(<i32>(zigzag >>> 1) ^ -(<i32>zigzag & 1));
      let offset = <u32>load<u8>(place++);
      if (offset >= 0x80) {
        offset = (offset & 0x7f) | (<u32>load<u8>(place++) << 7);
        if (offset >= 0x4000) offset = (offset & 0x3fff) | (<u32>load<u8>(place++) << 14);
      }
      key = <u32>load<u8>(place++);
      if (key >= 0x80) key = (key & 0x7f) | (<u32>load<u8>(place++) << 7);

      // What must be zero for the form to hold: an odd number is negative, and only 1, which stands
      // for -1, is allowed for key and value.
      let wrong = (length & 1) | (offset ^ (<u32>(delta + 1) << 1)) | (offset >>> 21);
      if (key & 1) wrong |= key ^ 1;
      else place += <usize>key >>> 1;
      if (place + 2 <= recordEnd && recordEnd <= end) {
        let value = <u32>load<u8>(place++);
        if (value >= 0x80) value = (value & 0x7f) | (<u32>load<u8>(place++) << 7);
        if (value & 1) wrong |= value ^ 1;
        else place += <usize>value >>> 1;
        // Key and value of a short record are short, or they would lead beyond its end.
        wrong |= (length | zigzag) >>> 14;
        short = wrong == 0 && place + 1 == recordEnd && load<u8>(place) == 0;
      }
    }

    // The end of a record must not wait for these checks: a branch that is foreseen well lets the
    // next record begin before this one is through. Hence no value is chosen by `short` alone.
    if (short) {
      delta += 1;
      nullKeys |= key;
    } else {
      if (at == end) return BAD_COUNT;
      const fault = readRecord(at, end);
      if (fault != 0) return fault;
      if (depth == DEPTH_PRODUCED ? readDelta != delta + 1 : readDelta <= delta) return BAD_DELTA;
      if (!isSafe(baseTimestamp + readTimestamp)) return BAD_RANGE;
      recordEnd = readEnd;
      timestamp = readTimestamp;
      delta = readDelta;
      nullKeys |= readHasKey ? 0 : 1;
    }
    at = recordEnd;
    if (timestamp > highest) {
      highest = timestamp;
      highestDelta = delta;
    }
  }

  if (at != end) return TRAILING;
  if (delta > lastDelta) return BAD_DELTA;
  report(12, nullKeys & 1);
  report(13, count > 0 ? <f64>(baseTimestamp + highest) : -1);
  report(14, <f64>highestDelta);
  report(15, <f64>count);
  return 0;
}

// What `readRecord` found last.
let readEnd: usize = 0;
let readTimestamp: i64 = 0;
let readDelta: i32 = 0;
let readHasKey: bool = false;

/** Where `readLength` and the fields around it have come to. */
let position: usize = 0;

/** Reads any record; `end` bounds the batch. Returns 0, or a fault. */
function readRecord(at: usize, end: usize): i32 {
  const length = readVarint(at, end);
  if (length == NO_VARINT) return BAD_VARINT;
  at += used(length);
  if (value(length) <= 0 || value(length) > <i64>(end - at)) return BAD_RECORD;
  const recordEnd = at + <usize>value(length);

  at += 1; // attributes, which no version uses
  const timestamp = readVarlong(at, recordEnd);
  if (timestamp == NO_VARINT) return BAD_VARINT;
  at += used(timestamp);
  const offset = readVarint(at, recordEnd);
  if (offset == NO_VARINT) return BAD_VARINT;
  position = at + used(offset);

  const key = skipField(recordEnd);
  if (key < -1) return <i32>key;
  const valueBytes = skipField(recordEnd);
  if (valueBytes < -1) return <i32>valueBytes;
  const fault = skipHeaders(recordEnd);
  if (fault != 0) return fault;
  if (position != recordEnd) return BAD_RECORD;

  readEnd = recordEnd;
  readTimestamp = value(timestamp);
  readDelta = <i32>value(offset);
  readHasKey = key >= 0;
  return 0;
}

function skipHeaders(recordEnd: usize): i32 {
  const count = readVarint(position, recordEnd);
  if (count == NO_VARINT) return BAD_VARINT;
  position += used(count);
  // A header takes two bytes or more, so what is left bounds how many there can be.
  if (value(count) < 0 || value(count) > <i64>(recordEnd - position) >> 1) return BAD_RECORD;
  for (let n = value(count); n > 0; n--) {
    const key = skipField(recordEnd);
    if (key < 0) return key == -1 ? BAD_RECORD : <i32>key;
    const headerValue = skipField(recordEnd);
    if (headerValue < -1) return <i32>headerValue;
  }
  return 0;
}

/**
 * Moves over a length and the bytes that it counts.
 *
 * @returns the length, -1 for null, or a fault, all of which are below -1
 */
function skipField(recordEnd: usize): i64 {
  const length = readVarint(position, recordEnd);
  if (length == NO_VARINT) return BAD_VARINT;
  position += used(length);
  if (value(length) < -1 || value(length) > <i64>(recordEnd - position)) return BAD_RECORD;
  if (value(length) > 0) position += <usize>value(length);
  return value(length);
}

/**
 * Walks over records that the caller has decompressed.
 *
 * @param count         records that the batch header promises
 * @param lastDelta     last offset delta of the batch header, 0 or more
 * @param baseTimestamp of the batch header, a whole number within ±(2^53 - 1)
 * @param depth         1 as stored, 2 as produced
 * @returns 0, or a fault
 */
export function checkRecords(
  at: usize,
  size: usize,
  count: u32,
  lastDelta: i32,
  baseTimestamp: f64,
  depth: u32,
): i32 {
  if (depth == DEPTH_PRODUCED && <i64>count != <i64>lastDelta + 1) return BAD_COUNT;
  return walkRecords(at, size, count, lastDelta, <i64>baseTimestamp, depth);
}

// @ts-ignore: decorator
@inline
function value(read: i64): i64 {
  return read >> 8;
}

// @ts-ignore: decorator
@inline
function used(read: i64): usize {
  return <usize>(read & 0xff);
}
