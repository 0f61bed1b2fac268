// Brings logs back that went offline: tries again and again, with a delay that grows, and does not
// try at all while the disk has no room for a log that ran out of it.

import type { Clock, Timer } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'

export interface LogRevivalOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Bytes that may still be written. @throws the system's error */
  readonly freeBytes: () => number
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 5_000

/** With less than this, a log that ran out of space would run out of it again at once. */
const ENOUGH_FREE_BYTES = 1024 * 1024

interface Patient {
  error: Error
  delayMs: number
  timer: Timer
  readonly attempt: () => Promise<void>
}

export class LogRevival {
  readonly #options: LogRevivalOptions
  readonly #patients = new Map<string, Patient>()
  readonly #running = new Set<Promise<void>>()
  #closed = false

  constructor(options: LogRevivalOptions) {
    this.#options = options
  }

  /** Names of the logs that are offline, each with why. */
  get offline(): ReadonlyMap<string, Error> {
    return new Map([...this.#patients].map(([name, { error }]) => [name, error]))
  }

  /**
   * Tries `attempt` until it succeeds.
   *
   * @param attempt rejects when the log is still offline, with the reason
   */
  add(name: string, error: Error, attempt: () => Promise<void>): void {
    if (this.#closed || this.#patients.has(name)) return
    const patient = { error, delayMs: FIRST_DELAY_MS, timer: NO_TIMER, attempt }
    this.#patients.set(name, patient)
    this.#wait(name, patient, FIRST_DELAY_MS)
  }

  /** The log is gone: nothing is tried any more. */
  remove(name: string): void {
    this.#patients.get(name)?.timer.cancel()
    this.#patients.delete(name)
  }

  /** Ends the attempts. Resolves when none runs any more. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { timer } of this.#patients.values()) timer.cancel()
    await Promise.all(this.#running)
  }

  #wait(name: string, patient: Patient, delayMs: number): void {
    patient.timer = this.#options.clock.after(delayMs, () => {
      const attempt = this.#try(name, patient)
      this.#running.add(attempt)
      void attempt.finally(() => this.#running.delete(attempt))
    })
  }

  async #try(name: string, patient: Patient): Promise<void> {
    if (this.#closed || this.#patients.get(name) !== patient) return
    if (isOutOfSpace(patient.error) && !this.#hasRoom()) {
      this.#wait(name, patient, FIRST_DELAY_MS)
      return
    }
    try {
      await patient.attempt()
      if (this.#patients.get(name) === patient) this.#patients.delete(name)
      this.#options.logger.info({ partition: name }, 'Log is online again')
    } catch (error) {
      patient.error = error as Error
      patient.delayMs = Math.min(patient.delayMs * 2, LONGEST_DELAY_MS)
      this.#options.logger.warn(
        { err: error, partition: name, retryMs: patient.delayMs },
        'Log is still offline',
      )
      if (!this.#closed && this.#patients.get(name) === patient) {
        this.#wait(name, patient, patient.delayMs)
      }
    }
  }

  #hasRoom(): boolean {
    try {
      return this.#options.freeBytes() >= ENOUGH_FREE_BYTES
    } catch {
      return true // unknown: the attempt itself will tell
    }
  }
}

const NO_TIMER: Timer = { cancel: () => undefined }

/** True when the error, or what caused it, is a full disk or quota. */
export function isOutOfSpace(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')) return true
  }
  return false
}
