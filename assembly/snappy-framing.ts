// The framing that Java clients put around Snappy, known as xerial.
//
//   stream   0x82 "SNAPPY" 0x00 | version 1 | oldest compatible version 1 | chunks
//   chunk    size | raw Snappy block
//
// Integers are 32 bits, big-endian. Streams may follow each other: their magic stands where a
// chunk's size would, and is negative as one. librdkafka writes a raw block instead, so readers
// take both. Writing: chunks of 32 KiB, as snappy-java does.
//
// Source: xerial/snappy-java, SnappyCodec.java and SnappyInputStream.java.

import { snappyBound, snappyCompress, snappyDecompress } from './snappy';
import { CORRUPT, LIMIT, UNSUPPORTED } from './reasons';

/** The eight bytes of the magic, loaded as little-endian. */
const MAGIC: u64 = 0x00595050414e5382;

const HEADER_BYTES: usize = 16;
const CHUNK_BYTES: usize = 32 * 1024;
const SIZE_BYTES: usize = 4;
const VERSION: u32 = 1;

/** Room that `xerialCompress` asks for. */
export function xerialBound(size: usize): usize {
  return HEADER_BYTES + (size / CHUNK_BYTES + 1) * (SIZE_BYTES + snappyBound(CHUNK_BYTES));
}

/**
 * Writes one framed stream.
 *
 * @param limit room at `target`, at least `xerialBound(size)`
 * @returns bytes written, or LIMIT
 */
export function xerialCompress(source: usize, size: usize, target: usize, limit: usize): i32 {
  if (limit < xerialBound(size)) return LIMIT;
  store<u64>(target, MAGIC);
  store<u32>(target, bswap<u32>(VERSION), 8);
  store<u32>(target, bswap<u32>(VERSION), 12);
  let to = target + HEADER_BYTES;
  const end = source + size;
  while (source < end) {
    const chunk = min(end - source, CHUNK_BYTES);
    const bytes = snappyCompress(source, chunk, to + SIZE_BYTES, snappyBound(chunk));
    store<u32>(to, bswap<u32>(<u32>bytes));
    to += SIZE_BYTES + <usize>bytes;
    source += chunk;
  }
  return <i32>(to - target);
}

/**
 * Decompresses a framed stream, or a raw block where the magic is missing.
 *
 * @param limit room at `target`; not a byte beyond it is written
 * @returns bytes written, LIMIT, CORRUPT or UNSUPPORTED
 */
export function snappyDecompressAny(source: usize, size: usize, target: usize, limit: usize): i32 {
  if (size < 8 || load<u64>(source) != MAGIC) {
    return snappyDecompress(source, size, target, limit);
  }
  const end = source + size;
  let written: usize = 0;
  while (source < end) {
    if (end - source < SIZE_BYTES) return CORRUPT;
    const chunk = bswap<u32>(load<u32>(source));
    if (<i32>chunk < 0) {
      if (end - source < HEADER_BYTES || load<u64>(source) != MAGIC) return CORRUPT;
      if (<i32>bswap<u32>(load<u32>(source, 12)) < <i32>VERSION) return UNSUPPORTED;
      source += HEADER_BYTES;
      continue;
    }
    source += SIZE_BYTES;
    if (<usize>chunk > end - source) return CORRUPT;
    const bytes = snappyDecompress(source, chunk, target + written, limit - written);
    if (bytes < 0) return bytes;
    written += <usize>bytes;
    source += <usize>chunk;
  }
  return <i32>written;
}
