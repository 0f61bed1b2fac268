// One writer at a time for a thing that is changed across awaits.

/**
 * Runs tasks one after the other, in the order in which they were added.
 *
 * A task that fails rejects its own promise and does not stop those behind it. `limit` bounds how
 * many wait, since each holds its closure in memory.
 */
export class SerialQueue {
  readonly #limit: number
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** @param limit most tasks that may wait or run at once, 1 or more */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Tasks that wait or run now. */
  get size(): number {
    return this.#waiting
  }

  /**
   * Runs `task` when all tasks before it have ended.
   *
   * @throws RangeError at once when `limit` tasks wait already
   */
  run<T>(task: () => Promise<T> | T): Promise<T> {
    if (this.#waiting >= this.#limit) {
      return Promise.reject(new RangeError(`${this.#limit} tasks wait already`))
    }
    this.#waiting += 1
    const result = this.#tail.then(task)
    this.#tail = result.then(
      () => void (this.#waiting -= 1),
      () => void (this.#waiting -= 1),
    )
    return result
  }
}
