// Produce and ProduceStream over real HTTP/2, above partition logs in memory whose disk the test moves.

import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ProduceService } from '../../../src/broker/produce-service.ts'
import { realClock } from '../../../src/io/real-clock.ts'
import { ApiCounterSet } from '../../../src/observability/api-counters.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { ACKS, type ProduceStreamRequest } from '../../../src/protocol/grpc/produce-codec.ts'
import { PRODUCE_SERVICE } from '../../../src/protocol/grpc/services.ts'
import { validateProduced } from '../../../src/record/validate.ts'
import { GrpcServer } from '../../../src/server/grpc/grpc-server.ts'
import { addProduce } from '../../../src/server/grpc/produce.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { batchOf, testBatch } from '../../support/batches.ts'
import { eventually, framed, settled, TestClient } from '../../support/grpc-client.ts'
import { type TestPartition, TestPartitions } from '../../support/partitions.ts'
import { GreedyClient } from './greedy-client.ts'

const core = StorageCore.load()

let partitions: TestPartitions
let clicks: TestPartition
let service: ProduceService
/** What each request is told to wait, in milliseconds; 0 when there is no more. */
let waits: number[] = []
const quotas = { produced: (): number => waits.shift() ?? 0 }
let server: GrpcServer
let client: TestClient
let port: number

beforeEach(async () => {
  partitions = new TestPartitions()
  clicks = partitions.add('clicks')[0]!
  service = new ProduceService({
    clock: realClock,
    logger: silentLogger,
    partitions,
    validate: (bytes, rules) => validateProduced(core, bytes, rules),
    topicCreation: null,
    maxBytesInFlight: 4 * 1024 * 1024,
  })
  server = new GrpcServer({
    clock: realClock,
    logger: silentLogger,
    apis: new ApiCounterSet(),
    maxMessageBytes: 16 * 1024 * 1024,
    maxConnections: 8,
    sendBytes: 32 * 1024 * 1024,
  })
  addProduce(server.calls, { service, quotas, clock: realClock, logger: silentLogger })
  port = await server.bind('127.0.0.1:0')
  client = new TestClient(port)
})

afterEach(async () => {
  client.close()
  await server.stop(0)
  service.close()
})

test('who has used up a quota waits: the next request of a stream begins when it is over', async () => {
  waits = [120]
  const begun = performance.now()
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  stream.write(request(1))
  stream.write(request(2))
  await eventually(() => clicks.log.logEndOffset === 2)
  expect(performance.now() - begun).toBeGreaterThanOrEqual(115)
  stream.cancel()
})

function request(
  number: number,
  batch = testBatch(),
  acks: number = ACKS.all,
): ProduceStreamRequest {
  return { number, acks, timeoutMs: 0, batches: [{ topic: 'clicks', partition: 0, batch }] }
}

function flush(): void {
  clicks.log.write()
  clicks.log.sync()
}

test('requests are appended without waiting for each other, and acknowledged together', async () => {
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  for (let number = 1; number <= 20; number++) stream.write(request(number))
  await eventually(() => clicks.log.logEndOffset === 20)
  expect(stream.received).toEqual([])

  flush()
  const [first, ...others] = await stream.until(1)
  expect(others).toEqual([])
  expect(first!.acks.map(({ number }) => number)).toEqual(
    Array.from({ length: 20 }, (_, n) => n + 1),
  )
  const offsets = first!.acks.map(({ partitions: [produced] }) => produced!.baseOffset)
  expect(offsets).toEqual(Array.from({ length: 20 }, (_, n) => n))
  stream.halfClose()
  expect((await stream.end).code).toBe(status.OK)
})

test('answers keep the order of requests, whatever finishes first', async () => {
  const other = partitions.add('other')[0]!
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  stream.write(request(1))
  stream.write({ ...request(2), batches: [{ topic: 'other', partition: 0, batch: testBatch() }] })
  await eventually(() => other.log.logEndOffset === 1 && clicks.log.logEndOffset === 1)
  other.log.write()
  other.log.sync()
  // The second is finished; the first is not, and goes before it.
  await eventually(() => service.bytesInFlight === testBatch().byteLength)
  expect(stream.received).toEqual([])
  flush()
  await stream.until(1)
  const numbers = stream.received.flatMap(({ acks }) => acks.map(({ number }) => number))
  expect(numbers).toEqual([1, 2])
  stream.cancel()
})

test('of a client that does not take its answers, no more than a mebibyte of them is read for', async () => {
  const greedy = await GreedyClient.connect(port, 0)
  const stream = greedy.open(PRODUCE_SERVICE.produceStream.path)
  const batches = [{ topic: 'nobody', partition: 0, batch: testBatch() }]
  const { requestSerialize } = PRODUCE_SERVICE.produceStream
  for (let number = 0; number < 8_000; number++) {
    stream.write(framed(requestSerialize({ ...request(number), batches })))
  }
  const heldBytes = await settled(() => server.heldBytes)
  // What is answered in one turn goes out together: 1,024 requests at most.
  expect(heldBytes).toBeGreaterThan(1024 * 1024)
  expect(heldBytes).toBeLessThan(1024 * 1024 + 1_024 * 1_200)
  greedy.close()
  await eventually(() => server.heldBytes === 0)
})

test('a refused request is an answer with its error, and the stream goes on', async () => {
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  const damaged = testBatch()
  damaged[70]! ^= 1
  const lying = testBatch()
  lying.writeInt32BE(lying.byteLength, 8)
  const batches = [
    damaged,
    lying,
    Buffer.from('no batch'),
    Buffer.alloc(0),
    testBatch({ attributes: 0x20 }),
  ]
  for (const [number, batch] of batches.entries()) stream.write(request(number, batch))
  stream.write({ ...request(5), batches: [{ topic: '../x', partition: 0, batch: testBatch() }] })
  stream.write({ ...request(6), batches: [{ topic: 'clicks', partition: -1, batch: testBatch() }] })
  stream.write(request(7, testBatch(), 99))
  stream.write(request(8, testBatch(), ACKS.leader))
  await eventually(() => clicks.log.logEndOffset === 1)
  flush()
  await eventually(() => stream.received.flatMap(({ acks }) => acks).length === 9)
  const codes = stream.received.flatMap(({ acks }) => {
    return acks.map(({ partitions: [produced] }) => produced!.error?.code ?? null)
  })
  expect(codes).toEqual([
    'CORRUPT_MESSAGE',
    'CORRUPT_MESSAGE',
    'CORRUPT_MESSAGE',
    'CORRUPT_MESSAGE',
    'INVALID_RECORD',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'INVALID_REQUIRED_ACKS',
    null,
  ])
  expect(clicks.log.batches).toHaveLength(1)
  stream.cancel()
})

test('a malformed message ends the stream, after what was before it is answered', async () => {
  const stream = client.bidi({
    ...PRODUCE_SERVICE.produceStream,
    requestSerialize: (message: ProduceStreamRequest | Buffer) => {
      if (Buffer.isBuffer(message)) return message
      return PRODUCE_SERVICE.produceStream.requestSerialize(message)
    },
  } as unknown as typeof PRODUCE_SERVICE.produceStream)
  stream.read().write(request(1))
  stream.write(Buffer.from([0xff]) as never)
  stream.write(request(2))
  await eventually(() => clicks.log.logEndOffset === 1)
  flush()
  const end = await stream.end
  expect(end.error!.code).toBe('INVALID_REQUEST')
  expect(stream.received.flatMap(({ acks }) => acks.map(({ number }) => number))).toEqual([1])
  expect(clicks.log.logEndOffset).toBe(1)
})

test('the broker stops reading while too much is not acknowledged, and goes on after', async () => {
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  const batch = batchOf(100, 1_000)
  const count = 200
  for (let number = 0; number < count; number++) stream.write(request(number, Buffer.from(batch)))
  const appended = await settled(() => clicks.log.batches.length)
  // 4 MiB may be in flight; the request that exceeds it has been taken.
  expect(appended * batch.byteLength).toBeLessThan(4 * 1024 * 1024 + 2 * batch.byteLength)
  expect(service.bytesInFlight).toBeGreaterThan(4 * 1024 * 1024 - batch.byteLength)

  const timer = setInterval(flush, 1)
  await eventually(() => stream.received.flatMap(({ acks }) => acks).length === count)
  clearInterval(timer)
  expect(service.bytesInFlight).toBe(0)
  stream.cancel()
})

test('a client that goes away in the middle holds nothing up', async () => {
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  stream.write(request(1))
  await eventually(() => clicks.log.logEndOffset === 1)
  stream.cancel()
  await eventually(() => server.calls.openStreams === 0)
  flush()
  await eventually(() => service.bytesInFlight === 0)
})

test('with acks=0 the answer comes at once', async () => {
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  stream.write(request(1, testBatch(), ACKS.none))
  expect((await stream.until(1))[0]!.acks[0]!.partitions[0]).toMatchObject({
    baseOffset: -1,
    error: null,
  })
  stream.cancel()
})

test('a stop waits for what is in flight, and tells the client to come again', async () => {
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  stream.write(request(1))
  await eventually(() => clicks.log.logEndOffset === 1)
  const stopped = server.stop(10_000)
  flush()
  const end = await stream.end
  expect([end.code, end.error!.retriable]).toEqual([status.UNAVAILABLE, true])
  expect(stream.received[0]!.acks[0]!.number).toBe(1)
  await stopped
})

test('a stop ends in its time when something is never acknowledged', async () => {
  const stream = client.bidi(PRODUCE_SERVICE.produceStream).read()
  stream.write(request(1))
  await eventually(() => clicks.log.logEndOffset === 1)
  await server.stop(50)
  expect((await stream.end).code).not.toBe(status.OK)
})

test('Produce answers each batch of many partitions', async () => {
  const others = partitions.add('other', 2)
  const names = [
    ['clicks', 0],
    ['other', 1],
    ['other', 2],
  ] as const
  const batches = names.map(([topic, partition]) => ({ topic, partition, batch: testBatch() }))
  const answer = client.call(PRODUCE_SERVICE.produce, { acks: ACKS.leader, timeoutMs: 0, batches })
  await eventually(() => partitions.partition('other', 1).logEndOffset === 1)
  for (const { log } of [clicks, others[1]!]) log.write()
  const produced = (await answer).partitions.map(({ topic, partition, baseOffset, error }) => {
    return [topic, partition, baseOffset, error?.code ?? null]
  })
  expect(produced).toEqual([
    ['clicks', 0, 0, null],
    ['other', 1, 0, null],
    ['other', 2, -1, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])
})

test('Produce is refused as a whole when its acks make no sense', async () => {
  const wrong = { acks: 7, timeoutMs: 0, batches: [] }
  const { error } = await client.refusal(PRODUCE_SERVICE.produce, wrong)
  expect(error!.code).toBe('INVALID_REQUIRED_ACKS')
})
