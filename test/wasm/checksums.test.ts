// CRC-32C and xxHash32: known answers, and agreement with other implementations at every length and
// alignment where the kernels change their method.

import { crc32c } from '@node-rs/crc32'
import { describe, expect, test } from 'vitest'
import { INPUT } from '../../src/wasm/core-module.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { GuardedCore } from './guarded-core.ts'

const core = StorageCore.load()
const guarded = new GuardedCore()

describe('crc32c', () => {
  // Known answers: RFC 3720 appendix B.4; the last is the CRC catalogue's check of CRC-32/ISCSI.
  test.each([
    ['nothing', Buffer.alloc(0), 0x00000000],
    ['32 zeroes', Buffer.alloc(32, 0x00), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from([...Array(32).keys()]), 0x46dd794e],
    ['31 to 0', Buffer.from([...Array(32).keys()].toReversed()), 0x113fdb5c],
    ['the check string', Buffer.from('123456789'), 0xe3069283],
  ])('of %s', (_, bytes, expected) => {
    expect(core.crc32c(bytes)).toBe(expected)
  })

  test('agrees with the native addon for every length up to 5,000', () => {
    const bytes = new SeededRandom(11).bytes(5_000)
    for (let size = 0; size <= bytes.byteLength; size++) {
      const part = bytes.subarray(0, size)
      expect(core.crc32c(part), `seed 11, size ${size}`).toBe(crc32c(part))
    }
  })

  test('agrees with the native addon around every change of method and chunk', () => {
    const random = new SeededRandom(12)
    const bytes = random.bytes(300_000)
    for (const around of [512, 2_048, 8_192, 16_384, 24_576, 32_768, 65_536, 131_072, 262_144]) {
      for (let size = around - 70; size <= around + 500; size += 1 + random.below(9)) {
        const from = random.below(64)
        const part = bytes.subarray(from, from + size)
        expect(core.crc32c(part), `seed 12, from ${from}, size ${size}`).toBe(crc32c(part))
      }
    }
  })

  test('does not depend on where the bytes lie in memory', () => {
    const bytes = new SeededRandom(13).bytes(30_000)
    for (const size of [0, 1, 600, 3_000, 30_000]) {
      const part = bytes.subarray(0, size)
      for (let shift = 0; shift < 4_200; shift += 97) {
        guarded.memory.set(part, INPUT + shift)
        const found = guarded.kernel.crc32c(0, INPUT + shift, size) >>> 0
        expect(found, `seed 13, size ${size}, shift ${shift}`).toBe(crc32c(part))
      }
    }
  })

  test('of two parts, one carried into the other, is that of the whole', () => {
    const random = new SeededRandom(14)
    for (let round = 0; round < 100; round++) {
      const whole = random.bytes(random.below(100_000))
      const cut = random.below(whole.byteLength + 1)
      const carried = core.crc32c(whole.subarray(cut), core.crc32c(whole.subarray(0, cut)))
      expect(carried, `seed 14, round ${round}`).toBe(core.crc32c(whole))
    }
  })

  test('of more bytes than the core has room for is that of the whole', () => {
    const bytes = Buffer.alloc(70 * 1024 * 1024, 'sluice')
    expect(core.crc32c(bytes)).toBe(crc32c(bytes))
  })

  test('reads nothing beyond the bytes', () => {
    const bytes = new SeededRandom(15).bytes(40_000)
    for (const size of [0, 1, 15, 16, 17, 511, 512, 700, 2_047, 2_048, 9_000, 24_575, 40_000]) {
      const part = bytes.subarray(0, size)
      expect(guarded.kernel.crc32c(0, guarded.atEnd(part), size) >>> 0).toBe(crc32c(part))
    }
  })

  // The polynomials of assembly/crc32c.ts rest on this fact alone.
  test.each([
    ['weight 6', [209, 144, 54, 39, 14, 0]],
    ['weight 4', [5275, 4508, 2751, 0]],
  ])('polynomial divides the sparse one of %s', (_, exponents) => {
    let remainder = 0n
    for (const exponent of exponents) remainder ^= powerOfX(exponent)
    expect(remainder).toBe(0n)
  })
})

/** x^exponent modulo the polynomial of CRC-32C, coefficients from the highest bit down. */
function powerOfX(exponent: number): bigint {
  let power = 1n
  for (let n = 0; n < exponent; n++) {
    power <<= 1n
    if (power >> 32n) power ^= 0x1_1edc_6f41n
  }
  return power
}

describe('xxh32', () => {
  // Made with the reference library xxHash 0.8, by its Python binding xxhash 4.1.0.
  const text =
    "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer; "
  test.each([
    ['nothing', Buffer.alloc(0), 0x02cc5d05, 0x8d3b42d8],
    ['one byte', Buffer.from('a'), 0x550d7456, 0x12b7e114],
    ['three bytes', Buffer.from('abc'), 0x32d153ff, 0x4d4cb222],
    ['14 bytes', Buffer.from('message digest'), 0x7c948494, 0xad12ccbf],
    ['all bytes', Buffer.from([...Array(256).keys()]), 0x59441253, 0x2c4e7bd1],
    ['a text', Buffer.from(text.repeat(4).slice(0, 300)), 0x4944a950, 0x7f9b914f],
  ])('of %s', (_, bytes, plain, seeded) => {
    expect(core.xxh32(bytes)).toBe(plain)
    expect(core.xxh32(bytes, 0x9747b28c)).toBe(seeded)
  })

  test('reads nothing beyond the bytes', () => {
    const bytes = new SeededRandom(16).bytes(100)
    for (let size = 0; size <= 100; size++) {
      const part = bytes.subarray(0, size)
      const found = guarded.kernel.xxh32(guarded.atEnd(part), size, 0) >>> 0
      expect(found).toBe(core.xxh32(part))
    }
  })
})
