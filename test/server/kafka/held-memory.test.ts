// What the Kafka front holds in memory for clients that do not take their answers, or that ask and wait:
// over all connections it has a bound, and others are served beside them.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { JOIN_GROUP } from '../../../src/protocol/kafka/gen/join-group.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { eventually } from '../../support/grpc-client.ts'
import { KafkaClient } from '../../support/kafka-client.ts'

const MIB = 1024 * 1024
const NOW = Date.now()
const SLOTS = StorageCore.load().resident.freeSlots

let broker: TestBroker
let clients: KafkaClient[]

beforeEach(() => {
  clients = []
})

afterEach(async () => {
  for (const client of clients) client.close()
  await broker.remove()
  // Whatever became of the answers: no memory of the storage core stays lent.
  await eventually(() => StorageCore.load().resident.freeSlots === SLOTS)
})

async function start(options: Record<string, string>): Promise<void> {
  broker = await TestBroker.start({ options })
}

async function connect(): Promise<KafkaClient> {
  const client = await KafkaClient.connect(broker.kafkaPort)
  clients.push(client)
  return client
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${broker.url}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line!.slice(name.length + 1))
}

async function produce(client: KafkaClient, topic: string, sizeBytes: number): Promise<number> {
  const records = batchOf(1, sizeBytes, { timestamp: NOW })
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  const answer = await client.call(PRODUCE, 9, { acks: -1, timeoutMs: 30_000, topicData })
  return answer.responses[0]!.partitionResponses[0]!.errorCode
}

/** A Fetch from the start of a topic. */
function fetchOf(topic: string, maxWaitMs: number, repeated = 1): object {
  const asked = { partition: 0, fetchOffset: 0, partitionMaxBytes: 8 * MIB }
  const topics = [{ topic, partitions: Array.from({ length: repeated }, () => asked) }]
  return { maxWaitMs, minBytes: 1, maxBytes: 8 * MIB, isolationLevel: 0, topics }
}

test('clients that never read hold a bounded memory together, and others get their records', async () => {
  const limit = 4 * MIB
  await start({ 'queued.max.response.bytes': String(limit) })
  const honest = await connect()
  for (let at = 0; at < 4; at++) expect(await produce(honest, 'large', 900_000)).toBe(0)
  let most = 0
  for (let at = 0; at < 40; at++) {
    const client = await connect()
    client.stopReading()
    for (let asked = 0; asked < 12; asked++) client.send(FETCH, 11, fetchOf('large', 0) as never)
    most = Math.max(most, await metric('sluice_response_bytes_held{listener="kafka"}'))
  }
  // All that was asked for is 1.7 GB; a tenth of it would be over the system's own buffers already.
  await eventually(async () => {
    most = Math.max(most, await metric('sluice_response_bytes_held{listener="kafka"}'))
    const { responses } = await honest.call(FETCH, 11, fetchOf('large', 1_000) as never)
    return (responses[0]!.partitions[0]!.records?.byteLength ?? 0) > 0
  })
  expect(most).toBeGreaterThan(limit)
  // At twice the limit nothing more is read; one batch is given whole, however little room there is.
  expect(most).toBeLessThan(2 * limit + 2 * MIB)
  expect(await produce(honest, 'large', 1_000)).toBe(0)
  for (const client of clients.splice(1)) client.close()
  await eventually(async () => (await metric('sluice_response_bytes_held{listener="kafka"}')) === 0)
})

test('answers that wait for one before them count as well', async () => {
  await start({})
  const client = await connect()
  expect(await produce(client, 'behind', 900_000)).toBe(0)
  const protocols = [{ name: 'range', metadata: Buffer.alloc(4) }]
  const member = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, memberId: '' }
  client.send(JOIN_GROUP, 3, { groupId: 'g', ...member, protocolType: 'consumer', protocols })
  client.send(FETCH, 11, fetchOf('behind', 0) as never)
  // The first member of a group waits 3 s for others, and the answer to the fetch behind it.
  await eventually(
    async () => (await metric('sluice_response_bytes_held{listener="kafka"}')) > 900_000,
  )
  await client.answer(JOIN_GROUP, 3)
  await client.answer(FETCH, 11)
  await eventually(async () => (await metric('sluice_response_bytes_held{listener="kafka"}')) === 0)
})

test('long polls with large requests end early when others need the memory', async () => {
  // The smallest that may be set, of which the front takes twice as much: 64 MiB.
  await start({ 'queued.max.request.bytes': String(32 * MIB) })
  const honest = await connect()
  expect(await produce(honest, 'polled', 10)).toBe(0)
  const poll = { ...fetchOf('polled', 60_000), topics: [], rackId: 'r'.repeat(30_000) }
  // 78 MB of them. Who comes when there is no more room makes those before it end.
  for (let at = 0; at < 2_600; at++) {
    const client = await connect()
    client.send(FETCH, 11, poll as never)
  }
  expect(await produce(honest, 'polled', 900_000)).toBe(0)
  expect(await metric('sluice_request_bytes_held')).toBeLessThan(64 * MIB)
  expect(await metric('sluice_fetch_waiting')).toBeLessThan(2_600)
  expect((await honest.call(API_VERSIONS, 0, {})).errorCode).toBe(0)
})
