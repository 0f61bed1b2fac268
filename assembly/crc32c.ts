// CRC-32C (Castagnoli) without carry-less multiplication.
//
// The polynomial P of CRC-32C divides sparse polynomials; these two were found by search:
//
//   weight 6:  x^209 + x^144 + x^54 + x^39 + x^14 + 1
//   weight 4:  x^5275 + x^4508 + x^2751 + 1
//
// Over GF(2), Q(x)^2 = Q(x^2), so P divides Q(x^8) as well: the exponents may be read as bytes, or
// as units of any power of two bytes. Adding multiples of Q to a message does not change its
// remainder, and can clear its first byte at the cost of changing later ones. With unit s, each
// position takes what the positions before it have pushed forward:
//
//   folded[i] = input[i] ^ folded[i - 65s] ^ folded[i - 155s] ^ folded[i - 170s]
//                        ^ folded[i - 195s] ^ folded[i - 209s]
//
// All of them may then be dropped but the last 209s, which take the same terms and go through
// tables. That is xor of 16-byte lanes only. Unit 2 is for longer inputs: a load 65 bytes behind a
// store waits for that store to reach the cache, one 130 bytes behind does not.
//
// Idea: Chorba (Russell, "A novel CRC32 computation technique", 2024), here for another polynomial.
// Tables: slicing-by-16 after Kounavis and Berry, 2005.

import { CRC_FOLD4, CRC_FOLD6, CRC_TABLES, CRC_TAIL4, CRC_TAIL6 } from './arena';

/** P, bit-reversed: RFC 3720 section 12.1. */
const POLYNOMIAL: u32 = 0x82f63b78;

// Which way is fastest for a length, in bytes. Measured, see bench/kernel.
const FOLD6_FROM: usize = 512;
const FOLD6_UNIT2_FROM: usize = 2 * 1024;
const FOLD4_FROM: usize = 24 * 1024;

/** Bytes handled between two moves of the history; keeps the scratch in the first-level cache. */
const CHUNK6: usize = 8 * 1024;
const CHUNK4: usize = 16 * 1024;

/** History in front of the folded bytes: the longest distance, in whole lanes. */
const HISTORY6: usize = 432;
const HISTORY4: usize = 5280;

fillTables();

/**
 * CRC-32C of a run of bytes.
 *
 * @param crc  CRC of the bytes before these, 0 at the start
 * @param from address of the first byte
 * @param size bytes, 0 or more
 */
export function crc32c(crc: u32, from: usize, size: usize): u32 {
  return ~remainder(~crc, from, size);
}

/** The register after `size` bytes, without the inversion at either end. */
function remainder(register: u32, from: usize, size: usize): u32 {
  if (size < FOLD6_FROM) return slice(register, from, size);
  if (size < FOLD6_UNIT2_FROM) {
    return slice(0, CRC_TAIL6, fold6Unit1(register, from, size));
  }
  if (size < FOLD4_FROM) return slice(0, CRC_TAIL6, fold6Unit2(register, from, size));
  // The long tail of weight 4 is worth another fold.
  const tailBytes = fold4(register, from, size);
  return slice(0, CRC_TAIL6, fold6Unit2(0, CRC_TAIL4, tailBytes));
}

// Each is a loop of its own, with every distance a constant in it.

function fold6Unit1(register: u32, from: usize, size: usize): usize {
  return fold(6, 1, CRC_FOLD6, HISTORY6, CHUNK6, CRC_TAIL6, register, from, size);
}

function fold6Unit2(register: u32, from: usize, size: usize): usize {
  return fold(6, 2, CRC_FOLD6, HISTORY6, CHUNK6, CRC_TAIL6, register, from, size);
}

function fold4(register: u32, from: usize, size: usize): usize {
  return fold(4, 1, CRC_FOLD4, HISTORY4, CHUNK4, CRC_TAIL4, register, from, size);
}

/**
 * Folds all but the end of the input away.
 *
 * @param weight  which polynomial, 6 or 4
 * @param scratch room for history, a chunk, the zeroes behind it, and a shift of 4 KiB
 * @param tail    where what is left goes; to be taken on with a register of 0
 * @returns bytes at `tail`
 */
// @ts-ignore: decorator
@inline
function fold(
  weight: u32,
  unit: usize,
  scratch: usize,
  historyBytes: usize,
  chunkBytes: usize,
  tail: usize,
  register: u32,
  from: usize,
  size: usize,
): usize {
  const folded = apartFrom(from, scratch + historyBytes);
  const history = folded - historyBytes;
  memory.fill(history, 0, historyBytes);
  // Whole 64-byte steps that leave at least the longest distance behind them.
  const longest: usize = weight == 6 ? 209 * unit : 5275;
  const foldBytes = (size - longest) & ~63;

  // The register stands for the bytes before, and joins the first four.
  let first = i32x4.replace_lane(i32x4.splat(0), 0, register);
  let chunk: usize = 0;
  for (let done: usize = 0; done < foldBytes; done += chunk) {
    if (done > 0) memory.copy(history, history + chunk, historyBytes);
    chunk = min(foldBytes - done, chunkBytes);
    const source = from + done;
    for (let at: usize = 0; at < chunk; at += 64) {
      const to = folded + at;
      const a = v128.xor(pushed(weight, unit, to), v128.xor(v128.load(source + at), first));
      const b = v128.xor(pushed(weight, unit, to + 16), v128.load(source + at, 16));
      const c = v128.xor(pushed(weight, unit, to + 32), v128.load(source + at, 32));
      const d = v128.xor(pushed(weight, unit, to + 48), v128.load(source + at, 48));
      v128.store(to, a);
      v128.store(to, b, 16);
      v128.store(to, c, 32);
      v128.store(to, d, 48);
      first = i32x4.splat(0);
    }
  }

  // Positions from here on take terms of folded positions only, hence the zeroes behind those.
  const tailBytes = size - foldBytes;
  const behind = folded + chunk;
  memory.fill(behind, 0, tailBytes + 16);
  memory.copy(tail, from + foldBytes, tailBytes);
  for (let at: usize = 0; at < tailBytes; at += 16) {
    v128.store(tail + at, v128.xor(v128.load(tail + at), pushed(weight, unit, behind + at)));
  }
  return tailBytes;
}

/** What the positions before have pushed forward to the 16 bytes at `to`. */
// @ts-ignore: decorator
@inline
function pushed(weight: u32, unit: usize, to: usize): v128 {
  if (weight == 4) {
    return v128.xor(
      v128.load(to - 767),
      v128.xor(v128.load(to - 2524), v128.load(to - 5275)),
    );
  }
  return v128.xor(
    v128.xor(v128.load(to - 65 * unit), v128.load(to - 155 * unit)),
    v128.xor(
      v128.load(to - 170 * unit),
      v128.xor(v128.load(to - 195 * unit), v128.load(to - 209 * unit)),
    ),
  );
}

/**
 * Shifts a scratch address by up to 4 KiB, so that no store to it looks to the processor like one
 * that a load of the input must wait for: it compares the low 12 bits of addresses first.
 */
// @ts-ignore: decorator
@inline
function apartFrom(source: usize, scratch: usize): usize {
  return scratch + ((source - 2048 - scratch) & 0xfc0);
}

/** Slicing-by-16 over any number of bytes. */
function slice(register: u32, from: usize, size: usize): u32 {
  const end = from + size;
  const lastWhole = from + (size & ~15);
  while (from < lastWhole) {
    const a = load<u32>(from) ^ register;
    const b = load<u32>(from, 4);
    const c = load<u32>(from, 8);
    const d = load<u32>(from, 12);
    register =
      entry(15, a) ^ entry(14, a >>> 8) ^ entry(13, a >>> 16) ^ entry(12, a >>> 24) ^
      entry(11, b) ^ entry(10, b >>> 8) ^ entry(9, b >>> 16) ^ entry(8, b >>> 24) ^
      entry(7, c) ^ entry(6, c >>> 8) ^ entry(5, c >>> 16) ^ entry(4, c >>> 24) ^
      entry(3, d) ^ entry(2, d >>> 8) ^ entry(1, d >>> 16) ^ entry(0, d >>> 24);
    from += 16;
  }
  while (from < end) {
    register = entry(0, register ^ load<u8>(from)) ^ (register >>> 8);
    from += 1;
  }
  return register;
}

// @ts-ignore: decorator
@inline
function entry(table: usize, byte: u32): u32 {
  return load<u32>(CRC_TABLES + (table << 10) + (<usize>(byte & 0xff) << 2));
}

/** Table k holds the remainder of a byte that k zero bytes follow. */
function fillTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (POLYNOMIAL & (0 - (value & 1)));
    store<u32>(CRC_TABLES + (<usize>byte << 2), value);
  }
  for (let at: usize = 1024; at < 16 * 1024; at += 4) {
    const before = load<u32>(CRC_TABLES + at - 1024);
    store<u32>(CRC_TABLES + at, (before >>> 8) ^ entry(0, before));
  }
}
