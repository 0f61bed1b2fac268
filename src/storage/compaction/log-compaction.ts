// Compacts the logs of a data directory: the dirtiest that is due, again and again, as many at a time as there
// are threads.
//
//   every log.cleaner.backoff.ms ─► which log? ─► a pass ─► which log? ─► … ─► none is due
//                                └► which log? ─► a pass ─► …
//
// Reading and writing is the cleaner's, beside the event loop; here are decisions, and what a pass made is
// swapped in. A log that is about to be cut or deleted is held: a pass over it ends first.

import { SerialQueue } from '../../base/serial-queue.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import { MAX_KEY_BYTES, MIN_KEY_BYTES } from '../../wasm/compaction-core.ts'
import type { PartitionLog } from '../partition-log.ts'
import { DamageFound, JobCancelled, type Cleaner, type CleanerLimits } from './cleaner/cleaner.ts'
import { CleanerCheckpoint } from './cleaner-checkpoint.ts'
import { DamagedLogs } from './damaged-logs.ts'
import { CompactionPass, type PassReport } from './compaction-pass.ts'
import type { Dirtiness } from './dirtiness.ts'
import { dirtinessOfLog, rollOverdue } from './log-dirtiness.ts'

/** What a user may set; see config/cleaner-options.ts. */
export interface CompactionSettings extends CleanerLimits {
  readonly enabled: boolean
  /** Passes side by side, which share what a cleaner may use. Default: 1. */
  readonly threads?: number
  /** How long nothing is looked for, when no log was due. */
  readonly backoffMs: number
}

export interface LogCompactionOptions {
  readonly files: FileSystem
  readonly clock: Clock
  readonly logger: Logger
  /** The data directory. */
  readonly directory: string
  readonly settings: CompactionSettings
  readonly logs: () => Iterable<PartitionLog>
  /** Made when there is something to do, for each thread; closed when there was nothing for a while. */
  readonly openCleaner: () => Cleaner
  /** Offsets at or above it may be undone, or belong to transactions that are not decided. */
  readonly stableOffsetOf: (log: PartitionLog) => number
  /** Brings all of a log to disk, in its own files. Never rejects. */
  readonly sync: (log: PartitionLog) => Promise<void>
  /** Brings the recovery points of all logs to disk. @throws the system's error */
  readonly saveRecoveryPoints: () => Promise<void>
}

/** Numbers about compaction, for metrics. Counts since the start. */
export interface CompactionStats {
  readonly passes: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly recordsRemoved: number
  /** Logs that are not compacted because they are damaged. */
  readonly uncleanable: number
  /** Of all compacted logs, when it was last looked. */
  readonly maxDirtyRatio: number
  /** When a pass last ended, milliseconds since 1970; 0 when none has. */
  readonly lastPassMs: number
}

/** A log that is due, with what is to be done. */
interface Candidate {
  readonly log: PartitionLog
  readonly dirtiness: Dirtiness
}

/** A pass that is under way. */
interface RunningPass {
  readonly cleaner: Cleaner
  readonly done: Promise<void>
}

/** Cleaners are closed, and their memory goes back, when there was nothing to do for this long. */
const IDLE_MS = 60_000

/** Passes that may run side by side, whatever is asked for. */
const MAX_THREADS = 64

/** Bytes that a pass reads at a time, at least. */
const MIN_IO_BYTES = 1_024

/** A log of which a pass failed is left alone for this long at least. */
const SHORTEST_RETRY_MS = 1_000

export class LogCompaction {
  readonly #options: LogCompactionOptions
  readonly #checkpoint: CleanerCheckpoint
  readonly #held = new Map<string, number>()
  readonly #damaged: DamagedLogs
  /** Logs of which a pass failed: not tried again before. */
  readonly #retryMs = new Map<string, number>()
  readonly #stats = { passes: 0, bytesRead: 0, bytesWritten: 0, recordsRemoved: 0, lastPassMs: 0 }
  /** Two do not look for the next log at a time. */
  readonly #picks = new SerialQueue(MAX_THREADS)
  readonly #workers = new Set<Promise<void>>()
  /** By the log's name. */
  readonly #passes = new Map<string, RunningPass>()
  /** Cleaners that have nothing to do. */
  #idle: Cleaner[] = []
  #settings: CompactionSettings
  #maxDirtyRatio = 0
  #timer: Timer | null = null
  #usedMs = 0
  #run: Promise<void> | null = null
  #closed = false

  constructor(options: LogCompactionOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#damaged = new DamagedLogs(options.logger)
    this.#checkpoint = new CleanerCheckpoint(options.files, options.directory)
  }

  /**
   * Begins. The logs are open.
   *
   * @param isThere whether there is a log of a name, open or not
   * @throws the system's error, when the checkpoint cannot be read
   */
  async start(isThere: (name: string) => boolean): Promise<void> {
    const { logger } = this.#options
    const reason = await this.#checkpoint.load(isThere)
    if (reason !== null)
      logger.warn({ reason }, 'Checkpoint of compaction makes no sense; not used')
    if (this.#settings.enabled) this.#setTimer()
  }

  /** From now on these hold; what a pass may use, from the next one on. `enabled` stays as it was. */
  reconfigure(settings: CompactionSettings): void {
    const { enabled, backoffMs } = this.#settings
    this.#settings = { ...settings, enabled }
    if (!enabled || this.#closed || settings.backoffMs === backoffMs) return
    this.#timer?.cancel()
    this.#setTimer()
  }

  #setTimer(): void {
    this.#timer = this.#options.clock.every(this.#settings.backoffMs, () => void this.run())
  }

  stats(): CompactionStats {
    const maxDirtyRatio = this.#maxDirtyRatio
    return { ...this.#stats, maxDirtyRatio, uncleanable: this.#damaged.count }
  }

  /** Compacts what is due. Resolves when nothing is any more. Never rejects. */
  run(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    while (this.#workers.size < this.#threads) this.#startWorker()
    this.#run ??= this.#ended().finally(() => (this.#run = null))
    return this.#run
  }

  /**
   * Leaves a log alone from when this resolves until the function is called that it gives.
   */
  async hold(name: string): Promise<() => void> {
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1)
    const pass = this.#passes.get(name)
    pass?.cleaner.cancel()
    await pass?.done
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const count = this.#held.get(name)! - 1
      if (count > 0) this.#held.set(name, count)
      else this.#held.delete(name)
    }
  }

  /** A log will be cut at an offset. On disk when this resolves. @throws the system's error */
  async cut(name: string, offset: number): Promise<void> {
    this.#damaged.forget(name)
    await this.#checkpoint.lower(name, offset)
  }

  /** Logs are gone. On disk when this resolves. @throws the system's error */
  async forget(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#damaged.forget(name)
      this.#retryMs.delete(name)
    }
    await this.#checkpoint.forget(names)
  }

  /** Ends what runs. Resolves when nothing of any log is touched any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    for (const { cleaner } of this.#passes.values()) cleaner.cancel()
    await this.#run
    await this.#closeIdle()
  }

  get #threads(): number {
    return Math.min(this.#settings.threads ?? 1, MAX_THREADS)
  }

  /** What one pass may use, where all may run. */
  get #limits(): CleanerLimits {
    const { keyBytes, ioBufferBytes, ioBytesPerSecond } = this.#settings
    const threads = this.#threads
    return {
      keyBytes: Math.min(Math.max(Math.floor(keyBytes / threads), MIN_KEY_BYTES), MAX_KEY_BYTES),
      ioBufferBytes: Math.max(Math.floor(ioBufferBytes / threads), MIN_IO_BYTES),
      ioBytesPerSecond: ioBytesPerSecond / threads,
    }
  }

  #startWorker(): void {
    const worker = this.#work().finally(() => this.#workers.delete(worker))
    this.#workers.add(worker)
  }

  /** Resolves when nobody works any more. */
  async #ended(): Promise<void> {
    while (this.#workers.size > 0) await Promise.all(this.#workers)
    const isUnused = this.#options.clock.monotonicMs() - this.#usedMs >= IDLE_MS
    if (isUnused) await this.#closeIdle()
  }

  async #closeIdle(): Promise<void> {
    const idle = this.#idle
    this.#idle = []
    for (const cleaner of idle) await cleaner.close()
  }

  /** Does a pass after the other, until none is due, or there are more who work than there are to be. */
  async #work(): Promise<void> {
    while (this.#workers.size <= this.#threads) {
      const begun = await this.#picks.run(() => this.#beginPass())
      if (begun === null) return
      await begun.done
    }
  }

  async #beginPass(): Promise<RunningPass | null> {
    const next = await this.#pick()
    if (next === null) return null
    const cleaner = this.#idle.pop() ?? this.#options.openCleaner()
    const pass = { cleaner, done: this.#passOver(next, cleaner) }
    this.#passes.set(next.log.name, pass)
    return pass
  }

  async #passOver(candidate: Candidate, cleaner: Cleaner): Promise<void> {
    try {
      await this.#compact(candidate, cleaner)
    } finally {
      this.#passes.delete(candidate.log.name)
      if (this.#idle.length < this.#threads) this.#idle.push(cleaner)
      else await cleaner.close()
    }
  }

  /** The dirtiest log of those that are due, or null. */
  async #pick(): Promise<Candidate | null> {
    let found: Candidate | null = null
    let maxDirtyRatio = 0
    for (const log of [...this.#options.logs()]) {
      if (this.#closed) return null
      if (!log.config.cleanupPolicy.includes('compact')) continue
      const dirtiness = await this.#look(log)
      if (dirtiness === null) continue
      maxDirtyRatio = Math.max(maxDirtyRatio, dirtiness.dirtyRatio)
      if (!dirtiness.isDue || !this.#isWanted(log) || this.#isBusy(log)) continue
      if (found === null || dirtiness.dirtyRatio > found.dirtiness.dirtyRatio) {
        found = { log, dirtiness }
      }
    }
    this.#maxDirtyRatio = maxDirtyRatio
    return this.#closed ? null : found
  }

  /** Null: it can't be said now. */
  async #look(log: PartitionLog): Promise<Dirtiness | null> {
    try {
      if (log.offline !== null) return null
      const { clock, stableOffsetOf } = this.#options
      await rollOverdue(log, clock)
      const cleanedOffset = this.#checkpoint.get(log.name)
      return await dirtinessOfLog(log, { cleanedOffset, stableOffsetOf, clock })
    } catch (error) {
      this.#options.logger.debug({ err: error, partition: log.name }, 'Log could not be looked at')
      return null
    }
  }

  async #compact({ log, dirtiness }: Candidate, cleaner: Cleaner): Promise<void> {
    const { files, clock, logger } = this.#options
    const partition = log.name
    // As long as nothing says otherwise: a log that cannot be compacted is not tried all the time.
    this.#retryMs.set(
      partition,
      clock.monotonicMs() + Math.max(this.#settings.backoffMs, SHORTEST_RETRY_MS),
    )
    try {
      const safe = await this.#broughtToDisk(log, dirtiness)
      if (safe === null || !this.#isWanted(log)) return
      const pass = new CompactionPass({
        ...{ files, clock, log, dirtiness: safe, cleaner },
        ...{ limits: this.#limits, threads: this.#threads },
        isWanted: () => this.#isWanted(log),
      })
      await this.#cleaned(log, await pass.run())
    } catch (error) {
      if (error instanceof JobCancelled) return
      if (error instanceof DamageFound) this.#damaged.add(log, error)
      else logger.warn({ err: error, partition }, 'Compaction failed; tried again later')
    } finally {
      this.#usedMs = clock.monotonicMs()
    }
  }

  /** Brings what is to be compacted to disk. @returns what of it is there; null when nothing is */
  async #broughtToDisk(log: PartitionLog, dirtiness: Dirtiness): Promise<Dirtiness | null> {
    const { sync, saveRecoveryPoints } = this.#options
    if (log.recoveryPoint < dirtiness.limitOffset) await sync(log)
    await saveRecoveryPoints()
    if (log.recoveryPoint >= dirtiness.limitOffset) return dirtiness
    // The indexes of a segment that was just closed are on their way.
    const bases = log.segmentFacts().map(({ baseOffset }) => baseOffset)
    const limitOffset = bases.findLast((baseOffset) => baseOffset <= log.recoveryPoint) ?? 0
    return limitOffset > dirtiness.firstDirtyOffset ? { ...dirtiness, limitOffset } : null
  }

  async #cleaned(log: PartitionLog, report: PassReport): Promise<void> {
    const { clock, logger } = this.#options
    const { topic, partition, name } = log
    const { cleanedOffset, bytesRead, bytesWritten, recordsRemoved } = report
    this.#stats.passes += 1
    this.#stats.bytesRead += bytesRead
    this.#stats.bytesWritten += bytesWritten
    this.#stats.recordsRemoved += recordsRemoved
    this.#stats.lastPassMs = clock.now()
    logger.info({ partition: name, ...report }, 'Log was compacted')
    if (cleanedOffset === null || !this.#isWanted(log)) return
    await this.#checkpoint.set({ topic, partition, offset: cleanedOffset })
    this.#retryMs.delete(name)
  }

  /** A pass over it is under way, or has failed lately. */
  #isBusy({ name }: PartitionLog): boolean {
    const hasFailed = this.#options.clock.monotonicMs() < (this.#retryMs.get(name) ?? 0)
    return hasFailed || this.#passes.has(name)
  }

  /** True while nobody holds the log, and it can be compacted. */
  #isWanted(log: PartitionLog): boolean {
    const isOpen = !this.#closed && log.offline === null
    const isCompacted = log.config.cleanupPolicy.includes('compact')
    const isHeld = log.swaps.isHeld || this.#held.has(log.name)
    return isOpen && isCompacted && !isHeld && !this.#damaged.has(log)
  }
}
