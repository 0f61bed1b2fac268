// A set of partitions, by name.

import { partitionName } from '../../../base/topic-partition.ts'
import type { PartitionRef } from '../../transport.ts'

export class PartitionSet implements Iterable<PartitionRef> {
  readonly #refs: ReadonlyMap<string, PartitionRef>

  /** @param refs each counts once; what they carry beside their name is left behind */
  constructor(refs: Iterable<PartitionRef> = []) {
    const byName = new Map<string, PartitionRef>()
    for (const { topic, partition } of refs) {
      const ref = { topic, partition }
      byName.set(partitionName(ref), ref)
    }
    this.#refs = byName
  }

  get size(): number {
    return this.#refs.size
  }

  has(ref: PartitionRef): boolean {
    return this.#refs.has(partitionName(ref))
  }

  minus(other: PartitionSet): PartitionSet {
    return new PartitionSet(this.toArray().filter((ref) => !other.has(ref)))
  }

  plus(other: PartitionSet): PartitionSet {
    return new PartitionSet([...this, ...other])
  }

  equals(other: PartitionSet): boolean {
    return this.size === other.size && this.minus(other).size === 0
  }

  toArray(): readonly PartitionRef[] {
    return [...this.#refs.values()]
  }

  [Symbol.iterator](): Iterator<PartitionRef> {
    return this.#refs.values()
  }
}
