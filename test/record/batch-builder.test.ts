// The batch builder: equal to Kafka byte for byte, its limits, and what it builds is read again.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchBuilder, maxRecordSize } from '../../src/record/batch-builder.ts'
import { decodeBatch, isIntact, splitBatches } from '../../src/record/batch-reader.ts'
import { CODECS } from '../../src/record/layout.ts'
import type { CodecName } from '../../src/record/layout.ts'
import type { StoredRecord } from '../../src/record/record.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { testBatch } from '../support/batches.ts'
import { KAFKA_BATCHES, KAFKA_RECORDS } from './kafka-batches.ts'
import { RECORDS, plain } from './records.ts'

const core = StorageCore.load()
const LIMIT = 1024 * 1024
const NOW = 1_700_000_000_000

function recordsOf(batch: Buffer): StoredRecord[] {
  const { batches, tail } = splitBatches(batch)
  expect(tail).toBeNull()
  expect(batches).toHaveLength(1)
  expect(isIntact(core, batches[0]!)).toBe(true)
  return decodeBatch(core, batches[0]!)
}

test('a batch is byte for byte what Kafka builds from the same records', () => {
  const builder = new BatchBuilder(core, LIMIT)
  for (const { key, value, timestamp, headers } of KAFKA_RECORDS) {
    builder.append(key, value, timestamp, headers)
  }

  const fields = { leaderEpoch: 7, producerId: 4711, producerEpoch: 3, baseSequence: 9 }
  expect(builder.build(fields).toString('hex')).toBe(KAFKA_BATCHES.none)
})

describe('append', () => {
  test('takes strings as their UTF-8, whatever they hold', () => {
    const texts = [
      '',
      'plain',
      'é',
      '漢字',
      '🎉 party',
      'x'.repeat(5000),
      'ü'.repeat(5000),
      '\ud800',
    ]
    const builder = new BatchBuilder(core, LIMIT)
    for (const key of texts) for (const value of texts) builder.append(key, value, NOW)

    const found = recordsOf(builder.build()).map((record) => [`${record.key}`, `${record.value}`])
    const asUtf8 = texts.map((text) => Buffer.from(text).toString())
    expect(found).toEqual(asUtf8.flatMap((key) => asUtf8.map((value) => [key, value])))
  })

  test('keeps null, empty and something apart, for text as for bytes', () => {
    const builder = new BatchBuilder(core, LIMIT)
    builder.append(null, '', NOW)
    builder.append('', null, NOW)
    builder.append(new Uint8Array(0), 'v', NOW)

    const found = recordsOf(builder.build()).map(({ key, value }) => [
      key && `${key}`,
      value && `${value}`,
    ])
    expect(found).toEqual([
      [null, ''],
      ['', null],
      ['', 'v'],
    ])
  })

  test('stops at the limit, and changes nothing when it says so', () => {
    const builder = new BatchBuilder(core, 1000)
    let appended = 0
    while (builder.append(null, 'x'.repeat(90), NOW)) appended += 1
    const before = Buffer.from(builder.build())

    expect(builder.append(null, 'é'.repeat(40), NOW)).toBe(false)
    expect(builder.recordCount).toBe(appended)
    expect(builder.sizeBytes).toBeLessThanOrEqual(1000)
    expect(builder.sizeBytes).toBeGreaterThan(1000 - 110)
    expect(builder.build()).toEqual(before)
  })

  test('counts the true size of text against the limit', () => {
    const builder = new BatchBuilder(core, 200)
    builder.append(null, 'a', NOW)
    // 60 characters would fit; their 180 bytes do not.
    expect(builder.append(null, '漢'.repeat(60), NOW)).toBe(false)
    expect(builder.append(null, 'a'.repeat(60), NOW)).toBe(true)
  })

  test('takes one record that is larger than the limit, and nothing beside it', () => {
    const builder = new BatchBuilder(core, 1000)
    expect(builder.append(null, Buffer.alloc(50_000, 7), NOW)).toBe(true)
    expect(builder.append(null, null, NOW)).toBe(false)
    expect(recordsOf(builder.build())[0]!.value).toEqual(Buffer.alloc(50_000, 7))
  })

  test('refuses a record that no batch may hold', () => {
    const builder = new BatchBuilder(core, 1000)
    const value = Buffer.alloc(32 * 1024 * 1024)
    expect(() => builder.append(null, value, NOW)).toThrow(/MESSAGE_TOO_LARGE/)
    expect(builder.append(null, 'small', NOW)).toBe(true)
  })

  test('keeps times that go back, and the largest of them in the header', () => {
    const times = [NOW, NOW - 5, 0, -1, NOW + 2 ** 40, 2 ** 53 - 1]
    const builder = new BatchBuilder(core, LIMIT)
    for (const time of times) builder.append(null, null, time)

    const batch = builder.build()
    expect(recordsOf(batch).map((record) => record.timestamp)).toEqual(times)
    expect(splitBatches(batch).batches[0]!.header).toMatchObject({
      baseTimestamp: NOW,
      maxTimestamp: 2 ** 53 - 1,
    })
  })

  test('agrees with a second builder that shares no code with it', () => {
    const records = Array.from({ length: 200 }, (_, n) => {
      const value = n % 7 === 0 ? null : 'v'.repeat(n * 3)
      return { key: n % 5 === 0 ? null : `key-${n}`, value, timestamp: NOW + n * 1000 - 50_000 }
    })
    const builder = new BatchBuilder(core, LIMIT)
    for (const { key, value, timestamp } of records) builder.append(key, value, timestamp)
    expect(builder.build({ baseOffset: 77, leaderEpoch: 5 })).toEqual(
      testBatch({ records, baseOffset: 77, leaderEpoch: 5 }),
    )
  })
})

describe('build', () => {
  test.each(Object.keys(CODECS) as CodecName[])('and read again through %s', (codec) => {
    fc.assert(
      fc.property(RECORDS, fc.nat(2 ** 40), (records, baseOffset) => {
        const builder = new BatchBuilder(core, 32 * 1024 * 1024)
        for (const { key, value, timestamp, headers } of records) {
          expect(builder.append(key, value, timestamp, headers)).toBe(true)
        }
        const found = recordsOf(builder.build({ codec, baseOffset }))
        expect(found.map((record) => record.offset)).toEqual(records.map((_, n) => baseOffset + n))
        expect(found.map(plain)).toEqual(records.map(plain))
      }),
      { numRuns: 60 },
    )
  })

  test('of an idempotent or transactional producer names it', () => {
    const builder = new BatchBuilder(core, LIMIT)
    builder.append('k', 'v', NOW)
    const producer = { producerId: 2 ** 52, producerEpoch: 32_767, baseSequence: 2 ** 31 - 1 }
    const batch = builder.build({ ...producer, transactional: true })
    expect(splitBatches(batch).batches[0]!.header).toMatchObject({ ...producer, attributes: 0x10 })
  })

  test('after reset has nothing of the batch before', () => {
    const builder = new BatchBuilder(core, LIMIT)
    builder.append('old', 'x'.repeat(500), NOW + 999, [{ key: 'h', value: null }])
    builder.build()
    builder.reset()
    builder.append('new', 'y', NOW)
    expect(builder.build()).toEqual(
      testBatch({ records: [{ key: 'new', value: 'y' }], timestamp: NOW }),
    )
  })

  test('of nothing is a bug of the caller', () => {
    expect(() => new BatchBuilder(core, LIMIT).build()).toThrow()
  })
})

test('maxRecordSize is never below what the record takes', () => {
  fc.assert(
    fc.property(RECORDS, (records) => {
      const builder = new BatchBuilder(core, LIMIT)
      for (const { key, value, timestamp, headers } of records) {
        const before = builder.sizeBytes
        builder.append(key, value, timestamp, headers)
        expect(builder.sizeBytes - before).toBeLessThanOrEqual(maxRecordSize(key, value, headers))
      }
    }),
    { numRuns: 50 },
  )
})
