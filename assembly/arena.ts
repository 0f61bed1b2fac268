// The memory of the storage core, laid out by hand. Nothing is ever allocated in it.
//
//   address     size
//   0x00000     64 KiB   left to the compiler (its static data); address 0 is never handed out
//   0x10000     16 KiB   CRC-32C tables, filled once when the module starts
//   0x14000      4 KiB   results of a kernel beside its return value; patterns of short matches
//   0x15000    108 KiB   CRC scratch: folded bytes that later positions still need, and tails
//   0x30000     64 KiB   hash table of the compressors; records and hashes of their keys
//   0x40000     32 MiB   input, and 64 KiB of slack
//               64 MiB   output, and 64 KiB of slack; behind it what the storage core lends, or what compaction
//                        has of its own
//
// The host makes the memory with initial = maximum, so it never grows and views over it stay valid.
// Pages that nobody touches stay unbacked: no kernel fills a region ahead of its use.
// src/wasm/core-module.ts holds the same numbers; it compares them when it loads the module.

/** Slicing tables of CRC-32C: 16 tables of 256 words of 32 bits. */
export const CRC_TABLES: usize = 0x10000;

/** Results, as 64-bit floats: layout in the kernel that writes them. */
export const RESULTS: usize = 0x14000;

/** For each offset below 16, which bytes of a lane repeat its first `offset`: 16 lanes. */
export const PATTERNS: usize = 0x14800;

/** Weight-4 folding: 5,280 bytes of history, 16 KiB of folded bytes, zeroes; 4 KiB to shift. */
export const CRC_FOLD4: usize = 0x15000;

/** Weight-6 folding: 432 bytes of history, 8 KiB of folded bytes, zeroes; 4 KiB to shift. */
export const CRC_FOLD6: usize = 0x20000;

/** What weight-4 folding leaves for weight 6: at most 5,338 bytes, in whole lanes. */
export const CRC_TAIL4: usize = 0x28000;

/** What weight-6 folding leaves for the tables: at most 481 bytes, in whole lanes. */
export const CRC_TAIL6: usize = 0x2a000;

/** Hash table of the LZ4 and Snappy compressors, at most 64 KiB; entries of record-keys.ts,
 *  and behind those the addresses of touch-keys.ts. */
export const HASH_TABLE: usize = 0x30000;

/** Where bytes to work on lie. Starts at a page of its own. */
export const INPUT: usize = 0x40000;

/** MAX_BATCH_BYTES of src/base/limits.ts and slack for framing. */
export const INPUT_BYTES: usize = 32 * 1024 * 1024 + 0x10000;

/** Where results that are bytes lie. */
export const OUTPUT: usize = INPUT + INPUT_BYTES;

/** MAX_DECOMPRESSED_BYTES of src/base/limits.ts and slack for framing. */
export const OUTPUT_BYTES: usize = 64 * 1024 * 1024 + 0x10000;
