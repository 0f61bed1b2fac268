// LZ4 blocks, both ways.
//
//   block     sequence | sequence | … | last sequence, literals only
//   sequence  token | more literal length | literals | offset | more match length
//             token: high 4 bits literal length, low 4 bits match length - 4; 15 means that bytes
//             follow which add up, until one is below 255. Offset: 16 bits, little-endian, from 1.
//
// The last 5 bytes of a block are literals and no match starts within the last 12: readers may
// rely on it; this one does not.
//
// Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

import { HASH_TABLE } from './arena';
import { commonBytes, copyMatch, copyRun } from './copy';
import { CORRUPT, LIMIT } from './reasons';

const MIN_MATCH: usize = 4;
const LAST_LITERALS: usize = 5;
const NO_MATCH_IN_LAST: usize = 12;
const MAX_OFFSET: usize = 0xffff;

/** Blocks of this size or less need 16 bits for a position. */
const SMALL_BLOCK: usize = 0x10000;

/** 8,192 slots: 16 KiB for small blocks, half the first-level cache; 32 KiB for larger ones. */
const HASH_BITS: usize = 13;

/** Attempts without a match after which the search begins to skip bytes. */
const SKIP_SHIFT: u32 = 6;

/** More than a short sequence reads from the input, or writes to the output. */
const FAST_MARGIN: usize = 48;

/** Room that any input of `size` bytes may need, and what the compressor asks for. */
export function lz4Bound(size: usize): usize {
  return size + size / 255 + 16;
}

/**
 * Compresses one block.
 *
 * @param limit room at `target`, at least `lz4Bound(size)`
 * @returns bytes written, or LIMIT
 */
export function lz4Compress(source: usize, size: usize, target: usize, limit: usize): i32 {
  if (limit < lz4Bound(size)) return LIMIT;
  return size <= SMALL_BLOCK
    ? compress<u16>(source, size, target)
    : compress<u32>(source, size, target);
}

/** `T` is the type of a position in the hash table. */
function compress<T>(source: usize, size: usize, target: usize): i32 {
  const end = source + size;
  let to = target;
  let anchor = source;
  if (size > NO_MATCH_IN_LAST) {
    memory.fill(HASH_TABLE, 0, sizeof<T>() << HASH_BITS);
    const searchEnd = end - NO_MATCH_IN_LAST;
    const matchEnd = end - LAST_LITERALS;
    let at = source + 1;

    while (at <= searchEnd) {
      // Search: the further the last match, the larger the steps.
      let attempts: u32 = 1 << SKIP_SHIFT;
      let match: usize = 0;
      let found = false;
      while (at <= searchEnd) {
        const bytes = load<u64>(at);
        const slot = slotOf<T>(bytes);
        match = source + <usize>load<T>(slot);
        store<T>(slot, <T>(at - source));
        if (load<u32>(match) == <u32>bytes && (sizeof<T>() == 2 || at - match <= MAX_OFFSET)) {
          found = true;
          break;
        }
        at += attempts++ >>> SKIP_SHIFT;
      }
      if (!found) break;
      while (at > anchor && match > source && load<u8>(at - 1) == load<u8>(match - 1)) {
        at -= 1;
        match -= 1;
      }

      // Matches that follow each other directly need no search between them.
      while (found) {
        const more = commonBytes(at + MIN_MATCH, match + MIN_MATCH, matchEnd);
        to = writeSequence(to, anchor, at - anchor, at - match, more, end);
        at += MIN_MATCH + more;
        anchor = at;
        if (at > searchEnd) break;
        const bytes = load<u64>(at);
        const slot = slotOf<T>(bytes);
        match = source + <usize>load<T>(slot);
        store<T>(slot, <T>(at - source));
        found = load<u32>(match) == <u32>bytes && (sizeof<T>() == 2 || at - match <= MAX_OFFSET);
      }
      at += 1; // the position before was just looked up
    }
  }
  return <i32>(writeLast(to, anchor, end - anchor, end) - target);
}

/** Slot of the five bytes at the front of `bytes`. */
// @ts-ignore: decorator
@inline
function slotOf<T>(bytes: u64): usize {
  const hash = ((bytes << 24) * 889523592379) >>> <u64>(64 - HASH_BITS);
  return HASH_TABLE + <usize>hash * sizeof<T>();
}

/** Writes token, literals, offset and what the lengths have beyond the token. */
// @ts-ignore: decorator
@inline
function writeSequence(
  to: usize,
  from: usize,
  literals: usize,
  offset: usize,
  more: usize,
  end: usize,
): usize {
  const token = to;
  let lengths: usize;
  if (literals < 15 && from + 16 <= end) {
    v128.store(to, v128.load(from), 1);
    to += 1 + literals;
    lengths = literals << 4;
  } else {
    to = writeLast(to, from, literals, end);
    lengths = min<usize>(literals, 15) << 4;
  }
  store<u16>(to, <u16>offset);
  to += 2;
  if (more < 15) {
    store<u8>(token, lengths | more);
    return to;
  }
  store<u8>(token, lengths | 15);
  return writeLength(to, more - 15);
}

/** Writes a token without match, and the literals. */
function writeLast(to: usize, from: usize, literals: usize, end: usize): usize {
  store<u8>(to, min<usize>(literals, 15) << 4);
  to += 1;
  if (literals >= 15) to = writeLength(to, literals - 15);
  copyRun(to, from, literals, to + literals + 16, end);
  return to + literals;
}

/** Writes what a length has beyond the 15 of its token. */
// @ts-ignore: decorator
@inline
function writeLength(to: usize, rest: usize): usize {
  while (rest >= 255) {
    store<u8>(to++, 255);
    rest -= 255;
  }
  store<u8>(to, rest);
  return to + 1;
}

/**
 * Decompresses one block.
 *
 * @param limit room at `target`; not a byte beyond it is written
 * @returns bytes written, LIMIT, or CORRUPT
 */
export function lz4Decompress(source: usize, size: usize, target: usize, limit: usize): i32 {
  const sourceEnd = source + size;
  const targetEnd = target + limit;
  // Before these, a short sequence needs no check of either end: it reads at most 16 bytes of
  // literals and 2 of offset, and writes at most 14 and 18 bytes, rounded up.
  const sourceFast = size < FAST_MARGIN ? source : sourceEnd - FAST_MARGIN;
  const targetFast = limit < FAST_MARGIN ? target : targetEnd - FAST_MARGIN;
  let from = source;
  let to = target;

  while (from < sourceEnd) {
    const token = <usize>load<u8>(from);
    from += 1;

    let literals = token >>> 4;
    if (literals < 15 && from < sourceFast && to < targetFast) {
      v128.store(to, v128.load(from));
      from += literals;
      to += literals;
      const near = <usize>load<u16>(from);
      if ((token & 15) < 15 && near >= 8 && near <= to - target) {
        from += 2;
        const match = to - near;
        store<u64>(to, load<u64>(match));
        store<u64>(to, load<u64>(match, 8), 8);
        store<u16>(to, load<u16>(match, 16), 16);
        to += (token & 15) + MIN_MATCH;
        continue;
      }
    } else {
      if (literals == 15) {
        let byte: usize = 255;
        while (byte == 255) {
          // The sum stays small enough: no run may be longer than the input.
          if (from >= sourceEnd || literals > size) return CORRUPT;
          byte = <usize>load<u8>(from);
          from += 1;
          literals += byte;
        }
      }
      if (literals > sourceEnd - from) return CORRUPT;
      if (literals > targetEnd - to) return LIMIT;
      copyRun(to, from, literals, targetEnd, sourceEnd);
      from += literals;
      to += literals;
      if (from == sourceEnd) return <i32>(to - target);
    }

    if (sourceEnd - from < 2) return CORRUPT;
    const offset = <usize>load<u16>(from);
    from += 2;
    if (offset == 0 || offset > to - target) return CORRUPT;
    let length = (token & 15) + MIN_MATCH;
    if (length == 15 + MIN_MATCH) {
      let byte: usize = 255;
      while (byte == 255) {
        if (from >= sourceEnd) return CORRUPT;
        if (length > limit) return LIMIT;
        byte = <usize>load<u8>(from);
        from += 1;
        length += byte;
      }
    }
    if (length > targetEnd - to) return LIMIT;
    copyMatch(to, offset, length, targetEnd);
    to += length;
  }
  return CORRUPT; // a block ends in literals
}
