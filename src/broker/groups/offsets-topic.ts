// The topic in which groups are kept, and the coordinator over its partitions.

import { GroupCoordinator } from '../../coordination/group/group-coordinator.ts'
import { OFFSETS_TOPIC } from '../../metadata/internal-topics.ts'
import {
  CoordinatedTopic,
  type CoordinatedTopicParts,
} from '../internal-topics/coordinated-topic.ts'
import { groupOptionsOf } from './group-options.ts'

export interface OffsetsTopicOptions extends CoordinatedTopicParts {
  readonly newId: () => string
}

export class OffsetsTopic {
  readonly #topic: CoordinatedTopic<GroupCoordinator>
  readonly #unsubscribe: () => void
  /** Told of topics from the beginning, also while its own is in the making. */
  #made: GroupCoordinator | null = null

  constructor(options: OffsetsTopicOptions) {
    const { store, values, clock, logger, newId } = options
    this.#topic = new CoordinatedTopic(options, {
      name: OFFSETS_TOPIC,
      partitionCount: values.offsetsTopicNumPartitions,
      segmentBytes: values.offsetsTopicSegmentBytes,
      // As in Kafka: batches are as the coordinator built them.
      compressionType: 'producer',
      compressionCodec: Number(values.offsetsTopicCompressionCodec),
      newCoordinator: (partitionCount) => {
        this.#made = new GroupCoordinator({
          ...{ clock, logger, newId, partitionCount },
          ...{ catalog: store.image, options: groupOptionsOf(values) },
        })
        return this.#made
      },
    })
    this.#unsubscribe = store.subscribe((image, records) => {
      const deleted = records.some(({ type }) => type === 'TopicDeleted')
      this.#made?.setCatalog(image, { deleted })
    })
  }

  /** Null until a group was first used. */
  get coordinator(): GroupCoordinator | null {
    return this.#topic.coordinator
  }

  /** See CoordinatedTopic. */
  ensure(): Promise<GroupCoordinator> {
    return this.#topic.ensure()
  }

  /** Tells all who wait to ask elsewhere. */
  close(): void {
    this.#unsubscribe()
    this.#topic.close()
  }
}
