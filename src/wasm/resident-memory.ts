// Memory of the core that is lent to others: what lies in it is worked on in place, not copied first.
//
// It is cut in slots of equal size, so that nothing is split or joined. Who takes a small piece has a whole
// slot, of which only the pages that are touched cost memory; the slot that came back last is lent first.

import assert from 'node:assert'

/** What a consumer asks of a partition by default is read as a whole. */
const SLOT_BYTES = 1024 * 1024

export class ResidentMemory {
  readonly #region: Buffer
  /** Slots that are not lent. */
  readonly #free: number[] = []
  readonly #lent: boolean[]

  /** @param region in the core's memory; whole slots are used of it */
  constructor(region: Buffer) {
    this.#region = region
    const slots = Math.floor(region.byteLength / SLOT_BYTES)
    for (let slot = slots - 1; slot >= 0; slot--) this.#free.push(slot)
    this.#lent = Array.from({ length: slots }, () => false)
  }

  /** Slots that nobody has. */
  get freeSlots(): number {
    return this.#free.length
  }

  /**
   * Memory of exactly this size, with whatever was in it before.
   *
   * @returns null when it is larger than a slot, or all slots are lent
   */
  take(sizeBytes: number): Buffer | null {
    if (sizeBytes > SLOT_BYTES) return null
    const slot = this.#free.pop()
    if (slot === undefined) return null
    this.#lent[slot] = true
    const start = slot * SLOT_BYTES
    return this.#region.subarray(start, start + sizeBytes)
  }

  /**
   * Takes back what `take` gave. Nobody may refer to it any more.
   *
   * @returns false when the memory is not of here
   */
  give(memory: Buffer): boolean {
    if (memory.buffer !== this.#region.buffer) return false
    const slot = (memory.byteOffset - this.#region.byteOffset) / SLOT_BYTES
    assert(this.#lent[slot] === true)
    this.#lent[slot] = false
    this.#free.push(slot)
    return true
  }
}
