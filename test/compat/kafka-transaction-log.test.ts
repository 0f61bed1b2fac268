// Kafka's own tool over the log in which we keep transactions: every record is read, and says what we meant.
// Needs Java and Maven, and is left out, with a line that says so, where they are missing; a
// continuous-integration run must have them.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS } from '../../src/base/errors.ts'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { END_TXN } from '../../src/protocol/kafka/gen/end-txn.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { INIT_PRODUCER_ID } from '../../src/protocol/kafka/gen/init-producer-id.ts'
import { PRODUCE, type ProduceRequestInit } from '../../src/protocol/kafka/gen/produce.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { fetchKafka, runKafkaClass } from '../../tools/kafka/fetch.mjs'
import { testBatch } from '../support/batches.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`test/compat/kafka-transaction-log.test.ts is left out: ${missing}\n`)
}

const ID = 'shop'

/** Writes one batch to each partition; again while the transaction before still ends. */
async function write(client: KafkaClient, request: ProduceRequestInit): Promise<void> {
  for (;;) {
    const { responses } = await client.call(PRODUCE, 12, request)
    const errors = responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)
    if (errors.every((error) => error === 0)) return
    expect(errors.every((error) => error === ERRORS.CONCURRENT_TRANSACTIONS.id)).toBe(true)
  }
}

interface Answer {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** A transaction of two partitions that is committed, and one that is left open. */
async function writeTransactions(client: KafkaClient): Promise<void> {
  const topics = [
    { name: 'orders', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] },
  ]
  await client.call(CREATE_TOPICS, 5, { topics, timeoutMs: 10_000, validateOnly: false })
  await client.call(FIND_COORDINATOR, 4, { keyType: 1, coordinatorKeys: [ID] })
  const init = { transactionalId: ID, transactionTimeoutMs: 60_000 }
  let by: Answer = await client.call(INIT_PRODUCER_ID, 5, init)
  expect(by.errorCode).toBe(0)
  for (const partitions of [[0, 1], [1]]) {
    const partitionData = partitions.map((index) => {
      const { producerId, producerEpoch } = by
      const header = { producerId, producerEpoch, baseSequence: 0, attributes: TRANSACTIONAL_FLAG }
      return { index, records: testBatch(header) }
    })
    const topicData = [{ name: 'orders', partitionData }]
    const request = { transactionalId: ID, acks: -1, timeoutMs: 10_000, topicData }
    await write(client, request)
    if (partitions.length === 1) return
    const { producerId, producerEpoch } = by
    by = await client.call(END_TXN, 5, {
      transactionalId: ID,
      producerId,
      producerEpoch,
      committed: true,
    })
    expect(by.errorCode).toBe(0)
  }
}

test.skipIf(missing !== null)(
  'Kafka reads every step of a transaction',
  async () => {
    const directory = temporaryDirectory()
    const flags = ['--set', 'transaction.state.log.num.partitions=1']
    const broker = await BrokerProcess.start(directory, flags)
    const client = await KafkaClient.connect(broker.addresses.kafka)
    await writeTransactions(client)
    client.close()
    await broker.stop()
    const log = join(directory, '__transaction_state-0', '00000000000000000000.log')
    const options = ['--transaction-log-decoder', '--files', log]
    const { stdout, stderr } = runKafkaClass(
      classpath!,
      'org.apache.kafka.tools.DumpLogSegments',
      options,
    )
    expect(stderr).toBe('')
    const records = [...stdout.matchAll(/ key: (\{.*\}) payload: (\{.*\})$/gm)].map(
      ([, key, value]) => {
        return { ...(JSON.parse(key!) as Dumped).data, ...(JSON.parse(value!) as Dumped).data }
      },
    )
    const both = [{ topic: 'orders', partitionIds: [0, 1] }]
    const one = { transactionalId: ID, producerId: 0, transactionTimeoutMs: 60_000 }
    const then = { ...one, previousProducerId: 0, clientTransactionVersion: 2 }
    expect(records).toMatchObject([
      { ...one, producerEpoch: 0, transactionStatus: 0, transactionPartitions: null },
      { ...then, producerEpoch: 0, transactionStatus: 1, transactionPartitions: both },
      { ...then, producerEpoch: 1, transactionStatus: 2, transactionPartitions: both },
      { ...then, producerEpoch: 1, transactionStatus: 4, transactionPartitions: [] },
      {
        ...{ ...then, producerEpoch: 1, transactionStatus: 1 },
        transactionPartitions: [{ topic: 'orders', partitionIds: [1] }],
      },
    ])
  },
  120_000,
)

interface Dumped {
  readonly data: Record<string, unknown>
}
