// Where topics and their partitions are: what a client asks before it produces or fetches.

import { BrokerError } from '../base/errors.ts'
import type { Uuid } from '../base/uuid.ts'
import { checkTopicName } from '../controller/topic-name.ts'
import { isInternalTopic } from '../metadata/internal-topics.ts'
import type { TopicImage } from '../metadata/metadata-image.ts'
import type { PartitionPlacement } from '../metadata/metadata-record.ts'
import type { MetadataStore } from '../metadata/metadata-store.ts'
import type { Caller } from './caller.ts'
import type { TopicCreation } from './topic-creation.ts'

export interface RoutingServiceOptions {
  readonly store: Pick<MetadataStore, 'image'>
  /** Null: topics are not made by asking for them. */
  readonly topicCreation: TopicCreation | null
}

export class RoutingService {
  readonly #options: RoutingServiceOptions

  constructor(options: RoutingServiceOptions) {
    this.#options = options
  }

  /** All topics, by name. */
  topics(_caller: Caller): readonly TopicImage[] {
    return this.#options.store.image.topics()
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; INVALID_TOPIC_EXCEPTION for what is no name */
  topic(_caller: Caller, name: string): TopicImage {
    const topic = this.#options.store.image.topic(name)
    if (topic !== null) return topic
    checkTopicName(name)
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name })
  }

  /** @throws BrokerError UNKNOWN_TOPIC_ID */
  topicById(_caller: Caller, topicId: Uuid): TopicImage {
    const topic = this.#options.store.image.topicById(topicId)
    if (topic !== null) return topic
    throw new BrokerError('UNKNOWN_TOPIC_ID', { topicId })
  }

  /**
   * As `topic`, and makes a topic that is not there, if that is allowed.
   *
   * @throws BrokerError as `topic`; LEADER_NOT_AVAILABLE when it could not be made now
   */
  async topicOrNew(caller: Caller, name: string): Promise<TopicImage> {
    const { store, topicCreation } = this.#options
    const missing = store.image.topic(name) === null
    if (!missing || topicCreation === null || isInternalTopic(name)) return this.topic(caller, name)
    checkTopicName(name)
    const failure = await topicCreation.ensure(name)
    if (failure === null) return this.topic(caller, name)
    if (failure.code !== 'THROTTLING_QUOTA_EXCEEDED') throw failure
    throw new BrokerError('LEADER_NOT_AVAILABLE', failure.facts)
  }

  /** Where a partition is, or null when there is none. */
  partition(topic: string, partition: number): PartitionPlacement | null {
    return this.#options.store.image.partition(topic, partition)
  }
}
