// LZ4 frames: what Kafka calls lz4.
//
//   frame    magic 0x184D2204 | flags | block descriptor | content size 8? | header checksum 1 |
//            blocks | end mark 0 | content checksum 4?
//   block    size 4, top bit set: stored as it is | bytes | checksum 4?
//   flags    bits 7-6 version 01 · 5 independent · 4 block checksums · 3 content size ·
//            2 content checksum · 1 reserved · 0 dictionary id
//   descriptor  bits 6-4 largest block: 4 is 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB; others reserved
//
// All integers are little-endian. Frames may follow each other, with skippable frames between them.
// Kafka's readers refuse dependent blocks, and so does this one. Writing: independent blocks of
// 64 KiB, no checksums but the header's, as Kafka's writer does.
//
// Sources: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md; KIP-57 (header checksum).

import { lz4Bound, lz4Compress, lz4Decompress } from './lz4';
import { CORRUPT, LIMIT, UNSUPPORTED } from './reasons';
import { xxh32 } from './xxhash32';

const MAGIC: u32 = 0x184d2204;
const SKIPPABLE_MAGIC: u32 = 0x184d2a50;
const SKIPPABLE_MASK: u32 = 0xfffffff0;
const LEGACY_MAGIC: u32 = 0x184c2102;

const VERSION: u32 = 0x40;
const VERSION_MASK: u32 = 0xc0;
const INDEPENDENT: u32 = 0x20;
const BLOCK_CHECKSUMS: u32 = 0x10;
const CONTENT_SIZE: u32 = 0x08;
const CONTENT_CHECKSUM: u32 = 0x04;
const RESERVED_FLAG: u32 = 0x02;
const DICTIONARY_ID: u32 = 0x01;

/** Descriptor of blocks of 64 KiB; every descriptor bit but 6 to 4 is reserved. */
const BLOCKS_64K: u32 = 0x40;
const RESERVED_DESCRIPTOR: u32 = 0x8f;
const BLOCK_BYTES: usize = 0x10000;

/** Top bit of a block's size. */
const STORED: u32 = 0x80000000;

const HEADER_BYTES: usize = 7;
const MARK_BYTES: usize = 4;

/** Room that `lz4FrameCompress` asks for. */
export function lz4FrameBound(size: usize): usize {
  const blocks = size / BLOCK_BYTES + 1;
  return HEADER_BYTES + size + blocks * (MARK_BYTES + lz4Bound(BLOCK_BYTES) - BLOCK_BYTES) + MARK_BYTES;
}

/**
 * Writes one frame.
 *
 * @param limit room at `target`, at least `lz4FrameBound(size)`
 * @returns bytes written, or LIMIT
 */
export function lz4FrameCompress(source: usize, size: usize, target: usize, limit: usize): i32 {
  if (limit < lz4FrameBound(size)) return LIMIT;
  store<u32>(target, MAGIC);
  store<u8>(target, VERSION | INDEPENDENT, 4);
  store<u8>(target, BLOCKS_64K, 5);
  store<u8>(target, headerChecksum(target + 4, 2), 6);
  let to = target + HEADER_BYTES;
  const end = source + size;
  while (source < end) {
    const blockBytes = min(end - source, BLOCK_BYTES);
    const bytes = lz4Compress(source, blockBytes, to + MARK_BYTES, lz4Bound(blockBytes));
    if (<usize>bytes < blockBytes) {
      store<u32>(to, bytes);
      to += MARK_BYTES + <usize>bytes;
    } else {
      store<u32>(to, <u32>blockBytes | STORED);
      memory.copy(to + MARK_BYTES, source, blockBytes);
      to += MARK_BYTES + blockBytes;
    }
    source += blockBytes;
  }
  store<u32>(to, 0);
  return <i32>(to + MARK_BYTES - target);
}

/** Where `readFrame` has come to in the input. */
let position: usize = 0;

/**
 * Reads all frames of an input, one after the other.
 *
 * @param limit room at `target`; not a byte beyond it is written
 * @returns bytes written, LIMIT, CORRUPT or UNSUPPORTED
 */
export function lz4FrameDecompress(source: usize, size: usize, target: usize, limit: usize): i32 {
  const end = source + size;
  let written: usize = 0;
  let frames = 0;
  position = source;
  while (position < end) {
    if (end - position < 8) return CORRUPT;
    const magic = load<u32>(position);
    if ((magic & SKIPPABLE_MASK) == SKIPPABLE_MAGIC) {
      const skipped = <usize>load<u32>(position, 4);
      if (skipped > end - position - 8) return CORRUPT;
      position += 8 + skipped;
      continue;
    }
    if (magic == LEGACY_MAGIC) return UNSUPPORTED;
    if (magic != MAGIC) return CORRUPT;
    const bytes = readFrame(end, target + written, limit - written);
    if (bytes < 0) return bytes;
    written += <usize>bytes;
    frames += 1;
  }
  return frames > 0 ? <i32>written : CORRUPT;
}

/** Reads the frame at `position`, whose magic is known, and leaves `position` behind it. */
function readFrame(end: usize, target: usize, limit: usize): i32 {
  const header = position + 4;
  if (end - header < 3) return CORRUPT;
  const flags = <u32>load<u8>(header);
  const descriptor = <u32>load<u8>(header, 1);
  const contentSizeBytes: usize = flags & CONTENT_SIZE ? 8 : 0;
  const idBytes: usize = flags & DICTIONARY_ID ? 4 : 0;
  const checked = contentSizeBytes + idBytes + 2;
  if (end - header < checked + 1) return CORRUPT;
  if (headerChecksum(header, checked) != load<u8>(header + checked)) return CORRUPT;
  const refused = refusal(flags, descriptor);
  if (refused != 0) return refused;
  if (contentSizeBytes != 0 && load<u64>(header, 2) > <u64>limit) return LIMIT;

  position = header + checked + 1;
  const bytes = readBlocks(end, target, limit, flags, descriptor);
  if (bytes < 0) return bytes;
  if (contentSizeBytes != 0 && load<u64>(header, 2) != <u64>bytes) return CORRUPT;
  if (flags & CONTENT_CHECKSUM) {
    if (end - position < 4) return CORRUPT;
    if (load<u32>(position) != xxh32(target, bytes, 0)) return CORRUPT;
    position += 4;
  }
  return bytes;
}

function refusal(flags: u32, descriptor: u32): i32 {
  if ((flags & VERSION_MASK) != VERSION) return UNSUPPORTED;
  if (flags & (RESERVED_FLAG | DICTIONARY_ID) || !(flags & INDEPENDENT)) return UNSUPPORTED;
  if (descriptor & RESERVED_DESCRIPTOR || descriptor < BLOCKS_64K) return UNSUPPORTED;
  return 0;
}

/** Reads blocks up to and with the end mark. */
function readBlocks(end: usize, target: usize, limit: usize, flags: u32, descriptor: u32): i32 {
  const largest: usize = 1 << (8 + 2 * (descriptor >>> 4)); // 4 is 2^16, 5 is 2^18 …
  const checksumBytes: usize = flags & BLOCK_CHECKSUMS ? 4 : 0;
  let written: usize = 0;
  while (true) {
    if (end - position < MARK_BYTES) return CORRUPT;
    const mark = load<u32>(position);
    position += MARK_BYTES;
    if (mark == 0) return <i32>written;
    const size = <usize>(mark & ~STORED);
    if (size > largest || size > end - position || end - position - size < checksumBytes) {
      return CORRUPT;
    }
    if (checksumBytes != 0 && load<u32>(position + size) != xxh32(position, size, 0)) {
      return CORRUPT;
    }
    const room = limit - written;
    let bytes = <i32>size;
    if (mark & STORED) {
      if (size > room) return LIMIT;
      memory.copy(target + written, position, size);
    } else {
      // The decoder moves lanes, so a little room beyond the largest block keeps its end fast.
      bytes = lz4Decompress(position, size, target + written, min(room, largest + 64));
      if (bytes > <i32>largest || (bytes == LIMIT && room > largest)) return CORRUPT;
      if (bytes < 0) return bytes;
    }
    written += <usize>bytes;
    position += size + checksumBytes;
  }
}

/** Second byte of the checksum over the descriptor. */
function headerChecksum(from: usize, size: usize): u8 {
  return <u8>(xxh32(from, size, 0) >>> 8);
}
