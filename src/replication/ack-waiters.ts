// Appended batches whose producers wait until an offset is safe: written, or below the high
// watermark. Appends come in the order of their offsets, so a queue is enough: what may be answered
// stands at its front.

import type { BrokerError } from '../base/errors.ts'

/** The request behind one or more appended batches. */
export interface AckReceiver {
  /** The batch in `slot` of the request is as safe as the request wanted. */
  acknowledged(slot: number): void
  /** It will not be. What has become of its bytes is unknown. */
  refused(slot: number, error: BrokerError): void
}

interface AckWaiter {
  readonly endOffset: number
  readonly receiver: AckReceiver
  readonly slot: number
  next: AckWaiter | null
}

export class AckWaiters {
  #first: AckWaiter | null = null
  #last: AckWaiter | null = null
  #size = 0

  /** Batches that wait now. */
  get size(): number {
    return this.#size
  }

  /**
   * @param endOffset offset after the batch's last record. A batch that is below others, since it was
   *   sent a second time, waits for those as well
   * @param slot      names the batch to its receiver
   */
  add(endOffset: number, receiver: AckReceiver, slot: number): void {
    const last = this.#last
    const safeOffset = last === null || last.endOffset < endOffset ? endOffset : last.endOffset
    const waiter: AckWaiter = { endOffset: safeOffset, receiver, slot, next: null }
    if (last === null) this.#first = waiter
    else last.next = waiter
    this.#last = waiter
    this.#size += 1
  }

  /** Acknowledges, in their order, all batches that end at or below `endOffset`. */
  release(endOffset: number): void {
    for (;;) {
      const waiter = this.#first
      if (waiter === null || waiter.endOffset > endOffset) return
      this.#drop(waiter)
      waiter.receiver.acknowledged(waiter.slot)
    }
  }

  /** Refuses all that wait now. */
  fail(error: BrokerError): void {
    // Counted first: a receiver that appends anew while it is told waits for another answer.
    for (let left = this.#size; left > 0; left--) {
      const waiter = this.#first!
      this.#drop(waiter)
      waiter.receiver.refused(waiter.slot, error)
    }
  }

  #drop(first: AckWaiter): void {
    this.#first = first.next
    if (first.next === null) this.#last = null
    this.#size -= 1
  }
}
