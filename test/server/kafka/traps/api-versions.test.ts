// What clients do with ApiVersions, headers and versions, and what goes wrong where a broker does not
// know it. Each test names the client, or the rule of the protocol.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { API_VERSIONS } from '../../../../src/protocol/kafka/gen/api-versions.ts'
import { API_KEYS } from '../../../../src/protocol/kafka/gen/api-keys.ts'
import { FETCH } from '../../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { SERVED_VERSIONS } from '../../../../src/protocol/kafka/api-table.ts'
import type { ApiName } from '../../../../src/protocol/kafka/gen/api-keys.ts'
import { FrameReader } from '../../../../src/protocol/kafka/frame-reader.ts'
import { TestBroker } from '../../../support/broker.ts'
import { KafkaClient } from '../../../support/kafka-client.ts'

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

const SOFTWARE = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }

/** A request frame by hand: size, key, version, correlation id, client id, and what follows. */
function request(apiKey: number, version: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(14)
  head.writeInt32BE(10 + rest.byteLength, 0)
  head.writeInt16BE(apiKey, 4)
  head.writeInt16BE(version, 6)
  head.writeInt32BE(77, 8)
  head.writeInt16BE(-1, 12)
  return Buffer.concat([head, rest])
}

type Range = readonly [number, number]

async function ranges(): Promise<ReadonlyMap<number, Range>> {
  const { apiKeys } = await client.call(API_VERSIONS, 3, SOFTWARE)
  return new Map(apiKeys.map((each) => [each.apiKey, [each.minVersion, each.maxVersion]]))
}

test('KIP-511: an unknown version of ApiVersions is answered in version 0 with error 35 and our range', async () => {
  // Whatever stands in a body that nobody knows must not matter.
  for (const body of [Buffer.alloc(0), Buffer.from('ffffffffffff', 'hex')]) {
    client.sendBytes(request(API_KEYS.ApiVersions, 99, body))
    const { correlationId, message } = await client.answer(API_VERSIONS, 0)
    expect(correlationId).toBe(77)
    expect(message.errorCode).toBe(35)
    expect(message.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }])
  }
  // The same connection goes on: librdkafka, Java and kafkajs ask again on it.
  expect((await client.call(API_VERSIONS, 0, {})).errorCode).toBe(0)
})

test('ApiVersions never closes, not even for a body that is malformed', async () => {
  client.sendBytes(request(API_KEYS.ApiVersions, 3, Buffer.from('00ffffffff7f', 'hex')))
  expect((await client.answer(API_VERSIONS, 0)).message.errorCode).toBe(35)
})

test.each([0, 1, 2, 3, 4])(
  'ApiVersions %i has header version 0, flexible or not',
  async (version) => {
    client.send(API_VERSIONS, version, version >= 3 ? SOFTWARE : {})
    const frame = (await client.receive())!
    const reader = FrameReader.ofResponse(frame, 4) // right behind the correlation id
    expect(API_VERSIONS.response.read(reader, version).errorCode).toBe(0)
  },
)

test.each([
  ['', '1'],
  ['-x', '1'],
  ['a b', '1'],
  ['x', ''],
  ['x', '1.'],
  ['x'.repeat(3) + '\u0000', '1'],
])(
  'KIP-511: software %j %j is no name: error 42',
  async (clientSoftwareName, clientSoftwareVersion) => {
    const names = { clientSoftwareName, clientSoftwareVersion }
    expect((await client.call(API_VERSIONS, 3, names)).errorCode).toBe(42)
  },
)

test('KAFKA-18659: Produce is told from 0 on, for librdkafka below 2.11.1, and 0 to 2 are refused', async () => {
  expect((await ranges()).get(API_KEYS.Produce)).toEqual([0, 12])
  const other = await KafkaClient.connect(broker.kafkaPort)
  other.sendBytes(request(API_KEYS.Produce, 2, Buffer.alloc(40)))
  await other.closed
})

test('librdkafka turns features on by exact versions: all that we can serve are in range', async () => {
  const served = await ranges()
  const needs: readonly (readonly [ApiName, number])[] = [
    ['Produce', 3], // MsgVer2
    ['Fetch', 4], // MsgVer2
    ['Produce', 7], // ZSTD
    ['Fetch', 10], // ZSTD
    ['ListOffsets', 1], // OffsetTime
    ['FindCoordinator', 0], // BrokerGroupCoord, LZ4
    ['JoinGroup', 0], // SaslGssapi
  ]
  for (const [api, version] of needs) {
    const [min, max] = served.get(API_KEYS[api])!
    expect(version >= min && version <= max, `${api} ${version}`).toBe(true)
  }
})

test('kafka-python 2.0.2 infers a Kafka version from single points, and must find format 2', async () => {
  const served = await ranges()
  // Its probe: ApiVersions 0, and Metadata 0 right behind it.
  client.send(API_VERSIONS, 0, {})
  client.send(METADATA, 0, { topics: [] })
  expect((await client.answer(API_VERSIONS, 0)).message.errorCode).toBe(0)
  expect((await client.answer(METADATA, 0)).message.brokers).toHaveLength(1)
  for (const [api, version] of [
    ['Produce', 8],
    ['Fetch', 11],
    ['ListOffsets', 5],
  ] as const) {
    expect(served.get(API_KEYS[api])![1]).toBeGreaterThanOrEqual(version)
  }
})

test('only what has a handler is told', async () => {
  const answer = await client.call(API_VERSIONS, 4, SOFTWARE)
  const known = new Set(Object.keys(SERVED_VERSIONS).map((name) => API_KEYS[name as ApiName]))
  for (const { apiKey } of answer.apiKeys) expect(known).toContain(apiKey)
})

test('KIP-890: transaction.version 2 is finalized, and what its clients then send is served', async () => {
  const finalized = [
    { name: 'group.version', maxVersionLevel: 1, minVersionLevel: 1 },
    { name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 },
  ]
  for (const version of [3, 4]) {
    const answer = await client.call(API_VERSIONS, version, SOFTWARE)
    expect(answer).toMatchObject({ finalizedFeatures: finalized, finalizedFeaturesEpoch: 1 })
  }
  const served = await ranges()
  expect(served.get(API_KEYS.Produce)![1]).toBeGreaterThanOrEqual(12)
  expect(served.get(API_KEYS.EndTxn)![1]).toBe(5)
  expect(served.get(API_KEYS.TxnOffsetCommit)![1]).toBe(5)
  expect(served.get(API_KEYS.AddOffsetsToTxn)![1]).toBe(4)
})

test('KAFKA-17011: clients below ApiVersions 4 are not told of features that begin at level 0', async () => {
  expect((await client.call(API_VERSIONS, 3, SOFTWARE)).supportedFeatures).toEqual([])
  expect((await client.call(API_VERSIONS, 4, SOFTWARE)).supportedFeatures).toEqual([
    { name: 'group.version', minVersion: 0, maxVersion: 1 },
    { name: 'transaction.version', minVersion: 0, maxVersion: 2 },
  ])
})

test.each([
  ['an API that is not known', 1_000, 0],
  ['an API between brokers', 4, 0],
  ['a version above the range', API_KEYS.Metadata, 100],
  ['a negative version', API_KEYS.Metadata, -1],
  ['a negative key', -1, 0],
])('%s closes the connection, as in Kafka', async (_what, apiKey, version) => {
  const other = await KafkaClient.connect(broker.kafkaPort)
  other.sendBytes(request(apiKey, version, Buffer.alloc(16)))
  expect(await other.receive()).toBeNull()
})

test('what came before a request that closes is still answered', async () => {
  const other = await KafkaClient.connect(broker.kafkaPort)
  const first = other.frameOf(METADATA, 9, { topics: null })
  other.sendBytes(Buffer.concat([first, request(1_000, 0)]))
  expect((await other.answer(METADATA, 9)).message.brokers).toHaveLength(1)
  expect(await other.receive()).toBeNull()
})

test('unknown tagged fields are skipped, not refused', async () => {
  // Header v2 with one tagged field, and a body with another: Metadata 9 of no topic.
  const body = Buffer.from('01' + '0503aabbcc' + '01' + '00' + '00' + '00' + '01' + '2a01ff', 'hex')
  client.sendBytes(request(API_KEYS.Metadata, 9, body))
  const { message } = await client.answer(METADATA, 9)
  expect(message.brokers).toHaveLength(1)
  expect(message.topics).toEqual([])
})

test('every pipelined request is answered in order, and a long poll holds back what comes behind', async () => {
  await client.call(METADATA, 9, { topics: [{ name: 'order' }] })
  const poll = client.send(FETCH, 11, {
    ...{ maxWaitMs: 200, minBytes: 1, isolationLevel: 0 },
    topics: [
      { topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 9 }] },
    ],
  })
  const behind = [client.send(METADATA, 9, { topics: null }), client.send(API_VERSIONS, 0, {})]
  const answers = [
    await client.answer(FETCH, 11),
    await client.answer(METADATA, 9),
    await client.answer(API_VERSIONS, 0),
  ]
  expect(answers.map(({ correlationId }) => correlationId)).toEqual([poll, ...behind])
})

test('a thousand requests at once are all answered, in order', async () => {
  const other = await KafkaClient.connect(broker.kafkaPort)
  const frames = Array.from({ length: 1_000 }, () => other.frameOf(METADATA, 9, { topics: [] }))
  other.sendBytes(Buffer.concat(frames))
  for (let id = 1; id <= 1_000; id++) {
    expect((await other.answer(METADATA, 9)).correlationId).toBe(id)
  }
  other.close()
})

test('a client id that is null, empty or long is all the same', async () => {
  const nobody = request(API_KEYS.ApiVersions, 0)
  client.sendBytes(nobody)
  expect((await client.answer(API_VERSIONS, 0)).message.errorCode).toBe(0)
  for (const clientId of ['', 'x'.repeat(10_000)]) {
    expect((await client.call(API_VERSIONS, 0, {}, clientId)).errorCode).toBe(0)
  }
})

test('the response header of a flexible version has tagged fields, of all but ApiVersions', async () => {
  client.send(PRODUCE, 9, { acks: -1, timeoutMs: 1_000, topicData: [] })
  const frame = (await client.receive())!
  expect(frame[4]).toBe(0) // no tagged fields, but a count of them
  expect(PRODUCE.response.read(FrameReader.ofResponse(frame, 5), 9).responses).toEqual([])
})
