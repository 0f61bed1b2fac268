// The topics that a producer sends to, and which partition a record goes to.

import type { RandomSource } from '../../io/random.ts'
import { SluiceError } from '../errors.ts'
import type { Serialized } from '../serializers.ts'
import { partitionOfKey } from './partitioner.ts'
import type { Partitioner } from './partitioner.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { TopicQueues } from './record-buffer.ts'
import type { TopicDirectory } from './topic-directory.ts'

export class Topics {
  readonly #directory: TopicDirectory
  readonly #partitioner: Partitioner | null
  readonly #random: RandomSource
  readonly #topics = new Map<string, TopicQueues>()

  constructor(directory: TopicDirectory, partitioner: Partitioner | null, random: RandomSource) {
    this.#directory = directory
    this.#partitioner = partitioner
    this.#random = random
  }

  /** A topic that the brokers have told of. */
  get(name: string): TopicQueues | undefined {
    return this.#topics.get(name)
  }

  /** Asks the brokers for a topic. @throws SluiceError as TopicDirectory.load */
  async refresh(name: string): Promise<void> {
    const partitionCount = await this.#directory.load(name)
    let topic = this.#topics.get(name)
    // Fewer partitions than before: the topic was deleted and made anew.
    if (topic === undefined || topic.queues.length > partitionCount) {
      topic = new TopicQueues(name, this.#random)
      this.#topics.set(name, topic)
    }
    topic.growTo(partitionCount)
  }

  /**
   * A broker does not know the partition: has the topic gone, or become another one?
   *
   * @returns null when the partition exists after all
   */
  async check({ topic, partition }: PartitionQueue): Promise<SluiceError | null> {
    try {
      await this.refresh(topic)
    } catch (error) {
      const refusal = SluiceError.from(error)
      const gone = refusal.code === 'UNKNOWN_TOPIC_OR_PARTITION'
      if (refusal.retriable && !gone) return null
      this.#topics.delete(topic)
      return refusal
    }
    const partitionCount = this.#topics.get(topic)!.queues.length
    if (partition < partitionCount) return null
    const facts = { topic, partition, partitionCount }
    return new SluiceError('UNKNOWN_TOPIC_OR_PARTITION', facts, { retriable: false })
  }

  /** @returns null for a partition that the topic is not known to have */
  queueFor(
    topic: TopicQueues,
    record: { readonly partition?: number },
    key: Serialized | null,
    value: Serialized | null,
  ): PartitionQueue | null {
    const { queues } = topic
    const partitionCount = queues.length
    let partition: number | null = null
    if (record.partition !== undefined) partition = record.partition
    else if (this.#partitioner !== null) {
      partition = this.#partitioner({ topic: topic.topic, key, value, partitionCount })
    } else if (key !== null) partition = partitionOfKey(key, partitionCount)
    if (partition === null) partition = topic.sticky.current(partitionCount)
    return queues[partition] ?? null
  }

  /** A batch of the partition takes no more records. */
  batchClosed({ topic: name, partition }: PartitionQueue): void {
    const topic = this.#topics.get(name)
    if (topic === undefined) return
    topic.sticky.batchGone(partition, topic.queues.length)
    // Partitions may have been added. Until that is known, records go to those that are.
    if (this.#directory.isStale(name)) this.refresh(name).catch(() => {})
  }
}
