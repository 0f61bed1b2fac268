// Compacts the logs of a data directory, one at a time: the dirtiest that is due, again and again.
//
//   every log.cleaner.backoff.ms ─► which log? ─► a pass ─► which log? ─► … ─► none is due
//
// Reading and writing is the cleaner's, beside the event loop; here are decisions, and what a pass made is
// swapped in. A log that is about to be cut or deleted is held: a pass over it ends first.

import type { Clock, Timer } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import type { PartitionLog } from '../partition-log.ts'
import { readInPool } from '../segment/reading.ts'
import { segmentFileName } from '../segment/segment-files.ts'
import { DamageFound, JobCancelled, type Cleaner, type CleanerLimits } from './cleaner/cleaner.ts'
import { CleanerCheckpoint } from './cleaner-checkpoint.ts'
import { CompactionPass, type PassReport } from './compaction-pass.ts'
import {
  dirtinessOf,
  firstDirtyOffset,
  type CompactedSegment,
  type Dirtiness,
} from './dirtiness.ts'

/** What a user may set; see config/cleaner-options.ts. */
export interface CompactionSettings extends CleanerLimits {
  readonly enabled: boolean
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
  /** Made when there is something to do, closed when there was nothing for a while. */
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

/** Damage of a log, which is not compacted until the segment is gone that has it. */
interface Damage {
  readonly log: PartitionLog
  readonly segmentBaseOffset: number
}

/** The cleaner is closed, and its memory goes back, when it had nothing to do for this long. */
const IDLE_MS = 60_000

/** A log of which a pass failed is left alone for this long at least. */
const SHORTEST_RETRY_MS = 1_000

export class LogCompaction {
  readonly #options: LogCompactionOptions
  readonly #checkpoint: CleanerCheckpoint
  readonly #held = new Map<string, number>()
  /** Logs that are damaged, by name, with where that was found. */
  readonly #uncleanable = new Map<string, Damage>()
  /** Logs of which a pass failed: not tried again before. */
  readonly #retryMs = new Map<string, number>()
  readonly #stats = { passes: 0, bytesRead: 0, bytesWritten: 0, recordsRemoved: 0, lastPassMs: 0 }
  #maxDirtyRatio = 0
  #timer: Timer | null = null
  #cleaner: Cleaner | null = null
  #usedMs = 0
  #pass: { readonly name: string; readonly done: Promise<void> } | null = null
  #run: Promise<void> | null = null
  #closed = false

  constructor(options: LogCompactionOptions) {
    this.#options = options
    this.#checkpoint = new CleanerCheckpoint(options.files, options.directory)
  }

  /**
   * Begins. The logs are open.
   *
   * @param isThere whether there is a log of a name, open or not
   * @throws the system's error, when the checkpoint cannot be read
   */
  async start(isThere: (name: string) => boolean): Promise<void> {
    const { clock, logger, settings } = this.#options
    const reason = await this.#checkpoint.load(isThere)
    if (reason !== null)
      logger.warn({ reason }, 'Checkpoint of compaction makes no sense; not used')
    if (settings.enabled) this.#timer = clock.every(settings.backoffMs, () => void this.run())
  }

  stats(): CompactionStats {
    const maxDirtyRatio = this.#maxDirtyRatio
    return { ...this.#stats, maxDirtyRatio, uncleanable: this.#uncleanable.size }
  }

  /** Compacts what is due. Resolves when nothing is any more. Never rejects. */
  run(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#run ??= this.#runAll().finally(() => (this.#run = null))
    return this.#run
  }

  /**
   * Leaves a log alone from when this resolves until the function is called that it gives.
   */
  async hold(name: string): Promise<() => void> {
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1)
    if (this.#pass?.name === name) {
      this.#cleaner?.cancel()
      await this.#pass.done
    }
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
    this.#uncleanable.delete(name)
    await this.#checkpoint.lower(name, offset)
  }

  /** Logs are gone. On disk when this resolves. @throws the system's error */
  async forget(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#uncleanable.delete(name)
      this.#retryMs.delete(name)
    }
    await this.#checkpoint.forget(names)
  }

  /** Ends what runs. Resolves when nothing of any log is touched any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    this.#cleaner?.cancel()
    await this.#run
    await this.#cleaner?.close()
    this.#cleaner = null
  }

  async #runAll(): Promise<void> {
    for (let next = await this.#pick(); next !== null; next = await this.#pick()) {
      const { name } = next.log
      const done = this.#compact(next)
      this.#pass = { name, done }
      await done
      this.#pass = null
    }
    const { clock } = this.#options
    if (this.#cleaner === null || clock.monotonicMs() - this.#usedMs < IDLE_MS) return
    const cleaner = this.#cleaner
    this.#cleaner = null
    await cleaner.close()
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
      if (!dirtiness.isDue || !this.#isWanted(log) || this.#failedLately(log)) continue
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
      await this.#rollOverdue(log)
      return dirtinessOf(await this.#factsOf(log))
    } catch (error) {
      this.#options.logger.debug({ err: error, partition: log.name }, 'Log could not be looked at')
      return null
    }
  }

  /** What waits in an active segment that nobody appends to would never be compacted (KIP-354). */
  async #rollOverdue(log: PartitionLog): Promise<void> {
    const { maxCompactionLagMs } = log.config
    const { active } = log.segments
    if (maxCompactionLagMs >= Number.MAX_SAFE_INTEGER || active.sizeBytes === 0) return
    const firstTimestamp = await readInPool(active.firstTimestamp())
    const isOverdue =
      firstTimestamp >= 0 && firstTimestamp < this.#options.clock.now() - maxCompactionLagMs
    if (isOverdue && active === log.segments.active && log.offline === null) log.roll()
  }

  async #factsOf(log: PartitionLog): Promise<Parameters<typeof dirtinessOf>[0]> {
    const { clock, stableOffsetOf } = this.#options
    const { logStartOffset, logEndOffset, config } = log
    const cleanedOffset = this.#checkpoint.get(log.name)
    const from = firstDirtyOffset({ cleanedOffset, logStartOffset, logEndOffset })
    const wantsNewest = config.minCompactionLagMs > 0
    const wantsFirst = config.maxCompactionLagMs < Number.MAX_SAFE_INTEGER
    const segments: CompactedSegment[] = []
    for (const facts of log.segmentFacts()) {
      const isDirty = facts.endOffset > from
      const segment = log.segments.at(log.segments.floorIndex(facts.baseOffset))!
      const maxTimestamp =
        isDirty && wantsNewest ? (await readInPool(segment.largestTimestamp())).timestamp : -1
      const firstTimestamp = isDirty && wantsFirst ? await readInPool(segment.firstTimestamp()) : -1
      segments.push({ ...facts, maxTimestamp, firstTimestamp })
    }
    return {
      ...{ segments, logStartOffset, logEndOffset, cleanedOffset, config },
      stableOffset: stableOffsetOf(log),
      nowMs: clock.now(),
    }
  }

  async #compact({ log, dirtiness }: Candidate): Promise<void> {
    const { files, clock, logger, settings } = this.#options
    const partition = log.name
    // As long as nothing says otherwise: a log that cannot be compacted is not tried all the time.
    this.#retryMs.set(
      partition,
      clock.monotonicMs() + Math.max(settings.backoffMs, SHORTEST_RETRY_MS),
    )
    try {
      const safe = await this.#broughtToDisk(log, dirtiness)
      if (safe === null || !this.#isWanted(log)) return
      this.#cleaner ??= this.#options.openCleaner()
      const pass = new CompactionPass({
        ...{ files, clock, log, dirtiness: safe, cleaner: this.#cleaner, limits: settings },
        isWanted: () => this.#isWanted(log),
      })
      await this.#cleaned(log, await pass.run())
    } catch (error) {
      if (error instanceof JobCancelled) return
      if (error instanceof DamageFound) this.#damaged(log, error)
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

  #damaged(log: PartitionLog, error: DamageFound): void {
    const { segmentBaseOffset, positionBytes, fault } = error
    this.#uncleanable.set(log.name, { log, segmentBaseOffset })
    const path = `${log.directory}/${segmentFileName(segmentBaseOffset, '.log')}`
    const bases = log.segmentFacts().map(({ baseOffset }) => baseOffset)
    const endOffset = bases.find((baseOffset) => baseOffset > segmentBaseOffset)!
    this.#options.logger.error(
      { partition: log.name, path, positionBytes, fault, endOffset },
      'Log is damaged: it stays as it is, and is not compacted any more. Put the file back from a ' +
        `backup while the broker is stopped, or delete the records before offset ${endOffset}, ` +
        'which a topic takes with cleanup.policy=compact,delete (and retention.ms=-1, to keep the rest)',
    )
  }

  #isDamaged(log: PartitionLog): boolean {
    const damage = this.#uncleanable.get(log.name)
    if (damage === undefined) return false
    const isThere = log.segments.first.baseOffset <= damage.segmentBaseOffset
    if (damage.log === log && isThere) return true
    this.#uncleanable.delete(log.name)
    return false
  }

  #failedLately({ name }: PartitionLog): boolean {
    return this.#options.clock.monotonicMs() < (this.#retryMs.get(name) ?? 0)
  }

  /** True while nobody holds the log, and it can be compacted. */
  #isWanted(log: PartitionLog): boolean {
    const isOpen = !this.#closed && log.offline === null
    const isCompacted = log.config.cleanupPolicy.includes('compact')
    const isHeld = log.swaps.isHeld || this.#held.has(log.name)
    return isOpen && isCompacted && !isHeld && !this.#isDamaged(log)
  }
}
