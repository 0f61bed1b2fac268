// A broker that strangers talk to. What each test is about stands in the tables of faults and attacks
// that this project works through: F46 to F49, F56, F57.

import { zstdCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { servedVersions } from '../../../src/protocol/kafka/api-table.ts'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import {
  ATTRIBUTES,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  LENGTH_OVERHEAD,
} from '../../../src/record/layout.ts'
import { goldenFrames } from '../../protocol/kafka/golden-frames.ts'
import { batchOf, seal, testBatch } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { KafkaClient } from '../../support/kafka-client.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const NOW = Date.now()

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start({ options: { 'socket.request.max.bytes': '20000000' } })
  const client = await connect()
  await client.call(CREATE_TOPICS, 7, {
    ...{ timeoutMs: 5_000, validateOnly: false },
    topics: [
      {
        ...{ name: 'compacted', numPartitions: 1, replicationFactor: 1, assignments: [] },
        configs: [{ name: 'cleanup.policy', value: 'compact' }],
      },
    ],
  })
  client.close()
})

afterAll(() => broker.remove())

function connect(): Promise<KafkaClient> {
  return KafkaClient.connect(broker.kafkaPort)
}

function produceRequest(topic: string, records: Buffer): object {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  return { acks: -1, timeoutMs: 5_000, topicData }
}

async function produce(client: KafkaClient, topic: string, records: Buffer): Promise<number[]> {
  const answer = await client.call(PRODUCE, 9, produceRequest(topic, records) as never)
  const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
  return [errorCode, baseOffset]
}

/** The broker still answers. */
async function expectAlive(): Promise<void> {
  const client = await connect()
  expect((await client.call(API_VERSIONS, 0, {})).errorCode).toBe(0)
  client.close()
}

test.each([0, -1, 0x7fff_ffff, -0x8000_0000, 20_000_001])(
  'F46: a frame of %i bytes closes',
  async (size) => {
    const client = await connect()
    const bytes = Buffer.alloc(32)
    bytes.writeInt32BE(size)
    client.sendBytes(bytes)
    await client.closed
    await expectAlive()
  },
)

test('F46: whatever is no request closes its connection, and no other', async () => {
  const random = new SeededRandom(46)
  const good = await connect()
  for (let input = 0; input < 200; input++) {
    const client = await connect()
    const bytes = random.bytes(random.between(4, 200))
    bytes.writeInt32BE(bytes.byteLength - 4)
    if (bytes.byteLength > 6) bytes.writeInt16BE(random.below(80), 4)
    client.sendBytes(bytes)
    const answer = await Promise.race([client.receive(), client.closed])
    if (answer) expect(answer.byteLength).toBeGreaterThanOrEqual(4)
    client.close()
  }
  expect((await good.call(API_VERSIONS, 0, {})).errorCode).toBe(0)
  good.close()
})

test.each([
  ['GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000'],
  ['SSH-2.0-OpenSSH_9.6\r\n'],
])('F46: other protocols are closed: %j', async (text) => {
  const client = await connect()
  client.sendBytes(Buffer.from(text, 'latin1'))
  await client.closed
})

test('F47: an array of a million structs of nothing is refused before it is made', async () => {
  // Metadata 1 of 2^31 - 1 topics, of more than the frame holds, of a million empty names.
  for (const count of [0x7fff_ffff, 1_000_001, 500_000]) {
    const client = await connect()
    const body = Buffer.alloc(4 + Math.min(count, 1_000) * 2)
    body.writeInt32BE(count)
    const head = Buffer.from('00030001000000010000', 'hex')
    const size = Buffer.alloc(4)
    size.writeInt32BE(head.byteLength + body.byteLength)
    client.sendBytes(Buffer.concat([size, head, body]))
    await client.closed
  }
  await expectAlive()
})

test('F48: any byte of a batch may be wrong: the batch is refused, or is another sound one', async () => {
  const client = await connect()
  const batch = testBatch({ records: [{ key: 'k', value: 'value' }], timestamp: NOW })
  let next = (await produce(client, 'mutated', Buffer.from(batch)))[1]! + 1
  for (let at = 0; at < batch.byteLength; at++) {
    for (const bit of [0x01, 0x80]) {
      const broken = Buffer.from(batch)
      broken[at] = broken[at]! ^ bit
      const [code, offset] = await produce(client, 'mutated', broken)
      // Base offset and leader epoch are the broker's to write, and outside the checksum.
      const free = at < BATCH_LENGTH || (at >= 12 && at < 16)
      if (free) {
        // A base offset that no log can have is refused all the same.
        expect([at, code, offset]).toEqual(code === 2 ? [at, 2, -1] : [at, 0, next])
        if (code === 0) next += 1
      } else {
        expect([2, 87, 76, 43], `byte ${at}`).toContain(code)
        expect(offset).toBe(-1)
      }
    }
  }
  expect((await produce(client, 'mutated', Buffer.from(batch)))[1]).toBe(next)
  client.close()
})

/** A batch that says its records are compressed. */
function compressed(codec: number, records: Buffer, recordCount: number): Buffer {
  const batch = Buffer.concat([
    batchOf(recordCount, 1, { timestamp: NOW }).subarray(0, BATCH_HEADER_BYTES),
    records,
  ])
  batch.writeInt32BE(batch.byteLength - LENGTH_OVERHEAD, BATCH_LENGTH)
  batch.writeInt16BE(codec, ATTRIBUTES)
  return seal(batch)
}

test('F49: bombs are refused where they must be opened, with memory that is bounded', async () => {
  const client = await connect()
  const zeros = Buffer.alloc(256 * 1024 * 1024)
  const bombs = [compressed(1, gzipSync(zeros), 1), compressed(4, zstdCompressSync(zeros), 1)]
  const declared = Buffer.alloc(64)
  declared.writeUInt32LE(0x7fff_ffff)
  bombs.push(
    compressed(2, Buffer.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0), 1),
    compressed(3, declared, 1),
  )
  const before = process.memoryUsage().rss
  for (const bomb of bombs) {
    const [code] = await produce(client, 'compacted', bomb)
    expect([2, 87, 10]).toContain(code)
  }
  // Both sides are this process; what may be unpacked is 64 MB.
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024)
  client.close()
})

test('F56: poison in keys and values is bytes like others', async () => {
  const client = await connect()
  const records = ['__proto__', 'constructor', '', '\u0000', '../../etc/passwd'].map((text) => {
    return { key: text, value: Buffer.concat([Buffer.from(text), Buffer.of(0xff, 0xfe)]) }
  })
  const batch = testBatch({ records, timestamp: NOW })
  expect(await produce(client, 'poison', Buffer.from(batch))).toEqual([0, 0])
  const { responses } = await client.call(FETCH, 11, {
    ...{ maxWaitMs: 1_000, minBytes: 1, isolationLevel: 0 },
    topics: [
      {
        topic: 'poison',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }],
      },
    ],
  })
  expect(responses[0]!.partitions[0]!.records!.subarray(16)).toEqual(batch.subarray(16))
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  client.close()
})

test('F57: 100,000 names in one request hold others up for a moment only', async () => {
  const [crowd, other] = [await connect(), await connect()]
  const topics = Array.from({ length: 100_000 }, (_, at) => ({ name: `absent-${at}` }))
  const frame = crowd.frameOf(METADATA, 9, { topics, allowAutoTopicCreation: false })
  crowd.sendBytes(frame)
  let isAnswered = false
  const answer = crowd.answer(METADATA, 9).finally(() => (isAnswered = true))
  let meanwhile = 0
  while (!isAnswered) {
    expect((await other.call(API_VERSIONS, 0, {})).errorCode).toBe(0)
    meanwhile += 1
  }
  expect((await answer).message.topics).toHaveLength(100_000)
  // Each slice of it lets others be answered; how many there are is seen in crowd/crowd.test.ts.
  expect(meanwhile).toBeGreaterThanOrEqual(3)
  crowd.close()
  other.close()
})

test('a client that asks and never reads is held, and costs bounded memory', async () => {
  const client = await connect()
  for (let at = 0; at < 5; at++) {
    await produce(client, 'unread', batchOf(1, 900_000, { timestamp: NOW }))
  }
  client.stopReading()
  const message = {
    ...{ maxWaitMs: 0, minBytes: 1, isolationLevel: 0 },
    topics: [
      {
        topic: 'unread',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 20_000_000 }],
      },
    ],
  }
  const before = process.memoryUsage().arrayBuffers
  for (let at = 0; at < 60; at++) client.send(FETCH, 11, message)
  await new Promise((resolve) => setTimeout(resolve, 300))
  // One answer of 4.5 MB is on its way; all of them would be 270 MB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000)
  await expectAlive()
  client.startReading()
  for (let at = 0; at < 60; at++) {
    const { message: answer } = await client.answer(FETCH, 11)
    expect(answer.responses[0]!.partitions[0]!.errorCode).toBe(0)
  }
  client.close()
})

test('what real clients have sent to a real broker is answered, each frame on a connection of its own', async () => {
  const frames = goldenFrames().filter(({ direction, apiKey, version }) => {
    const versions = servedVersions(apiKey)
    if (direction !== 'request' || versions === undefined) return false
    return version >= versions.served[0] && version <= versions.served[1]
  })
  const probe = await connect()
  const { apiKeys } = await probe.call(API_VERSIONS, 0, {})
  probe.close()
  const served = new Set(apiKeys.map(({ apiKey }) => apiKey))
  let answered = 0
  for (const { apiKey, version, bytes } of frames) {
    if (!served.has(apiKey) || waits(apiKey)) continue
    const client = await connect()
    const size = Buffer.alloc(4)
    size.writeInt32BE(bytes.byteLength)
    client.sendBytes(Buffer.concat([size, bytes]))
    // Right behind it a question that is always answered: who sent acks=0 gets that answer alone.
    const behind = client.send(API_VERSIONS, 0, {})
    const correlationId = (await client.receive())?.readInt32BE(0)
    const expected =
      apiKey === PRODUCE.key ? [bytes.readInt32BE(4), behind, undefined] : [bytes.readInt32BE(4)]
    expect(expected, `${apiKey} ${version}`).toContain(correlationId)
    answered += 1
    client.close()
  }
  expect(answered).toBeGreaterThan(100)
})

/** Requests that wait for others: Fetch, JoinGroup, SyncGroup. And those that would sign us in. */
function waits(apiKey: number): boolean {
  return [1, 11, 14, 17, 36].includes(apiKey)
}
