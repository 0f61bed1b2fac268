// How many bytes the polls of a stream may bring. Several leaders are asked at once, and none may keep
// the credit from the others while it has nothing to give.

/** A poll for less is not worth the way, where credit allows more. */
const MIN_POLL_BYTES = 512 * 1024

/** Memory of one answer: a record that is kept keeps all of it. */
const MAX_POLL_BYTES = 8 * 1024 * 1024

export class FetchCredit {
  #bytes = 0
  #reservedBytes = 0

  grant(bytes: number): void {
    this.#bytes = Math.min(this.#bytes + bytes, Number.MAX_SAFE_INTEGER)
  }

  /**
   * Takes credit for one poll: half of its share, so that the next poll is under way while what this
   * one brought is worked on.
   *
   * @param lanes leaders that there is something to read from, 1 or more
   * @returns bytes; 0 when there is no credit left now
   */
  reserve(lanes: number): number {
    const left = this.#bytes - this.#reservedBytes
    if (left <= 0) return 0
    const share = Math.floor(this.#bytes / Math.max(1, lanes) / 2)
    const bytes = Math.min(left, MAX_POLL_BYTES, Math.max(MIN_POLL_BYTES, share))
    this.#reservedBytes += bytes
    return bytes
  }

  /** Gives back what `reserve` gave, and takes what was brought: that may be more. */
  settle(reservedBytes: number, broughtBytes: number): void {
    this.#reservedBytes -= reservedBytes
    this.#bytes -= broughtBytes
  }
}
