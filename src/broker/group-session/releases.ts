// Partitions that are to be given up and are still in the client's hands.

import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type { Clock } from '../../io/clock.ts'
import type { OwnedPartition } from './owned-partition.ts'

export class Releases {
  readonly #releasesByItself: boolean
  readonly #clock: Clock
  readonly #held = new Map<string, OwnedPartition>()
  #sinceMs = 0
  #done: (() => void) | null = null
  #isClosed = false

  /** @param releasesByItself a partition goes when all that was sent of it is acknowledged */
  constructor(releasesByItself: boolean, clock: Clock) {
    this.#releasesByItself = releasesByItself
    this.#clock = clock
  }

  /** How long the client has kept partitions that it is to give up; 0 when it has none. */
  get waitingMs(): number {
    return this.#held.size === 0 ? 0 : this.#clock.monotonicMs() - this.#sinceMs
  }

  /** @returns when all of them are given up, or nobody waits any more. One call at a time */
  wait(partitions: readonly OwnedPartition[]): Promise<void> {
    this.#sinceMs = this.#clock.monotonicMs()
    for (const owned of partitions) {
      const isUsed = this.#releasesByItself ? owned.inFlight > 0 : owned.isAnnounced
      if (isUsed) this.#held.set(partitionName(owned), owned)
    }
    if (this.#held.size === 0 || this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => (this.#done = resolve))
  }

  /** All that was sent of a partition is acknowledged. */
  drained(owned: OwnedPartition): void {
    if (!this.#releasesByItself) return
    const name = partitionName(owned)
    if (this.#held.get(name) === owned) this.#letGo([name])
  }

  /** The client gives up partitions. */
  release(names: readonly TopicPartition[]): void {
    this.#letGo(names.map(partitionName))
  }

  /** Nothing is held any more: all is lost. */
  giveUp(): void {
    this.#letGo([...this.#held.keys()])
  }

  close(): void {
    this.#isClosed = true
    this.giveUp()
  }

  #letGo(names: readonly string[]): void {
    for (const name of names) {
      if (this.#held.delete(name)) this.#sinceMs = this.#clock.monotonicMs()
    }
    if (this.#held.size > 0) return
    this.#done?.()
    this.#done = null
  }
}
