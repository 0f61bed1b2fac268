// The producer: what a user calls to get records in.

import type { Clock } from '../../io/clock.ts'
import { realClock } from '../../io/real-clock.ts'
import { realRandom } from '../../io/real-random.ts'
import { SluiceError } from '../errors.ts'
import { openTransport } from '../open-transport.ts'
import { bytesOrStringSerializer } from '../serializers.ts'
import type { Serialized, Serializer } from '../serializers.ts'
import type { Transport } from '../transport.ts'
import type { RecordMetadata } from './batch.ts'
import { closedError, Intake } from './intake.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { producerSettings } from './producer-options.ts'
import type { ProducerOptions, ProducerSettings } from './producer-options.ts'
import type { ProducerRecord } from './producer-record.ts'
import { RecordBuffer } from './record-buffer.ts'
import { Sender } from './sender.ts'
import { Sequencer } from './sequencer.ts'
import { TopicDirectory } from './topic-directory.ts'
import { Topics } from './topics.ts'
import { Transaction } from './transaction/transaction.ts'
import { Transactions } from './transaction/transactions.ts'

/**
 * Sends records.
 *
 * ```ts
 * import { Producer } from 'sluice'
 *
 * const producer = new Producer({ bootstrap: '127.0.0.1:9094' })
 * const { partition, offset } = await producer.send({
 *   topic: 'clicks',
 *   key: 'user-1',
 *   value: 'page=/home',
 * })
 * console.log(`stored in partition ${partition} at offset ${offset}`)
 * await producer.close()
 * ```
 *
 * Records are collected into a batch for each partition. A batch goes when it is full
 * (`batchBytes`), when it has waited long enough (`lingerMs`), or on `flush`. So for speed send
 * many before you await them.
 *
 * **Order.** Acknowledged records of one partition lie in it in the order of their `send` calls. A
 * record whose request broke off half-way is sent again, and is stored once (`idempotent`). With other
 * acks than `'all'` it may then be stored twice.
 *
 * **Back-pressure.** Records that are not acknowledged take at most `bufferBytes` of memory. When
 * that is used up, `send` waits, for at most `maxBlockMs`, and then rejects with BUFFER_FULL. Sends
 * that wait hold the caller's values beside the buffer, so who sends without awaiting each record asks
 * for room. That is fastest too, since it lets others on the event loop work:
 *
 * ```ts
 * import { Producer } from 'sluice'
 *
 * const producer = new Producer()
 * for (let number = 0; number < 10_000_000; number++) {
 *   producer.send({ topic: 'numbers', value: String(number) }).catch(console.error)
 *   const room = producer.ready()
 *   if (room !== null) await room
 * }
 * await producer.close()
 * ```
 *
 * @typeParam K what keys are, before serialization
 * @typeParam V what values are, before serialization
 */
export class Producer<K = Serialized, V = Serialized> {
  readonly #settings: ProducerSettings
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #ownsTransport: boolean
  readonly #directory: TopicDirectory
  readonly #buffer: RecordBuffer
  readonly #sender: Sender
  readonly #intake: Intake<K, V>
  /** Null without a transactional id. */
  readonly #transactions: Transactions | null
  #readyWaiters: (() => void)[] = []
  #closing: Promise<void> | null = null
  #closed = false

  /** @throws SluiceError INVALID_OPTION */
  constructor(options: ProducerOptions<K, V> = {}) {
    const settings = producerSettings(options)
    this.#settings = settings
    this.#clock = options.clock ?? realClock
    this.#transport = options.transport ?? openTransport(options, this.#clock)
    this.#ownsTransport = options.transport === undefined
    // Without serializers K and V are what the default takes, unless the caller says otherwise in
    // the type arguments alone; then it refuses the values that it does not know.
    const fallback: Serializer<never> = bytesOrStringSerializer
    const keySerializer = options.keySerializer ?? (fallback as Serializer<K>)
    const valueSerializer = options.valueSerializer ?? (fallback as Serializer<V>)
    const random = options.random ?? realRandom
    const parts = { transport: this.#transport, settings, clock: this.#clock, random }
    this.#directory = new TopicDirectory(parts)
    const topics = new Topics(this.#directory, options.partitioner ?? null, random)
    this.#buffer = new RecordBuffer(settings, this.#clock, {
      sendable: (queue) => this.#sender.sendable(queue),
      closed: (queue) => topics.batchClosed(queue),
      released: () => this.#released(),
    })
    const go = {
      identified: () => this.#sender.wake(),
      admitted: (queue: PartitionQueue) => this.#sender.sendable(queue),
      refused: (error: SluiceError) => this.#buffer.failAll(error),
    }
    const { transactionalId } = settings
    const ofTransactions = {
      flush: () => this.flush(),
      drop: (error: SluiceError) => this.#drop(error),
    }
    this.#transactions =
      transactionalId === null
        ? null
        : new Transactions({ ...parts, transactionalId, ...ofTransactions }, go)
    const withoutThem = settings.idempotent ? new Sequencer(parts, go) : null
    this.#sender = new Sender(
      this.#buffer,
      { checkPartition: (queue) => topics.check(queue) },
      { ...parts, sequencing: this.#transactions?.sequencer ?? withoutThem },
    )
    this.#intake = new Intake({
      ...{ clock: this.#clock, topics, buffer: this.#buffer, keySerializer, valueSerializer },
      maxBlockMs: settings.maxBlockMs,
      emptied: () => this.#roomChanged(),
    })
  }

  /**
   * Sends a record. Bytes of key, value and headers stay unchanged until `ready()` is null, or the
   * promise is settled: before that they may not have been copied.
   *
   * @returns where it was stored, once it is as safe as `acks` asks
   * @throws SluiceError (the promise rejects; nothing is thrown): SERIALIZATION_FAILED · BUFFER_FULL
   *   and the broker's refusals, such as UNKNOWN_TOPIC_OR_PARTITION · DELIVERY_TIMED_OUT, and
   *   NETWORK_EXCEPTION when no retry is left: the record may be stored or not · CLOSED
   */
  send(record: ProducerRecord<K, V>): Promise<RecordMetadata> {
    if (this.#transactions === null) return this.#intake.send(record)
    const message =
      'A producer with a transactionalId sends in transactions: producer.transaction(…)'
    return Promise.reject(new SluiceError('INVALID_STATE', {}, { message }))
  }

  /**
   * Sends records, and commits offsets of a group, all or nothing.
   *
   * ```ts
   * import { Consumer, Producer } from 'sluice'
   *
   * const producer = new Producer({ transactionalId: 'copier-1' })
   * const consumer = new Consumer({
   *   groupId: 'copier',
   *   enableAutoCommit: false,
   *   isolation: 'read_committed',
   * })
   * await consumer.subscribe('clicks')
   * for await (const batch of consumer.batches()) {
   *   await producer.transaction(async (tx) => {
   *     for (const { key, value } of batch) tx.send({ topic: 'copies', key, value })
   *     await tx.sendOffsets(consumer)
   *   })
   * }
   * ```
   *
   * It is committed when `work` has resolved and everything that it sent is stored, and aborted when `work`
   * rejects or anything that it sent is refused. Who goes on reading after that goes back first, by
   * `consumer.seekToCommitted()`, to read again what was read in vain. One transaction at a time.
   *
   * The first one takes the transactional id: a producer that had it before is fenced, and what it left
   * open is aborted. When a producer was fenced, `failure` says so, and all it can do is close.
   *
   * @param work sends by `tx`, and by nothing else
   * @returns what `work` gave, once the transaction is committed
   * @throws whatever `work` rejects with · SluiceError what a record or the coordinator was refused for;
   *   `recovery` says whether to run it again · TRANSACTION_OUTCOME_UNKNOWN when it may have been committed,
   *   and no broker has answered within `deliveryTimeoutMs` · INVALID_STATE, CLOSED. With any other than
   *   TRANSACTION_OUTCOME_UNKNOWN it was aborted, or will be
   */
  async transaction<T>(work: (tx: Transaction<K, V>) => T | Promise<T>): Promise<T> {
    if (this.#transactions === null) {
      const message = 'Only a producer with a transactionalId has transactions'
      throw new SluiceError('INVALID_STATE', {}, { message })
    }
    return await this.#transactions.run(async (open) => {
      const send = (record: ProducerRecord<K, V>): Promise<RecordMetadata> =>
        this.#intake.send(record)
      return await work(new Transaction(open, send, () => this.ready()))
    })
  }

  /** Why there can be no further transaction: PRODUCER_FENCED … Null while there can be. */
  get failure(): SluiceError | null {
    return this.#transactions?.failure ?? null
  }

  /**
   * Null while it is good to send more; otherwise a promise that resolves when it is again: there is
   * enough at hand to keep the brokers busy, or the buffer is full.
   */
  ready(): Promise<void> | null {
    if (this.#closed || !(this.#intake.isFull || this.#buffer.backlogged)) return null
    return new Promise((resolve) => this.#readyWaiters.push(resolve))
  }

  /** Bytes of memory that hold records which are not acknowledged. */
  get bufferedBytes(): number {
    return this.#buffer.usedBytes
  }

  /**
   * Sends what lingers, and resolves when every record sent before has its outcome, and the promises
   * of `send` have told theirs. It does not reject.
   */
  async flush(): Promise<void> {
    this.#buffer.beginFlush()
    try {
      await this.#intake.passed()
      await this.#buffer.allSettled()
      // A promise that takes over another's rejection is two jobs behind it: those of `send` go first.
      for (let job = 0; job < 4; job++) await Promise.resolve()
    } finally {
      this.#buffer.endFlush()
    }
  }

  /**
   * Flushes, and ends the connection. What has no outcome after `timeoutMs` rejects with CLOSED.
   *
   * @param options `timeoutMs`: 0 or more; default: the delivery timeout
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? this.#settings.deliveryTimeoutMs)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    const ended = this.#transactions === null ? this.flush() : this.#transactions.close()
    this.#closed = true
    this.#intake.close()
    const over = Promise.withResolvers<void>()
    const timer = this.#clock.after(timeoutMs, () => {
      this.#abandon()
      over.resolve()
    })
    await Promise.race([ended, over.promise])
    timer.cancel()
    this.#abandon()
    this.#directory.close()
    this.#sender.close()
    if (this.#ownsTransport) this.#transport.close()
  }

  #abandon(): void {
    this.#failAll(closedError())
    this.#wakeReady()
  }

  #failAll(error: SluiceError): void {
    this.#intake.failAll(error)
    this.#buffer.failAll(error)
  }

  /** For transactions: see TransactionsParts. */
  async #drop(error: SluiceError): Promise<void> {
    this.#failAll(error)
    await this.#sender.quiet()
  }

  #released(): void {
    this.#intake.pump()
    this.#roomChanged()
  }

  #roomChanged(): void {
    if (this.#intake.isFull) return
    this.#buffer.press(false)
    if (this.#buffer.drained) this.#wakeReady()
  }

  #wakeReady(): void {
    const waiters = this.#readyWaiters
    this.#readyWaiters = []
    for (const wake of waiters) wake()
  }
}
