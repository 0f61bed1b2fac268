// One push of a fetch session, while its records are taken message by message.

import { isControl } from '../../record/batch-header.ts'
import { splitBatches, type BatchView } from '../../record/batch-reader.ts'
import type { RecordCursor } from '../../record/record-cursor.ts'
import type { StoredRecord } from '../../record/record.ts'
import type { PushedBatches } from '../fetch-sink.ts'

export interface SubscribedRecord {
  readonly topic: string
  readonly partition: number
  /** Its key, value and headers are views over memory that is never written again. */
  readonly record: StoredRecord
}

/** record/batch-reader.ts, with its storage core. */
export type OpenBatch = (batch: BatchView) => RecordCursor

/** What one message takes. */
export interface TakeLimits {
  /** Records below it are passed over. */
  readonly fromOffset: number
  /** Records from it on are passed over; null: none. */
  readonly endOffset: number | null
  readonly maxRecords: number
  /** The message ends when its keys, values and headers reach this much. */
  readonly maxBytes: number
}

export interface TakenRecords {
  readonly records: SubscribedRecord[]
  /** Bytes of their keys, values and headers. */
  readonly sizeBytes: number
}

/** Enough for one message: what is larger has to lie in memory as a whole. */
export const MESSAGE_BYTES = 1024 * 1024

export class RecordUnpacking {
  readonly event: PushedBatches
  /** Leader epoch of the batch that was opened last; -1 before the first. */
  leaderEpoch = -1
  readonly #openBatch: OpenBatch
  readonly #batches: readonly BatchView[]
  #index = 0
  #cursor: RecordCursor | null = null

  /** @throws BrokerError CORRUPT_MESSAGE */
  constructor(event: PushedBatches, openBatch: OpenBatch) {
    this.event = event
    this.#openBatch = openBatch
    this.#batches = splitBatches(event.batches).batches
  }

  /** All records were taken. */
  get isDone(): boolean {
    return this.#index === this.#batches.length
  }

  /** Offset after the last batch; 0 when there is none. */
  get endOffset(): number {
    const last = this.#batches.at(-1)
    return last === undefined ? 0 : last.header.baseOffset + last.header.lastOffsetDelta + 1
  }

  /**
   * The next message. Empty when nothing is left that is to be sent.
   *
   * @throws BrokerError as `openBatch`
   */
  take({ fromOffset, endOffset, maxRecords, maxBytes }: TakeLimits): TakenRecords {
    const { topic, partition } = this.event
    const records: SubscribedRecord[] = []
    let sizeBytes = 0
    while (records.length < maxRecords && sizeBytes < maxBytes) {
      const cursor = this.#openNext()
      if (cursor === null) break
      if (!cursor.next()) {
        this.#cursor = null
        this.#index += 1
        continue
      }
      const { offset } = cursor
      if (offset < fromOffset || (endOffset !== null && offset >= endOffset)) continue
      const record = cursor.toRecord()
      sizeBytes += sizeOf(record)
      records.push({ topic, partition, record })
    }
    return { records, sizeBytes }
  }

  /** The records of the batch whose turn it is; null when there is none left. */
  #openNext(): RecordCursor | null {
    if (this.#cursor !== null) return this.#cursor
    // Control batches hold markers and nothing of the user's.
    while (isControl(this.#batches[this.#index]?.header.attributes ?? 0)) this.#index += 1
    const batch = this.#batches[this.#index]
    if (batch === undefined) return null
    this.leaderEpoch = batch.header.leaderEpoch
    this.#cursor = this.#openBatch(batch)
    return this.#cursor
  }
}

function sizeOf({ key, value, headers }: StoredRecord): number {
  let sizeBytes = (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
  for (const header of headers) sizeBytes += header.key.length + (header.value?.byteLength ?? 0)
  return sizeBytes
}
