// The partitions of a transaction, as a value: adding gives another set.

import type { TopicPartition } from '../../base/topic-partition.ts'

type Topics = ReadonlyMap<string, ReadonlySet<number>>

export class PartitionSet {
  static readonly EMPTY = new PartitionSet(new Map(), 0)

  readonly size: number
  readonly #topics: Topics

  private constructor(topics: Topics, size: number) {
    this.#topics = topics
    this.size = size
  }

  static of(partitions: Iterable<TopicPartition>): PartitionSet {
    return PartitionSet.EMPTY.with(partitions)
  }

  /** Partitions by topic, both in the order in which they were added. */
  get topics(): Topics {
    return this.#topics
  }

  has({ topic, partition }: TopicPartition): boolean {
    return this.#topics.get(topic)?.has(partition) === true
  }

  /** This set, or a new one where a partition is not in it. What is shared is never changed. */
  with(partitions: Iterable<TopicPartition>): PartitionSet {
    const changed = new Map<string, Set<number>>()
    let size = this.size
    for (const { topic, partition } of partitions) {
      let numbers = changed.get(topic)
      if ((numbers ?? this.#topics.get(topic))?.has(partition) === true) continue
      if (numbers === undefined) changed.set(topic, (numbers = new Set(this.#topics.get(topic))))
      numbers.add(partition)
      size += 1
    }
    return changed.size === 0
      ? this
      : new PartitionSet(new Map([...this.#topics, ...changed]), size)
  }

  *[Symbol.iterator](): Iterator<TopicPartition> {
    for (const [topic, partitions] of this.#topics) {
      for (const partition of partitions) yield { topic, partition }
    }
  }
}
