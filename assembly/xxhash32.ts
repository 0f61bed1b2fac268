// xxHash, 32 bits: the checksum inside LZ4 frames.
//
// Four accumulators take a 4-byte word each of every 16-byte stripe; what is left goes in word by
// word, then byte by byte, and a final mix spreads every bit.
//
// Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH32 algorithm".

const PRIME1: u32 = 0x9e3779b1;
const PRIME2: u32 = 0x85ebca77;
const PRIME3: u32 = 0xc2b2ae3d;
const PRIME4: u32 = 0x27d4eb2f;
const PRIME5: u32 = 0x165667b1;

/**
 * xxHash32 of a run of bytes.
 *
 * @param from address of the first byte
 * @param size bytes, 0 or more
 * @param seed any 32 bits; LZ4 frames use 0
 */
export function xxh32(from: usize, size: usize, seed: u32): u32 {
  const end = from + size;
  let hash: u32;
  if (size >= 16) {
    let a = seed + PRIME1 + PRIME2;
    let b = seed + PRIME2;
    let c = seed;
    let d = seed - PRIME1;
    const lastStripe = end - 16;
    while (from <= lastStripe) {
      a = round(a, load<u32>(from));
      b = round(b, load<u32>(from, 4));
      c = round(c, load<u32>(from, 8));
      d = round(d, load<u32>(from, 12));
      from += 16;
    }
    hash = rotl<u32>(a, 1) + rotl<u32>(b, 7) + rotl<u32>(c, 12) + rotl<u32>(d, 18);
  } else {
    hash = seed + PRIME5;
  }
  hash += <u32>size;
  while (from + 4 <= end) {
    hash = rotl<u32>(hash + load<u32>(from) * PRIME3, 17) * PRIME4;
    from += 4;
  }
  while (from < end) {
    hash = rotl<u32>(hash + <u32>load<u8>(from) * PRIME5, 11) * PRIME1;
    from += 1;
  }
  hash = (hash ^ (hash >>> 15)) * PRIME2;
  hash = (hash ^ (hash >>> 13)) * PRIME3;
  return hash ^ (hash >>> 16);
}

// @ts-ignore: decorator
@inline
function round(accumulator: u32, word: u32): u32 {
  return rotl<u32>(accumulator + word * PRIME2, 13) * PRIME1;
}
