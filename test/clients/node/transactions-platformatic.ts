// Transactions of ../README.md with @platformatic/kafka.
//
//   node transactions-platformatic.ts <bootstrap> <prefix of names>

import { Admin, Consumer, FetchIsolationLevels, Producer } from '@platformatic/kafka'
import type { Message, MessagesStream } from '@platformatic/kafka'
import { text, until } from './scenario.ts'
import { aMoment, runTransactions } from './transactions.ts'
import type { Isolation, PlacedValue, Reader, Transaction } from './transactions.ts'
import type { TransactionalClient, TransactionalProducer } from './transactions.ts'

const [bootstrap, prefix] = process.argv.slice(2) as [string, string]

type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>
type BufferMessage = Message<Buffer, Buffer, Buffer, Buffer>

const options = { clientId: prefix, bootstrapBrokers: [bootstrap], retries: 8, retryDelay: 100 }
/** Else it asks to go on as producer 0 of epoch 0, which an id that somebody else had is refused. */
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1 }
const admin = new Admin(options)
const plain = new Producer(options)
let views = 0

/** A member of a group, and what it has read. */
class GroupReader implements Reader {
  readonly messages: BufferMessage[] = []
  readonly consumer: Consumer
  readonly #stream: Stream

  constructor(consumer: Consumer, stream: Stream) {
    this.consumer = consumer
    this.#stream = stream
    stream.on('data', (message) => this.messages.push(message))
    stream.on('error', () => {})
  }

  async stop(): Promise<void> {
    await this.#stream.close()
    await this.consumer.close()
  }
}

const client: TransactionalClient = {
  hasEmptyTransactions: false,
  createTopic: async (topic, partitions) => {
    await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  },
  send: async (topic, records) => {
    await plain.send({ messages: messagesOf(topic, records), acks: -1 })
  },
  producer: newProducer,
  view,
  reader: async (group, topic, count) => {
    const reader = await newReader(group, topic, 'read_committed')
    await until(`${count} records`, () => reader.messages.length >= count)
    return reader
  },
  committedOffset: async (group, topic) => {
    const described = await admin.listConsumerGroupOffsets({
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }],
    })
    const partitions = described[0]?.topics.find(({ name }) => name === topic)?.partitions
    return Number(partitions?.[0]?.committedOffset ?? -1)
  },
  // It hands out what it fetched before a rebalance with the generation of after it: no copier can be safe.
  copier: null,
  errorName: nameOf,
}

await runTransactions(client, prefix)
process.exit(0)

async function newProducer(
  transactionalId: string,
  timeoutMs = 60_000,
): Promise<TransactionalProducer> {
  const producer = new Producer({
    ...{ ...options, ...NO_PRODUCER, transactionalId, idempotent: true },
    timeout: timeoutMs,
  })
  // It takes the id, so that it is begun before the first is asked for.
  let next: Awaited<ReturnType<Producer['beginTransaction']>> | null
  next = await producer.beginTransaction()
  return {
    begin: async () => {
      const transaction = next ?? (await producer.beginTransaction())
      next = null
      return {
        send: async (topic, records) => {
          await transaction.send({ messages: messagesOf(topic, records), acks: -1 })
        },
        sendOffset: async (reader, offset) => {
          const { consumer, messages } = reader as GroupReader
          await transaction.addConsumer(consumer)
          await transaction.addOffset(messages[offset - 1]!)
        },
        commit: () => transaction.commit(),
        abort: () => transaction.abort(),
      } satisfies Transaction
    },
    close: () => producer.close(),
  }
}

function messagesOf(topic: string, records: readonly PlacedValue[]) {
  return records.map(({ partition, value }) => ({ topic, partition, value: Buffer.from(value) }))
}

function newConsumer(groupId: string, isolation: Isolation): Consumer {
  const isolationLevel =
    isolation === 'read_committed'
      ? FetchIsolationLevels.READ_COMMITTED
      : FetchIsolationLevels.READ_UNCOMMITTED
  const times = { sessionTimeout: 10_000, rebalanceTimeout: 10_000, heartbeatInterval: 300 }
  return new Consumer({ ...options, groupId, isolationLevel, maxWaitTime: 100, ...times })
}

async function newReader(group: string, topic: string, isolation: Isolation): Promise<GroupReader> {
  const consumer = newConsumer(group, isolation)
  const place = { mode: 'committed', fallbackMode: 'earliest' } as const
  const stream = await consumer.consume({ topics: [topic], ...place, autocommit: false })
  return new GroupReader(consumer, stream)
}

async function view(topic: string, isolation: Isolation, count: number): Promise<string[]> {
  views += 1
  const reader = await newReader(`${prefix}-view-${views}`, topic, isolation)
  await until(`${count} records of ${topic}`, () => reader.messages.length >= count)
  await aMoment()
  const found = reader.messages.map(({ value, offset }) => `${text(value)}@${offset}`)
  await reader.stop()
  return found
}

/** What the broker said lies below what each layer of the client says. */
function nameOf(error: Error): string {
  const told = error as Error & { apiId?: string; errors?: Error[]; code?: string }
  if (told.apiId !== undefined) return told.apiId
  for (const inner of [...(told.errors ?? []), told.cause]) {
    if (inner instanceof Error) return nameOf(inner)
  }
  return told.code ?? told.name
}
