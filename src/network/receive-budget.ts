// Bytes of requests that all connections of a listener may hold in memory together: those that are
// being collected, and those that are not answered.
//
// A frame counts with the memory that it has, which follows what has arrived of it: a size alone takes
// nothing from others. So many frames may be half collected when there is no more room. Where it is
// they who hold it, one of them goes on beyond the limit until it is whole; then the next does.

/** Who was told to wait. */
export interface BudgetWaiter {
  /** There is room again: look at `exhausted`, since others may have been faster. */
  roomFreed(): void
}

/** What one waiter takes at once, about: no more are woken than there is room for. In bytes. */
const WAITER_BYTES = 64 * 1024

export class ReceiveBudget {
  readonly limitBytes: number
  #usedBytes = 0
  /** Of these, in frames that are not whole. */
  #collectedBytes = 0
  /** Whose frame goes on beyond the limit. */
  #first: BudgetWaiter | null = null
  /** In the order in which they came; those with a frame that has begun, and the others. */
  readonly #collecting = new Set<BudgetWaiter>()
  readonly #waiting = new Set<BudgetWaiter>()

  /** @param limitBytes passed by one frame, and by what was read at once of others */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get exhausted(): boolean {
    return this.#usedBytes >= this.limitBytes
  }

  /** True when there is no room, and frames that are not whole hold half of it. */
  get clogged(): boolean {
    return this.exhausted && this.#collectedBytes * 2 >= this.limitBytes
  }

  take(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
    this.wake()
  }

  /** A frame has so much memory more. */
  collect(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
    this.#collectedBytes += sizeBytes
  }

  /** A frame is whole: its memory counts until it is given. Or it never will be: `give` it as well. */
  collected(waiter: BudgetWaiter, sizeBytes: number): void {
    this.#collectedBytes -= sizeBytes
    if (this.#first !== waiter) return
    this.#first = null
    this.wake()
  }

  /** Calls `roomFreed` once there is room. Who waits already does not wait twice. */
  wait(waiter: BudgetWaiter): void {
    this.#waiting.add(waiter)
  }

  /**
   * As `wait`, for whose frame has begun.
   *
   * @returns false when it is the one that goes on nonetheless
   */
  waitWithFrame(waiter: BudgetWaiter): boolean {
    if (this.#first === null && this.clogged) this.#first = waiter
    if (this.#first === waiter) return false
    this.#collecting.add(waiter)
    return true
  }

  leave(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter)
    this.#collecting.delete(waiter)
    if (this.#first === waiter) this.#first = null
  }

  /** Lets those go on for whom there is room. What has begun comes first. */
  wake(): void {
    let roomBytes = this.limitBytes - this.#usedBytes
    while (roomBytes > 0 && this.#collecting.size + this.#waiting.size > 0) {
      roomBytes -= WAITER_BYTES
      this.#wakeFirstOf(this.#collecting.size > 0 ? this.#collecting : this.#waiting)
    }
    if (this.#first !== null || this.#collecting.size === 0 || !this.clogged) return
    this.#first = this.#wakeFirstOf(this.#collecting)
  }

  #wakeFirstOf(waiters: Set<BudgetWaiter>): BudgetWaiter {
    const [first] = waiters
    waiters.delete(first!)
    first!.roomFreed()
    return first!
  }
}
