// What groups need to know of topics. The metadata image fits it.

import type { Uuid } from '../../base/uuid.ts'

export interface CatalogTopic {
  readonly name: string
  readonly topicId: Uuid
  readonly partitions: { readonly length: number }
}

/** An immutable view of the cluster's topics. */
export interface TopicCatalog {
  /** Rises with every change. */
  readonly version: number
  topic(name: string): CatalogTopic | null
  topicById(topicId: Uuid): CatalogTopic | null
  /** All topics, by name in the order of their characters. */
  topics(): readonly CatalogTopic[]
}
