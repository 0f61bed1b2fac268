// Idempotent producers of a log: batches that are sent again, and what is known after a stop.

import { describe, expect, test } from 'vitest'
import { batchOf, testBatch } from '../support/batches.ts'
import { expectProducersKnown, nextOf } from './known-producers.ts'
import { appendTo, DIRECTORY, fileOf, LogFixture, type FixtureOptions } from './log-fixture.ts'

function batch(log: LogFixture['log'], producerId: number, valueBytes = 20): Buffer {
  return batchOf(2, valueBytes, nextOf(log, producerId))
}

function snapshots({ files }: LogFixture): number[] {
  return files
    .list(DIRECTORY)
    .filter((name) => name.endsWith('.snapshot'))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b)
}

function reopen({ files, clock }: LogFixture, options: FixtureOptions): Promise<LogFixture> {
  return LogFixture.open(options, files, clock)
}

test('a batch that is sent again is answered as before, and stored once', async () => {
  const { log, clock } = await LogFixture.open()
  const first = batchOf(3, 10, { producerId: 5, timestamp: 7_000 })
  expect(appendTo(log, Buffer.from(first))).toMatchObject({ baseOffset: 0, isRepeat: false })
  appendTo(log, batchOf(1, 10)) // of nobody
  // It waits for the end of the turn, and is known all the same.
  const again = { baseOffset: 0, lastOffset: 2, maxTimestamp: 7_000, isRepeat: true }
  expect(appendTo(log, Buffer.from(first))).toEqual(again)
  clock.endTurn()
  expect(appendTo(log, Buffer.from(first))).toEqual(again)
  expect(log.logEndOffset).toBe(4)
})

test('a refused batch leaves no trace', async () => {
  const { log } = await LogFixture.open()
  appendTo(log, batch(log, 5))
  const gap = testBatch({ producerId: 5, baseSequence: 9 })
  expect(() => appendTo(log, gap)).toThrow(/OUT_OF_ORDER_SEQUENCE_NUMBER/)
  const large = batchOf(1, 3_000, nextOf(log, 5))
  expect(() => appendTo(log, large)).toThrow(/RECORD_LIST_TOO_LARGE/)
  const unknown = batchOf(1, 3_000, { producerId: 6 })
  expect(() => appendTo(log, unknown)).toThrow(/RECORD_LIST_TOO_LARGE/)
  expect(log.producers.facts()).toMatchObject([{ producerId: 5, lastSequence: 1 }])
  expect(appendTo(log, batch(log, 5))).toMatchObject({ baseOffset: 2 })
})

test('what a failed write has lost may be sent again', async () => {
  const fixture = await LogFixture.open()
  const { log, files } = fixture
  fixture.append(batch(log, 5))
  const lost = batch(log, 5)
  files.faults.add({ operation: 'write', path: /\.log$/, code: 'EIO' })
  appendTo(log, Buffer.from(lost))
  fixture.clock.endTurn()
  expect(log.offline).not.toBeNull()
  log.revive()
  await expectProducersKnown(log, 'revived')
  expect(appendTo(log, Buffer.from(lost))).toMatchObject({ isRepeat: false })
})

test('what a cut took may be sent again', async () => {
  const fixture = await LogFixture.open()
  const { log } = fixture
  const sent = Array.from({ length: 9 }, () => {
    const made = batch(log, 5, 150)
    fixture.append(Buffer.from(made))
    return made
  })
  log.truncateTo(8)
  expect(log.producers.facts()).toMatchObject([{ lastSequence: 7 }])
  expect(snapshots(fixture).every((offset) => offset <= 8)).toBe(true)
  await expectProducersKnown(log, 'cut')
  for (const again of sent.slice(4)) expect(appendTo(log, again).isRepeat).toBe(false)
  log.truncateTo(0)
  expect(log.producers.size).toBe(0)
})

describe('snapshots', () => {
  test('stand where a segment begins, and two more behind', async () => {
    const fixture = await LogFixture.open()
    const { log } = fixture
    for (let n = 0; n < 40; n++) fixture.append(batch(log, n % 3, 120))
    const bases = [...log.segments].map(({ baseOffset }) => baseOffset)
    expect(bases.length).toBeGreaterThan(5)
    const between = snapshots(fixture).filter((offset) => !bases.includes(offset))
    expect(snapshots(fixture)).toEqual(expect.arrayContaining(bases.slice(1)))
    expect(between.length).toBeLessThanOrEqual(2)
    expect(between.length).toBeGreaterThan(0)
  })

  test('between the segments are written when enough bytes and enough time have passed', async () => {
    const fixture = await LogFixture.open({
      config: { segmentBytes: 1_000_000 },
      snapshotPace: { bytes: 900, ms: 250 },
    })
    const { log, clock } = fixture
    const written: number[] = []
    for (let n = 0; n < 30; n++) {
      fixture.append(batch(log, 1, 120)) // some 300 bytes
      const newest = snapshots(fixture).at(-1)
      if (newest !== undefined && newest !== written.at(-1)) written.push(newest)
      if (n % 10 === 9) clock.advance(250)
    }
    // Bytes alone would give one after three batches each time; time lets the first of each ten come.
    expect(written).toEqual([6, 22, 42])
  })

  test('go with their segments', async () => {
    const fixture = await LogFixture.open()
    const { log, clock } = fixture
    for (let n = 0; n < 40; n++) fixture.append(batch(log, n % 3, 120))
    const facts = log.producers.facts()
    log.deleteRecordsBefore(log.logEndOffset)
    clock.advance(5_000)
    await clock.settle()
    const { baseOffset } = log.segments.first
    expect(snapshots(fixture).every((offset) => offset >= baseOffset)).toBe(true)
    // Those who made the records are still known, now and after a stop of either kind.
    expect(log.producers.facts()).toEqual(facts)
    const { logStartOffset, recoveryPoint } = log
    fixture.files.kill()
    const killed = await reopen(fixture, { logStartOffset, recoveryPoint })
    expect(killed.log.producers.facts()).toEqual(facts)
    killed.log.close(true)
    const options = { logStartOffset, recoveryPoint: killed.log.logEndOffset, cleanShutdown: true }
    expect((await reopen(killed, options)).log.producers.facts()).toEqual(facts)
  })

  test('of a clean stop spare the next start all reading', async () => {
    const fixture = await LogFixture.open({ config: { segmentBytes: 1_000_000 } })
    const { log, files } = fixture
    for (let n = 0; n < 7; n++) fixture.append(batch(log, 5))
    log.close(true)
    expect(snapshots(fixture)).toContain(14)
    // What it says is believed: the batches are not looked at.
    const at = files.contentOf(fileOf(14, '.snapshot'))
    expect(at.byteLength).toBe(10 + 5 * 46)
    const options = { recoveryPoint: 14, cleanShutdown: true }
    const after = await reopen(fixture, { ...options, config: { segmentBytes: 1_000_000 } })
    await expectProducersKnown(after.log, 'after a clean stop')
    after.log.close(true)
    expect(snapshots(after)).toEqual(snapshots(fixture))
  })

  test('that are torn are passed over, and removed', async () => {
    const fixture = await LogFixture.open()
    const { log, files } = fixture
    for (let n = 0; n < 20; n++) fixture.append(batch(log, n % 2, 120))
    const facts = log.producers.facts()
    files.kill()
    for (const offset of snapshots(fixture)) {
      files.put(fileOf(offset, '.snapshot'), Buffer.alloc(30, 1))
      const after = await reopen(fixture, { recoveryPoint: 0 })
      expect(after.log.producers.facts()).toEqual(facts)
      files.kill()
    }
    for (const offset of snapshots(fixture)) files.remove(fileOf(offset, '.snapshot'))
    const after = await reopen(fixture, { recoveryPoint: log.logEndOffset })
    expect(new Set(after.log.producers.facts())).toEqual(new Set(facts))
    await expectProducersKnown(after.log, 'no snapshot at all')
  })

  test('that lie above the end of the log are removed', async () => {
    const fixture = await LogFixture.open()
    fixture.append(batch(fixture.log, 5))
    fixture.files.kill()
    fixture.files.put(fileOf(900, '.snapshot'), Buffer.alloc(0))
    expect(snapshots(await reopen(fixture, {}))).toEqual([])
  })

  test('bound what is read of a large segment after a crash', async () => {
    const config = { segmentBytes: 10_000_000 }
    const fixture = await LogFixture.open({ config })
    const { log, files } = fixture
    for (let n = 0; n < 300; n++) fixture.append(batch(log, n % 3, 3_000))
    await fixture.sync()
    const { recoveryPoint } = log
    const readsOfStart = async (): Promise<number> => {
      files.kill()
      const reads = files.faults.count({ operation: 'read', path: /\.log$/ })
      const after = await reopen(fixture, { recoveryPoint, config })
      expect(after.log.producers.size).toBe(3)
      reads.cancel()
      return reads.calls
    }
    const withSnapshots = await readsOfStart()
    for (const offset of snapshots(fixture)) files.remove(fileOf(offset, '.snapshot'))
    // 1.8 MB of headers, in pieces of 64 KiB.
    expect((await readsOfStart()) - withSnapshots).toBeGreaterThan(25)
  })
})

test('damage below the recovery point hides the batches in it, and no others', async () => {
  const config = { segmentBytes: 10_000_000, indexIntervalBytes: 100 }
  const fixture = await LogFixture.open({ config })
  const { log, files } = fixture
  for (let n = 0; n < 4; n++) fixture.append(batch(log, n, 40))
  await fixture.sync()
  const { recoveryPoint } = log
  files.kill()
  const bytes = Buffer.from(files.contentOf(fileOf(0)))
  bytes.fill(0xff, bytes.byteLength / 4, bytes.byteLength / 4 + 60) // the header of the second batch
  files.put(fileOf(0), bytes)
  for (const offset of snapshots(fixture)) files.remove(fileOf(offset, '.snapshot'))
  const after = await reopen(fixture, { recoveryPoint, config })
  expect(after.log.producers.facts().map(({ producerId }) => producerId)).toEqual([0, 2, 3])
})
