// What a subscription asks for, and the partitions that this means.

import { BrokerError } from '../base/errors.ts'
import { partitionName } from '../base/topic-partition.ts'
import type { PartitionDirectory } from '../replication/readable-partition.ts'
import { readableEnd, type Isolation, type Position } from './position.ts'
import type { SubscribedPartition } from './subscription.ts'

export interface TopicSubscription {
  readonly topic: string
  /** Empty: all partitions that the topic has now. */
  readonly partitions: readonly number[]
  readonly start: Position
  /** Starts of single partitions, which win over `start`. */
  readonly partitionStarts: ReadonlyMap<number, Position>
}

export interface SubscribeRequest {
  readonly topics: readonly TopicSubscription[]
  /** Most records of one message, 1 or more. */
  readonly maxRecords: number
  /** End when each partition was read up to where its end is now. */
  readonly untilEnd: boolean
  /** Default: `uncommitted`. */
  readonly isolation?: Isolation
}

/**
 * The partitions of a subscription.
 *
 * @throws BrokerError INVALID_REQUEST when there is none, or one is named twice;
 *   UNKNOWN_TOPIC_OR_PARTITION and the others of `PartitionDirectory.partition`
 */
export function subscribedPartitions(
  directory: PartitionDirectory,
  { topics, untilEnd, isolation = 'uncommitted' }: SubscribeRequest,
): SubscribedPartition[] {
  const found = new Map<string, SubscribedPartition>()
  for (const { topic, partitions, start, partitionStarts } of topics) {
    const wanted = partitions.length > 0 ? partitions : allOf(directory.partitionCount(topic))
    for (const partition of wanted) {
      const name = partitionName({ topic, partition })
      if (found.has(name)) {
        const message = 'A partition is named twice'
        throw new BrokerError('INVALID_REQUEST', { message, topic, partition })
      }
      const end = readableEnd(directory.partition(topic, partition), isolation)
      found.set(name, {
        topic,
        partition,
        start: partitionStarts.get(partition) ?? start,
        tag: 0,
        isolation,
        endOffset: untilEnd ? end : null,
      })
    }
  }
  if (found.size > 0) return [...found.values()]
  throw new BrokerError('INVALID_REQUEST', { message: 'A subscription names at least one topic' })
}

function allOf(count: number): number[] {
  return Array.from({ length: count }, (_, partition) => partition)
}
