// Commit rounds: how written bytes become durable, for all logs of a data directory together.
//
//   requestRound ─► dirty logs ─► a round takes them all ─┬─► each log synced            (few logs)
//                       ▲                                 └─► commit journal synced      (many logs)
//                       └── what is written meanwhile           └─► logs synced in the background
//
// One round is in flight at a time, and the next starts in the turn in which it ends, when any log waits. There
// is no timer: under load a round gathers what was written during the one before it, and what follows from
// that: a transaction that waits for one record to be safe, and writes the next, is in the round behind it.

import { inParallel } from '../../base/in-parallel.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import { Distribution, LATENCY_BOUNDS_MS } from '../../observability/counters.ts'
import type { CommitJournal } from './commit-journal.ts'
import type { DurableLog } from '../durable-log.ts'
import { journalBytesOf, type RoundWrite } from './journal-copy.ts'
import { LogSyncer } from './log-syncer.ts'
import { planRound, type RoundWay } from './round-plan.ts'

export interface CommitRoundsOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Null: every round syncs the logs themselves. */
  readonly journal: CommitJournal | null
  /** The journal's file is closed when no round wrote to it for this long. Default 2,000 ms. */
  readonly journalIdleMs?: number
  /** Has logs write what they have appended in this turn. Default: they have written it. */
  readonly writePending?: () => void
}

/** What the rounds have done since they were made. */
export interface CommitRoundStats {
  readonly rounds: number
  readonly journalRounds: number
  readonly journalFailures: number
  readonly syncFailures: number
  /** Bytes that became durable, one way or the other. */
  readonly durableBytes: number
  readonly dirtyLogs: number
  readonly backgroundLogs: number
  readonly journalFiles: number
  readonly journalBytes: number
  /** How long rounds took, in milliseconds. */
  readonly roundMs: Distribution
  /** How long the sync of one log file took, in milliseconds. */
  readonly syncMs: Distribution
}

const JOURNAL_IDLE_MS = 2_000

/** After a journal failed, none is made for this long; twice that after the next failure. */
const JOURNAL_RETRY_MS = 1_000
const JOURNAL_RETRY_MOST_MS = 30_000

/** Logs that a round syncs at the same time: more only wait for each other in the pool. */
const ROUND_SYNCS = 4

export class CommitRounds {
  readonly #options: CommitRoundsOptions
  readonly #journal: CommitJournal | null
  readonly #syncer: LogSyncer
  readonly #dirty = new Set<DurableLog>()
  /** Logs that are not to be touched: offline, or being truncated or deleted. */
  readonly #withheld = new Set<DurableLog>()
  readonly #roundMs = new Distribution(LATENCY_BOUNDS_MS)
  #round: { readonly logs: ReadonlySet<DurableLog>; readonly done: Promise<void> } | null = null
  #scheduled = false
  #stopped = false
  #rounds = 0
  #journalRounds = 0
  #journalFailures = 0
  #journaledBytes = 0
  #journalUsedMs = 0
  #journalBackMs = 0
  #retryMs = JOURNAL_RETRY_MS

  constructor(options: CommitRoundsOptions) {
    this.#options = options
    this.#journal = options.journal
    this.#syncer = new LogSyncer({
      clock: options.clock,
      online: (log) => !this.#withheld.has(log),
      owedFiles: (log) => this.#journal?.owedFiles(log.name) ?? [],
      synced: (log, endOffset) => this.#journal?.settle(log.name, endOffset),
      failed: (log, error) => this.#fail(log, error),
    })
  }

  /** The log has written bytes that somebody wants to be durable. */
  requestRound(log: DurableLog): void {
    this.#dirty.add(log)
    this.#schedule()
  }

  /** The log should be synced some time soon; nobody waits for it. */
  requestBackgroundSync(log: DurableLog): void {
    if (!this.#stopped) this.#syncer.syncInBackground(log)
  }

  /**
   * Brings everything that the log has written to disk, in its own files. Resolves also when that
   * failed and the log went offline.
   */
  sync(log: DurableLog): Promise<void> {
    return this.#syncer.sync(log)
  }

  /**
   * Leaves the log alone from now on, and resolves when no round and no sync works on it any more.
   *
   * For a log that failed, or is about to be truncated, closed or deleted. A round that is in flight
   * tells it nothing.
   */
  async withhold(log: DurableLog): Promise<void> {
    this.#withheld.add(log)
    while (this.#round?.logs.has(log) === true) await this.#round.done
    await this.#syncer.quiet(log)
  }

  /** True while a journal has bytes of the log that are perhaps nowhere else. */
  isOwed(log: DurableLog): boolean {
    return this.#journal?.owes(log.name) ?? false
  }

  /** Takes the log into rounds again. */
  readmit(log: DurableLog): void {
    this.#withheld.delete(log)
    this.#schedule()
  }

  /**
   * The log is gone: nobody waits for it, and no journal has to keep its bytes.
   *
   * @param log the log, or the name of one that was never opened
   */
  forget(log: DurableLog | string): void {
    const name = typeof log === 'string' ? log : log.name
    if (typeof log !== 'string') {
      this.#dirty.delete(log)
      this.#withheld.delete(log)
    }
    this.#journal?.settle(name, Number.MAX_SAFE_INTEGER)
  }

  /**
   * Sees to it that no replay brings back bytes of this log. It must be withheld, and all it needs
   * must be on disk in its own files.
   *
   * @throws the system's error when that could not be written down
   */
  async voidJournaled(log: DurableLog): Promise<void> {
    await this.#journal?.void(log)
  }

  /**
   * Closes a journal file that was idle, has the logs synced that closed files wait for, and
   * removes the files that nobody waits for. To be called every second or so. Resolves when those are
   * gone, and never rejects.
   */
  async tidyJournal(): Promise<void> {
    const journal = this.#journal
    if (journal === null) return
    const idleMs = this.#options.clock.monotonicMs() - this.#journalUsedMs
    if (idleMs >= (this.#options.journalIdleMs ?? JOURNAL_IDLE_MS)) journal.closeFile()
    for (const log of this.#awaited()) this.#syncer.syncInBackground(log)
    await journal.removeSettled()
  }

  /**
   * Ends the rounds and syncs `logs` and those whose bytes are in a journal, so that no journal is
   * left. Resolves also when some failed: those are offline then, and what they need stays in the
   * journal.
   */
  async close(logs: Iterable<DurableLog>): Promise<void> {
    this.#stopped = true
    await this.#round?.done
    this.#journal?.closeFile()
    const all = new Set([...logs, ...this.#awaited()])
    await inParallel([...all], ROUND_SYNCS, (log) => this.#syncer.sync(log))
    await this.#journal?.removeSettled()
  }

  stats(): CommitRoundStats {
    return {
      rounds: this.#rounds,
      journalRounds: this.#journalRounds,
      journalFailures: this.#journalFailures,
      syncFailures: this.#syncer.failures,
      durableBytes: this.#journaledBytes + this.#syncer.syncedBytes,
      dirtyLogs: this.#dirty.size,
      backgroundLogs: this.#syncer.backgroundCount,
      journalFiles: this.#journal?.fileCount ?? 0,
      journalBytes: this.#journal?.sizeBytes ?? 0,
      roundMs: this.#roundMs,
      syncMs: this.#syncer.syncMs,
    }
  }

  // A round begins at the end of the turn: the logs of one turn are written one after the other,
  // and all of them are to be in it.
  #schedule(): void {
    if (this.#scheduled || this.#round !== null || this.#stopped) return
    this.#scheduled = true
    this.#options.clock.endOfTurn(() => {
      this.#options.writePending?.()
      this.#scheduled = false
      this.#begin()
    })
  }

  #begin(): void {
    if (this.#stopped) return
    const writes = this.#take()
    if (writes.length === 0) return
    const done = this.#commit(writes)
    this.#round = { logs: new Set(writes.map(({ log }) => log)), done }
    void done.then(() => {
      this.#round = null
      this.#schedule()
    })
  }

  #take(): RoundWrite[] {
    const writes: RoundWrite[] = []
    for (const log of this.#dirty) {
      if (this.#withheld.has(log)) continue
      this.#dirty.delete(log)
      const state = log.unsynced()
      if (state.ranges.length > 0) writes.push({ log, state })
    }
    return writes
  }

  async #commit(writes: readonly RoundWrite[]): Promise<void> {
    const startMs = this.#options.clock.monotonicMs()
    const journaled = this.#plan(writes) === 'journal' && (await this.#commitToJournal(writes))
    if (!journaled) await inParallel(writes, ROUND_SYNCS, ({ log }) => this.#syncer.sync(log))
    this.#rounds += 1
    this.#roundMs.observe(this.#options.clock.monotonicMs() - startMs)
  }

  #plan(writes: readonly RoundWrite[]): RoundWay {
    const files = new Set(writes.flatMap(({ state }) => state.ranges.map(({ file }) => file)))
    const ranges = writes.flatMap(({ state }) => state.ranges)
    const back = this.#options.clock.monotonicMs() >= this.#journalBackMs
    return planRound({
      dirtyFiles: files.size,
      newBytes: ranges.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      journalBytes: writes.reduce((sum, { state }) => sum + journalBytesOf(state), 0),
      journalFreeBytes: this.#journal !== null && back ? this.#journal.freeBytes : 0,
    })
  }

  /** @returns false when the journal failed and nothing of `writes` is durable by it */
  async #commitToJournal(writes: readonly RoundWrite[]): Promise<boolean> {
    const journal = this.#journal!
    const openNumber = journal.openNumber
    try {
      const unreadable = await journal.append(writes)
      for (const { log, error } of unreadable) this.#fail(log, error)
    } catch (error) {
      this.#journalFailed(error)
      return false
    }
    this.#journalRounds += 1
    this.#retryMs = JOURNAL_RETRY_MS
    this.#journalUsedMs = this.#options.clock.monotonicMs()
    for (const { log, state } of writes) {
      for (const { sizeBytes } of state.ranges) this.#journaledBytes += sizeBytes
      if (!this.#withheld.has(log)) log.markDurable(state.endOffset)
    }
    if (journal.openNumber !== openNumber) void this.tidyJournal()
    return true
  }

  #journalFailed(error: unknown): void {
    this.#journalFailures += 1
    this.#journalBackMs = this.#options.clock.monotonicMs() + this.#retryMs
    this.#retryMs = Math.min(this.#retryMs * 2, JOURNAL_RETRY_MOST_MS)
    this.#options.logger.warn({ err: error }, 'The commit journal failed; logs are synced instead')
    for (const log of this.#awaited()) this.#syncer.syncInBackground(log)
  }

  #awaited(): DurableLog[] {
    return this.#journal?.awaited().filter((log) => !this.#withheld.has(log)) ?? []
  }

  // Also for a log that is withheld: it has to know that its file is not to be believed any more.
  #fail(log: DurableLog, error: Error): void {
    this.#withheld.add(log)
    log.fail(error)
  }
}
