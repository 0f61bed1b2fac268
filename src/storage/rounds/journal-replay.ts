// Gives logs back what only the commit journal holds, before they are opened after a crash.
//
// An entry is written at its position into its segment's .log file, which is made again when its
// directory entry was lost. It is left out when
//
//   - no partition directory has its topic id: the topic was deleted, or made anew;
//   - a void follows it: the log was cut since;
//   - all of it is below the log's recovery point: the log has it on disk;
//   - its segment is below the log start offset and not there: the segment was removed.
//
// Replaying twice is the same as once. The journals stay until the logs are open.

import type { Uuid } from '../../base/uuid.ts'
import type { File, FileSystem } from '../../io/file-system.ts'
import type { HeldJournal } from './commit-journal.ts'
import { journalName, parseJournalName, type Crc32c } from './journal-format.ts'
import { scanJournal, type JournalDamage, type ScannedEntry } from './journal-scan.ts'

/** A partition directory as the replay needs to know it. */
export interface ReplayLog {
  readonly name: string
  readonly recoveryPoint: number
  readonly logStartOffset: number
}

export interface JournalReplayOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly directoryId: Uuid
  readonly crc32c: Crc32c
  /** The directory of a partition, or null when there is none of this topic id. */
  readonly find: (topicId: Uuid, partition: number) => ReplayLog | null
  /** Directories that may be those of any topic id: entries that nobody else wants are kept. */
  readonly doubtful?: readonly { readonly name: string; readonly partition: number }[]
}

/** Damage in one of the journals, or a gap in a log that an entry could not bridge. */
export interface ReplayDamage extends JournalDamage {
  readonly journal: string
}

export interface JournalReplay {
  /** The journals, oldest first, each with the logs that still need it because they failed. Those
   *  of another directory are left out: they are not to be touched. */
  readonly journals: readonly HeldJournal[]
  readonly nextFileNumber: number
  readonly replayedEntries: number
  readonly replayedBytes: number
  readonly skippedEntries: number
  /** Where each log ends by its entries that count, by name. */
  readonly endOffsets: ReadonlyMap<string, number>
  readonly damage: readonly ReplayDamage[]
  /** Logs that could not be written, by name. */
  readonly failed: ReadonlyMap<string, Error>
}

interface Step {
  readonly journal: Journal
  readonly log: ReplayLog
  readonly entry: ScannedEntry
}

interface Journal {
  readonly number: number
  readonly name: string
  readonly file: File
  readonly sizeBytes: number
  readonly mentions: Set<string>
  readonly voids: Set<string>
  /** Names of doubtful directories that may want something of it. */
  readonly wanted: Set<string>
}

/**
 * Replays all journals of a data directory, oldest first.
 *
 * What goes wrong with one log is reported, and harms no other.
 *
 * @throws the system's error when a journal cannot be listed, opened or read
 */
export function replayJournals(options: JournalReplayOptions): JournalReplay {
  const numbers = listJournals(options.files, options.directory)
  const damage: ReplayDamage[] = []
  const stepsOf = new Map<string, Step[]>()
  const journals: Journal[] = []
  const opened: File[] = []
  let entryCount = 0
  try {
    for (const number of numbers) {
      const journal = openJournal(options, number)
      opened.push(journal.file)
      const isNewest = number === numbers.at(-1)
      const { directoryId, crc32c } = options
      const scan = scanJournal(journal.file, { fileNumber: number, directoryId, crc32c, isNewest })
      damage.push(...scan.damage.map((found) => ({ ...found, journal: journal.name })))
      if (scan.foreign) continue
      journals.push(journal)
      entryCount += scan.entries.length
      for (const entry of scan.entries) {
        const log = options.find(entry.topicId, entry.partition)
        if (log === null) {
          const { doubtful = [] } = options
          const wanting = doubtful.filter(({ partition }) => partition === entry.partition)
          for (const { name } of wanting) journal.wanted.add(name)
          continue
        }
        const isVoid = entry.sizeBytes === 0
        const names = isVoid ? journal.voids : journal.mentions
        names.add(log.name)
        const before = isVoid ? [] : (stepsOf.get(log.name) ?? [])
        stepsOf.set(log.name, before)
        if (!isVoid) before.push({ journal, log, entry })
      }
    }
    const writer = new ReplayWriter(options.files, options.directory, damage)
    const needed = [...stepsOf.values()].flatMap((steps) => {
      return steps.filter(stillNeeded(options, steps))
    })
    for (const step of needed) writer.write(step)
    writer.finish()
    return {
      journals: journals.map((journal) => hold(journal, needed, writer.failed)),
      nextFileNumber: (numbers.at(-1) ?? -1) + 1,
      replayedEntries: writer.entries,
      replayedBytes: writer.bytes,
      skippedEntries: entryCount - writer.entries,
      endOffsets: endOffsets(stepsOf),
      damage,
      failed: writer.failed,
    }
  } finally {
    for (const file of opened) file.close()
  }
}

/** Numbers of the journals in a data directory, oldest first. */
function listJournals(files: FileSystem, directory: string): number[] {
  return files
    .list(directory)
    .map(parseJournalName)
    .filter((number) => number !== null)
    .sort((a, b) => a - b)
}

function openJournal({ files, directory }: JournalReplayOptions, number: number): Journal {
  const name = journalName(number)
  const file = files.open(`${directory}/${name}`, 'read')
  return {
    number,
    name,
    file,
    sizeBytes: file.sizeBytes,
    mentions: new Set(),
    voids: new Set(),
    wanted: new Set(),
  }
}

/**
 * Says which entries of one log are to be written. Asked before anything is.
 *
 * A segment goes as a whole, so its entries are left out only when all of them may be. Where its file
 * is still there it never went, and must not be left with a hole in front of the next one.
 */
function stillNeeded(
  { files, directory }: JournalReplayOptions,
  steps: readonly Step[],
): (step: Step) => boolean {
  const segmentEnds = new Map<string, number>()
  for (const step of steps) {
    const segment = segmentPath(step)
    const end = segmentEnds.get(segment) ?? 0
    segmentEnds.set(segment, Math.max(end, step.entry.endOffset))
  }
  const isGone = (step: Step): boolean => {
    const isBelowStart = segmentEnds.get(segmentPath(step))! <= step.log.logStartOffset
    return isBelowStart && !files.exists(`${directory}/${segmentPath(step)}`)
  }
  return (step) => step.entry.endOffset > step.log.recoveryPoint && !isGone(step)
}

function endOffsets(stepsOf: ReadonlyMap<string, readonly Step[]>): Map<string, number> {
  const ends = new Map<string, number>()
  for (const [name, steps] of stepsOf) {
    ends.set(
      name,
      steps.reduce((end, { entry }) => Math.max(end, entry.endOffset), 0),
    )
  }
  return ends
}

function segmentPath({ log, entry }: Step): string {
  return `${log.name}/${String(entry.segmentBaseOffset).padStart(20, '0')}.log`
}

function hold(
  { number, sizeBytes, mentions, voids, wanted }: Journal,
  needed: readonly Step[],
  failed: ReadonlyMap<string, Error>,
): HeldJournal {
  const owedTo = new Set(wanted)
  for (const { journal, log } of needed) {
    if (journal.number === number && failed.has(log.name)) owedTo.add(log.name)
  }
  const all = new Set([...mentions, ...wanted])
  return { fileNumber: number, sizeBytes, owedTo, mentions: all, voids }
}

/** Segment files that are open at a time. */
const MAX_OPEN_SEGMENTS = 256

/** Writes entries into segment files, and syncs what it wrote. */
class ReplayWriter {
  readonly failed = new Map<string, Error>()
  entries = 0
  bytes = 0
  readonly #files: FileSystem
  readonly #directory: string
  readonly #damage: ReplayDamage[]
  readonly #segments = new Map<string, { readonly log: string; readonly file: File }>()
  readonly #created = new Map<string, string>()

  constructor(files: FileSystem, directory: string, damage: ReplayDamage[]) {
    this.#files = files
    this.#directory = directory
    this.#damage = damage
  }

  write(step: Step): void {
    const { journal, log, entry } = step
    if (this.failed.has(log.name)) return
    try {
      const file = this.#segment(step)
      if (file.sizeBytes < entry.positionBytes) {
        const reason = `${log.name} ends at byte ${file.sizeBytes} of its segment, before this entry`
        const { bytesAt: positionBytes, sizeBytes } = entry
        this.#damage.push({ journal: journal.name, positionBytes, sizeBytes, reason })
        return
      }
      const bytes = Buffer.allocUnsafe(entry.sizeBytes)
      journal.file.read(bytes, entry.bytesAt)
      file.write([bytes], entry.positionBytes)
      this.entries += 1
      this.bytes += entry.sizeBytes
    } catch (error) {
      this.failed.set(log.name, error as Error)
    }
  }

  /** The journals go after this, so nothing may be left in the page cache alone. */
  finish(): void {
    for (const { log, file } of this.#segments.values()) {
      this.#attempt(log, () => file.syncNow())
      file.close()
    }
    for (const [log, directory] of this.#created) {
      this.#attempt(log, () => this.#files.syncDirectory(directory))
    }
    this.#segments.clear()
    this.#created.clear()
  }

  #segment(step: Step): File {
    const path = `${this.#directory}/${segmentPath(step)}`
    const open = this.#segments.get(path)
    if (open !== undefined) return open.file
    if (this.#segments.size >= MAX_OPEN_SEGMENTS) this.finish()
    if (!this.#files.exists(path)) {
      this.#created.set(step.log.name, `${this.#directory}/${step.log.name}`)
    }
    const file = this.#files.open(path, 'create')
    this.#segments.set(path, { log: step.log.name, file })
    return file
  }

  #attempt(log: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!this.failed.has(log)) this.failed.set(log, error as Error)
    }
  }
}
