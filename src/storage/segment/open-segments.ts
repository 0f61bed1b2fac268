// Bounds how many closed segments hold an open file and their indexes in memory. A log of a thousand
// segments costs what is read of it.

/** What can be let go and is opened again by itself on its next use. */
export interface Releasable {
  /** True while it must not be let go. */
  readonly pinned: boolean
  release(): void
}

/** May be shared by all logs of a broker. */
export class OpenSegments {
  readonly #limit: number
  /** From the one used longest ago to the one used last. */
  readonly #open = new Set<Releasable>()

  /** @param limit most segments that stay open, pinned ones not counted, 1 or more */
  constructor(limit = 256) {
    this.#limit = limit
  }

  get size(): number {
    return this.#open.size
  }

  /** The segment is being used. Lets the one go that was used longest ago, when there are too many. */
  touch(segment: Releasable): void {
    this.#open.delete(segment)
    this.#open.add(segment)
    if (this.#open.size <= this.#limit) return
    for (const other of this.#open) {
      if (other === segment) return
      if (other.pinned) continue
      this.#open.delete(other)
      other.release()
      return
    }
  }

  /** The segment is gone, or was closed otherwise. */
  forget(segment: Releasable): void {
    this.#open.delete(segment)
  }
}
