// Markers over the partitions of this broker. Those of __consumer_offsets go by way of the coordinator of
// its groups, which has to hear of them.

import { BrokerError } from '../../base/errors.ts'
import type { Marker, MarkerWriter } from '../../coordination/transaction/markers.ts'
import { OFFSETS_TOPIC } from '../../metadata/internal-topics.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Partition, PartitionMarker } from '../../replication/partition.ts'

/** The coordinator of groups, as far as it is asked here. */
export interface GroupMarkers {
  /**
   * Ends the transaction of a producer in a partition of __consumer_offsets.
   *
   * @returns when the marker is below the high watermark
   * @throws BrokerError as Partition.appendMarker; NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS,
   *   COORDINATOR_NOT_AVAILABLE
   */
  endTransaction(partition: number, marker: PartitionMarker): Promise<void>
}

export interface PartitionMarkersOptions {
  readonly partitions: {
    hasTopic(topic: string): boolean
    /** @throws BrokerError when the partition is not here, or can't be used */
    partition(topic: string, partition: number): Partition
  }
  /** Null until a group was first used. */
  readonly groups: () => GroupMarkers | null
  readonly logger: Logger
}

export class PartitionMarkers implements MarkerWriter {
  readonly #options: PartitionMarkersOptions

  constructor(options: PartitionMarkersOptions) {
    this.#options = options
  }

  async write(marker: Marker): Promise<void> {
    try {
      await this.append(marker)
    } catch (error) {
      if (!(error instanceof BrokerError) || !this.#isOver(marker, error)) throw error
    }
  }

  /**
   * Appends a marker, whatever its coordinator says of it.
   *
   * @throws BrokerError as Partition.appendMarker and GroupMarkers
   */
  append(marker: Marker): Promise<void> {
    const { topic, partition, ...end } = marker
    if (topic !== OFFSETS_TOPIC)
      return appendTo(this.#options.partitions.partition(topic, partition), end)
    const groups = this.#options.groups()
    if (groups === null) throw new BrokerError('COORDINATOR_NOT_AVAILABLE')
    return groups.endTransaction(partition, end)
  }

  /**
   * As `append`, for who looks after transactions by hand. An epoch that no coordinator has ever had would
   * lock out the one that there is.
   *
   * @param ownEpoch the highest of a coordinator of this broker
   * @throws BrokerError INVALID_REQUEST for a coordinator epoch that is not known
   */
  async appendByHand(marker: Marker, ownEpoch: number): Promise<void> {
    const { topic, partition, producerId, coordinatorEpoch } = marker
    if (coordinatorEpoch > ownEpoch) {
      const producers = this.#options.partitions.partition(topic, partition).producers()
      const known = producers.find((producer) => producer.producerId === producerId)
      if (coordinatorEpoch > (known?.coordinatorEpoch ?? -1)) {
        const message = 'No coordinator has had this epoch'
        throw new BrokerError('INVALID_REQUEST', { message, coordinatorEpoch })
      }
    }
    await this.append(marker)
  }

  /** Whether nothing is left to be marked. */
  #isOver({ topic, partition, producerId }: Marker, error: BrokerError): boolean {
    const { partitions, logger } = this.#options
    switch (error.code) {
      case 'UNKNOWN_TOPIC_OR_PARTITION':
        return !partitions.hasTopic(topic)
      case 'INVALID_PRODUCER_EPOCH':
        // Somebody has ended it by hand, or it is marked already and its producer has gone on.
        logger.info({ topic, partition, producerId, err: error }, 'A transaction was ended before')
        return true
      default:
        return false
    }
  }
}

/** Resolves when the marker is below the high watermark. */
function appendTo(partition: Partition, marker: PartitionMarker): Promise<void> {
  const { lastOffset } = partition.appendMarker(marker)
  return new Promise((resolve, reject) => {
    const acknowledged = (): void => resolve()
    const refused = (_slot: number, error: BrokerError): void => reject(error)
    partition.awaitAck(-1, lastOffset + 1, { acknowledged, refused }, 0)
  })
}
