// A record as a consumer sees it. Key and value are decoded when they are first looked at.

import { inspect } from 'node:util'
import type { Header } from '../../record/record.ts'
import { SluiceError } from '../errors.ts'
import type { Deserializer, SerializationContext } from '../serializers.ts'

/** What all records of one partition have in common. */
export interface RecordOrigin<K, V> {
  readonly topic: string
  readonly partition: number
  readonly keyDeserializer: Deserializer<K>
  readonly valueDeserializer: Deserializer<V>
}

/** Where key and value lie in the bytes of the batch. A size of -1 is null. */
interface Place {
  readonly keyAt: number
  readonly keySize: number
  readonly valueAt: number
  readonly valueSize: number
}

const NOT_DECODED = Symbol('not decoded')

/**
 * One record.
 *
 * It refers to the memory of the batch that it came in. Who keeps many records for long copies what
 * it needs of them: one record kept keeps up to a megabyte.
 */
export class ConsumerRecord<K = Buffer, V = Buffer> {
  readonly offset: number
  /** Milliseconds since 1970: the producer's, or the broker's where the topic has LogAppendTime. */
  readonly timestamp: number
  /** In the order in which the producer gave them. */
  readonly headers: readonly Header[]
  readonly #origin: RecordOrigin<K, V>
  readonly #bytes: Buffer
  readonly #keyAt: number
  readonly #keySize: number
  readonly #valueAt: number
  readonly #valueSize: number
  #key: K | null | typeof NOT_DECODED = NOT_DECODED
  #value: V | null | typeof NOT_DECODED = NOT_DECODED

  /** @param place read now, not kept */
  constructor(
    origin: RecordOrigin<K, V>,
    bytes: Buffer,
    place: Place,
    offset: number,
    timestamp: number,
    headers: readonly Header[],
  ) {
    this.#origin = origin
    this.#bytes = bytes
    this.offset = offset
    this.timestamp = timestamp
    this.headers = headers
    this.#keyAt = place.keyAt
    this.#keySize = place.keySize
    this.#valueAt = place.valueAt
    this.#valueSize = place.valueSize
  }

  get topic(): string {
    return this.#origin.topic
  }

  get partition(): number {
    return this.#origin.partition
  }

  /** @throws SluiceError DESERIALIZATION_FAILED */
  get key(): K | null {
    if (this.#key === NOT_DECODED) {
      this.#key = this.#decode('key', this.#origin.keyDeserializer, this.#keyAt, this.#keySize)
    }
    return this.#key
  }

  /** @throws SluiceError DESERIALIZATION_FAILED */
  get value(): V | null {
    if (this.#value === NOT_DECODED) {
      const { valueDeserializer } = this.#origin
      this.#value = this.#decode('value', valueDeserializer, this.#valueAt, this.#valueSize)
    }
    return this.#value
  }

  /** Bytes of the key; 0 when it is null. */
  get keySizeBytes(): number {
    return Math.max(0, this.#keySize)
  }

  /** Bytes of the value; 0 when it is null. */
  get valueSizeBytes(): number {
    return Math.max(0, this.#valueSize)
  }

  toJSON(): Readonly<Record<string, unknown>> {
    const { topic, partition, offset, timestamp, key, value, headers } = this
    return { topic, partition, offset, timestamp, key, value, headers }
  }

  [inspect.custom](): unknown {
    return this.toJSON()
  }

  #decode<T>(
    field: 'key' | 'value',
    deserializer: Deserializer<T>,
    at: number,
    size: number,
  ): T | null {
    if (size < 0) return null
    const { topic } = this.#origin
    const context: SerializationContext = { topic, field }
    try {
      return deserializer.deserialize(this.#bytes.subarray(at, at + size), context)
    } catch (cause) {
      const facts = { topic, partition: this.partition, offset: this.offset, field }
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new SluiceError('DESERIALIZATION_FAILED', facts, { message, cause })
    }
  }
}
