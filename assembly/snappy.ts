// Snappy blocks, both ways.
//
//   block     varint uncompressed size (32 bits) | elements
//   literal   ….…00  bits 7-2: length - 1 below 60; 60 to 63 say that 1 to 4 bytes hold it
//   copy 1    ooolll01 oooooooo        length 4 to 11, offset 11 bits
//   copy 2    llllll10 offset 16 bits  length 1 to 64
//   copy 4    llllll11 offset 32 bits  length 1 to 64
//
// All integers are little-endian. The compressor works on fragments of 64 KiB, so 16 bits hold a
// position, and writes no copy 4.
//
// Source: https://github.com/google/snappy/blob/main/format_description.txt

import { HASH_TABLE } from './arena';
import { commonBytes, copyMatch, copyRun } from './copy';
import { CORRUPT, LIMIT } from './reasons';

const FRAGMENT_BYTES: usize = 0x10000;

/** No match starts within this distance of the end, so that 8 bytes may always be loaded. */
const MARGIN: usize = 15;

/** Hash table of at most 2^14 slots of 16 bits. */
const MAX_HASH_BITS: u32 = 14;
const MIN_HASH_BITS: u32 = 8;

/** Attempts without a match after which the search begins to skip bytes. */
const SKIP_SHIFT: u32 = 5;

/** Room that any input of `size` bytes may need, and what the compressor asks for. */
export function snappyBound(size: usize): usize {
  return 32 + size + size / 6;
}

/**
 * Compresses one block.
 *
 * @param limit room at `target`, at least `snappyBound(size)`
 * @returns bytes written, or LIMIT
 */
export function snappyCompress(source: usize, size: usize, target: usize, limit: usize): i32 {
  if (limit < snappyBound(size)) return LIMIT;
  const end = source + size;
  let to = target;
  let rest = size;
  while (rest >= 0x80) {
    store<u8>(to++, rest | 0x80);
    rest >>>= 7;
  }
  store<u8>(to++, rest);
  while (source < end) {
    const fragment = min(end - source, FRAGMENT_BYTES);
    to = compressFragment(source, source + fragment, to);
    source += fragment;
  }
  return <i32>(to - target);
}

function compressFragment(source: usize, end: usize, to: usize): usize {
  let anchor = source;
  if (end - source > MARGIN) {
    const bits = hashBits(end - source);
    const shift = 32 - bits;
    memory.fill(HASH_TABLE, 0, <usize>2 << bits);
    const searchEnd = end - MARGIN;
    let at = source + 1;
    while (at <= searchEnd) {
      let attempts: u32 = 1 << SKIP_SHIFT;
      let match: usize = 0;
      let found = false;
      while (at <= searchEnd) {
        const bytes = load<u32>(at);
        const slot = slotOf(bytes, shift);
        match = source + <usize>load<u16>(slot);
        store<u16>(slot, <u16>(at - source));
        if (load<u32>(match) == bytes) {
          found = true;
          break;
        }
        at += attempts++ >>> SKIP_SHIFT;
      }
      if (!found) break;
      to = writeLiteral(anchor, at - anchor, to, end);

      let chained = true;
      while (chained) {
        const length = commonBytes(at + 4, match + 4, end) + 4;
        to = writeCopy(to, at - match, length);
        at += length;
        anchor = at;
        chained = false;
        if (at > searchEnd) break;
        store<u16>(slotOf(load<u32>(at - 1), shift), <u16>(at - 1 - source));
        const bytes = load<u32>(at);
        const slot = slotOf(bytes, shift);
        match = source + <usize>load<u16>(slot);
        store<u16>(slot, <u16>(at - source));
        chained = load<u32>(match) == bytes;
        if (!chained) at += 1; // this position was just looked up
      }
    }
  }
  return anchor < end ? writeLiteral(anchor, end - anchor, to, end) : to;
}

/** Enough slots for a fragment, so that a small one clears few. */
function hashBits(size: usize): u32 {
  let bits = MIN_HASH_BITS;
  while (bits < MAX_HASH_BITS && <usize>1 << bits < size) bits++;
  return bits;
}

// @ts-ignore: decorator
@inline
function slotOf(bytes: u32, shift: u32): usize {
  return HASH_TABLE + (<usize>((bytes * 0x1e35a7bd) >>> shift) << 1);
}

// @ts-ignore: decorator
@inline
function writeLiteral(from: usize, length: usize, to: usize, end: usize): usize {
  const last = length - 1;
  if (last < 60) {
    store<u8>(to, last << 2);
    to += 1;
  } else if (last < 0x100) {
    store<u8>(to, 60 << 2);
    store<u8>(to, last, 1);
    to += 2;
  } else {
    store<u8>(to, 61 << 2); // a fragment's literal is at most 64 KiB: two bytes hold it
    store<u16>(to, <u16>last, 1);
    to += 3;
  }
  copyRun(to, from, length, to + length + 16, end);
  return to + length;
}

/** Copies are at most 64 bytes each; none is left with fewer than 4. */
// @ts-ignore: decorator
@inline
function writeCopy(to: usize, offset: usize, length: usize): usize {
  while (length >= 68) {
    to = writeCopy2(to, offset, 64);
    length -= 64;
  }
  if (length > 64) {
    to = writeCopy2(to, offset, 60);
    length -= 60;
  }
  if (length < 12 && offset < 2048) {
    store<u8>(to, ((offset >>> 8) << 5) | ((length - 4) << 2) | 1);
    store<u8>(to, offset, 1);
    return to + 2;
  }
  return writeCopy2(to, offset, length);
}

// @ts-ignore: decorator
@inline
function writeCopy2(to: usize, offset: usize, length: usize): usize {
  store<u8>(to, ((length - 1) << 2) | 2);
  store<u16>(to, <u16>offset, 1);
  return to + 3;
}

/**
 * Decompresses one block.
 *
 * @param limit room at `target`; not a byte beyond it is written
 * @returns bytes written, LIMIT, or CORRUPT
 */
export function snappyDecompress(source: usize, size: usize, target: usize, limit: usize): i32 {
  const sourceEnd = source + size;
  let from = source;

  let declared: u64 = 0;
  let shift: u64 = 0;
  let byte: u64 = 0x80;
  while (byte >= 0x80) {
    if (from >= sourceEnd || shift > 28) return CORRUPT;
    byte = <u64>load<u8>(from);
    from += 1;
    declared |= (byte & 0x7f) << shift;
    shift += 7;
  }
  if (declared > <u64>u32.MAX_VALUE) return CORRUPT;
  if (declared > <u64>limit) return LIMIT;

  // Lanes may spill over what the block declares, but not over the room.
  const roomEnd = target + limit;
  const targetEnd = target + <usize>declared;
  let to = target;
  while (from < sourceEnd) {
    const tag = <usize>load<u8>(from);
    from += 1;
    if ((tag & 3) == 0) {
      let length = (tag >>> 2) + 1;
      if (length <= 16 && from + 16 <= sourceEnd && to + 16 <= targetEnd) {
        v128.store(to, v128.load(from));
      } else {
        if (length > 60) {
          const bytes = length - 60;
          if (sourceEnd - from < bytes) return CORRUPT;
          length = <usize>littleEndian(from, bytes) + 1;
          if (length == 0) return CORRUPT;
          from += bytes;
        }
        if (length > sourceEnd - from || length > targetEnd - to) return CORRUPT;
        copyRun(to, from, length, roomEnd, sourceEnd);
      }
      from += length;
      to += length;
    } else {
      let length: usize;
      let offset: usize;
      if ((tag & 3) == 1) {
        if (from >= sourceEnd) return CORRUPT;
        length = ((tag >>> 2) & 7) + 4;
        offset = ((tag >>> 5) << 8) | <usize>load<u8>(from);
        from += 1;
      } else {
        const bytes: usize = (tag & 3) == 2 ? 2 : 4;
        if (sourceEnd - from < bytes) return CORRUPT;
        length = (tag >>> 2) + 1;
        offset = bytes == 2 ? <usize>load<u16>(from) : <usize>load<u32>(from);
        from += bytes;
      }
      if (offset == 0 || offset > to - target || length > targetEnd - to) return CORRUPT;
      copyMatch(to, offset, length, roomEnd);
      to += length;
    }
  }
  return to == targetEnd ? <i32>declared : CORRUPT;
}

/** An integer of 1 to 4 bytes. */
function littleEndian(from: usize, bytes: usize): u32 {
  let number: u32 = 0;
  for (let n: usize = 0; n < bytes; n++) number |= <u32>load<u8>(from + n) << (<u32>n << 3);
  return number;
}
