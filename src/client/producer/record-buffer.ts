// The memory of a producer: every record that is not acknowledged lies here, encoded, in the batch
// that will go out.
//
//   append ──► open batch of the partition ── full, or lingered ──► Sender
//                 │ counted in bytes of memory held                    │
//                 └──────────────── release ◄── outcome ───────────────┘

import type { Clock, Timer } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import { BatchBuilder } from '../../record/batch-builder.ts'
import type { Payload } from '../../record/batch-builder.ts'
import type { Header } from '../../record/record.ts'
import { sharedCore } from '../../record/shared-core.ts'
import { SluiceError } from '../errors.ts'
import type { SerializationContext } from '../serializers.ts'
import { ProducerBatch } from './batch.ts'
import type { Resolve } from './batch.ts'
import { PartitionQueue } from './partition-queue.ts'
import { StickyChoice } from './partitioner.ts'
import type { ProducerSettings } from './producer-options.ts'

/** Builders that are kept for the next batch. More of them would hold memory that nothing counts. */
const SPARE_BUILDERS = 16

/** A sender that waits for room is let on while so many times what may be in flight is at hand. */
const BACKLOG_ROUNDS = 2

/** A topic, as the producer knows it. */
export class TopicQueues {
  readonly topic: string
  readonly keyContext: SerializationContext
  readonly valueContext: SerializationContext
  readonly sticky: StickyChoice
  /** One for each partition. */
  readonly queues: PartitionQueue[] = []

  constructor(topic: string, random: RandomSource) {
    this.topic = topic
    this.keyContext = { topic, field: 'key' }
    this.valueContext = { topic, field: 'value' }
    this.sticky = new StickyChoice(random)
  }

  /** Adds queues until there are so many. Partitions never become fewer. */
  growTo(partitionCount: number): void {
    while (this.queues.length < partitionCount) {
      this.queues.push(new PartitionQueue(this.topic, this.queues.length))
    }
  }
}

/** What the buffer tells its owner. */
export interface BufferListener {
  /** A partition has a batch that may go. */
  sendable(queue: PartitionQueue): void
  /** A batch of the partition has stopped taking records. */
  closed(queue: PartitionQueue): void
  /** Memory came free. */
  released(): void
}

export class RecordBuffer {
  readonly #settings: ProducerSettings
  readonly #clock: Clock
  readonly #listener: BufferListener
  readonly #spare: BatchBuilder[] = []
  #usedBytes = 0
  /** Bytes of the batches that take no more records and are not released. */
  #backlogBytes = 0
  readonly #backlogLimitBytes: number
  #flushing = 0
  #pressed = false
  /** Open batches that are not due, the oldest first. All linger equally long. */
  readonly #lingering = new Set<ProducerBatch>()
  #lingerTimer: Timer | null = null
  /** Batches that are not settled, the oldest first. All have equally long to live. */
  readonly #unsettled = new Set<ProducerBatch>()
  #deadlineTimer: Timer | null = null
  #keepAlive: Timer | null = null

  constructor(settings: ProducerSettings, clock: Clock, listener: BufferListener) {
    this.#settings = settings
    this.#clock = clock
    this.#listener = listener
    this.#backlogLimitBytes = BACKLOG_ROUNDS * settings.maxInFlight * settings.batchBytes
  }

  /** Bytes of memory that batches hold. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** True when there is enough to send: more would only wait, and its promises fill the heap. */
  get backlogged(): boolean {
    return this.#backlogBytes >= this.#backlogLimitBytes
  }

  /** True when so much of the backlog has gone that it is time for more. */
  get drained(): boolean {
    return this.#backlogBytes <= this.#backlogLimitBytes / 2
  }

  /** True when no record may be added. */
  get full(): boolean {
    return this.#usedBytes >= this.#settings.bufferBytes
  }

  /**
   * Adds a record to the open batch of its partition, and opens a new one when that is full.
   *
   * @throws BrokerError MESSAGE_TOO_LARGE
   */
  append(
    queue: PartitionQueue,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: readonly Header[] | undefined,
    resolve: Resolve,
  ): void {
    const open = queue.open
    if (open !== null && open.append(key, value, timestamp, headers, resolve)) {
      this.#count(open)
      return
    }
    const batch = this.#newBatch(queue)
    batch.append(key, value, timestamp, headers, resolve) // alone it fits, or this throws
    if (open !== null) this.#closeFull(open)
    queue.open = batch
    this.#count(batch)
    this.#begin(batch)
  }

  /** The next batch of a partition that is sendable. The caller sends it. */
  take(queue: PartitionQueue): ProducerBatch {
    const batch = queue.ready.shift() ?? queue.open!
    if (batch === queue.open) this.#close(batch)
    return batch
  }

  /** Every promise of the batch is settled: what remains is its memory. */
  settled(batch: ProducerBatch): void {
    this.#unsettled.delete(batch)
    if (this.#unsettled.size > 0) return
    this.#deadlineTimer?.cancel()
    this.#deadlineTimer = null
    this.#keepAlive?.cancel()
    this.#keepAlive = null
  }

  /** Nothing reads the batch's memory any more. Called once for each batch, after `settled`. */
  release(batch: ProducerBatch): void {
    this.#usedBytes -= batch.countedBytes
    this.#backlogBytes -= batch.backlogBytes
    batch.countedBytes = batch.backlogBytes = 0
    if (this.#spare.length < SPARE_BUILDERS) {
      batch.builder.reset()
      this.#spare.push(batch.builder)
    }
    this.#listener.released()
  }

  /** Lets every open batch go, and those that are opened until `endFlush`. */
  beginFlush(): void {
    this.#flushing += 1
    this.#letGo()
  }

  endFlush(): void {
    this.#flushing -= 1
  }

  /** While somebody waits for memory, batches go without linger. */
  press(pressed: boolean): void {
    this.#pressed = pressed
    if (pressed) this.#letGo()
  }

  /** Resolves when every batch that is here now is settled. */
  allSettled(): Promise<void> {
    return new Promise((resolve) => {
      let left = this.#unsettled.size
      if (left === 0) resolve()
      for (const batch of this.#unsettled) {
        batch.onSettled.push(() => {
          left -= 1
          if (left === 0) resolve()
        })
      }
    })
  }

  /** Fails every batch of a partition that is not in flight. */
  failQueue(queue: PartitionQueue, error: SluiceError): void {
    const { open } = queue
    for (const batch of [...queue.refused, ...queue.ready]) this.#drop(batch, error)
    if (open !== null) this.#drop(open, error)
  }

  /** Fails every batch, also those in flight. */
  failAll(error: SluiceError): void {
    for (const batch of this.#unsettled) this.#drop(batch, error)
  }

  #newBatch(queue: PartitionQueue): ProducerBatch {
    const builder = this.#spare.pop() ?? new BatchBuilder(sharedCore(), this.#settings.batchBytes)
    return new ProducerBatch(builder, queue, this.#clock.monotonicMs())
  }

  /** Counts what the batch's memory has grown by. */
  #count(batch: ProducerBatch): void {
    const capacityBytes = batch.builder.capacityBytes
    if (capacityBytes === batch.countedBytes) return
    this.#usedBytes += capacityBytes - batch.countedBytes
    batch.countedBytes = capacityBytes
  }

  #closeFull(batch: ProducerBatch): void {
    this.#close(batch)
    batch.queue.ready.push(batch)
    this.#listener.sendable(batch.queue)
  }

  #close(batch: ProducerBatch): void {
    this.#stopLinger(batch)
    batch.queue.open = null
    batch.backlogBytes = batch.builder.sizeBytes
    this.#backlogBytes += batch.backlogBytes
    this.#listener.closed(batch.queue)
  }

  #begin(batch: ProducerBatch): void {
    this.#unsettled.add(batch)
    this.#deadlineTimer ??= this.#armDeadline(this.#settings.deliveryTimeoutMs)
    this.#keepAlive ??= this.#clock.keepAlive()
    if (this.#settings.lingerMs === 0 || this.#flushing > 0 || this.#pressed) {
      batch.due = true
      this.#listener.sendable(batch.queue)
      return
    }
    this.#lingering.add(batch)
    this.#lingerTimer ??= this.#armLinger(this.#settings.lingerMs)
  }

  #stopLinger(batch: ProducerBatch): void {
    this.#lingering.delete(batch)
    if (this.#lingering.size > 0) return
    this.#lingerTimer?.cancel()
    this.#lingerTimer = null
  }

  #armLinger(delayMs: number): Timer {
    return this.#clock.after(delayMs, () => {
      this.#lingerTimer = null
      const nowMs = this.#clock.monotonicMs()
      for (const batch of this.#lingering) {
        const leftMs = batch.openedAtMs + this.#settings.lingerMs - nowMs
        if (leftMs > 0) {
          this.#lingerTimer = this.#armLinger(leftMs)
          return
        }
        this.#makeDue(batch)
      }
    })
  }

  #letGo(): void {
    for (const batch of this.#lingering) this.#makeDue(batch)
    this.#lingerTimer?.cancel()
    this.#lingerTimer = null
  }

  #makeDue(batch: ProducerBatch): void {
    this.#lingering.delete(batch)
    batch.due = true
    this.#listener.sendable(batch.queue)
  }

  #armDeadline(delayMs: number): Timer {
    return this.#clock.after(delayMs, () => {
      this.#deadlineTimer = null
      const nowMs = this.#clock.monotonicMs()
      for (const batch of this.#unsettled) {
        const leftMs = batch.openedAtMs + this.#settings.deliveryTimeoutMs - nowMs
        if (leftMs > 0) {
          this.#deadlineTimer = this.#armDeadline(leftMs)
          return
        }
        this.#drop(batch, timedOut(batch))
      }
    })
  }

  /** Fails a batch wherever it is. One in flight keeps its memory until its outcome is known. */
  #drop(batch: ProducerBatch, error: SluiceError): void {
    if (batch.settled) return
    if (batch.queue.open === batch) this.#listener.closed(batch.queue)
    this.#stopLinger(batch)
    batch.queue.remove(batch)
    batch.fail(error)
    this.settled(batch)
    if (!batch.inFlight) this.release(batch)
  }
}

function timedOut(batch: ProducerBatch): SluiceError {
  const { queue, failures, lastError } = batch
  const facts = { topic: queue.topic, partition: queue.partition, failures }
  if (lastError === null) return new SluiceError('DELIVERY_TIMED_OUT', facts)
  const message = `The record was not acknowledged in time; the last try: ${lastError.message}`
  return new SluiceError('DELIVERY_TIMED_OUT', facts, { message, cause: lastError })
}
