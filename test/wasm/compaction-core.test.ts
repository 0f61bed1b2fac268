// The kernels of compaction: which keys are remembered, which records stay, and what damaged records
// do to them.

import { describe, expect, test } from 'vitest'
import { CompactionCore, RecordsFault } from '../../src/wasm/compaction-core.ts'
import { INPUT, OUTPUT, instantiateCore } from '../../src/wasm/core-module.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { batchOf, recordBytes, type PlainRecord } from './batch-bytes.ts'

const SECRET = Buffer.from([...Array(16).keys()])
const BASE_OFFSET = 1_000

interface Batch {
  readonly records: readonly PlainRecord[]
  readonly frame: { baseOffset: number; lastOffsetDelta: number; recordCount: number }
}

/** Records with keys out of a few, gaps between offsets, and every kind of field. */
function randomBatch(random: SeededRandom, baseOffset: number, most = 60): Batch {
  const records: PlainRecord[] = []
  let offsetDelta = -1
  for (let count = random.below(most); count > 0; count--) {
    offsetDelta += random.between(1, random.pick([1, 1, 3, 200]))
    const key = random.chance(0.1) ? null : random.bytes(random.below(3))
    const headers = random.chance(0.2) ? [{ key: random.bytes(3), value: random.bytes(9) }] : []
    records.push({
      ...{ offsetDelta, key, headers },
      value: random.chance(0.3) ? null : random.bytes(random.below(200)),
      timestampDelta: random.between(-5_000, random.pick([0, 100, 3_000_000_000])),
    })
  }
  const lastOffsetDelta = Math.max(0, offsetDelta) + random.below(3)
  return { records, frame: { baseOffset, lastOffsetDelta, recordCount: records.length } }
}

/** The records of a batch, where the core can work on them. */
function staged(core: CompactionCore, { records }: Batch): Buffer {
  const bytes = Buffer.concat(records.map(recordBytes))
  core.input.set(bytes, 61)
  return core.input.subarray(61, 61 + bytes.byteLength)
}

function named(key: Uint8Array): string {
  return Buffer.from(key).toString('hex')
}

function keysOf(count: number, from = 0): Batch {
  const records = Array.from({ length: count }, (_, offsetDelta) => {
    return { offsetDelta, key: Buffer.from(`key-${from + offsetDelta}`), value: Buffer.of(1) }
  })
  const frame = { baseOffset: from, lastOffsetDelta: count - 1, recordCount: count }
  return { records, frame }
}

describe('the core of compaction', () => {
  test('keeps what a map of keys to their last offsets would keep', () => {
    const random = new SeededRandom(61)
    const core = new CompactionCore(64 * 1024, SECRET)
    for (let round = 0; round < 150; round++) {
      const where = `seed 61, round ${round}`
      core.clear()
      const batches: Batch[] = []
      let offset = BASE_OFFSET
      for (let count = random.between(1, 6); count > 0; count--) {
        const batch = randomBatch(random, offset, random.pick([3, 60, 1_500]))
        batches.push(batch)
        offset += batch.frame.lastOffsetDelta + 1
      }
      const fromOffset = random.between(BASE_OFFSET, offset)
      const endOffset = random.between(fromOffset, offset)
      const last = new Map<string, number>()
      for (const batch of batches) {
        const whole = batch.frame.baseOffset + batch.frame.lastOffsetDelta < endOffset
        if (!whole) continue // its keys may be entered or not: not entered here
        expect(core.enterKeys(staged(core, batch), batch.frame, fromOffset), where).toBeNull()
        for (const { key, offsetDelta } of batch.records) {
          const at = batch.frame.baseOffset + offsetDelta
          if (key !== null && at >= fromOffset) last.set(named(key), at)
        }
      }
      expect(core.keyCount, where).toBe(last.size)
      const dropTombstones = random.chance(0.5)
      for (const batch of batches) {
        const bytes = staged(core, batch)
        const kept = core.keepRecords(bytes, batch.frame, endOffset, dropTombstones)
        const expected = batch.records.filter(({ key, value, offsetDelta }) => {
          const at = batch.frame.baseOffset + offsetDelta
          if (at >= endOffset) return true
          if (key === null || (last.get(named(key)) ?? -1) > at) return false
          return value !== null || !dropTombstones
        })
        const isTombstone = ({ value, offsetDelta }: PlainRecord): boolean => {
          return value === null && batch.frame.baseOffset + offsetDelta < endOffset
        }
        expect(kept, where).toEqual({
          count: expected.length,
          sizeBytes: Buffer.concat(expected.map(recordBytes)).byteLength,
          maxTimestampDelta:
            expected.length === 0 ? 0 : Math.max(...expected.map((r) => r.timestampDelta!)),
          tombstones: expected.filter(isTombstone).length,
        })
        const left = bytes.subarray(0, kept.sizeBytes)
        expect(left.equals(Buffer.concat(expected.map(recordBytes))), where).toBe(true)
      }
    }
  })

  test('holds nine tenths of its slots, and then says which record did not fit', () => {
    const core = new CompactionCore(4096, SECRET)
    expect(core.capacity).toBe(Math.floor(Math.floor((4096 - 64) / 24) * 0.9))
    const full = keysOf(core.capacity + 5)
    expect(core.enterKeys(staged(core, full), full.frame, 0)).toBe(core.capacity)
    expect(core.keyCount).toBe(core.capacity)
    // What is there already fits all the same.
    const again = keysOf(core.capacity)
    expect(core.enterKeys(staged(core, again), again.frame, 0)).toBeNull()
    for (let round = 0; round < 3; round++) {
      core.clear()
      expect(core.keyCount).toBe(0)
      const other = keysOf(core.capacity, round * 1_000)
      expect(core.enterKeys(staged(core, other), other.frame, 0)).toBeNull()
    }
  })

  test('takes offsets up to 2^53 - 2, and lives apart from others', () => {
    const [one, other] = [new CompactionCore(8192, SECRET), new CompactionCore(8192, SECRET)]
    const baseOffset = Number.MAX_SAFE_INTEGER - 10
    const batch = keysOf(10)
    const frame = { ...batch.frame, baseOffset }
    one.enterKeys(staged(one, batch), frame, 0)
    const before = { ...frame, baseOffset: baseOffset - 1 }
    expect(one.keepRecords(staged(one, batch), before, baseOffset + 10, false).count).toBe(0)
    expect(one.keepRecords(staged(one, batch), frame, baseOffset + 10, false).count).toBe(10)
    expect(other.keepRecords(staged(other, batch), before, baseOffset + 10, false).count).toBe(10)
  })

  test('moves timestamps and nothing else', () => {
    const random = new SeededRandom(62)
    const core = new CompactionCore(4096, SECRET)
    for (let round = 0; round < 300; round++) {
      const batch = randomBatch(random, 0)
      const shift = random.pick([0, 1, -70, 86_400_000, -1_700_000_000_000, 2 ** 50])
      const shifted = batch.records.map((record) => {
        return recordBytes({ ...record, timestampDelta: record.timestampDelta! + shift })
      })
      const expected = Buffer.concat(shifted)
      const bytes = staged(core, batch)
      // Room is reckoned with a length of five bytes.
      const room = expected.byteLength + 4
      const found = core.shiftTimestamps(bytes, batch.records.length, shift, room)
      expect(found!.equals(expected), `seed 62, round ${round}`).toBe(true)
      if (expected.byteLength === 0) continue
      const less = core.shiftTimestamps(bytes, batch.records.length, shift, expected.byteLength - 1)
      expect(less).toBeNull()
    }
  })

  test('refuses records that contradict themselves, and reads nothing beyond them', () => {
    const random = new SeededRandom(63)
    const kernel = instantiateCore(4096)
    const memory = Buffer.from(kernel.memory.buffer)
    kernel.keyMapInit(OUTPUT, 2048, INPUT)
    let refused = 0
    for (let round = 0; round < 6_000; round++) {
      const batch = randomBatch(random, 0, 8)
      const { recordCount, lastOffsetDelta } = batch.frame
      const bytes = Buffer.concat(batch.records.map(recordBytes))
      for (let changes = random.below(3); changes > 0 && bytes.byteLength > 0; changes--) {
        bytes[random.below(bytes.byteLength)] = random.pick([0, 1, 0x7f, 0x80, 0xff])
      }
      const damaged = bytes.subarray(0, bytes.byteLength - random.below(Math.min(4, bytes.length)))
      // One byte more would lie outside the memory.
      const at = memory.byteLength - damaged.byteLength
      memory.set(damaged, at)
      const size = damaged.byteLength
      const put = kernel.keyMapPutRecords(OUTPUT, at, size, recordCount, lastOffsetDelta, 0, 0)
      kernel.shiftTimestamps(at, size, recordCount, 7, INPUT, 1_000)
      const kept = kernel.keepRecords(OUTPUT, at, size, recordCount, lastOffsetDelta, 0, 1e6, 0)
      expect(kept < 0, `seed 63, round ${round}`).toBe(put < 0)
      if (put < 0) refused += 1
      kernel.keyMapClear(OUTPUT)
    }
    expect(refused).toBeGreaterThan(1_000)
  })

  test('touches the keys of small batches, whatever they are, and changes nothing', () => {
    const random = new SeededRandom(64)
    const kernel = instantiateCore(4096)
    const memory = Buffer.from(kernel.memory.buffer)
    kernel.keyMapInit(OUTPUT, 2048, INPUT)
    let touchedAll = 0
    for (let round = 0; round < 3_000; round++) {
      const batches = Array.from({ length: random.below(6) }, () => {
        return batchOf(randomBatch(random, 0, 8).records)
      })
      const bytes = Buffer.concat(batches)
      for (let changes = random.below(3); changes > 0 && bytes.byteLength > 0; changes--) {
        bytes[random.below(bytes.byteLength)] = random.pick([0, 1, 0x7f, 0x80, 0xff])
      }
      const cut = bytes.subarray(0, bytes.byteLength - random.below(Math.min(90, bytes.length)))
      // One byte more would lie outside the memory.
      const at = memory.byteLength - cut.byteLength
      memory.set(cut, at)
      const map = Buffer.from(memory.subarray(OUTPUT, OUTPUT + 2048))
      const touched = kernel.touchKeys(OUTPUT, at, cut.byteLength)
      const where = `seed 64, round ${round}`
      expect(touched, where).toBeLessThanOrEqual(cut.byteLength)
      if (cut.byteLength > 0) expect(touched, where).toBeGreaterThan(0)
      if (touched === bytes.byteLength) touchedAll += 1
      expect(memory.subarray(at).equals(cut), where).toBe(true)
      expect(memory.subarray(OUTPUT, OUTPUT + 2048).equals(map), where).toBe(true)
    }
    expect(touchedAll).toBeGreaterThan(500)
  })

  test('touches up to the first large batch, and some hundred batches at a time', () => {
    const core = new CompactionCore(4096, SECRET)
    const small = batchOf(keysOf(1).records)
    const large = batchOf(keysOf(9).records)
    const touchedOf = (batches: readonly Buffer[]): number => {
      const bytes = Buffer.concat(batches)
      core.input.set(bytes)
      return core.touchKeys(0, bytes.byteLength)
    }
    expect(touchedOf([small, small, large, small])).toBe(2 * small.byteLength + large.byteLength)
    expect(touchedOf(Array(300).fill(small))).toBe(256 * small.byteLength)
  })

  test('names what is wrong', () => {
    const core = new CompactionCore(4096, SECRET)
    const batch = keysOf(3)
    const bytes = staged(core, batch)
    const more = { ...batch.frame, recordCount: 4 }
    expect(() => core.enterKeys(bytes, more, 0)).toThrow(RecordsFault)
    expect(() => core.keepRecords(bytes, more, 9, false)).toThrow(/count/)
    expect(() => core.enterKeys(bytes, { ...batch.frame, lastOffsetDelta: 1 }, 0)).toThrow(/delta/)
    expect(() => core.keepRecords(bytes.subarray(0, -1), batch.frame, 9, false)).toThrow(/record/)
    expect(() => core.shiftTimestamps(bytes, 2, 5, 1_000)).toThrow(/trailing/)
  })

  // Made with OpenSSL 3 (SIPHASH, size 16) for the key 00..0f and the message 00, 01, 02 …, as in
  // the vectors of the reference code.
  test.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [1, 'da87c1d86b99af44347659119b22fc45'],
    [2, '8177228da4a45dc7fca38bdef60affe4'],
    [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
    [8, '3b62a9ba6258f5610f83e264f31497b4'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
    [63, '5150d1772f50834a503e069a973fbd7c'],
  ])('knows a key of %i bytes by its SipHash-2-4 of 128 bits', (size, expected) => {
    const kernel = instantiateCore(4096)
    const memory = Buffer.from(kernel.memory.buffer)
    memory.set(SECRET, INPUT)
    kernel.keyMapInit(OUTPUT, 4096, INPUT)
    const key = Buffer.from([...Array(size).keys()])
    const record = recordBytes({ offsetDelta: 0, key, value: null })
    memory.set(record, INPUT)
    expect(kernel.keyMapPutRecords(OUTPUT, INPUT, record.byteLength, 1, 0, 9, 0)).toBe(0)
    expect(memory.indexOf(Buffer.from(expected, 'hex'), OUTPUT)).toBeGreaterThan(OUTPUT)
  })
})
