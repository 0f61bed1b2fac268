// Consumes, transforms, produces, and commits what it consumed inside the transaction; with our own
// client, over gRPC or Kafka's protocol. The words of its command line are those of ../java/Copier.java,
// and so is what it does: it may be killed at any time. It knows no rule but the right one, and no group
// protocol but the newer one.
//
// `--bootstrap` is grpc://host:port or kafka://host:port, and says so what is spoken.

import { setTimeout as delay } from 'node:timers/promises'
import {
  Consumer,
  Producer,
  SluiceError,
  type ConsumerRecord,
  type FetchedBatch,
  type OffsetToCommit,
  type PartitionRef,
  type Transaction,
} from '../../../../src/client/index.ts'
import { HistoryWriter } from '../../../support/checker/history-file.ts'
import {
  operation,
  READ,
  type KindName,
  type Operation,
} from '../../../support/checker/operation.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { copyOf, INPUT, OUTPUT, readPayload, type Origin } from '../payload.ts'

/** How it ends when another life is to take over. */
const LIFE_IS_OVER = 3
/** How long an open transaction waits for more. */
const SOON_MS = 100
const CODECS = ['none', 'lz4', 'gzip', 'snappy', 'zstd'] as const

type Tx = Transaction<Buffer, Buffer>
type Batches = AsyncIterableIterator<FetchedBatch>

/** An abort that chance wants. */
class Abort extends Error {}

class Copier {
  readonly #words: ReadonlyMap<string, string>
  readonly #client: number
  readonly #random: SeededRandom
  readonly #history: HistoryWriter
  readonly #consumer: Consumer
  readonly #producer: Producer<Buffer, Buffer>
  #batches: Batches
  /** What was asked for and not taken yet. */
  #asked: Promise<IteratorResult<FetchedBatch, undefined>> | null = null
  /** Of the batch that was taken last: what is not copied yet. */
  #rest: readonly ConsumerRecord[] = []
  /** By partition: what comes after the last record that the transaction has read. */
  readonly #moves = new Map<number, number>()
  /** Settled when the transaction that runs has ended. */
  #running: Promise<void> = Promise.resolve()
  /** Partitions are being taken away: the transaction ends as it is. */
  #isLeaving = false
  #isStopping = false
  #transaction = 0
  #numbers = 0
  #step = 0

  constructor(words: ReadonlyMap<string, string>) {
    this.#words = words
    this.#client = this.#number('client')
    this.#random = new SeededRandom(this.#number('seed'))
    this.#history = new HistoryWriter(this.#text('history'))
    const random = this.#random
    const bootstrap = this.#text('bootstrap')
    const clientId = this.#text('id')
    this.#consumer = new Consumer({
      ...{ bootstrap, clientId, groupId: this.#text('group') },
      ...{ isolation: 'read_committed', enableAutoCommit: false, autoOffsetReset: 'earliest' },
      ...{ requestTimeoutMs: 10_000, retryBackoffMaxMs: 500, maxPollIntervalMs: 30_000 },
      prefetchBytes: random.between(64 * 1024, 1024 * 1024),
    })
    this.#producer = new Producer<Buffer, Buffer>({
      ...{ bootstrap, clientId, transactionalId: clientId },
      ...{ transactionTimeoutMs: this.#number('timeout'), compression: random.pick(CODECS) },
      ...{ batchBytes: random.between(1_024, 17_000), lingerMs: 2 },
      ...{ requestTimeoutMs: 10_000, retryBackoffMaxMs: 500 },
      // Some give up so early that they can't know how a transaction has ended.
      deliveryTimeoutMs: random.chance(0.3) ? 1_500 : 60_000,
    })
    this.#batches = this.#consumer.batches()
  }

  async run(): Promise<void> {
    await this.#consumer.subscribe(this.#text('input'), {
      onAssigned: (partitions) => this.#positions(partitions),
      onRevoked: async () => await this.#leave(),
      onLost: async () => await this.#leave(),
    })
    while (!this.#isStopping) {
      if (!(await this.#takeSoon())) continue
      const copied = this.#copyAll()
      this.#running = copied.then(() => {})
      if (!(await copied)) await this.#goBack()
    }
    await this.#consumer.close()
    this.#history.close()
  }

  stop(): void {
    this.#isStopping = true
  }

  /** Whatever was put down before is kept. */
  end(): void {
    this.#history.close()
  }

  /** One transaction. @returns whether it was committed, as far as is known */
  async #copyAll(): Promise<boolean> {
    this.#transaction += 1
    this.#moves.clear()
    try {
      await this.#producer.transaction(async (tx) => await this.#work(tx))
    } catch (error) {
      if (!(error instanceof Abort)) this.#look(error)
      const isKnown = !(
        error instanceof SluiceError && error.code === 'TRANSACTION_OUTCOME_UNKNOWN'
      )
      if (isKnown) this.#did('aborted', { transaction: this.#transaction })
      this.#history.flush()
      return false
    }
    this.#did('committed', { transaction: this.#transaction })
    this.#history.flush()
    return true
  }

  /** Goes on after an error, unless this life is over. @throws the error */
  #look(error: unknown): void {
    if (!(error instanceof SluiceError) || this.#producer.failure !== null) throw error
    process.stderr.write(`aborts: ${error.message}\n`)
  }

  async #work(tx: Tx): Promise<void> {
    let room = this.#random.between(1, this.#number('max-transaction'))
    while (room > 0 && !this.#isLeaving) {
      if (!(await this.#takeSoon())) break
      const some = this.#rest.slice(0, room)
      this.#rest = this.#rest.slice(room)
      room -= some.length
      this.#copy(tx, some)
      const isFull = tx.ready()
      if (isFull !== null) await isFull
    }
    if (this.#random.chance(Number(this.#text('abort')))) {
      // Else most of it is never sent.
      if (this.#random.chance(0.7)) await this.#producer.flush()
      throw new Abort()
    }
    await this.#addOffsets(tx)
    this.#did('committing', { transaction: this.#transaction })
    this.#history.flush()
  }

  async #addOffsets(tx: Tx): Promise<void> {
    const topic = this.#text('input')
    const metadata = `${this.#client}:${this.#transaction}`
    const offsets: OffsetToCommit[] = [...this.#moves].map(([partition, offset]) => {
      this.#did('moving', { topic: INPUT, partition, offset, transaction: this.#transaction })
      return { topic, partition, offset, metadata }
    })
    this.#history.flush()
    await tx.sendOffsets(this.#consumer, offsets)
  }

  #copy(tx: Tx, records: readonly ConsumerRecord[]): void {
    const transaction = this.#transaction
    const copies = records.map((record) => {
      const { partition, offset } = record
      const { isDamaged, ...read } = readPayload(record.value)
      const detail = READ.committed | (isDamaged ? READ.damaged : 0)
      this.#did('read', { ...read, topic: INPUT, partition, offset, detail, transaction })
      const copy = {
        ...{ sender: this.#client, number: ++this.#numbers },
        ...{ otherPartition: partition, otherOffset: offset },
      }
      const target = { topic: OUTPUT, partition: this.#target(record), transaction }
      this.#did('send', { ...copy, ...target })
      return { record, read, copy, target }
    })
    this.#history.flush()
    for (const { record, read, copy, target } of copies) {
      this.#moves.set(record.partition, record.offset + 1)
      this.#send(tx, { record, read, copy, target })
    }
  }

  #send(
    tx: Tx,
    {
      record,
      read,
      copy,
      target,
    }: {
      readonly record: ConsumerRecord
      readonly read: Origin
      readonly copy: Origin
      readonly target: Partial<Operation> & { readonly partition: number }
    },
  ): void {
    const sent = tx.send({
      ...{ topic: this.#text('output'), partition: target.partition },
      ...{ key: record.key, value: copyOf(record.value!, read, copy) },
    })
    sent.then(
      ({ offset }) => this.#did('acked', { ...copy, ...target, offset }),
      // The transaction tells why.
      () => {},
    )
  }

  #target({ key }: ConsumerRecord): number {
    return key!.readUInt32BE(0) % this.#number('out-partitions')
  }

  /** Waits a moment for records. @returns whether there are any */
  async #takeSoon(): Promise<boolean> {
    while (this.#rest.length === 0) {
      this.#asked ??= this.#batches.next()
      const given = await Promise.race([this.#asked, delay(SOON_MS, null)])
      if (given === null) return false
      this.#asked = null
      if (given.done === true) throw new Error('the consumer has ended by itself')
      this.#rest = [...given.value]
    }
    return true
  }

  /** What was read for a transaction that is aborted is read again, and what was asked for given up. */
  async #goBack(): Promise<void> {
    await this.#batches.return!()
    this.#asked?.catch(() => {})
    this.#asked = null
    this.#rest = []
    for (let isBack = false; !isBack;) {
      try {
        await this.#consumer.seekToCommitted()
        isBack = true
      } catch (error) {
        if (!(error instanceof SluiceError) || !error.retriable) throw error
        process.stderr.write(`asks again: ${error.message}\n`)
      }
    }
    this.#positions(this.#consumer.assignment())
    this.#batches = this.#consumer.batches()
  }

  /** Until this returns they are still ours: what was copied of them may be committed, or not. */
  async #leave(): Promise<void> {
    this.#isLeaving = true
    await this.#running.catch(() => {})
    this.#isLeaving = false
  }

  #positions(partitions: readonly PartitionRef[]): void {
    for (const { topic, partition } of partitions) {
      // Where nothing is committed reading begins at the beginning, which is 0.
      const offset = Math.max(0, this.#consumer.position({ topic, partition }))
      this.#did('position', { topic: INPUT, partition, offset, detail: READ.committed })
    }
    this.#history.flush()
  }

  #did(kind: KindName, fields: Partial<Operation>): void {
    this.#history.add(operation(kind, { ...fields, client: this.#client, step: ++this.#step }))
  }

  #text(name: string): string {
    const value = this.#words.get(name)
    if (value === undefined) throw new Error(`--${name} is missing`)
    return value
  }

  #number(name: string): number {
    return Number(this.#text(name))
  }
}

const words = process.argv.slice(2)
const pairs = words.flatMap((word, at) => (at % 2 === 0 ? [[word.slice(2), words[at + 1]!]] : []))
const copier = new Copier(new Map(pairs as [string, string][]))
process.stdin.once('data', () => copier.stop())
process.stdin.once('end', () => copier.stop())
try {
  await copier.run()
  process.exit(0)
} catch (error) {
  process.stderr.write(`ends: ${error instanceof SluiceError ? error.message : String(error)}\n`)
  copier.end()
  if (!(error instanceof SluiceError)) throw error
  process.exit(LIFE_IS_OVER)
}
