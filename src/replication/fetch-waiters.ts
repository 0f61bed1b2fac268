// Readers that have read a partition to its end and wait for more. A waiter costs nothing until the
// mark moves that it reads up to: no timer, no polling.

import { BrokerError } from '../base/errors.ts'
import { LinkedList, type Linked } from './linked-list.ts'

/** One reader of one partition. */
export abstract class FetchWaiter implements Linked<FetchWaiter> {
  list: LinkedList<FetchWaiter> | null = null
  previous: FetchWaiter | null = null
  next: FetchWaiter | null = null

  /** The mark that it reads up to moved. The reader waits no longer, and may wait again from within. */
  abstract highWatermarkMoved(): void

  /** The partition can't be read here any more. The reader waits no longer. */
  abstract partitionLost(error: BrokerError): void
}

/** Most readers that wait for one partition. */
export const MAX_FETCH_WAITERS = 20_000

export class FetchWaiters {
  readonly #waiting = new LinkedList<FetchWaiter>()
  readonly #limit: number

  /** @param limit most readers that may wait, 1 or more */
  constructor(limit = MAX_FETCH_WAITERS) {
    this.#limit = limit
  }

  get size(): number {
    return this.#waiting.size
  }

  /**
   * Waits for the next move of the mark. The caller has seen, in this same turn, that
   * there is nothing to read: a check before an `await` loses the wakeup.
   *
   * Ends by either callback, or by `leaveList(waiter)`.
   *
   * @throws BrokerError THROTTLING_QUOTA_EXCEEDED when too many wait
   */
  add(waiter: FetchWaiter): void {
    if (this.#waiting.size >= this.#limit) {
      throw new BrokerError('THROTTLING_QUOTA_EXCEEDED', {
        message: 'Too many readers wait for the partition',
        limit: this.#limit,
      })
    }
    this.#waiting.append(waiter)
  }

  wakeAll(): void {
    if (this.#waiting.size === 0) return
    // Those that wait again from within are for the next move; those that leave are not called.
    const woken = new LinkedList<FetchWaiter>()
    this.#waiting.moveTo(woken)
    for (let waiter = woken.takeFirst(); waiter !== null; waiter = woken.takeFirst()) {
      waiter.highWatermarkMoved()
    }
  }

  fail(error: BrokerError): void {
    const lost = new LinkedList<FetchWaiter>()
    this.#waiting.moveTo(lost)
    for (let waiter = lost.takeFirst(); waiter !== null; waiter = lost.takeFirst()) {
      waiter.partitionLost(error)
    }
  }
}
