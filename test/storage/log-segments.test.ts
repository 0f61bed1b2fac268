// Segments of a log: when one is rolled, what its indexes hold, how it goes.

import { describe, expect, test } from 'vitest'
import { readNow } from '../../src/storage/segment/reading.ts'
import { OpenSegments } from '../../src/storage/segment/open-segments.ts'
import { batchOf, testBatch } from '../support/batches.ts'
import type { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { appendTo, DIRECTORY, fileOf, LogFixture, readAll } from './log-fixture.ts'

function bases({ log }: LogFixture): number[] {
  return log.segmentFacts().map(({ baseOffset }) => baseOffset)
}

describe('a segment is rolled', () => {
  test('before it would be larger than segment.bytes', async () => {
    const size = batchOf(1, 100).byteLength
    const fixture = await LogFixture.open({ config: { segmentBytes: 3 * size } })
    for (let n = 0; n < 7; n++) appendTo(fixture.log, batchOf(1, 100))
    fixture.clock.endTurn()
    expect(bases(fixture)).toEqual([0, 3, 6])
    expect(fixture.log.segmentFacts()[0]).toEqual({
      baseOffset: 0,
      endOffset: 3,
      sizeBytes: 3 * size,
    })
  })

  test('when a record is segment.ms later than the first', async () => {
    const fixture = await LogFixture.open({ config: { segmentMs: 1_000 } })
    for (const timestamp of [5_000, 6_000, 6_001, 7_000, 4_000, 7_002]) {
      appendTo(fixture.log, testBatch({ timestamp }))
    }
    fixture.clock.endTurn()
    expect(bases(fixture)).toEqual([0, 2, 5])
  })

  test('segment.ms after it was made, when records have no time', async () => {
    const fixture = await LogFixture.open({ config: { segmentMs: 1_000 } })
    for (const advance of [0, 1_000, 1, 500]) {
      fixture.clock.advance(advance)
      fixture.append(testBatch({ timestamp: -1 }))
    }
    expect(bases(fixture)).toEqual([0, 2])
  })

  test('when an index is full', async () => {
    const config = { segmentBytes: 1_000_000, indexIntervalBytes: 0, segmentIndexBytes: 48 }
    const fixture = await LogFixture.open({ config })
    // Each batch but the first gets an entry. The time index has room for four, the last of which
    // is kept for the entry that closes the segment.
    for (let n = 0; n < 9; n++) fixture.append(testBatch({ timestamp: 5_000 + n }))
    await fixture.clock.settle()
    expect(bases(fixture)).toEqual([0, 4, 8])
    for (const base of [0, 4]) {
      expect(fixture.files.contentOf(fileOf(base, '.index')).byteLength).toBeLessThanOrEqual(48)
      expect(fixture.files.contentOf(fileOf(base, '.timeindex')).byteLength).toBeLessThanOrEqual(48)
    }
  })

  test('when a relative offset would not fit its 32 bits', async () => {
    const fixture = await LogFixture.open()
    const wide = { records: [{ value: 'x' }], lastOffsetDelta: 0x7fffffff - 1 }
    fixture.append(testBatch(wide))
    fixture.append(testBatch())
    fixture.append(testBatch())
    expect(bases(fixture)).toEqual([0, 0x80000000])
  })
})

test('what the indexes hold is what Kafka’s dump tool expects', async () => {
  const random = new SeededRandom(3)
  const config = { segmentBytes: 6_000, indexIntervalBytes: 300 }
  const fixture = await LogFixture.open({ config })
  for (let n = 0; n < 150; n++) {
    const timestamp = 5_000 + random.below(2_000) + n
    fixture.append(batchOf(random.between(1, 4), random.between(0, 120), { timestamp }))
  }
  fixture.log.close(true)
  const names = fixture.files.list(DIRECTORY).filter((name) => name.endsWith('.log'))
  expect(names.length).toBeGreaterThan(4)
  for (const name of names) expectSanity(fixture.files, Number.parseInt(name, 10), config)
})

// The rules of DumpLogSegments.dumpIndex and dumpTimeIndex in apache/kafka, and of the class
// comments of LogSegment: where entries are, and what they say.
function expectSanity(
  files: MemoryFileSystem,
  base: number,
  { indexIntervalBytes }: { indexIntervalBytes: number },
): void {
  const log = files.contentOf(fileOf(base))
  const index = files.contentOf(fileOf(base, '.index'))
  const timeIndex = files.contentOf(fileOf(base, '.timeindex'))
  expect([index.byteLength % 8, timeIndex.byteLength % 12]).toEqual([0, 0])
  const offsets: number[][] = []
  const times: (bigint | number)[][] = []
  let max = { timestamp: -1n, relative: 0 }
  let sinceEntry = 0
  for (let at = 0; at < log.byteLength;) {
    const size = 12 + log.readInt32BE(at + 8)
    const relative = Number(log.readBigInt64BE(at)) - base + log.readInt32BE(at + 23)
    const timestamp = log.readBigInt64BE(at + 35)
    if (timestamp > max.timestamp) max = { timestamp, relative }
    if (sinceEntry > indexIntervalBytes) {
      offsets.push([relative, at])
      if (max.timestamp > (times.at(-1)?.[0] ?? -1n)) times.push([max.timestamp, max.relative])
      sinceEntry = 0
    }
    sinceEntry += size
    at += size
  }
  if (max.timestamp > (times.at(-1)?.[0] ?? -1n)) times.push([max.timestamp, max.relative])
  const foundOffsets = Array.from({ length: index.byteLength / 8 }, (_, slot) => {
    return [index.readInt32BE(slot * 8), index.readInt32BE(slot * 8 + 4)]
  })
  const foundTimes = Array.from({ length: timeIndex.byteLength / 12 }, (_, slot) => {
    return [timeIndex.readBigInt64BE(slot * 12), timeIndex.readInt32BE(slot * 12 + 8)]
  })
  expect(foundOffsets).toEqual(offsets)
  expect(foundTimes).toEqual(times)
}

describe('removing', () => {
  async function fiveSegments(): Promise<LogFixture> {
    const fixture = await LogFixture.open({ config: { segmentBytes: 400 } })
    for (let n = 0; n < 15; n++) fixture.append(batchOf(2, 20, { timestamp: 5_000 + n }))
    expect(bases(fixture)).toEqual([0, 6, 12, 18, 24])
    await fixture.sync()
    await fixture.clock.settle()
    return fixture
  }

  test('renames the files, and removes them later, whatever else belongs to the segment', async () => {
    const fixture = await fiveSegments()
    const { log, files, clock } = fixture
    for (const suffix of ['.txnindex', '.snapshot']) files.put(fileOf(6, suffix), Buffer.of(1))
    log.removeSegments(2)
    expect([log.logStartOffset, log.segments.count]).toEqual([12, 3])
    const deleted = files.list(DIRECTORY).filter((name) => name.endsWith('.deleted'))
    expect(deleted.length).toBe(8)
    await fixture.sync()
    expect(files.unsyncedNames(DIRECTORY)).toBe(0)
    expect(files.exists(fileOf(0))).toBe(false)
    clock.advance(999)
    expect(files.exists(fileOf(0, '.log.deleted'))).toBe(true)
    clock.advance(1)
    await clock.settle()
    expect(files.list(DIRECTORY).filter((name) => name.endsWith('.deleted'))).toEqual([])
    expect(() => log.read(11, { maxBytes: 1 })).toThrow(/OFFSET_OUT_OF_RANGE/)
  })

  test('of records moves the start, and takes whole segments below it', async () => {
    const { log } = await fiveSegments()
    expect(log.deleteRecordsBefore(5)).toBe(0)
    expect([log.logStartOffset, log.segments.count]).toEqual([5, 5])
    expect(log.deleteRecordsBefore(13)).toBe(2)
    expect([log.logStartOffset, log.segments.count]).toEqual([13, 3])
    expect(log.deleteRecordsBefore(2)).toBe(0)
    expect(log.logStartOffset).toBe(13)
    const read = await log.read(13, { maxBytes: 1 })
    expect(Number(read.batches.readBigInt64BE(0))).toBe(12)
    expect(log.deleteRecordsBefore(30)).toBe(2)
    expect([log.logStartOffset, log.logEndOffset, log.segments.count]).toEqual([30, 30, 1])
    expect(() => log.deleteRecordsBefore(31)).toThrow(/OFFSET_OUT_OF_RANGE/)
  })

  test('of a segment whose indexes are still being synced leaves none of its files', async () => {
    const fixture = await LogFixture.open()
    const { log, files, clock } = fixture
    const release = files.holdSyncs()
    fixture.append(batchOf(4, 20))
    log.roll()
    fixture.append(batchOf(4, 20))
    log.removeSegments(1)
    clock.advance(1_000)
    release()
    await clock.settle()
    expect(log.offline).toBeNull()
    expect(files.list(DIRECTORY).filter((name) => name.startsWith('00000000000000000000'))).toEqual(
      [],
    )
  })

  test('of a segment whose indexes are not on disk when the log is closed, or read, makes none', async () => {
    for (const then of ['close', 'revive', 'rebuild'] as const) {
      const fixture = await LogFixture.open({ config: { indexIntervalBytes: 50 } })
      const { log, files, clock } = fixture
      for (let n = 0; n < 4; n++) fixture.append(batchOf(4, 20))
      await fixture.sync()
      const release = files.holdSyncs()
      log.roll()
      fixture.append(batchOf(4, 20))
      const removed = log.segments.first
      if (then === 'rebuild') files.remove(fileOf(0, '.index'))
      log.removeSegments(1)
      clock.advance(1_000)
      await clock.settle()
      if (then === 'revive') log.fail(new Error('of the disk'))
      if (then === 'revive') log.revive()
      if (then === 'rebuild') readNow(removed.offsetIndex.entries.load())
      if (then === 'rebuild') await removed.syncIndexes()
      if (then === 'close') log.close(true)
      release()
      await clock.settle()
      const left = files.list(DIRECTORY).filter((name) => name.startsWith('0'.repeat(20)))
      expect(left, then).toEqual([])
    }
  })

  test('is not undone by a power cut that brings some of the segments back', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { files, log } = await fiveSegments()
      log.deleteRecordsBefore(25)
      files.crash(new SeededRandom(seed))
      // The recovery point may be older than the log start: only that is saved before segments go.
      const after = await LogFixture.open({ recoveryPoint: 0, logStartOffset: 25 }, files)
      const what = `seed ${seed}`
      expect([after.log.logStartOffset, after.log.logEndOffset], what).toEqual([25, 30])
      expect((await readAll(after.log, 25)).readInt32BE(57), what).toBe(2)
      after.log.removeSegments(after.log.segments.count - 1)
      expect(after.log.logStartOffset, what).toBe(25)
    }
  })

  test('of segments that a round still syncs does not close their files under it', async () => {
    const fixture = await LogFixture.open({ config: { segmentBytes: 400 } })
    const { log, files, clock } = fixture
    for (let n = 0; n < 9; n++) fixture.append(batchOf(2, 20))
    const { endOffset, ranges } = log.unsynced()
    log.removeSegments(2)
    clock.advance(5_000)
    for (const { file } of ranges) await file.sync()
    log.markDurable(endOffset)
    log.markSynced(endOffset)
    await clock.settle()
    expect(log.recoveryPoint).toBe(18)
    expect(files.openFileCount).toBe(1)
  })
})

test('the recovery point waits for the indexes of a closed segment', async () => {
  const fixture = await LogFixture.open()
  const { log } = fixture
  fixture.append(batchOf(4, 20))
  log.roll()
  fixture.append(batchOf(4, 20))
  const { endOffset } = log.unsynced()
  log.markSynced(endOffset)
  // Were the segment trusted now, and the power cut, its largest timestamp would be lost.
  expect([log.durableOffset, log.recoveryPoint]).toEqual([8, 3])
  await fixture.clock.settle()
  expect(log.recoveryPoint).toBe(8)
})

describe('truncation', () => {
  test('is on disk at once', async () => {
    const fixture = await LogFixture.open({ config: { segmentBytes: 500 } })
    for (let n = 0; n < 10; n++) fixture.append(batchOf(3, 20))
    await fixture.sync()
    fixture.log.truncateTo(7)
    fixture.files.crash()
    const after = await LogFixture.open({ recoveryPoint: 6 }, fixture.files)
    expect(after.log.logEndOffset).toBe(6)
  })

  test('is noticed by readers who were further', async () => {
    const fixture = await LogFixture.open()
    const { log } = fixture
    for (let n = 0; n < 4; n++) fixture.append(batchOf(1, 50))
    const { nextOffset } = await log.read(2, { maxBytes: 1 })
    log.truncateTo(1)
    for (const size of [10, 300, 20]) fixture.append(batchOf(1, size))
    const read = await log.read(nextOffset, { maxBytes: 1 })
    expect(read.batches.equals(batchOf(1, 20, { baseOffset: 3, leaderEpoch: 0 }))).toBe(true)
  })

  test('takes the times of what it cut out of the time index', async () => {
    const config = { segmentBytes: 1_000_000, indexIntervalBytes: 100 }
    const fixture = await LogFixture.open({ config })
    const { log } = fixture
    for (let n = 0; n < 30; n++) fixture.append(batchOf(1, 50, { timestamp: 5_000 + n }))
    log.truncateTo(12)
    expect(await log.largestTimestamp()).toEqual({ timestamp: 5_011, offset: 11 })
    fixture.append(batchOf(1, 50, { timestamp: 5_012 }))
    log.close(true)
    const index = fixture.files.contentOf(fileOf(0, '.timeindex'))
    expect(index.readBigInt64BE(index.byteLength - 12)).toBe(5_012n)
  })

  test('leaves whole batches that end at or below the offset', async () => {
    for (let offset = 0; offset <= 30; offset++) {
      const fixture = await LogFixture.open({ config: { segmentBytes: 500 } })
      const { log, files } = fixture
      log.startLeaderEpoch(1)
      for (let n = 0; n < 10; n++) {
        if (n === 5) log.startLeaderEpoch(2)
        fixture.append(batchOf(3, 20, { timestamp: 5_000 + n }))
      }
      const all = await readAll(log, 0)
      await fixture.sync()
      log.truncateTo(offset)
      const end = offset - (offset % 3)
      const marks = [log.logEndOffset, log.writtenOffset, log.durableOffset, log.recoveryPoint]
      expect(marks, `to ${offset}`).toEqual([end, end, end, end])
      const kept = all.subarray(0, (all.byteLength / 10) * (end / 3))
      expect((await readAll(log, 0)).equals(kept)).toBe(true)
      expect(log.leaderEpoch).toBe(2)
      expect(log.endOffsetForEpoch(1)).toEqual({
        epoch: end > 0 ? 1 : -1,
        endOffset: end > 15 ? 15 : end > 0 ? end : -1,
      })
      expect(fixture.append(batchOf(3, 20)).baseOffset).toBe(end)
      await fixture.sync()
      files.crash()
      const after = await LogFixture.open({ recoveryPoint: end }, files)
      expect(after.log.logEndOffset, `to ${offset}`).toBe(end + 3)
    }
  })
})

describe('time', () => {
  test('an offset is found by the time of its record', async () => {
    const random = new SeededRandom(11)
    const fixture = await LogFixture.open({
      config: { segmentBytes: 900, indexIntervalBytes: 150 },
    })
    const times: number[] = []
    for (let n = 0; n < 40; n++) {
      const records = Array.from({ length: random.between(1, 4) }, () => {
        const timestamp = 5_000 + n * 10 + random.between(-60, 60)
        times.push(timestamp)
        return { value: 'v', timestamp }
      })
      fixture.append(testBatch({ records }))
    }
    const { log } = fixture
    log.deleteRecordsBefore(7)
    for (let timestamp = 4_900; timestamp < 5_520; timestamp += 3) {
      for (const below of [times.length, 50]) {
        const offset = times.findIndex((time, at) => at >= 7 && at < below && time >= timestamp)
        const found = await log.offsetForTimestamp(timestamp, below)
        const expected = offset < 0 ? null : { offset, timestamp: times[offset], leaderEpoch: 0 }
        expect(found, `${timestamp} below ${below}`).toEqual(expected)
      }
    }
    const largest = Math.max(...times)
    expect((await log.largestTimestamp()).timestamp).toBe(largest)
    const ofSegments = await Promise.all(bases(fixture).map((base) => log.segmentTimestamp(base)))
    expect(Math.max(...ofSegments)).toBe(largest)
  })
})

describe('readers', () => {
  test('that go on where they stopped do not search', async () => {
    const fixture = await LogFixture.open({ config: { segmentBytes: 1_000_000 } })
    for (let n = 0; n < 200; n++) fixture.append(batchOf(1, 100))
    let offset = 50
    const first = await fixture.log.read(offset, { maxBytes: 700 })
    offset = first.nextOffset
    const reads = fixture.files.faults.count({ operation: 'read' })
    for (let n = 1; n <= 20; n++) {
      offset = (await fixture.log.read(offset, { maxBytes: 700 })).nextOffset
      expect(reads.calls).toBe(n)
    }
  })

  test('of many old segments keep few of them open', async () => {
    const openSegments = new OpenSegments(3)
    const options = { config: { segmentBytes: 400 }, openSegments }
    const fixture = await LogFixture.open(options)
    for (let n = 0; n < 90; n++) fixture.append(batchOf(2, 20))
    await fixture.sync()
    await fixture.clock.settle()
    expect(fixture.log.segments.count).toBeGreaterThan(20)
    await readAll(fixture.log, 0)
    expect(openSegments.size).toBe(3)
    expect(fixture.files.openFileCount).toBeLessThanOrEqual(4)
  })

  test('far from the end go through the pool, and see what a reader near the end does', async () => {
    const config = { segmentBytes: 40_000_000, indexIntervalBytes: 4_096 }
    const fixture = await LogFixture.open({ config })
    const large = batchOf(1, 4_000_000)
    for (let n = 0; n < 20; n++) fixture.append(Buffer.from(large))
    const cold = fixture.log.read(0, { maxBytes: 1_000 })
    expect(cold).toBeInstanceOf(Promise)
    expect((await cold).nextOffset).toBe(1)
    expect(fixture.log.read(19, { maxBytes: 1_000 })).not.toBeInstanceOf(Promise)
    const gone = fixture.log.read(2, { maxBytes: 1_000 })
    fixture.log.deleteRecordsBefore(15)
    await expect(gone).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
  })
})
