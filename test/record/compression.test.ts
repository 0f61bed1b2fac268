// The codecs: round trips, limits, other clients' forms, and bombs.

import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compressSync as snappyCompress } from 'snappy'
import { describe, expect, test } from 'vitest'
import { MAX_DECOMPRESSED_BYTES } from '../../src/base/limits.ts'
import { LEVELS, codecOf, compress, decompress, isCodec } from '../../src/record/compression.ts'
import { CODECS } from '../../src/record/layout.ts'
import type { CodecName } from '../../src/record/layout.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const core = StorageCore.load()
const NAMES = Object.keys(CODECS) as CodecName[]
const PACKED = NAMES.filter((name) => name !== 'none')

const random = new SeededRandom(20261121)
const TEXT = Buffer.from(
  Array.from({ length: 4000 }, (_, n) => `{"id":${n},"user":"u${random.below(1000)}"}`).join('\n'),
)
const SAMPLES: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.of(7)],
  ['text', TEXT],
  ['noise', random.bytes(70_000)],
  ['zeroes', Buffer.alloc(300_000)],
]

test('names and numbers are those of Kafka', () => {
  expect(NAMES.map((name) => [name, CODECS[name]])).toEqual([
    ['none', 0],
    ['gzip', 1],
    ['snappy', 2],
    ['lz4', 3],
    ['zstd', 4],
  ])
  for (const name of NAMES) expect(codecOf(CODECS[name])).toBe(name)
  for (const id of [5, 6, 7]) expect(() => codecOf(id)).toThrow(/UNSUPPORTED_COMPRESSION_TYPE/)
  expect(isCodec('zstd')).toBe(true)
  expect(isCodec('toString')).toBe(false)
})

describe.each(NAMES)('%s', (codec) => {
  test.each(SAMPLES)('gives back %s', (_, bytes) => {
    const packed = compress(core, codec, bytes)
    expect(Buffer.from(decompress(core, codec, packed, bytes.byteLength))).toEqual(bytes)
  })

  test('makes text smaller, unless it is none', () => {
    const size = compress(core, codec, TEXT).byteLength
    if (codec === 'none') expect(size).toBe(TEXT.byteLength)
    else expect(size).toBeLessThan(TEXT.byteLength / 2)
  })

  test('stops one byte above the limit, not at it', () => {
    const packed = compress(core, codec, TEXT)
    const size = TEXT.byteLength
    expect(decompress(core, codec, packed, size).byteLength).toBe(size)
    expect(() => decompress(core, codec, packed, size - 1)).toThrow(/MESSAGE_TOO_LARGE/)
    expect(() => decompress(core, codec, packed, 0)).toThrow(/MESSAGE_TOO_LARGE/)
  })
})

describe.each(PACKED)('damaged %s', (codec) => {
  test('is corrupt when it is cut', () => {
    const packed = compress(core, codec, TEXT)
    for (const size of [0, 1, 5, 20, packed.byteLength >> 1]) {
      const cut = packed.subarray(0, size)
      expect(() => decompress(core, codec, cut), `${size} bytes`).toThrow(/CORRUPT_MESSAGE/)
    }
  })

  test('is corrupt when it was never packed', () => {
    expect(() => decompress(core, codec, Buffer.alloc(100, 0xee))).toThrow(/CORRUPT_MESSAGE/)
  })
})

describe('levels', () => {
  test('are taken where the codec has them', () => {
    const sizes = [1, 9].map((level) => compress(core, 'gzip', TEXT, level).byteLength)
    expect(sizes[1]).toBeLessThan(sizes[0]!)
    const zstd = compress(core, 'zstd', TEXT, 19)
    expect(zstd.byteLength).toBeLessThan(compress(core, 'zstd', TEXT, -50).byteLength)
  })

  test('outside the range, or where there are none, are a bug of the caller', () => {
    for (const codec of NAMES) {
      const levels = LEVELS[codec]
      const wrong = levels === null ? [1] : [levels.min - 1, levels.max + 1, 1.5, Number.NaN]
      for (const level of wrong)
        expect(() => compress(core, codec, TEXT, level)).toThrow(RangeError)
    }
  })
})

describe('what other clients write', () => {
  test('snappy without framing, as librdkafka', () => {
    const packed = snappyCompress(TEXT)
    expect(Buffer.from(decompress(core, 'snappy', packed, TEXT.byteLength))).toEqual(TEXT)
  })

  test('lz4 frames of another implementation, and ours in turn', () => {
    expect(decompressFrameSync(Buffer.from(compress(core, 'lz4', TEXT)))).toEqual(TEXT)
    const theirs = compressFrameSync(Buffer.from('small enough for one block'))
    expect(String(decompress(core, 'lz4', theirs))).toBe('small enough for one block')
  })

  test.each(['gzip', 'zstd'] as const)('%s in several members or frames', (codec) => {
    const parts = [TEXT.subarray(0, 100), TEXT.subarray(100, 90_000), TEXT.subarray(90_000)]
    const packed = Buffer.concat(parts.map((part) => compress(core, codec, part)))
    expect(Buffer.from(decompress(core, codec, packed))).toEqual(TEXT)
    expect(() => decompress(core, codec, packed, TEXT.byteLength - 1)).toThrow(/MESSAGE_TOO_LARGE/)
  })

  test('zstd that does not say how much it holds', () => {
    const streamed = withoutContentSize(zstdCompressSync(TEXT))
    expect(Buffer.from(decompress(core, 'zstd', streamed))).toEqual(TEXT)
  })

  test('zstd with rubbish behind it is corrupt', () => {
    const packed = Buffer.concat([compress(core, 'zstd', TEXT), Buffer.from('rubbish')])
    expect(() => decompress(core, 'zstd', packed)).toThrow(/CORRUPT_MESSAGE/)
  })
})

describe('bombs', () => {
  const GIGABYTE = 1024 * 1024 * 1024

  test('of zstd, a gigabyte in 32 KB, are refused, whether or not they say their size', () => {
    const bomb = zstdCompressSync(Buffer.alloc(GIGABYTE))
    expect(bomb.byteLength).toBeLessThan(40_000)
    expect(() => decompress(core, 'zstd', bomb)).toThrow(/MESSAGE_TOO_LARGE/)
    expect(() => decompress(core, 'zstd', withoutContentSize(bomb))).toThrow(/MESSAGE_TOO_LARGE/)
  })

  test('of gzip are refused, whether or not they say their size', () => {
    const bomb = gzipSync(Buffer.alloc(MAX_DECOMPRESSED_BYTES * 2), { level: 9 })
    expect(() => decompress(core, 'gzip', bomb)).toThrow(/MESSAGE_TOO_LARGE/)
    bomb.writeUInt32LE(10, bomb.byteLength - 4)
    expect(() => decompress(core, 'gzip', bomb)).toThrow(/MESSAGE_TOO_LARGE/)
  })

  test('of snappy that declare 2^31 bytes and more are refused before anything is made', () => {
    for (const declared of ['8080808008', 'ffffffff07', 'ffffffff0f']) {
      const bomb = Buffer.concat([Buffer.from(declared, 'hex'), Buffer.alloc(50)])
      expect(() => decompress(core, 'snappy', bomb)).toThrow(/MESSAGE_TOO_LARGE|CORRUPT_MESSAGE/)
    }
  })

  test('of lz4 that declare 2^31 bytes are refused before anything is made', () => {
    // Magic, flags with a content size, block descriptor, 2^31; then the header's checksum.
    const header = Buffer.from('04224d1868400000008000000000', 'hex')
    const checksum = (core.xxh32(header.subarray(4)) >>> 8) & 0xff
    const bomb = Buffer.concat([header, Buffer.of(checksum), Buffer.alloc(20)])
    expect(() => decompress(core, 'lz4', bomb)).toThrow(/MESSAGE_TOO_LARGE/)
  })

  test('of lz4 that unpack to more than the limit are refused', () => {
    const bomb = Buffer.concat(Array(3).fill(compress(core, 'lz4', Buffer.alloc(30 * 1024 * 1024))))
    expect(() => decompress(core, 'lz4', bomb)).toThrow(/MESSAGE_TOO_LARGE/)
  })
})

/**
 * A frame as a streaming encoder writes it, which does not know the size before: the header is
 * made anew with a window descriptor, the blocks stay.
 */
function withoutContentSize(frame: Buffer): Buffer {
  const descriptor = frame[4]!
  const singleSegment = (descriptor & 0x20) !== 0
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  const blocks = frame.subarray(5 + (singleSegment ? 0 : 1) + sizeBytes)
  // Window of 2^(10 + 17) bytes, the largest that decoders take without being told.
  const window = 17 << 3
  return Buffer.concat([frame.subarray(0, 4), Buffer.of(descriptor & 0x04, window), blocks])
}
