// Memory of what clients left behind when they went: it grew old while they did not take it, and nobody
// else would ask for it for hours. See io/passing-buffers.ts.

import { collectOldBuffers } from '../io/passing-buffers.ts'

/** So much is collected at once; and so much when there comes no more. In bytes. */
const COLLECT_BYTES = 32 * 1024 * 1024
const COLLECT_LAST_BYTES = 2 * 1024 * 1024

export class LostMemory {
  #lostBytes = 0
  /** What the last sweep has seen of it. */
  #seenBytes = 0

  /** @param sizeBytes that were held for a client, and that nobody will take any more */
  lost(sizeBytes: number): void {
    this.#lostBytes += sizeBytes
  }

  /** To be called every second. */
  sweep(): void {
    const isAll = this.#lostBytes === this.#seenBytes
    if (this.#lostBytes >= (isAll ? COLLECT_LAST_BYTES : COLLECT_BYTES)) {
      collectOldBuffers()
      this.#lostBytes = 0
    }
    this.#seenBytes = this.#lostBytes
  }
}
