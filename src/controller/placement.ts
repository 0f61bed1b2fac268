// Which brokers hold a partition.

import type { PartitionPlacement } from '../metadata/metadata-record.ts'

/**
 * Places new partitions on the brokers in turn, so that each leads about as many as the others.
 *
 * @param first             number of the first new partition
 * @param count             how many, 1 or more
 * @param brokerIds         brokers that may hold replicas, at least `replicationFactor`
 * @param replicationFactor replicas of each partition, 1 or more
 */
export function placePartitions(
  first: number,
  count: number,
  brokerIds: readonly number[],
  replicationFactor: number,
): PartitionPlacement[] {
  return Array.from({ length: count }, (_, index) => {
    const partition = first + index
    const replicas = Array.from({ length: replicationFactor }, (__, replica) => {
      return brokerIds[(partition + replica) % brokerIds.length]!
    })
    return { partition, replicas, isr: replicas, leader: replicas[0]!, leaderEpoch: 0 }
  })
}
