// LZ4 and Snappy, raw and framed: golden bytes of other encoders, round trips, and decoding across
// implementations. What untrusted bytes do to the decoders stands in decoder-safety.test.ts.

import fc from 'fast-check'
import * as lz4 from 'lz4-napi'
import * as snappy from 'snappy'
import { describe, expect, test } from 'vitest'
import { CoreError } from '../../src/wasm/core-error.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { sampleBytes } from './samples.ts'

const core = StorageCore.load()

const TEXT =
  "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer; "
const GOLDEN = Buffer.from(TEXT.repeat(4).slice(0, 300))

const LZ4_BLOCK =
  'f200546f2062652c206f72206e6f7420740e00f11d7468617420697320746865207175657374696f6e3a2077686574' +
  '6865722027746973206e6f626c657220696e2500406d696e643d008f7375666665723b205600be5074696f6e3a'
const SNAPPY_BLOCK =
  'ac0238546f2062652c206f72206e6f742074090eb07468617420697320746865207175657374696f6e3a2077686574' +
  '6865722027746973206e6f626c657220696e2001250c6d696e64013d1c7375666665723b20fe5600fe5600fe560056' +
  '5600'

/** What lz4-napi puts before a block: its size, 32 bits, little-endian. */
function sized(block: Buffer, size: number): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(size)
  return Buffer.concat([prefix, block])
}

function reasonOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof CoreError) return error.reason
    throw error
  }
  return 'none'
}

describe('golden bytes', () => {
  test('of an LZ4 block made by C lz4 1.9.4 are read', () => {
    expect(core.lz4DecompressBlock(Buffer.from(LZ4_BLOCK, 'hex'), 300)).toEqual(GOLDEN)
  })

  test('of an LZ4 frame with a content checksum, by the lz4 command 1.9.4, are read', () => {
    const frame = Buffer.from(`04224d186440a75c000000${LZ4_BLOCK}0000000050a94449`, 'hex')
    expect(core.lz4DecompressFrame(frame, 300)).toEqual(GOLDEN)
  })

  test('of an LZ4 frame with block checksums and content size are read', () => {
    const frame = Buffer.from(
      `04224d187c402c01000000000000fa5c000000${LZ4_BLOCK}f8bf2d070000000050a94449`,
      'hex',
    )
    expect(core.lz4DecompressFrame(frame, 300)).toEqual(GOLDEN)
  })

  test('of a Snappy block made by cramjam are read, raw and framed', () => {
    const block = Buffer.from(SNAPPY_BLOCK, 'hex')
    const header = Buffer.from('82534e41505059000000000100000001', 'hex')
    const size = Buffer.alloc(4)
    size.writeUInt32BE(block.byteLength)
    expect(core.snappyDecompress(block, 300)).toEqual(GOLDEN)
    expect(core.snappyDecompress(Buffer.concat([header, size, block]), 300)).toEqual(GOLDEN)
  })
})

describe('round trips', () => {
  test('of all kinds of bytes come back, and the other libraries read ours and we theirs', () => {
    const random = new SeededRandom(21)
    for (let round = 0; round < 600; round++) {
      const bytes = sampleBytes(random, 200_000)
      const size = bytes.byteLength
      const same = (found: string | Buffer, what: string): void => {
        const equal = Buffer.isBuffer(found) && found.equals(bytes)
        expect(equal, `seed 21, round ${round}, ${size} bytes, ${what}`).toBe(true)
      }

      const block = core.lz4CompressBlock(bytes)
      same(core.lz4DecompressBlock(block, size), 'lz4 block')
      same(lz4.uncompressSync(sized(block, size)), 'lz4 block, read by lz4-napi')
      same(core.lz4DecompressBlock(lz4.compressSync(bytes).subarray(4), size), 'lz4-napi block')

      const frame = core.lz4CompressFrame(bytes)
      same(core.lz4DecompressFrame(frame, size), 'lz4 frame')
      same(lz4.decompressFrameSync(frame), 'lz4 frame, read by lz4-napi')
      const checks = { contentChecksum: true, blockChecksums: true }
      same(core.lz4DecompressFrame(lz4.compressFrameSync(bytes, checks), size), 'lz4-napi frame')

      const raw = core.snappyCompress(bytes)
      same(core.snappyDecompress(raw, size), 'snappy')
      same(snappy.uncompressSync(raw), 'snappy, read by the addon')
      same(core.snappyDecompress(snappy.compressSync(bytes), size), 'snappy of the addon')
      same(core.snappyDecompress(core.snappyCompressXerial(bytes), size), 'xerial')
    }
  })

  test('of any small bytes come back', () => {
    const small = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(fc.constantFrom(0, 1, 97), { maxLength: 400 }).map((list) => Uint8Array.from(list)),
    )
    fc.assert(
      fc.property(small, (bytes) => {
        const limit = bytes.byteLength
        const expected = Buffer.from(bytes)
        expect(core.lz4DecompressBlock(core.lz4CompressBlock(bytes), limit)).toEqual(expected)
        expect(core.lz4DecompressFrame(core.lz4CompressFrame(bytes), limit)).toEqual(expected)
        expect(core.snappyDecompress(core.snappyCompress(bytes), limit)).toEqual(expected)
        expect(core.snappyDecompress(core.snappyCompressXerial(bytes), limit)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  test('of 32 MiB come back', () => {
    const bytes = Buffer.alloc(32 * 1024 * 1024)
    const random = new SeededRandom(22)
    for (let at = 0; at < bytes.byteLength; at += 1024) bytes.set(random.bytes(40), at)
    const limit = bytes.byteLength
    expect(core.lz4DecompressBlock(core.lz4CompressBlock(bytes), limit).equals(bytes)).toBe(true)
    expect(core.lz4DecompressFrame(core.lz4CompressFrame(bytes), limit).equals(bytes)).toBe(true)
    expect(core.snappyDecompress(core.snappyCompress(bytes), limit).equals(bytes)).toBe(true)
    expect(core.snappyDecompress(core.snappyCompressXerial(bytes), limit).equals(bytes)).toBe(true)
  })

  test('compress text to less, and noise to hardly more', () => {
    const text = Buffer.from(TEXT.repeat(700))
    const noise = new SeededRandom(23).bytes(65_536)
    for (const codec of ['lz4CompressBlock', 'lz4CompressFrame', 'snappyCompressXerial'] as const) {
      expect(core[codec](text).byteLength).toBeLessThan(text.byteLength / 15)
      expect(core[codec](noise).byteLength).toBeLessThan(noise.byteLength * 1.006)
    }
  })

  test('take a buffer for the result, and make one when it is too small', () => {
    const frame = core.lz4CompressFrame(GOLDEN)
    const room = Buffer.alloc(1000)
    const held = core.lz4DecompressFrame(frame, 300, room)
    expect(held).toEqual(GOLDEN)
    expect(held.buffer).toBe(room.buffer)
    const tight = Buffer.alloc(299)
    expect(core.lz4DecompressFrame(frame, 300, tight)).toEqual(GOLDEN)
    expect(tight).toEqual(Buffer.alloc(299))
  })
})

describe('limits', () => {
  test('one byte too few is refused, just enough is not', () => {
    const random = new SeededRandom(24)
    for (let round = 0; round < 200; round++) {
      const bytes = sampleBytes(random, 100_000)
      const size = bytes.byteLength
      if (size === 0) continue
      const block = core.lz4CompressBlock(bytes)
      const frame = core.lz4CompressFrame(bytes)
      const raw = core.snappyCompress(bytes)
      const framed = core.snappyCompressXerial(bytes)
      const where = `seed 24, round ${round}, ${size} bytes`
      expect(
        reasonOf(() => core.lz4DecompressBlock(block, size - 1)),
        where,
      ).toBe('limit')
      expect(
        reasonOf(() => core.lz4DecompressFrame(frame, size - 1)),
        where,
      ).toBe('limit')
      expect(
        reasonOf(() => core.snappyDecompress(raw, size - 1)),
        where,
      ).toBe('limit')
      expect(
        reasonOf(() => core.snappyDecompress(framed, size - 1)),
        where,
      ).toBe('limit')
      expect(core.lz4CompressBlock(bytes, block.byteLength)).toEqual(block)
      expect(reasonOf(() => core.lz4CompressBlock(bytes, block.byteLength - 1))).toBe('limit')
    }
  })

  test('bytes that declare more than the limit are refused for it', () => {
    const twoToThe31 = Buffer.from('808080800800', 'hex')
    expect(reasonOf(() => core.snappyDecompress(twoToThe31, 1 << 26))).toBe('limit')
    const beyond32Bits = Buffer.from('ffffffff7f00', 'hex')
    expect(reasonOf(() => core.snappyDecompress(beyond32Bits, 1 << 26))).toBe('corrupt')
    const frame = lz4Frame({ flags: 0x68, contentSize: 1n << 40n, blocks: [] })
    expect(reasonOf(() => core.lz4DecompressFrame(frame, 1 << 26))).toBe('limit')
  })

  test('a bomb of repeats stops at the limit', () => {
    // One literal, then a match of offset 1 whose length is 255 a byte.
    const bomb = Buffer.concat([Buffer.from('1f610100', 'hex'), Buffer.alloc(1 << 20, 255)])
    expect(reasonOf(() => core.lz4DecompressBlock(bomb, 1 << 20))).toBe('limit')
    expect(reasonOf(() => core.lz4DecompressBlock(bomb, 1 << 26))).toBe('limit')
    const zeroes = core.snappyCompressXerial(Buffer.alloc(1 << 20))
    const header = zeroes.subarray(0, 16)
    const many = Buffer.concat([header, ...Array<Buffer>(100).fill(zeroes.subarray(16))])
    expect(reasonOf(() => core.snappyDecompress(many, 1 << 26))).toBe('limit')
  })

  test('a run of lengths that adds up to more than 32 bits is not taken for a short one', () => {
    // 15 + 255 * 16,843,009 + 1 is 2^32 + 15: a sum that wraps would read 15 literals.
    const ones = Buffer.alloc(16_843_009, 255)
    const lying = Buffer.concat([Buffer.of(0xf0), ones, Buffer.of(1), Buffer.alloc(15, 'x')])
    expect(reasonOf(() => core.lz4DecompressBlock(lying, 1 << 26))).toBe('corrupt')
    const literal = Buffer.from('01fcffffffff0061', 'hex') // of 2^32 bytes, then one of 1
    expect(reasonOf(() => core.snappyDecompress(literal, 1 << 26))).toBe('corrupt')
    const size = Buffer.from('808080808000', 'hex') // six bytes for a size of 0
    expect(reasonOf(() => core.snappyDecompress(size, 1 << 26))).toBe('corrupt')
  })

  test('more input than the largest batch is refused', () => {
    const large = Buffer.alloc(33 * 1024 * 1024)
    expect(reasonOf(() => core.lz4CompressFrame(large))).toBe('limit')
    expect(reasonOf(() => core.lz4DecompressFrame(large, 1 << 26))).toBe('limit')
    expect(reasonOf(() => core.snappyDecompress(large, 1 << 26))).toBe('limit')
  })
})

interface PlainFrame {
  readonly flags?: number
  readonly descriptor?: number
  readonly contentSize?: bigint
  readonly blocks: readonly Buffer[]
  readonly trailer?: Buffer
}

/** Builds an LZ4 frame by the letter of its format, with a right header checksum. */
function lz4Frame({ flags = 0x60, descriptor = 0x40, contentSize, ...rest }: PlainFrame): Buffer {
  const size = Buffer.alloc(contentSize === undefined ? 0 : 8)
  if (contentSize !== undefined) size.writeBigUInt64LE(contentSize)
  const header = Buffer.concat([Buffer.of(flags, descriptor), size])
  const blocks = rest.blocks.map((block) => sized(block, block.byteLength))
  return Buffer.concat([
    Buffer.from('04224d18', 'hex'),
    header,
    Buffer.of((core.xxh32(header) >>> 8) & 0xff),
    ...blocks,
    Buffer.alloc(4),
    rest.trailer ?? Buffer.alloc(0),
  ])
}

describe('lz4 frames', () => {
  const block = core.lz4CompressBlock(GOLDEN)
  const frame = core.lz4CompressFrame(GOLDEN)

  test('are written with independent blocks of 64 KiB and no checksum but the header’s', () => {
    expect(frame.subarray(0, 7).toString('hex')).toBe('04224d18604082')
    expect(frame).toEqual(lz4Frame({ blocks: [block] }))
    const noise = new SeededRandom(25).bytes(65_537)
    const stored = core.lz4CompressFrame(noise)
    expect(stored.readUInt32LE(7)).toBe((0x80000000 | 65_536) >>> 0)
    expect(stored.readUInt32LE(7 + 4 + 65_536) & 0x7fffffff).toBeLessThan(3)
  })

  test('follow each other, with skippable frames between', () => {
    const skippable = Buffer.concat([Buffer.from('5a2a4d1803000000', 'hex'), Buffer.from('xyz')])
    const stream = Buffer.concat([skippable, frame, skippable, frame])
    const twice = Buffer.concat([GOLDEN, GOLDEN])
    expect(core.lz4DecompressFrame(stream, 600)).toEqual(twice)
    expect(core.lz4DecompressFrame(Buffer.concat([frame, skippable]), 600)).toEqual(GOLDEN)
    expect(reasonOf(() => core.lz4DecompressFrame(stream, 599))).toBe('limit')
    expect(reasonOf(() => core.lz4DecompressFrame(skippable, 600))).toBe('corrupt')
    expect(reasonOf(() => core.lz4DecompressFrame(stream.subarray(0, 9), 600))).toBe('corrupt')
    for (const size of ['04000000', 'ffffffff']) {
      const long = Buffer.from(`502a4d18${size}78797a`, 'hex')
      const behind = Buffer.concat([frame, long])
      expect(
        reasonOf(() => core.lz4DecompressFrame(behind, 600)),
        size,
      ).toBe('corrupt')
    }
  })

  test.each([
    ['dependent blocks', { flags: 0x40, blocks: [block] }],
    ['another version', { flags: 0xa0, blocks: [block] }],
    ['the reserved flag', { flags: 0x62, blocks: [block] }],
    ['a reserved descriptor bit', { descriptor: 0x41, blocks: [block] }],
    ['a block size below 64 KiB', { descriptor: 0x30, blocks: [block] }],
  ])('with %s are refused as unsupported', (_, parts) => {
    expect(reasonOf(() => core.lz4DecompressFrame(lz4Frame(parts), 300))).toBe('unsupported')
  })

  test('with a dictionary, or of the old format, are refused as unsupported', () => {
    const header = Buffer.from('614007000000', 'hex')
    const checksum = Buffer.of((core.xxh32(header) >>> 8) & 0xff)
    const magic = Buffer.from('04224d18', 'hex')
    const dictionary = Buffer.concat([magic, header, checksum, Buffer.alloc(4)])
    expect(reasonOf(() => core.lz4DecompressFrame(dictionary, 300))).toBe('unsupported')
    const old = Buffer.from('02214c1800000000', 'hex')
    expect(reasonOf(() => core.lz4DecompressFrame(old, 300))).toBe('unsupported')
  })

  test('with any wrong check are refused as corrupt', () => {
    const checks = { contentChecksum: true, blockChecksums: true }
    const checked = lz4.compressFrameSync(GOLDEN, checks)
    for (const at of [6, checked.byteLength - 1, checked.byteLength - 9]) {
      const wrong = Buffer.from(checked)
      wrong[at]! ^= 1
      expect(
        reasonOf(() => core.lz4DecompressFrame(wrong, 300)),
        `byte ${at}`,
      ).toBe('corrupt')
    }
    const lying = lz4Frame({ flags: 0x68, contentSize: 299n, blocks: [block] })
    expect(reasonOf(() => core.lz4DecompressFrame(lying, 300))).toBe('corrupt')
  })

  test('with a block larger than they declare are refused as corrupt', () => {
    const large = core.lz4CompressBlock(Buffer.alloc(65_537))
    const fits = core.lz4CompressBlock(Buffer.alloc(65_536))
    expect(core.lz4DecompressFrame(lz4Frame({ blocks: [fits] }), 1 << 20)).toHaveLength(65_536)
    for (const limit of [65_537, 65_536 + 64, 65_536 + 65, 1 << 20]) {
      const work = (): Buffer => core.lz4DecompressFrame(lz4Frame({ blocks: [large] }), limit)
      expect(reasonOf(work), `limit ${limit}`).toBe('corrupt')
    }
    const stored = lz4Frame({ blocks: [Buffer.alloc(65_537)] })
    stored[10] = 0x80 // the top bit of the block's size
    expect(reasonOf(() => core.lz4DecompressFrame(stored, 1 << 20))).toBe('corrupt')
    const wide = lz4Frame({ descriptor: 0x50, blocks: [large] })
    expect(core.lz4DecompressFrame(wide, 1 << 20)).toHaveLength(65_537)
  })

  test('cut off anywhere are refused as corrupt', () => {
    for (let size = 0; size < frame.byteLength; size++) {
      const cut = frame.subarray(0, size)
      expect(
        reasonOf(() => core.lz4DecompressFrame(cut, 300)),
        `${size}`,
      ).toBe('corrupt')
    }
  })
})

describe('xerial streams', () => {
  const header = Buffer.from('82534e41505059000000000100000001', 'hex')

  test('are written with the header of snappy-java and chunks of 32 KiB', () => {
    const stream = core.snappyCompressXerial(Buffer.alloc(70_000, 'abc'))
    expect(stream.subarray(0, 16)).toEqual(header)
    const sizes: number[] = []
    for (let at = 16; at < stream.byteLength;) {
      const chunk = stream.readInt32BE(at)
      sizes.push((snappy.uncompressSync(stream.subarray(at + 4, at + 4 + chunk)) as Buffer).length)
      at += 4 + chunk
    }
    expect(sizes).toEqual([32_768, 32_768, 4_464])
  })

  test('follow each other', () => {
    const stream = core.snappyCompressXerial(GOLDEN)
    const twice = Buffer.concat([stream, stream])
    expect(core.snappyDecompress(twice, 600)).toEqual(Buffer.concat([GOLDEN, GOLDEN]))
  })

  test('of nothing are only a header', () => {
    expect(core.snappyCompressXerial(Buffer.alloc(0))).toEqual(header)
    expect(core.snappyDecompress(header, 0)).toHaveLength(0)
  })

  test('of an unknown version are refused as unsupported', () => {
    const other = Buffer.from(header)
    other.writeInt32BE(0, 12)
    expect(reasonOf(() => core.snappyDecompress(other, 10))).toBe('unsupported')
  })

  test('cut off anywhere but between chunks are refused as corrupt', () => {
    const stream = core.snappyCompressXerial(GOLDEN)
    for (let size = 17; size < stream.byteLength; size++) {
      const cut = stream.subarray(0, size)
      expect(
        reasonOf(() => core.snappyDecompress(cut, 300)),
        `${size}`,
      ).toBe('corrupt')
    }
  })
})
