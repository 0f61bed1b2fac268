// Transactions of ../README.md with kafkajs.
//
//   node transactions-kafkajs.ts <bootstrap> <prefix of names>
//
// It does not tell the coordinator which member of a group commits offsets in a transaction, so that a
// copier has a transactional id for each partition that it reads, as copiers had before KIP-447.

import kafkajs, { type Consumer, type EachBatchPayload, type Producer } from 'kafkajs'
import { text, until } from './scenario.ts'
import { aMoment, runTransactions, type Copier, type CopierNames } from './transactions.ts'
import type { Isolation, PlacedValue, Reader, TransactionalClient } from './transactions.ts'
import type { TransactionalProducer } from './transactions.ts'

const { Kafka, logLevel } = kafkajs
const [bootstrap, prefix] = process.argv.slice(2) as [string, string]

const kafka = new Kafka({
  clientId: prefix,
  brokers: [bootstrap],
  logLevel: logLevel.NOTHING,
  retry: { retries: 8, initialRetryTime: 50 },
})
const admin = kafka.admin()
await admin.connect()
const plain = kafka.producer()
await plain.connect()
let views = 0

class GroupReader implements Reader {
  readonly group: string
  readonly topic: string
  readonly #consumer: Consumer

  constructor(group: string, topic: string, consumer: Consumer) {
    this.group = group
    this.topic = topic
    this.#consumer = consumer
  }

  async stop(): Promise<void> {
    await this.#consumer.disconnect()
  }
}

class PartitionCopier implements Copier {
  readonly #names: CopierNames
  readonly #consumer: Consumer
  /** A producer for each partition that it reads. */
  #producers = new Map<number, Producer>()
  #owned = 0
  #isLeaving = false
  #opened: () => void = () => {}

  constructor(names: CopierNames) {
    this.#names = names
    this.#consumer = newConsumer(names.group, 'read_committed')
  }

  async start(): Promise<void> {
    this.#consumer.on('consumer.group_join', ({ payload }) => {
      this.#owned = payload.memberAssignment[this.#names.source]?.length ?? 0
      // Those that come again fence whoever had them between.
      this.#producers = new Map()
    })
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [this.#names.source], fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      eachBatch: (payload) => this.#copy(payload),
    })
  }

  owned(): number {
    return this.#owned
  }

  async abandon(): Promise<void> {
    const opened = new Promise<void>((resolve) => {
      this.#opened = resolve
    })
    this.#isLeaving = true
    await opened
    await this.#consumer.disconnect()
  }

  async stop(): Promise<void> {
    await this.#consumer.disconnect()
  }

  async #copy({ batch }: EachBatchPayload): Promise<void> {
    if (batch.messages.length === 0) return
    const { group, source, into } = this.#names
    const transaction = await (await this.#producerOf(batch.partition)).transaction()
    const messages = batch.messages.map(({ value }) => {
      return { partition: 0, value: text(value)!.toUpperCase() }
    })
    await transaction.send({ topic: into, messages })
    const offset = String(Number(batch.lastOffset()) + 1)
    const topics = [{ topic: source, partitions: [{ partition: batch.partition, offset }] }]
    await transaction.sendOffsets({ consumerGroupId: group, topics })
    if (this.#isLeaving) this.#opened()
    else await transaction.commit()
  }

  async #producerOf(partition: number): Promise<Producer> {
    const known = this.#producers.get(partition)
    if (known !== undefined) return known
    const transactionalId = `${this.#names.group}-${partition}`
    const producer = kafka.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    this.#producers.set(partition, producer)
    return producer
  }
}

const client: TransactionalClient = {
  hasEmptyTransactions: true,
  createTopic: async (topic, numPartitions) => {
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true })
  },
  send: async (topic, records) => {
    await plain.send({ topic, messages: [...records] })
  },
  producer: newProducer,
  view,
  reader: async (group, topic, count) => {
    const consumer = newConsumer(group, 'read_committed')
    await readInto([], consumer, topic, count)
    return new GroupReader(group, topic, consumer)
  },
  committedOffset: async (groupId, topic) => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return Number(found?.partitions.find(({ partition }) => partition === 0)?.offset ?? -1)
  },
  copier: async (names) => {
    const copier = new PartitionCopier(names)
    await copier.start()
    return copier
  },
  errorName: (error) => {
    const cause = (error as Error & { cause?: Error }).cause ?? error
    return (cause as Error & { type?: string }).type ?? cause.name
  },
}

await runTransactions(client, prefix)
process.exit(0)

async function newProducer(
  transactionalId: string,
  transactionTimeout = 60_000,
): Promise<TransactionalProducer> {
  const options = { transactionalId, transactionTimeout, maxInFlightRequests: 1, idempotent: true }
  const producer = kafka.producer(options)
  await producer.connect()
  // An id is taken by the first transaction.
  await (await producer.transaction()).abort()
  return {
    begin: async () => {
      const transaction = await producer.transaction()
      return {
        send: async (topic: string, records: readonly PlacedValue[]) => {
          await transaction.send({ topic, messages: [...records] })
        },
        sendOffset: async (reader: Reader, offset: number) => {
          const { group, topic } = reader as GroupReader
          const partitions = [{ partition: 0, offset: String(offset) }]
          await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions }] })
        },
        commit: () => transaction.commit(),
        abort: () => transaction.abort(),
      }
    },
    close: () => producer.disconnect(),
  }
}

function newConsumer(groupId: string, isolation: Isolation): Consumer {
  return kafka.consumer({
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 300,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 100,
    readUncommitted: isolation === 'read_uncommitted',
  })
}

/** It reads in groups alone: each view has one of its own. */
async function view(topic: string, isolation: Isolation, count: number): Promise<string[]> {
  views += 1
  const consumer = newConsumer(`${prefix}-view-${views}`, isolation)
  const found: string[] = []
  await readInto(found, consumer, topic, count)
  await aMoment()
  await consumer.disconnect()
  return found
}

async function readInto(
  found: string[],
  consumer: Consumer,
  topic: string,
  count: number,
): Promise<void> {
  let fetches = 0
  consumer.on('consumer.fetch', () => {
    fetches += 1
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      found.push(`${text(message.value)}@${message.offset}`)
    },
  })
  await until(`${count} records of ${topic}`, () => fetches > 0 && found.length >= count)
}
