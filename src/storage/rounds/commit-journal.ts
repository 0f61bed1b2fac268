// The commit journal of a data directory: one file that takes the new bytes of many logs, so that
// one sync makes all of them durable. The logs are synced later, and the journal goes behind them.
//
//   life of a file    open ──► closed ──► removed
//                       │        ▲
//                       └─ a write or sync failed: closed at once, and never synced again
//
// A file owes a log its bytes until the log itself has them on disk. Only a closed file that owes
// nothing is removed, after the recovery points are saved. Layout: journal-format.ts.

import { SerialQueue } from '../../base/serial-queue.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { File, FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import type { DurableLog, UnsyncedState } from '../durable-log.ts'
import {
  JournalCopier,
  fileEnds,
  journalBytesOf,
  type JournalTarget,
  type RoundWrite,
  type UnreadableLog,
} from './journal-copy.ts'
import {
  encodeJournalHeader,
  ENTRY_HEADER_BYTES,
  JOURNAL_HEADER_BYTES,
  journalName,
  type Crc32c,
} from './journal-format.ts'

/** A journal file of an earlier run whose bytes could not be given back to all logs. */
export interface HeldJournal {
  readonly fileNumber: number
  readonly sizeBytes: number
  /** Names of the logs that still need its bytes. */
  readonly owedTo: ReadonlySet<string>
  /** Names of all logs that it has bytes of. */
  readonly mentions: ReadonlySet<string>
  /** Names of the logs that it has a void of. */
  readonly voids: ReadonlySet<string>
}

export interface CommitJournalOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly directoryId: Uuid
  readonly crc32c: Crc32c
  readonly logger: Logger
  /** Saves the recovery points; a file goes only after this resolved. */
  readonly beforeRemove: () => Promise<void>
  /** Journals that recovery left behind, oldest first. */
  readonly held?: readonly HeldJournal[]
  /** Number of the first file to make. Default: 0. */
  readonly firstFileNumber?: number
  /** Size at which a file is closed, in bytes. Default: 64 MiB. */
  readonly fileBytes?: number
  /** Most files at a time, the open one included. Default: 4. */
  readonly maxFiles?: number
}

interface Debt {
  endOffset: number
  /** Null for a log of an earlier run that is not open yet. */
  readonly log: DurableLog | null
  /** Files of the log with bytes that it needs synced, each with the offset after those bytes. A log
   *  may close a file as soon as it is synced up to there. */
  readonly files: Map<File, number>
}

interface JournalFile {
  readonly number: number
  readonly path: string
  /** Null for a file of an earlier run. */
  readonly file: File | null
  sizeBytes: number
  closed: boolean
  abandoned: boolean
  entrySynced: boolean
  /** By the log's name. */
  readonly owed: Map<string, Debt>
  /** Logs with entries here that count, and those whose entries here were voided. */
  readonly mentions: Set<string>
  readonly voided: Set<string>
  /** Logs with a void here. */
  readonly voids: Set<string>
}

/** Voids that may wait for each other, and for a round. */
const MAX_WAITING = 100_000

/** One write at a time: those that come meanwhile wait. */
export class CommitJournal {
  readonly #options: CommitJournalOptions
  readonly #fileBytes: number
  readonly #maxFiles: number
  #journals: JournalFile[]
  #nextNumber: number
  readonly #queue = new SerialQueue(MAX_WAITING)
  readonly #removals = new SerialQueue(2)
  /** The removal that has not begun yet, if any. */
  #waitingRemoval: Promise<void> | null = null
  #closeWhenIdle = false
  readonly #copier: JournalCopier

  constructor(options: CommitJournalOptions) {
    this.#options = options
    this.#fileBytes = options.fileBytes ?? 64 * 1024 * 1024
    this.#maxFiles = options.maxFiles ?? 4
    this.#nextNumber = options.firstFileNumber ?? 0
    this.#copier = new JournalCopier(options.crc32c)
    this.#journals = (options.held ?? []).map((held) => adopt(options.directory, held))
  }

  /** Bytes that the next round may write, entry headers included. */
  get freeBytes(): number {
    if (this.#journals.some(({ abandoned }) => abandoned)) return 0
    const empty = this.#fileBytes - JOURNAL_HEADER_BYTES
    if (this.#journals.length < this.#maxFiles) return empty
    const open = this.#open()
    return open === undefined ? 0 : Math.max(0, this.#fileBytes - open.sizeBytes)
  }

  /** Bytes in all files now. */
  get sizeBytes(): number {
    return this.#journals.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  get fileCount(): number {
    return this.#journals.length
  }

  /**
   * Makes the bytes of all `writes` durable. They have to fit in `freeBytes`.
   *
   * @returns the logs whose bytes could not be read back; all others are durable
   * @throws the system's error when the journal itself failed. Nothing of this call is durable then,
   *   and the file is not used again; what it held before still is.
   */
  append(writes: readonly RoundWrite[]): Promise<UnreadableLog[]> {
    const sizeBytes = writes.reduce((sum, { state }) => sum + journalBytesOf(state), 0)
    const unreadable: UnreadableLog[] = []
    return this.#write(sizeBytes, (journal, target) => {
      for (const { log, state } of writes) owe(journal, log, state)
      journal.sizeBytes = this.#copier.copy(target, writes, unreadable)
    }).then(() => unreadable)
  }

  /**
   * Makes what the journals say of a log count no more, for ever: the log is about to be cut, or was
   * cut and lives on with other bytes. All that it needs must be on disk in its own files.
   *
   * @throws the system's error; the entries still count then
   */
  async void(log: DurableLog): Promise<void> {
    if (!this.mentions(log.name)) return
    await this.#write(ENTRY_HEADER_BYTES, (journal, target) => {
      journal.sizeBytes = this.#copier.void(target, log)
      journal.voids.add(log.name)
    })
    for (const { owed, mentions, voided } of this.#journals) {
      owed.delete(log.name)
      if (mentions.delete(log.name)) voided.add(log.name)
    }
  }

  /** True while something is being written. */
  get isBusy(): boolean {
    return this.#queue.size > 0
  }

  /** Number of the file that takes the next round, or null when that has to be made. */
  get openNumber(): number | null {
    return this.#open()?.number ?? null
  }

  /** The log's own files have everything below `endOffset` on disk. */
  settle(name: string, endOffset: number): void {
    for (const { owed } of this.#journals) {
      const debt = owed.get(name)
      if (debt === undefined) continue
      for (const [file, end] of debt.files) if (end <= endOffset) debt.files.delete(file)
      if (debt.endOffset <= endOffset) owed.delete(name)
    }
  }

  /** Files that have to be synced, so that no journal owes this log anything. */
  owedFiles(name: string): File[] {
    return this.#journals.flatMap(({ owed }) => [...(owed.get(name)?.files.keys() ?? [])])
  }

  /** True while any file owes the log bytes: they may be nowhere else. */
  owes(name: string): boolean {
    return this.#journals.some(({ owed }) => owed.has(name))
  }

  /** True while a replay could bring back bytes of this log. */
  mentions(name: string): boolean {
    return this.#journals.some(({ mentions }) => mentions.has(name))
  }

  /** Logs that closed files wait for. */
  awaited(): DurableLog[] {
    const logs = new Set<DurableLog>()
    for (const { closed, owed } of this.#journals) {
      if (!closed) continue
      for (const { log } of owed.values()) if (log !== null) logs.add(log)
    }
    return [...logs]
  }

  /** Closes the open file, so that it goes when its logs are synced. What is being written ends
   *  first. */
  closeFile(): void {
    this.#closeWhenIdle = this.isBusy
    const open = this.isBusy ? undefined : this.#open()
    if (open !== undefined) open.closed = true
  }

  /** Removes the closed files that owe nothing. An error leaves them for the next call. */
  removeSettled(): Promise<void> {
    if (this.#journals.every((journal) => !this.#mayGo(journal))) return Promise.resolve()
    this.#waitingRemoval ??= this.#removals.run(() => {
      this.#waitingRemoval = null
      return this.#removeSettled()
    })
    return this.#waitingRemoval
  }

  // A file that may go once may always go: what it owes and what stands in older ones only shrinks.
  async #removeSettled(): Promise<void> {
    const settled = this.#journals.filter((journal) => this.#mayGo(journal))
    if (settled.length === 0) return
    const { files, directory, logger, beforeRemove } = this.#options
    try {
      await beforeRemove()
      for (const { path } of settled) if (files.exists(path)) await files.removeInPool(path)
      await files.syncDirectoryInPool(directory)
    } catch (error) {
      logger.warn({ err: error, directory }, 'A commit journal could not be removed')
      return
    }
    for (const { file } of settled) file?.close()
    this.#journals = this.#journals.filter((journal) => !settled.includes(journal))
  }

  /** Closes the files that are left. They stay on disk. */
  close(): void {
    for (const { file } of this.#journals) file?.close()
    this.#journals = []
  }

  // A void outlives the entries that it is about.
  #mayGo({ closed, owed, voids, number }: JournalFile): boolean {
    if (!closed || owed.size > 0) return false
    const older = this.#journals.filter((journal) => journal.number < number)
    return !older.some(({ mentions, voided }) => {
      return [...voids].some((name) => mentions.has(name) || voided.has(name))
    })
  }

  #open(): JournalFile | undefined {
    return this.#journals.find(({ closed }) => !closed)
  }

  async #write(
    sizeBytes: number,
    copy: (journal: JournalFile, target: JournalTarget) => void,
  ): Promise<void> {
    await this.#queue.run(async () => {
      const journal = this.#makeRoom(sizeBytes)
      const { file, number: fileNumber, sizeBytes: positionBytes } = journal
      try {
        copy(journal, { file: file!, fileNumber, positionBytes })
        await file!.sync()
        const { files, directory } = this.#options
        if (!journal.entrySynced) await files.syncDirectoryInPool(directory)
        journal.entrySynced = true
      } catch (error) {
        journal.abandoned = true
        journal.closed = true
        throw error
      }
    })
    if (this.#closeWhenIdle) this.closeFile()
  }

  #makeRoom(sizeBytes: number): JournalFile {
    const open = this.#open()
    if (open !== undefined && open.sizeBytes + sizeBytes <= this.#fileBytes) return open
    if (open !== undefined) open.closed = true
    return this.#create()
  }

  #create(): JournalFile {
    const { files, directory, directoryId, crc32c } = this.#options
    const number = this.#nextNumber
    this.#nextNumber += 1
    const path = `${directory}/${journalName(number)}`
    const file = files.open(path, 'create')
    const journal: JournalFile = {
      number,
      path,
      file,
      sizeBytes: JOURNAL_HEADER_BYTES,
      closed: false,
      abandoned: false,
      entrySynced: false,
      owed: new Map(),
      mentions: new Set(),
      voided: new Set(),
      voids: new Set(),
    }
    this.#journals.push(journal)
    try {
      file.write([encodeJournalHeader(directoryId, number, crc32c)], 0)
    } catch (error) {
      journal.abandoned = true
      journal.closed = true
      throw error
    }
    return journal
  }
}

function owe(journal: JournalFile, log: DurableLog, state: UnsyncedState): void {
  const debt = journal.owed.get(log.name) ?? { log, endOffset: 0, files: new Map() }
  debt.endOffset = Math.max(debt.endOffset, state.endOffset)
  for (const [file, end] of fileEnds(state)) debt.files.set(file, end)
  journal.owed.set(log.name, debt)
  journal.mentions.add(log.name)
}

function adopt(directory: string, held: HeldJournal): JournalFile {
  const owed = [...held.owedTo].map((name): [string, Debt] => {
    return [name, { log: null, endOffset: Number.MAX_SAFE_INTEGER, files: new Map() }]
  })
  return {
    number: held.fileNumber,
    path: `${directory}/${journalName(held.fileNumber)}`,
    file: null,
    sizeBytes: held.sizeBytes,
    closed: true,
    abandoned: false,
    entrySynced: true,
    owed: new Map(owed),
    mentions: new Set(held.mentions),
    voided: new Set(),
    voids: new Set(held.voids),
  }
}
