// The simple way to read: records instead of batches, pushed no faster than the client takes them.
//
//   fetch session ─► batches ─► opened, records below the start skipped ─► messages ─► sink
//         ▲                                                                    │
//         └───────────── credit, once all records of a push were taken ◄───────┘

import { BrokerError } from '../base/errors.ts'
import { partitionName } from '../base/topic-partition.ts'
import type { AnswerMemory } from './fetch/answer-memory.ts'
import {
  messageBytes,
  type OpenBatch,
  RecordUnpacking,
  type SubscribedRecord,
} from './fetch/record-unpacking.ts'
import type { FetchSession } from './fetch-session.ts'
import type { FetchSink, PartitionStart, PartitionState, PushedBatches } from './fetch-sink.ts'

export interface SubscriptionSink {
  /**
   * @param sizeBytes of keys, values and headers
   * @returns false when no more may come until `resumeSink()`. What was given is taken
   */
  records(records: readonly SubscribedRecord[], sizeBytes: number): boolean
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
  /** Counts what was pushed until its records are all sent. */
  readonly memory: AnswerMemory
  readonly openSession: (sink: FetchSink) => FetchSession
  readonly openBatch: OpenBatch
}

/** Bytes of batches that are under way or not taken yet. */
const CREDIT_BYTES = 1024 * 1024

interface Place {
  /** First offset to send. */
  nextOffset: number
  readonly endOffset: number | null
}

/** A push that is taken, and the place that its records move on. */
interface Unpacking {
  readonly push: RecordUnpacking
  readonly place: Place
}

export class RecordSubscription implements FetchSink {
  readonly #options: SubscriptionOptions
  readonly #sink: SubscriptionSink
  readonly #session: FetchSession
  /** Partitions that have not reached their end. */
  readonly #places = new Map<string, Place>()
  #unpacking: Unpacking | null = null
  /** What the memory was told of it, in bytes. */
  #heldBytes = 0
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
    this.#count()
    this.#session.close()
  }

  /** For the session. */
  batches(event: PushedBatches): boolean {
    const place = this.#places.get(partitionName(event))
    if (place !== undefined) {
      this.#guard(() => {
        this.#unpacking = { push: new RecordUnpacking(event, this.#options.openBatch), place }
        this.#count()
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
      const { maxRecords, memory } = this.#options
      while (this.#unpacking !== null && this.#open && !this.#closed) {
        const { push, place } = this.#unpacking
        const { nextOffset: fromOffset, endOffset } = place
        const { records, sizeBytes } = push.take({
          fromOffset,
          endOffset,
          maxRecords,
          maxBytes: messageBytes(memory),
        })
        if (push.isDone) this.#finish(this.#unpacking)
        else this.#count()
        if (records.length > 0) this.#open = this.#sink.records(records, sizeBytes)
        if (this.#unpacking === null) this.#leaveAtEnd(push.event, place)
      }
    })
  }

  /** All records of a push were taken: as much may be pushed again. */
  #finish({ push, place }: Unpacking): void {
    this.#unpacking = null
    this.#count()
    place.nextOffset = Math.max(place.nextOffset, push.endOffset)
    this.#session.credit(push.event.batches.byteLength)
  }

  #count(): void {
    const heldBytes = this.#unpacking?.push.heldBytes ?? 0
    this.#options.memory.take(heldBytes - this.#heldBytes)
    this.#heldBytes = heldBytes
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
