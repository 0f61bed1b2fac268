// Bytes of requests that all connections of a listener may hold in memory together: those that are
// being collected, and those that are not answered.

/** Who was told to wait. */
export interface BudgetWaiter {
  /** There is room again: look at `exhausted`, since others may have been faster. */
  roomFreed(): void
}

export class ReceiveBudget {
  readonly limitBytes: number
  #usedBytes = 0
  /** In the order in which they came. */
  #waiting = new Set<BudgetWaiter>()

  /** @param limitBytes passed by one request at most, since sizes are looked at one by one */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get exhausted(): boolean {
    return this.#usedBytes >= this.limitBytes
  }

  take(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
    while (this.#waiting.size > 0 && !this.exhausted) {
      const [first] = this.#waiting
      this.#waiting.delete(first!)
      first!.roomFreed()
    }
  }

  /** Calls `roomFreed` once there is room. Who waits already does not wait twice. */
  wait(waiter: BudgetWaiter): void {
    this.#waiting.add(waiter)
  }

  leave(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter)
  }
}
