// What LZ4 and Snappy share: how far two runs agree, and the two copies, of a run of literals and of
// a match that may overlap itself.
//
// The copies move whole lanes of 16 bytes and so may write up to 15 bytes beyond the run, but never
// beyond `targetEnd`, and never read beyond `sourceEnd`. What they write beyond the run is
// overwritten by what follows or is not part of the result.

import { PATTERNS } from './arena';

fillPatterns();

/** Bytes that two runs have in common, the first of them ending at `end`. */
// @ts-ignore: decorator
@inline
export function commonBytes(a: usize, b: usize, end: usize): usize {
  const start = a;
  while (a + 8 <= end) {
    const difference = load<u64>(a) ^ load<u64>(b);
    if (difference != 0) return a - start + <usize>(ctz<u64>(difference) >>> 3);
    a += 8;
    b += 8;
  }
  while (a < end && load<u8>(a) == load<u8>(b)) {
    a += 1;
    b += 1;
  }
  return a - start;
}

/**
 * Copies `length` bytes between regions that do not overlap.
 *
 * @param targetEnd end of the room at `to`, at least `to + length`
 * @param sourceEnd end of what may be read, at least `from + length`
 */
// @ts-ignore: decorator
@inline
export function copyRun(
  to: usize,
  from: usize,
  length: usize,
  targetEnd: usize,
  sourceEnd: usize,
): void {
  const room = min(targetEnd - to, sourceEnd - from);
  if (length + 16 <= room) {
    const end = to + length;
    do {
      v128.store(to, v128.load(from));
      to += 16;
      from += 16;
    } while (to < end);
  } else {
    memory.copy(to, from, length);
  }
}

/**
 * Repeats `length` bytes that start `offset` bytes before `to`.
 *
 * @param offset 1 or more
 * @param length 1 or more
 * @param targetEnd end of the room at `to`, at least `to + length`
 */
// @ts-ignore: decorator
@inline
export function copyMatch(to: usize, offset: usize, length: usize, targetEnd: usize): void {
  const end = to + length;
  if (offset >= 16 && targetEnd - end >= 16) {
    let match = to - offset;
    do {
      v128.store(to, v128.load(match));
      to += 16;
      match += 16;
    } while (to < end);
  } else {
    copyClose(to, offset, end, targetEnd);
  }
}

/** A match that repeats itself within a lane, or ends close to the end of the room. */
function copyClose(to: usize, offset: usize, end: usize, targetEnd: usize): void {
  const laneEnd = min(end, targetEnd - to >= 16 ? targetEnd - 15 : to);
  if (offset < 16 && to < laneEnd) {
    // Bytes from `to` on are loaded as well; no lane of the pattern selects them.
    const pattern = i8x16.swizzle(v128.load(to - offset), v128.load(PATTERNS + (offset << 4)));
    const step: usize = 16 - (<usize>16 % offset); // whole repetitions
    do {
      v128.store(to, pattern);
      to += step;
    } while (to < laneEnd);
  } else {
    while (to < laneEnd) {
      v128.store(to, v128.load(to - offset));
      to += 16;
    }
  }
  while (to < end) {
    store<u8>(to, load<u8>(to - offset));
    to += 1;
  }
}

function fillPatterns(): void {
  for (let offset: usize = 1; offset < 16; offset++) {
    for (let lane: usize = 0; lane < 16; lane++) {
      store<u8>(PATTERNS + (offset << 4) + lane, <u8>(lane % offset));
    }
  }
}
