// Lists the records of a batch with the hashes of their keys, for key-map.ts and keep-records.ts.
//
//   entry   0               16       20     24      28      32          40
//           +---------------+--------+------+-------+-------+-----------+
//           | hash of the   | record | its  | its   | flags | timestamp |
//           | key, 16       | at     | end  | delta |       | delta     |
//           +---------------+--------+------+-------+-------+-----------+
//
// Keys are hashed some hundred at a time, and only then looked up: the loads of a lookup, which miss
// the processor's caches, do not wait for each other then.
//
// Records may lie: nothing is read beyond the end that is given. Headers are not looked at. Layout of
// a record: records.ts.

import { HASH_TABLE } from './arena';
import { BAD_COUNT, BAD_DELTA, BAD_RECORD, BAD_VARINT } from './batch-result';
import { sipHash } from './siphash';
import { NO_VARINT, readVarint, readVarlong } from './varint';

/** Where the list is. Compressors use the same memory, never at the same time. */
export const ENTRIES: usize = HASH_TABLE;

export const ENTRY_BYTES: usize = 40;

/** Records that are listed at a time. */
export const MAX_ENTRIES: u32 = 1024;

export const RECORD_AT: usize = 16;
export const RECORD_END: usize = 20;
export const OFFSET_DELTA: usize = 24;
export const FLAGS: usize = 28;
export const TIMESTAMP_DELTA: usize = 32;

/** The record has no key, and the hash means nothing. */
export const NO_KEY: u32 = 1;
/** The record has no value. */
export const NO_VALUE: u32 = 2;

/** Where the next record starts, and the offset delta of the last one that was listed. */
let nextAt: usize = 0;
let lastDelta: i32 = -1;

/** Begins with the records at an address. */
export function beginRecords(at: usize): void {
  nextAt = at;
  lastDelta = -1;
}

/**
 * Lists the next records.
 *
 * @param end    where the bytes of all records end
 * @param count  records to list, at most MAX_ENTRIES
 * @param most   largest offset delta that a record may have
 * @param secret address of the 16 bytes that hashes are made under
 * @returns 0, or a fault
 */
export function listRecords(end: usize, count: u32, most: i32, secret: usize): i32 {
  let at = nextAt;
  let delta = lastDelta;
  let entry = ENTRIES;
  const last = ENTRIES + <usize>count * ENTRY_BYTES;
  for (; entry < last; entry += ENTRY_BYTES) {
    if (at >= end) return BAD_COUNT;
    const length = shortVarint(at, end);
    if (length == NO_VARINT) return BAD_VARINT;
    const body = at + used(length);
    if (value(length) <= 0 || value(length) > <i64>(end - body)) return BAD_RECORD;
    const recordEnd = body + <usize>value(length);
    store<u32>(entry, <u32>at, RECORD_AT);
    store<u32>(entry, <u32>recordEnd, RECORD_END);
    at = recordEnd;

    let place = body + 1; // attributes, which no version uses
    const timestamp = shortVarlong(place, recordEnd);
    if (timestamp == NO_VARINT) return BAD_VARINT;
    place += used(timestamp);
    const offset = shortVarint(place, recordEnd);
    if (offset == NO_VARINT) return BAD_VARINT;
    place += used(offset);
    if (value(offset) <= <i64>delta || value(offset) > <i64>most) return BAD_DELTA;
    delta = <i32>value(offset);
    store<i64>(entry, value(timestamp), TIMESTAMP_DELTA);
    store<i32>(entry, delta, OFFSET_DELTA);

    const key = shortVarint(place, recordEnd);
    if (key == NO_VARINT) return BAD_VARINT;
    place += used(key);
    let flags: u32 = 0;
    if (value(key) >= 0) {
      if (value(key) > <i64>(recordEnd - place)) return BAD_RECORD;
      sipHash(secret, place, <usize>value(key), entry);
      place += <usize>value(key);
    } else if (value(key) == -1) flags = NO_KEY;
    else return BAD_RECORD;

    const content = shortVarint(place, recordEnd);
    if (content == NO_VARINT) return BAD_VARINT;
    if (value(content) == -1) flags |= NO_VALUE;
    else if (value(content) < 0 || value(content) > <i64>(recordEnd - place)) return BAD_RECORD;
    store<u32>(entry, flags, FLAGS);
  }
  nextAt = at;
  lastDelta = delta;
  return 0;
}

/** True when the records that were listed fill the bytes up to `end`. */
export function allListed(end: usize): bool {
  return nextAt == end;
}

/** As readVarint; most are of one byte or two. */
// @ts-ignore: decorator
@inline
function shortVarint(at: usize, end: usize): i64 {
  const short = shortForm(at, end);
  return short != NO_VARINT ? short : readVarint(at, end);
}

/** As readVarlong. */
// @ts-ignore: decorator
@inline
function shortVarlong(at: usize, end: usize): i64 {
  const short = shortForm(at, end);
  return short != NO_VARINT ? short : readVarlong(at, end);
}

/** A varint of one byte or two that is not the last thing in front of `end`; NO_VARINT for any other. */
// @ts-ignore: decorator
@inline
function shortForm(at: usize, end: usize): i64 {
  if (at + 1 >= end) return NO_VARINT;
  const first = <i64>load<u8>(at);
  if (first < 0x80) return (((first >>> 1) ^ -(first & 1)) << 8) | 1;
  const second = <i64>load<u8>(at, 1);
  if (second >= 0x80) return NO_VARINT;
  const raw = (first & 0x7f) | (second << 7);
  return (((raw >>> 1) ^ -(raw & 1)) << 8) | 2;
}

// @ts-ignore: decorator
@inline
function value(read: i64): i64 {
  return read >> 8;
}

// @ts-ignore: decorator
@inline
export function used(read: i64): usize {
  return <usize>(read & 0xff);
}
