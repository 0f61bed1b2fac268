// The loops over a consumer: batch by batch, and record by record.

import type { Clock } from '../../io/clock.ts'
import type { PartitionOffsets } from '../admin-calls.ts'
import { UNKNOWN_OFFSET } from './assigned-partition.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { ConsumerRecord } from './consumer-record.ts'
import type { FetchedBatch } from './fetched-batch.ts'
import type { Fetcher, TakenBatch } from './fetcher.ts'
import type { Given, Hand } from './hand.ts'

export interface ReadOptions {
  /**
   * Ends the loop when each partition was read up to where its end was when the loop began. A few
   * later records may be among what is given out. Default false: the loop waits for more.
   */
  readonly untilEnd?: boolean
}

/** What a loop needs of its consumer. */
export interface StreamSource<K, V> {
  readonly fetcher: Fetcher
  readonly hand: Hand
  readonly clock: Clock
  batchOf(taken: TakenBatch): FetchedBatch<K, V>
  /** Where the partitions end now. */
  endOffsets(): Promise<readonly PartitionOffsets[]>
  ended(): void
}

/** Batches are taken in one go up to this many bytes; then others on the event loop get their turn. */
const TURN_BYTES = 1024 * 1024

const DONE = { done: true, value: undefined } as const

/** Finds the next batch for either loop. */
class BatchSource<K, V> {
  readonly #source: StreamSource<K, V>
  readonly #untilEnd: boolean
  #ends: ReadonlyMap<string, number> | null = null
  #takenBytes = 0
  readonly hand: Hand
  ended = false

  constructor(source: StreamSource<K, V>, { untilEnd = false }: ReadOptions) {
    this.#source = source
    this.#untilEnd = untilEnd
    this.hand = source.hand
    this.hand.begin()
  }

  /** The next batch, if it is here and nothing has to be waited for. */
  takeNow(): TakenBatch | null {
    if (this.ended || this.#takenBytes >= TURN_BYTES) return null
    if (this.#untilEnd && (this.#ends === null || this.#reached(this.#ends))) return null
    const taken = this.#source.fetcher.take()
    if (taken !== null) this.#takenBytes += taken.view.bytes.byteLength
    return taken
  }

  /** The next batch; null when there will be none. */
  async take(): Promise<TakenBatch | null> {
    if (this.#untilEnd && this.#ends === null) await this.hand.wait(() => this.#findEnds())
    for (;;) {
      if (this.#takenBytes >= TURN_BYTES) await this.#yield()
      const { fetcher } = this.#source
      const taken = this.takeNow()
      if (taken !== null) return taken
      // Also when what was there was not for the reader.
      if (fetcher.closed || (this.#ends !== null && this.#reached(this.#ends))) this.end()
      if (this.ended) return null
      await this.hand.wait(() => fetcher.changed())
      this.#takenBytes = 0
    }
  }

  batchOf(taken: TakenBatch): FetchedBatch<K, V> {
    return this.#source.batchOf(taken)
  }

  giveBack(taken: TakenBatch): void {
    this.#source.fetcher.giveBack(taken)
  }

  end(): void {
    if (this.ended) return
    this.ended = true
    this.hand.end()
    this.#source.ended()
  }

  async #findEnds(): Promise<void> {
    const ends = await this.#source.endOffsets()
    for (const { error } of ends) if (error !== null) throw error
    this.#ends = new Map(
      ends.map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]),
    )
  }

  #reached(ends: ReadonlyMap<string, number>): boolean {
    return this.#source.fetcher.partitions().every(({ topic, partition, position, paused }) => {
      return paused || position >= (ends.get(`${topic}-${partition}`) ?? 0)
    })
  }

  #yield(): Promise<void> {
    this.#takenBytes = 0
    return new Promise((resolve) => this.#source.clock.endOfTurn(resolve))
  }
}

/** `for await (const batch of consumer.batches())` */
export class BatchStream<K, V> implements AsyncIterableIterator<FetchedBatch<K, V>> {
  readonly #source: BatchSource<K, V>

  constructor(source: StreamSource<K, V>, options: ReadOptions) {
    this.#source = new BatchSource(source, options)
  }

  async next(): Promise<IteratorResult<FetchedBatch<K, V>, undefined>> {
    try {
      this.#source.hand.ask()
      const taken = await this.#source.take()
      if (taken === null) return DONE
      const { partition } = taken
      const batch = this.#source.batchOf(taken)
      const { lastOffset } = batch
      this.#source.hand.give({ partition, offset: partition.position, lastOffset })
      partition.position = lastOffset + 1
      return { done: false, value: batch }
    } catch (error) {
      this.#source.end()
      throw error
    }
  }

  async return(): Promise<IteratorResult<FetchedBatch<K, V>, undefined>> {
    this.#source.end()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A batch whose records are given out one by one, and the one of them that is in hand. */
class OpenBatch<K, V> implements Given {
  readonly taken: TakenBatch
  readonly partition: AssignedPartition
  readonly endOffset: number
  readonly records: Iterator<ConsumerRecord<K, V>, undefined>
  offset = UNKNOWN_OFFSET

  constructor(taken: TakenBatch, batch: FetchedBatch<K, V>) {
    this.taken = taken
    this.partition = taken.partition
    this.endOffset = batch.lastOffset + 1
    this.records = batch.records()
  }

  get lastOffset(): number {
    return this.offset
  }
}

/** `for await (const record of consumer)` */
export class RecordStream<K, V> implements AsyncIterableIterator<ConsumerRecord<K, V>> {
  readonly #source: BatchSource<K, V>
  #open: OpenBatch<K, V> | null = null
  /** Settled when the calls that had to wait are answered. */
  #later: Promise<void> | null = null

  constructor(source: StreamSource<K, V>, options: ReadOptions) {
    this.#source = new BatchSource(source, options)
  }

  // No async function: the common case, a record that is here, costs one resolved promise.
  next(): Promise<IteratorResult<ConsumerRecord<K, V>, undefined>> {
    try {
      // Calls that did not wait for the one before are answered in their order.
      const record = this.#later === null ? this.#nextNow() : null
      if (record !== null) return Promise.resolve({ done: false, value: record })
    } catch (error) {
      this.#source.end()
      return Promise.reject(error as Error)
    }
    const before = this.#later ?? Promise.resolve()
    const later = before.then(() => this.#nextLater())
    const settled: Promise<void> = later.then(
      () => this.#settled(settled),
      () => this.#settled(settled),
    )
    this.#later = settled
    return later
  }

  /** The batch that is open goes back, so that the next loop begins inside it. */
  async return(): Promise<IteratorResult<ConsumerRecord<K, V>, undefined>> {
    if (this.#open !== null) this.#source.giveBack(this.#open.taken)
    this.#open = null
    this.#source.end()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #settled(later: Promise<void>): void {
    if (this.#later === later) this.#later = null
  }

  #nextNow(): ConsumerRecord<K, V> | null {
    for (;;) {
      if (this.#open !== null) {
        const record = this.#nextOf(this.#open)
        if (record !== null) return record
        this.#open = null
      }
      this.#source.hand.ask()
      const taken = this.#source.takeNow()
      if (taken === null) return null
      this.#begin(taken)
    }
  }

  async #nextLater(): Promise<IteratorResult<ConsumerRecord<K, V>, undefined>> {
    try {
      for (;;) {
        const record = this.#nextNow()
        if (record !== null) return { done: false, value: record }
        const taken = await this.#source.take()
        if (taken === null) return DONE
        this.#begin(taken)
      }
    } catch (error) {
      this.#source.end()
      throw error
    }
  }

  #begin(taken: TakenBatch): void {
    const open = new OpenBatch(taken, this.#source.batchOf(taken))
    this.#open = open
    this.#source.hand.give(open)
  }

  /** @returns null when the batch has no more, or the reader has gone elsewhere meanwhile */
  #nextOf(open: OpenBatch<K, V>): ConsumerRecord<K, V> | null {
    const { partition, taken } = open
    if (this.#source.ended || partition.tag !== taken.tag) return null
    const step = open.records.next()
    if (step.done === true) {
      partition.position = open.endOffset
      return null
    }
    const { offset } = step.value
    open.offset = offset
    partition.position = offset + 1
    return step.value
  }
}
