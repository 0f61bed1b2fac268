// Syncs partition logs: one sync at a time for each log, a few logs at a time in the background.

import { allDone } from '../../base/in-parallel.ts'
import { Distribution, LATENCY_BOUNDS_MS } from '../../observability/counters.ts'
import type { Clock } from '../../io/clock.ts'
import type { File } from '../../io/file-system.ts'
import type { DurableLog, UnsyncedState } from '../durable-log.ts'

export interface LogSyncerOptions {
  readonly clock: Clock
  /** Files beyond those of `unsynced()` that the log needs on disk: what a journal holds of it. */
  readonly owedFiles: (log: DurableLog) => readonly File[]
  /** The log's own files have everything below `endOffset` on disk. */
  readonly synced: (log: DurableLog, endOffset: number) => void
  /** The log could not be synced, and has to go offline. */
  readonly failed: (log: DurableLog, error: Error) => void
  /** False while the log is offline or withheld: it is not synced, and told nothing. */
  readonly online: (log: DurableLog) => boolean
}

/** Background syncs at a time. The pool has four threads, and commit rounds and cold reads use it. */
const BACKGROUND_SYNCS = 2

/**
 * Two syncs of one file never overlap: the system reports a failure to one of them only, and the
 * other would believe that its bytes are on disk.
 */
export class LogSyncer {
  /** Syncs of one file each, in milliseconds; failed ones too. */
  readonly syncMs = new Distribution(LATENCY_BOUNDS_MS)
  readonly #options: LogSyncerOptions
  readonly #busy = new Map<DurableLog, Promise<void>>()
  /** Those that wait, in their order, and those whose background sync runs. */
  readonly #waiting = new Set<DurableLog>()
  readonly #running = new Set<DurableLog>()
  #failures = 0
  #syncedBytes = 0

  constructor(options: LogSyncerOptions) {
    this.#options = options
  }

  get failures(): number {
    return this.#failures
  }

  /** Bytes that became durable by the syncs of their own files. */
  get syncedBytes(): number {
    return this.#syncedBytes
  }

  /** Logs that wait for a background sync, or are in one. */
  get backgroundCount(): number {
    return this.#waiting.size + this.#running.size
  }

  /**
   * Brings everything that was written to the log before the call to disk, and tells the log.
   *
   * Never rejects: a failure goes to `failed`.
   */
  async sync(log: DurableLog): Promise<void> {
    while (this.#busy.has(log)) await this.#busy.get(log)
    if (!this.#options.online(log)) return
    const done = this.#syncFiles(log)
    this.#busy.set(log, done)
    try {
      await done
    } finally {
      this.#busy.delete(log)
    }
  }

  /** As `sync`, some time later, behind others that wait. A sync that waits already is enough. */
  syncInBackground(log: DurableLog): void {
    if (this.#running.has(log)) return
    this.#waiting.add(log)
    this.#pump()
  }

  /** Resolves when no sync of this log runs. */
  async quiet(log: DurableLog): Promise<void> {
    this.#waiting.delete(log)
    while (this.#busy.has(log)) await this.#busy.get(log)
  }

  #pump(): void {
    for (const log of this.#waiting) {
      if (this.#running.size >= BACKGROUND_SYNCS) return
      this.#waiting.delete(log)
      this.#running.add(log)
      void this.sync(log).then(() => {
        this.#running.delete(log)
        this.#pump()
      })
    }
  }

  async #syncFiles(log: DurableLog): Promise<void> {
    let state: UnsyncedState
    try {
      state = log.unsynced()
      const files = filesOf(state, this.#options.owedFiles(log))
      await allDone([...files.map((file) => this.#timed(file)), log.syncBeside()])
    } catch (error) {
      this.#failures += 1
      this.#options.failed(log, error as Error)
      return
    }
    // The log may have failed, for another reason, while its files were being synced.
    if (!this.#options.online(log)) return
    log.markDurable(state.endOffset)
    log.markSynced(state.endOffset)
    for (const { sizeBytes } of state.ranges) this.#syncedBytes += sizeBytes
    this.#options.synced(log, state.endOffset)
  }

  async #timed(file: File): Promise<void> {
    const startMs = this.#options.clock.monotonicMs()
    try {
      await file.sync()
    } finally {
      this.syncMs.observe(this.#options.clock.monotonicMs() - startMs)
    }
  }
}

function filesOf(state: UnsyncedState, owed: readonly File[]): File[] {
  return [...new Set([...owed, ...state.ranges.map(({ file }) => file)])]
}
