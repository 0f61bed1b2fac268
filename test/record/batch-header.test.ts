// The header of a batch, and the integers and varints that batches are made of.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  batchSizeOf,
  hasValidCrc,
  lastOffsetOf,
  readBatchHeader,
  setBaseOffset,
  setLeaderEpoch,
  setMaxTimestamp,
} from '../../src/record/batch-header.ts'
import { readInt64, writeInt64 } from '../../src/record/integers.ts'
import { BASE_OFFSET, CRC, PARTITION_LEADER_EPOCH, RECORDS } from '../../src/record/layout.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from '../../src/record/varint.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { batchOf } from '../support/batches.ts'
import { KAFKA_BATCHES } from './kafka-batches.ts'

const core = StorageCore.load()
const SAFE = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })

test('the header of a batch of Kafka has these fields', () => {
  const bytes = Buffer.from(KAFKA_BATCHES.none, 'hex')
  expect(readBatchHeader(bytes)).toEqual({
    baseOffset: 0,
    sizeBytes: bytes.byteLength,
    leaderEpoch: 7,
    magic: 2,
    crc: 0xc312dd6c,
    attributes: 0,
    lastOffsetDelta: 2,
    baseTimestamp: 1000,
    maxTimestamp: 5_000_000_000_000,
    producerId: 4711,
    producerEpoch: 3,
    baseSequence: 9,
    recordCount: 3,
  })
})

test('fields are found at any place in larger bytes', () => {
  const batch = batchOf(3, 10, { baseOffset: 2 ** 52, leaderEpoch: 9, timestamp: 123 })
  const larger = Buffer.concat([Buffer.alloc(33, 0xff), batch, Buffer.alloc(5, 0xff)])
  expect(readBatchHeader(larger, 33)).toEqual(readBatchHeader(batch))
  expect(lastOffsetOf(larger, 33)).toBe(2 ** 52 + 2)
  expect(hasValidCrc(core, larger, 33)).toBe(true)
})

test('a header that is not all there, or does not fit a number, is damage', () => {
  const bytes = batchOf(1, 10)
  expect(() => readBatchHeader(bytes.subarray(0, RECORDS - 1))).toThrow(/CORRUPT_MESSAGE/)
  bytes.writeBigInt64BE(2n ** 53n, BASE_OFFSET)
  expect(() => readBatchHeader(bytes)).toThrow(/CORRUPT_MESSAGE/)
})

describe('the broker', () => {
  test('assigns offset and epoch outside the checksum, and touches nothing else', () => {
    const bytes = batchOf(3, 10)
    const before = Buffer.from(bytes)
    setBaseOffset(bytes, 2 ** 53 - 10)
    setLeaderEpoch(bytes, 2 ** 31 - 1)
    expect(hasValidCrc(core, bytes)).toBe(true)
    expect(readBatchHeader(bytes)).toMatchObject({
      baseOffset: 2 ** 53 - 10,
      leaderEpoch: 2 ** 31 - 1,
    })
    setBaseOffset(bytes, 0)
    setLeaderEpoch(bytes, -1)
    expect(bytes).toEqual(before)
    expect(PARTITION_LEADER_EPOCH).toBeLessThan(CRC)
  })

  test('stamps its time and takes it back, with a checksum that fits', () => {
    const batch = batchOf(3, 10, { attributes: 0x14, timestamp: 50 })
    const larger = Buffer.concat([Buffer.alloc(7), batch, Buffer.alloc(7)])
    setMaxTimestamp(core, larger, 'LogAppendTime', 1_700_000_000_000, 7)
    expect(readBatchHeader(larger, 7)).toMatchObject({
      attributes: 0x1c,
      maxTimestamp: 1_700_000_000_000,
    })
    expect(hasValidCrc(core, larger, 7)).toBe(true)
    setMaxTimestamp(core, larger, 'CreateTime', 50, 7)
    expect(larger.subarray(7, 7 + batchSizeOf(larger, 7))).toEqual(batch)
  })
})

describe('integers', () => {
  test('of 64 bits are written and read as the runtime does it', () => {
    fc.assert(
      fc.property(SAFE, (value) => {
        const bytes = Buffer.alloc(8)
        writeInt64(bytes, 0, value)
        expect(bytes.readBigInt64BE(0)).toBe(BigInt(value))
        expect(readInt64(bytes, 0)).toBe(value)
      }),
    )
  })

  test.each([2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])(
    'beyond ±(2^53 - 1) are refused: %s',
    (value) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64BE(value)
      expect(() => readInt64(bytes, 0)).toThrow(/CORRUPT_MESSAGE/)
    },
  )
})

describe('varints', () => {
  // Known answers: apache/kafka, ByteUtilsTest.testUnsignedVarintSerde and testVarintSerde.
  test.each([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [63, '7e'],
    [-64, '7f'],
    [64, '8001'],
    [-65, '8101'],
    [8191, 'fe7f'],
    [-8192, 'ff7f'],
    [8192, '808001'],
    [2_147_483_647, 'feffffff0f'],
    [-2_147_483_648, 'ffffffff0f'],
  ])('%i is %s', (value, hex) => {
    for (const [write, size] of [
      [writeVarint, varintSize],
      [writeVarlong, varlongSize],
    ] as const) {
      const bytes = Buffer.alloc(10)
      const end = write(bytes, 0, value)
      expect(bytes.subarray(0, end).toString('hex')).toBe(hex)
      expect(size(value)).toBe(end)
    }
  })

  test('of 64 bits agree with arithmetic on big integers', () => {
    fc.assert(
      fc.property(fc.oneof(SAFE, fc.integer()), (value) => {
        const bytes = Buffer.alloc(10)
        const end = writeVarlong(bytes, 0, value)
        expect(bytes.subarray(0, end)).toEqual(zigzag(BigInt(value)))
        expect(varlongSize(value)).toBe(end)
      }),
      { numRuns: 2000 },
    )
  })
})

function zigzag(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}
