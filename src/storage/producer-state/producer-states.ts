// The producers that a partition knows, by id, and the transactions that they have here. In memory only:
// producer-snapshots.ts keeps them.

import type { ProducerEntry } from './producer-entry.ts'
import type { ProducerMemory, RememberedProducers } from './producer-memory.ts'
import { UndecidedTransactions } from './undecided-transactions.ts'

/** A tenth of the producers goes at a time, so that finding the oldest is not done for each. */
const FORGOTTEN_SHARE = 10

export class ProducerStates implements RememberedProducers {
  readonly transactions = new UndecidedTransactions()
  readonly #memory: ProducerMemory
  readonly #byId = new Map<number, ProducerEntry>()

  constructor(memory: ProducerMemory) {
    this.#memory = memory
  }

  get size(): number {
    return this.#byId.size
  }

  get idleCount(): number {
    return this.#byId.size - this.transactions.openCount
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.#byId.get(producerId)
  }

  [Symbol.iterator](): Iterator<ProducerEntry> {
    return this.#byId.values()
  }

  /** Remembers a producer that is not known. */
  add(entry: ProducerEntry): void {
    this.#memory.take(this)
    this.#byId.set(entry.producerId, entry)
  }

  /** True when there is room for one more open transaction. */
  get mayOpen(): boolean {
    return this.#memory.mayOpen(this.transactions.openCount)
  }

  /** A transaction of a producer that is remembered began. */
  began(entry: ProducerEntry, firstOffset: number): void {
    const { producerId, epoch: producerEpoch, usedMs: sinceMs } = entry
    entry.currentTransactionOffset = firstOffset
    this.transactions.began({ producerId, producerEpoch, firstOffset, sinceMs })
    this.#memory.opened(1)
  }

  /** The open transaction of a producer ended. */
  ended(entry: ProducerEntry, markerOffset: number): void {
    entry.currentTransactionOffset = -1
    this.transactions.ended(entry.producerId, markerOffset)
    this.#memory.opened(-1)
  }

  expire(beforeMs: number): void {
    this.#forget((entry) => isIdle(entry) && entry.usedMs < beforeMs)
  }

  forgetOldest(): void {
    const idle = [...this.#byId.values()].filter(isIdle)
    if (idle.length === 0) return
    const times = Float64Array.from(idle, ({ usedMs }) => usedMs).sort()
    const last = times[Math.floor((times.length - 1) / FORGOTTEN_SHARE)]!
    let left = Math.ceil(times.length / FORGOTTEN_SHARE)
    this.#forget((entry) => isIdle(entry) && entry.usedMs <= last && left-- > 0)
  }

  clear(): void {
    this.#memory.opened(-this.transactions.openCount)
    this.transactions.clear()
    this.#forget(() => true)
  }

  #forget(isGone: (entry: ProducerEntry) => boolean): void {
    const before = this.#byId.size
    for (const [producerId, entry] of this.#byId) if (isGone(entry)) this.#byId.delete(producerId)
    const count = before - this.#byId.size
    if (count > 0) this.#memory.give(this, count)
  }
}

function isIdle({ currentTransactionOffset }: ProducerEntry): boolean {
  return currentTransactionOffset < 0
}
