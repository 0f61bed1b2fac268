// One batch of a producer: records on their way to one partition, and the promises that wait for
// them.
//
//   open ──► ready ──► in flight ──► settled: every promise is resolved or rejected
//              ▲           │
//              └─ refused ◄┘  (to be tried again)

import type { BatchBuilder, BuildOptions, Payload } from '../../record/batch-builder.ts'
import type { Header } from '../../record/record.ts'
import type { SluiceError } from '../errors.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** Where a record was stored. */
export class RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 with `acks: 0`. */
  readonly offset: number
  /** As stored: the producer's, or the broker's where the topic has LogAppendTime. */
  readonly timestamp: number

  constructor(topic: string, partition: number, offset: number, timestamp: number) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestamp = timestamp
  }
}

/** Settles the promise of one record. A rejected promise rejects it. */
export type Resolve = (outcome: RecordMetadata | Promise<never>) => void

export class ProducerBatch {
  readonly builder: BatchBuilder
  readonly queue: PartitionQueue
  /** On the clock that never goes back, in milliseconds. */
  readonly openedAtMs: number
  /** Bytes of memory that the buffer has counted for it. */
  countedBytes = 0
  /** Bytes that the buffer has counted as waiting to be sent or acknowledged. */
  backlogBytes = 0
  /** True when it may go though it is not full. */
  due = false
  /** Tries that have failed. */
  failures = 0
  lastError: SluiceError | null = null
  /** The built batch, from the first try on. */
  bytes: Buffer | null = null
  inFlight = false
  /** Its place among the batches of the partition, from the first try on: see Sequencer. */
  order = -1
  settled = false
  /** Called once, when the batch is settled. */
  onSettled: (() => void)[] = []
  readonly #resolvers: Resolve[] = []
  readonly #timestamps: number[] = []

  /** @param builder empty; the batch uses its memory until it is released */
  constructor(builder: BatchBuilder, queue: PartitionQueue, openedAtMs: number) {
    this.builder = builder
    this.queue = queue
    this.openedAtMs = openedAtMs
  }

  get recordCount(): number {
    return this.#resolvers.length
  }

  /**
   * Adds a record.
   *
   * @returns false, with nothing changed, when the batch is full
   * @throws BrokerError MESSAGE_TOO_LARGE
   */
  append(
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: readonly Header[] | undefined,
    resolve: Resolve,
  ): boolean {
    if (!this.builder.append(key, value, timestamp, headers)) return false
    this.#resolvers.push(resolve)
    this.#timestamps.push(timestamp)
    return true
  }

  /** The bytes to send. They stay the same, however often they are sent. */
  build(options: BuildOptions): Buffer {
    this.bytes ??= this.builder.build(options)
    return this.bytes
  }

  /** Resolves every promise. @param baseOffset -1 when the broker did not say */
  complete(baseOffset: number, logAppendTimeMs: number): void {
    const { topic, partition } = this.queue
    const resolvers = this.#resolvers
    for (let index = 0; index < resolvers.length; index++) {
      const offset = baseOffset < 0 ? -1 : baseOffset + index
      const timestamp = logAppendTimeMs < 0 ? this.#timestamps[index]! : logAppendTimeMs
      resolvers[index]!(new RecordMetadata(topic, partition, offset, timestamp))
    }
    this.#settle()
  }

  /** Rejects every promise. */
  fail(error: SluiceError): void {
    for (const resolve of this.#resolvers) resolve(Promise.reject(error))
    this.#settle()
  }

  #settle(): void {
    this.settled = true
    this.#resolvers.length = 0
    this.#timestamps.length = 0
    for (const listener of this.onSettled) listener()
    this.onSettled = []
  }
}
