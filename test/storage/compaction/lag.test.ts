// min.compaction.lag.ms keeps what is young as it is; max.compaction.lag.ms has what waits too long compacted,
// the active segment too. And the checkpoint of a log that is cut.

import { expect, test } from 'vitest'
import type { LogConfig } from '../../../src/storage/log-config.ts'
import { testBatch } from '../../support/batches.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { ManagerFixture } from '../manager-fixture.ts'
import { COMPACTED } from './compaction-life.ts'

const CHECKPOINT = '/data/cleaner-offset-checkpoint'

async function started(config: Partial<LogConfig>): Promise<ManagerFixture> {
  const rig = new ManagerFixture(new MemoryFileSystem())
  rig.options = {
    compaction: {
      ...{ enabled: false, backoffMs: 0, keyBytes: 4_096 },
      ...{ ioBufferBytes: 10_000, ioBytesPerSecond: Infinity },
    },
  }
  await rig.open()
  await rig.topic('table', 1, { ...COMPACTED, segmentBytes: 100_000, ...config })
  return rig
}

async function write(rig: ManagerFixture, ...keys: readonly string[]): Promise<void> {
  const timestamp = rig.clock.now()
  for (const key of keys) {
    rig.appendBatch(rig.log('table'), testBatch({ records: [{ key, value: 'v' }], timestamp }))
  }
  await rig.clock.settle()
}

async function rolled(rig: ManagerFixture): Promise<void> {
  rig.log('table').roll()
  await rig.clock.settle()
}

async function compact(rig: ManagerFixture): Promise<void> {
  await rig.settled(rig.manager.runCompaction())
}

/** Offsets of the batches that are there. */
async function offsets(rig: ManagerFixture): Promise<number[]> {
  const log = rig.log('table')
  const found: number[] = []
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const read = await log.read(offset, { maxBytes: 1 })
    const hasRecords = read.batches.readInt32BE(57) > 0
    if (hasRecords) found.push(Number(read.batches.readBigInt64BE(0)))
    offset = read.nextOffset
  }
  return found
}

function cleanOffset(rig: ManagerFixture): number {
  if (!rig.files.exists(CHECKPOINT)) return 0
  return Number(/^table 0 (\d+)$/m.exec(rig.files.contentOf(CHECKPOINT).toString())?.[1] ?? 0)
}

test('what is younger than min.compaction.lag.ms stays, to the millisecond', async () => {
  const rig = await started({ minCompactionLagMs: 10_000 })
  await write(rig, 'a', 'a', 'b')
  await rolled(rig)
  await rig.pass(4_000)
  await write(rig, 'a', 'b', 'b')
  await rolled(rig)
  await compact(rig)
  expect(await offsets(rig)).toEqual([0, 1, 2, 3, 4, 5])

  await rig.pass(5_999) // the first segment is 9,999 ms old
  await compact(rig)
  expect(await offsets(rig)).toEqual([0, 1, 2, 3, 4, 5])
  await rig.pass(1)
  await compact(rig)
  // Keys of the second segment are not known yet: the last ones of the first stay.
  expect(await offsets(rig)).toEqual([1, 2, 3, 4, 5])
  expect(cleanOffset(rig)).toBe(3)

  await rig.pass(4_000)
  await compact(rig)
  expect(await offsets(rig)).toEqual([3, 5])
  expect(cleanOffset(rig)).toBe(6)
})

test('what waits for max.compaction.lag.ms is compacted, in the active segment too', async () => {
  const rig = await started({ maxCompactionLagMs: 10_000, minCleanableDirtyRatio: 1 })
  const log = rig.log('table')
  await write(rig, 'a', 'a', 'b')
  await rig.pass(10_000)
  await compact(rig)
  expect([log.segments.count, await offsets(rig)]).toEqual([1, [0, 1, 2]])
  await rig.pass(1)
  await compact(rig)
  expect(log.segments.active.baseOffset).toBe(3)
  expect(await offsets(rig)).toEqual([1, 2])
  expect(cleanOffset(rig)).toBe(3)

  // Nothing waits any more: no segment is closed for nothing.
  await rig.pass(60_000)
  await compact(rig)
  expect(log.segments.active.baseOffset).toBe(3)
  // What is new has its own time.
  await write(rig, 'b')
  await compact(rig)
  expect(log.segments.active.baseOffset).toBe(3)
  await rig.pass(10_001)
  await compact(rig)
  expect(log.segments.active.baseOffset).toBe(4)
  expect(await offsets(rig)).toEqual([1, 3])
})

test('without max.compaction.lag.ms nothing is closed for its age', async () => {
  const rig = await started({})
  await write(rig, 'a', 'a')
  await rig.pass(1_000_000_000, 100_000_000)
  await compact(rig)
  expect(rig.log('table').segments.count).toBe(1)
  expect(await offsets(rig)).toEqual([0, 1])
})

/** Cuts the log while the disk stops at its nth call, and starts it again after a power cut. */
async function cutAndCrash(nth: number, random: SeededRandom | null): Promise<boolean> {
  const rig = await started({})
  for (const keys of ['aab', 'cde', 'fg']) {
    await write(rig, ...keys)
    await rolled(rig)
  }
  await compact(rig)
  expect(cleanOffset(rig)).toBe(8)
  rig.files.faults.add({ nth, times: Infinity, code: 'EIO' })
  const cut = rig.manager.truncate(rig.log('table'), 4)
  const failed = await rig.settled(cut.then(() => false).catch(() => true))
  rig.files.crash(random)
  await rig.open()
  const message = `call ${nth}, seed ${random?.seed}`
  const { logEndOffset } = rig.log('table')
  if (!failed) expect(logEndOffset, message).toBe(4)
  expect(cleanOffset(rig), message).toBeLessThanOrEqual(logEndOffset)

  // Nothing in front of the end is missing; what is written behind it is compacted with the rest.
  await write(rig, 'c', 'c', 'a')
  await rolled(rig)
  await compact(rig)
  const kept = [4, 5, 6, 7].filter((offset) => offset < logEndOffset)
  const expected = [2, ...kept, logEndOffset + 1, logEndOffset + 2]
  expect(await offsets(rig), message).toEqual(expected)
  expect(cleanOffset(rig), message).toBe(logEndOffset + 3)
  return failed
}

test('a cut lowers the checkpoint before it, whatever call the power is cut at', async () => {
  for (let nth = 1; await cutAndCrash(nth, null); nth++) {
    for (let seed = 1; seed <= 5; seed++) await cutAndCrash(nth, new SeededRandom(seed))
  }
})
