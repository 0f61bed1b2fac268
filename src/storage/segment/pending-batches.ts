// Batches that have their offsets and wait for the end of the turn, to be written together.

import type { IndexedBatch } from './segment.ts'

export class PendingBatches {
  #buffers: Uint8Array[] = []
  #batches: IndexedBatch[] = []
  #sizeBytes = 0

  get count(): number {
    return this.#batches.length
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** The largest timestamp of the first batch; there must be one. */
  get firstTimestamp(): number {
    return this.#batches[0]!.maxTimestamp
  }

  add(bytes: Uint8Array, lastOffset: number, maxTimestamp: number): void {
    const sizeBytes = bytes.byteLength
    this.#buffers.push(bytes)
    this.#batches.push({ lastOffset, maxTimestamp, sizeBytes })
    this.#sizeBytes += sizeBytes
  }

  /** Gives all of them, and is empty then. */
  take(): { readonly buffers: Uint8Array[]; readonly batches: IndexedBatch[] } {
    const taken = { buffers: this.#buffers, batches: this.#batches }
    this.#buffers = []
    this.#batches = []
    this.#sizeBytes = 0
    return taken
  }
}
