// The hash that chooses a record's partition from its key. Every client of Kafka that wants records
// of one key in one partition, whoever wrote them, has to use this very function.
//
// Source: Austin Appleby's MurmurHash2, 32 bits, with the seed and the sign handling of
// apache/kafka, Utils.murmur2 and Utils.toPositive.

const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995
const SHIFT = 24

/** MurmurHash2 of `bytes`, signed 32 bits. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, MULTIPLIER)
    word = Math.imul(word ^ (word >>> SHIFT), MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ word
  }
  const left = length - at
  if (left > 0) {
    if (left === 3) hash ^= bytes[at + 2]! << 16
    if (left >= 2) hash ^= bytes[at + 1]! << 8
    hash = Math.imul(hash ^ bytes[at]!, MULTIPLIER)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/**
 * The partition of a key.
 *
 * @param key            the serialized key, not null
 * @param partitionCount partitions of the topic, 1 or more
 * @returns a number in [0, partitionCount)
 */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}
