// Takes records in: serializes them, chooses their partitions, and puts them into the buffer, or lets
// them wait in their order until that can be done.

import type { Clock } from '../../io/clock.ts'
import type { Header } from '../../record/record.ts'
import { SluiceError } from '../errors.ts'
import type { Serialized, Serializer } from '../serializers.ts'
import type { RecordMetadata, Resolve } from './batch.ts'
import { headersOf } from './headers.ts'
import type { HeadersInput } from './headers.ts'
import { isPending, LateSend, serialize } from './late-send.ts'
import type { PendingPair, SerializedPair } from './late-send.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerRecord } from './producer-record.ts'
import type { RecordBuffer } from './record-buffer.ts'
import type { Topics } from './topics.ts'
import { WaitingSends } from './waiting-sends.ts'
import type { Attempt } from './waiting-sends.ts'

let captured: Resolve
/** Gives the function that settles a promise to the caller without a closure for each promise. */
function capture(resolve: Resolve): void {
  captured = resolve
}

export interface IntakeParts<K, V> {
  readonly clock: Clock
  readonly topics: Topics
  readonly buffer: RecordBuffer
  readonly keySerializer: Serializer<K>
  readonly valueSerializer: Serializer<V>
  /** How long a record may wait, in milliseconds. */
  readonly maxBlockMs: number
  /** No record waits any more. */
  readonly emptied: () => void
}

export class Intake<K, V> {
  readonly #clock: Clock
  readonly #topics: Topics
  readonly #buffer: RecordBuffer
  readonly #keySerializer: Serializer<K>
  readonly #valueSerializer: Serializer<V>
  readonly #waiting: WaitingSends<LateSend>
  #closed = false

  constructor(parts: IntakeParts<K, V>) {
    this.#clock = parts.clock
    this.#topics = parts.topics
    this.#buffer = parts.buffer
    this.#keySerializer = parts.keySerializer
    this.#valueSerializer = parts.valueSerializer
    this.#waiting = new WaitingSends(
      parts.clock,
      parts.maxBlockMs,
      (send, resolve) => this.#sendLate(send, resolve),
      parts.emptied,
    )
  }

  /** True while records wait, or would have to. */
  get isFull(): boolean {
    return this.#buffer.full || this.#waiting.size > 0
  }

  /** See Producer.send. */
  send(record: ProducerRecord<K, V>): Promise<RecordMetadata> {
    const promise = new Promise<RecordMetadata>(capture)
    const resolve = captured
    const topic = this.#topics.get(record.topic)
    if (topic === undefined || this.#waiting.size > 0 || this.#buffer.full || this.#closed) {
      this.#wait(record, resolve)
      return promise
    }
    try {
      const key = serialize(this.#keySerializer, record.key, topic.keyContext)
      const value = serialize(this.#valueSerializer, record.value, topic.valueContext)
      if (isPending(key) || isPending(value)) {
        this.#wait(record, resolve, Promise.all([key, value]))
        return promise
      }
      const queue = this.#topics.queueFor(topic, record, key, value)
      if (queue === null) {
        this.#wait(record, resolve)
        return promise
      }
      const timestamp = record.timestamp ?? this.#clock.now()
      this.#append(queue, key, value, timestamp, record.headers, resolve)
    } catch (error) {
      resolve(Promise.reject(SluiceError.from(error)))
    }
    return promise
  }

  /** Lets go what waits, as far as there is room. */
  pump(): void {
    if (this.#waiting.size > 0) this.#waiting.pump()
  }

  /** Resolves when every record that waits now is in the buffer, or has failed. */
  async passed(): Promise<void> {
    await this.#waiting.passed()
  }

  /** Rejects all that wait. */
  failAll(error: SluiceError): void {
    this.#waiting.failAll(error)
  }

  /** Takes no more. What waits goes on. */
  close(): void {
    this.#closed = true
  }

  /** The slow way of `send`: behind all others that wait. */
  #wait(record: ProducerRecord<K, V>, resolve: Resolve, pending?: PendingPair): void {
    if (this.#closed) {
      resolve(Promise.reject(closedError()))
      return
    }
    const timestamp = record.timestamp ?? this.#clock.now()
    const pair = pending ?? this.#serializePair(record)
    this.#waiting.add(new LateSend(record, timestamp, pair), resolve)
  }

  /** Serializes at once: the caller may change its values after `send`. */
  #serializePair(record: ProducerRecord<K, V>): SerializedPair | PendingPair {
    const { topic } = record
    try {
      const key = serialize(this.#keySerializer, record.key, { topic, field: 'key' })
      const value = serialize(this.#valueSerializer, record.value, { topic, field: 'value' })
      return isPending(key) || isPending(value) ? Promise.all([key, value]) : [key, value]
    } catch (error) {
      return Promise.reject(SluiceError.from(error))
    }
  }

  #sendLate(send: LateSend, resolve: Resolve): Attempt {
    try {
      return this.#tryLate(send, resolve)
    } catch (error) {
      resolve(Promise.reject(SluiceError.from(error)))
      return GONE
    }
  }

  #tryLate(send: LateSend, resolve: Resolve): Attempt {
    if (send.failure !== null) throw send.failure
    if (send.pair === null) return send.waitForSerializer()
    const [key, value] = send.pair
    const topic = this.#topics.get(send.record.topic)
    const queue = topic === undefined ? null : this.#topics.queueFor(topic, send.record, key, value)
    if (queue === null) {
      const partitionCount = topic?.queues.length ?? 0
      return send.waitForTopic(() => this.#topics.refresh(send.record.topic), partitionCount)
    }
    if (this.#buffer.full) {
      this.#buffer.press(true)
      return { kind: 'blocked', why: new SluiceError('BUFFER_FULL') }
    }
    this.#append(queue, key, value, send.timestamp, send.record.headers, resolve)
    return GONE
  }

  #append(
    queue: PartitionQueue,
    key: Serialized | null,
    value: Serialized | null,
    timestamp: number,
    headers: HeadersInput | undefined,
    resolve: Resolve,
  ): void {
    if (!(timestamp >= 0 && timestamp <= Number.MAX_SAFE_INTEGER && timestamp % 1 === 0)) {
      const message = 'A timestamp is a whole number of milliseconds since 1970'
      throw new SluiceError('INVALID_TIMESTAMP', { timestamp }, { message })
    }
    const list: readonly Header[] | undefined =
      headers === undefined ? undefined : headersOf(headers)
    this.#buffer.append(queue, key, value, timestamp, list, resolve)
  }
}

const GONE: Attempt = { kind: 'gone' }

export function closedError(): SluiceError {
  return new SluiceError('CLOSED', {}, { message: 'The producer was closed' })
}
