// Retention and record deletion at work: what goes, what is left, and that it stays gone.

import { expect, test } from 'vitest'
import type { LogConfig } from '../../src/storage/log-config.ts'
import type { PartitionLog } from '../../src/storage/partition-log.ts'
import { DATA } from './log-fixture.ts'
import { ManagerFixture } from './manager-fixture.ts'

const HOUR = 3_600_000

async function started(config: Partial<LogConfig>): Promise<[ManagerFixture, PartitionLog]> {
  const rig = await ManagerFixture.start({ retentionCheckIntervalMs: 10_000 * HOUR })
  await rig.topic('clicks', 1, config)
  return [rig, rig.log('clicks')]
}

/** Fills segments, with an hour between batches that share a timestamp. */
async function fill(rig: ManagerFixture, log: PartitionLog, hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    for (let n = 0; n < 10; n++) rig.append(log)
    await rig.clock.settle()
    rig.clock.advance(HOUR)
    await rig.clock.settle()
  }
}

function firstTimestampKept(rig: ManagerFixture, log: PartitionLog): number {
  const first = rig.sentTo(log.name).find(({ baseOffset }) => baseOffset >= log.logStartOffset)!
  return Number(first.bytes.readBigInt64BE(35))
}

test('old segments go by time, for good, and no young record does', async () => {
  const [rig, log] = await started({ retentionMs: 3 * HOUR })
  await fill(rig, log, 8)
  await rig.settled(rig.manager.runRetention())
  expect(log.logStartOffset).toBeGreaterThan(0)
  const { baseOffset: first } = log.segmentFacts()[0]!
  expect(log.logStartOffset).toBe(first)
  // The segment that is kept first has a record that is young enough.
  const end = log.segmentFacts()[1]!.baseOffset
  const kept = rig.sentTo(log.name).filter(({ lastOffset }) => lastOffset < end)
  const newest = Number(kept.at(-1)!.bytes.readBigInt64BE(35))
  expect(rig.clock.now() - newest).toBeLessThanOrEqual(3 * HOUR)
  expect(rig.clock.now() - firstTimestampKept(rig, log)).toBeLessThan(5 * HOUR)

  const { logStartOffset } = log
  rig.files.crash()
  await rig.open()
  expect(rig.log('clicks').logStartOffset).toBe(logStartOffset)
  await rig.expectKept(rig.log('clicks'), Infinity, 'after a power cut')
})

test('the active segment is rolled and goes when all of it is old', async () => {
  const [rig, log] = await started({ retentionMs: HOUR })
  for (let n = 0; n < 3; n++) rig.append(log)
  await rig.clock.settle()
  const { logEndOffset } = log
  rig.clock.advance(2 * HOUR)
  await rig.settled(rig.manager.runRetention())
  expect(log.logStartOffset).toBe(logEndOffset)
  expect(log.segmentFacts()).toEqual([
    { baseOffset: logEndOffset, endOffset: logEndOffset, sizeBytes: 0 },
  ])
  expect(rig.append(log).baseOffset).toBe(logEndOffset)
  await rig.clock.settle()
  rig.files.crash()
  await rig.open()
  expect(rig.log('clicks').logStartOffset).toBe(logEndOffset)
  await rig.expectKept(rig.log('clicks'), Infinity, 'after a power cut')
})

test('what was appended since its segment was looked at does not go with it', async () => {
  const [rig, log] = await started({ retentionMs: HOUR })
  rig.append(log)
  await rig.clock.settle()
  rig.clock.advance(2 * HOUR)
  const running = rig.manager.runRetention()
  const young = rig.append(log)
  await rig.settled(running)
  expect(log.logStartOffset).toBeLessThanOrEqual(young.baseOffset)
  await rig.clock.settle()
  await rig.expectKept(log, Infinity, 'appended meanwhile')
})

test('segments go by size, and the log keeps at least that much', async () => {
  const [rig, log] = await started({ retentionBytes: 5_000 })
  await fill(rig, log, 10)
  expect(log.sizeBytes).toBeGreaterThan(8_000)
  await rig.settled(rig.manager.runRetention())
  expect(log.sizeBytes).toBeGreaterThanOrEqual(5_000)
  expect(log.sizeBytes).toBeLessThan(5_000 + 2_000)
})

test('retention runs by itself, and the files go after their delay', async () => {
  const rig = await ManagerFixture.start({ retentionCheckIntervalMs: 60_000 })
  await rig.topic('clicks', 1, { retentionBytes: 5_000, fileDeleteDelayMs: 10_000 })
  const log = rig.log('clicks')
  for (let n = 0; n < 100; n++) rig.append(log)
  await rig.clock.settle()
  await rig.pass(60_000)
  expect(log.sizeBytes).toBeLessThan(7_000)
  const deleted = (): number =>
    rig.files.filesBelow(`${DATA}/clicks-0`).filter((path) => path.endsWith('.deleted')).length
  expect(deleted()).toBeGreaterThan(0)
  await rig.pass(10_000)
  expect(deleted()).toBe(0)
})

test('a clock that was set back, and records from the future, keep everything', async () => {
  const [rig, log] = await started({ retentionMs: HOUR })
  await fill(rig, log, 6)
  rig.clock.jump(0)
  await rig.settled(rig.manager.runRetention())
  expect(log.logStartOffset).toBe(0)

  const [other, future] = await started({ retentionMs: HOUR })
  for (let n = 0; n < 60; n++) other.append(future, other.clock.now() + 100 * HOUR)
  await other.clock.settle()
  other.clock.advance(50 * HOUR)
  await other.settled(other.manager.runRetention())
  expect(future.logStartOffset).toBe(0)
})

test('what is not durable stays, however old it is', async () => {
  const [rig, log] = await started({ retentionMs: HOUR })
  const release = rig.files.holdSyncs()
  for (let n = 0; n < 60; n++) rig.append(log, rig.clock.now() - 100 * HOUR)
  await rig.clock.settle()
  await rig.manager.runRetention()
  expect(log.logStartOffset).toBe(0)
  release()
  await rig.clock.settle()
  await rig.settled(rig.manager.runRetention())
  expect(log.logStartOffset).toBe(log.logEndOffset)
})

test('nothing goes when the new start cannot be saved, and it does the next time', async () => {
  const [rig, log] = await started({ retentionBytes: 4_000 })
  await fill(rig, log, 6)
  const fault = rig.files.faults.add({ path: /checkpoint.tmp/, times: Infinity, code: 'ENOSPC' })
  await rig.settled(rig.manager.runRetention())
  expect(log.logStartOffset).toBe(0)
  expect(log.offline).toBeNull()
  fault.cancel()
  await rig.settled(rig.manager.runRetention())
  expect(log.logStartOffset).toBeGreaterThan(0)
})

test('deleted records stay deleted after a power cut, though the journal has them', async () => {
  const rig = await ManagerFixture.start()
  await rig.topic('clicks', 20)
  const log = rig.log('clicks', 4)
  for (let n = 0; n < 40; n++) rig.append(log)
  for (const other of rig.logs()) rig.append(other)
  await rig.clock.settle()
  expect(rig.manager.stats().journalRounds).toBe(1)
  const offset = log.durableOffset - 5
  await rig.settled(rig.manager.deleteRecordsBefore(log, offset))
  await rig.clock.settle()
  const files = log.segmentFacts().length
  rig.files.crash()
  await rig.open()
  expect(rig.log('clicks', 4).logStartOffset).toBe(offset)
  expect(rig.log('clicks', 4).segmentFacts().length).toBeLessThanOrEqual(files + 1)
  await rig.expectKept(rig.log('clicks', 4), Infinity, 'after a power cut')
  const tooFar = rig.manager.deleteRecordsBefore(rig.log('clicks', 4), 10_000)
  await expect(tooFar).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
})
