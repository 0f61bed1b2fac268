// The transactions that keep a log's last stable offset down: those that are open, and those that ended
// and whose marker is not below the high watermark yet.
//
//   offsets   ──┬────────┬──────────────┬─────────────┬──────────────►
//            A begins  B begins     A's marker   high watermark
//               └─ first undecided: A until its marker is below the mark, and B then
//
// One list, by first offset; new transactions begin behind all others. Source: apache/kafka,
// ProducerStateManager.java, firstUnstableOffset.

/** A transaction that is open in a partition. */
export interface OpenTransaction {
  readonly producerId: number
  readonly producerEpoch: number
  /** Of its first record here. */
  readonly firstOffset: number
  /** When it began, or the log was opened, by the broker's clock: milliseconds since 1970. */
  readonly sinceMs: number
}

interface Undecided extends OpenTransaction {
  /** Where its marker stands; -1 while it is open. */
  markerOffset: number
  previous: Undecided | null
  next: Undecided | null
  /** The one whose marker comes next. */
  nextEnded: Undecided | null
}

export class UndecidedTransactions {
  readonly #open = new Map<number, Undecided>()
  #first: Undecided | null = null
  #last: Undecided | null = null
  #firstEnded: Undecided | null = null
  #lastEnded: Undecided | null = null

  /** Transactions that are open. */
  get openCount(): number {
    return this.#open.size
  }

  /** The open transaction of a producer, or null. */
  get(producerId: number): OpenTransaction | null {
    return this.#open.get(producerId) ?? null
  }

  /** Those that are open, by first offset. */
  open(): OpenTransaction[] {
    const open: OpenTransaction[] = []
    for (let each = this.#first; each !== null; each = each.next) {
      if (each.markerOffset >= 0) continue
      const { producerId, producerEpoch, firstOffset, sinceMs } = each
      open.push({ producerId, producerEpoch, firstOffset, sinceMs })
    }
    return open
  }

  /** A transaction began, behind all others. */
  began({ producerId, producerEpoch, firstOffset, sinceMs }: OpenTransaction): void {
    const previous = this.#last
    const links = { previous, next: null, nextEnded: null }
    const begun = { producerId, producerEpoch, firstOffset, sinceMs, markerOffset: -1, ...links }
    if (previous === null) this.#first = begun
    else previous.next = begun
    this.#last = begun
    this.#open.set(producerId, begun)
  }

  /** The open transaction of a producer ended. Markers come by rising offset. */
  ended(producerId: number, markerOffset: number): void {
    const ended = this.#open.get(producerId)
    if (ended === undefined) return
    this.#open.delete(producerId)
    ended.markerOffset = markerOffset
    if (this.#lastEnded === null) this.#firstEnded = ended
    else this.#lastEnded.nextEnded = ended
    this.#lastEnded = ended
  }

  /**
   * First offset of the first transaction that is not decided below a high watermark: Infinity when
   * there is none.
   */
  firstUndecided(highWatermark: number): number {
    if (this.#first === null) return Infinity
    for (let ended = this.#firstEnded; ended !== null; ended = this.#firstEnded) {
      if (ended.markerOffset >= highWatermark) break
      this.#firstEnded = ended.nextEnded
      if (this.#firstEnded === null) this.#lastEnded = null
      this.#remove(ended)
    }
    return this.#first?.firstOffset ?? Infinity
  }

  /** First offset of the first open transaction, or Infinity. */
  get firstOpen(): number {
    for (let each = this.#first; each !== null; each = each.next) {
      if (each.markerOffset < 0) return each.firstOffset
    }
    return Infinity
  }

  clear(): void {
    this.#open.clear()
    this.#first = this.#last = this.#firstEnded = this.#lastEnded = null
  }

  #remove({ previous, next }: Undecided): void {
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
  }
}
