// A whole broker, asked by a client that knows only the .proto files: every method, and the ways to
// ask wrongly.

import { create } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROKER_OPTION_BY_NAME } from '../../src/config/broker-options.ts'
import * as adminPb from '../../src/protocol/grpc/gen/sluice/v1/admin_pb.ts'
import * as fetchPb from '../../src/protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { ACKS } from '../../src/protocol/grpc/produce-codec.ts'
import { ADMIN_SERVICE, FETCH_SERVICE, PRODUCE_SERVICE } from '../../src/protocol/grpc/services.ts'
import { HEALTH_SERVICE } from '../../src/protocol/grpc/standard-services.ts'
import { batchOf, seal, testBatch } from '../support/batches.ts'
import { TestBroker } from '../support/broker.ts'
import { eventually, SlowCall } from '../support/grpc-client.ts'

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
})

afterAll(() => broker.remove())

async function createTopic(name: string, more: object = {}): Promise<adminPb.Topic> {
  const request = create(adminPb.CreateTopicRequestSchema, { name, partitions: 1, ...more })
  return (await broker.client.call(ADMIN_SERVICE.createTopic, request)).topic!
}

function describeTopic(name: string): Promise<adminPb.DescribeTopicResponse> {
  const request = create(adminPb.DescribeTopicRequestSchema, { name })
  return broker.client.call(ADMIN_SERVICE.describeTopic, request)
}

async function produce(
  topic: string,
  batch: Buffer,
  partition = 0,
): Promise<{ offset: number; code: string | null; facts: object }> {
  const batches = [{ topic, partition, batch }]
  const request = { acks: ACKS.all, timeoutMs: 5_000, batches }
  const { partitions } = await broker.client.call(PRODUCE_SERVICE.produce, request)
  const { baseOffset, error } = partitions[0]!
  return { offset: baseOffset, code: error?.code ?? null, facts: error?.facts ?? {} }
}

const NOW = Date.now()

function recordOf(value: string | null, key: string | null = null): object {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))
  return { key: bytes(key), value: bytes(value), headers: [], timestampMs: NOW, partition: null }
}

async function publish(topic: string, ...records: object[]): Promise<(number | string)[]> {
  const request = { topic, acks: ACKS.unspecified, timeoutMs: 0, records } as never
  const { records: published } = await broker.client.call(PRODUCE_SERVICE.publish, request)
  return published.map(({ offset, error }) => error?.code ?? offset)
}

test('topics: created, listed page by page, described, extended, deleted', async () => {
  const configs = { 'retention.ms': '60000' }
  const topic = await createTopic('life', { partitions: 2, configs })
  expect(topic).toMatchObject({ name: 'life', partitions: 2, replicationFactor: 1, configs })
  expect(topic.topicId).toMatch(/^[\w-]{22}$/)
  await createTopic('life2')

  const names: string[] = []
  let pageToken = ''
  do {
    const request = create(adminPb.ListTopicsRequestSchema, { pageSize: 1, pageToken })
    const page = await broker.client.call(ADMIN_SERVICE.listTopics, request)
    names.push(...page.topics.map(({ name }) => name))
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  expect(names.filter((name) => name.startsWith('life'))).toEqual(['life', 'life2'])

  const more = create(adminPb.CreatePartitionsRequestSchema, { topic: 'life', totalPartitions: 3 })
  await broker.client.call(ADMIN_SERVICE.createPartitions, more)
  expect(await produce('life', testBatch(), 2)).toMatchObject({ offset: 0, code: null })
  const { partitions } = await describeTopic('life')
  expect(partitions.map(({ logEndOffset }) => logEndOffset)).toEqual([0n, 0n, 1n])
  expect(partitions[2]).toMatchObject({ leader: 1, isr: [1], highWatermark: 1n })
  expect(partitions[2]!.error).toBeUndefined()

  const request = create(adminPb.DeleteTopicRequestSchema, { name: 'life' })
  await broker.client.call(ADMIN_SERVICE.deleteTopic, request)
  const { error } = await broker.client.refusal(
    ADMIN_SERVICE.describeTopic,
    create(adminPb.DescribeTopicRequestSchema, { name: 'life' }),
  )
  expect(error!.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
})

test('bad topics are refused, each with its own error, and leave nothing behind', async () => {
  const refused: [object, string][] = [
    [{ name: '../x' }, 'INVALID_TOPIC_EXCEPTION'],
    [{ name: '' }, 'INVALID_TOPIC_EXCEPTION'],
    [{ name: '..' }, 'INVALID_TOPIC_EXCEPTION'],
    [{ name: 'a'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION'],
    [{ name: 'bad', partitions: 1_000_000 }, 'INVALID_PARTITIONS'],
    [{ name: 'bad', replicationFactor: 3 }, 'INVALID_REPLICATION_FACTOR'],
    [{ name: 'bad', configs: { 'retention.ms': 'soon' } }, 'INVALID_CONFIG'],
    [{ name: 'bad', configs: { 'retention.mss': '1' } }, 'INVALID_CONFIG'],
  ]
  for (const [init, code] of refused) {
    const request = create(adminPb.CreateTopicRequestSchema, { partitions: 1, ...init })
    const { error } = await broker.client.refusal(ADMIN_SERVICE.createTopic, request)
    expect(error!.code, JSON.stringify(init)).toBe(code)
  }
  await createTopic('taken')
  const again = create(adminPb.CreateTopicRequestSchema, { name: 'taken' })
  const end = await broker.client.refusal(ADMIN_SERVICE.createTopic, again)
  expect([end.code, end.error!.code]).toEqual([status.ALREADY_EXISTS, 'TOPIC_ALREADY_EXISTS'])
  expect(readdirSync(broker.directory).filter((name) => /^(bad|x-)/.test(name))).toEqual([])
  expect(existsSync(`${broker.directory}/../x-0`)).toBe(false)
})

test('configurations: described with source and meaning, altered, and back to their defaults', async () => {
  await createTopic('configured')
  const resource = { type: adminPb.ConfigResourceType.TOPIC, name: 'configured' }
  const names = ['retention.ms']
  const describe = async (): Promise<adminPb.Config> => {
    const request = create(adminPb.DescribeConfigsRequestSchema, { resource, names })
    return (await broker.client.call(ADMIN_SERVICE.describeConfigs, request)).configs[0]!
  }
  const alter = async (change: object): Promise<unknown> => {
    const request = create(adminPb.AlterConfigsRequestSchema, { resource, ...change })
    return await broker.client.call(ADMIN_SERVICE.alterConfigs, request)
  }
  const { DEFAULT, TOPIC } = adminPb.ConfigSource
  expect(await describe()).toMatchObject({ value: '604800000', source: DEFAULT })
  expect((await describe()).documentation.length).toBeGreaterThan(20)
  await alter({ set: { 'retention.ms': '5' }, validateOnly: true })
  expect(await describe()).toMatchObject({ source: DEFAULT })
  await alter({ set: { 'retention.ms': '5' } })
  expect(await describe()).toMatchObject({ value: '5', source: TOPIC })
  await alter({ unset: ['retention.ms'] })
  expect(await describe()).toMatchObject({ value: '604800000', source: DEFAULT })

  const own = { type: adminPb.ConfigResourceType.BROKER, name: '1' }
  const request = create(adminPb.DescribeConfigsRequestSchema, { resource: own })
  const { configs } = await broker.client.call(ADMIN_SERVICE.describeConfigs, request)
  expect(configs.map(({ name }) => name)).toEqual([...BROKER_OPTION_BY_NAME.keys()])

  const nothing = create(adminPb.DescribeConfigsRequestSchema, {})
  const { error } = await broker.client.refusal(ADMIN_SERVICE.describeConfigs, nothing)
  expect(error!.code).toBe('INVALID_REQUEST')
})

test('the cluster is one broker, at the address that it listens on', async () => {
  const request = create(adminPb.DescribeClusterRequestSchema)
  const cluster = await broker.client.call(ADMIN_SERVICE.describeCluster, request)
  expect(cluster.clusterId).toMatch(/^[\w-]{22}$/)
  expect(cluster.brokers).toMatchObject([
    { brokerId: 1, grpcAddress: `127.0.0.1:${broker.grpcPort}`, version: '0.1.0' },
  ])
})

test('records come back as they were, null and empty told apart', async () => {
  const header = { key: 'trace', value: Buffer.from([0, 255]) }
  const records = [
    { ...recordOf('v', 'k'), headers: [header, { key: 'trace', value: null }] },
    recordOf('', ''),
    recordOf(null),
  ]
  expect(await publish('plain', ...records)).toEqual([0, 1, 2])
  const request = create(fetchPb.SubscribeRequestSchema, {
    topics: [{ topic: 'plain' }],
    untilEnd: true,
  })
  const stream = broker.client.serverStream(FETCH_SERVICE.subscribe, request).read()
  expect((await stream.end).code).toBe(status.OK)
  const read = stream.received.flatMap((message) => message.records)
  expect(read).toEqual(
    records.map((record, offset) => {
      const { partition: _, ...rest } = record as { partition: null }
      return { topic: 'plain', partition: 0, offset, ...rest }
    }),
  )
})

test('a stream of records is pipelined, and its topic made on the way', async () => {
  const stream = broker.client.bidi(PRODUCE_SERVICE.publishStream).read()
  for (let number = 1; number <= 50; number++) {
    const records = [recordOf(`value ${number}`)] as never
    stream.write({ number, topic: 'piped', acks: ACKS.all, timeoutMs: 0, records })
  }
  const answers = await stream.until(50)
  expect(answers.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
  expect(answers.map(({ records }) => records[0]!.offset)).toEqual([...Array(50).keys()])
  stream.halfClose()
  expect((await stream.end).code).toBe(status.OK)
})

test('batches go in and come out byte for byte, but for offset and epoch', async () => {
  await createTopic('bytes')
  const batch = batchOf(10, 100, { timestamp: NOW })
  expect(await produce('bytes', Buffer.from(batch))).toMatchObject({ offset: 0, code: null })
  expect(await produce('bytes', Buffer.from(batch))).toMatchObject({ offset: 10, code: null })
  const partitions = [{ topic: 'bytes', partition: 0, fetchOffset: 10n }]
  const request = create(fetchPb.FetchRequestSchema, { partitions })
  const [fetched] = (await broker.client.call(FETCH_SERVICE.fetch, request)).partitions
  expect(fetched).toMatchObject({ highWatermark: 20, logStartOffset: 0, error: null })
  expect(fetched!.batches.readBigInt64BE(0)).toBe(10n)
  expect(fetched!.batches.subarray(16)).toEqual(batch.subarray(16))
})

test('bad batches are refused, each with its own error, and nothing of them is stored', async () => {
  await createTopic('strict', { configs: { 'max.message.bytes': '2000' } })
  const damaged = testBatch({ timestamp: NOW })
  damaged[70]! ^= 1
  const control = testBatch({ timestamp: NOW, attributes: 0x20 })
  const lyingCount = testBatch({ timestamp: NOW })
  lyingCount.writeInt32BE(1_000_000, 57)
  const lyingLength = testBatch({ timestamp: NOW })
  lyingLength.writeInt32BE(2 ** 31 - 1, 8)
  const refused: [Buffer, string][] = [
    [damaged, 'CORRUPT_MESSAGE'],
    [control, 'INVALID_RECORD'],
    [seal(lyingCount), 'INVALID_RECORD'],
    [lyingLength, 'CORRUPT_MESSAGE'],
    [Buffer.alloc(0), 'CORRUPT_MESSAGE'],
    [batchOf(3, 1_000, { timestamp: NOW }), 'MESSAGE_TOO_LARGE'],
  ]
  for (const [batch, code] of refused) expect((await produce('strict', batch)).code).toBe(code)
  expect((await produce('strict', testBatch({ timestamp: NOW }), 7)).code).toBe(
    'UNKNOWN_TOPIC_OR_PARTITION',
  )
  expect((await produce('../x', testBatch({ timestamp: NOW }))).code).toBe(
    'INVALID_TOPIC_EXCEPTION',
  )
  expect((await describeTopic('strict')).partitions[0]!.logEndOffset).toBe(0n)
  expect((await produce('strict', testBatch({ timestamp: NOW }))).code).toBeNull()
})

test('offsets are found by edge, by number and by time', async () => {
  await createTopic('offsets')
  for (let n = 0; n < 3; n++) await produce('offsets', testBatch({ timestamp: NOW + n * 1_000 }))
  const at = (kind: object): object => ({ topic: 'offsets', partition: 0, position: { kind } })
  const partitions = [
    at({ case: 'edge', value: 1 }),
    at({ case: 'edge', value: 2 }),
    at({ case: 'timestampMs', value: BigInt(NOW + 1) }),
    at({ case: 'timestampMs', value: BigInt(NOW + 9_999) }),
    { topic: 'nothing', partition: 0 },
  ]
  const request = create(fetchPb.ListOffsetsRequestSchema, { partitions })
  const listed = (await broker.client.call(FETCH_SERVICE.listOffsets, request)).partitions
  expect(listed.map(({ offset, error }) => error?.reason ?? offset)).toEqual([
    0n,
    3n,
    1n,
    -1n,
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
  expect(listed[2]!.timestampMs).toBe(BigInt(NOW + 1_000))
})

test('records below an offset are deleted, and readers told where the log begins', async () => {
  await createTopic('cut')
  for (let n = 0; n < 5; n++) await produce('cut', testBatch({ timestamp: NOW }))
  const request = create(adminPb.DeleteRecordsRequestSchema, {
    topic: 'cut',
    partitions: [
      { partition: 0, beforeOffset: 3n },
      { partition: 9, beforeOffset: 1n },
    ],
  })
  const deleted = await broker.client.call(ADMIN_SERVICE.deleteRecords, request)
  expect(deleted.partitions).toMatchObject([
    { logStartOffset: 3n },
    { logStartOffset: -1n, error: { reason: 'UNKNOWN_TOPIC_OR_PARTITION' } },
  ])
  const partitions = [{ topic: 'cut', partition: 0, fetchOffset: 1n }]
  const fetchRequest = create(fetchPb.FetchRequestSchema, { partitions })
  const [fetched] = (await broker.client.call(FETCH_SERVICE.fetch, fetchRequest)).partitions
  expect(fetched!.error).toMatchObject({
    code: 'OFFSET_OUT_OF_RANGE',
    facts: { log_start_offset: '3', high_watermark: '5' },
  })
})

test('a subscriber that does not read makes nothing grow', async () => {
  await createTopic('slow')
  const batch = batchOf(100, 1_000, { timestamp: NOW })
  const count = 300
  for (let n = 0; n < count; n++) await produce('slow', Buffer.from(batch))
  const sent = async (): Promise<number> => {
    const text = await (await fetch(`${broker.url}/metrics`)).text()
    return Number(/^sluice_response_bytes_total\{api="Subscribe"\} (\d+)/m.exec(text)![1])
  }
  const before = await sent()
  const { path, requestSerialize } = FETCH_SERVICE.subscribe
  const call = new SlowCall(broker.grpcPort, path)
  call.write(
    requestSerialize(create(fetchPb.SubscribeRequestSchema, { topics: [{ topic: 'slow' }] })),
  )
  call.halfClose()
  // What was sent stands still once the window is full, and what may wait to be sent.
  let last = -1
  for (let still = 0; still < 30;) {
    const now = await sent()
    still = now === last && now > before ? still + 1 : 0
    last = now
  }
  expect(last - before).toBeLessThan(4 * 1024 * 1024)
  call.read()
  await eventually(() => call.receivedBytes > count * 100 * 1_000)
  call.close()
})

test('a message that is too large is refused, and the next one taken', async () => {
  const huge = Buffer.alloc(17 * 1024 * 1024)
  const end = await broker.client.refusalOfBytes(PRODUCE_SERVICE.produce.path, huge)
  expect(end.code).toBe(status.RESOURCE_EXHAUSTED)
  expect(await publish('plain', recordOf('after'))).toEqual([3])
})

test('bytes that are no message harm nobody, whatever the method', async () => {
  const services = { ...PRODUCE_SERVICE, ...FETCH_SERVICE, ...ADMIN_SERVICE }
  const garbage = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3])
  for (const { path, requestStream, responseStream } of Object.values(services)) {
    if (requestStream || responseStream) continue
    const end = await broker.client.refusalOfBytes(path, garbage)
    expect([path, end.code, end.error!.code]).toEqual([
      path,
      status.INVALID_ARGUMENT,
      'INVALID_REQUEST',
    ])
  }
  const health = await broker.client.call(HEALTH_SERVICE.check, { service: '' })
  expect(health).toMatchObject({ status: 1 })
})

test('every metric has a source, and the text is what Prometheus reads', async () => {
  const response = await fetch(`${broker.url}/metrics`)
  expect(response.headers.get('content-type')).toContain('version=0.0.4')
  const text = await response.text()
  const sample =
    /^[a-z_]+(\{[a-z_]+="(?:[^"\\]|\\.)*"(,[a-z_]+="(?:[^"\\]|\\.)*")*\})? [-+\d.eInf]+$/
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(lines.filter((line) => !sample.test(line))).toEqual([])
  const { METRICS } = await import('../../src/observability/metrics.ts')
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name!)
  expect(types.toSorted()).toEqual(Object.keys(METRICS).toSorted())
  expect(text).toMatch(/^sluice_ready 1$/m)
  expect(text).toMatch(/^sluice_log_end_offset\{topic="plain",partition="0"\} \d+$/m)
  expect((await fetch(`${broker.url}/readyz`)).status).toBe(200)
})
