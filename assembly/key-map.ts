// The last offset of every key, within a fixed memory: what compaction asks of the part of a log that
// is not compacted yet.
//
//   map     slots 8 | capacity 8 | used 8 | secret 16 | 24 not used | slot | slot | …
//   slot    hash of the key 16 | offset + 1, 8; zero: empty
//
// Keys are known by a hash of 128 bits only, so two keys with one hash would be taken for one and
// the older would be lost. By chance that takes some 10^18 keys. It must not be possible by intent
// either, since keys come from clients: hence a hash under a secret key. (Kafka uses MD5, unkeyed.)
//
// Slots are probed one after the other from where the hash points, at most 9 of 10 are used, and
// none is ever removed but by clearing all. Source of the shape: apache/kafka, SkimpyOffsetMap.java.

import { TRAILING, report } from './batch-result';
import {
  allListed, beginRecords, ENTRIES, ENTRY_BYTES, FLAGS, listRecords, MAX_ENTRIES, NO_KEY, OFFSET_DELTA,
} from './record-keys';

const SLOTS: usize = 0;
const CAPACITY: usize = 8;
const USED: usize = 16;
export const SECRET: usize = 24;
const HEADER_BYTES: usize = 64;
const SLOT_BYTES: usize = 24;
const OFFSET: usize = 16;

/**
 * Lays out an empty map over memory that is zero.
 *
 * @param map    address, a multiple of 8
 * @param size   bytes for all of it, 128 or more
 * @param secret address of 16 bytes that nobody can foresee
 * @returns keys that fit
 */
export function keyMapInit(map: usize, size: usize, secret: usize): u32 {
  const slots = <u64>((size - HEADER_BYTES) / SLOT_BYTES);
  const capacity = (slots * 9) / 10;
  store<u64>(map, slots, SLOTS);
  store<u64>(map, capacity, CAPACITY);
  store<u64>(map, 0, USED);
  store<u64>(map, load<u64>(secret), SECRET);
  store<u64>(map, load<u64>(secret, 8), SECRET + 8);
  return <u32>capacity;
}

/** Forgets all keys. Costs nothing when there are none. */
export function keyMapClear(map: usize): void {
  if (load<u64>(map, USED) == 0) return;
  memory.fill(map + HEADER_BYTES, 0, <usize>load<u64>(map, SLOTS) * SLOT_BYTES);
  store<u64>(map, 0, USED);
}

/** Keys held. */
export function keyMapSize(map: usize): u32 {
  return <u32>load<u64>(map, USED);
}

/**
 * Enters the keys of the records of a batch, each with the offset of its last record. Records that
 * have no key are passed over.
 *
 * Reports the offset delta of the first record that was not entered because the map is full, or -1
 * when all are.
 *
 * @param at         address of the first record, not compressed
 * @param size       bytes of all records
 * @param count      records that the batch's header promises
 * @param lastDelta  last offset delta of the header
 * @param baseOffset of the batch, 0 or more; with every delta below 2^53 - 1
 * @param fromOffset records below it are passed over
 * @returns 0, or a fault; some keys may be entered then
 */
export function keyMapPutRecords(
  map: usize,
  at: usize,
  size: usize,
  count: u32,
  lastDelta: i32,
  baseOffset: f64,
  fromOffset: f64,
): i32 {
  const end = at + size;
  const skipped = fromOffset - baseOffset;
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
      if (load<u32>(entry, FLAGS) & NO_KEY || <f64>delta < skipped) continue;
      if (put(map, entry, <u64>baseOffset + <u64>delta)) continue;
      report(0, <f64>delta);
      return 0;
    }
  }
  report(0, -1);
  return allListed(end) ? 0 : TRAILING;
}

/** @returns false when the key is new and does not fit */
// @ts-ignore: decorator
@inline
function put(map: usize, entry: usize, offset: u64): bool {
  const slot = findSlot(map, entry);
  if (load<u64>(slot, OFFSET) == 0) {
    const used = load<u64>(map, USED);
    if (used >= load<u64>(map, CAPACITY)) return false;
    store<u64>(map, used + 1, USED);
    store<u64>(slot, load<u64>(entry));
    store<u64>(slot, load<u64>(entry, 8), 8);
  }
  store<u64>(slot, offset + 1, OFFSET);
  return true;
}

/** The offset of a key plus one, by its hash; 0 when the map does not have it. */
// @ts-ignore: decorator
@inline
export function offsetAfter(map: usize, hash: usize): u64 {
  return load<u64>(findSlot(map, hash), OFFSET);
}

/** Where the loads of `touchSlots` end up, so that no compiler leaves them out. */
let touched: u64 = 0;

/**
 * Brings the slots of the keys that are listed into the processor's caches. A lookup decides by what it
 * finds, and a processor that has guessed wrong begins anew; here nothing waits for what a load gives, so
 * that many are under way at once.
 *
 * @param count entries of the list
 */
export function touchSlots(map: usize, count: u32): void {
  const endOfEntries = ENTRIES + <usize>count * ENTRY_BYTES;
  let sum: u64 = 0;
  for (let entry = ENTRIES; entry < endOfEntries; entry += ENTRY_BYTES) {
    sum += load<u64>(firstSlot(map, entry), OFFSET);
  }
  touched = sum;
}

/** Where the search for a key begins, by its hash. */
// @ts-ignore: decorator
@inline
export function firstSlot(map: usize, hash: usize): usize {
  // The upper half of a 32 by 32 bit product spreads hashes evenly over any number of slots.
  const slot = ((load<u64>(hash) >>> 32) * load<u64>(map, SLOTS)) >>> 32;
  return map + HEADER_BYTES + <usize>slot * SLOT_BYTES;
}

/** The slot of a key, or the empty one where it belongs. One in ten is empty, so this ends. */
// @ts-ignore: decorator
@inline
function findSlot(map: usize, hash: usize): usize {
  const low = load<u64>(hash);
  const high = load<u64>(hash, 8);
  const begin = map + HEADER_BYTES;
  const end = begin + <usize>load<u64>(map, SLOTS) * SLOT_BYTES;
  let slot = firstSlot(map, hash);
  while (true) {
    if (load<u64>(slot, OFFSET) == 0) return slot;
    if (load<u64>(slot) == low && load<u64>(slot, 8) == high) return slot;
    slot += SLOT_BYTES;
    if (slot == end) slot = begin;
  }
}
