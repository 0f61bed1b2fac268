// A clock that a test moves by hand. Nothing happens by itself: timers fire in `advance`, and what
// waits for the end of the turn runs in `endTurn` or `settle`.

import type { Clock, Timer } from '../../src/io/clock.ts'

interface Scheduled {
  atMs: number
  readonly order: number
  readonly intervalMs: number | null
  readonly callback: () => void
}

export class ManualClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  #order = 0
  readonly #timers = new Set<Scheduled>()
  #endOfTurn: (() => void)[] = []

  /** @param startMs the wall clock at first, milliseconds since 1970 */
  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs
  }

  /** Whole milliseconds, as a real clock has them. */
  now(): number {
    return Math.round(this.#wallMs)
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#schedule(delayMs, null, callback)
  }

  every(intervalMs: number, callback: () => void): Timer {
    return this.#schedule(intervalMs, intervalMs, callback)
  }

  endOfTurn(callback: () => void): void {
    this.#endOfTurn.push(callback)
  }

  keepAlive(): Timer {
    return { cancel: () => {} }
  }

  /** Timers that have not fired and were not cancelled. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** Moves both clocks on and fires, in their order, the timers that come due on the way. */
  advance(byMs: number): void {
    const endMs = this.#monotonicMs + byMs
    for (;;) {
      const due = this.#nextDue(endMs)
      if (due === null) break
      this.#move(due.atMs - this.#monotonicMs)
      if (due.intervalMs === null) this.#timers.delete(due)
      else due.atMs += Math.max(1, due.intervalMs)
      due.callback()
    }
    this.#move(endMs - this.#monotonicMs)
  }

  /** Sets the wall clock alone, forward or back, as an administrator would. */
  jump(toMs: number): void {
    this.#wallMs = toMs
  }

  /** Runs what waits for the end of this turn. @returns how many callbacks ran */
  endTurn(): number {
    const callbacks = this.#endOfTurn
    this.#endOfTurn = []
    for (const callback of callbacks) callback()
    return callbacks.length
  }

  /** Ends turns, and lets promises go on between them, until nothing waits for a turn's end. */
  async settle(): Promise<void> {
    do {
      this.endTurn()
      await microtasks()
    } while (this.#endOfTurn.length > 0)
  }

  #schedule(delayMs: number, intervalMs: number | null, callback: () => void): Timer {
    const atMs = this.#monotonicMs + Math.max(0, delayMs)
    const timer: Scheduled = { atMs, order: this.#order++, intervalMs, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  #nextDue(endMs: number): Scheduled | null {
    let first: Scheduled | null = null
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue
      if (first === null || timer.atMs < first.atMs) first = timer
      else if (timer.atMs === first.atMs && timer.order < first.order) first = timer
    }
    return first
  }

  #move(byMs: number): void {
    this.#monotonicMs += byMs
    this.#wallMs += byMs
  }
}

/** Resolves when all promises that can go on without the outside world have gone on. */
export function microtasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
