// Decoders on bytes that nobody should trust: whatever they are given, they stay within their input
// and their room, end, and say the same each time.

import { describe, expect, test } from 'vitest'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { GuardedCore } from './guarded-core.ts'
import type { CodecName } from './guarded-core.ts'
import { sampleBytes } from './samples.ts'

const core = StorageCore.load()
const guarded = new GuardedCore()

type Encode = (bytes: Buffer) => Buffer

/** Each decoder with what makes valid input for it. */
const DECODERS: readonly (readonly [CodecName, string, Encode])[] = [
  ['lz4Decompress', 'LZ4 blocks', (bytes) => core.lz4CompressBlock(bytes)],
  ['lz4FrameDecompress', 'LZ4 frames', (bytes) => core.lz4CompressFrame(bytes)],
  ['snappyDecompressAny', 'Snappy blocks', (bytes) => core.snappyCompress(bytes)],
  ['snappyDecompressAny', 'xerial streams', (bytes) => core.snappyCompressXerial(bytes)],
]

const ENCODERS = [
  ['lz4Compress', 'lz4Decompress', 'lz4Bound'],
  ['lz4FrameCompress', 'lz4FrameDecompress', 'lz4FrameBound'],
  ['snappyCompress', 'snappyDecompressAny', 'snappyBound'],
  ['xerialCompress', 'snappyDecompressAny', 'xerialBound'],
] as const

const LIMIT = -2

describe.each(DECODERS)('%s', (decoder, what, encode) => {
  test(`takes valid ${what} in exactly the room that they need`, () => {
    const random = new SeededRandom(31)
    for (let round = 0; round < 300; round++) {
      const bytes = sampleBytes(random, 20_000)
      const found = guarded.run(decoder, encode(bytes), bytes.byteLength)
      expect(found, `seed 31, round ${round}`).toEqual(bytes)
    }
  })

  test(`refuses valid ${what} in any smaller room`, () => {
    const random = new SeededRandom(32)
    for (let round = 0; round < 40; round++) {
      const bytes = sampleBytes(random, 300)
      const encoded = encode(bytes)
      for (let limit = 0; limit < bytes.byteLength; limit++) {
        const where = `seed 32, round ${round}, limit ${limit}`
        expect(guarded.run(decoder, encoded, limit), where).toBe(LIMIT)
      }
    }
  })

  test(`refuses or reads every beginning of ${what} without a byte beyond it`, () => {
    const random = new SeededRandom(33)
    for (let round = 0; round < 30; round++) {
      const bytes = sampleBytes(random, 300)
      const encoded = encode(bytes)
      for (let size = 0; size < encoded.byteLength; size++) {
        const found = guarded.run(decoder, encoded.subarray(0, size), bytes.byteLength)
        if (typeof found === 'number') expect(found).toBeLessThan(0)
        else expect(found.byteLength).toBeLessThanOrEqual(bytes.byteLength)
      }
    }
  })

  test(`survives ${what} with bytes changed, dropped and doubled`, () => {
    const random = new SeededRandom(34)
    for (let round = 0; round < 2_500; round++) {
      const bytes = sampleBytes(random, 2_000)
      const damaged = damage(encode(bytes), random)
      const limit = random.pick([0, bytes.byteLength, bytes.byteLength + 100, 5_000])
      const found = guarded.run(decoder, damaged, limit)
      if (typeof found === 'number') expect([-1, -2, -3]).toContain(found)
    }
  })

  test('survives noise', () => {
    const random = new SeededRandom(35)
    for (let round = 0; round < 2_500; round++) {
      const noise = random.bytes(random.below(random.pick([8, 40, 400])))
      guarded.run(decoder, noise, random.pick([0, 1, 17, 64, 1_000]))
    }
  })
})

/** A few changes of the kinds that transport, disks and attackers make. */
function damage(bytes: Buffer, random: SeededRandom): Buffer {
  let damaged = Buffer.from(bytes)
  for (let change = random.between(1, 4); change > 0 && damaged.byteLength > 0; change--) {
    const at = random.below(damaged.byteLength)
    const to = at + random.below(Math.min(20, damaged.byteLength - at) + 1)
    switch (random.below(5)) {
      case 0:
        damaged[at] = random.below(256)
        break
      case 1:
        damaged[at]! ^= 1 << random.below(8)
        break
      case 2:
        damaged.fill(random.pick([0x00, 0xff, 0x80, 0x7f]), at, to)
        break
      case 3:
        damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(to)])
        break
      default:
        damaged = Buffer.concat([damaged.subarray(0, to), damaged.subarray(at)])
    }
  }
  return damaged
}

describe.each(ENCODERS)('%s', (encoder, decoder, bound) => {
  test('stays within its bound, and refuses less room', () => {
    const random = new SeededRandom(36)
    for (let round = 0; round < 300; round++) {
      const bytes = sampleBytes(random, 140_000)
      const room = guarded.kernel[bound](bytes.byteLength)
      const encoded = guarded.run(encoder, bytes, room)
      expect(encoded, `seed 36, round ${round}`).toBeInstanceOf(Buffer)
      const back = guarded.run(decoder, encoded as Buffer, bytes.byteLength)
      expect(back, `seed 36, round ${round}`).toEqual(bytes)
      expect(guarded.run(encoder, bytes, room - 1)).toBe(LIMIT)
    }
  })
})
