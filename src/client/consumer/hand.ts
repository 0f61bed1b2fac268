// What the reader of a consumer has in its hands: the record, or the batch, that was given out last.
// It counts as processed when the reader asks for the next one.

import { UNKNOWN_OFFSET } from './assigned-partition.ts'
import type { AssignedPartition } from './assigned-partition.ts'

export class Hand {
  #partition: AssignedPartition | null = null
  #offset = UNKNOWN_OFFSET
  #asked = 0
  #isReading = false
  #waits = 0
  #whenFree: (() => void)[] = []

  /** How often the reader has asked. It rises, and says nothing else. */
  get asked(): number {
    return this.#asked
  }

  /** True while the reader has asked and got nothing yet. */
  get isWaiting(): boolean {
    return this.#waits > 0
  }

  get isReading(): boolean {
    return this.#isReading
  }

  begin(): void {
    this.#isReading = true
  }

  /** The loop is over. What is in hand was given out, and nobody knows whether it was processed. */
  end(): void {
    this.#isReading = false
    this.#wake()
  }

  /** The reader asks for more. On the path of every record. */
  ask(): void {
    this.#asked += 1
    this.#partition = null
    if (this.#whenFree.length > 0) this.#wake()
  }

  /** @param offset first one of what is given out */
  give(partition: AssignedPartition, offset: number): void {
    this.#partition = partition
    this.#offset = offset
  }

  /** The reader has said by other means that it is done with what it has, or goes elsewhere. */
  clear(): void {
    this.#partition = null
    this.#wake()
  }

  /** The reader is done with what it has of the partition, up to this offset. */
  processed(partition: AssignedPartition, offset: number): void {
    if (this.#partition !== partition || offset <= this.#offset) return
    if (offset >= partition.position) this.clear()
    else this.#offset = offset
  }

  has(partition: AssignedPartition): boolean {
    return this.#partition === partition
  }

  /** Runs a wait of the reader for more. */
  async wait(wait: () => Promise<unknown>): Promise<void> {
    this.#waits += 1
    try {
      await wait()
    } finally {
      this.#waits -= 1
    }
  }

  /** Offset up to which records of the partition were processed; UNKNOWN_OFFSET while none is known. */
  processedOffset(partition: AssignedPartition): number {
    return this.#partition === partition ? this.#offset : partition.position
  }

  isHeld(partition: AssignedPartition): boolean {
    return this.#isReading && this.#partition === partition
  }

  /** Resolves when the reader asks for more, or stops to read. */
  freed(): Promise<void> {
    return new Promise((resolve) => this.#whenFree.push(resolve))
  }

  #wake(): void {
    const waiting = this.#whenFree
    this.#whenFree = []
    for (const resolve of waiting) resolve()
  }
}
