// Requests that wait for something else to happen, and the time that each may wait at most.

import type { Clock, Timer } from '../io/clock.ts'
import { leaveList, LinkedList, type Linked } from './linked-list.ts'

/** A request that waits for acknowledgements or for bytes. Ends by itself, or by `expire`. */
export abstract class DelayedOperation implements Linked<DelayedOperation> {
  list: LinkedList<DelayedOperation> | null = null
  previous: DelayedOperation | null = null
  next: DelayedOperation | null = null
  /** When it expires, on the monotonic clock. Written by `Deadlines`. */
  deadlineMs = 0

  /** The time is over. Called once at most, and never after `Deadlines.cancel`. */
  abstract expire(): void
}

/**
 * The deadlines of many operations, with one timer for all that wait equally long.
 *
 * Such operations expire in the order in which they came, so each distinct wait is a list that is
 * appended at its end and looked at from its front. Adding and cancelling take no search, no closure
 * and no timer of their own, which counts where there is one operation a produce request.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #queues = new Map<number, DeadlineQueue>()
  #size = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Operations that wait now. */
  get size(): number {
    return this.#size
  }

  /** Calls `operation.expire` once `waitMs` have passed. @param waitMs whole milliseconds, 0 or more */
  add(operation: DelayedOperation, waitMs: number): void {
    let queue = this.#queues.get(waitMs)
    if (queue === undefined) {
      queue = { waiting: new LinkedList(), timer: null }
      this.#queues.set(waitMs, queue)
    }
    operation.deadlineMs = this.#clock.monotonicMs() + waitMs
    queue.waiting.append(operation)
    this.#size += 1
    if (queue.timer === null) this.#arm(queue, waitMs)
  }

  /** The operation ended by itself. Nothing happens when it does not wait any more. */
  cancel(operation: DelayedOperation): void {
    if (operation.list === null) return
    leaveList(operation)
    this.#size -= 1
  }

  /** Drops the timers. What waits will not expire. */
  close(): void {
    for (const { timer } of this.#queues.values()) timer?.cancel()
    this.#queues.clear()
  }

  #arm(queue: DeadlineQueue, waitMs: number): void {
    const first = queue.waiting.first
    if (first === null) {
      // Kept until its timer fires even when empty, so that a busy queue arms one timer a wait.
      queue.timer = null
      this.#queues.delete(waitMs)
      return
    }
    const delayMs = Math.max(0, first.deadlineMs - this.#clock.monotonicMs())
    queue.timer = this.#clock.after(delayMs, () => this.#expire(queue, waitMs))
  }

  #expire(queue: DeadlineQueue, waitMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    for (;;) {
      const first = queue.waiting.first
      if (first === null || first.deadlineMs > nowMs) break
      this.cancel(first)
      first.expire()
    }
    this.#arm(queue, waitMs)
  }
}

interface DeadlineQueue {
  readonly waiting: LinkedList<DelayedOperation>
  timer: Timer | null
}
