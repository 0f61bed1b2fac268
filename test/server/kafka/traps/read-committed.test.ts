// What readers of committed records are told, by Fetch and ListOffsets: where they may read to, and which
// transactions to drop.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sequenceAfter } from '../../../../src/record/sequence.ts'
import { ERRORS } from '../../../../src/base/errors.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { END_TXN } from '../../../../src/protocol/kafka/gen/end-txn.ts'
import { FETCH, type PartitionData } from '../../../../src/protocol/kafka/gen/fetch.ts'
import { INIT_PRODUCER_ID } from '../../../../src/protocol/kafka/gen/init-producer-id.ts'
import { LIST_OFFSETS } from '../../../../src/protocol/kafka/gen/list-offsets.ts'
import { METADATA } from '../../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { testBatch, type TestBatch } from '../../../support/batches.ts'
import { TestBroker } from '../../../support/broker.ts'
import { KafkaClient } from '../../../support/kafka-client.ts'

const TRANSACTIONAL = 0x10
const READ_COMMITTED = 1

/** Of all records. Markers have the broker's time, and an older one would begin another segment. */
const T = Date.now()

let broker: TestBroker
let client: KafkaClient

beforeAll(async () => {
  broker = await TestBroker.start()
  client = await KafkaClient.connect(broker.kafkaPort)
})

afterAll(async () => {
  client.close()
  await broker.remove()
})

/** A new topic with one partition. */
async function topic(name: string): Promise<string> {
  const { topics } = await client.call(METADATA, 12, { topics: [{ name }] })
  expect(topics[0]!.errorCode).toBe(0)
  return name
}

/** One transaction after the other, as clients have them that name their partitions first. */
class Producer {
  readonly #transactionalId: string
  #producer = { producerId: -1, producerEpoch: -1 }
  #sequence = 0
  #hasBegun = false

  constructor(transactionalId: string) {
    this.#transactionalId = transactionalId
  }

  get producerId(): number {
    return this.#producer.producerId
  }

  async init(): Promise<this> {
    const request = { transactionalId: this.#transactionalId, transactionTimeoutMs: 60_000 }
    const { errorCode, ...producer } = await client.call(INIT_PRODUCER_ID, 4, request)
    expect(errorCode).toBe(0)
    this.#producer = producer
    return this
  }

  async send(topicName: string, ...values: string[]): Promise<number> {
    if (!this.#hasBegun) await this.#add(topicName)
    const stamp = { ...this.#producer, baseSequence: this.#sequence, attributes: TRANSACTIONAL }
    this.#sequence = sequenceAfter(this.#sequence, values.length)
    return await produce(topicName, values, stamp, this.#transactionalId)
  }

  async end(committed: boolean): Promise<void> {
    const request = { transactionalId: this.#transactionalId, ...this.#producer, committed }
    const { errorCode } = await client.call(END_TXN, 3, request)
    expect(errorCode).toBe(0)
    this.#hasBegun = false
  }

  /** The transaction before may still be ending. */
  async #add(name: string): Promise<void> {
    const v3AndBelowTransactionalId = this.#transactionalId
    const { producerId: v3AndBelowProducerId, producerEpoch: v3AndBelowProducerEpoch } =
      this.#producer
    const request = {
      ...{ v3AndBelowTransactionalId, v3AndBelowProducerId, v3AndBelowProducerEpoch },
      v3AndBelowTopics: [{ name, partitions: [0] }],
    }
    for (;;) {
      const answer = await client.call(ADD_PARTITIONS_TO_TXN, 3, request)
      const [topicAnswer] = answer.resultsByTopicV3AndBelow
      const code = topicAnswer!.resultsByPartition[0]!.partitionErrorCode
      if (code === ERRORS.CONCURRENT_TRANSACTIONS.id) continue
      expect(code).toBe(0)
      this.#hasBegun = true
      return
    }
  }
}

/** @returns the base offset */
async function produce(
  name: string,
  values: readonly string[],
  batch: TestBatch = {},
  transactionalId: string | null = null,
): Promise<number> {
  const records = testBatch({ ...batch, timestamp: T, records: values.map((value) => ({ value })) })
  const topicData = [{ name, partitionData: [{ index: 0, records }] }]
  const request = { transactionalId, acks: -1, timeoutMs: 5_000, topicData }
  const answer = await client.call(PRODUCE, 9, request)
  const [partition] = answer.responses[0]!.partitionResponses
  expect(partition!.errorCode).toBe(0)
  return partition!.baseOffset
}

async function fetch(
  name: string,
  fetchOffset: number,
  isolationLevel = READ_COMMITTED,
  maxWaitMs = 0,
  connection = client,
): Promise<PartitionData> {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }]
  const request = { maxWaitMs, minBytes: 1, isolationLevel, topics: [{ topic: name, partitions }] }
  const answer = await connection.call(FETCH, 12, request)
  expect(answer.errorCode).toBe(0)
  return answer.responses[0]!.partitions[0]!
}

/** Fetches until the last stable offset has come this far: markers follow the answer to EndTxn. */
async function settled(name: string, offset: number): Promise<void> {
  while ((await fetch(name, 0)).lastStableOffset < offset) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function latest(name: string, isolationLevel: number, timestamp = -1): Promise<number> {
  const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp, currentLeaderEpoch: -1 }] }]
  const answer = await client.call(LIST_OFFSETS, 7, { replicaId: -1, isolationLevel, topics })
  return answer.topics[0]!.partitions[0]!.offset
}

test('an open transaction holds readers of committed records back, and no others', async () => {
  const name = await topic('open')
  await produce(name, ['plain'])
  const producer = await new Producer('open').init()
  await producer.send(name, 'a', 'b')
  await produce(name, ['behind'])
  const committed = await fetch(name, 0)
  expect(committed).toMatchObject({ highWatermark: 4, lastStableOffset: 1 })
  expect(committed.abortedTransactions).toEqual([])
  const all = await fetch(name, 0, 0)
  expect(all).toMatchObject({ highWatermark: 4, lastStableOffset: 1, abortedTransactions: null })
  expect(all.records!.byteLength).toBeGreaterThan(committed.records!.byteLength)
  expect(await latest(name, READ_COMMITTED)).toBe(1)
  expect(await latest(name, 0)).toBe(4)
  expect(await latest(name, READ_COMMITTED, T)).toBe(0)
  expect(await latest(name, READ_COMMITTED, T + 1)).toBe(-1)
})

test('a reader that waits is woken by the end of the transaction', async () => {
  const name = await topic('wakes')
  const producer = await new Producer('wakes').init()
  await producer.send(name, 'a')
  // Requests of one connection wait for each other.
  const other = await KafkaClient.connect(broker.kafkaPort)
  const waiting = fetch(name, 0, READ_COMMITTED, 60_000, other)
  await produce(name, ['behind'])
  await producer.end(true)
  const { lastStableOffset, records, abortedTransactions } = await waiting
  other.close()
  expect(lastStableOffset).toBe(3)
  expect(records!.byteLength).toBeGreaterThan(0)
  expect(abortedTransactions).toEqual([])
})

describe('aborted transactions', () => {
  test('are named where their records are, and nowhere else', async () => {
    const name = await topic('aborted')
    const [first, second] = [await new Producer('a1').init(), await new Producer('a2').init()]
    await first.send(name, 'x') // 0
    await second.send(name, 'y') // 1
    await first.send(name, 'x') // 2
    await first.end(false) // 3
    await second.end(true) // 4
    await settled(name, 5)
    await second.send(name, 'y') // 5
    await second.end(false) // 6
    await settled(name, 7)
    const { producerId } = first
    const [one, two] = [
      { producerId, firstOffset: 0 },
      { producerId: second.producerId, firstOffset: 5 },
    ]
    expect((await fetch(name, 0)).abortedTransactions).toEqual([one, two])
    expect((await fetch(name, 3)).abortedTransactions).toEqual([one, two])
    expect((await fetch(name, 4)).abortedTransactions).toEqual([two])
    expect((await fetch(name, 0, 0)).abortedTransactions).toBeNull()
    expect(await latest(name, READ_COMMITTED)).toBe(7)
  })

  test('are known again when the broker was stopped', async () => {
    const name = await topic('stopped')
    const [aborts, stays] = [await new Producer('k1').init(), await new Producer('k2').init()]
    await aborts.send(name, 'x')
    await aborts.end(false)
    await settled(name, 2)
    await stays.send(name, 'y')
    await produce(name, ['behind'])
    client.close()
    await broker.stop()
    await broker.open()
    client = await KafkaClient.connect(broker.kafkaPort)
    const again = await fetch(name, 0)
    expect(again).toMatchObject({ highWatermark: 4, lastStableOffset: 2 })
    expect(again.abortedTransactions).toEqual([{ producerId: aborts.producerId, firstOffset: 0 }])
    await stays.end(true)
    await settled(name, 5)
  })
})
