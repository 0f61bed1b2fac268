// Memory for answers, of which a test says how much there is.

import type { AnswerMemory, MemoryWaiter } from '../../src/broker/fetch/answer-memory.ts'

/** So many bytes for all; nothing is given beyond. */
export class CountedMemory implements AnswerMemory {
  tight = false
  taken = 0
  mostTaken = 0
  readonly #limitBytes: number
  readonly #waiting = new Set<MemoryWaiter>()
  readonly #hoarders = new Set<MemoryWaiter>()

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  allowance(wantedBytes: number): number {
    return Math.max(0, Math.min(wantedBytes, this.#limitBytes - this.taken))
  }

  buffer(sizeBytes: number): Buffer {
    return Buffer.alloc(sizeBytes)
  }

  take(deltaBytes: number): void {
    this.taken += deltaBytes
    this.mostTaken = Math.max(this.mostTaken, this.taken)
  }

  wait(waiter: MemoryWaiter): void {
    this.#waiting.add(waiter)
  }

  hoard(waiter: MemoryWaiter): void {
    this.#hoarders.add(waiter)
  }

  leave(waiter: MemoryWaiter): void {
    this.#waiting.delete(waiter)
    this.#hoarders.delete(waiter)
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  get hoarderCount(): number {
    return this.#hoarders.size
  }

  /** So much was sent. */
  give(sizeBytes: number): void {
    this.take(-sizeBytes)
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const waiter of woken) waiter.roomFreed()
  }

  becomeTight(): void {
    this.tight = true
    const hurried = [...this.#hoarders]
    this.#hoarders.clear()
    for (const hoarder of hurried) hoarder.hurry()
  }
}
