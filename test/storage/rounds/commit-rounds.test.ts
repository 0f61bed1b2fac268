// Commit rounds over simple logs on a disk that fails and forgets.

import { expect, test } from 'vitest'
import { silentLogger } from '../../../src/observability/logger.ts'
import { uuidOf, type Uuid } from '../../../src/base/uuid.ts'
import {
  CommitJournal,
  type CommitJournalOptions,
} from '../../../src/storage/rounds/commit-journal.ts'
import { CommitRounds } from '../../../src/storage/rounds/commit-rounds.ts'
import { replayJournals, type JournalReplay } from '../../../src/storage/rounds/journal-replay.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { PlainLog, recordsOnDisk } from './plain-log.ts'

const core = StorageCore.load()
const crc32c = (bytes: Uint8Array): number => core.crc32c(bytes)
const DIRECTORY_ID = uuidOf(Buffer.alloc(16, 7))
const DATA = '/data'

class Rig {
  readonly clock = new ManualClock()
  readonly files: MemoryFileSystem
  readonly journal: CommitJournal
  readonly rounds: CommitRounds
  readonly logs: PlainLog[]

  constructor(logCount: number, journal: Partial<CommitJournalOptions> = {}) {
    this.files = new MemoryFileSystem()
    this.files.makeDirectory(DATA)
    this.files.syncDirectory('/')
    this.logs = Array.from({ length: logCount }, (_, n) => new PlainLog(this.files, DATA, n))
    this.journal = new CommitJournal({
      files: this.files,
      directory: DATA,
      directoryId: DIRECTORY_ID,
      crc32c,
      logger: silentLogger,
      beforeRemove: () => Promise.resolve(),
      ...journal,
    })
    const { clock } = this
    this.rounds = new CommitRounds({ clock, logger: silentLogger, journal: this.journal })
  }

  append(count: number, logs: readonly PlainLog[] = this.logs): void {
    for (const log of logs) {
      log.append(count)
      this.rounds.requestRound(log)
    }
  }

  async tick(ms = 1_000): Promise<void> {
    this.clock.advance(ms)
    void this.rounds.tidyJournal()
    await this.clock.settle()
  }

  replay(): JournalReplay {
    return replay(this.files, this.logs)
  }
}

function replay(
  files: MemoryFileSystem,
  logs: readonly PlainLog[],
  recoveryPoint: (log: PlainLog) => number = () => 0,
): JournalReplay {
  const find = (topicId: Uuid, partition: number) => {
    const log = logs.find((log) => log.topicId === topicId && log.partition === partition)
    if (log === undefined) return null
    return { name: log.name, recoveryPoint: recoveryPoint(log), logStartOffset: 0 }
  }
  return replayJournals({ files, directory: DATA, directoryId: DIRECTORY_ID, crc32c, find })
}

function journalNames(files: MemoryFileSystem): string[] {
  return files.list(DATA).filter((name) => name.startsWith('commit-journal-'))
}

test('few dirty logs are synced themselves, many go through the journal', async () => {
  const rig = new Rig(40)
  rig.append(3, rig.logs.slice(0, 2))
  await rig.clock.settle()
  expect(rig.rounds.stats()).toMatchObject({ rounds: 1, journalRounds: 0, journalFiles: 0 })
  expect(rig.logs.slice(0, 2).map(({ syncedOffset }) => syncedOffset)).toEqual([3, 3])

  rig.append(2)
  await rig.clock.settle()
  expect(rig.rounds.stats()).toMatchObject({ rounds: 2, journalRounds: 1, journalFiles: 1 })
  expect(rig.logs.map(({ durableOffset, endOffset }) => endOffset - durableOffset)).toEqual(
    rig.logs.map(() => 0),
  )
  expect(rig.logs.at(-1)!.syncedOffset).toBe(0)
})

test('a round releases what was written before it began, and the next one the rest', async () => {
  const rig = new Rig(1)
  const [log] = rig.logs as [PlainLog]
  const release = rig.files.holdSyncs()
  rig.append(1)
  await rig.clock.settle()
  rig.append(1)
  rig.append(1)
  await rig.clock.settle()
  expect(log.durableOffset).toBe(0)

  const releaseNext = rig.files.holdSyncs()
  release()
  await rig.clock.settle()
  expect(log.durableOffset).toBe(1)
  releaseNext()
  await rig.clock.settle()
  expect(log.durableOffset).toBe(3)
  expect(rig.rounds.stats().rounds).toBe(2)
})

test('an idle journal is closed, its logs are synced, and it is removed', async () => {
  let saved = 0
  const rig = new Rig(40, { beforeRemove: async () => void (saved += 1) })
  rig.append(2)
  await rig.clock.settle()
  await rig.tick(1_000)
  expect(journalNames(rig.files)).toHaveLength(1)
  await rig.tick(1_000)
  await rig.tick(1_000)
  expect(journalNames(rig.files)).toEqual([])
  expect(saved).toBe(1)
  expect(rig.logs.map(({ syncedOffset }) => syncedOffset)).toEqual(rig.logs.map(() => 2))
  rig.files.crash()
  for (const log of rig.logs) expect(recordsOnDisk(rig.files, DATA, log.partition)).toBe(2)
})

test('a full journal makes way for the next one, and there are never more than the bound', async () => {
  const rig = new Rig(20, { fileBytes: 8_000, maxFiles: 3 })
  for (let round = 0; round < 30; round++) {
    rig.append(1)
    await rig.clock.settle()
    expect(journalNames(rig.files).length).toBeLessThanOrEqual(3)
    for (const path of rig.files.filesBelow(DATA)) {
      if (path.includes('commit-journal')) {
        expect(rig.files.contentOf(path).byteLength).toBeLessThanOrEqual(8_000)
      }
    }
    await rig.tick(10)
  }
  expect(rig.rounds.stats().journalRounds).toBeGreaterThan(5)
  for (const log of rig.logs) expect(log.durableOffset).toBe(30)
})

test('while the journals are at their bound, rounds sync the logs', async () => {
  const rig = new Rig(20, { fileBytes: 3_000, maxFiles: 1, beforeRemove: refuse })
  rig.append(1)
  await rig.clock.settle()
  rig.append(1)
  await rig.clock.settle()
  expect(rig.rounds.stats()).toMatchObject({ rounds: 2, journalRounds: 1 })
  for (const log of rig.logs) expect(log.syncedOffset).toBe(2)
})

function refuse(): never {
  throw new Error('recovery points could not be saved')
}

test('a failed sync takes that log offline and no other, and is not tried again', async () => {
  const rig = new Rig(3)
  const [first, second, third] = rig.logs as [PlainLog, PlainLog, PlainLog]
  const fault = rig.files.faults.add({ operation: 'sync', path: /plain-1/, code: 'EIO' })
  rig.append(1)
  await rig.clock.settle()
  expect(second.failure).toMatchObject({ code: 'EIO' })
  expect(second.durableOffset).toBe(0)
  expect([first.durableOffset, third.durableOffset]).toEqual([1, 1])

  rig.append(1)
  await rig.clock.settle()
  expect(fault.calls).toBe(1)
  expect(second.durableOffset).toBe(0)
  expect([first.durableOffset, third.durableOffset]).toEqual([2, 2])
})

test('a log that cannot be read back goes offline, and the rest of its round is durable', async () => {
  const rig = new Rig(40)
  rig.files.faults.add({ operation: 'read', path: /plain-7\//, code: 'EIO' })
  rig.append(1)
  await rig.clock.settle()
  expect(rig.rounds.stats().journalRounds).toBe(1)
  for (const log of rig.logs) expect(log.durableOffset).toBe(log.partition === 7 ? 0 : 1)
  expect(rig.logs[7]!.failure).not.toBeNull()
})

test.each([
  ['open', 'ENOSPC'],
  ['write', 'ENOSPC'],
  ['sync', 'EIO'],
  ['syncDirectory', 'EIO'],
] as const)('when the %s of a journal fails, the round syncs the logs', async (operation, code) => {
  const rig = new Rig(40)
  const path = operation === 'syncDirectory' ? /^\/data$/ : /commit-journal/
  const fault = rig.files.faults.add({ operation, path, code, partialBytes: 100 })
  rig.append(2)
  await rig.clock.settle()
  expect(fault.failed).toBe(1)
  expect(rig.rounds.stats()).toMatchObject({ rounds: 1, journalRounds: 0, journalFailures: 1 })
  for (const log of rig.logs) expect(log).toMatchObject({ syncedOffset: 2, failure: null })

  // No new journal until the old one is out of the way and some time has passed.
  const syncs = rig.files.faults.count({ operation: 'sync', path: /commit-journal-0+0$/ })
  rig.append(1)
  await rig.clock.settle()
  expect(rig.rounds.stats().journalRounds).toBe(0)
  await rig.tick()
  rig.append(1)
  await rig.clock.settle()
  expect(rig.rounds.stats().journalRounds).toBe(1)
  expect(syncs.calls, 'the abandoned file is not synced again').toBe(0)
  for (const log of rig.logs) expect(log.durableOffset).toBe(4)
})

test('a journal stays while a log that failed has bytes in it alone', async () => {
  const rig = new Rig(40)
  rig.append(2)
  await rig.clock.settle()
  rig.files.faults.add({ operation: 'sync', path: /plain-5\//, code: 'EIO' })
  await rig.tick(5_000)
  await rig.tick()
  expect(rig.logs[5]!.failure).toMatchObject({ code: 'EIO' })
  expect(rig.logs[6]!.syncedOffset).toBe(2)
  expect(journalNames(rig.files)).toHaveLength(1)

  rig.files.crash()
  expect(recordsOnDisk(rig.files, DATA, 5)).toBe(0)
  expect(rig.replay().failed.size).toBe(0)
  for (const log of rig.logs) expect(recordsOnDisk(rig.files, DATA, log.partition)).toBe(2)
})

test('a log that is withheld is told nothing, and is served again when it is back', async () => {
  const rig = new Rig(2)
  const [log] = rig.logs as [PlainLog]
  const release = rig.files.holdSyncs()
  rig.append(1)
  await rig.clock.settle()
  let withheld = false
  const waiting = rig.rounds.withhold(log).then(() => void (withheld = true))
  await rig.clock.settle()
  expect(withheld).toBe(false)
  release()
  await waiting
  expect(log.durableOffset).toBe(0)
  rig.append(1)
  await rig.clock.settle()
  expect(rig.logs.map(({ durableOffset }) => durableOffset)).toEqual([0, 2])
  rig.rounds.readmit(log)
  await rig.clock.settle()
  expect(log.durableOffset).toBe(2)
})

test('two syncs of one log never overlap', async () => {
  const rig = new Rig(1)
  const [log] = rig.logs as [PlainLog]
  const syncs = rig.files.faults.count({ operation: 'sync' })
  const release = rig.files.holdSyncs()
  rig.append(1)
  void rig.rounds.sync(log)
  rig.rounds.requestBackgroundSync(log)
  await rig.clock.settle()
  expect(log.durableOffset).toBe(0)

  // The first one fails, and takes the bytes of all with it: nobody may hear of success.
  rig.files.faults.add({ operation: 'sync', code: 'EIO' })
  release()
  await rig.clock.settle()
  expect(log).toMatchObject({ durableOffset: 0, failure: { code: 'EIO' } })
  expect(syncs.calls).toBe(1)
})

test('after a void no replay brings back bytes that were cut, and later ones come back', async () => {
  const rig = new Rig(40)
  rig.append(5)
  await rig.clock.settle()
  const [log, other] = rig.logs as [PlainLog, PlainLog]
  await rig.rounds.sync(log)
  await rig.rounds.withhold(log)
  await rig.rounds.voidJournaled(log)
  rig.rounds.readmit(log)
  log.cutTo(3)
  rig.append(1)
  await rig.clock.settle()
  expect(rig.rounds.stats().journalRounds).toBe(2)

  const cut = rig.files.clone()
  rig.files.crash()
  expect(rig.replay().damage).toEqual([])
  expect(recordsOnDisk(rig.files, DATA, log.partition)).toBe(4)
  expect(recordsOnDisk(rig.files, DATA, other.partition)).toBe(6)
  expect(cut.list(DATA)).toEqual(rig.files.list(DATA))
})

test('a void stays as long as an older journal with bytes that it is about', async () => {
  const rig = new Rig(40)
  rig.append(5)
  await rig.clock.settle()
  const [log] = rig.logs as [PlainLog]
  rig.files.faults.add({ operation: 'sync', path: /plain-5\//, code: 'EIO' })
  await rig.tick(3_000)
  await rig.tick()
  expect(journalNames(rig.files), 'held for the log that failed').toHaveLength(1)

  await rig.rounds.sync(log)
  await rig.rounds.withhold(log)
  await rig.rounds.voidJournaled(log)
  log.cutTo(3)
  await rig.tick(3_000)
  await rig.tick(3_000)
  expect(journalNames(rig.files)).toHaveLength(2)
  rig.files.crash()
  rig.replay()
  expect(recordsOnDisk(rig.files, DATA, log.partition)).toBe(3)
  expect(recordsOnDisk(rig.files, DATA, 5)).toBe(5)

  rig.rounds.forget(rig.logs[5]!)
  await rig.tick(3_000)
  await rig.tick(3_000)
})

test('a void that cannot be written is an error, and what it is about still counts', async () => {
  const rig = new Rig(40)
  rig.append(5)
  await rig.clock.settle()
  const [log] = rig.logs as [PlainLog]
  await rig.rounds.withhold(log)
  rig.files.faults.add({ operation: 'sync', path: /commit-journal/, code: 'EIO' })
  await expect(rig.rounds.voidJournaled(log)).rejects.toMatchObject({ code: 'EIO' })
  expect(rig.journal.mentions(log.name)).toBe(true)
  await rig.rounds.voidJournaled(log)
  expect(rig.journal.mentions(log.name)).toBe(false)
})

test('closing syncs everything and leaves no journal', async () => {
  const rig = new Rig(40)
  rig.append(3)
  await rig.clock.settle()
  rig.append(1)
  const closed = rig.rounds.close(rig.logs)
  await rig.clock.settle()
  await closed
  expect(journalNames(rig.files)).toEqual([])
  rig.files.crash()
  for (const log of rig.logs) expect(recordsOnDisk(rig.files, DATA, log.partition)).toBe(4)
})

test('what was called durable is there after a power cut at any moment', async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = new SeededRandom(seed)
    const rig = new Rig(random.between(1, 24), { fileBytes: random.between(4_000, 40_000) })
    let release = (): void => undefined
    for (let step = random.between(1, 40); step > 0; step--) {
      const some = rig.logs.filter(() => random.chance(0.7))
      rig.append(random.between(1, 4), some)
      release()
      release = random.chance(0.3) ? rig.files.holdSyncs() : (): void => undefined
      if (random.chance(0.1)) await rig.tick(random.between(100, 3_000))
      for (let turns = random.between(0, 2); turns > 0; turns--) await rig.clock.settle()
      if (random.chance(0.05)) {
        const path = random.pick([/commit-journal/, /plain-1/])
        const operation = random.pick(['sync', 'write'] as const)
        if (operation === 'sync') rig.files.faults.add({ operation, path, code: 'EIO' })
      }
    }
    const told = rig.logs.map(({ durableOffset }) => durableOffset)
    const synced = rig.logs.map(({ syncedOffset }) => syncedOffset)
    rig.files.crash(random)

    const first = replay(rig.files, rig.logs, (log) => {
      return random.chance(0.5) ? synced[log.partition]! : 0
    })
    expect(first.damage, `seed ${seed}`).toEqual([])
    const found = rig.logs.map(({ partition }) => recordsOnDisk(rig.files, DATA, partition))
    for (const [at, durable] of told.entries()) {
      expect(found[at], `seed ${seed}, log ${at}`).toBeGreaterThanOrEqual(durable)
    }

    // Again, as after a power cut during the replay: nothing is lost, nothing changes.
    rig.files.crash(random)
    replay(rig.files, rig.logs)
    const again = rig.logs.map(({ partition }) => recordsOnDisk(rig.files, DATA, partition))
    for (const [at, durable] of told.entries()) {
      expect(again[at], `seed ${seed}, log ${at}, again`).toBeGreaterThanOrEqual(durable)
    }
  }
})
