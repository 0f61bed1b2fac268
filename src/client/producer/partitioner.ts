// Which partition a record goes to, when its sender does not say.

import type { RandomSource } from '../../io/random.ts'
import { partitionForKey } from '../../record/murmur2.ts'
import type { Serialized } from '../serializers.ts'

/** What a partitioner looks at. */
export interface PartitionerInput {
  readonly topic: string
  /** As serialized. */
  readonly key: Serialized | null
  /** As serialized. */
  readonly value: Serialized | null
  /** 1 or more. */
  readonly partitionCount: number
}

/**
 * Chooses a partition.
 *
 * @returns a number in [0, partitionCount), or null for "the one that other records go to now"
 */
export type Partitioner = (input: PartitionerInput) => number | null

/**
 * The partition of a key: that which every client of Kafka chooses for the same bytes.
 *
 * @returns a number in [0, partitionCount)
 */
export function partitionOfKey(key: Serialized, partitionCount: number): number {
  if (partitionCount === 1) return 0
  return partitionForKey(typeof key === 'string' ? Buffer.from(key) : key, partitionCount)
}

/**
 * The partition for records without a key: the same until its batch has gone, then another, so that
 * batches become full and partitions evenly so.
 *
 * Source: KIP-480, sticky partitioner.
 */
export class StickyChoice {
  readonly #random: RandomSource
  #partition = -1

  constructor(random: RandomSource) {
    this.#random = random
  }

  /** @param partitionCount 1 or more; it may grow */
  current(partitionCount: number): number {
    if (this.#partition < 0) this.#partition = this.#random.below(partitionCount)
    return this.#partition
  }

  /** The batch of `partition` has gone. */
  batchGone(partition: number, partitionCount: number): void {
    if (partition !== this.#partition || partitionCount === 1) return
    // One of the others, each as likely.
    const step = 1 + this.#random.below(partitionCount - 1)
    this.#partition = (partition + step) % partitionCount
  }
}
