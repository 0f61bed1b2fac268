// The life of a partition log on a disk that works: appending, rolling, reading, removing.

import { describe, expect, test } from 'vitest'
import { batchOf, testBatch } from '../support/batches.ts'
import { appendTo, fileOf, LogFixture, readAll } from './log-fixture.ts'

test('a new log starts empty, at 0', async () => {
  const { log, opened } = await LogFixture.open()
  expect([log.logStartOffset, log.logEndOffset, log.durableOffset]).toEqual([0, 0, 0])
  expect(opened.report.damage).toEqual([])
  const { batchCount, nextOffset } = await log.read(0, { maxBytes: 100 })
  expect([batchCount, nextOffset]).toEqual([0, 0])
})

describe('append', () => {
  test('assigns offsets at once, and writes when the turn ends', async () => {
    const { log, clock, files, heard } = await LogFixture.open()
    log.startLeaderEpoch(5)
    expect(appendTo(log, batchOf(3, 10))).toMatchObject({ baseOffset: 0, lastOffset: 2 })
    expect(appendTo(log, batchOf(2, 10))).toMatchObject({ baseOffset: 3, lastOffset: 4 })
    expect([log.logEndOffset, log.writtenOffset]).toEqual([5, 0])
    expect(files.contentOf(fileOf(0)).byteLength).toBe(0)

    const writes = files.faults.count({ operation: 'write', path: /\.log$/ })
    clock.endTurn()

    expect(writes.calls).toBe(1)
    expect([log.writtenOffset, heard.writtenOffset]).toEqual([5, 5])
    const stored = files.contentOf(fileOf(0))
    const expected = [
      batchOf(3, 10, { baseOffset: 0, leaderEpoch: 5 }),
      batchOf(2, 10, { baseOffset: 3, leaderEpoch: 5 }),
    ]
    expect(stored.equals(Buffer.concat(expected))).toBe(true)
  })

  test('a batch larger than a segment is refused', async () => {
    const { log } = await LogFixture.open()
    expect(() => appendTo(log, batchOf(1, 3_000))).toThrow(/RECORD_LIST_TOO_LARGE/)
    expect(log.logEndOffset).toBe(0)
  })

  test('durable and recovery point follow the rounds', async () => {
    const fixture = await LogFixture.open()
    const { log, heard } = fixture
    fixture.append(batchOf(3, 10))
    expect([log.durableOffset, log.recoveryPoint]).toEqual([0, 0])
    const size = log.unsyncedBytes
    expect(size).toBe(batchOf(3, 10).byteLength)
    await fixture.sync()
    expect([log.durableOffset, log.recoveryPoint, heard.durableOffset]).toEqual([3, 3, 3])
    expect(log.unsyncedBytes).toBe(0)
    expect(log.unsynced().ranges).toEqual([])
  })
})

describe('read', () => {
  test('gives back what was appended, whatever the step', async () => {
    const fixture = await LogFixture.open()
    const batches = Array.from({ length: 60 }, (_, n) => batchOf((n % 4) + 1, 30))
    for (const batch of batches) fixture.append(batch)
    expect(fixture.log.segments.count).toBeGreaterThan(3)
    const all = Buffer.concat(batches)
    for (const maxBytes of [1, 61, 200, 1_000, 100_000]) {
      const read = await readAll(fixture.log, 0, maxBytes)
      expect(read.equals(all), `steps of ${maxBytes} bytes`).toBe(true)
    }
  })

  test('starts with the batch that holds the offset, and ends below the bound', async () => {
    const fixture = await LogFixture.open()
    for (let n = 0; n < 20; n++) fixture.append(batchOf(5, 10))
    for (let offset = 0; offset < 100; offset++) {
      const read = await fixture.log.read(offset, { maxBytes: 1_000_000, belowOffset: 60 })
      if (offset >= 60) expect(read.batchCount).toBe(0)
      else expect(Number(read.batches.readBigInt64BE(0))).toBe(offset - (offset % 5))
      expect(read.nextOffset <= Math.max(60, offset)).toBe(true)
    }
    const half = await fixture.log.read(10, { maxBytes: 1_000_000, belowOffset: 13 })
    expect(half.batchCount).toBe(0)
  })

  test('a first batch above the limit comes whole, or not at all', async () => {
    const fixture = await LogFixture.open()
    fixture.append(batchOf(1, 500))
    const whole = await fixture.log.read(0, { maxBytes: 100 })
    expect(whole.batches.byteLength).toBeGreaterThan(500)
    const none = await fixture.log.read(0, { maxBytes: 100, atLeastOneBatch: false })
    expect([none.batchCount, none.nextOffset]).toEqual([0, 0])
  })

  test('outside the log it says where the log is', async () => {
    const fixture = await LogFixture.open()
    fixture.append(batchOf(3, 10))
    expect(() => fixture.log.read(4, { maxBytes: 1 })).toThrow(
      expect.objectContaining({
        code: 'OFFSET_OUT_OF_RANGE',
        facts: expect.objectContaining({ log_start_offset: 0, log_end_offset: 3 }),
      }),
    )
  })
})

test('a log that was closed cleanly opens without reading its batches', async () => {
  const before = await LogFixture.open()
  for (let n = 0; n < 60; n++) before.append(batchOf(2, 30, { timestamp: 1_000 + n }))
  const all = await readAll(before.log, 0)
  before.log.close(true)
  expect(before.files.openFileCount).toBe(0)

  const options = { recoveryPoint: 120, cleanShutdown: true }
  const after = await LogFixture.open(options, before.files)
  expect(after.opened.report.scannedBytes).toBe(0)
  expect(after.log.logEndOffset).toBe(120)
  expect((await readAll(after.log, 0)).equals(all)).toBe(true)
  expect(after.append(testBatch()).baseOffset).toBe(120)
})
