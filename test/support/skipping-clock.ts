// The machine's clock, of which a test may skip a part: what sweeps look for comes at once, and everything
// else takes the time that it takes.

import type { Clock, Timer } from '../../src/io/clock.ts'
import { realClock } from '../../src/io/real-clock.ts'

export class SkippingClock implements Clock {
  #skippedMs = 0
  readonly #repeated = new Set<{ readonly intervalMs: number; readonly callback: () => void }>()

  now(): number {
    return realClock.now()
  }

  monotonicMs(): number {
    return realClock.monotonicMs() + this.#skippedMs
  }

  after(delayMs: number, callback: () => void): Timer {
    return realClock.after(delayMs, callback)
  }

  every(intervalMs: number, callback: () => void): Timer {
    const repeated = { intervalMs, callback }
    const timer = realClock.every(intervalMs, callback)
    this.#repeated.add(repeated)
    return {
      cancel: () => {
        timer.cancel()
        this.#repeated.delete(repeated)
      },
    }
  }

  endOfTurn(callback: () => void): void {
    realClock.endOfTurn(callback)
  }

  keepAlive(): Timer {
    return realClock.keepAlive()
  }

  /** Whoever looks every second or more often looks again, a second later by the monotonic clock. */
  skipSecond(): void {
    this.#skippedMs += 1_000
    for (const { intervalMs, callback } of this.#repeated) if (intervalMs <= 1_000) callback()
  }
}
