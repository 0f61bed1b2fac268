// One crowded request, from when there is memory for it until it is answered or its client is gone.

import type { ReceiveBudget } from '../../../network/receive-budget.ts'
import { HEAP_SLACK_BYTES, REQUEST_HEAP_FACTOR } from '../../../protocol/kafka/wire-limits.ts'

/** What a request and its answer take on the heap, as a multiple of what the request alone takes. */
const ANSWERED_FACTOR = 3

export class Stay {
  readonly #memory: ReceiveBudget
  readonly #left: () => void
  readonly #abort = new AbortController()
  #bytes: number
  #isOver = false

  /** @param client aborted when the client is gone or the broker stops */
  constructor(frameBytes: number, memory: ReceiveBudget, client: AbortSignal, left: () => void) {
    this.#memory = memory
    this.#left = left
    // Before it is read nobody knows better.
    this.#bytes = frameBytes * REQUEST_HEAP_FACTOR + HEAP_SLACK_BYTES
    memory.take(this.#bytes)
    const end = (): void => this.hurry()
    if (client.aborted) end()
    else client.addEventListener('abort', end, { once: true, signal: this.#abort.signal })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Aborted when the client is gone, the broker stops, or others need the memory. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** The request was read. @param heapBytes what it takes */
  measured(heapBytes: number): void {
    if (this.#isOver) return
    const bytes = heapBytes * ANSWERED_FACTOR
    if (bytes < this.#bytes) this.#memory.give(this.#bytes - bytes)
    else this.#memory.take(bytes - this.#bytes)
    this.#bytes = bytes
  }

  /** Ends long waits early. */
  hurry(): void {
    this.#abort.abort()
  }

  /** It is answered, or its client is gone. */
  leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#abort.abort()
    this.#left()
    this.#memory.give(this.#bytes)
  }
}
