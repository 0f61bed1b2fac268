// The producers that a partition knows, by id. In memory only: producer-snapshots.ts keeps them.

import type { ProducerEntry } from './producer-entry.ts'
import type { ProducerMemory, RememberedProducers } from './producer-memory.ts'

/** A tenth of the producers goes at a time, so that finding the oldest is not done for each. */
const FORGOTTEN_SHARE = 10

export class ProducerStates implements RememberedProducers {
  readonly #memory: ProducerMemory
  readonly #byId = new Map<number, ProducerEntry>()

  constructor(memory: ProducerMemory) {
    this.#memory = memory
  }

  get size(): number {
    return this.#byId.size
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

  expire(beforeMs: number): void {
    this.#forget(({ usedMs }) => usedMs < beforeMs)
  }

  forgetOldest(): void {
    const times = Float64Array.from(this.#byId.values(), ({ usedMs }) => usedMs).sort()
    const last = times[Math.floor((times.length - 1) / FORGOTTEN_SHARE)]!
    let left = Math.ceil(times.length / FORGOTTEN_SHARE)
    this.#forget(({ usedMs }) => usedMs <= last && left-- > 0)
  }

  clear(): void {
    this.#forget(() => true)
  }

  #forget(isGone: (entry: ProducerEntry) => boolean): void {
    const before = this.#byId.size
    for (const [producerId, entry] of this.#byId) if (isGone(entry)) this.#byId.delete(producerId)
    const count = before - this.#byId.size
    if (count > 0) this.#memory.give(this, count)
  }
}
