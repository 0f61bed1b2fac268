// Keeps reading and writing below a rate, and lets others have the thread in between.

import type { Clock } from '../../../io/clock.ts'
import { JobCancelled } from './cleaner.ts'

/** Bytes after which others have their turn. */
const TURN_BYTES = 1024 * 1024

/** Shorter waits are saved up. */
const SHORTEST_WAIT_MS = 20

export class IoThrottle {
  readonly #clock: Clock
  readonly #msPerByte: number
  /** When what was read and written so far would be over at the rate that is allowed. */
  #dueMs: number
  #turnBytes = 0
  #cancelled = false
  #wake: () => void = () => undefined

  /** @param bytesPerSecond above 0; Infinity for no bound */
  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#msPerByte = 1_000 / bytesPerSecond
    this.#dueMs = clock.monotonicMs()
  }

  /** Whoever waits, or asks next, is told that the job is over. */
  cancel(): void {
    this.#cancelled = true
    this.#wake()
  }

  /**
   * So many bytes were read or written.
   *
   * @throws JobCancelled
   */
  async passed(sizeBytes: number): Promise<void> {
    if (this.#cancelled) throw new JobCancelled()
    const nowMs = this.#clock.monotonicMs()
    // What was not used is not saved up.
    this.#dueMs = Math.max(this.#dueMs, nowMs) + sizeBytes * this.#msPerByte
    this.#turnBytes += sizeBytes
    if (this.#dueMs - nowMs >= SHORTEST_WAIT_MS) await this.#wait(this.#dueMs - nowMs)
    else if (this.#turnBytes >= TURN_BYTES) await this.#turn()
    if (this.#cancelled) throw new JobCancelled()
  }

  async #wait(ms: number): Promise<void> {
    this.#turnBytes = 0
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(ms, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  async #turn(): Promise<void> {
    this.#turnBytes = 0
    await new Promise<void>((resolve) => {
      this.#clock.endOfTurn(resolve)
    })
  }
}
