// What the reader of a consumer has in its hands: the record, or the batch, that was given out last.
// It counts as processed when the reader asks for the next one.
//
// A loop tells the hand of each batch, not of each record: while it gives out the records of a batch
// it writes the offset of the last one into what it gave here, and nothing else.

import { UNKNOWN_OFFSET } from './assigned-partition.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { UnsettledReads } from './group/unsettled-reads.ts'

/** What was given out: one record of a batch after the other, or a batch. */
export interface Given {
  readonly partition: AssignedPartition
  /** Of the first record in hand, or UNKNOWN_OFFSET while there is none. */
  readonly offset: number
  /** Of the last one. */
  readonly lastOffset: number
}

/** How far a reader has come, to be compared with later. */
export interface ReaderMark {
  readonly asks: number
  readonly offset: number
}

export class Hand {
  readonly #unsettled: UnsettledReads | null
  #given: Given | null = null
  /** Of what was given, the reader has said by other means that it is done with what lies below. */
  #doneBelow = 0
  #asks = 0
  #isReading = false
  #waits = 0
  #whenFree: (() => void)[] = []

  /** @param unsettled told of what is given; null when nobody asks for it */
  constructor(unsettled: UnsettledReads | null) {
    this.#unsettled = unsettled
  }

  /** Where the reader stands now. */
  get mark(): ReaderMark {
    return { asks: this.#asks, offset: this.#given?.offset ?? UNKNOWN_OFFSET }
  }

  /** Whether the reader has asked for more since then. */
  hasAskedSince({ asks, offset }: ReaderMark): boolean {
    const now = this.mark
    return now.asks !== asks || now.offset !== offset
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

  /** The reader asks for more, and is not given a further record of what is in hand. */
  ask(): void {
    this.#asks += 1
    this.#given = null
    if (this.#whenFree.length > 0) this.#wake()
  }

  give(given: Given): void {
    this.#given = given
    this.#doneBelow = 0
    this.#unsettled?.add(given.partition)
  }

  /** The reader has said by other means that it is done with what it has, or goes elsewhere. */
  clear(): void {
    if (this.#given !== null) this.#doneBelow = this.#given.lastOffset + 1
    this.#wake()
  }

  /** The reader is done with what it has of the partition, up to this offset. */
  processed(partition: AssignedPartition, offset: number): void {
    if (!this.has(partition) || offset <= this.processedOffset(partition)) return
    if (offset > this.#given!.lastOffset) this.clear()
    else this.#doneBelow = offset
  }

  has(partition: AssignedPartition): boolean {
    const given = this.#given
    return given?.partition === partition && given.lastOffset >= this.#doneBelow
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
    if (!this.has(partition)) return partition.position
    return Math.max(this.#given!.offset, this.#doneBelow)
  }

  isHeld(partition: AssignedPartition): boolean {
    return this.#isReading && this.has(partition)
  }

  /**
   * Resolves when the reader asks for more, or stops to read. Not by each record of a batch: who waits
   * for the reader has stopped the partition before, so that nothing more of it is given out.
   */
  freed(): Promise<void> {
    return new Promise((resolve) => this.#whenFree.push(resolve))
  }

  #wake(): void {
    const waiting = this.#whenFree
    this.#whenFree = []
    for (const resolve of waiting) resolve()
  }
}
