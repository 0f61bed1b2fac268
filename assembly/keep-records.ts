// Takes out of a batch the records that compaction removes, and moves the timestamps of those that
// stay.
//
//   before   | a1 | b1 | a2 | c1 | b2 |        the map says: a 3, b 9, c 3
//   after    | a2 | c1 |                       bytes of what stays are the same; only their place is not
//
// Offset deltas and timestamps count from the header's base, which does not change, so a record that
// stays is copied as it is.

import { BAD_RANGE, BAD_RECORD, BAD_VARINT, TRAILING, isSafe, report } from './batch-result';
import { offsetAfter, SECRET, touchSlots } from './key-map';
import {
  allListed, beginRecords, ENTRIES, ENTRY_BYTES, FLAGS, listRecords, MAX_ENTRIES, NO_KEY, NO_VALUE,
  OFFSET_DELTA, RECORD_AT, RECORD_END, TIMESTAMP_DELTA, used,
} from './record-keys';
import { NO_VARINT, readVarint, readVarlong } from './varint';

/** The result does not fit into the room that was given. */
const NO_ROOM: i32 = -20;

/**
 * Moves the records that stay to the front of those of a batch, in place.
 *
 * A record stays when it lies at or above `endOffset`. Below it, it stays when it has a key of which
 * the map knows no later offset; one without a value does not when `dropTombstones` is 1.
 *
 * Reports 0: bytes of what stays · 1: largest timestamp delta among it · 2: how many of it below
 * `endOffset` have no value.
 *
 * @param at         address of the first record, not compressed; what stays is moved here
 * @param size       bytes of all records
 * @param count      records that the batch's header promises
 * @param lastDelta  last offset delta of the header
 * @param baseOffset of the batch, 0 or more
 * @param endOffset  offset up to which keys are in the map
 * @returns records that stay, or a fault; some records may have been moved then
 */
export function keepRecords(
  map: usize,
  at: usize,
  size: usize,
  count: u32,
  lastDelta: i32,
  baseOffset: f64,
  endOffset: f64,
  dropTombstones: u32,
): i32 {
  const end = at + size;
  const mapped = endOffset - baseOffset;
  let kept: i32 = 0;
  let tombstones: u32 = 0;
  let latest: i64 = i64.MIN_VALUE;
  let target = at;
  // What stays and was not moved yet: [from, to).
  let from = at;
  let to = at;
  beginRecords(at);
  for (let left = count; left > 0;) {
    const listed = min(left, MAX_ENTRIES);
    const fault = listRecords(end, listed, lastDelta, map + SECRET);
    if (fault != 0) return fault;
    left -= listed;
    touchSlots(map, listed);
    const endOfEntries = ENTRIES + <usize>listed * ENTRY_BYTES;
    for (let entry = ENTRIES; entry < endOfEntries; entry += ENTRY_BYTES) {
      const delta = load<i32>(entry, OFFSET_DELTA);
      if (<f64>delta < mapped) {
        const flags = load<u32>(entry, FLAGS);
        if (flags & NO_KEY) continue;
        if (offsetAfter(map, entry) > <u64>baseOffset + <u64>delta + 1) continue;
        if (flags & NO_VALUE) {
          if (dropTombstones) continue;
          tombstones += 1;
        }
      }
      const recordAt = <usize>load<u32>(entry, RECORD_AT);
      if (recordAt != to) {
        target = move(target, from, to);
        from = recordAt;
      }
      to = <usize>load<u32>(entry, RECORD_END);
      latest = max(latest, load<i64>(entry, TIMESTAMP_DELTA));
      kept += 1;
    }
  }
  if (!allListed(end)) return TRAILING;
  target = move(target, from, to);
  report(0, <f64>(target - at));
  report(1, kept > 0 ? <f64>latest : 0);
  report(2, <f64>tombstones);
  return kept;
}

/** Moves [from, to) down. @returns where it ends now */
// @ts-ignore: decorator
@inline
function move(target: usize, from: usize, to: usize): usize {
  if (target != from) memory.copy(target, from, to - from);
  return target + (to - from);
}

/**
 * Copies records, and adds to the timestamp delta of each: for a batch whose base timestamp changes.
 *
 * @param from  address of the first record
 * @param size  bytes of all records
 * @param count records there are
 * @param shift what is added, a whole number within ±(2^53 - 1)
 * @param into  address of the room for the result, apart from the records
 * @param limit bytes of that room
 * @returns bytes of the result; a fault; NO_ROOM
 */
export function shiftTimestamps(
  from: usize,
  size: usize,
  count: u32,
  shift: f64,
  into: usize,
  limit: usize,
): i32 {
  const end = from + size;
  const endOfRoom = into + limit;
  let at = from;
  let target = into;
  for (let n: u32 = 0; n < count; n++) {
    const length = readVarint(at, end);
    if (length == NO_VARINT) return BAD_VARINT;
    at += used(length);
    if (length >> 8 <= 0 || length >> 8 > <i64>(end - at)) return BAD_RECORD;
    const recordEnd = at + <usize>(length >> 8);
    const timestamp = readVarlong(at + 1, recordEnd);
    if (timestamp == NO_VARINT) return BAD_VARINT;
    const shifted = (timestamp >> 8) + <i64>shift;
    if (!isSafe(shifted)) return BAD_RANGE;
    const zigzag = <u64>((shifted << 1) ^ (shifted >> 63));
    const rest = at + 1 + used(timestamp);
    const restBytes = recordEnd - rest;
    const bodyBytes: usize = varintBytes(zigzag) + restBytes + 1;
    if (target + 5 + bodyBytes > endOfRoom) return NO_ROOM;
    target = writeVarint(target, <u64>bodyBytes << 1);
    store<u8>(target++, load<u8>(at));
    target = writeVarint(target, zigzag);
    memory.copy(target, rest, restBytes);
    target += restBytes;
    at = recordEnd;
  }
  return at == end ? <i32>(target - into) : TRAILING;
}

function varintBytes(raw: u64): usize {
  let count: usize = 1;
  for (; raw >= 0x80; raw >>>= 7) count += 1;
  return count;
}

function writeVarint(at: usize, raw: u64): usize {
  for (; raw >= 0x80; raw >>>= 7) store<u8>(at++, <u8>(raw | 0x80));
  store<u8>(at, <u8>raw);
  return at + 1;
}
