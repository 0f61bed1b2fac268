// A record, as it is given to a producer.

import type { HeadersInput } from './headers.ts'

/** A record to send. */
export interface ProducerRecord<K, V> {
  readonly topic: string
  /** Records of equal keys go to one partition, in order. Null, or absent: any partition. */
  readonly key?: K | null
  /** Null, or absent: a tombstone, which deletes the key on a compacted topic. */
  readonly value?: V | null
  readonly headers?: HeadersInput
  /** Milliseconds since 1970. Default: now. */
  readonly timestamp?: number
  /** 0 or more. Default: the partitioner chooses. */
  readonly partition?: number
}
