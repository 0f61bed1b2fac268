// The consumer: what a user calls to get records out.

import type { Clock } from '../../io/clock.ts'
import { realClock } from '../../io/real-clock.ts'
import { realRandom } from '../../io/real-random.ts'
import type { PartitionOffsets } from '../admin-calls.ts'
import type { CommittedOffset, OffsetToCommit } from '../group-calls.ts'
import { SluiceError } from '../errors.ts'
import { openTransport } from '../open-transport.ts'
import { bytesSerde } from '../serializers.ts'
import type { Deserializer } from '../serializers.ts'
import type { PartitionRef, StartPosition, Transport } from '../transport.ts'
import { OFFSET_SOURCE } from '../offset-source.ts'
import type { OffsetGiver, OffsetSource } from '../offset-source.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import { Assigner } from './assigner.ts'
import type { Assignment } from './assigner.ts'
import { consumerSettings } from './consumer-options.ts'
import type { ConsumerOptions, ConsumerSettings } from './consumer-options.ts'
import type { ConsumerRecord } from './consumer-record.ts'
import { FetchedBatch } from './fetched-batch.ts'
import { Fetcher } from './fetcher.ts'
import { groupSettings } from './group/group-options.ts'
import { Membership } from './group/membership.ts'
import { UnsettledReads } from './group/unsettled-reads.ts'
import { checkSubscription, namesOf, subscriptionTo } from './group/subscription.ts'
import type { SubscribeOptions, Topics } from './group/subscription.ts'
import { Hand } from './hand.ts'
import { BatchStream, RecordStream } from './streams.ts'
import type { ReadOptions, StreamSource } from './streams.ts'
import { TopicFollower } from './topic-follower.ts'

/**
 * Reads records: those of partitions, or of topics, or its share of topics as a member of a group.
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
 * With a `groupId`, all consumers of that name share the work. Every record is processed at least
 * once: what was processed is committed every five seconds, before a partition goes to another
 * consumer, and on `close`, and a record counts as processed when the next one is asked for. Who
 * leaves a loop by `break` and is done with the last record says so by `commit`.
 *
 * ```ts
 * import { Consumer } from 'sluice'
 *
 * const consumer = new Consumer({ groupId: 'reports', autoOffsetReset: 'earliest' })
 * await consumer.subscribe('clicks')
 * process.once('SIGTERM', () => consumer.close())
 * for await (const record of consumer) console.log(record.value)
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
export class Consumer<K = Buffer, V = Buffer>
  implements AsyncIterable<ConsumerRecord<K, V>>, OffsetGiver
{
  readonly #settings: ConsumerSettings
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #ownsTransport: boolean
  readonly #keyDeserializer: Deserializer<K>
  readonly #valueDeserializer: Deserializer<V>
  readonly #fetcher: Fetcher
  readonly #hand: Hand
  readonly #follower: TopicFollower
  readonly #assigner: Assigner
  /** Null without a group. */
  readonly #group: Membership | null
  #reading = false
  #closing: Promise<void> | null = null

  /** @throws SluiceError INVALID_OPTION */
  constructor(options: ConsumerOptions<K, V> = {}) {
    this.#settings = consumerSettings(options)
    const group = groupSettings(options)
    this.#clock = options.clock ?? realClock
    this.#transport = options.transport ?? openTransport(options, this.#clock)
    this.#ownsTransport = options.transport === undefined
    // Without deserializers K and V are Buffer, unless the caller says otherwise in the type
    // arguments alone.
    const fallback: Deserializer<unknown> = bytesSerde
    this.#keyDeserializer = options.keyDeserializer ?? (fallback as Deserializer<K>)
    this.#valueDeserializer = options.valueDeserializer ?? (fallback as Deserializer<V>)
    const parts = {
      transport: this.#transport,
      settings: this.#settings,
      clock: this.#clock,
      random: options.random ?? realRandom,
    }
    this.#fetcher = new Fetcher(parts)
    this.#follower = new TopicFollower({ ...parts, fetcher: this.#fetcher })
    const readers = { fetcher: this.#fetcher, follower: this.#follower }
    this.#assigner = new Assigner({ ...parts, ...readers })
    // Who commits by itself has no part in transactions.
    const unsettled = group === null || group.enableAutoCommit ? null : new UnsettledReads()
    this.#hand = new Hand(unsettled)
    const members = { ...parts, fetcher: this.#fetcher, hand: this.#hand, unsettled }
    this.#group = group === null ? null : new Membership({ ...members, group })
  }

  /**
   * Reads topics, in place of whatever was read before.
   *
   * Without a group it reads all their partitions, and those that are added to them later. With a
   * group it becomes a member and reads its share of them, each partition from where the group has
   * committed. What the share is may change at any time:
   *
   * ```ts
   * import { Consumer } from 'sluice'
   *
   * const consumer = new Consumer({ groupId: 'reports' })
   * await consumer.subscribe(/^clicks-/, {
   *   onAssigned: (partitions) => console.log('reading', partitions),
   *   onRevoked: async (partitions) => console.log('done with', partitions),
   * })
   * ```
   *
   * @param topics names, which in a group need not exist yet; or, in a group, a regular expression:
   *   all topics that it matches, also those that are made later. The coordinator matches, by RE2's
   *   syntax: a RegExp with look-around or back-references is refused
   * @param options `start`, without a group: where each partition begins; default: as
   *   `autoOffsetReset` says. `onAssigned` and its like, in a group: called when the share changes
   * @returns without a group when the broker has said where reading begins, see `assign`; in a group
   *   when the coordinator has heard of it
   * @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION without a group, and others as `assign` ·
   *   INVALID_REGULAR_EXPRESSION, GROUP_MAX_SIZE_REACHED, UNSUPPORTED_ASSIGNOR and others from the
   *   coordinator · REQUEST_TIMED_OUT when none answers: the consumer goes on trying
   */
  async subscribe(topics: Topics, options: SubscribeOptions = {}): Promise<void> {
    this.#assigner.checkOpen()
    checkSubscription(topics, options, this.#group !== null)
    if (this.#group === null) {
      return await this.#assigner.subscribe(namesOf(topics), options.start)
    }
    const subscription = subscriptionTo(topics)
    if (!this.#group.isSubscribed) this.#fetcher.unassign(this.#fetcher.partitions())
    await this.#group.subscribe(subscription, options)
  }

  /**
   * Reads these partitions, in place of whatever was read before. A partition that was read before
   * and comes with no `start` goes on where it is. With a `groupId` the consumer takes no part in the
   * group, but begins where the group has committed, and commits to it.
   *
   * @returns when the broker has said where reading begins, so that `position` knows
   * @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION · OFFSET_OUT_OF_RANGE with
   *   `autoOffsetReset: 'error'` · REQUEST_TIMED_OUT when no broker answers for `requestTimeoutMs`:
   *   the consumer goes on trying · INVALID_STATE when it is a member of a group · CLOSED
   */
  async assign(assignments: readonly Assignment[]): Promise<void> {
    this.#assigner.checkOpen()
    if (this.#group === null) return await this.#assigner.assign(assignments)
    if (this.#group.isSubscribed) {
      const message = 'The group assigns what it reads: a consumer either subscribes or assigns'
      throw new SluiceError('INVALID_STATE', {}, { message })
    }
    const placed = await this.#fromCommitted(assignments, this.#group)
    this.#assigner.checkOpen()
    await this.#assigner.assign(placed)
    this.#group.commitAtIntervals()
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
    const assigned = this.#assigner.assigned(partition)
    this.#seek(assigned, start)
    await this.#assigner.confirmed([assigned])
  }

  /**
   * Goes back to where the group has committed, in all partitions: to read again what was read for a
   * transaction that was aborted. Where it has committed nothing reading begins as `autoOffsetReset` says.
   *
   * @returns when the broker has said where reading begins; see `assign`
   * @throws SluiceError NO_COMMITTED_OFFSET with `autoOffsetReset: 'error'`, and others as `committed`
   */
  async seekToCommitted(): Promise<void> {
    const group = this.#needGroup()
    const starts = await group.offsets.goBack()
    this.#assigner.checkOpen()
    const sought: AssignedPartition[] = []
    for (const { start, ...ref } of starts) {
      // What was given up meanwhile is read by somebody else.
      const assigned = this.#fetcher.find(ref)
      if (assigned === null) continue
      this.#seek(assigned, start)
      sought.push(assigned)
    }
    await this.#assigner.confirmed(sought)
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
    return this.#assigner.assigned(partition).position
  }

  /**
   * Commits for the group: with no argument the positions of all partitions, that is, everything that
   * was given out, the last record or batch included. Also with `enableAutoCommit`.
   *
   * ```ts
   * import { Consumer } from 'sluice'
   *
   * const consumer = new Consumer({ groupId: 'reports', enableAutoCommit: false })
   * await consumer.subscribe('clicks')
   * for await (const { topic, partition, offset } of consumer) {
   *   // … then, to read on behind this one:
   *   await consumer.commit([{ topic, partition, offset: offset + 1 }])
   * }
   * ```
   *
   * @param offsets of the next records to read
   * @throws SluiceError UNKNOWN_MEMBER_ID, INVALID_STATE when a partition is somebody else's by now:
   *   its records are read again there · others from the coordinator
   */
  async commit(offsets?: readonly OffsetToCommit[]): Promise<void> {
    const group = this.#needGroup()
    if (offsets === undefined) return await group.offsets.commitPositions()
    for (const { topic, partition, offset } of offsets) {
      if (Number.isSafeInteger(offset) && offset >= 0) continue
      const message = 'An offset to commit is a whole number, 0 or more'
      throw new SluiceError('INVALID_OPTION', { option: 'offset', topic, partition }, { message })
    }
    await group.offsets.commitOffsets(offsets)
  }

  /**
   * What the group has committed.
   *
   * @param partitions default: those that are assigned
   * @returns one result for each, in that order
   */
  async committed(
    partitions: readonly PartitionRef[] = this.assignment(),
  ): Promise<readonly CommittedOffset[]> {
    return await this.#needGroup().offsets.committed(partitions)
  }

  /**
   * Looks up offsets by place: the edges of partitions, or a point in time. For a reader of committed
   * records a partition ends where the first open transaction began.
   *
   * @returns one result for each partition asked for, in that order
   */
  async offsets(
    partitions: readonly PartitionRef[],
    position: StartPosition,
  ): Promise<readonly PartitionOffsets[]> {
    this.#assigner.checkOpen()
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, position }))
    const { isolation, requestTimeoutMs } = this.#settings
    return await this.#transport.listOffsets(asked, isolation, requestTimeoutMs)
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

  /**
   * Ends a loop that runs, and the connection. A member commits what was processed, unless commits are
   * left to the user, and leaves its group: at most 10 seconds for all of it.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    this.#follower.stop()
    await this.#group?.close()
    this.#fetcher.close()
    if (this.#ownsTransport) this.#transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** For transactions: what it has read for the group. */
  [OFFSET_SOURCE](): OffsetSource {
    return { take: (offsets) => this.#needGroup().offsets.takeOffsets(offsets) }
  }

  #seek(assigned: AssignedPartition, start: StartPosition): void {
    if (this.#hand.has(assigned)) this.#hand.clear()
    this.#fetcher.seek(assigned, start)
    this.#group?.sought(assigned)
  }

  #begin(): StreamSource<K, V> {
    if (this.#reading) {
      throw new SluiceError('INVALID_STATE', {}, { message: 'A loop reads this consumer already' })
    }
    this.#reading = true
    this.#group?.loopBegins()
    return {
      fetcher: this.#fetcher,
      hand: this.#hand,
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
        await this.#group?.settled()
        const partitions = this.assignment()
        return await this.offsets(partitions, { kind: 'latest' })
      },
      ended: () => {
        this.#reading = false
      },
    }
  }

  /** Partitions that are new and come with no start begin where the group has committed. */
  async #fromCommitted(
    assignments: readonly Assignment[],
    group: Membership,
  ): Promise<readonly Assignment[]> {
    const asked = assignments.filter((each) => {
      return each.start === undefined && this.#fetcher.find(each) === null
    })
    const committed = await group.offsets.committed(asked)
    return assignments.map((each) => {
      const found = committed[asked.indexOf(each)]
      if (found === undefined || found.offset < 0) return each
      return { ...each, start: { kind: 'offset', offset: found.offset } }
    })
  }

  #select(refs: readonly PartitionRef[] | undefined): readonly AssignedPartition[] {
    if (refs === undefined) return this.#fetcher.partitions()
    return refs.map((ref) => this.#assigner.assigned(ref))
  }

  #needGroup(): Membership {
    this.#assigner.checkOpen()
    if (this.#group !== null) return this.#group
    const message = 'Only a consumer with a groupId commits offsets'
    throw new SluiceError('INVALID_STATE', {}, { message })
  }
}
