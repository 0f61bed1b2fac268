// A workload of everything that a log does to its disk, and what must hold when the disk fails or
// the power goes somewhere in it.

import { expect } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { batchOf } from '../support/batches.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { Appended } from '../../src/storage/partition-log.ts'
import { expectProducersKnown, nextOf } from './known-producers.ts'
import { appendTo, LogFixture, type FixtureOptions } from './log-fixture.ts'

/** What was promised, and what a log may therefore hold. */
export class Promises {
  /** End offset of each appended batch to the batch. */
  readonly batches = new Map<number, Buffer>()
  /** Everything below it was durable. */
  durableOffset = 0
  /** What checkpoints would hold. */
  recoveryPoint = 0
  logStartOffset = 0

  appended({ baseOffset, lastOffset }: Appended, batch: Buffer): void {
    // A crash may have taken batches that stood here.
    for (const end of this.batches.keys()) if (end > baseOffset) this.batches.delete(end)
    this.batches.set(lastOffset + 1, batch)
  }

  take({ log }: LogFixture): void {
    this.durableOffset = Math.max(this.durableOffset, log.durableOffset)
  }

  /** The batches in `[fromOffset, toOffset)`, the one that holds `fromOffset` as a whole. */
  bytes(fromOffset: number, toOffset: number): Buffer {
    const ends = [...this.batches.keys()].filter((end) => end > fromOffset && end <= toOffset)
    return Buffer.concat(ends.sort((a, b) => a - b).map((end) => this.batches.get(end)!))
  }
}

/** Steps by name; each leaves the log online, or throws. */
type Step = (fixture: LogFixture, promises: Promises) => Promise<void> | void

const append =
  (...sizes: number[]): Step =>
  (fixture, promises) => {
    for (const size of sizes) {
      const { logEndOffset } = fixture.log
      const producer = nextOf(fixture.log, 40 + (logEndOffset % 3))
      const batch = batchOf(2, size, { timestamp: 5_000 + logEndOffset, ...producer })
      promises.appended(appendTo(fixture.log, batch), batch)
    }
    fixture.clock.endTurn()
    if (fixture.log.offline !== null) throw fixture.log.offline
  }

const sync: Step = async (fixture, promises) => {
  try {
    await fixture.sync()
  } catch (error) {
    fixture.log.fail(error as Error)
    throw fixture.log.offline!
  }
  if (fixture.log.offline !== null) throw fixture.log.offline
  promises.take(fixture)
  promises.recoveryPoint = fixture.log.recoveryPoint
}

const settle: Step = async (fixture) => {
  await fixture.clock.settle()
  if (fixture.log.offline !== null) throw fixture.log.offline
}

const deleteBefore =
  (offset: number): Step =>
  ({ log }, promises) => {
    promises.logStartOffset = Math.max(promises.logStartOffset, offset)
    log.deleteRecordsBefore(offset)
  }

/** Appends, rolls of each kind, syncs, removals: every call site of a log that runs. */
export const WORKLOAD: readonly (readonly [string, Step])[] = [
  ['append', append(30, 40)],
  ['sync', sync],
  ['append more', append(50, 60, 70)],
  ['fill a segment', append(500, 500, 500)],
  ['roll by size', append(500, 40)],
  ['index written', settle],
  ['sync two segments', sync],
  ['a new leader', ({ log }) => log.startLeaderEpoch(9)],
  ['append in its epoch', append(100, 100)],
  ['roll by hand', ({ log }) => log.roll()],
  ['append after it', append(600, 600)],
  ['sync again', sync],
  ['delete records', deleteBefore(13)],
  ['append unsynced', append(300, 300)],
  ['files removed', (fixture) => fixture.clock.advance(2_000)],
  ['roll again', append(900)],
  ['indexes again', settle],
  ['last sync', sync],
]

/** Runs the workload until a step throws. @returns that error, or null */
export async function runWorkload(
  fixture: LogFixture,
  promises: Promises,
): Promise<BrokerError | null> {
  fixture.log.startLeaderEpoch(4)
  for (const [name, step] of WORKLOAD) {
    try {
      await step(fixture, promises)
    } catch (error) {
      expect(error, name).toBeInstanceOf(BrokerError)
      expect(error, name).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
      promises.take(fixture)
      return error as BrokerError
    }
    promises.take(fixture)
  }
  return null
}

/** Opens the log of the disk as after a crash, and checks that no promise was broken. */
export async function expectPromisesKept(
  fixture: LogFixture,
  promises: Promises,
  what: string,
  config: FixtureOptions['config'] = {},
): Promise<LogFixture> {
  const { recoveryPoint, logStartOffset } = promises
  const options = { config, recoveryPoint, logStartOffset }
  const after = await LogFixture.open(options, fixture.files, fixture.clock)
  await expectContent(after, promises, what)
  expect(after.opened.report.damage, what).toEqual([])
  return after
}

/** Checks that the log holds all that was durable, and nothing but what was appended. */
export async function expectContent(
  { log }: LogFixture,
  promises: Promises,
  what: string,
): Promise<void> {
  expect(log.logEndOffset, what).toBeGreaterThanOrEqual(promises.durableOffset)
  const pieces: Buffer[] = []
  for (let offset = log.logStartOffset; offset < log.writtenOffset;) {
    const read = await log.read(offset, { maxBytes: 1_000 })
    expect(read.batchCount, what).toBeGreaterThan(0)
    pieces.push(Buffer.from(read.batches))
    offset = read.nextOffset
  }
  const expected = promises.bytes(log.logStartOffset, log.writtenOffset)
  expect(Buffer.concat(pieces).equals(expected), what).toBe(true)
  await expectProducersKnown(log, what)
}

/** Appends and syncs a little, to see that the log works. */
export async function expectUsable(
  fixture: LogFixture,
  promises: Promises,
  random: SeededRandom,
  what: string,
): Promise<void> {
  const { log } = fixture
  for (let n = 0; n < 6; n++) {
    const producer = nextOf(log, random.between(40, 42))
    const batch = batchOf(random.between(1, 3), random.between(10, 600), producer)
    promises.appended(appendTo(log, batch), batch)
  }
  log.writePending()
  await fixture.sync()
  expect(log.durableOffset, what).toBe(log.logEndOffset)
  promises.take(fixture)
  await expectContent(fixture, promises, what)
}
