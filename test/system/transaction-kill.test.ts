// A broker that is killed in every state of a transaction: what was answered holds, what was not is all
// there or not at all, and nothing keeps the next producer, or readers, from going on.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { DESCRIBE_PRODUCERS } from '../../src/protocol/kafka/gen/describe-producers.ts'
import { END_TXN } from '../../src/protocol/kafka/gen/end-txn.ts'
import { FETCH } from '../../src/protocol/kafka/gen/fetch.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { INIT_PRODUCER_ID } from '../../src/protocol/kafka/gen/init-producer-id.ts'
import { PRODUCE } from '../../src/protocol/kafka/gen/produce.ts'
import { isControl } from '../../src/record/batch-header.ts'
import { decodeBatch, splitBatches } from '../../src/record/batch-reader.ts'
import { decodeMarker } from '../../src/record/control-record.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { testBatch } from '../support/batches.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'

const ID = 'shop'
const TOPIC = 'orders'
const PARTITIONS = [0, 1]
const FLAGS = ['--set', 'transaction.state.log.num.partitions=2']

const core = StorageCore.load()

let directory: string
let broker: BrokerProcess
let client: KafkaClient

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'transaction-kill-'))
  await start()
  const topics = [
    { name: TOPIC, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] },
  ]
  await client.call(CREATE_TOPICS, 5, { topics, timeoutMs: 10_000, validateOnly: false })
}, 60_000)

afterAll(async () => {
  client.close()
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

async function start(): Promise<void> {
  broker = await BrokerProcess.start(directory, FLAGS)
  client = await KafkaClient.connect(broker.addresses.kafka)
}

async function killAndRestart(): Promise<void> {
  await broker.stop('SIGKILL')
  client.close()
  await start()
}

/** Asks until the answer is not one to try again. */
async function settled<T extends { readonly errorCode: number }>(
  ask: () => Promise<T>,
): Promise<T> {
  const again = [14, 15, 16, 51] // loading, not available, not the coordinator, concurrent
  for (;;) {
    const answer = await ask()
    if (!again.includes(answer.errorCode)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

async function init(): Promise<Identity> {
  await client.call(FIND_COORDINATOR, 4, { keyType: 1, coordinatorKeys: [ID] })
  const request = { transactionalId: ID, transactionTimeoutMs: 60_000 }
  const answer = await settled(() => client.call(INIT_PRODUCER_ID, 5, request))
  expect(answer.errorCode).toBe(0)
  return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
}

/** One record to each partition. */
async function write(by: Identity, value: string): Promise<void> {
  const records = (): Buffer => {
    const attributes = TRANSACTIONAL_FLAG
    return testBatch({ records: [{ value }], ...by, baseSequence: 0, attributes })
  }
  const partitionData = PARTITIONS.map((index) => ({ index, records: records() }))
  const topicData = [{ name: TOPIC, partitionData }]
  const request = { transactionalId: ID, acks: -1, timeoutMs: 10_000, topicData }
  const { responses } = await client.call(PRODUCE, 12, request)
  expect(responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)).toEqual([0, 0])
}

/** How a reader of everything sees each value: with the outcome of its transaction. */
async function outcomes(partition: number): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  let open: string[] = []
  for (let fetchOffset = 0; ;) {
    const partitions = [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }]
    const topics = [{ topic: TOPIC, partitions }]
    const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, isolationLevel: 0, topics }
    const { responses } = await client.call(FETCH, 11, request)
    const { batches } = splitBatches(responses[0]!.partitions[0]!.records ?? Buffer.alloc(0))
    if (batches.length === 0) return found
    for (const batch of batches) {
      const records = decodeBatch(core, batch)
      fetchOffset = records.at(-1)!.offset + 1
      if (!isControl(batch.header.attributes)) {
        open.push(...records.map(({ value }) => Buffer.from(value!).toString()))
        continue
      }
      const { type } = decodeMarker(records[0]!.key, records[0]!.value)!
      for (const value of open) found.set(value, type)
      open = []
    }
  }
}

async function openTransactions(): Promise<number> {
  const topics = [{ name: TOPIC, partitionIndexes: PARTITIONS }]
  const answer = await client.call(DESCRIBE_PRODUCERS, 0, { topics })
  const producers = answer.topics[0]!.partitions.flatMap(({ activeProducers }) => activeProducers)
  return producers.filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0).length
}

type Moment = 'initialized' | 'written' | 'ending' | 'ended' | 'ended a moment ago'

test.each<[Moment, 'commit' | 'abort', string[]]>([
  ['initialized', 'commit', []],
  ['written', 'commit', ['abort']],
  ['ending', 'commit', ['abort', 'commit']],
  ['ending', 'abort', ['abort']],
  ['ended', 'commit', ['commit']],
  ['ended', 'abort', ['abort']],
  ['ended a moment ago', 'commit', ['commit']],
])(
  'killed when it is %s (%s)',
  async (moment, outcome, expected) => {
    const value = `${moment} ${outcome}`
    const producer = await init()
    if (moment !== 'initialized') await write(producer, value)
    const end = { transactionalId: ID, ...producer, committed: outcome === 'commit' }
    if (moment === 'ending') client.send(END_TXN as never, 5, end as never)
    if (moment.startsWith('ended')) {
      const answer = await client.call(END_TXN, 5, end)
      expect(answer).toMatchObject({ errorCode: 0, producerEpoch: producer.producerEpoch + 1 })
    }
    if (moment === 'ended a moment ago') await new Promise((resolve) => setTimeout(resolve, 200))
    await killAndRestart()
    if (moment.startsWith('ended')) {
      // The answer may have got lost: it is the same again.
      const answer = await settled(() => client.call(END_TXN, 5, end))
      expect(answer).toMatchObject({ errorCode: 0, producerEpoch: producer.producerEpoch + 1 })
    }
    const successor = await init()
    expect(successor.producerId).toBe(producer.producerId)
    expect(successor.producerEpoch).toBeGreaterThan(producer.producerEpoch)
    expect(await openTransactions()).toBe(0)
    const seen = [(await outcomes(0)).get(value), (await outcomes(1)).get(value)]
    expect(seen[0]).toBe(seen[1])
    if (expected.length === 0) expect(seen[0]).toBeUndefined()
    else expect(expected).toContain(seen[0])
  },
  60_000,
)
