// Bytes of several kinds, to compress and to check sums of.

import { readFileSync } from 'node:fs'
import type { SeededRandom } from '../support/seeded-random.ts'

const REAL = [
  'package.json',
  'package-lock.json',
  'src/base/errors.ts',
  'node_modules/vitest/package.json',
  'build/wasm/core.wasm',
].map((path) => readFileSync(new URL(`../../${path}`, import.meta.url)))

/** One sample of some kind: noise, few symbols, repeats at all distances, JSON, a piece of a file. */
export function sampleBytes(random: SeededRandom, maxBytes: number): Buffer {
  const size = sampleSize(random, maxBytes)
  switch (random.below(6)) {
    case 0:
      return random.bytes(size)
    case 1:
      return Buffer.from(random.bytes(size).map((byte) => 97 + (byte % 3)))
    case 2:
      return repeats(random, size)
    case 3:
      return jsonLines(random, size)
    case 4: {
      const real = random.pick(REAL)
      const from = random.below(real.byteLength)
      return Buffer.from(real.subarray(from, from + size))
    }
    default:
      return Buffer.alloc(size, random.below(256))
  }
}

/** Small sizes often, since ends are where codecs go wrong. */
function sampleSize(random: SeededRandom, maxBytes: number): number {
  const most = random.pick([16, 64, 300, 5_000, maxBytes, maxBytes])
  return random.below(Math.min(most, maxBytes) + 1)
}

/** Noise, and runs copied from before at any distance, overlapping ones among them. */
function repeats(random: SeededRandom, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let at = 0
  while (at < size) {
    const length = Math.min(size - at, 1 + random.below(random.pick([4, 20, 300, 3_000])))
    if (at === 0 || random.chance(0.3)) {
      bytes.set(random.bytes(length), at)
      at += length
    } else {
      const distance = 1 + random.below(Math.min(at, random.pick([1, 7, 16, 40, 70_000])))
      for (const end = at + length; at < end; at++) bytes[at] = bytes[at - distance]!
    }
  }
  return bytes
}

function jsonLines(random: SeededRandom, size: number): Buffer {
  let text = ''
  while (text.length < size) {
    text += `{"id":${random.below(1e9)},"level":"${random.pick(['info', 'warn', 'error'])}",`
    text += `"path":"/api/items/${random.below(1000)}","took":${random.below(400)}}\n`
  }
  return Buffer.from(text.slice(0, size))
}
