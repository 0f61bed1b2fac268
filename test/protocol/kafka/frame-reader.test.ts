// Primitives as they are read: known answers, and what is refused.

import { describe, expect, test } from 'vitest'
import { CrowdedMessage } from '../../../src/protocol/kafka/crowded-message.ts'
import { DecodeError } from '../../../src/protocol/kafka/decode-error.ts'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { HEAP_SLACK_BYTES, REQUEST_HEAP_FACTOR } from '../../../src/protocol/kafka/wire-limits.ts'

function classic(...bytes: number[]): FrameReader {
  return new FrameReader(Buffer.from(bytes))
}

function flexible(...bytes: number[]): FrameReader {
  const reader = classic(...bytes)
  reader.flexible = true
  return reader
}

function hex(text: string): FrameReader {
  return new FrameReader(Buffer.from(text, 'hex'))
}

describe('numbers', () => {
  test('are big-endian and signed where they say so', () => {
    expect(classic(0x80).int8()).toBe(-128)
    expect(classic(0xff, 0xfe).int16()).toBe(-2)
    expect(classic(0x7f, 0xff).int16()).toBe(32767)
    expect(hex('80000000').int32()).toBe(-2147483648)
    expect(hex('3ff8000000000000').float64()).toBe(1.5)
  })

  test.each([
    ['0000000000000000', 0],
    ['ffffffffffffffff', -1],
    ['00000000ffffffff', 4294967295],
    ['ffffffff00000000', -4294967296],
    ['001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['ffe0000000000001', Number.MIN_SAFE_INTEGER],
  ])('int64 %s is %i', (bytes, expected) => {
    expect(hex(bytes).int64()).toBe(expected)
    expect(hex(bytes).int64Clamped()).toBe(expected)
    expect(hex(bytes).int64Big()).toBe(BigInt(expected))
  })

  test.each([
    ['0020000000000000', Number.MAX_SAFE_INTEGER],
    ['7fffffffffffffff', Number.MAX_SAFE_INTEGER],
    ['8000000000000000', Number.MIN_SAFE_INTEGER],
    ['ffdfffffffffffff', Number.MIN_SAFE_INTEGER],
  ])('int64 %s is out of range, or clamped', (bytes, clamped) => {
    expect(() => hex(bytes).int64()).toThrow(DecodeError)
    expect(hex(bytes).int64Clamped()).toBe(clamped)
  })

  // 300 is the example of the protocol buffers documentation.
  test.each([
    ['00', 0],
    ['7f', 127],
    ['ac02', 300],
    ['8080808008', 2 ** 31],
    ['ffffffff0f', 2 ** 32 - 1],
  ])('uvarint %s is %i', (bytes, expected) => {
    expect(hex(bytes).uvarint()).toBe(expected)
  })

  test.each(['', '80', 'ffffffff1f', '808080808001'])('uvarint %s is refused', (bytes) => {
    expect(() => hex(bytes).uvarint()).toThrow(DecodeError)
  })
})

describe('text and bytes', () => {
  test('have a length, or a length and one, or are null', () => {
    expect(classic(0, 2, 0x68, 0x69).string()).toBe('hi')
    expect(flexible(3, 0x68, 0x69).string()).toBe('hi')
    expect(classic(0xff, 0xff).nullableString()).toBeNull()
    expect(flexible(0).nullableString()).toBeNull()
    expect(flexible(1).nullableString()).toBe('')
    expect(flexible(0, 1, 0x61).classicNullableString()).toBe('a')
    expect(classic(0, 0, 0, 1, 7).bytes()).toEqual(Buffer.of(7))
    expect(flexible(2, 7).bytes()).toEqual(Buffer.of(7))
    expect(classic(0xff, 0xff, 0xff, 0xff).nullableBytes()).toBeNull()
    expect(flexible(0).nullableBytes()).toBeNull()
  })

  test.each(['é', '漢字', 'short é', 'x'.repeat(13), `${'x'.repeat(40)}🎉`])(
    '%s is text',
    (text) => {
      const bytes = Buffer.from(text)
      expect(flexible(bytes.byteLength + 1, ...bytes).string()).toBe(text)
    },
  )

  test('are refused when null where they may not be', () => {
    expect(() => classic(0xff, 0xff).string()).toThrow(/null/)
    expect(() => flexible(0).string()).toThrow(/null/)
    expect(() => classic(0xff, 0xff, 0xff, 0xff).bytes()).toThrow(/null/)
    expect(() => flexible(0).arrayCount(1, 1)).toThrow(/null/)
  })

  test('are refused when they are longer than the frame, or than a string may be', () => {
    expect(() => classic(0, 3, 0x61).string()).toThrow(/ends too early/)
    expect(() => hex('7fffffff').bytes()).toThrow(/ends too early/)
    const long = new FrameReader(
      Buffer.concat([Buffer.from('808003', 'hex'), Buffer.alloc(50_000)]),
    )
    long.flexible = true
    expect(() => long.string()).toThrow(/a string of 49151 bytes/)
  })

  test('bytes are a view over the frame, not a copy', () => {
    const frame = Buffer.of(0, 0, 0, 2, 5, 6)
    const view = new FrameReader(frame).bytes()
    frame[4] = 9
    expect(view).toEqual(Buffer.of(9, 6))
  })

  test('a part of a buffer is read as if nothing stood around it', () => {
    const reader = new FrameReader(Buffer.of(9, 9, 0, 1, 0x61, 0x62), 2, 5)
    expect(reader.string()).toBe('a')
    expect(reader.remaining).toBe(0)
    expect(() => reader.int8()).toThrow(DecodeError)
  })
})

describe('arrays', () => {
  test('are counted, or null', () => {
    expect(hex('0000000201020304').arrayCount(2, 8)).toBe(2)
    expect(flexible(3, 1, 2).arrayCount(1, 8)).toBe(2)
    expect(hex('ffffffff').nullableArrayCount(1, 8)).toBe(-1)
    expect(flexible(0).nullableArrayCount(1, 8)).toBe(-1)
  })

  test('are refused before anything is allocated when the frame cannot hold them', () => {
    expect(() => hex('0000000201020304').arrayCount(3, 8)).toThrow(/beyond the frame/)
    expect(() => hex('000f4241').arrayCount(1, 8)).toThrow(/1000001 elements/)
    expect(() => hex('7fffffff').arrayCount(1, 8)).toThrow(/2147483647 elements/)
    expect(() => hex('ffffffff0f').arrayCount(1, 8)).toThrow(/null/)
  })

  test('are a crowd when they have more elements together than are read at once', () => {
    const crowd = hex(`0000000200000003${'00'.repeat(3)}`)
    crowd.limitElements(4)
    expect(crowd.arrayCount(1, 8)).toBe(2)
    expect(() => crowd.arrayCount(1, 8)).toThrow(CrowdedMessage)
    // What can't be is no crowd.
    const beyond = hex('00000003')
    beyond.limitElements(2)
    expect(() => beyond.arrayCount(1, 8)).toThrow(DecodeError)
  })

  test('are refused when their elements would take more heap than the frame justifies', () => {
    const frame = Buffer.alloc(100_004)
    frame.writeInt32BE(100_000, 0)
    const allowed = (frame.byteLength * REQUEST_HEAP_FACTOR + HEAP_SLACK_BYTES - 48) / 100_000
    expect(new FrameReader(frame).arrayCount(1, Math.floor(allowed))).toBe(100_000)
    expect(() => new FrameReader(frame).arrayCount(1, Math.ceil(allowed))).toThrow(/memory/)
    expect(FrameReader.ofResponse(frame).arrayCount(1, Math.ceil(allowed))).toBe(100_000)
  })
})

describe('tagged fields', () => {
  test('that are not known are skipped', () => {
    const reader = flexible(2, 5, 3, 1, 2, 3, 6, 0, 42)
    reader.skipTags()
    expect(reader.int8()).toBe(42)
  })

  test('there are none in classic versions', () => {
    const reader = classic(7)
    reader.skipTags()
    expect(reader.int8()).toBe(7)
  })

  test('shut the reader up in them', () => {
    const reader = flexible(2, 8, 9, 10)
    const end = reader.enterTag()
    reader.int8()
    reader.int8()
    expect(() => reader.int8()).toThrow(/ends too early/)
    reader.leaveTag(end)
    expect(reader.int8()).toBe(10)
  })

  test('are refused when there are too many, when they are too long or their value is too short', () => {
    expect(() => hex('914e').tagCount()).toThrow(/10001 tagged fields/)
    expect(() => flexible(3, 0, 0).skipTags()).toThrow(/beyond the frame/)
    expect(() => flexible(1, 0, 5, 1).skipTags()).toThrow(/ends too early/)
    expect(() => flexible(5, 1).enterTag()).toThrow(/beyond the frame/)
    const reader = flexible(2, 1, 1)
    const end = reader.enterTag()
    reader.int8()
    expect(() => reader.leaveTag(end)).toThrow(/longer than its value/)
  })
})

test('an error says where the reader stood', () => {
  const reader = hex('0001')
  reader.int16()
  expect(() => reader.int32()).toThrow(expect.objectContaining({ positionBytes: 2 }))
})
