// Primitives as they are written, and how frames are cut into parts.

import { describe, expect, test } from 'vitest'
import { CrowdedMessage } from '../../../src/protocol/kafka/crowded-message.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'

function written(write: (writer: FrameWriter) => void, slabBytes = 64): string {
  return new FrameWriter(slabBytes).collect(write).toString('hex')
}

function flexible(write: (writer: FrameWriter) => void): string {
  return written((writer) => {
    writer.flexible = true
    write(writer)
  })
}

describe('numbers', () => {
  test('are big-endian', () => {
    expect(written((w) => w.int8(-128))).toBe('80')
    expect(written((w) => w.int16(-2))).toBe('fffe')
    expect(written((w) => w.int32(-2147483648))).toBe('80000000')
    expect(written((w) => w.float64(1.5))).toBe('3ff8000000000000')
    expect(written((w) => w.int64Big(-2n))).toBe('fffffffffffffffe')
  })

  test.each([
    [0, '0000000000000000'],
    [-1, 'ffffffffffffffff'],
    [-4294967296, 'ffffffff00000000'],
    [Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
    [Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
  ])('int64 %i', (value, expected) => {
    expect(written((w) => w.int64(value))).toBe(expected)
  })

  test.each([
    [0, '00'],
    [127, '7f'],
    [300, 'ac02'],
    [2 ** 31, '8080808008'],
    [2 ** 32 - 1, 'ffffffff0f'],
  ])('uvarint %i', (value, expected) => {
    expect(written((w) => w.uvarint(value))).toBe(expected)
  })

  test('out of their range are bugs', () => {
    expect(() => written((w) => w.int8(128))).toThrow()
    expect(() => written((w) => w.int16(32768))).toThrow()
    expect(() => written((w) => w.int32(2 ** 31))).toThrow()
    expect(() => written((w) => w.int32(0.5))).toThrow()
    expect(() => written((w) => w.int64(2 ** 53))).toThrow()
    expect(() => written((w) => w.uuid('AAAA'))).toThrow()
  })
})

describe('text, bytes, arrays', () => {
  test('have a length, or a length and one, or are null', () => {
    expect(written((w) => w.string('hé'))).toBe('000368c3a9')
    expect(flexible((w) => w.string('hé'))).toBe('0468c3a9')
    expect(written((w) => w.nullableString(null))).toBe('ffff')
    expect(flexible((w) => w.nullableString(null))).toBe('00')
    expect(flexible((w) => w.classicNullableString('a'))).toBe('000161')
    expect(written((w) => w.nullableBytes(null))).toBe('ffffffff')
    expect(flexible((w) => w.nullableBytes(Buffer.of(1)))).toBe('0201')
    expect(written((w) => w.arrayCount(2))).toBe('00000002')
    expect(flexible((w) => w.nullArray())).toBe('00')
  })

  test('a string above 32,767 bytes is refused', () => {
    expect(() => written((w) => w.string('x'.repeat(32_768)))).toThrow(/INVALID_REQUEST/)
  })
})

describe('tagged fields', () => {
  test.each([0, 1, 127, 128, 300, 20_000])('of %i bytes have their size before them', (size) => {
    const value = Buffer.alloc(size, 7)
    const bytes = new FrameWriter(64).collect((w) => {
      const begun = w.beginTag(5)
      for (const byte of value) w.int8(byte)
      w.endTag(begun)
      w.int8(9)
    })
    const sizeBytes = new FrameWriter(8).collect((w) => w.uvarint(size))
    expect(bytes).toEqual(Buffer.concat([Buffer.of(5), sizeBytes, value, Buffer.of(9)]))
  })

  test('may stand in each other', () => {
    const bytes = new FrameWriter(16).collect((w) => {
      const outer = w.beginTag(0)
      const inner = w.beginTag(1)
      for (let n = 0; n < 150; n++) w.int8(3)
      w.endTag(inner)
      w.endTag(outer)
    })
    const inner = Buffer.concat([Buffer.from('019601', 'hex'), Buffer.alloc(150, 3)])
    expect(bytes).toEqual(Buffer.concat([Buffer.from('009901', 'hex'), inner]))
  })
})

describe('frames', () => {
  const records = Buffer.alloc(5000, 1)

  test('leave records where they are, as a part of their own', () => {
    const writer = new FrameWriter(256)
    writer.beginFrame()
    writer.int16(1)
    writer.nullableRecords(records)
    writer.int16(2)
    const parts = writer.endFrame()
    expect(parts.map((part) => part.byteLength)).toEqual([10, 5000, 2])
    expect(parts[1]).toBe(records)
    expect(Buffer.concat(parts).readInt32BE(0)).toBe(Buffer.concat(parts).byteLength - 4)
  })

  test('copy small records', () => {
    const writer = new FrameWriter(256)
    writer.beginFrame()
    writer.nullableRecords(Buffer.alloc(100, 1))
    expect(writer.endFrame()).toHaveLength(1)
  })

  test('that were handed out stay as they are while more are written', () => {
    const writer = new FrameWriter(256)
    const frames = Array.from({ length: 100 }, (_, n) => {
      writer.beginFrame()
      writer.string(`frame ${n}`)
      return writer.endFrame()
    })
    for (const [n, parts] of frames.entries()) {
      expect(Buffer.concat(parts).subarray(6).toString()).toBe(`frame ${n}`)
    }
  })

  test('lie in the same memory again after rewind', () => {
    const writer = new FrameWriter(256)
    const [first, second] = [1, 2].map((value) => {
      writer.rewind()
      writer.beginFrame()
      writer.int8(value)
      return writer.endFrame()[0]!
    })
    expect(first!.byteOffset).toBe(second!.byteOffset)
    expect(first!.buffer).toBe(second!.buffer)
  })

  test('are whole when they outgrow the slab, and after one that failed', () => {
    const writer = new FrameWriter(16)
    writer.beginFrame()
    writer.nullableRecords(records)
    expect(() => writer.string('x'.repeat(40_000))).toThrow()
    writer.beginFrame()
    for (let n = 0; n < 1000; n++) writer.int32(n)
    const whole = Buffer.concat(writer.endFrame())
    expect(whole.byteLength).toBe(4004)
    expect(whole.readInt32BE(0)).toBe(4000)
    expect(whole.readInt32BE(4000)).toBe(999)
  })
})

describe('in steps', () => {
  test('a frame is the same, in parts that are not copied again and again', () => {
    const writer = new FrameWriter(1_024)
    writer.beginFrame()
    for (let number = 0; number < 10_000; number++) {
      writer.int32(number)
      writer.due()
    }
    const parts = writer.endFrame()
    const whole = Buffer.concat(parts)
    expect(whole.readInt32BE(0)).toBe(40_000)
    for (let number = 0; number < 10_000; number++) {
      expect(whole.readInt32BE(4 + 4 * number)).toBe(number)
    }
    // A part that had grown with the frame would have been copied to ever larger slabs.
    expect(Math.max(...parts.map(({ byteLength }) => byteLength))).toBeLessThan(1_024)
  })

  test('a step in 64 is one to look at the clock, and none of them cuts a tagged field', () => {
    const writer = new FrameWriter(256)
    let due = 0
    const whole = writer.collect((into) => {
      into.flexible = true
      const begun = into.beginTag(0)
      for (let number = 0; number < 640; number++) {
        into.int8(1)
        if (into.due()) due += 1
      }
      into.endTag(begun)
    })
    expect(due).toBe(10)
    expect(whole.subarray(0, 4).toString('hex')).toBe('00800501')
    expect(whole.byteLength).toBe(643)
  })

  test('a frame with more elements than are written at once is a crowd, and the next one is not', () => {
    const writer = new FrameWriter()
    writer.maxElements = 3
    writer.beginFrame()
    writer.arrayCount(2)
    expect(() => writer.arrayCount(2)).toThrow(CrowdedMessage)
    writer.beginFrame()
    writer.arrayCount(3)
    expect(Buffer.concat(writer.endFrame()).toString('hex')).toBe('0000000400000003')
  })
})
