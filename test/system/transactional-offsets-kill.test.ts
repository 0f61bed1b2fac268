// Offsets of a group in transactions, by a broker that is killed: what waits for its transaction still waits
// afterwards, what was decided counts or does not, and a plain commit behind them has the last word.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { OffsetClient } from '../support/offset-client.ts'

const FLAGS = ['offsets.topic.num.partitions=1', 'transaction.state.log.num.partitions=1'].flatMap(
  (option) => ['--set', option],
)

let directory: string
let broker: BrokerProcess
let client: KafkaClient
let groups: OffsetClient

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
  groups = new OffsetClient(client)
}

async function killAndRestart(): Promise<void> {
  await broker.stop('SIGKILL')
  client.close()
  await start()
}

test.each([
  ['commit', true, [7, 3]],
  ['abort', false, [1, 3]],
] as const)(
  'offsets wait over a kill, and %s ends that',
  async (groupId, isCommit, expected) => {
    const producer = await groups.init(groupId)
    await groups.commit(groupId, { 0: 1 })
    await groups.commitInTransaction(producer, groupId, { 0: 7 })
    await groups.commitInTransaction(producer, groupId, { 1: 9 })
    // A plain commit behind it has the last word, whatever becomes of the transaction.
    await groups.commit(groupId, { 1: 3 })
    expect(await groups.offsets(groupId)).toEqual(['waits', 'waits'])
    await killAndRestart()
    expect(await groups.offsets(groupId)).toEqual(['waits', 'waits'])
    await groups.end(producer, isCommit)
    expect(await groups.stable(groupId)).toEqual(expected)
    await killAndRestart()
    expect(await groups.stable(groupId)).toEqual(expected)
  },
  120_000,
)

test('an end that was answered holds, though the broker dies before the markers are seen', async () => {
  let producer = await groups.init('answered')
  for (let round = 1; round <= 5; round++) {
    await groups.commitInTransaction(producer, 'answered', { 0: round })
    producer = await groups.end(producer, round % 2 === 1)
    await killAndRestart()
    expect((await groups.stable('answered'))[0], `round ${round}`).toBe(round - ((round + 1) % 2))
  }
}, 120_000)
