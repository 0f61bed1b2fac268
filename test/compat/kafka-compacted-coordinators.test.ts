// A real broker whose internal topics are compacted while they are written to, and that is killed then: its
// logs get short, and nothing that was committed is gone. And Kafka's own tools read what is left, which needs
// Java and Maven and is left out, with a line that says so, where they are missing.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { fetchKafka, runKafkaClass } from '../../tools/kafka/fetch.mjs'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { OffsetClient, type Producer } from '../support/offset-client.ts'

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(
    `test/compat/kafka-compacted-coordinators.test.ts is in part left out: ${missing}\n`,
  )
}

const PARTITIONS = 10
const ROUNDS = 120
/** Beside every offset, so that segments are full soon. */
const METADATA = 'm'.repeat(4_000)
/** Likewise, of the transactions. */
const LONG_ID = 'i'.repeat(8_000)

const FLAGS = [
  ...['offsets.topic.num.partitions=1', 'offsets.topic.segment.bytes=1048576'],
  ...['transaction.state.log.num.partitions=1', 'transaction.state.log.segment.bytes=1048576'],
  ...['log.cleaner.backoff.ms=50', 'log.segment.delete.delay.ms=100'],
  'log.cleaner.min.cleanable.ratio=0.01',
].flatMap((option) => ['--set', option])

let directory: string
let broker: BrokerProcess
let client: KafkaClient
let groups: OffsetClient

async function start(): Promise<void> {
  broker = await BrokerProcess.start(directory, FLAGS)
  client = await KafkaClient.connect(broker.addresses.kafka)
  groups = new OffsetClient(client, METADATA)
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-compat-'))
  await start()
  const topic = { name: 't', numPartitions: PARTITIONS, replicationFactor: 1 }
  const topics = [{ ...topic, assignments: [], configs: [] }]
  await client.call(CREATE_TOPICS, 5, { topics, timeoutMs: 10_000, validateOnly: false })
  await client.call(FIND_COORDINATOR, 4, { keyType: 0, coordinatorKeys: ['any'] })
  await client.call(FIND_COORDINATOR, 4, { keyType: 1, coordinatorKeys: ['any'] })
}, 60_000)

afterAll(async () => {
  client?.close()
  await broker?.stop('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

function segmentsOf(topic: string): string[] {
  const partition = join(directory, `${topic}-0`)
  const names = readdirSync(partition).filter((name) => name.endsWith('.log'))
  return names.sort().map((name) => join(partition, name))
}

function sizeOf(topic: string): number {
  return segmentsOf(topic).reduce((bytes, path) => bytes + statSync(path).size, 0)
}

/** Waits until a log is shorter, for a minute at most. */
async function shrunk(topic: string, belowBytes: number): Promise<number> {
  for (let tries = 0; tries < 600 && sizeOf(topic) >= belowBytes; tries++) await delay(100)
  return sizeOf(topic)
}

/** What all partitions have, but for one that has something else. */
function offsetsOf(offset: number): Record<number, number> {
  const offsets = Array.from({ length: PARTITIONS }, (_, partition) => [partition, offset])
  return { ...(Object.fromEntries(offsets) as Record<number, number>), 3: 2 * offset }
}

/** A transaction that carries offsets, decided; the last one is left open. */
async function carry(producer: Producer, round: number): Promise<Producer> {
  await groups.commitInTransaction(producer, 'carried', { 0: round, 1: round })
  return await groups.end(producer, round % 20 !== 10)
}

test(
  'commits to the same group take no more room, and survive SIGKILL',
  { timeout: 180_000 },
  async () => {
    let producer = await groups.init('carrier')
    for (let round = 1; round <= ROUNDS; round++) {
      await groups.commit('busy', offsetsOf(round))
      await groups.init(LONG_ID)
      await groups.init(`${LONG_ID}${round % 4}`)
      if (round % 10 === 0) producer = await carry(producer, round)
    }
    await groups.commit('once', { 0: 41 })
    await groups.commitInTransaction(producer, 'carried', { 1: 777 })
    // 5 MB of offsets were written, and 2 MB of transactions.
    expect(await shrunk('__consumer_offsets', 2_200_000)).toBeLessThan(2_200_000)
    expect(await shrunk('__transaction_state', 1_300_000)).toBeLessThan(1_300_000)
    client.close()
    await broker.stop('SIGKILL')
    await start()
    const busy = Object.values(offsetsOf(ROUNDS))
    expect(await groups.stable('busy', PARTITIONS)).toEqual(busy)
    expect(await groups.stable('once')).toEqual([41, -1])
    expect(await groups.offsets('carried')).toEqual([ROUNDS, 'waits'])
    await groups.end(producer, true)
    expect(await groups.stable('carried')).toEqual([ROUNDS, 777])
    // Epochs go on where they were.
    expect((await groups.init(LONG_ID)).producerEpoch).toBe(ROUNDS)
  },
)

/** The last value of each key, and how many records there were. */
interface Read {
  readonly last: ReadonlyMap<string, Record<string, unknown>>
  readonly count: number
}

interface Decoded {
  readonly data: Record<string, unknown>
}

/** What the dump tool reads of all segments of a partition. */
function dumped(topic: string, decoder: string, keyOf: (key: Decoded) => string): Read {
  const args = [decoder, '--deep-iteration', '--files', segmentsOf(topic).join(',')]
  const tools = 'org.apache.kafka.tools.DumpLogSegments'
  const { stdout, stderr, status } = runKafkaClass(classpath!, tools, args)
  expect(status, stderr).toBe(0)
  const last = new Map<string, Record<string, unknown>>()
  const rows = [...stdout.matchAll(/ key: (\{.*\}) payload: (\{.*\})$/gm)]
  for (const [, key, value] of rows) {
    last.set(keyOf(JSON.parse(key!) as Decoded), (JSON.parse(value!) as Decoded).data)
  }
  return { last, count: rows.length }
}

test.skipIf(missing !== null)(
  "Kafka's tools read what compaction leaves",
  { timeout: 360_000 },
  async () => {
    const consumer = 'org.apache.kafka.tools.consumer'
    const from = ['--topic', '__consumer_offsets', '--partition', '0', '--offset', 'earliest']
    const { stdout, stderr, status } = runKafkaClass(classpath!, `${consumer}.ConsoleConsumer`, [
      ...['--bootstrap-server', broker.addresses.kafka, ...from, '--timeout-ms', '10000'],
      ...['--formatter', `${consumer}.OffsetsMessageFormatter`],
    ])
    expect(status, stderr).toBe(0)
    const lines = stdout.trim().replaceAll('}{', '}\n{').split('\n')
    const formatted = new Map<string, unknown>()
    for (const line of lines.filter((text) => text.startsWith('{'))) {
      const { key, value } = JSON.parse(line) as { key: Decoded; value: Decoded }
      formatted.set(`${key.data['group']} ${key.data['partition']}`, value.data['offset'])
    }
    const busy = Object.entries(offsetsOf(ROUNDS)).map(([partition, offset]) => {
      return [`busy ${partition}`, offset] as const
    })
    const expected = new Map<string, unknown>([
      ...busy,
      ...[['once 0', 41] as const, ['carried 0', ROUNDS] as const, ['carried 1', 777] as const],
    ])
    expect(formatted).toEqual(expected)

    client.close()
    await broker.stop()
    const offsets = dumped('__consumer_offsets', '--offsets-decoder', ({ data }) => {
      return `${String(data['group'])} ${String(data['partition'])}`
    })
    const found = [...offsets.last].map(([key, value]) => [key, value['offset']] as const)
    expect(new Map(found)).toEqual(expected)
    expect(offsets.count).toBeLessThan((ROUNDS * PARTITIONS) / 2)

    const transactions = dumped('__transaction_state', '--transaction-log-decoder', ({ data }) => {
      return String(data['transactionalId']).replace(LONG_ID, 'long')
    })
    const epochs = [...transactions.last].map(([id, value]) => [id, value['producerEpoch']])
    expect(Object.fromEntries(epochs)).toEqual({
      ...{ long: ROUNDS, carrier: expect.any(Number) as number },
      ...{
        long0: ROUNDS / 4 - 1,
        long1: ROUNDS / 4 - 1,
        long2: ROUNDS / 4 - 1,
        long3: ROUNDS / 4 - 1,
      },
    })
    expect(transactions.count).toBeLessThan(ROUNDS * 2)
  },
)
