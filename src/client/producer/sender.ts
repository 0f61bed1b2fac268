// Sends batches and makes of the answers what they mean for each batch: stored, refused for good,
// or to be tried again.
//
//   sendable queues ──pack──► request ──► in flight ──► answer, or end of the stream
//        ▲                                                  │
//        └── after a wait ◄── refused, once the partition ◄─┘
//                             has nothing in flight
//
// Order within a partition:
//   - Batches are sent in the order in which they were filled, and the stream keeps that order.
//   - After a refusal that may be tried again, the partition sends nothing until every batch of it
//     that is in flight has its outcome. Then those that were refused, or whose outcome is unknown
//     since the stream broke, go again, in their order.
//   - A batch is never stored behind a later one: it fails instead, with the error that it was refused
//     for. So offsets of acknowledged records follow the order of sending.
//   - With idempotence the broker knows a batch that it has by its sequence, answers as it did before,
//     and stores none behind a gap: see sequencer.ts. Without it, a batch whose outcome was unknown
//     may be stored twice.

import assert from 'node:assert'
import type { Clock, Timer } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import { backoffMs } from '../backoff.ts'
import type { SluiceError } from '../errors.ts'
import type { BatchProduced, ProduceListener, ProduceStream, Transport } from '../transport.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerSettings } from './producer-options.ts'
import type { RecordBuffer } from './record-buffer.ts'
import { retryBounds } from './retry-bounds.ts'
import { placeIsTaken } from './sequences.ts'
import type { Sequencing } from './sequences.ts'

/** Batches of many partitions share a request up to this size, in bytes. */
const MAX_REQUEST_BYTES = 1024 * 1024

/** Added to what the broker may take for an answer, so that it is the broker who times out. */
const ANSWER_GRACE_MS = 2_000

/** Refusals of batches whose sequence is not the one that the broker waits for. */
const OUT_OF_STEP: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
])

interface Request {
  readonly number: number
  readonly batches: readonly ProducerBatch[]
  readonly sentAtMs: number
}

/** What the sender asks of its owner. */
export interface SenderListener {
  /**
   * A broker does not know the partition.
   *
   * @returns null when it exists after all, otherwise why its batches fail
   */
  checkPartition(queue: PartitionQueue): Promise<SluiceError | null>
}

export class Sender {
  readonly #transport: Transport
  readonly #settings: ProducerSettings
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #buffer: RecordBuffer
  readonly #listener: SenderListener
  /** Null without idempotence. */
  readonly #sequencing: Sequencing | null
  #stream: ProduceStream | null = null
  /** Streams that ended one after the other with no answer between. */
  #streamFailures = 0
  #reopenTimer: Timer | null = null
  #nextNumber = 0
  readonly #inFlight: Request[] = []
  readonly #whenQuiet: (() => void)[] = []
  /** Queues that may have something to send; the first goes first. */
  readonly #sendable = new Set<PartitionQueue>()
  /** Queues that were packed and have more. */
  readonly #again: PartitionQueue[] = []
  #scheduled = false
  #watchdog: Timer | null = null
  #closed = false

  constructor(
    buffer: RecordBuffer,
    listener: SenderListener,
    parts: {
      readonly transport: Transport
      readonly settings: ProducerSettings
      readonly clock: Clock
      readonly random: RandomSource
      /** Null without idempotence. */
      readonly sequencing: Sequencing | null
    },
  ) {
    this.#buffer = buffer
    this.#listener = listener
    this.#transport = parts.transport
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#random = parts.random
    this.#sequencing = parts.sequencing
  }

  /** A partition has a batch that may go. What comes in one turn is packed together. */
  sendable(queue: PartitionQueue): void {
    this.#sendable.add(queue)
    this.wake()
  }

  /** What held batches back may be over. */
  wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#clock.endOfTurn(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  /** Resolves when nothing is in flight. */
  quiet(): Promise<void> {
    if (this.#inFlight.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenQuiet.push(resolve))
  }

  /** Ends the stream. What is in flight has been settled by the caller. */
  close(): void {
    this.#closed = true
    this.#reopenTimer?.cancel()
    this.#watchdog?.cancel()
    this.#sequencing?.close()
    this.#stream?.cancel()
  }

  #send(): void {
    while (!this.#closed && this.#inFlight.length < this.#settings.maxInFlight) {
      if (this.#reopenTimer !== null || this.#sendable.size === 0) return
      if (this.#sequencing?.ready() === false) return
      const batches = this.#pack()
      if (batches.length === 0) return
      this.#stream ??= this.#open()
      const number = this.#nextNumber++
      this.#inFlight.push({ number, batches, sentAtMs: this.#clock.monotonicMs() })
      this.#watchdog ??= this.#watch(this.#answerWithinMs)
      this.#stream.send({
        number,
        acks: this.#settings.acks,
        timeoutMs: this.#settings.requestTimeoutMs,
        transaction: this.#sequencing?.transaction ?? null,
        batches: batches.map(({ queue, bytes }) => {
          return { topic: queue.topic, partition: queue.partition, batch: bytes! }
        }),
      })
    }
  }

  /** One batch of each sendable partition, as many as fit a request. */
  #pack(): ProducerBatch[] {
    const batches: ProducerBatch[] = []
    let sizeBytes = 0
    for (const queue of this.#sendable) {
      if (sizeBytes >= MAX_REQUEST_BYTES) break
      // A queue that still has batches comes again behind the others.
      this.#sendable.delete(queue)
      if (!queue.sendable || this.#sequencing?.admits(queue) === false) continue
      const batch = this.#buffer.take(queue)
      sizeBytes += this.#build(batch).byteLength
      batch.inFlight = true
      queue.inFlightCount += 1
      batches.push(batch)
      if (queue.sendable) this.#again.push(queue)
    }
    for (const queue of this.#again) this.#sendable.add(queue)
    this.#again.length = 0
    return batches
  }

  #build(batch: ProducerBatch): Buffer {
    if (batch.bytes !== null) return batch.bytes
    const { compression: codec, compressionLevel: level } = this.#settings
    const place = this.#sequencing?.place(batch)
    return batch.build({ codec, ...(level === null ? {} : { level }), ...place })
  }

  #open(): ProduceStream {
    const listener: ProduceListener = {
      acked: (number, results) => this.#acked(number, results),
      closed: (error) => this.#streamClosed(error),
    }
    return this.#transport.openProduceStream(listener)
  }

  #acked(number: number, results: readonly BatchProduced[]): void {
    const request = this.#inFlight[0]
    if (request?.number !== number || request.batches.length !== results.length) {
      // The broker breaks the protocol: nothing that it says on this stream can be believed.
      this.#stream?.cancel()
      return
    }
    this.#inFlight.shift()
    this.#streamFailures = 0
    request.batches.forEach((batch, index) => this.#outcome(batch, results[index]!))
    this.#tellQuiet()
    this.wake()
  }

  #streamClosed(error: SluiceError): void {
    this.#stream = null
    if (this.#closed) return
    this.#streamFailures += 1
    const lost = this.#inFlight.splice(0)
    for (const request of lost) {
      for (const batch of request.batches) {
        this.#outcome(batch, { error, baseOffset: -1, logAppendTimeMs: -1 })
      }
    }
    this.#tellQuiet()
    const waitMs = this.#backoffMs(this.#streamFailures, error)
    this.#reopenTimer?.cancel()
    this.#reopenTimer = this.#clock.after(waitMs, () => {
      this.#reopenTimer = null
      this.wake()
    })
  }

  #tellQuiet(): void {
    if (this.#inFlight.length > 0) return
    for (const resolve of this.#whenQuiet.splice(0)) resolve()
  }

  #outcome(batch: ProducerBatch, result: BatchProduced): void {
    const { queue } = batch
    queue.inFlightCount -= 1
    batch.inFlight = false
    if (result.error === null) this.#stored(batch, result)
    else if (result.error.code === 'DUPLICATE_SEQUENCE_NUMBER') {
      // Brokers before Kafka 1.1 know that they have it, and not where.
      this.#stored(batch, { ...result, error: null })
    } else this.#refused(batch, result.error)
    if (queue.inFlightCount === 0 && queue.refused.length > 0) this.#tryAgainLater(queue)
  }

  #stored(batch: ProducerBatch, result: BatchProduced): void {
    if (this.#sequencing !== null) placeIsTaken(batch)
    else
      for (const earlier of batch.queue.refused.splice(0)) this.#fail(earlier, earlier.lastError!)
    if (!batch.settled) {
      batch.complete(result.baseOffset, result.logAppendTimeMs)
      this.#buffer.settled(batch)
    }
    this.#buffer.release(batch)
    this.#unblock(batch.queue)
  }

  #refused(batch: ProducerBatch, error: SluiceError): void {
    if (batch.settled) {
      this.#buffer.release(batch)
      this.#unblock(batch.queue)
      return
    }
    if (this.#sequencing !== null && OUT_OF_STEP.has(error.code)) {
      this.#outOfStep(batch, error)
      return
    }
    batch.failures += 1
    batch.lastError = error
    if (!error.retriable || batch.failures > this.#settings.retries) {
      this.#fail(batch, error)
      this.#unblock(batch.queue)
      return
    }
    batch.queue.refused.push(batch)
    batch.queue.blocked = true
  }

  /** The batch is not stored, and neither is any behind it, unless one of them is known to be. */
  #outOfStep(batch: ProducerBatch, error: SluiceError): void {
    const { queue } = batch
    if (batch.order < queue.storedOrder) {
      this.#fail(batch, batch.lastError ?? error)
      this.#unblock(queue)
      return
    }
    // Behind one that will be tried again it was only too early.
    if (queue.refused.length === 0) {
      if (!this.#sequencing!.canRestart) {
        this.#fail(batch, error)
        this.#unblock(queue)
        return
      }
      queue.outOfStep = error.code
    }
    batch.lastError ??= error
    queue.refused.push(batch)
    queue.blocked = true
  }

  #fail(batch: ProducerBatch, error: SluiceError): void {
    batch.fail(error)
    this.#buffer.settled(batch)
    this.#buffer.release(batch)
  }

  /** Lets a partition send again, when nothing is left to try again. */
  #unblock(queue: PartitionQueue): void {
    if (queue.inFlightCount === 0 && queue.refused.length === 0) queue.blocked = false
    if (queue.sendable) this.sendable(queue)
  }

  #tryAgainLater(queue: PartitionQueue): void {
    const first = queue.refused[0]!
    const error = first.lastError!
    const waitMs = this.#backoffMs(Math.max(1, first.failures, queue.restarts), error)
    const isFirstRestart = queue.outOfStep !== null && queue.restarts === 0
    this.#clock.after(isFirstRestart ? 0 : waitMs, () => {
      if (queue.outOfStep !== null) this.#restart(queue)
      else if (error.code !== 'UNKNOWN_TOPIC_OR_PARTITION') this.#tryAgain(queue)
      else void this.#checkPartition(queue)
    })
  }

  #restart(queue: PartitionQueue): void {
    queue.restarts += 1
    // All of them may have run out of time meanwhile.
    const isRestarted = this.#sequencing!.restart(queue)
    if (isRestarted || queue.refused.length === 0) this.#tryAgain(queue)
    else this.#tryAgainLater(queue)
  }

  #tryAgain(queue: PartitionQueue): void {
    // Some of them, or all, may have run out of time meanwhile.
    for (const batch of queue.refused) assert(!batch.settled)
    queue.ready.unshift(...queue.refused.splice(0))
    queue.blocked = false
    if (queue.sendable) this.sendable(queue)
  }

  async #checkPartition(queue: PartitionQueue): Promise<void> {
    const error = await this.#listener.checkPartition(queue)
    if (error !== null) this.#buffer.failQueue(queue, error)
    this.#tryAgain(queue)
  }

  #backoffMs(failures: number, error: SluiceError): number {
    const bounds = retryBounds(error, this.#settings)
    return backoffMs(bounds, failures, this.#random, error.retryAfterMs)
  }

  get #answerWithinMs(): number {
    return this.#settings.requestTimeoutMs + ANSWER_GRACE_MS
  }

  /** Gives the stream up when the oldest request stays without an answer. */
  #watch(delayMs: number): Timer {
    return this.#clock.after(delayMs, () => {
      this.#watchdog = null
      const oldest = this.#inFlight[0]
      if (oldest === undefined) return
      const leftMs = oldest.sentAtMs + this.#answerWithinMs - this.#clock.monotonicMs()
      if (leftMs <= 0) this.#stream?.cancel()
      this.#watchdog = this.#watch(leftMs > 0 ? leftMs : this.#answerWithinMs)
    })
  }
}
