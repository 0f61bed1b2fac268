// Answers of a pipelined stream: in the order of the requests, many at a time.
//
//   requests   1   2   3   4        answered when those before are, however they finish;
//   finished   ✓   ✓   -   ✓        what is finished at the end of a turn of the event loop goes
//   sent      └─────┘               out together: 1 and 2 now, 3 and 4 when 3 is finished

import type { Clock } from '../../io/clock.ts'

/** The place of one request. */
export interface Slot<T> {
  answer: T | null
  readonly sizeBytes: number
  readonly startMs: number
}

export class Pipeline<T> {
  readonly #clock: Clock
  readonly #send: (answers: readonly T[], slots: readonly Slot<T>[]) => void
  /** Slots whose answers were not sent, the oldest at `#head`. */
  #slots: Slot<T>[] = []
  #head = 0
  #bytes = 0
  #scheduled = false
  #closed = false

  /** @param send takes answers that are due, at the end of a turn; never none */
  constructor(clock: Clock, send: (answers: readonly T[], slots: readonly Slot<T>[]) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** Requests that were not answered. */
  get count(): number {
    return this.#slots.length - this.#head
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a place for a request of this size, behind all others. */
  add(sizeBytes: number): Slot<T> {
    const slot: Slot<T> = { answer: null, sizeBytes, startMs: this.#clock.monotonicMs() }
    this.#slots.push(slot)
    this.#bytes += sizeBytes
    return slot
  }

  /** The request is finished. */
  finish(slot: Slot<T>, answer: T): void {
    slot.answer = answer
    if (slot === this.#slots[this.#head]) this.#schedule()
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#closed = true
    this.#slots = []
    this.#head = 0
    this.#bytes = 0
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    this.#clock.endOfTurn(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    let end = this.#head
    const answers: T[] = []
    for (; end < this.#slots.length; end++) {
      const { answer, sizeBytes } = this.#slots[end]!
      if (answer === null) break
      answers.push(answer)
      this.#bytes -= sizeBytes
    }
    if (answers.length === 0) return
    const slots = this.#slots.slice(this.#head, end)
    this.#head = end
    // What is in front of the head is dropped now and then, not each time: that would be quadratic.
    if (this.#head > 64 && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head)
      this.#head = 0
    }
    this.#send(answers, slots)
  }
}
