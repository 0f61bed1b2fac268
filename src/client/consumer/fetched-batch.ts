// One batch as it came from the broker, and the records in it.

import type { BatchView } from '../../record/batch-reader.ts'
import { openBatch } from '../../record/batch-reader.ts'
import type { RecordCursor } from '../../record/record-cursor.ts'
import { sharedCore } from '../../record/shared-core.ts'
import { SluiceError } from '../errors.ts'
import { ConsumerRecord } from './consumer-record.ts'
import type { RecordOrigin } from './consumer-record.ts'

/** Records of one partition that were stored together. */
export class FetchedBatch<K = Buffer, V = Buffer> implements Iterable<ConsumerRecord<K, V>> {
  readonly topic: string
  readonly partition: number
  /** Offset that the batch begins at. Below the first record, where reading began inside it. */
  readonly baseOffset: number
  /** Offset that the batch ends with; the record may be gone after compaction. */
  readonly lastOffset: number
  /** Records of the partition below it could be read when the batch was sent. */
  readonly highWatermark: number
  readonly #origin: RecordOrigin<K, V>
  readonly #view: BatchView
  readonly #fromOffset: number

  /** @param fromOffset records below it are left out */
  constructor(
    origin: RecordOrigin<K, V>,
    view: BatchView,
    fromOffset: number,
    highWatermark: number,
  ) {
    this.topic = origin.topic
    this.partition = origin.partition
    this.baseOffset = view.header.baseOffset
    this.lastOffset = view.header.baseOffset + view.header.lastOffsetDelta
    this.highWatermark = highWatermark
    this.#origin = origin
    this.#view = view
    this.#fromOffset = fromOffset
  }

  /** Bytes of the batch as stored: compressed, header included. */
  get sizeBytes(): number {
    return this.#view.bytes.byteLength
  }

  /** Records in the batch, those below the position included. */
  get recordCount(): number {
    return this.#view.header.recordCount
  }

  /**
   * Walks over the records, in order. May be called again.
   *
   * @throws SluiceError CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE: the batch, or a record
   *   in it, contradicts itself or unpacks to more than 64 MiB
   */
  records(): IterableIterator<ConsumerRecord<K, V>> {
    return new RecordIterator(this.#origin, this.#view, this.#fromOffset)
  }

  [Symbol.iterator](): IterableIterator<ConsumerRecord<K, V>> {
    return this.records()
  }
}

class RecordIterator<K, V> implements IterableIterator<ConsumerRecord<K, V>> {
  readonly #origin: RecordOrigin<K, V>
  readonly #cursor: RecordCursor
  readonly #bytes: Buffer
  readonly #fromOffset: number
  readonly #view: BatchView

  constructor(origin: RecordOrigin<K, V>, view: BatchView, fromOffset: number) {
    this.#origin = origin
    this.#view = view
    this.#fromOffset = fromOffset
    try {
      this.#cursor = openBatch(sharedCore(), view)
    } catch (error) {
      throw this.#refusal(error)
    }
    const { bytes } = this.#cursor
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  next(): IteratorResult<ConsumerRecord<K, V>, undefined> {
    const cursor = this.#cursor
    try {
      do {
        if (!cursor.next()) return { done: true, value: undefined }
      } while (cursor.offset < this.#fromOffset)
      const { offset, timestamp, headers } = cursor
      const value = new ConsumerRecord(
        this.#origin,
        this.#bytes,
        cursor,
        offset,
        timestamp,
        headers,
      )
      return { done: false, value }
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  [Symbol.iterator](): this {
    return this
  }

  #refusal(error: unknown): SluiceError {
    const { topic, partition } = this.#origin
    const { baseOffset } = this.#view.header
    return SluiceError.from(error).with({ topic, partition, baseOffset })
  }
}
