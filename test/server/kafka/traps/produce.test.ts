// Produce, in the ways in which clients use it and get it wrong.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CREATE_TOPICS } from '../../../../src/protocol/kafka/gen/create-topics.ts'
import { FETCH } from '../../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../../src/protocol/kafka/gen/metadata.ts'
import {
  PRODUCE,
  type PartitionProduceResponse,
} from '../../../../src/protocol/kafka/gen/produce.ts'
import { API_VERSIONS } from '../../../../src/protocol/kafka/gen/api-versions.ts'
import { LIST_OFFSETS } from '../../../../src/protocol/kafka/gen/list-offsets.ts'
import { ATTRIBUTES, CRC, MAGIC, RECORD_COUNT } from '../../../../src/record/layout.ts'
import { batchOf, seal, testBatch } from '../../../support/batches.ts'
import { eventually } from '../../../support/grpc-client.ts'
import { TestBroker } from '../../../support/broker.ts'
import { KafkaClient } from '../../../support/kafka-client.ts'

let broker: TestBroker
let client: KafkaClient

beforeAll(async () => {
  broker = await TestBroker.start()
})

beforeEach(async () => {
  client = await KafkaClient.connect(broker.kafkaPort)
  return () => client.close()
})

afterAll(() => broker.remove())

const NOW = Date.now()

function batch(records = 1): Buffer {
  return batchOf(records, 10, { timestamp: NOW })
}

function requestOf(topic: string, records: Buffer | null, acks = -1): object {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  return { acks, timeoutMs: 5_000, topicData }
}

async function produce(
  topic: string,
  records: Buffer | null,
  version = 9,
  acks = -1,
): Promise<PartitionProduceResponse> {
  const answer = await client.call(PRODUCE, version, requestOf(topic, records, acks) as never)
  return answer.responses[0]!.partitionResponses[0]!
}

async function endOf(topic: string): Promise<number> {
  const { topics } = await client.call(LIST_OFFSETS, 5, {
    replicaId: -1,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  })
  return topics[0]!.partitions[0]!.offset
}

test.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'version %i appends and tells offsets',
  async (version) => {
    const topic = `versions-${version}`
    expect(await produce(topic, batch(3), version)).toMatchObject({
      ...{ index: 0, errorCode: 0, baseOffset: 0, logAppendTimeMs: -1 },
      logStartOffset: version >= 5 ? 0 : -1,
    })
    expect(await produce(topic, batch(2), version)).toMatchObject({ errorCode: 0, baseOffset: 3 })
  },
)

test('acks=0 has no answer at all: the next answer is that of the next request', async () => {
  await client.call(METADATA, 9, { topics: [{ name: 'quiet' }] })
  client.send(PRODUCE, 7, requestOf('quiet', batch(2), 0) as never)
  const next = client.send(API_VERSIONS, 0, {})
  expect((await client.answer(API_VERSIONS, 0)).correlationId).toBe(next)
  await eventually(async () => (await endOf('quiet')) === 2) // durable a moment later
})

test.each([
  ['a batch that is damaged', (): Buffer => Buffer.concat([batch().subarray(0, 70), Buffer.of(9)])],
  ['no batch', (): Buffer => Buffer.alloc(0)],
])('acks=0 with %s closes the connection', async (_what, records) => {
  await client.call(METADATA, 9, { topics: [{ name: 'quiet' }] })
  client.send(PRODUCE, 7, requestOf('quiet', records(), 0) as never)
  expect(await client.receive()).toBeNull()
})

test('acks=0 to a topic that is not there and may not be made closes the connection', async () => {
  client.send(PRODUCE, 7, requestOf('no/name', batch(), 0) as never)
  expect(await client.receive()).toBeNull()
})

test('acks other than -1, 0 and 1 are refused for each partition', async () => {
  expect(await produce('acks', batch(), 9, 2)).toMatchObject({ errorCode: 21, baseOffset: -1 })
})

test('acks=1 answers', async () => {
  expect(await produce('acks', batch(), 9, 1)).toMatchObject({ errorCode: 0 })
})

test('exactly one batch a partition: two, none and null are INVALID_RECORD', async () => {
  for (const records of [Buffer.concat([batch(), batch()]), Buffer.alloc(0), null]) {
    expect(await produce('one', records)).toMatchObject({ errorCode: 87, baseOffset: -1 })
  }
  await produce('one', batch())
  expect(await endOf('one')).toBe(1)
})

test('message formats 0 and 1 are INVALID_RECORD, from version 3 on', async () => {
  for (const magic of [0, 1]) {
    const old = batch()
    old.writeInt8(magic, MAGIC)
    expect(await produce('old', old, 3)).toMatchObject({ errorCode: 87 })
  }
})

test('zstd below version 7 is error 76, and is taken from 7 on by what it is', async () => {
  const zstd = batch()
  zstd.writeInt16BE(4, ATTRIBUTES)
  seal(zstd)
  for (const version of [3, 6]) {
    expect(await produce('zstd', Buffer.from(zstd), version)).toMatchObject({ errorCode: 76 })
  }
  // Not looked into: the topic needs no decompression.
  expect(await produce('zstd', Buffer.from(zstd), 7)).toMatchObject({ errorCode: 0 })
})

test('a checksum that is wrong is CORRUPT_MESSAGE, and the log is as it was', async () => {
  await produce('damaged', batch())
  const damaged = batch()
  damaged.writeUInt32BE(1, CRC)
  expect(await produce('damaged', damaged)).toMatchObject({ errorCode: 2 })
  expect(await endOf('damaged')).toBe(1)
})

test('v8: the record at fault is named, with words; below it neither is there', async () => {
  await client.call(CREATE_TOPICS, 5, {
    ...{ timeoutMs: 5_000, validateOnly: false },
    topics: [
      {
        ...{ name: 'keys', numPartitions: 1, replicationFactor: 1, assignments: [] },
        configs: [{ name: 'cleanup.policy', value: 'compact' }],
      },
    ],
  })
  const records = [{ key: 'a', value: '1' }, { value: '2' }]
  const answer = await produce('keys', testBatch({ records, timestamp: NOW }), 8)
  expect(answer.errorCode).toBe(87)
  expect(answer.recordErrors).toEqual([{ batchIndex: 1, batchIndexErrorMessage: null }])
  expect(answer.errorMessage).toMatch(/key/)
  const older = await produce('keys', testBatch({ records, timestamp: NOW }), 7)
  expect([older.errorCode, older.recordErrors, older.errorMessage]).toEqual([87, [], null])
})

test('record counts that lie are refused', async () => {
  const lying = batch(2)
  lying.writeInt32BE(5, RECORD_COUNT)
  expect(await produce('lies', seal(lying))).toMatchObject({ errorCode: 87 })
})

test('partitions succeed and fail side by side, in the order of the request', async () => {
  await client.call(METADATA, 9, { topics: [{ name: 'side-a' }, { name: 'side-b' }] })
  const partitionData = [
    { index: 0, records: batch() },
    { index: 7, records: batch() },
    { index: 0, records: Buffer.alloc(3) },
  ]
  const answer = await client.call(PRODUCE, 9, {
    ...{ acks: -1, timeoutMs: 5_000 },
    topicData: [
      { name: 'side-b', partitionData },
      { name: 'side-a', partitionData: [{ index: 0, records: batch() }] },
    ],
  })
  const codes = answer.responses.map(({ name, partitionResponses }) => {
    return [name, ...partitionResponses.map(({ index, errorCode }) => [index, errorCode])]
  })
  expect(codes).toEqual([
    ['side-b', [0, 0], [7, 3], [0, 87]],
    ['side-a', [0, 0]],
  ])
})

test('pipelined batches lie in the log in the order in which they were sent, a new topic too', async () => {
  for (let number = 0; number < 200; number++) {
    client.send(PRODUCE, 9, requestOf('pipelined', batch(number % 3 === 0 ? 2 : 1)) as never)
  }
  let offset = 0
  for (let number = 0; number < 200; number++) {
    const { message, correlationId } = await client.answer(PRODUCE, 9)
    const [partition] = message.responses[0]!.partitionResponses
    expect(partition).toMatchObject({ errorCode: 0, baseOffset: offset })
    expect(correlationId).toBe(number + 1)
    offset += number % 3 === 0 ? 2 : 1
  }
})

test('the bytes of a batch are kept, whatever comes on the connection behind it', async () => {
  const sent = Array.from({ length: 20 }, (_, at) =>
    batchOf(1, 30_000 + at * 997, { timestamp: NOW + at }),
  )
  const frames = sent.map((records) =>
    client.frameOf(PRODUCE, 9, requestOf('kept', records) as never),
  )
  client.sendBytes(Buffer.concat(frames))
  for (let at = 0; at < sent.length; at++) {
    const { message } = await client.answer(PRODUCE, 9)
    expect(message.responses[0]!.partitionResponses[0]).toMatchObject({
      errorCode: 0,
      baseOffset: at,
    })
  }
  const fetched = await client.call(FETCH, 11, {
    ...{ maxWaitMs: 0, minBytes: 1, isolationLevel: 0 },
    topics: [
      {
        topic: 'kept',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000_000 }],
      },
    ],
  })
  const read = fetched.responses[0]!.partitions[0]!.records!
  let at = 0
  for (const records of sent) {
    expect(read.subarray(at + 16, at + records.byteLength).equals(records.subarray(16))).toBe(true)
    at += records.byteLength
  }
  expect(at).toBe(read.byteLength)
})

test('memory of frames is used again, and what is stored never changes for it', async () => {
  const sizeOf = (at: number): number => 20_000 + (at % 5) * 9_000
  const sent = Array.from({ length: 300 }, (_, at) => {
    const records = [{ value: Buffer.alloc(sizeOf(at), at) }]
    return testBatch({ records, timestamp: NOW })
  })
  // A few in flight, so that the memory of those that are answered goes to those that come.
  for (let at = 0; at < sent.length + 5; at++) {
    if (at < sent.length) client.send(PRODUCE, 9, requestOf('reused', sent[at]!, 1) as never)
    if (at >= 5) expect((await client.answer(PRODUCE, 9)).correlationId).toBe(at - 4)
  }
  for (let at = 0; at < sent.length; at++) {
    const fetched = await client.call(FETCH, 11, {
      ...{ maxWaitMs: 5_000, minBytes: 1, isolationLevel: 0 },
      topics: [
        {
          topic: 'reused',
          partitions: [{ partition: 0, fetchOffset: at, partitionMaxBytes: 1 }],
        },
      ],
    })
    const read = fetched.responses[0]!.partitions[0]!.records!
    expect(read.subarray(16).equals(sent[at]!.subarray(16)), `batch ${at}`).toBe(true)
  }
})

test('a batch over max.message.bytes is MESSAGE_TOO_LARGE', async () => {
  expect(await produce('large', batchOf(1, 2_000_000, { timestamp: NOW }))).toMatchObject({
    errorCode: 10,
  })
})

test('clients may not write control batches, nor set the time of the broker', async () => {
  for (const [bit, code] of [
    [0x20, 87],
    [0x08, 32],
  ] as const) {
    const odd = batch()
    odd.writeInt16BE(bit, ATTRIBUTES)
    expect(await produce('bits', seal(odd))).toMatchObject({ errorCode: code })
  }
})
