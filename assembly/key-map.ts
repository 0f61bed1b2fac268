// The last offset of every key, within a fixed memory: what compaction asks of a log's head.
//
//   map     slots 8 | used 8 | secret key 16 | slot | slot | …
//   slot    hash of the key 16 | offset + 1, 8; zero: empty
//
// Keys are known by a hash of 128 bits only, so two keys with one hash would be taken for one and
// the older would be lost. By chance that takes some 10^18 keys. It must not be possible by intent
// either, since keys come from clients: hence SipHash-2-4 with 128 bits of result under a secret
// key, of which nobody can find a collision without the secret. (Kafka uses MD5, unkeyed.)
//
// Slots are probed one after the other from where the hash points, at most 9 of 10 are used, and
// none is ever removed but by clearing all.
//
// Sources: apache/kafka, SkimpyOffsetMap.java; Aumasson and Bernstein, SipHash, 2012, and their
// reference code's 128-bit variant.

const SLOTS: usize = 0;
const USED: usize = 8;
const SECRET: usize = 16;
const HEADER_BYTES: usize = 32;
const SLOT_BYTES: usize = 24;

/** The map holds as many keys as it may. */
const FULL: i32 = -1;

/**
 * Lays out an empty map over memory that is zero.
 *
 * @param map    address, a multiple of 8
 * @param size   bytes for all of it, 64 or more
 * @param secret address of 16 bytes that nobody can foresee
 * @returns keys that fit
 */
export function keyMapInit(map: usize, size: usize, secret: usize): u32 {
  store<u64>(map, <u64>((size - HEADER_BYTES) / SLOT_BYTES), SLOTS);
  store<u64>(map, 0, USED);
  store<u64>(map, load<u64>(secret), SECRET);
  store<u64>(map, load<u64>(secret, 8), SECRET + 8);
  return capacity(map);
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
 * Sets the offset of a key.
 *
 * @param key    address of its bytes
 * @param size   bytes of the key, 0 or more
 * @param offset whole number in [0, 2^53 - 1)
 * @returns 1 when the key is new, 0 when it was there, FULL when it is new and does not fit
 */
export function keyMapPut(map: usize, key: usize, size: usize, offset: f64): i32 {
  const slot = find(map, key, size);
  const isNew = load<u64>(slot, 16) == 0;
  if (isNew) {
    const used = load<u64>(map, USED);
    if (used >= <u64>capacity(map)) return FULL;
    store<u64>(map, used + 1, USED);
    store<u64>(slot, hashLow);
    store<u64>(slot, hashHigh, 8);
  }
  store<u64>(slot, <u64>offset + 1, 16);
  return isNew ? 1 : 0;
}

/** The offset of a key, or -1. */
export function keyMapGet(map: usize, key: usize, size: usize): f64 {
  return <f64>(<i64>load<u64>(find(map, key, size), 16) - 1);
}

// @ts-ignore: decorator
@inline
function capacity(map: usize): u32 {
  return <u32>((load<u64>(map, SLOTS) * 9) / 10);
}

/** The slot of a key, or the empty one where it belongs. One in ten is empty, so this ends. */
function find(map: usize, key: usize, size: usize): usize {
  hash(map + SECRET, key, size);
  const slots = load<u64>(map, SLOTS);
  // The upper half of a 32 by 32 bit product spreads hashes evenly over any number of slots.
  let n = ((hashLow >>> 32) * slots) >>> 32;
  while (true) {
    const slot = map + HEADER_BYTES + <usize>n * SLOT_BYTES;
    if (load<u64>(slot, 16) == 0) return slot;
    if (load<u64>(slot) == hashLow && load<u64>(slot, 8) == hashHigh) return slot;
    n += 1;
    if (n == slots) n = 0;
  }
}

/** What `hash` found last. */
let hashLow: u64 = 0;
let hashHigh: u64 = 0;

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

/** SipHash-2-4, 128 bits. */
export function hash(secret: usize, from: usize, size: usize): void {
  const k0 = load<u64>(secret);
  const k1 = load<u64>(secret, 8);
  v0 = k0 ^ 0x736f6d6570736575;
  v1 = k1 ^ 0x646f72616e646f6d ^ 0xee;
  v2 = k0 ^ 0x6c7967656e657261;
  v3 = k1 ^ 0x7465646279746573;
  const lastWhole = from + (size & ~7);
  let at = from;
  while (at < lastWhole) {
    compress(load<u64>(at));
    at += 8;
  }
  let last = <u64>size << 56;
  for (let n: usize = 0; n < (size & 7); n++) last |= <u64>load<u8>(at + n) << (<u64>n << 3);
  compress(last);
  v2 ^= 0xee;
  rounds(4);
  hashLow = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xdd;
  rounds(4);
  hashHigh = v0 ^ v1 ^ v2 ^ v3;
}

function compress(word: u64): void {
  v3 ^= word;
  rounds(2);
  v0 ^= word;
}

// @ts-ignore: decorator
@inline
function rounds(count: u32): void {
  let a = v0;
  let b = v1;
  let c = v2;
  let d = v3;
  for (let n: u32 = 0; n < count; n++) {
    a += b;
    c += d;
    b = rotl<u64>(b, 13) ^ a;
    d = rotl<u64>(d, 16) ^ c;
    a = rotl<u64>(a, 32);
    c += b;
    a += d;
    b = rotl<u64>(b, 17) ^ c;
    d = rotl<u64>(d, 21) ^ a;
    c = rotl<u64>(c, 32);
  }
  v0 = a;
  v1 = b;
  v2 = c;
  v3 = d;
}
