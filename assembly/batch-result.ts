// What a check of a batch says: one fault, and the results.
//
//   results   slot  0 size in bytes        6 base timestamp     12 null keys, 0 or 1
//   (64-bit         1 base offset          7 max timestamp      13 largest timestamp found
//    floats)        2 leader epoch         8 producer id        14 its first record's offset delta
//                   3 CRC in the header    9 producer epoch     15 records walked
//                   4 attributes          10 base sequence
//                   5 last offset delta   11 record count
//
// Slots 0 to 11 are set once the whole header is there, also when a fault is found later; 12 to 15
// only by a walk. Every fault is a number below zero; src/wasm/batch-check.ts names them.
//
// 64-bit fields must lie within ±(2^53 - 1), since the rest of the broker holds them as doubles.

import { RESULTS } from './arena';

/** The bytes end before the batch does; more of them may make it whole. */
export const INCOMPLETE: i32 = -1;
export const BAD_MAGIC: i32 = -2;
/** The length field is below that of an empty batch, or above the limit. */
export const BAD_LENGTH: i32 = -3;
export const BAD_CRC: i32 = -4;
/** No such codec. */
export const BAD_ATTRIBUTES: i32 = -5;
/** Record count is negative, or not what the last offset delta or the records say. */
export const BAD_COUNT: i32 = -6;
/** An offset delta is out of order, or beyond the last offset delta. */
export const BAD_DELTA: i32 = -7;
export const BAD_VARINT: i32 = -8;
/** Key, value and headers do not fill the record exactly, or the record leaves the batch. */
export const BAD_RECORD: i32 = -9;
/** Bytes follow the last record. */
export const TRAILING: i32 = -10;
/** A 64-bit field that a double does not hold exactly, or a negative base offset. */
export const BAD_RANGE: i32 = -11;

/** Largest integer up to which a double holds every one. */
export const SAFE_MAX: i64 = 0x1fffffffffffff;

// @ts-ignore: decorator
@inline
export function isSafe(number: i64): bool {
  return number >= -SAFE_MAX && number <= SAFE_MAX;
}

// @ts-ignore: decorator
@inline
export function report(slot: usize, number: f64): void {
  store<f64>(RESULTS + (slot << 3), number);
}
