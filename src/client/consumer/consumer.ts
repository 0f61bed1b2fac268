// The consumer: what a user calls to get records out.

import type { Clock, Timer } from '../../io/clock.ts'
import { realClock } from '../../io/real-clock.ts'
import { realRandom } from '../../io/real-random.ts'
import type { PartitionOffsets } from '../admin-calls.ts'
import { SluiceError } from '../errors.ts'
import { openTransport } from '../grpc/open-transport.ts'
import { bytesSerde } from '../serializers.ts'
import type { Deserializer } from '../serializers.ts'
import type { PartitionRef, StartPosition, Transport } from '../transport.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import { consumerSettings } from './consumer-options.ts'
import type { ConsumerOptions, ConsumerSettings } from './consumer-options.ts'
import type { ConsumerRecord } from './consumer-record.ts'
import { FetchedBatch } from './fetched-batch.ts'
import { Fetcher } from './fetcher.ts'
import { BatchStream, RecordStream } from './streams.ts'
import type { ReadOptions, StreamSource } from './streams.ts'

/** A partition to read. */
export interface Assignment extends PartitionRef {
  /** Where to begin. Default: on as before, or as `autoOffsetReset` says. */
  readonly start?: StartPosition
}

/**
 * Reads records.
 *
 * ```ts
 * import { Consumer, stringSerde } from 'sluice'
 *
 * const consumer = new Consumer({
 *   bootstrap: '127.0.0.1:9094',
 *   keyDeserializer: stringSerde,
 *   valueDeserializer: stringSerde,
 * })
 * await consumer.subscribe(['clicks'], { start: { kind: 'earliest' } })
 * for await (const record of consumer) {
 *   console.log(record.partition, record.offset, record.key, record.value)
 *   if (record.value === 'stop') break
 * }
 * await consumer.close()
 * ```
 *
 * Records of one partition come in the order of their offsets; of several, in any order. Up to
 * `prefetchBytes` are fetched ahead; a reader that is slow holds up the broker, not the memory. When
 * a broker dies the consumer connects again and reads on at the next record.
 *
 * For speed read whole batches: a loop over `batches()` and over the records of each saves one turn
 * of promises a record.
 *
 * @typeParam K what keys are, after deserialization
 * @typeParam V what values are, after deserialization
 */
export class Consumer<K = Buffer, V = Buffer> implements AsyncIterable<ConsumerRecord<K, V>> {
  readonly #settings: ConsumerSettings
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #ownsTransport: boolean
  readonly #keyDeserializer: Deserializer<K>
  readonly #valueDeserializer: Deserializer<V>
  readonly #fetcher: Fetcher
  readonly #subscribed = new Set<string>()
  #topicTimer: Timer | null = null
  #reading = false

  /** @throws SluiceError INVALID_OPTION */
  constructor(options: ConsumerOptions<K, V> = {}) {
    this.#settings = consumerSettings(options)
    this.#clock = options.clock ?? realClock
    this.#transport = options.transport ?? openTransport(options, this.#clock)
    this.#ownsTransport = options.transport === undefined
    // Without deserializers K and V are Buffer, unless the caller says otherwise in the type
    // arguments alone.
    const fallback: Deserializer<unknown> = bytesSerde
    this.#keyDeserializer = options.keyDeserializer ?? (fallback as Deserializer<K>)
    this.#valueDeserializer = options.valueDeserializer ?? (fallback as Deserializer<V>)
    this.#fetcher = new Fetcher({
      transport: this.#transport,
      settings: this.#settings,
      clock: this.#clock,
      random: options.random ?? realRandom,
    })
  }

  /**
   * Reads all partitions of topics, and those that are added to them later, in place of whatever was
   * read before.
   *
   * @param options `start`: where each partition begins; default: as `autoOffsetReset` says
   * @returns when the broker has said where reading begins; see `assign`
   * @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION, and others as `assign`
   */
  async subscribe(
    topics: string | readonly string[],
    options: { readonly start?: StartPosition } = {},
  ): Promise<void> {
    this.#checkOpen()
    const names = typeof topics === 'string' ? [topics] : topics
    const { requestTimeoutMs, metadataMaxAgeMs } = this.#settings
    const described = await Promise.all(
      names.map((name) => this.#transport.describeTopic(name, requestTimeoutMs)),
    )
    const start = options.start ?? this.#defaultStart
    const assignments = described.flatMap(({ name, partitions }) => {
      return Array.from({ length: partitions }, (_, partition) => ({
        topic: name,
        partition,
        start,
      }))
    })
    this.#checkOpen()
    await this.#assign(assignments, () => {
      for (const name of names) this.#subscribed.add(name)
      this.#topicTimer = this.#clock.every(metadataMaxAgeMs, () => void this.#findPartitions())
    })
  }

  /**
   * Reads these partitions, in place of whatever was read before. A partition that was read before
   * and comes with no `start` goes on where it is.
   *
   * @returns when the broker has said where reading begins, so that `position` knows
   * @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION · OFFSET_OUT_OF_RANGE with
   *   `autoOffsetReset: 'error'` · REQUEST_TIMED_OUT when no broker answers for `requestTimeoutMs`:
   *   the consumer goes on trying · CLOSED
   */
  async assign(assignments: readonly Assignment[]): Promise<void> {
    this.#checkOpen()
    await this.#assign(assignments, () => {})
  }

  /** The partitions that are read. */
  assignment(): readonly PartitionRef[] {
    return this.#fetcher.partitions().map(({ ref }) => ref)
  }

  /**
   * Reads a partition from another place on: an offset, a time, its beginning or its end.
   *
   * @returns when the broker has said where reading begins; see `assign`
   * @throws SluiceError INVALID_STATE when the partition is not assigned, and others as `assign`
   */
  async seek(partition: PartitionRef, start: StartPosition): Promise<void> {
    const assigned = this.#assigned(partition)
    this.#fetcher.seek(assigned, start)
    await this.#confirmed([assigned])
  }

  /** Gives out no records of these partitions until `resume`. Default: of all. */
  pause(partitions?: readonly PartitionRef[]): void {
    for (const partition of this.#select(partitions)) this.#fetcher.pause(partition)
  }

  /** Default: all. */
  resume(partitions?: readonly PartitionRef[]): void {
    for (const partition of this.#select(partitions)) this.#fetcher.resume(partition)
  }

  /** The partitions that are paused. */
  paused(): readonly PartitionRef[] {
    const partitions = this.#fetcher.partitions()
    return partitions.filter(({ paused }) => paused).map(({ ref }) => ref)
  }

  /**
   * Offset of the next record that the partition will give; -1 while the broker has not said where
   * reading begins.
   *
   * @throws SluiceError INVALID_STATE when the partition is not assigned
   */
  position(partition: PartitionRef): number {
    return this.#assigned(partition).position
  }

  /**
   * Looks up offsets by place: the edges of partitions, or a point in time.
   *
   * @returns one result for each partition asked for, in that order
   */
  async offsets(
    partitions: readonly PartitionRef[],
    position: StartPosition,
  ): Promise<readonly PartitionOffsets[]> {
    this.#checkOpen()
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, position }))
    return await this.#transport.listOffsets(asked, this.#settings.requestTimeoutMs)
  }

  /**
   * Gives out records one by one. Ends when the consumer is closed. Leaving the loop early loses
   * nothing: the next loop goes on with the next record. One loop at a time.
   *
   * @throws SluiceError while iterating: OFFSET_OUT_OF_RANGE with `autoOffsetReset: 'error'` ·
   *   UNKNOWN_TOPIC_OR_PARTITION when a topic was deleted · CORRUPT_MESSAGE when a batch fails its
   *   checksum · other refusals that no new try can help. A new loop tries again.
   */
  records(options: ReadOptions = {}): AsyncIterableIterator<ConsumerRecord<K, V>> {
    return new RecordStream(this.#begin(), options)
  }

  /** As `records`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumerRecord<K, V>> {
    return this.records()
  }

  /**
   * Gives out whole batches, as they were stored: the fast way. With a batch given out, the position
   * stands behind all its records.
   *
   * ```ts
   * import { Consumer } from 'sluice'
   *
   * const consumer = new Consumer()
   * await consumer.subscribe('clicks', { start: { kind: 'earliest' } })
   * let bytes = 0
   * for await (const batch of consumer.batches({ untilEnd: true })) {
   *   for (const record of batch) bytes += record.valueSizeBytes
   * }
   * await consumer.close()
   * ```
   *
   * @throws SluiceError as `records`
   */
  batches(options: ReadOptions = {}): AsyncIterableIterator<FetchedBatch<K, V>> {
    return new BatchStream(this.#begin(), options)
  }

  /** Ends a loop that runs, and the connection. */
  async close(): Promise<void> {
    if (this.#fetcher.closed) return
    this.#topicTimer?.cancel()
    this.#fetcher.close()
    if (this.#ownsTransport) this.#transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #begin(): StreamSource<K, V> {
    if (this.#reading) {
      throw new SluiceError('INVALID_STATE', {}, { message: 'A loop reads this consumer already' })
    }
    this.#reading = true
    return {
      fetcher: this.#fetcher,
      clock: this.#clock,
      batchOf: ({ partition, view, highWatermark }) => {
        const origin = {
          topic: partition.topic,
          partition: partition.partition,
          keyDeserializer: this.#keyDeserializer,
          valueDeserializer: this.#valueDeserializer,
        }
        return new FetchedBatch(origin, view, partition.position, highWatermark)
      },
      endOffsets: async () => {
        const partitions = this.assignment()
        return await this.offsets(partitions, { kind: 'latest' })
      },
      ended: () => {
        this.#reading = false
      },
    }
  }

  async #assign(assignments: readonly Assignment[], changed: () => void): Promise<void> {
    const wanted = new Set(assignments.map(({ topic, partition }) => `${topic}-${partition}`))
    const present = this.#fetcher.partitions()
    this.#topicTimer?.cancel()
    this.#subscribed.clear()
    this.#fetcher.unassign(
      present.filter(({ topic, partition }) => !wanted.has(`${topic}-${partition}`)),
    )
    const starts = assignments
      .filter((assignment) => assignment.start !== undefined || !this.#fetcher.find(assignment))
      .map(({ topic, partition, start = this.#defaultStart }) => ({ topic, partition, start }))
    this.#fetcher.assign(starts)
    changed()
    await this.#confirmed(starts.map((start) => this.#assigned(start)))
  }

  /** Waits until the broker has said where reading begins, for as long as a call may take. */
  async #confirmed(partitions: readonly AssignedPartition[]): Promise<void> {
    const { requestTimeoutMs } = this.#settings
    let timer: Timer | null = null
    const timeout = new Promise<never>((_, reject) => {
      timer = this.#clock.after(requestTimeoutMs, () => {
        const message = 'No broker has said in time where reading begins'
        reject(new SluiceError('REQUEST_TIMED_OUT', {}, { message }))
      })
    })
    const alive = this.#clock.keepAlive()
    try {
      const confirmed = Promise.all(partitions.map((each) => this.#fetcher.confirmed(each)))
      await Promise.race([confirmed, timeout])
    } finally {
      alive.cancel()
      ;(timer as Timer | null)?.cancel()
    }
  }

  /** Adds the partitions that subscribed topics have got since. They are read from their beginning. */
  async #findPartitions(): Promise<void> {
    for (const name of this.#subscribed) {
      try {
        const { partitions } = await this.#transport.describeTopic(
          name,
          this.#settings.requestTimeoutMs,
        )
        if (!this.#subscribed.has(name) || this.#fetcher.closed) return
        const all = Array.from({ length: partitions }, (_, partition) => ({
          topic: name,
          partition,
        }))
        const start = { kind: 'earliest' } as const
        const added = all.filter((ref) => this.#fetcher.find(ref) === null)
        this.#fetcher.assign(added.map((ref) => ({ ...ref, start })))
      } catch {
        // Asked again next time. If the topic is gone, its partitions say so.
      }
    }
  }

  get #defaultStart(): StartPosition {
    return { kind: this.#settings.autoOffsetReset === 'latest' ? 'latest' : 'earliest' }
  }

  #assigned(ref: PartitionRef): AssignedPartition {
    this.#checkOpen()
    const assigned = this.#fetcher.find(ref)
    if (assigned !== null) return assigned
    const { topic, partition } = ref
    const message = 'The partition is not assigned'
    throw new SluiceError('INVALID_STATE', { topic, partition }, { message })
  }

  #select(refs: readonly PartitionRef[] | undefined): readonly AssignedPartition[] {
    if (refs === undefined) return this.#fetcher.partitions()
    return refs.map((ref) => this.#assigned(ref))
  }

  #checkOpen(): void {
    if (!this.#fetcher.closed) return
    throw new SluiceError('CLOSED', {}, { message: 'The consumer was closed' })
  }
}
