// Waits for what a run is to come to, tells how far it is, and gives up when nothing moves any more.

import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 50
const TELL_MS = 5_000
/** A copier that comes back waits for sessions and transactions to time out, and a broker to start. */
const STALLED_MS = 180_000

/** Nothing moved for long. */
export class Stalled extends Error {}

export class Watch {
  readonly #state: () => string
  readonly #tell: (line: string) => void
  readonly #begun = performance.now()
  #toldMs = 0
  #failure: Error | null = null

  /**
   * @param state how far the run is, in a line: when it is the same for long, the run is given up
   * @param tell  gets the line, every few seconds
   */
  constructor(state: () => string, tell: (line: string) => void) {
    this.#state = state
    this.#tell = tell
  }

  /** Resolves when something is true. @throws Stalled when nothing moved for long before that */
  async until(what: string, isTrue: () => boolean): Promise<void> {
    let [last, movedMs] = [this.#state(), performance.now()]
    while (!isTrue()) {
      if (this.#failure !== null) throw this.#failure
      await delay(LOOK_MS)
      const state = this.#state()
      const nowMs = performance.now()
      if (state !== last) [last, movedMs] = [state, nowMs]
      if (nowMs - movedMs > STALLED_MS) throw new Stalled(`waited for ${what}: ${state}`)
      if (nowMs - this.#toldMs < TELL_MS) continue
      this.#toldMs = nowMs
      this.#tell(`${Math.round((nowMs - this.#begun) / 1_000)} s: ${state}`)
    }
  }

  /** Nobody has to wait any more: the run has failed elsewhere. */
  fail(error: Error): void {
    this.#failure ??= error
  }
}
