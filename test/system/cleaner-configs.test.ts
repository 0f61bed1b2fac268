// log.cleaner.* altered over Kafka's protocol while the broker runs: what is told of them, that they take
// effect, that they outlive a restart, and what is refused.

import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DESCRIBE_CONFIGS } from '../../src/protocol/kafka/gen/describe-configs.ts'
import { TestBroker } from '../support/broker.ts'
import { alterConfigs } from '../support/kafka-admin.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { TableWriter } from '../support/table-writer.ts'
import { WrittenTable } from '../support/written-table.ts'

const SEGMENT_BYTES = 1_048_576
const BROKER = '1'
const ALL = ''
const DYNAMIC_BROKER = 2
const DYNAMIC_DEFAULT = 3
const STATIC = 4
const DEFAULT = 5

/** As apache/kafka, LogCleaner.RECONFIGURABLE_CONFIGS; the load factor has no effect here. */
const ALTERABLE = [
  'log.cleaner.threads',
  'log.cleaner.dedupe.buffer.size',
  'log.cleaner.io.buffer.size',
  'log.cleaner.io.max.bytes.per.second',
  'log.cleaner.backoff.ms',
  'message.max.bytes',
]

let broker: TestBroker
let client: KafkaClient

beforeEach(async () => {
  // So far away that nothing is compacted before this is altered.
  broker = await TestBroker.start({ options: { 'log.cleaner.backoff.ms': '3600000' } })
  client = await KafkaClient.connect(broker.kafkaPort)
})

afterEach(async () => {
  client.close()
  await broker.remove()
})

async function described(
  name: string,
  of = BROKER,
): Promise<{ value: string | null; configSource: number; readOnly: boolean } | undefined> {
  const resources = [{ resourceType: 4, resourceName: of, configurationKeys: [name] }]
  const { results } = await client.call(DESCRIBE_CONFIGS, 4, { resources, includeSynonyms: true })
  const [found] = results[0]!.configs
  if (found === undefined) return undefined
  const { value, configSource, readOnly } = found
  return { value, configSource, readOnly }
}

async function writeTable(topic: string, table: WrittenTable): Promise<void> {
  const writer = new TableWriter(client, topic, table, new SeededRandom(1))
  await writer.create({
    'cleanup.policy': 'compact',
    'segment.bytes': String(SEGMENT_BYTES),
    'min.cleanable.dirty.ratio': '0.01',
  })
  await writer.write(2.5 * SEGMENT_BYTES)
}

async function passes(): Promise<number> {
  const text = await (await fetch(`${broker.url}/metrics`)).text()
  return Number(/^sluice_compactions_total (.*)$/m.exec(text)![1])
}

test('they are told of as what they are', async () => {
  for (const name of ALTERABLE) {
    expect(await described(name), name).toMatchObject({ readOnly: false })
  }
  expect(await described('log.cleaner.enable')).toMatchObject({ readOnly: true })
  const given = { value: '3600000', configSource: STATIC, readOnly: false }
  expect(await described('log.cleaner.backoff.ms')).toEqual(given)
  expect(await described('log.cleaner.threads')).toMatchObject({ configSource: DEFAULT })

  await alterConfigs(client, 'broker', ALL, { 'log.cleaner.threads': '2' })
  expect(await described('log.cleaner.threads')).toMatchObject({
    ...{ value: '2', configSource: DYNAMIC_DEFAULT },
  })
  await alterConfigs(client, 'broker', BROKER, { 'log.cleaner.threads': '3' })
  const own = { value: '3', configSource: DYNAMIC_BROKER }
  expect(await described('log.cleaner.threads')).toMatchObject(own)
  expect(await described('log.cleaner.threads', ALL)).toMatchObject({ value: '2' })
  client.close()
  await broker.stop()
  await broker.open()
  client = await KafkaClient.connect(broker.kafkaPort)
  expect(await described('log.cleaner.threads')).toMatchObject(own)
  await alterConfigs(client, 'broker', BROKER, { 'log.cleaner.threads': null })
  await alterConfigs(client, 'broker', ALL, { 'log.cleaner.threads': null })
  expect(await described('log.cleaner.threads')).toMatchObject({
    value: '1',
    configSource: DEFAULT,
  })
})

test('what is no value, or has no effect, is refused with why', async () => {
  const refused: readonly (readonly [name: string, value: string, why: RegExp])[] = [
    ['log.cleaner.threads', '0', /Allowed is 1 to 16/],
    ['log.cleaner.threads', 'many', /Allowed is 1 to 16/],
    ['log.cleaner.dedupe.buffer.size', '100', /Allowed is 4096 or more/],
    ['log.cleaner.backoff.ms', '0', /Allowed is 1 or more/],
    ['log.cleaner.enable', 'false', /read when the broker starts/],
    ['log.cleaner.io.buffer.load.factor', '0.5', /has no effect here: .*nine tenths/],
  ]
  for (const [name, value, why] of refused) {
    await expect(alterConfigs(client, 'broker', BROKER, { [name]: value })).rejects.toThrow(why)
  }
  expect(await described('log.cleaner.io.buffer.load.factor')).toBeUndefined()
})

test('compaction goes on with what was altered, without a restart', async () => {
  const tables = ['a', 'b', 'c'].map((topic) => ({ topic, table: new WrittenTable() }))
  for (const { topic, table } of tables) await writeTable(topic, table)
  expect(await passes()).toBe(0)
  // 151 keys: a pass over each of the tables is not enough, which have more.
  const altered = { 'log.cleaner.dedupe.buffer.size': '8192', 'log.cleaner.threads': '2' }
  await alterConfigs(client, 'broker', BROKER, altered)
  await delay(200)
  expect(await passes()).toBe(0)
  await alterConfigs(client, 'broker', BROKER, { 'log.cleaner.backoff.ms': '20' })
  while ((await passes()) < 2 * tables.length) await delay(20)

  await alterConfigs(client, 'broker', BROKER, { 'log.cleaner.backoff.ms': null })
  client.close()
  await broker.stop()
  await broker.open()
  client = await KafkaClient.connect(broker.kafkaPort)
  expect(await described('log.cleaner.dedupe.buffer.size')).toMatchObject({ value: '8192' })
  expect(await passes()).toBe(0)
})

test('message.max.bytes holds for topics that do not set theirs', async () => {
  const table = new WrittenTable()
  await writeTable('table', table)
  const writer = new TableWriter(client, 'table', table, new SeededRandom(2))
  const large = [{ key: 'large', value: 'v'.repeat(50_000) }]
  await writer.writeBatch(large)
  await alterConfigs(client, 'broker', ALL, { 'message.max.bytes': '20000' })
  await expect(writer.writeBatch(large)).rejects.toMatchObject({ errorCode: 10 })
  await alterConfigs(client, 'broker', ALL, { 'message.max.bytes': null })
  await writer.writeBatch(large)
})
