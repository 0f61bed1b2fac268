// What the cleaner knows of transactions: which records were aborted, and of which transaction there is
// a marker left and nothing else.
//
//   log      [ a1 ][ b1 ][ a2 ][ A✗ ][ b2 ][ B✓ ][ A✓ ]       a: of producer A, ✗ aborted, ✓ committed
//              └ gone ────┘                                    what a reader must not see goes at once
//                            └ stays until nothing of its transaction was met in front of it, and then
//                              for delete.retention.ms, as the last marker here
//
// A marker is looked at in one pass and may go in the next: what was met may be removed in this one.
// Source: apache/kafka, CleanedTransactionMetadata in Cleaner.java.

import type { AbortedTransaction } from '../../producer-state/producer-table.ts'

/** The transactions that were aborted, by producer. */
export class AbortedTransactions {
  /** By rising offset; of one producer none overlap. */
  readonly #byProducer = new Map<number, AbortedTransaction[]>()

  /** @param found in any order; one may be there twice */
  constructor(found: Iterable<AbortedTransaction>) {
    for (const transaction of found) {
      const known = this.#byProducer.get(transaction.producerId)
      if (known === undefined) this.#byProducer.set(transaction.producerId, [transaction])
      else known.push(transaction)
    }
    for (const all of this.#byProducer.values()) all.sort((a, b) => a.lastOffset - b.lastOffset)
  }

  /** True when a transactional batch of the producer that stands at an offset was aborted. */
  covers(producerId: number, offset: number): boolean {
    const first = this.#from(producerId, offset)
    return first !== null && first.firstOffset <= offset
  }

  /** The one whose marker stands at an offset, or null. */
  endingAt(producerId: number, offset: number): AbortedTransaction | null {
    const first = this.#from(producerId, offset)
    return first !== null && first.lastOffset === offset ? first : null
  }

  /** The first one that ends at or above an offset. */
  #from(producerId: number, offset: number): AbortedTransaction | null {
    const all = this.#byProducer.get(producerId)
    if (all === undefined) return null
    let low = 0
    let high = all.length
    // Invariant: those below `low` end below the offset, those from `high` on at or above it.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (all[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return all[low] ?? null
  }
}

/** Of which producers records of a transaction were met since their last marker, from the log's start. */
export class MetTransactions {
  readonly #producers = new Set<number>()

  /** A batch of records of a transaction was met. */
  records(producerId: number): void {
    this.#producers.add(producerId)
  }

  /** A marker was met. @returns true when records of its transaction were, in front of it */
  marker(producerId: number): boolean {
    return this.#producers.delete(producerId)
  }
}
