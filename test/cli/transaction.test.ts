// Transactions from the command line, over both wires: one that is open, and one that hangs.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { transactionLines } from '../../src/cli/commands/transaction.ts'
import { Admin, type TransactionDescription } from '../../src/client/index.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { INIT_PRODUCER_ID } from '../../src/protocol/kafka/gen/init-producer-id.ts'
import { PRODUCE } from '../../src/protocol/kafka/gen/produce.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { batchOf } from '../support/batches.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { sluice, type CommandResult } from '../support/sluice-command.ts'

const WITHIN_MS = 120_000
const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-transactions-'))
let broker: BrokerProcess
let client: KafkaClient

beforeAll(async () => {
  const options = [
    'offsets.topic.num.partitions=1',
    'transaction.state.log.num.partitions=1',
    // So that one can be made that hangs.
    'transaction.partition.verification.enable=false',
  ]
  const flags = options.flatMap((option) => ['--set', option])
  broker = await BrokerProcess.start(join(directory, 'data'), flags)
  client = await KafkaClient.connect(Number(broker.addresses.kafka.split(':').at(-1)))
  const admin = new Admin({ bootstrap: broker.addresses.grpc })
  await admin.createTopic({ name: 'clicks', partitions: 2 })
  await admin.close()
  await client.call(FIND_COORDINATOR, 4, { keyType: 1, coordinatorKeys: ['any'] })
}, WITHIN_MS)

afterAll(async () => {
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

function run(bootstrap: string, words: readonly string[]): Promise<CommandResult> {
  return sluice(words, { input: '', env: { SLUICE_BOOTSTRAP: bootstrap } })
}

async function output(bootstrap: string, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(bootstrap, words)
  expect(code, stderr).toBe(0)
  return stdout
}

/** Two records in partition 1 of clicks. @returns the producer's id */
async function write(transactionalId: string, adds: boolean): Promise<number> {
  const request = { transactionalId, transactionTimeoutMs: 60_000 }
  const { producerId, producerEpoch } = await client.call(INIT_PRODUCER_ID, 4, request)
  if (adds) {
    await client.call(ADD_PARTITIONS_TO_TXN, 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 'clicks', partitions: [1] }],
    })
  }
  const stamp = { producerId, producerEpoch, baseSequence: 0, attributes: TRANSACTIONAL_FLAG }
  const records = batchOf(2, 10, { ...stamp, timestamp: Date.now() - 60_000 })
  const answer = await client.call(PRODUCE, 7, {
    ...{ transactionalId, acks: -1, timeoutMs: 5_000 },
    topicData: [{ name: 'clicks', partitionData: [{ index: 1, records }] }],
  })
  expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
  return producerId
}

describe.each(['grpc', 'kafka'] as const)('over %s', (wire) => {
  const bootstrap = (): string => {
    return wire === 'grpc' ? broker.addresses.grpc : `kafka://${broker.addresses.kafka}`
  }

  test('one that is open is listed, described and aborted', { timeout: WITHIN_MS }, async () => {
    const id = `open-${wire}`
    const producerId = await write(id, true)
    const words = ['transaction', 'list', '--state', 'Ongoing', '--pattern', `${id}.*`]
    const listed = await output(bootstrap(), words)
    expect(listed).toContain('TRANSACTIONAL ID')
    expect(listed).toContain(id)
    const described = await output(bootstrap(), ['transaction', 'describe', id, '--json'])
    expect(JSON.parse(described)).toMatchObject({
      ...{ transactionalId: id, state: 'Ongoing', producerId, timeoutMs: 60_000, coordinator: 1 },
      partitions: [{ topic: 'clicks', partition: 1 }],
    })
    expect(await output(bootstrap(), ['transaction', 'find-hanging', '--open-for', '0ms'])).toBe('')
    const asked = await run(bootstrap(), ['transaction', 'abort', id])
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('not aborted')])
    expect(await output(bootstrap(), ['transaction', 'abort', id, '--yes'])).toBe(
      `aborted the transaction of ${id}, producer ${producerId}\n`,
    )
    expect(await output(bootstrap(), ['transaction', 'abort', id, '--yes'])).toBe(
      `${id} has no open transaction\n`,
    )
  })

  test('one that hangs is found and aborted', { timeout: WITHIN_MS }, async () => {
    const producerId = await write(`hangs-${wire}`, false)
    const find = ['transaction', 'find-hanging', '--topic', 'clicks', '--open-for', '1ms', '--json']
    const [found, ...others] = JSON.parse(await output(bootstrap(), find)) as {
      startOffset: number
    }[]
    expect(others).toEqual([])
    expect(found).toMatchObject({ topic: 'clicks', partition: 1, producerId, producerEpoch: 0 })
    const place = ['--topic', 'clicks', '--partition', '1', '--start-offset']
    const abort = ['transaction', 'abort', ...place, String(found!.startOffset), '--yes']
    expect(await output(bootstrap(), abort)).toContain(`of producer ${producerId}`)
    expect(JSON.parse(await output(bootstrap(), find))).toEqual([])
    const again = await run(bootstrap(), abort)
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('No transaction is open there')
  })

  test('what is not there is told', { timeout: WITHIN_MS }, async () => {
    const missing = await run(bootstrap(), ['transaction', 'describe', 'nobody'])
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringContaining('TRANSACTIONAL_ID_NOT_FOUND'),
    ])
    const topic = await run(bootstrap(), ['transaction', 'find-hanging', '--topic', 'gone'])
    expect(topic.stderr).toContain('UNKNOWN_TOPIC_OR_PARTITION')
  })
})

test('abort wants an id or a place', { timeout: WITHIN_MS }, async () => {
  const neither = await run(broker.addresses.grpc, ['transaction', 'abort', '--topic', 'clicks'])
  expect([neither.code, neither.stderr]).toEqual([2, expect.stringContaining('--start-offset')])
  const both = await run(broker.addresses.grpc, ['transaction', 'abort', 'a', '--topic', 'clicks'])
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('not both')])
})

test('a transaction is shown by its producer, its time and its partitions', () => {
  const described: TransactionDescription = {
    ...{ transactionalId: 'pay', state: 'Ongoing' as const, producerId: 7, producerEpoch: 3 },
    ...{ timeoutMs: 60_000, startTimeMs: 1_700_000_000_000, coordinator: 1 },
    partitions: [0, 1].map((partition) => ({ topic: 'clicks', partition })),
  }
  expect(transactionLines(described, 1_700_000_012_000)).toEqual([
    'transaction pay: Ongoing',
    'producer 7, epoch 3, timeout 60 s, coordinator broker 1',
    'open for 12 s, since 2023-11-14T22:13:20.000Z',
    'writes to clicks:0-1',
  ])
  const idle = { ...described, state: 'Empty', startTimeMs: null, partitions: [] } as const
  expect(transactionLines({ ...idle, coordinator: null }, 0)).toHaveLength(2)
  const done = { ...described, state: 'CompleteCommit', partitions: [] } as const
  expect(transactionLines(done, 0).at(-1)).toBe('the last one began 2023-11-14T22:13:20.000Z')
})
