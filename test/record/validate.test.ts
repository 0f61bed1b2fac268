// What the broker asks of a produced batch, rule by rule.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import type { BuildOptions } from '../../src/record/batch-builder.ts'
import { decodeBatch, isIntact, splitBatches } from '../../src/record/batch-reader.ts'
import type { BatchView } from '../../src/record/batch-reader.ts'
import {
  ATTRIBUTES,
  BASE_OFFSET,
  BATCH_LENGTH,
  CODECS,
  CRC,
  LAST_OFFSET_DELTA,
  MAGIC,
  MAX_TIMESTAMP,
  PRODUCER_ID,
  RECORDS,
  RECORD_COUNT,
} from '../../src/record/layout.ts'
import type { CodecName } from '../../src/record/layout.ts'
import { validateProduced } from '../../src/record/validate.ts'
import type { ProduceRules } from '../../src/record/validate.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { batchOf, seal, testBatch } from '../support/batches.ts'

const core = StorageCore.load()
const NOW = 1_700_000_000_000
const HOUR = 3_600_000

const RULES: ProduceRules = {
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: HOUR,
  compacted: false,
  now: NOW,
}

type Row = readonly [key: string | null, value: string | null, timestamp?: number]

function batch(rows: readonly Row[], options: BuildOptions = {}): Buffer {
  const builder = new BatchBuilder(core, 1024 * 1024)
  for (const [key, value, timestamp = NOW] of rows) builder.append(key, value, timestamp)
  return Buffer.from(builder.build(options))
}

function refusal(bytes: Uint8Array, rules: Partial<ProduceRules> = {}): BrokerError {
  try {
    validateProduced(core, bytes, { ...RULES, ...rules })
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
  throw new Error('the batch was accepted')
}

function expectRefusal(
  bytes: Uint8Array,
  code: ErrorCode,
  facts: object = {},
  rules: Partial<ProduceRules> = {},
): void {
  const before = Buffer.from(bytes)
  const error = refusal(bytes, rules)
  expect(error.code).toBe(code)
  expect(error.facts).toMatchObject(facts)
  expect(before.equals(bytes), 'a refused batch stays as it was').toBe(true)
}

function view(bytes: Uint8Array): BatchView {
  return splitBatches(bytes).batches[0]!
}

const CODEC_NAMES = Object.keys(CODECS) as CodecName[]
const PACKED = CODEC_NAMES.filter((codec) => codec !== 'none')

describe.each(CODEC_NAMES)('a good batch with codec %s', (codec) => {
  test('is handed on as it is, with what storage needs to know', () => {
    const bytes = batch(
      [
        ['a', '1'],
        ['b', '2', NOW + 5],
        ['c', null, NOW - 7],
      ],
      { codec },
    )
    const before = Buffer.from(bytes)
    const validated = validateProduced(core, bytes, RULES)

    expect(validated.bytes).toBe(bytes)
    expect(bytes).toEqual(before)
    expect(validated).toMatchObject({ recordCount: 3, lastOffsetDelta: 2, maxTimestamp: NOW + 5 })
    expect(validated).toMatchObject({ codec, producerId: -1, producerEpoch: -1, baseSequence: -1 })
  })

  test('of an idempotent producer keeps its fields', () => {
    const producer = { producerId: 4711, producerEpoch: 3, baseSequence: 2 ** 31 - 1 }
    const bytes = batch([['a', '1']], { codec, ...producer })
    expect(validateProduced(core, bytes, RULES)).toMatchObject(producer)
  })
})

describe('size', () => {
  test('is that of the whole batch, and may be the limit itself', () => {
    const bytes = batchOf(1, 500)
    const maxMessageBytes = bytes.byteLength
    expect(validateProduced(core, bytes, { ...RULES, maxMessageBytes }).recordCount).toBe(1)
    const facts = { sizeBytes: maxMessageBytes, maxMessageBytes: maxMessageBytes - 1 }
    expectRefusal(bytes, 'MESSAGE_TOO_LARGE', facts, { maxMessageBytes: maxMessageBytes - 1 })
  })

  test('over what the core can hold is refused too', () => {
    const bytes = Buffer.alloc(33 * 1024 * 1024)
    bytes[MAGIC] = 2
    bytes.writeInt32BE(bytes.byteLength - 12, BATCH_LENGTH)
    expectRefusal(bytes, 'CORRUPT_MESSAGE', {}, { maxMessageBytes: 2 ** 31 })
  })

  test('below that of a header is damage', () => {
    for (let size = 0; size < RECORDS; size++) {
      expectRefusal(batchOf(1, 10).subarray(0, size), 'CORRUPT_MESSAGE')
    }
  })
})

describe('format', () => {
  test.each([0, 1])('magic %i is told what to send instead', (magic) => {
    // 18 bytes: a message set of those times may be shorter than a batch header.
    const bytes = Buffer.alloc(18)
    bytes[MAGIC] = magic
    expectRefusal(bytes, 'UNSUPPORTED_FOR_MESSAGE_FORMAT', { magic })
  })

  test('an unknown magic is damage', () => {
    const bytes = batchOf(1, 10)
    bytes[MAGIC] = 3
    expectRefusal(bytes, 'CORRUPT_MESSAGE', { magic: 3 })
  })

  test.each([5, 6, 7])('codec %i is not supported', (codec) => {
    const bytes = seal(testBatch({ attributes: codec }))
    expectRefusal(bytes, 'UNSUPPORTED_COMPRESSION_TYPE', { codec })
  })
})

describe('checksum and length', () => {
  test('a wrong checksum is damage', () => {
    const bytes = batchOf(2, 10)
    bytes[CRC] = bytes[CRC]! ^ 1
    expectRefusal(bytes, 'CORRUPT_MESSAGE', { fault: 'crc' })
  })

  test.each([-1, 0, 48, 1000, 2 ** 31 - 1])('a length of %i is damage', (length) => {
    const bytes = batchOf(2, 10)
    bytes.writeInt32BE(length, BATCH_LENGTH)
    expectRefusal(bytes, 'CORRUPT_MESSAGE')
  })

  test('a length one too short is damage, not a second batch', () => {
    const bytes = batchOf(2, 10)
    bytes.writeInt32BE(bytes.byteLength - 13, BATCH_LENGTH)
    expectRefusal(bytes, 'CORRUPT_MESSAGE')
  })

  test('two batches, or one and a rest, are refused as such', () => {
    const one = batchOf(2, 10)
    expectRefusal(Buffer.concat([one, one]), 'INVALID_RECORD', {
      message: expect.stringContaining('exactly one batch'),
    })
    expectRefusal(Buffer.concat([one, Buffer.alloc(1)]), 'INVALID_RECORD')
  })

  test('a negative base offset is damage', () => {
    const bytes = batchOf(2, 10)
    bytes.writeBigInt64BE(-1n, BASE_OFFSET)
    expectRefusal(bytes, 'CORRUPT_MESSAGE')
  })

  test('a 64-bit field that no number of ours holds is damage', () => {
    for (const field of [MAX_TIMESTAMP, PRODUCER_ID]) {
      const bytes = batchOf(2, 10)
      bytes.writeBigInt64BE(2n ** 60n, field)
      expectRefusal(seal(bytes), 'CORRUPT_MESSAGE', { fault: 'range' })
    }
  })
})

describe('counts', () => {
  test.each([
    [0, -1],
    [0, 0],
    [-1, -2],
    [3, 1],
    [1, 2],
    [2 ** 31 - 1, 2 ** 31 - 2],
  ])('a count of %i with a last offset delta of %i is refused', (count, delta) => {
    const bytes = batchOf(2, 10)
    bytes.writeInt32BE(count, RECORD_COUNT)
    bytes.writeInt32BE(delta, LAST_OFFSET_DELTA)
    expectRefusal(seal(bytes), 'INVALID_RECORD')
  })

  test('a batch without records is refused', () => {
    expectRefusal(testBatch({ records: [] }), 'INVALID_RECORD', { recordCount: 0 })
  })

  test('more or fewer records than counted are refused', () => {
    for (const count of [1, 3]) {
      const bytes = batchOf(2, 10)
      bytes.writeInt32BE(count, RECORD_COUNT)
      bytes.writeInt32BE(count - 1, LAST_OFFSET_DELTA)
      expectRefusal(seal(bytes), 'INVALID_RECORD')
    }
  })
})

describe('records', () => {
  // Records of 10-byte values take 17 bytes: length, attributes, time, offset, key, value, headers.
  test.each([
    ['a negative size', 17, 0x03],
    ['a size over the end', 17, 0xfe],
    ['an offset delta that repeats', 17 + 3, 0],
    ['an offset delta that leaves a gap', 17 + 3, 4],
    ['a negative offset delta', 17 + 3, 1],
    ['a key of size -2', 17 + 4, 3],
    ['a key over the end', 17 + 4, 0x7e],
    ['a value of size -2', 17 + 5, 3],
    ['a value over the end', 17 + 5, 0x7e],
    ['headers of a negative count', 17 + 16, 1],
    ['headers that are not there', 17 + 16, 2],
  ])('with %s are refused, and the record is named', (_, at, byte) => {
    const bytes = batchOf(3, 10)
    bytes[RECORDS + at] = byte
    expectRefusal(seal(bytes), 'INVALID_RECORD', { record: 1 })
  })

  test('of a compacted topic need keys, and the first without is named', () => {
    const rows: Row[] = [
      ['a', '1'],
      ['', 'empty is a key'],
      [null, '2'],
      [null, '3'],
    ]
    for (const codec of CODEC_NAMES) {
      const bytes = batch(rows, { codec })
      expectRefusal(bytes, 'INVALID_RECORD', { record: 2 }, { compacted: true })
      expect(validateProduced(core, bytes, RULES).recordCount).toBe(4)
    }
  })

  test.each(PACKED)('in %s are looked at only where a rule needs it', (codec) => {
    const bytes = batch(
      [
        ['a', '1'],
        ['b', '2'],
      ],
      { codec },
    )
    bytes.fill(0xee, RECORDS)
    seal(bytes)
    // Nobody asked what is in there, so nobody finds that it is rubbish.
    expect(validateProduced(core, bytes, RULES).recordCount).toBe(2)
    expectRefusal(bytes, 'CORRUPT_MESSAGE', { codec }, { compacted: true })
    expectRefusal(bytes, 'CORRUPT_MESSAGE', { codec }, { timestampBeforeMaxMs: HOUR })
  })

  test('in a compressed batch that lie are refused where they are looked at', () => {
    const rows: Row[] = [
      ['a', '1'],
      ['b', '2'],
    ]
    for (const codec of PACKED) {
      const bytes = batch(rows, { codec })
      bytes.writeInt32BE(3, RECORD_COUNT)
      bytes.writeInt32BE(2, LAST_OFFSET_DELTA)
      expectRefusal(seal(bytes), 'INVALID_RECORD', {}, { compacted: true })
    }
  })
})

describe('bits', () => {
  test.each([
    ['control', 0x20],
    ['control in a transaction', 0x30],
    ['delete horizon', 0x40],
  ])('that clients may not set: %s', (_, attributes) => {
    expectRefusal(testBatch({ attributes }), 'INVALID_RECORD')
  })

  test('a batch of a transaction needs a producer', () => {
    const producer = { producerId: 7, producerEpoch: 1, baseSequence: 0 }
    const bytes = testBatch({ attributes: 0x10, ...producer })
    const info = validateProduced(core, bytes, RULES)
    expect(info).toMatchObject({ ...producer, isTransactional: true })
    expectRefusal(testBatch({ attributes: 0x10 }), 'INVALID_RECORD')
  })

  test('the timestamp type of the broker is not for clients', () => {
    expectRefusal(testBatch({ attributes: 0x08 }), 'INVALID_TIMESTAMP')
  })

  test.each([
    [4711, -1, 0],
    [4711, 0, -1],
    [-2, 0, 0],
  ])(
    'producer id %i, epoch %i, sequence %i make no sense',
    (producerId, producerEpoch, baseSequence) => {
      const bytes = batch([['a', '1']], { producerId, producerEpoch, baseSequence })
      expectRefusal(bytes, 'INVALID_RECORD', { producerId, producerEpoch, baseSequence })
    },
  )
})

describe('time of the producer', () => {
  test('may lie at the bound, not after it', () => {
    for (const codec of CODEC_NAMES) {
      const rows = (late: number): Row[] => [
        ['a', '1'],
        ['b', '2', NOW + HOUR + late],
        ['c', '3'],
      ]
      expect(validateProduced(core, batch(rows(0), { codec }), RULES).maxTimestamp).toBe(NOW + HOUR)
      const where = codec === 'none' ? { record: 1 } : {}
      expectRefusal(batch(rows(1), { codec }), 'INVALID_TIMESTAMP', where)
    }
  })

  test('may lie at the bound, not before it; without a time it may', () => {
    for (const codec of CODEC_NAMES) {
      const rules = { timestampBeforeMaxMs: HOUR }
      const rows = (early: number): Row[] => [
        ['a', '1', -1],
        ['b', '2', NOW - HOUR - early],
      ]
      const good = batch(rows(0), { codec })
      expect(validateProduced(core, good, { ...RULES, ...rules }).recordCount).toBe(2)
      expectRefusal(batch(rows(1), { codec }), 'INVALID_TIMESTAMP', { record: 1 }, rules)
    }
  })

  test('in the header is set right where it is not that of the records', () => {
    const bytes = batch([
      ['a', '1', NOW - 9],
      ['b', '2', NOW - 3],
    ])
    bytes.writeBigInt64BE(BigInt(NOW - 500), MAX_TIMESTAMP)
    expect(validateProduced(core, seal(bytes), RULES).maxTimestamp).toBe(NOW - 3)
    expect(view(bytes).header.maxTimestamp).toBe(NOW - 3)
    expect(isIntact(core, view(bytes))).toBe(true)
  })

  test('does not hide behind the header', () => {
    const bytes = batch([
      ['a', '1'],
      ['b', '2', NOW + 2 * HOUR],
    ])
    bytes.writeBigInt64BE(BigInt(NOW), MAX_TIMESTAMP)
    expectRefusal(seal(bytes), 'INVALID_TIMESTAMP', { record: 1 })
  })
})

describe('time of the broker', () => {
  const rules: ProduceRules = { ...RULES, timestampType: 'LogAppendTime', now: NOW + 77 }

  test.each(CODEC_NAMES)('is stamped on a batch with codec %s, and the rest stays', (codec) => {
    const bytes = batch(
      [
        ['a', '1', 5],
        ['b', '2', NOW + 9 * HOUR],
      ],
      { codec },
    )
    const before = Buffer.from(bytes)
    expect(validateProduced(core, bytes, rules)).toMatchObject({ bytes, maxTimestamp: NOW + 77 })

    expect(view(bytes).header).toMatchObject({
      attributes: CODECS[codec] | 0x08,
      maxTimestamp: NOW + 77,
    })
    expect(isIntact(core, view(bytes))).toBe(true)
    expect(decodeBatch(core, view(bytes)).map((record) => record.timestamp)).toEqual([
      NOW + 77,
      NOW + 77,
    ])
    for (const [from, to] of [
      [0, CRC],
      [LAST_OFFSET_DELTA, MAX_TIMESTAMP],
      [PRODUCER_ID, bytes.length],
    ]) {
      expect(bytes.subarray(from, to)).toEqual(before.subarray(from, to))
    }
    expect(bytes[ATTRIBUTES]).toBe(0)
  })

  test('does not open what is compressed', () => {
    const bytes = batch([['a', '1']], { codec: 'gzip' })
    bytes.fill(0xee, RECORDS)
    expect(validateProduced(core, seal(bytes), rules).recordCount).toBe(1)
  })
})

describe('many batches', () => {
  test('do not see each other’s answers', () => {
    const nullKeys = batch([[null, '1', NOW + 5]])
    const packed = batch([['a', '1']], { codec: 'lz4' })
    expect(validateProduced(core, nullKeys, RULES).maxTimestamp).toBe(NOW + 5)
    expect(validateProduced(core, packed, { ...RULES, compacted: true }).maxTimestamp).toBe(NOW)
    expect(validateProduced(core, packed, RULES).maxTimestamp).toBe(NOW)
  })
})
