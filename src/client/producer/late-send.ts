// A send that waits, with as much of it done as could be done.

import { SluiceError } from '../errors.ts'
import { serializationFailed } from '../serializers.ts'
import type { SerializationContext, Serialized, Serializer } from '../serializers.ts'
import type { HeadersInput } from './headers.ts'
import type { Attempt } from './waiting-sends.ts'

/** Key and value as the record will hold them. */
export type SerializedPair = readonly [key: Serialized | null, value: Serialized | null]

export type PendingPair = Promise<SerializedPair>

/** What is still needed of a record once it is serialized. */
interface RecordRest {
  readonly topic: string
  readonly partition?: number
  readonly headers?: HeadersInput
}

export class LateSend {
  readonly record: RecordRest
  readonly timestamp: number
  /** Null until the serializers have answered. */
  pair: SerializedPair | null = null
  /** Why it can't go at all. */
  failure: SluiceError | null = null
  readonly #serializing: Promise<void> | null = null
  /** The brokers were asked for the topic because of this record. */
  #asked = false

  constructor(record: RecordRest, timestamp: number, pair: SerializedPair | PendingPair) {
    this.record = record
    this.timestamp = timestamp
    if (!(pair instanceof Promise)) {
      this.pair = pair
      return
    }
    this.#serializing = pair.then(
      (both) => void (this.pair = both),
      (error: unknown) => void (this.failure = SluiceError.from(error)),
    )
  }

  waitForSerializer(): Attempt {
    const facts = { topic: this.record.topic }
    const message = 'The serializer did not answer in time'
    const why = new SluiceError('SERIALIZATION_FAILED', facts, { message })
    return { kind: 'waiting', for: this.#serializing!, why }
  }

  /**
   * Has the topic read, once.
   *
   * @throws SluiceError when it was, and still has no such partition
   */
  waitForTopic(refresh: () => Promise<void>, partitionCount: number): Attempt {
    const { topic, partition = -1 } = this.record
    if (this.#asked) {
      const facts = { topic, partition, partitionCount }
      const message = 'The topic has no such partition'
      throw new SluiceError('UNKNOWN_TOPIC_OR_PARTITION', facts, { message, retriable: false })
    }
    this.#asked = true
    const known = refresh().catch((error: unknown) => {
      this.failure = SluiceError.from(error)
    })
    const message = 'The brokers did not say in time how many partitions the topic has'
    const why = new SluiceError('REQUEST_TIMED_OUT', { topic }, { message })
    return { kind: 'waiting', for: known, why }
  }
}

/**
 * Serializes a key or a value. Null, or nothing, is null.
 *
 * @throws SluiceError SERIALIZATION_FAILED; the promise rejects with the same
 */
export function serialize<T>(
  serializer: Serializer<T>,
  value: T | null | undefined,
  context: SerializationContext,
): Serialized | null | Promise<Serialized> {
  if (value === null || value === undefined) return null
  try {
    const serialized = serializer.serialize(value, context)
    return isPending(serialized) ? settleLate(serialized, context) : serialized
  } catch (error) {
    throw serializationFailed(context, error)
  }
}

export function isPending(
  serialized: Serialized | null | Promise<Serialized>,
): serialized is Promise<Serialized> {
  return serialized instanceof Promise
}

async function settleLate(
  serialized: Promise<Serialized>,
  context: SerializationContext,
): Promise<Serialized> {
  try {
    return await serialized
  } catch (error) {
    throw serializationFailed(context, error)
  }
}
