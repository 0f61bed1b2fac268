// Who leads and who holds partitions, and changes to it. A cluster is one broker so far: it leads and
// holds every partition, so there is nothing to elect and nowhere to move.

import { BrokerError } from '../../base/errors.ts'
import { MAX_TOPIC_NAME_LENGTH } from '../../base/limits.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import { assignmentProblem } from '../../controller/placement.ts'
import type { PartitionPlacement } from '../../metadata/metadata-record.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import type { Caller } from '../caller.ts'

export interface PlacementServiceOptions {
  readonly store: Pick<MetadataStore, 'image'>
}

export class PlacementService {
  readonly #options: PlacementServiceOptions

  constructor(options: PlacementServiceOptions) {
    this.#options = options
  }

  /** Names of all topics, in their order. */
  topics(_caller: Caller): readonly string[] {
    return this.#options.store.image.topics().map(({ name }) => name)
  }

  /**
   * Has a partition led by its preferred leader, or by whoever is left.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; ELECTION_NOT_NEEDED when it is led so already
   */
  elect(_caller: Caller, partition: TopicPartition): void {
    const { leader } = this.#placement(partition)
    throw new BrokerError('ELECTION_NOT_NEEDED', { leader })
  }

  /**
   * Moves a partition to other brokers.
   *
   * @param replicas brokers that are to hold it, the preferred leader first
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; INVALID_REPLICA_ASSIGNMENT
   */
  reassign(_caller: Caller, partition: TopicPartition, replicas: readonly number[]): void {
    this.#placement(partition)
    const brokerIds = this.#options.store.image.brokers().map(({ brokerId }) => brokerId)
    // Whatever passes names each broker of the cluster once at most: the only one has the partition.
    const problem = assignmentProblem(replicas, brokerIds, replicas.length)
    if (problem === null) return
    throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', { message: `The replicas ${problem}` })
  }

  /**
   * Stops a move that is under way.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; NO_REASSIGNMENT_IN_PROGRESS
   */
  stopReassignment(_caller: Caller, partition: TopicPartition): void {
    this.#placement(partition)
    throw new BrokerError('NO_REASSIGNMENT_IN_PROGRESS')
  }

  #placement({ topic, partition }: TopicPartition): PartitionPlacement {
    const found = this.#options.store.image.partition(topic, partition)
    if (found !== null) return found
    const name = topic.slice(0, MAX_TOPIC_NAME_LENGTH)
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name, partition })
  }
}
