// What a replay gives back, leaves out and reports.

import { describe, expect, test } from 'vitest'
import { uuidOf, type Uuid } from '../../../src/base/uuid.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { CommitJournal } from '../../../src/storage/rounds/commit-journal.ts'
import { journalName, JOURNAL_HEADER_BYTES } from '../../../src/storage/rounds/journal-format.ts'
import { replayJournals, type JournalReplay } from '../../../src/storage/rounds/journal-replay.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { PlainLog, recordsOnDisk } from './plain-log.ts'

const core = StorageCore.load()
const crc32c = (bytes: Uint8Array): number => core.crc32c(bytes)
const DIRECTORY_ID = uuidOf(Buffer.alloc(16, 7))
const DATA = '/data'
const JOURNAL = `${DATA}/${journalName(0)}`
const ENTRY_BYTES = 72 + 64

interface Known {
  readonly recoveryPoint?: number
  readonly logStartOffset?: number
}

interface Rig {
  readonly files: MemoryFileSystem
  readonly logs: readonly PlainLog[]
  readonly journal: CommitJournal
}

function makeRig(logCount: number, fileBytes = 1_000_000): Rig {
  const files = new MemoryFileSystem()
  files.makeDirectory(DATA)
  files.syncDirectory('/')
  const logs = Array.from({ length: logCount }, (_, n) => new PlainLog(files, DATA, n))
  const journal = new CommitJournal({
    files,
    directory: DATA,
    directoryId: DIRECTORY_ID,
    crc32c,
    logger: silentLogger,
    beforeRemove: () => Promise.resolve(),
    fileBytes,
    maxFiles: 100,
  })
  return { files, logs, journal }
}

/** Appends `count` records to each log and makes them durable, in the journal alone. */
async function journalRound({ journal, logs }: Rig, count = 1): Promise<void> {
  for (const log of logs) log.append(count)
  await journal.append(logs.map((log) => ({ log, state: log.unsynced() })))
  for (const log of logs) log.markDurable(log.endOffset)
}

function replay({ files, logs }: Rig, known: (log: PlainLog) => Known | null): JournalReplay {
  const find = (topicId: Uuid, partition: number) => {
    const log = logs.find((log) => log.topicId === topicId && log.partition === partition)
    const said = log === undefined ? null : known(log)
    return said && { name: log!.name, recoveryPoint: 0, logStartOffset: 0, ...said }
  }
  return replayJournals({ files, directory: DATA, directoryId: DIRECTORY_ID, crc32c, find })
}

const ALL = (): Known => ({})

function counts({ files, logs }: Rig): number[] {
  return logs.map(({ partition }) => recordsOnDisk(files, DATA, partition))
}

test('what a power cut took from the logs comes back from the journals, oldest first', async () => {
  const rig = makeRig(3, 1_000)
  for (let round = 0; round < 25; round++) await journalRound(rig)
  expect(rig.journal.fileCount).toBeGreaterThan(5)
  rig.files.crash()
  expect(counts(rig)).toEqual([0, 0, 0])
  const { nextFileNumber, damage, replayedEntries, failed } = replay(rig, ALL)
  expect({ nextFileNumber, damage, replayedEntries, failed }).toEqual({
    nextFileNumber: rig.journal.fileCount,
    damage: [],
    replayedEntries: 75,
    failed: new Map(),
  })
  expect(counts(rig)).toEqual([25, 25, 25])
})

test('what a replay wrote stays when the journals are gone and the power fails', async () => {
  const rig = makeRig(3)
  await journalRound(rig, 12)
  rig.files.crash()
  replay(rig, ALL)
  rig.files.remove(JOURNAL)
  rig.files.crash()
  expect(counts(rig)).toEqual([12, 12, 12])
})

test('a replay can be done again after it was cut short, any number of times', async () => {
  const rig = makeRig(3)
  for (let round = 0; round < 4; round++) await journalRound(rig, 4)
  rig.files.crash()
  const steps = rig.files.faults.count()
  const untouched = rig.files.clone()
  replay(rig, ALL)
  for (let nth = 1; nth <= steps.calls; nth++) {
    const files = untouched.clone()
    files.faults.add({ nth, times: Infinity, code: 'EIO' })
    const again = { ...rig, files }
    attempt(() => replay(again, ALL))
    files.faults.clear()
    files.crash()
    expect(replay(again, ALL).failed.size).toBe(0)
    expect(counts(again), `cut at call ${nth}`).toEqual([16, 16, 16])
  }
})

/** Runs what may be cut short by a fault. */
function attempt(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    expect(error).toMatchObject({ code: 'EIO' })
  }
}

describe('an entry is left out', () => {
  test('when no partition has its topic id', async () => {
    const rig = makeRig(2)
    await journalRound(rig, 5)
    rig.files.crash()
    const { skippedEntries } = replay(rig, ({ partition }) => (partition === 0 ? null : {}))
    expect(skippedEntries).toBe(1)
    expect(counts(rig)).toEqual([0, 5])
    expect(rig.files.filesBelow(`${DATA}/plain-0`)).toEqual([])
  })

  test('when all of it is below the recovery point', async () => {
    const rig = makeRig(1)
    for (let round = 0; round < 4; round++) await journalRound(rig, 2)
    const writes = rig.files.faults.count({ operation: 'write' })
    expect(replay(rig, () => ({ recoveryPoint: 5 })).replayedEntries).toBe(2)
    expect(writes.calls).toBe(2)
  })

  test('when its whole segment is below the log start offset, and gone', async () => {
    const rig = makeRig(1)
    for (let round = 0; round < 8; round++) await journalRound(rig, 3)
    rig.files.crash()
    replay(rig, () => ({ logStartOffset: 15 }))
    const files = rig.files.filesBelow(`${DATA}/plain-0`).map((path) => path.slice(-6))
    expect(files).toEqual(['10.log', '20.log'])
  })

  test('but not when its segment is still there: that would leave a hole', async () => {
    const rig = makeRig(1)
    for (let round = 0; round < 8; round++) await journalRound(rig, 3)
    rig.files.syncDirectory(`${DATA}/plain-0`)
    rig.files.crash()
    replay(rig, () => ({ logStartOffset: 15 }))
    expect(counts(rig)).toEqual([24])
  })
})

describe('a log that cannot be written', () => {
  test('keeps the journals that it needs, and harms no other', async () => {
    const rig = makeRig(3)
    await journalRound(rig, 2)
    rig.files.crash()
    rig.files.faults.add({ operation: 'write', path: /plain-1\//, code: 'ENOSPC' })
    const { failed, journals } = replay(rig, ALL)
    expect([...failed.keys()]).toEqual(['plain-1'])
    expect(journals).toMatchObject([{ fileNumber: 0, owedTo: new Set(['plain-1']) }])
    expect(counts(rig)).toEqual([2, 0, 2])
    expect(replay(rig, ALL).failed.size).toBe(0)
    expect(counts(rig)).toEqual([2, 2, 2])
  })

  test('is one that cannot be synced as well', async () => {
    const rig = makeRig(3)
    await journalRound(rig, 2)
    rig.files.crash()
    rig.files.faults.add({ operation: 'sync', path: /plain-1\//, code: 'EIO' })
    expect([...replay(rig, ALL).failed.keys()]).toEqual(['plain-1'])
  })
})

describe('damage', () => {
  test('of the last round counts as a cut: at every byte, the rounds before it come back', async () => {
    const rig = makeRig(2)
    await journalRound(rig)
    await journalRound(rig)
    rig.files.crash()
    const lastRound = JOURNAL_HEADER_BYTES + 2 * ENTRY_BYTES
    const whole = rig.files.contentOf(JOURNAL)
    for (let cut = lastRound; cut < whole.byteLength; cut++) {
      const files = rig.files.clone()
      const file = files.open(JOURNAL, 'write')
      file.truncate(cut)
      expect(replay({ ...rig, files }, ALL).damage, `cut at ${cut}`).toEqual([])
      const [first, second] = counts({ ...rig, files })
      expect(first, `cut at ${cut}`).toBe(cut < lastRound + ENTRY_BYTES ? 1 : 2)
      expect(second, `cut at ${cut}`).toBe(1)
    }
  })

  test('of the last round, with later entries of it whole, counts as a cut too', async () => {
    const rig = makeRig(3)
    await journalRound(rig)
    await journalRound(rig)
    rig.files.crash()
    const lastRound = JOURNAL_HEADER_BYTES + 3 * ENTRY_BYTES
    rig.files.damage(JOURNAL, lastRound, Buffer.alloc(ENTRY_BYTES))
    expect(replay(rig, ALL)).toMatchObject({ damage: [], replayedEntries: 3 })
    expect(counts(rig)).toEqual([1, 1, 1])
  })

  test('before the last round is reported, and all other entries come back', async () => {
    const rig = makeRig(3)
    for (let round = 0; round < 3; round++) await journalRound(rig)
    rig.files.crash()
    const positionBytes = JOURNAL_HEADER_BYTES + 4 * ENTRY_BYTES
    rig.files.damage(JOURNAL, positionBytes + 80, Buffer.of(0xff))
    const { damage, replayedEntries } = replay(rig, ALL)
    expect(damage).toMatchObject([
      { journal: journalName(0), positionBytes, sizeBytes: ENTRY_BYTES },
      { reason: expect.stringContaining('plain-1 ends at byte 64') },
    ])
    expect(replayedEntries).toBe(7)
    expect(counts(rig)).toEqual([3, 1, 3])
  })

  test('at the end of a journal that is not the newest is reported', async () => {
    const rig = makeRig(1, 400)
    for (let round = 0; round < 4; round++) await journalRound(rig)
    rig.files.crash()
    const file = rig.files.open(JOURNAL, 'write')
    file.truncate(file.sizeBytes - 1)
    const { damage } = replay(rig, ALL)
    expect(damage[0]).toMatchObject({ journal: journalName(0), reason: 'no whole entry' })
  })

  test('of every single bit of the entries is noticed', async () => {
    const rig = makeRig(1)
    await journalRound(rig)
    await journalRound(rig)
    rig.files.crash()
    for (let bit = 0; bit < ENTRY_BYTES * 8; bit += 5) {
      const files = rig.files.clone()
      const at = JOURNAL_HEADER_BYTES + (bit >> 3)
      const byte = files.contentOf(JOURNAL)[at]! ^ (1 << (bit & 7))
      files.damage(JOURNAL, at, Buffer.of(byte))
      expect(replay({ ...rig, files }, ALL).damage.length, `bit ${bit}`).toBeGreaterThan(0)
      expect(counts({ ...rig, files }), `bit ${bit}`).toEqual([0])
    }
  })

  test('of the header is reported when entries follow, and they come back', async () => {
    const rig = makeRig(1)
    await journalRound(rig)
    rig.files.crash()
    rig.files.damage(JOURNAL, 3, Buffer.of(0))
    expect(replay(rig, ALL).damage).toMatchObject([{ reason: 'not a commit journal' }])
    expect(counts(rig)).toEqual([1])
  })
})

test('the journal of another directory is reported and left alone', async () => {
  const rig = makeRig(1)
  await journalRound(rig)
  rig.files.crash()
  const find = (): null => null
  const directoryId = uuidOf(Buffer.alloc(16, 8))
  const { files } = rig
  const { journals, damage } = replayJournals({ files, directory: DATA, directoryId, crc32c, find })
  expect(journals).toEqual([])
  expect(damage).toMatchObject([{ reason: expect.stringContaining('belongs to directory') }])
})

test('a journal whose making was cut short is dropped in silence', () => {
  const rig = makeRig(1)
  rig.files.put(JOURNAL, Buffer.alloc(10))
  const { damage, journals } = replay(rig, ALL)
  expect(damage).toEqual([])
  expect(journals).toMatchObject([{ fileNumber: 0, owedTo: new Set() }])
})
