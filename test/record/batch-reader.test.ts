// Reading batches: those of Kafka, gaps, control batches, and bytes that lie.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { decodeBatch, isIntact, openBatch, splitBatches } from '../../src/record/batch-reader.ts'
import type { BatchView } from '../../src/record/batch-reader.ts'
import { decodeMarker, encodeMarker } from '../../src/record/control-record.ts'
import { isControl, isTransactional, setMaxTimestamp } from '../../src/record/batch-header.ts'
import {
  BATCH_LENGTH,
  LAST_OFFSET_DELTA,
  MAGIC,
  RECORD_COUNT,
  RECORDS,
} from '../../src/record/layout.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { batchOf, seal, testBatch } from '../support/batches.ts'
import { KAFKA_BATCHES, KAFKA_COMMIT_MARKER, KAFKA_RECORDS } from './kafka-batches.ts'
import { plain } from './records.ts'

const core = StorageCore.load()

function only(bytes: Uint8Array): BatchView {
  const { batches, tail } = splitBatches(bytes)
  expect(tail).toBeNull()
  expect(batches).toHaveLength(1)
  return batches[0]!
}

/** The code of the BrokerError that `act` throws. */
function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof BrokerError) return error.code
    throw error
  }
  return 'accepted'
}

test.each(Object.entries(KAFKA_BATCHES))(
  'a batch of Kafka with codec %s reads as it was written',
  (_, hex) => {
    const batch = only(Buffer.from(hex, 'hex'))
    expect(isIntact(core, batch)).toBe(true)
    expect(batch.header).toMatchObject({ leaderEpoch: 7, producerId: 4711, producerEpoch: 3 })
    expect(batch.header).toMatchObject({ baseSequence: 9, recordCount: 3, lastOffsetDelta: 2 })
    expect(decodeBatch(core, batch).map(plain)).toEqual(KAFKA_RECORDS.map(plain))
  },
)

test('a transaction marker of Kafka is a control batch with a marker in it', () => {
  const batch = only(Buffer.from(KAFKA_COMMIT_MARKER, 'hex'))
  expect(isControl(batch.header.attributes)).toBe(true)
  expect(isTransactional(batch.header.attributes)).toBe(true)
  const [record] = decodeBatch(core, batch)
  expect(record!.offset).toBe(42)
  const marker = decodeMarker(record!.key, record!.value)
  expect(marker).toEqual({ type: 'commit', coordinatorEpoch: 12 })
  expect(encodeMarker(marker!)).toEqual({ key: record!.key, value: record!.value })
})

test('a control record of another kind, or too short, is no marker', () => {
  const { key, value } = encodeMarker({ type: 'abort', coordinatorEpoch: 1 })
  expect(decodeMarker(key, value)).toEqual({ type: 'abort', coordinatorEpoch: 1 })
  expect(decodeMarker(Buffer.of(0, 0, 0, 2), value)).toBeNull()
  expect(decodeMarker(key.subarray(1), value)).toBeNull()
  expect(decodeMarker(null, value)).toBeNull()
  expect(decodeMarker(key, value.subarray(1))).toBeNull()
})

describe('splitBatches', () => {
  test('finds whole batches and says what is left, wherever the bytes end', () => {
    const parts = [
      batchOf(3, 10),
      batchOf(1, 200, { baseOffset: 3 }),
      batchOf(2, 5, { baseOffset: 4 }),
    ]
    const whole = Buffer.concat(parts)
    const ends = [0]
    for (const part of parts) ends.push(ends.at(-1)! + part.byteLength)

    for (let size = 0; size <= whole.byteLength; size++) {
      const { batches, tail } = splitBatches(whole.subarray(0, size))
      const count = ends.findLastIndex((end) => end <= size)
      expect(batches.map((batch) => batch.bytes)).toEqual(parts.slice(0, count))
      const positionBytes = ends[count]!
      const presentBytes = size - positionBytes
      if (presentBytes === 0) expect(tail).toBeNull()
      else {
        const sizeBytes = presentBytes < 12 ? null : parts[count]!.byteLength
        expect(tail).toEqual({ positionBytes, presentBytes, sizeBytes })
      }
    }
  })

  test.each([0, -1, 48, -(2 ** 31), 2 ** 31 - 1, 32 * 1024 * 1024])(
    'refuses a batch that claims a length of %i',
    (length) => {
      const bytes = batchOf(1, 100)
      bytes.writeInt32BE(length, BATCH_LENGTH)
      expect(refusal(() => splitBatches(bytes))).toBe('CORRUPT_MESSAGE')
    },
  )

  test.each([
    [0, 'UNSUPPORTED_FOR_MESSAGE_FORMAT'],
    [1, 'UNSUPPORTED_FOR_MESSAGE_FORMAT'],
    [3, 'CORRUPT_MESSAGE'],
    [255, 'CORRUPT_MESSAGE'],
  ])('refuses magic %i', (magic, code) => {
    const bytes = batchOf(1, 100)
    bytes[MAGIC] = magic
    expect(refusal(() => splitBatches(bytes))).toBe(code)
  })
})

describe('records', () => {
  test('may have gaps where compaction took some', () => {
    const bytes = batchOf(3, 10, { baseOffset: 100, lastOffsetDelta: 9 })
    bytes[RECORDS + 3] = 4 // offset deltas 0, 1, 2 become 2, 3, 4: zig-zag of 2, 3, 4 is 4, 6, 8
    bytes[RECORDS + 17 + 3] = 6
    bytes[RECORDS + 34 + 3] = 8
    const offsets = decodeBatch(core, only(seal(bytes))).map((record) => record.offset)
    expect(offsets).toEqual([102, 103, 104])
  })

  test('may all be gone, and the batch still holds its offsets', () => {
    const batch = only(testBatch({ records: [], baseOffset: 100, lastOffsetDelta: 9 }))
    expect(decodeBatch(core, batch)).toEqual([])
    expect(batch.header).toMatchObject({ baseOffset: 100, lastOffsetDelta: 9, recordCount: 0 })
  })

  test('have the time of the broker where the batch says so', () => {
    const bytes = batchOf(3, 10, { timestamp: 5000 })
    setMaxTimestamp(core, bytes, 'LogAppendTime', 9000)
    const batch = only(bytes)
    expect(isIntact(core, batch)).toBe(true)
    expect(decodeBatch(core, batch).map((record) => record.timestamp)).toEqual([9000, 9000, 9000])
  })

  test('are read the same one by one, with nothing made but what is asked for', () => {
    const batch = only(Buffer.from(KAFKA_BATCHES.zstd, 'hex'))
    const cursor = openBatch(core, batch)
    const seen: unknown[] = []
    while (cursor.next()) {
      seen.push([
        cursor.index,
        cursor.offset,
        cursor.keySize,
        cursor.valueSize,
        cursor.headers.length,
      ])
    }
    expect(seen).toEqual([
      [0, 0, -1, -1, 0],
      [1, 1, 0, 0, 0],
      [2, 2, 4, 5, 3],
    ])
    expect(cursor.next()).toBe(false)
  })

  test('are views over the bytes of the batch, not copies', () => {
    const bytes = batchOf(1, 10)
    const [record] = decodeBatch(core, only(bytes))
    expect(record!.value!.buffer).toBe(bytes.buffer)
    bytes[bytes.byteLength - 2] = 0x7a
    expect(record!.value!.at(-1)).toBe(0x7a)
  })

  test.each([-1, 4, 1_000_000, 2 ** 31 - 1, -(2 ** 31)])(
    'are refused when the header counts %i',
    (count) => {
      const bytes = batchOf(3, 10, { lastOffsetDelta: 2 ** 31 - 1 })
      bytes.writeInt32BE(count, RECORD_COUNT)
      expect(refusal(() => decodeBatch(core, only(seal(bytes))))).toBe('INVALID_RECORD')
    },
  )

  test('are refused when bytes are left behind the last', () => {
    const bytes = batchOf(3, 10)
    bytes.writeInt32BE(2, RECORD_COUNT)
    expect(refusal(() => decodeBatch(core, only(seal(bytes))))).toBe('INVALID_RECORD')
  })

  test('are refused when they lie beyond the last offset delta', () => {
    const bytes = batchOf(3, 10)
    bytes.writeInt32BE(1, LAST_OFFSET_DELTA)
    expect(refusal(() => decodeBatch(core, only(seal(bytes))))).toBe('INVALID_RECORD')
  })

  test('name the one that is broken', () => {
    const bytes = batchOf(3, 10)
    bytes[RECORDS + 17 + 4] = 0x03 // key size -2
    expect(() => decodeBatch(core, only(seal(bytes)))).toThrow(/INVALID_RECORD.*record=1/)
  })
})
