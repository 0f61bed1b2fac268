// Bytes of answers that all clients of a listener together have not taken.
//
//   held     0 ─────────────── limit ──────────────── 2 × limit ─────────────
//            everybody gets    tight: answers are      full: large answers wait;
//            what he asks for  short, and who is       who has taken nothing for
//                              behind gets no more     longest is closed
//
// What is on its way into an answer counts from when its memory is taken, so that a thousand readers
// who are woken by one record can't all be answered at once.

import type { Clock } from '../io/clock.ts'

/** Who was told that there is no room. */
export interface RoomWaiter {
  /** There is room again: ask anew, since others may have been faster. */
  roomFreed(): void
}

/** Who holds memory while it waits for something else. */
export interface Hoarder {
  /** Memory has become short: wait no longer, or wait without. */
  hurry(): void
}

export interface SendBudgetOptions {
  readonly limitBytes: number
  readonly clock: Clock
  /** Called when nothing is left to give: somebody has to be closed. */
  onFull(): void
}

/** An answer of this size is given as long as there is any room. In bytes. */
const SHORT_BYTES = 64 * 1024

export class SendBudget {
  readonly limitBytes: number
  readonly #options: SendBudgetOptions
  #heldBytes = 0
  /** In the order in which they came. */
  readonly #waiting = new Set<RoomWaiter>()
  readonly #hoarders = new Set<Hoarder>()
  #wakes = false

  constructor(options: SendBudgetOptions) {
    this.#options = options
    this.limitBytes = options.limitBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get tight(): boolean {
    return this.#heldBytes >= this.limitBytes
  }

  get full(): boolean {
    return this.#heldBytes >= 2 * this.limitBytes
  }

  /** @param deltaBytes more of what is held, or less when negative */
  change(deltaBytes: number): void {
    const wasTight = this.tight
    this.#heldBytes += deltaBytes
    if (this.#waiting.size > 0) this.#wakeNext()
    if (!this.tight) return
    if (!wasTight) this.hurryAll()
    if (this.full) this.#options.onFull()
  }

  /**
   * How many bytes an answer may get. Nothing is taken by this: see `change`.
   *
   * @param wantedBytes 1 or more
   * @param hasBytes    what it has already
   * @returns at most `wantedBytes`; 0 when there is no room for it now
   */
  allowance(wantedBytes: number, hasBytes: number): number {
    if (this.full) return 0
    if (this.tight) return Math.min(wantedBytes, Math.max(0, SHORT_BYTES - hasBytes))
    return Math.min(wantedBytes, 2 * this.limitBytes - this.#heldBytes)
  }

  /** Calls `roomFreed` once there is room. Who waits already does not wait twice. */
  wait(waiter: RoomWaiter): void {
    this.#waiting.add(waiter)
    this.#wakeNext()
  }

  /** Calls `hurry` once, when memory becomes short; when it is short already, soon after it is all gone. */
  hoard(hoarder: Hoarder): void {
    this.#hoarders.add(hoarder)
  }

  leave(waiter: RoomWaiter & Hoarder): void {
    this.#waiting.delete(waiter)
    this.#hoarders.delete(waiter)
  }

  /** Has those who hold memory while they wait give it back. */
  hurryAll(): void {
    const all = [...this.#hoarders]
    this.#hoarders.clear()
    for (const hoarder of all) hoarder.hurry()
  }

  /** One a turn: what each takes is known before the next is woken. */
  #wakeNext(): void {
    if (this.#wakes || this.full) return
    this.#wakes = true
    this.#options.clock.endOfTurn(() => {
      this.#wakes = false
      const [first] = this.#waiting
      if (first === undefined || this.full) return
      this.#waiting.delete(first)
      first.roomFreed()
      if (this.#waiting.size > 0) this.#wakeNext()
    })
  }
}
