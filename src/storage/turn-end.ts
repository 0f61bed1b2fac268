// Something that is to be done once when the turn of the event loop ends, however often it is asked for.

import type { Clock } from '../io/clock.ts'

export class TurnEnd {
  readonly #clock: Clock
  readonly #work: () => void
  #isScheduled = false

  /** @param work must not throw */
  constructor(clock: Clock, work: () => void) {
    this.#clock = clock
    this.#work = work
  }

  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.endOfTurn(() => {
      this.#isScheduled = false
      this.#work()
    })
  }
}
