// Bytes that requests in flight may hold in memory, all clients together.

export class ByteBudget {
  readonly limitBytes: number
  #usedBytes = 0
  #free: Promise<void> | null = null
  #resolve: (() => void) | null = null

  /** @param limitBytes 1 or more */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Takes bytes, past the limit if it must be: who asks looks at `ready` first. */
  take(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
    if (this.#resolve === null || this.#usedBytes >= this.limitBytes) return
    this.#resolve()
    this.#resolve = null
    this.#free = null
  }

  /** Null while there is room; a promise of room when there is none. All who wait share it. */
  ready(): Promise<void> | null {
    if (this.#usedBytes < this.limitBytes) return null
    this.#free ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    return this.#free
  }
}
