// Brings what the key map has for the keys of many small batches into the processor's caches.
//
//   batches   [ a ][ b ][ c ] …      of a record or a few each, one after the other
//   loads     a's slot, b's slot …   all under way at once; nothing waits for what they give
//
// A lookup misses the caches where the map is large. Those of one batch do not wait for each other
// (record-keys.ts), but where a batch has one record each would wait alone: a third of all time. So
// their keys are hashed once more, ahead of all that, and the loads follow each other with nothing
// between them. It is a hint: the batches are not checked yet, and whatever they are, nothing is
// changed and nothing is read beyond them.

import { beginRecords, ENTRIES, ENTRY_BYTES, FLAGS, listRecords, MAX_ENTRIES, NO_KEY } from './record-keys';
import { firstSlot, SECRET } from './key-map';
import {
  ATTRIBUTES, BATCH_LENGTH, CODEC_MASK, LENGTH_OVERHEAD, RECORDS, RECORD_COUNT,
} from './layout';

/** Batches with more records than this overlap their lookups by themselves. */
const FEW_RECORDS: u32 = 8;

/** Batches at a time: what they bring must still be in the caches when it is wanted. */
const MAX_BATCHES: u32 = 256;

/** Addresses of slots, 32 bits each: behind the list of records. */
const ADDRESSES: usize = ENTRIES + <usize>MAX_ENTRIES * ENTRY_BYTES;
const ADDRESS_BYTES: usize = 4;

/** Where the loads end up, so that no compiler leaves them out. */
let seen: u64 = 0;

/**
 * @param at        address of a batch
 * @param available bytes that may be read from there
 * @returns bytes from `at` on that need not be touched any more, 1 or more
 */
export function touchKeys(map: usize, at: usize, available: usize): usize {
  const end = at + available;
  let next = at;
  let addresses = ADDRESSES;
  let isOver = false;
  for (let left = MAX_BATCHES; left > 0 && !isOver; left--) {
    const size = sizeOf(next, end);
    if (size == 0) break;
    const count = bswap<u32>(load<u32>(next + RECORD_COUNT));
    if (count > FEW_RECORDS) isOver = true;
    else if ((load<u8>(next + ATTRIBUTES + 1) & <u8>CODEC_MASK) == 0) {
      addresses = findSlots(map, next + RECORDS, next + size, count, addresses);
    }
    next += size;
  }
  let sum: u64 = 0;
  for (let from = ADDRESSES; from < addresses; from += ADDRESS_BYTES) {
    sum += load<u64>(<usize>load<u32>(from));
  }
  seen = sum;
  return next == at ? available : next - at;
}

/** Bytes of the batch at an address; 0 when it does not lie in front of `end` as a whole. */
// @ts-ignore: decorator
@inline
function sizeOf(at: usize, end: usize): usize {
  if (at + RECORDS > end) return 0;
  const length = <usize>bswap<u32>(load<u32>(at + BATCH_LENGTH));
  return length < RECORDS - LENGTH_OVERHEAD || length > end - at - LENGTH_OVERHEAD
    ? 0
    : length + LENGTH_OVERHEAD;
}

/** Writes where the keys of the records of a batch are looked for. @returns where the list ends now */
// @ts-ignore: decorator
@inline
function findSlots(map: usize, at: usize, end: usize, count: u32, into: usize): usize {
  beginRecords(at);
  if (listRecords(end, count, i32.MAX_VALUE, map + SECRET) != 0) return into;
  const endOfEntries = ENTRIES + <usize>count * ENTRY_BYTES;
  for (let entry = ENTRIES; entry < endOfEntries; entry += ENTRY_BYTES) {
    if (load<u32>(entry, FLAGS) & NO_KEY) continue;
    store<u32>(into, <u32>firstSlot(map, entry));
    into += ADDRESS_BYTES;
  }
  return into;
}
