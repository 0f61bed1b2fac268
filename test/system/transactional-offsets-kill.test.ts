// Offsets of a group in transactions, by a broker that is killed: what waits for its transaction still waits
// afterwards, what was decided counts or does not, and a plain commit behind them has the last word.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { END_TXN } from '../../src/protocol/kafka/gen/end-txn.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { INIT_PRODUCER_ID } from '../../src/protocol/kafka/gen/init-producer-id.ts'
import { OFFSET_COMMIT } from '../../src/protocol/kafka/gen/offset-commit.ts'
import { OFFSET_FETCH } from '../../src/protocol/kafka/gen/offset-fetch.ts'
import { TXN_OFFSET_COMMIT } from '../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'

const FLAGS = ['offsets.topic.num.partitions=1', 'transaction.state.log.num.partitions=1'].flatMap(
  (option) => ['--set', option],
)

/** Loading, not available, not the coordinator, concurrent transactions. */
const AGAIN = [14, 15, 16, 51]

const UNSTABLE = 88

let directory: string
let broker: BrokerProcess
let client: KafkaClient

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'transactional-offsets-kill-'))
  await start()
  const topic = { name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  await client.call(CREATE_TOPICS, 5, { topics: [topic], timeoutMs: 10_000, validateOnly: false })
  await client.call(FIND_COORDINATOR, 4, { keyType: 0, coordinatorKeys: ['any'] })
  await client.call(FIND_COORDINATOR, 4, { keyType: 1, coordinatorKeys: ['any'] })
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

async function settled<T>(codeOf: (answer: T) => number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (!AGAIN.includes(codeOf(answer))) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

async function init(transactionalId: string): Promise<Producer> {
  const request = { transactionalId, transactionTimeoutMs: 60_000 }
  const { producerId, producerEpoch } = await settled(
    ({ errorCode }) => errorCode,
    () => client.call(INIT_PRODUCER_ID, 5, request),
  )
  return { transactionalId, producerId, producerEpoch }
}

function topicsOf(partition: number, offset: number) {
  const given = { partitionIndex: partition, committedOffset: offset, committedMetadata: '' }
  return [{ name: 't', partitions: [given] }]
}

async function commitInTransaction(
  producer: Producer,
  groupId: string,
  partition: number,
  offset: number,
): Promise<void> {
  const topics = topicsOf(partition, offset)
  const answer = await settled(
    ({ topics: [topic] }) => topic!.partitions[0]!.errorCode,
    () => client.call(TXN_OFFSET_COMMIT, 5, { ...producer, groupId, memberId: '', topics }),
  )
  expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0)
}

async function commit(groupId: string, partition: number, offset: number): Promise<void> {
  const answer = await settled(
    ({ topics: [topic] }) => topic!.partitions[0]!.errorCode,
    () =>
      client.call(OFFSET_COMMIT, 6, { groupId, memberId: '', topics: topicsOf(partition, offset) }),
  )
  expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0)
}

/** Offsets of both partitions, -1 for none; a word for those that wait. */
async function offsets(groupId: string): Promise<(number | 'waits')[]> {
  const groups = [{ groupId, topics: [{ name: 't', partitionIndexes: [0, 1] }] }]
  const answer = await settled(
    ({ groups: [group] }) => group!.errorCode,
    () => client.call(OFFSET_FETCH, 8, { groups, requireStable: true }),
  )
  return answer.groups[0]!.topics[0]!.partitions.map(({ errorCode, committedOffset }) => {
    return errorCode === UNSTABLE ? 'waits' : committedOffset
  })
}

/** Once everything is decided. */
async function stable(groupId: string): Promise<(number | 'waits')[]> {
  for (;;) {
    const now = await offsets(groupId)
    if (!now.includes('waits')) return now
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function end(producer: Producer, committed: boolean): Promise<Producer> {
  const { transactionalId } = producer
  const answer = await settled(
    ({ errorCode }) => errorCode,
    () => client.call(END_TXN, 5, { ...producer, committed }),
  )
  expect(answer.errorCode).toBe(0)
  return { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
}

test.each([
  ['commit', true, [7, 3]],
  ['abort', false, [1, 3]],
] as const)(
  'offsets wait over a kill, and %s ends that',
  async (groupId, isCommit, expected) => {
    const producer = await init(groupId)
    await commit(groupId, 0, 1)
    await commitInTransaction(producer, groupId, 0, 7)
    await commitInTransaction(producer, groupId, 1, 9)
    // A plain commit behind it has the last word, whatever becomes of the transaction.
    await commit(groupId, 1, 3)
    expect(await offsets(groupId)).toEqual(['waits', 'waits'])
    await killAndRestart()
    expect(await offsets(groupId)).toEqual(['waits', 'waits'])
    await end(producer, isCommit)
    expect(await stable(groupId)).toEqual(expected)
    await killAndRestart()
    expect(await stable(groupId)).toEqual(expected)
  },
  120_000,
)

test('an end that was answered holds, though the broker dies before the markers are seen', async () => {
  let producer = await init('answered')
  for (let round = 1; round <= 5; round++) {
    await commitInTransaction(producer, 'answered', 0, round)
    producer = await end(producer, round % 2 === 1)
    await killAndRestart()
    expect((await stable('answered'))[0], `round ${round}`).toBe(round - ((round + 1) % 2))
  }
}, 120_000)
