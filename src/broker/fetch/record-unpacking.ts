// One push of a fetch session, while its records are taken message by message: those of the user. Markers
// are left out, and what the push says that was aborted.

import { codecIdOf, isControl, isTransactional } from '../../record/batch-header.ts'
import { splitBatches, type BatchView } from '../../record/batch-reader.ts'
import type { RecordCursor } from '../../record/record-cursor.ts'
import type { StoredRecord } from '../../record/record.ts'
import type { AbortedTransaction } from '../../replication/readable-partition.ts'
import type { PushedBatches } from '../fetch-sink.ts'
import type { AnswerMemory } from './answer-memory.ts'

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
const MESSAGE_BYTES = 1024 * 1024

/** The same while there is little memory. */
const SHORT_MESSAGE_BYTES = 64 * 1024

/** After how many bytes a message ends: a record goes whole, however large it is. */
export function messageBytes({ tight }: Pick<AnswerMemory, 'tight'>): number {
  return tight ? SHORT_MESSAGE_BYTES : MESSAGE_BYTES
}

export class RecordUnpacking {
  readonly event: PushedBatches
  /** Leader epoch of the batch that was opened last; -1 before the first. */
  leaderEpoch = -1
  readonly #openBatch: OpenBatch
  readonly #batches: readonly BatchView[]
  /** Aborted transactions by producer; null when there are none. */
  readonly #aborted: ReadonlyMap<number, readonly AbortedTransaction[]> | null
  #index = 0
  #cursor: RecordCursor | null = null
  /** What the batch of the cursor was decompressed to, in bytes. */
  #unpackedBytes = 0

  /** @throws BrokerError CORRUPT_MESSAGE */
  constructor(event: PushedBatches, openBatch: OpenBatch) {
    this.event = event
    this.#openBatch = openBatch
    this.#batches = splitBatches(event.batches).batches
    const { aborted } = event
    this.#aborted =
      aborted.length === 0 ? null : Map.groupBy(aborted, ({ producerId }) => producerId)
  }

  /** All records were taken. */
  get isDone(): boolean {
    return this.#index === this.#batches.length
  }

  /** Bytes in memory for it: its batches, and what the one that is open was decompressed to. */
  get heldBytes(): number {
    return this.event.batches.byteLength + this.#unpackedBytes
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
        this.#unpackedBytes = 0
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
    let batch = this.#batches[this.#index]
    while (batch !== undefined && this.#isLeftOut(batch)) {
      this.#index += 1
      batch = this.#batches[this.#index]
    }
    if (batch === undefined) return null
    this.leaderEpoch = batch.header.leaderEpoch
    this.#cursor = this.#openBatch(batch)
    if (codecIdOf(batch.header.attributes) !== 0) this.#unpackedBytes = this.#cursor.sizeBytes
    return this.#cursor
  }

  #isLeftOut({ header: { attributes, producerId, baseOffset } }: BatchView): boolean {
    // Control batches hold markers and nothing of the user's.
    if (isControl(attributes)) return true
    if (this.#aborted === null || !isTransactional(attributes)) return false
    const aborted = this.#aborted.get(producerId)
    if (aborted === undefined) return false
    return aborted.some(({ firstOffset, lastOffset }) => {
      return firstOffset <= baseOffset && baseOffset < lastOffset
    })
  }
}

function sizeOf({ key, value, headers }: StoredRecord): number {
  let sizeBytes = (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
  for (const header of headers) sizeBytes += header.key.length + (header.value?.byteLength ?? 0)
  return sizeBytes
}
