// Transactions in a log: a model over random histories with stops of every kind, and what the files hold.

import { expect, test } from 'vitest'
import { splitBatches } from '../../../src/record/batch-reader.ts'
import { readAborted } from '../../../src/storage/segment/txn-index.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { DIRECTORY, LogFixture, readAll, type FixtureOptions } from '../log-fixture.ts'
import {
  appendSome,
  expectKnown,
  firstUndecidedOf,
  knownOf,
  type Stored,
} from './transaction-model.ts'

const TIME = { timeout: 300_000 }
const CONFIG = { segmentBytes: 1_500 }

/** A log that is put through anything, and what it must hold. */
class Life {
  readonly random: SeededRandom
  fixture: LogFixture
  stored: Stored[] = []
  logStartOffset = 0
  recoveryPoint = 0

  constructor(random: SeededRandom, fixture: LogFixture) {
    this.random = random
    this.fixture = fixture
  }

  async step(): Promise<void> {
    const { random } = this
    const { log, clock } = this.fixture
    const kind = random.below(14)
    if (kind < 8) appendSome(log, this.stored, random)
    else if (kind === 8) clock.endTurn()
    else if (kind === 9) await clock.settle()
    else if (kind === 10) await this.sync()
    else if (kind === 11) log.roll()
    else if (kind === 12) await this.deleteSome()
    else await this.failOrCut()
  }

  async sync(): Promise<void> {
    const { fixture } = this
    fixture.clock.endTurn()
    await fixture.sync()
    await fixture.clock.settle()
    this.recoveryPoint = fixture.log.recoveryPoint
  }

  async deleteSome(): Promise<void> {
    await this.sync() // what a snapshot alone knows is on disk before the segments go
    const { log, clock } = this.fixture
    const offset = this.random.between(log.logStartOffset, log.durableOffset)
    this.logStartOffset = Math.max(this.logStartOffset, offset)
    log.deleteRecordsBefore(offset)
    clock.advance(this.random.below(2_000))
  }

  async failOrCut(): Promise<void> {
    const { random, fixture } = this
    const { log } = fixture
    if (random.chance(0.5)) {
      const operation = random.chance(0.5) ? 'write' : 'sync'
      fixture.files.faults.add({ operation, path: /\.(log|txnindex|snapshot)$/, code: 'EIO' })
      fixture.clock.endTurn()
      await fixture.sync().catch((error: Error) => log.fail(error))
      await fixture.clock.settle()
      fixture.files.faults.clear()
      log.revive()
    } else {
      await this.sync() // as the log manager does
      const offset = random.between(log.logStartOffset, log.logEndOffset)
      const last = this.stored.findLast(({ lastOffset }) => lastOffset < offset)
      // A log does not end before it starts: what a follower would do then is to start anew.
      if ((last?.lastOffset ?? -1) + 1 >= log.logStartOffset) log.truncateTo(offset)
    }
    this.#keep()
    // What was durable below is not any more above the cut.
    this.recoveryPoint = Math.min(this.recoveryPoint, log.logEndOffset)
  }

  /** Stops in one way or another, and starts again. */
  async restart(): Promise<void> {
    const { random, fixture } = this
    const { files, clock } = fixture
    const isClean = random.chance(0.3)
    // Not clean: left as it is, so that it does nothing more to the disk.
    fixture.log.close(isClean)
    const recoveryPoint = isClean ? fixture.log.logEndOffset : this.recoveryPoint
    if (random.chance(0.3)) files.kill()
    else files.crash(random.chance(0.2) ? null : random.split())
    const { logStartOffset } = this
    const options = { config: CONFIG, recoveryPoint, logStartOffset, cleanShutdown: isClean }
    this.fixture = await LogFixture.open(options, files, clock)
    this.recoveryPoint = this.fixture.log.logEndOffset
    await this.#keepWhatIsThere()
  }

  #keep(): void {
    const { logEndOffset } = this.fixture.log
    this.stored = this.stored.filter(({ lastOffset }) => lastOffset < logEndOffset)
  }

  /** Below the end of the log, the end of a segment may be missing that was not on disk. */
  async #keepWhatIsThere(): Promise<void> {
    const { log } = this.fixture
    const { batches } = splitBatches(await readAll(log, log.logStartOffset))
    const there = new Set(batches.map(({ header }) => header.baseOffset))
    this.stored = this.stored.filter(({ baseOffset, lastOffset }) => {
      return lastOffset < log.logStartOffset || there.has(baseOffset)
    })
  }
}

test('whatever happens to a log, it knows its transactions', TIME, async () => {
  for (let seed = 1; seed <= 80; seed++) {
    await live(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error })
    })
  }
})

async function live(seed: number): Promise<void> {
  const random = new SeededRandom(seed)
  const life = new Life(random, await LogFixture.open({ config: CONFIG }))
  for (let lives = 0; lives < 6; lives++) {
    for (let step = random.below(50); step > 0; step--) await life.step()
    await expectKnown(life.fixture.log, life.stored, random, `life ${lives}`)
    await life.restart()
    await expectKnown(life.fixture.log, life.stored, random, `after life ${lives}`)
  }
  life.fixture.log.close(true)
  expectFiles(life)
}

/** The files hold one entry for each aborted transaction whose marker is in their segment. */
function expectFiles({ fixture: { files, log }, stored }: Life): void {
  const { aborted } = knownOf(stored)
  const bases = [...log.segments].map(({ baseOffset }) => baseOffset)
  for (const [index, base] of bases.entries()) {
    const end = bases[index + 1] ?? Infinity
    // A power cut may have brought it back, whole or not: nobody reads it.
    if (end <= log.logStartOffset) continue
    const expected = aborted.filter(({ lastOffset }) => lastOffset >= base && lastOffset < end)
    const path = `${DIRECTORY}/${String(base).padStart(20, '0')}.txnindex`
    const bytes = files.exists(path) ? files.contentOf(path) : Buffer.alloc(0)
    const found = Array.from({ length: bytes.byteLength / 34 }, (_, n) =>
      readAborted(bytes, n * 34),
    )
    expect(found, `segment ${base}`).toEqual(expected)
  }
}

test('a transaction that has ended is undecided until its marker is below the high watermark', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed)
    const { log } = await LogFixture.open({ config: { segmentBytes: 1_000_000 } })
    const stored: Stored[] = []
    let highWatermark = 0
    for (let step = 0; step < 120; step++) {
      appendSome(log, stored, random)
      if (random.chance(0.3)) highWatermark = random.between(highWatermark, log.logEndOffset)
      const found = log.producers.firstUndecided(highWatermark)
      const expected = firstUndecidedOf(knownOf(stored), highWatermark)
      expect(found, `seed ${seed}, step ${step}`).toBe(expected)
    }
  }
})

/** A log with aborted transactions in many segments, on disk. */
async function logWithAborted(options: FixtureOptions = { config: CONFIG }): Promise<Life> {
  const random = new SeededRandom(7)
  const life = new Life(random, await LogFixture.open(options))
  for (let step = 0; step < 150; step++) appendSome(life.fixture.log, life.stored, random)
  await life.sync()
  return life
}

function indexFiles({ files }: LogFixture): string[] {
  return files.list(DIRECTORY).filter((name) => name.endsWith('.txnindex'))
}

test('an index that makes no sense is built anew when it is asked for', async () => {
  const { fixture, stored } = await logWithAborted()
  const names = indexFiles(fixture)
  expect(names.length).toBeGreaterThan(4)
  fixture.files.kill()
  const [first, second, third] = names.sort()
  const damaged = Buffer.from(fixture.files.contentOf(`${DIRECTORY}/${first}`)).fill(0xff, 0, 34)
  fixture.files.put(`${DIRECTORY}/${first}`, damaged)
  fixture.files.put(`${DIRECTORY}/${second}`, Buffer.alloc(34 * 2, 3))
  const falling = Buffer.from(fixture.files.contentOf(`${DIRECTORY}/${third}`))
  falling.copyWithin(34, 0, 34)
  fixture.files.put(`${DIRECTORY}/${third}`, falling)
  const recoveryPoint = fixture.log.recoveryPoint
  const options = { config: CONFIG, recoveryPoint }
  const after = await LogFixture.open(options, fixture.files, fixture.clock)
  await expectKnown(after.log, stored, new SeededRandom(3), 'damaged indexes')
  after.log.close(true)
  for (const name of [first, second]) {
    expect(fixture.files.contentOf(`${DIRECTORY}/${name}`).readInt16BE(0)).toBe(0)
  }
})

test('a log without aborted transactions has no index of them, and reads look for none', async () => {
  const fixture = await LogFixture.open({ config: CONFIG })
  const { log } = fixture
  const stored: Stored[] = []
  const random = new SeededRandom(1)
  while (log.segments.count < 8) {
    appendSome(log, stored, random)
    if (stored.at(-1)!.kind === 'abort') {
      log.truncateTo(stored.pop()!.baseOffset) // but for the files that this test is about
    }
    fixture.clock.endTurn()
  }
  await fixture.sync()
  await fixture.clock.settle()
  const { recoveryPoint } = log
  expect(indexFiles(fixture)).toEqual([])
  fixture.files.kill()
  const after = await LogFixture.open({ config: CONFIG, recoveryPoint }, fixture.files)
  const opens = fixture.files.faults.count({ path: /\.txnindex/ })
  await expectKnown(after.log, stored, new SeededRandom(2), 'none aborted')
  expect(opens.calls).toBe(0)
})

test('reading a long log asks no later segment than it has to', async () => {
  const { fixture, stored } = await logWithAborted()
  fixture.files.kill()
  const { recoveryPoint } = fixture.log
  const options = { config: CONFIG, recoveryPoint }
  const { log } = await LogFixture.open(options, fixture.files, fixture.clock)
  const reads = fixture.files.faults.count({ operation: 'read', path: /\.txnindex$/ })
  const { aborted } = knownOf(stored)
  const below = aborted[0]!.lastOffset + 1
  expect(await log.abortedTransactions(0, below)).toContainEqual(aborted[0])
  expect(reads.calls).toBeLessThan(4)
})

test('a snapshot waits for the aborted transactions below it to be on disk', async () => {
  const fixture = await LogFixture.open({ config: { segmentBytes: 1_000_000 } })
  const { log, files, clock } = fixture
  const stored: Stored[] = []
  const random = new SeededRandom(5)
  const snapshots = (): string[] => {
    return files.list(DIRECTORY).filter((name) => name.endsWith('.snapshot'))
  }
  while (!stored.some(({ kind }) => kind === 'abort')) appendSome(log, stored, random)
  while (log.logEndOffset < 80) appendSome(log, stored, random)
  clock.endTurn() // more than the 900 bytes after which the fixture makes a snapshot
  expect(snapshots()).toEqual([])
  await clock.settle()
  expect(snapshots()).toHaveLength(1)
  // The power goes: what the snapshot does not say again is in the index.
  const known = log.producers.openTransactions()
  files.crash(null)
  expect(known.length).toBeGreaterThan(0)
  const after = await LogFixture.open({ config: { segmentBytes: 1_000_000 } }, files)
  expect(after.log.logEndOffset).toBe(0)
})
