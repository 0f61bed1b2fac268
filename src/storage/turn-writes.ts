// What logs have to write when the turn of the event loop ends: all of them in one go, or sooner, when a round
// of commits is about to begin that is to take it with it.

import type { Clock } from '../io/clock.ts'

export class TurnWrites {
  readonly #clock: Clock
  #works = new Set<() => void>()
  #isScheduled = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param work done once, however often it is asked for meanwhile. Must not throw */
  schedule(work: () => void): void {
    this.#works.add(work)
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.endOfTurn(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  /** Does at once what waits. What that asks for waits for the end of the turn. */
  flush(): void {
    const works = this.#works
    if (works.size === 0) return
    this.#works = new Set()
    for (const work of works) work()
  }
}
