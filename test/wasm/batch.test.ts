// Validation of whole record batches by the core: good ones pass with their findings, and each kind of
// damage is named. A plain walk in TypeScript (plain-walk.ts) is the second opinion.

import { describe, expect, test } from 'vitest'
import { BATCH_FAULTS, BatchCheck, batchFaultName } from '../../src/wasm/batch-check.ts'
import { INPUT_BYTES } from '../../src/wasm/core-module.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { batchAround, batchOf, recordBytes, varint, withCrc } from './batch-bytes.ts'
import type { PlainFields, PlainRecord } from './batch-bytes.ts'
import { GuardedCore } from './guarded-core.ts'
import { plainWalk } from './plain-walk.ts'

const core = StorageCore.load()
const check = new BatchCheck()

function produced(bytes: Uint8Array): string {
  return batchFaultName(core.validateBatch(bytes, check))
}

function stored(bytes: Uint8Array, availableBytes = bytes.byteLength): string {
  return batchFaultName(core.validateBatchAt(core.stage(bytes), availableBytes, check))
}

function headerOnly(bytes: Uint8Array): string {
  return batchFaultName(core.checkBatchHeaderAt(core.stage(bytes), bytes.byteLength, check))
}

const KEY = Buffer.from('key')
const VALUE = Buffer.from('a value')

function plainRecords(count: number): PlainRecord[] {
  return Array.from({ length: count }, (_, offsetDelta) => {
    return { offsetDelta, timestampDelta: offsetDelta * 3, key: KEY, value: VALUE }
  })
}

/** A batch whose records section is given as it is. */
function around(section: Buffer, recordCount: number, fields: PlainFields = {}): Buffer {
  return batchAround(section, {
    baseOffset: 0n,
    partitionLeaderEpoch: -1,
    attributes: 0,
    lastOffsetDelta: recordCount - 1,
    baseTimestamp: 1000n,
    maxTimestamp: 1000n,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount,
    ...fields,
  })
}

describe('a good batch', () => {
  test('passes, and its header and findings are reported', () => {
    const records = plainRecords(5)
    records[2] = { ...records[2]!, timestampDelta: 40, key: null }
    const batch = batchOf(records, {
      baseOffset: 2n ** 52n,
      partitionLeaderEpoch: 7,
      producerId: 2n ** 53n - 1n,
      producerEpoch: 32_767,
      baseSequence: 2 ** 31 - 1,
      attributes: 0x18,
    })

    expect(produced(batch)).toBe('none')
    expect(check).toEqual(
      Object.assign(new BatchCheck(), {
        sizeBytes: batch.byteLength,
        baseOffset: 2 ** 52,
        partitionLeaderEpoch: 7,
        crc: batch.readUInt32BE(17),
        attributes: 0x18,
        lastOffsetDelta: 4,
        baseTimestamp: 1_700_000_000_000,
        maxTimestamp: 1_700_000_000_040,
        producerId: Number.MAX_SAFE_INTEGER,
        producerEpoch: 32_767,
        baseSequence: 2 ** 31 - 1,
        recordCount: 5,
        walked: true,
        nullKeys: true,
        foundMaxTimestamp: 1_700_000_000_040,
        foundMaxTimestampDelta: 2,
      }),
    )
  })

  test('reports the first of several records with the largest timestamp', () => {
    const records = plainRecords(4).map((record) => ({ ...record, timestampDelta: -5 }))
    expect(produced(batchOf(records))).toBe('none')
    expect(check.foundMaxTimestamp).toBe(1_699_999_999_995)
    expect(check.foundMaxTimestampDelta).toBe(0)
    expect(check.nullKeys).toBe(false)
  })

  test('may carry a max timestamp that no record has', () => {
    expect(produced(batchOf(plainRecords(2), { maxTimestamp: 99n }))).toBe('none')
    expect(check.maxTimestamp).toBe(99)
    expect(check.foundMaxTimestamp).toBe(1_700_000_000_003)
  })

  test('of any shape passes: null and empty fields, headers, sizes at every varint border', () => {
    const sizes = [0, 1, 62, 63, 64, 65, 8_190, 8_191, 8_192, 8_193, 1_048_575, 1_048_577]
    const records = sizes.flatMap((size): Omit<PlainRecord, 'offsetDelta'>[] => [
      { key: null, value: Buffer.alloc(size, 'v') },
      { key: Buffer.alloc(size, 'k'), value: null },
      { key: Buffer.alloc(size), value: Buffer.alloc(0), headers: [{ key: KEY, value: null }] },
      { key: KEY, value: VALUE, headers: [{ key: Buffer.alloc(size), value: Buffer.alloc(size) }] },
    ])
    const numbered = records.map((record, offsetDelta) => ({ ...record, offsetDelta }))
    expect(produced(batchOf(numbered))).toBe('none')
    expect(check.recordCount).toBe(48)
  })

  test('of 20,000 records passes, at every length of an offset delta', () => {
    expect(produced(batchOf(plainRecords(20_000)))).toBe('none')
    expect(check.foundMaxTimestampDelta).toBe(19_999)
  })

  test('passes without a walk when it is compressed', () => {
    for (const codec of [1, 2, 3, 4]) {
      expect(produced(around(Buffer.from('packed'), 3, { attributes: codec }))).toBe('none')
      expect(check.walked).toBe(false)
      expect(check.foundMaxTimestamp).toBe(-1)
    }
  })
})

describe('a damaged batch', () => {
  const batch = batchOf(plainRecords(3))

  test('is incomplete at every shorter length, and says what it needs', () => {
    for (let size = 0; size < batch.byteLength; size++) {
      expect(produced(batch.subarray(0, size)), `${size}`).toBe('incomplete')
      expect(check.sizeBytes, `${size}`).toBe(size < 12 ? 61 : batch.byteLength)
      expect(stored(batch, size)).toBe('incomplete')
    }
  })

  test('does not pass when any bit is changed, but for offset and leader epoch', () => {
    const free = new Set([...Array(8).keys(), 12, 13, 14, 15])
    for (let bit = 0; bit < batch.byteLength * 8; bit++) {
      const changed = Buffer.from(batch)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const fault = produced(changed)
      if (!free.has(bit >> 3)) expect(fault, `bit ${bit}`).not.toBe('none')
      else if (changed.readBigInt64BE(0) >> 53n === 0n) expect(fault, `bit ${bit}`).toBe('none')
      else expect(fault, `bit ${bit}`).toBe('range')
    }
  })

  test.each([0, 1, 3, 255])('of magic %i is named so', (magic) => {
    const other = Buffer.from(batch)
    other[16] = magic
    expect(produced(other)).toBe('magic')
    expect(stored(other, 17)).toBe('magic')
    expect(stored(other, 16)).toBe('incomplete')
  })

  test.each([-(2 ** 31), -1, 0, 48, 32 * 1024 * 1024 - 11, 2 ** 31 - 1])(
    'with a length field of %i is named so',
    (length) => {
      const other = Buffer.from(batch)
      other.writeInt32BE(length, 8)
      expect(produced(other)).toBe('length')
      expect(stored(other, 12)).toBe('length')
    },
  )

  test('with bytes behind it is refused from a producer, and fine in a log', () => {
    const two = Buffer.concat([batch, batch])
    expect(produced(two)).toBe('trailing')
    expect(stored(two)).toBe('none')
    expect(check.sizeBytes).toBe(batch.byteLength)
  })

  test('of more bytes than the core holds is refused for its length', () => {
    expect(produced(Buffer.alloc(INPUT_BYTES + 1))).toBe('length')
  })

  test.each([
    ['crc', 'a wrong checksum', (b: Buffer) => void b.writeUInt32BE(1, 17)],
    ['attributes', 'an unknown codec', (b: Buffer) => void withCrc(fill(b, 22, 5))],
    ['count', 'a negative count', (b: Buffer) => void withCrc(int32(b, 57, -1))],
    ['count', 'fewer records than deltas', (b: Buffer) => void withCrc(int32(b, 57, 2))],
    ['count', 'more deltas than records', (b: Buffer) => void withCrc(int32(b, 23, 3))],
    ['delta', 'a negative last delta', (b: Buffer) => void withCrc(int32(b, 23, -1))],
    ['range', 'a negative base offset', (b: Buffer) => void b.writeBigInt64BE(-1n, 0)],
    ['range', 'a last offset of 2^53', (b: Buffer) => void b.writeBigInt64BE(2n ** 53n - 2n, 0)],
    ['range', 'a base timestamp of 2^53', (b: Buffer) => void withCrc(int64(b, 27))],
    ['range', 'a max timestamp of 2^53', (b: Buffer) => void withCrc(int64(b, 35))],
    ['range', 'a producer id of 2^53', (b: Buffer) => void withCrc(int64(b, 43))],
  ])('is refused as %s for %s', (fault, _, change) => {
    const other = Buffer.from(batch)
    change(other)
    expect(produced(other)).toBe(fault)
  })

  test('without records is refused from a producer, and fine in a log', () => {
    const empty = batchOf([], { lastOffsetDelta: 4 })
    expect(produced(empty)).toBe('count')
    expect(produced(batchOf([], { lastOffsetDelta: 0 }))).toBe('count')
    expect(stored(empty)).toBe('none')
    expect(check).toMatchObject({ walked: true, foundMaxTimestamp: -1, foundMaxTimestampDelta: -1 })
  })

  test('with gaps is refused from a producer, and fine in a log while deltas rise', () => {
    const gaps = [1, 4, 9].map((offsetDelta) => ({ offsetDelta, key: KEY, value: VALUE }))
    const thinned = batchOf(gaps, { lastOffsetDelta: 12 })
    expect(produced(thinned)).toBe('count')
    expect(produced(batchOf(gaps, { lastOffsetDelta: 2 }))).toBe('delta')
    expect(stored(thinned)).toBe('none')
    expect(stored(batchOf(gaps, { lastOffsetDelta: 8 }))).toBe('delta')
    expect(stored(batchOf(gaps.toReversed(), { lastOffsetDelta: 12 }))).toBe('delta')
    expect(stored(batchOf([gaps[0]!, gaps[0]!], { lastOffsetDelta: 12 }))).toBe('delta')
    expect(stored(batchOf(plainRecords(3), { lastOffsetDelta: 1 }))).toBe('count')
  })

  test('of a header only is all that the cheap check looks at', () => {
    const broken = around(Buffer.from('not records'), 2)
    expect(headerOnly(broken)).toBe('none')
    expect(check.walked).toBe(false)
    expect(stored(broken)).not.toBe('none')
    const wrong = Buffer.from(broken)
    wrong[70]! ^= 1
    expect(headerOnly(wrong)).toBe('crc')
  })
})

function fill(batch: Buffer, at: number, byte: number): Buffer {
  batch[at] = byte
  return batch
}

function int32(batch: Buffer, at: number, value: number): Buffer {
  batch.writeInt32BE(value, at)
  return batch
}

function int64(batch: Buffer, at: number): Buffer {
  batch.writeBigInt64BE(2n ** 53n, at)
  return batch
}

describe('records', () => {
  const record = recordBytes({ offsetDelta: 0, key: KEY, value: VALUE })
  const body = (...parts: (Buffer | number)[]): Buffer => {
    const bytes = Buffer.concat(parts.map((p) => (typeof p === 'number' ? varint(p) : p)))
    return Buffer.concat([varint(bytes.byteLength), bytes])
  }
  const attributes = Buffer.of(0)
  const endless = Buffer.alloc(11, 0xff)
  const tooWide = Buffer.from('ffffffff1f', 'hex')

  test.each([
    ['count', 'fewer than promised', record, 2],
    ['trailing', 'a byte behind the last one', Buffer.concat([record, Buffer.of(0)]), 1],
    ['record', 'an empty record', Buffer.of(0), 1],
    ['record', 'a record of negative length', varint(-5), 1],
    ['record', 'a record whose length is the right one, negative', negated(record), 1],
    ['record', 'a record that leaves the batch', varint(500), 1],
    // Numbers of three bytes whose first two alone would lead to the end of the record, too.
    ['varint', 'a long key and no header count', body(attributes, 0, 0, 8192, longField(1), 0), 1],
    [
      'varint',
      'a long value and no header count',
      body(attributes, 0, 0, -1, 8192, longField(0)),
      1,
    ],
    ['varint', 'a length without end', endless, 1],
    ['varint', 'a length of 33 bits', tooWide, 1],
    ['varint', 'only attributes', body(attributes), 1],
    ['varint', 'a timestamp delta without end', body(attributes, endless), 1],
    ['varint', 'a timestamp delta of 2^60', body(attributes, varint(2n ** 60n), 0, -1, -1, 0), 1],
    ['varint', 'an offset delta without end', body(attributes, 0, endless), 1],
    ['delta', 'an offset delta that starts at 1', body(attributes, 0, 1, -1, -1, 0), 1],
    ['delta', 'a negative offset delta', body(attributes, 0, -1, -1, -1, 0), 1],
    ['record', 'a key length of -2', body(attributes, 0, 0, -2, -1, 0), 1],
    ['record', 'a key that leaves the record', body(attributes, 0, 0, 9, KEY, -1, 0), 1],
    ['varint', 'no value length', body(attributes, 0, 0, 3, KEY), 1],
    ['record', 'a value length of -2', body(attributes, 0, 0, -1, -2, 0), 1],
    ['record', 'a value that leaves the record', body(attributes, 0, 0, -1, 9, VALUE, 0), 1],
    ['varint', 'no header count', body(attributes, 0, 0, -1, -1), 1],
    ['record', 'a negative header count', body(attributes, 0, 0, -1, -1, -1), 1],
    ['record', 'more headers than bytes', body(attributes, 0, 0, -1, -1, 2, 0, -1), 1],
    ['record', 'a header with a null key', body(attributes, 0, 0, -1, -1, 1, -1, -1), 1],
    ['record', 'a header value length of -2', body(attributes, 0, 0, -1, -1, 1, 0, -2), 1],
    ['record', 'bytes behind its last field', body(attributes, 0, 0, -1, -1, 0, 0), 1],
    ['record', 'a record that ends inside a key', Buffer.concat([varint(6), record]), 1],
  ])('are refused as %s for %s', (fault, _, section, count) => {
    expect(produced(around(section, count))).toBe(fault)
    expect(stored(around(section, count))).toBe(fault)
    if (fault === 'count' || fault === 'trailing') return
    // Far from the end of the batch records are read in another way.
    const good = recordBytes({ offsetDelta: count, key: KEY, value: VALUE })
    expect(produced(around(Buffer.concat([section, good]), count + 1))).toBe(fault)
  })

  test('whose length has three bytes are not read as if it had two', () => {
    // Taken as two bytes the length is 8,192 as well, its third byte the attributes, and all fits.
    const value = Buffer.concat([varint(8_185), Buffer.alloc(8_185), Buffer.of(0)])
    const next = recordBytes({ offsetDelta: 1, key: KEY, value: VALUE })
    const section = Buffer.concat([Buffer.from('808001000001', 'hex'), value, next])
    expect(plainWalk(section, 2, 1, 0, true)).toBeNull()
    expect(produced(around(section, 2))).not.toBe('none')
  })

  test('whose offset delta has four bytes are not read as if it had three', () => {
    // The offset delta is 2^20 and the record lacks a header count. Its first three bytes alone
    // would make 2^20 as well, and a record with all fields.
    const count = 2 ** 20 + 2
    const before = manyRecords(count - 2)
    const next = recordBytes({ offsetDelta: count - 1, key: KEY, value: VALUE })
    const fields = '000080808001' // attributes, timestamp delta, offset delta
    const short = Buffer.from(`10${fields}0100`, 'hex')
    expect(produced(around(Buffer.concat([before, short, next]), count))).toBe('varint')
    const whole = Buffer.from(`12${fields}010000`, 'hex')
    expect(produced(around(Buffer.concat([before, whole, next]), count))).toBe('none')
  })

  test('whose timestamp delta leaves the range are refused, whatever the base', () => {
    const far = recordBytes({ timestampDelta: 2 ** 53, offsetDelta: 0, key: null, value: null })
    expect(produced(around(far, 1, { baseTimestamp: -(2n ** 53n) + 1n }))).toBe('varint')
  })

  test('whose timestamp leaves the range are refused', () => {
    const at = (timestampDelta: number): Buffer => {
      return recordBytes({ timestampDelta, offsetDelta: 0, key: null, value: null })
    }
    const max = 2n ** 53n - 1n
    expect(produced(around(at(0), 1, { baseTimestamp: max }))).toBe('none')
    expect(check.foundMaxTimestamp).toBe(Number.MAX_SAFE_INTEGER)
    expect(produced(around(at(1), 1, { baseTimestamp: max }))).toBe('range')
    expect(produced(around(at(-1), 1, { baseTimestamp: -max }))).toBe('range')
    const wide = Buffer.concat([at(1), Buffer.alloc(0)])
    expect(produced(around(wide, 1, { baseTimestamp: max - 1n }))).toBe('none')
  })

  test('are judged as by a plain reader, whatever one changes in them', () => {
    const random = new SeededRandom(41)
    let valid = 0
    for (let round = 0; round < 20_000; round++) {
      const [section, count, lastDelta] = randomSection(random)
      for (let change = random.below(3); change > 0 && section.byteLength > 0; change--) {
        const at = random.below(section.byteLength)
        section[at] = random.pick([0, 1, 2, 3, 0x7f, 0x80, 0xff, section[at]! ^ 0x80])
      }
      for (const contiguous of [true, false]) {
        const baseTimestamp = random.pick([0, -1, 1_700_000_000_000, Number.MAX_SAFE_INTEGER - 9])
        const expected =
          contiguous && count !== lastDelta + 1
            ? null
            : plainWalk(section, count, lastDelta, baseTimestamp, contiguous)
        const batch = around(section, count, {
          lastOffsetDelta: lastDelta,
          baseTimestamp: BigInt(baseTimestamp),
        })
        const where = `seed 41, round ${round}, ${batch.toString('hex')}`
        const fault = contiguous ? produced(batch) : stored(batch)
        expect(fault === 'none', where).toBe(expected !== null)
        if (expected === null) continue
        valid += 1
        expect(check.nullKeys, where).toBe(expected.nullKeys)
        expect(check.foundMaxTimestamp, where).toBe(expected.maxTimestamp)
        expect(check.foundMaxTimestampDelta, where).toBe(expected.maxTimestampDelta)
      }
    }
    expect(valid).toBeGreaterThan(10_000)
  })
})

/** A record with the length that it has, as a negative number. */
function negated(record: Buffer): Buffer {
  return Buffer.concat([varint(-record[0]! / 2 - 1), record.subarray(1)])
}

/** 8,192 bytes that end in a given one. */
function longField(last: number): Buffer {
  return fill(Buffer.alloc(8_192, 'x'), 8_191, last)
}

/** Records without key and value, one after the other, written quickly. */
function manyRecords(count: number): Buffer {
  const section = Buffer.alloc(count * 10)
  let at = 0
  for (let n = 0; n < count; n++) {
    const start = at++
    at += 2 // attributes and timestamp delta
    let raw = n * 2
    for (; raw >= 0x80; raw >>= 7) section[at++] = (raw & 0x7f) | 0x80
    section[at++] = raw
    section[at++] = 1
    section[at++] = 1
    at++ // header count
    section[start] = (at - start - 1) * 2
  }
  return section.subarray(0, at)
}

/** Some records, mostly as a producer writes them. @returns section, count, last offset delta */
function randomSection(random: SeededRandom): [Buffer, number, number] {
  const gaps = random.chance(0.2)
  const field = (): Buffer | null =>
    random.chance(0.2) ? null : random.bytes(random.below(random.pick([2, 12, 70, 200])))
  const records: PlainRecord[] = []
  let offsetDelta = gaps ? random.below(4) : 0
  for (let count = random.below(6); count >= 0; count--) {
    const headers = random.chance(0.2)
      ? Array.from({ length: random.below(3) }, () => ({ key: field() ?? KEY, value: field() }))
      : []
    const timestampDelta = random.pick([0, 1, -3, 63, 64, 9_000, -70_000, 10])
    records.push({ offsetDelta, timestampDelta, key: field(), value: field(), headers })
    offsetDelta += gaps ? 1 + random.below(3) : 1
  }
  const lastDelta = records.at(-1)!.offsetDelta + (gaps ? random.below(3) : 0)
  return [Buffer.concat(records.map(recordBytes)), records.length, lastDelta]
}

describe('decompressed records', () => {
  const records = plainRecords(4)
  const section = Buffer.concat(records.map(recordBytes))
  const packed = around(Buffer.from('packed'), 4, { attributes: 3 })

  test('are walked with the header of their batch', () => {
    expect(produced(packed)).toBe('none')
    expect(core.validateRecords(section, check)).toBe(BATCH_FAULTS.none)
    expect(check).toMatchObject({ walked: true, nullKeys: false, foundMaxTimestamp: 1009 })
    expect(check.foundMaxTimestampDelta).toBe(3)
  })

  test('that do not belong to the header are refused', () => {
    expect(produced(packed)).toBe('none')
    expect(core.validateRecords(section.subarray(0, -1), check)).toBe(BATCH_FAULTS.record)
    expect(check.walked).toBe(false)
    check.recordCount = 3
    expect(core.validateRecords(section, check)).toBe(BATCH_FAULTS.count)
    expect(core.validateStoredRecords(section, check)).toBe(BATCH_FAULTS.trailing)
  })

  test('larger than the largest batch are walked too', () => {
    const value = Buffer.alloc(40 * 1024 * 1024)
    const large = recordBytes({ offsetDelta: 0, key: null, value })
    expect(produced(around(Buffer.from('packed'), 1, { attributes: 3 }))).toBe('none')
    expect(core.validateRecords(large, check)).toBe(BATCH_FAULTS.none)
    expect(check.nullKeys).toBe(true)
  })
})

describe('batches in the input region', () => {
  test('are stepped over one by one, up to one that needs more bytes', () => {
    const batches = [3, 1, 200].map((count) => batchOf(plainRecords(count)))
    const run = Buffer.concat([...batches, batches[0]!.subarray(0, 50)])
    const address = core.stage(run)
    let at = 0
    for (const batch of batches) {
      expect(core.validateBatchAt(address + at, run.byteLength - at, check)).toBe(BATCH_FAULTS.none)
      expect(check.sizeBytes).toBe(batch.byteLength)
      at += check.sizeBytes
    }
    const fault = core.validateBatchAt(address + at, run.byteLength - at, check)
    expect(fault).toBe(BATCH_FAULTS.incomplete)
    expect(check.sizeBytes).toBe(batches[0]!.byteLength)
  })

  test('given as a view of the region are not copied', () => {
    const batch = batchOf(plainRecords(2))
    const view = core.input(100 + batch.byteLength).subarray(100)
    view.set(batch)
    expect(produced(view)).toBe('none')
    expect(core.crc32c(view.subarray(21))).toBe(batch.readUInt32BE(17))
    expect(view.equals(batch)).toBe(true)
  })
})

describe('reading', () => {
  const guarded = new GuardedCore()
  const MAX = 32 * 1024 * 1024

  test('stays within the bytes at hand, for every beginning of many batches', () => {
    const random = new SeededRandom(42)
    for (let round = 0; round < 150; round++) {
      const [section, count, lastOffsetDelta] = randomSection(random)
      const batch = around(section, count, { lastOffsetDelta })
      for (let size = 0; size <= batch.byteLength; size++) {
        const part = batch.subarray(0, size)
        const fault = guarded.kernel.checkBatch(guarded.atEnd(part), size, MAX, 1)
        expect(fault === 0, `seed 42, round ${round}`).toBe(size === batch.byteLength)
        const walked = guarded.atEnd(section.subarray(0, size))
        const records = Math.min(size, section.byteLength)
        guarded.kernel.checkRecords(walked, records, count, lastOffsetDelta, 0, 1)
      }
    }
  })

  test('stays within the bytes at hand, for noise that claims to be records', () => {
    const random = new SeededRandom(43)
    for (let round = 0; round < 20_000; round++) {
      const noise = random.bytes(random.below(60))
      const address = guarded.atEnd(noise)
      guarded.kernel.checkRecords(address, noise.byteLength, 3, 2, 0, random.between(1, 2))
    }
  })
})
