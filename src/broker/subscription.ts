// The simple way to read: records instead of batches, pushed no faster than the client takes them.
//
//   fetch session ─► batches ─► opened, records below the start skipped ─► messages ─► sink
//         ▲                                                                    │
//         └───────────── credit, once all records of a push were taken ◄───────┘

import { BrokerError } from '../base/errors.ts'
import { partitionName } from '../base/topic-partition.ts'
import { isControl } from '../record/batch-header.ts'
import { splitBatches, type BatchView } from '../record/batch-reader.ts'
import type { RecordCursor } from '../record/record-cursor.ts'
import type { StoredRecord } from '../record/record.ts'
import type { FetchSession } from './fetch-session.ts'
import type { FetchSink, PartitionStart, PartitionState, PushedBatches } from './fetch-sink.ts'

export interface SubscribedRecord {
  readonly topic: string
  readonly partition: number
  /** Its key, value and headers are views over memory that is never written again. */
  readonly record: StoredRecord
}

export interface SubscriptionSink {
  /** @returns false when no more may come until `resumeSink()`. What was given is taken. */
  records(records: readonly SubscribedRecord[]): boolean
  /** Nothing else was sent for a while. */
  heartbeat(timeMs: number): void
  /** Nothing more will come. @param error null when the end was reached that was asked for */
  ended(error: BrokerError | null): void
}

/** A partition to read from a place on, and where to end. */
export interface SubscribedPartition extends PartitionStart {
  /** Records from this offset on are not sent; null: no end. */
  readonly endOffset: number | null
}

export interface SubscriptionOptions {
  readonly partitions: readonly SubscribedPartition[]
  /** Most records of one message, 1 or more. */
  readonly maxRecords: number
  readonly openSession: (sink: FetchSink) => FetchSession
  /** record/batch-reader.ts, with its storage core. */
  readonly openBatch: (batch: BatchView) => RecordCursor
}

/** Bytes of batches that are under way or not taken yet. */
const CREDIT_BYTES = 1024 * 1024

/** A message ends when its keys, values and headers reach this much. */
const MESSAGE_BYTES = 1024 * 1024

interface Place {
  /** First offset to send. */
  nextOffset: number
  readonly endOffset: number | null
}

/** One push of the session, while its records are taken. */
interface Unpacking {
  readonly event: PushedBatches
  readonly place: Place
  readonly batches: readonly BatchView[]
  index: number
  cursor: RecordCursor | null
}

export class RecordSubscription implements FetchSink {
  readonly #options: SubscriptionOptions
  readonly #sink: SubscriptionSink
  readonly #session: FetchSession
  /** Partitions that have not reached their end. */
  readonly #places = new Map<string, Place>()
  #unpacking: Unpacking | null = null
  #open = true
  #closed = false

  /** @throws BrokerError as `FetchService.openSession` and `FetchSession.assign` */
  constructor(sink: SubscriptionSink, options: SubscriptionOptions) {
    this.#options = options
    this.#sink = sink
    for (const partition of options.partitions) {
      const { endOffset } = partition
      this.#places.set(partitionName(partition), { nextOffset: 0, endOffset })
    }
    this.#session = options.openSession(this)
    try {
      this.#session.assign(options.partitions)
    } catch (error) {
      this.close()
      throw error
    }
    this.#session.credit(CREDIT_BYTES)
  }

  /** The sink takes more, after it had returned false. */
  resumeSink(): void {
    this.#open = true
    this.#deliver()
    if (this.#unpacking === null) this.#session.resumeSink()
  }

  /** Ends the subscription. The sink is not called any more. */
  close(): void {
    this.#closed = true
    this.#unpacking = null
    this.#session.close()
  }

  /** For the session. */
  batches(event: PushedBatches): boolean {
    const place = this.#places.get(partitionName(event))
    if (place !== undefined) {
      this.#guard(() => {
        const { batches } = splitBatches(event.batches)
        this.#unpacking = { event, place, batches, index: 0, cursor: null }
      })
      this.#deliver()
    }
    return this.#unpacking === null && this.#open
  }

  /** For the session. */
  state(state: PartitionState): boolean {
    if (state.error !== null) {
      this.#end(state.error)
      return true
    }
    const place = this.#places.get(partitionName(state))
    if (place !== undefined) {
      place.nextOffset = state.nextOffset
      this.#leaveAtEnd(state, place)
    }
    return true
  }

  /** For the session. */
  heartbeat(timeMs: number): void {
    this.#sink.heartbeat(timeMs)
  }

  /** Sends what was pushed, message by message, as long as the sink takes it. */
  #deliver(): void {
    this.#guard(() => {
      while (this.#unpacking !== null && this.#open && !this.#closed) {
        const unpacking = this.#unpacking
        const records = this.#fill(unpacking)
        if (unpacking.index === unpacking.batches.length) this.#finish(unpacking)
        if (records.length > 0) this.#open = this.#sink.records(records)
        if (this.#unpacking === null) this.#leaveAtEnd(unpacking.event, unpacking.place)
      }
    })
  }

  /** The next message of a push. Empty when nothing is left that is to be sent. */
  #fill(unpacking: Unpacking): SubscribedRecord[] {
    const { topic, partition } = unpacking.event
    const { place } = unpacking
    const records: SubscribedRecord[] = []
    let sizeBytes = 0
    while (records.length < this.#options.maxRecords && sizeBytes < MESSAGE_BYTES) {
      const cursor = this.#cursor(unpacking)
      if (cursor === null) break
      if (!cursor.next()) {
        unpacking.cursor = null
        unpacking.index += 1
        continue
      }
      const { offset } = cursor
      if (offset < place.nextOffset) continue
      if (place.endOffset !== null && offset >= place.endOffset) continue
      const record = cursor.toRecord()
      sizeBytes += sizeOf(record)
      records.push({ topic, partition, record })
    }
    return records
  }

  /** The records of the batch whose turn it is; null when there is none left. */
  #cursor(unpacking: Unpacking): RecordCursor | null {
    const { batches } = unpacking
    if (unpacking.cursor !== null) return unpacking.cursor
    // Control batches hold markers and nothing of the user's.
    while (isControl(batches[unpacking.index]?.header.attributes ?? 0)) unpacking.index += 1
    const batch = batches[unpacking.index]
    if (batch === undefined) return null
    unpacking.cursor = this.#options.openBatch(batch)
    return unpacking.cursor
  }

  /** All records of a push were taken: as much may be pushed again. */
  #finish({ event, place, batches }: Unpacking): void {
    this.#unpacking = null
    const last = batches.at(-1)
    if (last !== undefined) {
      const { baseOffset, lastOffsetDelta } = last.header
      place.nextOffset = Math.max(place.nextOffset, baseOffset + lastOffsetDelta + 1)
    }
    this.#session.credit(event.batches.byteLength)
  }

  #leaveAtEnd({ topic, partition }: { topic: string; partition: number }, place: Place): void {
    if (place.endOffset === null || place.nextOffset < place.endOffset || this.#closed) return
    this.#places.delete(partitionName({ topic, partition }))
    this.#session.unassign([{ topic, partition }])
    if (this.#places.size === 0) this.#end(null)
  }

  #end(error: BrokerError | null): void {
    if (this.#closed) return
    this.close()
    this.#sink.ended(error)
  }

  /** Bytes that were stored and can't be read end the subscription: it can't skip them silently. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#end(BrokerError.from(error))
    }
  }
}

function sizeOf({ key, value, headers }: StoredRecord): number {
  let sizeBytes = (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
  for (const header of headers) sizeBytes += header.key.length + (header.value?.byteLength ?? 0)
  return sizeBytes
}
