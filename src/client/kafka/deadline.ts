// How much time a call has left that takes several steps.

import type { Clock, Timer } from '../../io/clock.ts'
import { SluiceError } from '../errors.ts'

const MAX_DELAY_MS = 0x7fff_ffff

export class Deadline {
  readonly #clock: Clock
  readonly #endMs: number

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#endMs = clock.monotonicMs() + Math.min(timeoutMs, MAX_DELAY_MS)
  }

  /** Milliseconds, 0 or more. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - this.#clock.monotonicMs())
  }

  /** What `work` gives. @throws SluiceError REQUEST_TIMED_OUT when that takes too long */
  async limit<T>(work: Promise<T>, message: string): Promise<T> {
    let timer: Timer | null = null
    const late = new Promise<never>((_, reject) => {
      timer = this.#clock.after(this.leftMs, () => {
        reject(new SluiceError('REQUEST_TIMED_OUT', {}, { message }))
      })
    })
    try {
      return await Promise.race([work, late])
    } finally {
      ;(timer as Timer | null)?.cancel()
    }
  }
}
