// SipHash-2-4 with 128 bits of result: a hash under a secret key, of which nobody can find two
// messages with one result without the secret.
//
// Source: Aumasson and Bernstein, SipHash, 2012, and their reference code's 128-bit variant.

/**
 * Writes the hash of `size` bytes, 16 bytes, as two little-endian words.
 *
 * @param secret address of 16 bytes
 * @param from   address of the message; read only
 * @param into   address of the result
 */
export function sipHash(secret: usize, from: usize, size: usize, into: usize): void {
  const k0 = load<u64>(secret);
  const k1 = load<u64>(secret, 8);
  let a = k0 ^ 0x736f6d6570736575;
  let b = k1 ^ 0x646f72616e646f6d ^ 0xee;
  let c = k0 ^ 0x6c7967656e657261;
  let d = k1 ^ 0x7465646279746573;
  const end = from + (size & ~7);
  let at = from;
  // Each turn is two rounds with a word mixed in; behind the words four rounds for each half of the
  // result. All of it stands in one loop, since the compiler has no way to share locals.
  let rest: u32 = 5;
  while (true) {
    let word: u64 = 0;
    if (at < end) {
      word = load<u64>(at);
      at += 8;
    } else if (rest == 5) {
      word = lastWord(at, size);
      rest = 4;
    } else if (rest == 4) {
      c ^= 0xee;
      rest = 3;
    } else if (rest == 2) {
      store<u64>(into, a ^ b ^ c ^ d);
      b ^= 0xdd;
      rest = 1;
    } else rest -= 1;
    d ^= word;
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
    a ^= word;
    if (rest == 0) break;
  }
  store<u64>(into, a ^ b ^ c ^ d, 8);
}

/** The bytes behind the last whole word, and the size. */
// @ts-ignore: decorator
@inline
function lastWord(at: usize, size: usize): u64 {
  let word = <u64>size << 56;
  let shift: u64 = 0;
  if (size & 4) {
    word |= <u64>load<u32>(at);
    at += 4;
    shift = 32;
  }
  if (size & 2) {
    word |= <u64>load<u16>(at) << shift;
    at += 2;
    shift += 16;
  }
  if (size & 1) word |= <u64>load<u8>(at) << shift;
  return word;
}
