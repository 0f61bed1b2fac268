// Which brokers hold a partition.

import { BrokerError } from '../base/errors.ts'
import type { Assignments } from '../metadata/cluster-control.ts'
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
    return placed(partition, replicas)
  })
}

/**
 * Places new partitions where somebody wants them.
 *
 * @param first             number of the first new partition
 * @param assignments       one for each new partition, 1 or more
 * @param brokerIds         all brokers of the cluster
 * @param replicationFactor replicas that each partition must have; null: as many as the first
 * @throws BrokerError INVALID_REPLICA_ASSIGNMENT
 */
export function placeByHand(
  first: number,
  assignments: Assignments,
  brokerIds: readonly number[],
  replicationFactor: number | null,
): PartitionPlacement[] {
  const count = replicationFactor ?? assignments[0]!.length
  return assignments.map((replicas, index) => {
    const partition = first + index
    const problem = assignmentProblem(replicas, brokerIds, count)
    if (problem === null) return placed(partition, [...replicas])
    const message = `The replicas of partition ${partition} ${problem}`
    throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', { message })
  })
}

/** What is wrong with the brokers that are to hold a partition, or null. */
export function assignmentProblem(
  replicas: readonly number[],
  brokerIds: readonly number[],
  count: number,
): string | null {
  if (replicas.length === 0) return 'are an empty list'
  const unknown = replicas.find((brokerId) => !brokerIds.includes(brokerId))
  if (unknown !== undefined) return `include broker ${unknown}, and there is no such broker`
  if (new Set(replicas).size < replicas.length) return 'include a broker more than once'
  if (replicas.length === count) return null
  return `are ${replicas.length}, where every partition of the topic has ${count}`
}

function placed(partition: number, replicas: readonly number[]): PartitionPlacement {
  return { partition, replicas, isr: replicas, leader: replicas[0]!, leaderEpoch: 0 }
}
