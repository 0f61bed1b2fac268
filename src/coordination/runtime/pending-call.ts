// Somebody who waits for an answer of a coordinator.

import type { Call } from './step.ts'

/** Counts itself in and out. Answered once: what comes later says nothing. */
export class PendingCall implements Call<unknown> {
  readonly #all: Set<PendingCall>
  readonly #settle: (answer: unknown) => void

  constructor(all: Set<PendingCall>, settle: (answer: unknown) => void) {
    this.#all = all
    this.#settle = settle
    all.add(this)
  }

  settle(answer: unknown): void {
    if (this.#all.delete(this)) this.#settle(answer)
  }
}
