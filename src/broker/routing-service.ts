// Where topics and their partitions are: what a client asks before it produces or fetches.

import type { ErrorCode } from '../base/errors.ts'
import type { Uuid } from '../base/uuid.ts'
import { isTopicName } from '../controller/topic-name.ts'
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

/** Why there is no such topic. A value, since a client may ask for any number of topics at once. */
export type WhyNone = ErrorCode

export class RoutingService {
  readonly #options: RoutingServiceOptions

  constructor(options: RoutingServiceOptions) {
    this.#options = options
  }

  /** All topics, by name. */
  topics(_caller: Caller): readonly TopicImage[] {
    return this.#options.store.image.topics()
  }

  topic(_caller: Caller, name: string): TopicImage | WhyNone {
    const topic = this.#options.store.image.topic(name)
    if (topic !== null) return topic
    return isTopicName(name) ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION'
  }

  topicById(_caller: Caller, topicId: Uuid): TopicImage | WhyNone {
    return this.#options.store.image.topicById(topicId) ?? 'UNKNOWN_TOPIC_ID'
  }

  /** As `topic`, and makes a topic that is not there, if that is allowed. */
  topicOrNew(caller: Caller, name: string): TopicImage | WhyNone | Promise<TopicImage | WhyNone> {
    const found = this.topic(caller, name)
    const { topicCreation } = this.#options
    if (found !== 'UNKNOWN_TOPIC_OR_PARTITION' || isInternalTopic(name)) return found
    return topicCreation === null ? found : this.#make(caller, name, topicCreation)
  }

  /** Where a partition is, or null when there is none. */
  partition(topic: string, partition: number): PartitionPlacement | null {
    return this.#options.store.image.partition(topic, partition)
  }

  async #make(
    caller: Caller,
    name: string,
    creation: TopicCreation,
  ): Promise<TopicImage | WhyNone> {
    const failure = await creation.ensure(name)
    if (failure === null) return this.topic(caller, name)
    // Too many are being made: the client is to ask again.
    return failure.code === 'THROTTLING_QUOTA_EXCEEDED' ? 'LEADER_NOT_AVAILABLE' : failure.code
  }
}
