// Identities for idempotent producers: an id that nobody had before, and an epoch.
//
//   a new producer          ─► the next id of this broker's block, epoch 0
//   one that goes on        ─► its id, the next epoch: its sequences begin at 0 again (KIP-360)
//   its epochs are used up  ─► as a new one
//
// Nothing is kept of a producer here. What it has sent is known by each partition, which refuses a batch
// of an older epoch; so the answer to one that goes on may be given twice.

import { BrokerError } from '../base/errors.ts'
import type { ProducerIdentity } from '../coordination/transaction/messages.ts'
import type { MetadataStore } from '../metadata/metadata-store.ts'
import type { ProducerFacts } from '../replication/partition.ts'
import type { Caller } from './caller.ts'
import type { ProducerIdBlocks } from './produce/producer-id-blocks.ts'

export type { ProducerIdentity }

/** Where the service finds partitions. */
export interface ProducerPartitions {
  /** @throws BrokerError when the partition is not here */
  partition(topic: string, partition: number): { producers(): ProducerFacts[] }
}

export interface ProducerIdServiceOptions {
  readonly blocks: ProducerIdBlocks
  readonly store: Pick<MetadataStore, 'image'>
  readonly partitions: ProducerPartitions
}

/** Largest epoch: 16 bits on the wire, the last one left to whoever has to fence a producer. */
const MAX_EPOCH = 32_766

export class ProducerIdService {
  readonly #options: ProducerIdServiceOptions

  constructor(options: ProducerIdServiceOptions) {
    this.#options = options
  }

  /**
   * Gives a producer its identity.
   *
   * @param current who the producer was; null for a new one
   * @throws BrokerError INVALID_REQUEST when `current` makes no sense; INVALID_PRODUCER_ID_MAPPING when
   *   nobody was ever given that id; KAFKA_STORAGE_ERROR when the disk fails
   */
  async init(_caller: Caller, current: ProducerIdentity | null): Promise<ProducerIdentity> {
    if (current === null) return await this.#create()
    const { producerId, producerEpoch } = current
    if (producerId < 0 || producerEpoch < 0) {
      const message = 'Producer id and epoch are to be given both, or neither'
      throw new BrokerError('INVALID_REQUEST', { message, producerId, producerEpoch })
    }
    if (producerId >= this.#options.store.image.nextProducerId) {
      const message = 'Nobody was given this producer id'
      throw new BrokerError('INVALID_PRODUCER_ID_MAPPING', { message, producerId })
    }
    if (producerEpoch >= MAX_EPOCH) return await this.#create()
    return { producerId, producerEpoch: producerEpoch + 1 }
  }

  /** Who produces to a partition. @throws BrokerError when the partition is not here */
  describe(_caller: Caller, topic: string, partition: number): ProducerFacts[] {
    return this.#options.partitions.partition(topic, partition).producers()
  }

  async #create(): Promise<ProducerIdentity> {
    const { blocks } = this.#options
    // Others may have used the block up while it was taken.
    while (blocks.isEmpty) await blocks.refill()
    return { producerId: blocks.take()!, producerEpoch: 0 }
  }
}
