// Work that takes long, cut into slices, so that whoever waits for the event loop gets his turn.
//
//   turn │ what has arrived │ a slice of A │   turn │ what has arrived │ a slice of B │   turn │ … of A │
//
// All long work of a process shares one `Slices`: however many want to go on, a turn has one slice.

import type { Clock } from './clock.ts'

/** How long one slice takes, by default: what others wait longer. Steps are short beside it. */
const SLICE_MS = 2

export class Slices {
  readonly #clock: Clock
  readonly #sliceMs: number
  /** Who waits for a slice, in the order in which they asked. */
  readonly #waiting: (() => void)[] = []
  /** When the slice that was given last is over, on the monotonic clock. */
  #endMs = -Infinity

  constructor(clock: Clock, sliceMs = SLICE_MS) {
    this.#clock = clock
    this.#sliceMs = sliceMs
  }

  /** True when whoever has the slice should ask for another one. Asking costs a look at the clock. */
  get over(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs
  }

  /** Resolves in a turn of the event loop whose slice is the caller's. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (this.#waiting.length === 1) this.#clock.endOfTurn(() => this.#give())
    })
  }

  /** Does the steps of `work` one after the other, in slices. A step is what is done up to a `yield`. */
  async run<T>(work: Iterator<void, T>): Promise<T> {
    for (;;) {
      await this.next()
      do {
        const { done, value } = work.next()
        if (done === true) return value
      } while (!this.over)
    }
  }

  #give(): void {
    const first = this.#waiting.shift()!
    this.#endMs = this.#clock.monotonicMs() + this.#sliceMs
    first()
    if (this.#waiting.length > 0) this.#clock.endOfTurn(() => this.#give())
  }
}
