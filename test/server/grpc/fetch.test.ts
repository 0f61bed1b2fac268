// Fetch and FetchStream over real HTTP/2, above partitions in memory.

import { create } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FetchService } from '../../../src/broker/fetch-service.ts'
import { realClock } from '../../../src/io/real-clock.ts'
import { ApiCounterSet } from '../../../src/observability/api-counters.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { encodeMessage } from '../../../src/protocol/grpc/codec.ts'
import {
  type FetchStreamRequest,
  fetchStreamRequestCodec,
} from '../../../src/protocol/grpc/fetch-command-codec.ts'
import type { FetchStreamResponse } from '../../../src/protocol/grpc/fetch-codec.ts'
import { FetchRequestSchema } from '../../../src/protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { Isolation } from '../../../src/protocol/grpc/gen/sluice/v1/records_pb.ts'
import { FETCH_SERVICE } from '../../../src/protocol/grpc/services.ts'
import { addFetch } from '../../../src/server/grpc/fetch.ts'
import { GrpcServer } from '../../../src/server/grpc/grpc-server.ts'
import {
  eventually,
  settled,
  SlowCall,
  TestClient,
  type TestStream,
} from '../../support/grpc-client.ts'
import { MemoryPartitions } from '../../support/memory-partition.ts'

let partitions: MemoryPartitions
let service: FetchService
let server: GrpcServer
let client: TestClient
let port: number

beforeEach(async () => {
  partitions = new MemoryPartitions()
  service = new FetchService({
    clock: realClock,
    partitions,
    openBatch: () => expect.unreachable(),
  })
  server = new GrpcServer({
    clock: realClock,
    logger: silentLogger,
    apis: new ApiCounterSet(),
    maxMessageBytes: 1024 * 1024,
    maxConnections: 8,
    sendBytes: 32 * 1024 * 1024,
  })
  addFetch(server.calls, service)
  port = await server.bind('127.0.0.1:0')
  client = new TestClient(port)
})

afterEach(async () => {
  client.close()
  await server.stop(0)
  service.close()
})

type Stream = TestStream<FetchStreamRequest, FetchStreamResponse>

function open(): Stream {
  return client.bidi(FETCH_SERVICE.fetchStream)
}

function assign(tag: number | bigint = 7): FetchStreamRequest {
  const start = { kind: 'earliest' } as const
  return { kind: 'assign', partitions: [{ topic: 'clicks', partition: 0, start, tag }] }
}

function fetchOf(init: object): ReturnType<typeof create<typeof FetchRequestSchema>> {
  return create(FetchRequestSchema, init)
}

const ONE = { topic: 'clicks', partition: 0, fetchOffset: 0n }

test('a stream says where it begins, waits for credit, and pushes under it', async () => {
  const log = partitions.add('clicks')
  log.publish('first')
  const stream = open()
    .read()
    .write(assign(2n ** 64n - 1n))
  expect(await stream.until(1)).toMatchObject([
    { kind: 'state', nextOffset: 0, highWatermark: 1, tag: 2n ** 64n - 1n, error: null },
  ])

  stream.write({ kind: 'credit', bytes: 1 })
  await stream.until(2)
  expect(stream.received[1]).toMatchObject({ kind: 'batches', highWatermark: 1, logStartOffset: 0 })
  expect((stream.received[1] as { batches: Buffer }).batches.toString()).toBe('first')

  log.publish('second')
  stream.write({ kind: 'credit', bytes: 100 })
  await stream.until(3)
  expect((stream.received[2] as { batches: Buffer }).batches.toString()).toBe('second')
  stream.cancel()
})

test('credit that is left is used after the client has half-closed, and then the call ends', async () => {
  partitions.add('clicks').publish('first')
  const stream = open().read().write(assign()).write({ kind: 'credit', bytes: 5 })
  stream.halfClose()
  expect((await stream.end).code).toBe(status.OK)
  expect(stream.received.map(({ kind }) => kind)).toEqual(['state', 'batches'])
})

test('a partition that is not there is a state with an error, and the stream goes on', async () => {
  const stream = open().read().write(assign())
  expect(await stream.until(1)).toMatchObject([
    { kind: 'state', nextOffset: -1, error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
  ])
  partitions.add('clicks').publish('x')
  stream.write({ kind: 'seek', topic: 'clicks', partition: 0, start: { kind: 'earliest' }, tag: 8 })
  await stream.until(2)
  expect(stream.received[1]).toMatchObject({ kind: 'state', tag: 8, error: null })
  stream.cancel()
})

test('a message without a command ends the stream as an invalid request', async () => {
  const end = await open().read().write({ kind: 'none' }).end
  expect(end.error!.code).toBe('INVALID_REQUEST')
  await eventually(() => service.sessionCount === 0)
})

test('a cancelled stream leaves no session behind', async () => {
  partitions.add('clicks')
  const stream = open().read().write(assign())
  await stream.until(1)
  expect(service.sessionCount).toBe(1)
  stream.cancel()
  await eventually(() => service.sessionCount === 0)
})

test('a client that does not read is not pushed to beyond the windows and a little more', async () => {
  const log = partitions.add('clicks')
  const batch = Buffer.alloc(64 * 1024, 1)
  for (let n = 0; n < 1_000; n++) log.publish(batch)
  const { path } = FETCH_SERVICE.fetchStream
  const call = new SlowCall(port, path)
  for (const command of [assign(), { kind: 'credit', bytes: 1e9 } as const]) {
    call.write(encodeMessage(fetchStreamRequestCodec, command))
  }
  // 64 KiB of window, 1 MiB that may wait to be sent, one push above it.
  expect(await settled(() => service.counters.bytes.value)).toBeLessThan(2 * 1024 * 1024)

  call.read()
  await eventually(() => call.receivedBytes > 1_000 * batch.byteLength)
  call.close()
})

test('a long poll waits for records, and answers at once when they come', async () => {
  const log = partitions.add('clicks')
  const answer = client.call(
    FETCH_SERVICE.fetch,
    fetchOf({ maxWaitMs: 30_000, minBytes: 1, partitions: [ONE] }),
  )
  await eventually(() => service.waitingCount === 1)
  log.publish('new')
  const [fetched] = (await answer).partitions
  expect(fetched).toMatchObject({ topic: 'clicks', highWatermark: 1, error: null })
  expect(fetched!.batches.toString()).toBe('new')
})

test('a long poll that is cancelled waits no more', async () => {
  partitions.add('clicks')
  const cancel = client.begin(
    FETCH_SERVICE.fetch,
    fetchOf({ maxWaitMs: 30_000, minBytes: 1, partitions: [ONE] }),
  )
  await eventually(() => service.waitingCount === 1)
  cancel()
  await eventually(() => service.waitingCount === 0)
})

test('readers of committed records end at the last stable offset, and hear of what was aborted', async () => {
  const log = partitions.add('clicks')
  log.publish('aborted')
  log.publish('marker')
  const aborted = { producerId: 9, firstOffset: 0, lastOffset: 1, lastStableOffset: 2 }
  log.aborted.push(aborted)
  log.decide(2)
  log.publish('open')
  const marks = { highWatermark: 3, lastStableOffset: 2 }
  const told = [{ producerId: 9, firstOffset: 0, lastOffset: 1 }]
  const isolation = Isolation.READ_COMMITTED
  const committed = await client.call(
    FETCH_SERVICE.fetch,
    fetchOf({ partitions: [ONE], isolation }),
  )
  expect(committed.partitions).toMatchObject([{ ...marks, aborted: told }])
  expect(committed.partitions[0]!.batches.toString()).toBe('abortedmarker')
  const all = await client.call(FETCH_SERVICE.fetch, fetchOf({ partitions: [ONE] }))
  expect(all.partitions).toMatchObject([{ ...marks, aborted: [] }])
  expect(all.partitions[0]!.batches.toString()).toBe('abortedmarkeropen')

  const stream = open().read()
  stream.write({ ...assign(), isolation } as FetchStreamRequest)
  stream.write({ kind: 'credit', bytes: 1_000 })
  await stream.until(2)
  const [state, batches] = stream.received
  expect(state).toMatchObject({ kind: 'state', nextOffset: 0, ...marks })
  expect(batches).toMatchObject({ kind: 'batches', ...marks, aborted: told })
  expect((batches as { batches: Buffer }).batches.toString()).toBe('abortedmarker')
  log.decide()
  await stream.until(3)
  expect((stream.received[2] as { batches: Buffer }).batches.toString()).toBe('open')
  stream.cancel()
})

test('an isolation that is none of the enum is refused', async () => {
  partitions.add('clicks')
  const call = client.call(FETCH_SERVICE.fetch, fetchOf({ partitions: [ONE], isolation: 7 }))
  await expect(call).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
  const stream = open().read()
  stream.write({ ...assign(), isolation: 7 } as FetchStreamRequest)
  expect((await stream.end).code).toBe(status.INVALID_ARGUMENT)
})

test('errors of partitions come beside the others', async () => {
  partitions.add('clicks').publish('x')
  const wanted = [{ ...ONE, topic: 'nothing' }, ONE, { ...ONE, fetchOffset: 17n }]
  const { partitions: fetched } = await client.call(
    FETCH_SERVICE.fetch,
    fetchOf({ partitions: wanted }),
  )
  const codes = fetched.map(({ error }) => error?.code ?? null)
  expect(codes).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', null, 'OFFSET_OUT_OF_RANGE'])
  expect(fetched[2]!.error!.facts).toMatchObject({ high_watermark: '1' })
})

test('an offset that no log can have is an invalid request', async () => {
  const { error } = await client.refusal(
    FETCH_SERVICE.fetch,
    fetchOf({ partitions: [{ ...ONE, fetchOffset: 2n ** 60n }] }),
  )
  expect(error!.code).toBe('INVALID_REQUEST')
})

test('when the broker stops, streams end and long polls answer', async () => {
  partitions.add('clicks')
  const stream = open().read().write(assign())
  await stream.until(1)
  const answer = client.call(
    FETCH_SERVICE.fetch,
    fetchOf({ maxWaitMs: 30_000, minBytes: 1, partitions: [ONE] }),
  )
  await eventually(() => service.waitingCount === 1)
  await server.stop(10_000)
  expect((await answer).partitions).toHaveLength(1)
  const end = await stream.end
  expect([end.code, end.error!.code]).toEqual([status.UNAVAILABLE, 'LEADER_NOT_AVAILABLE'])
  expect(service.sessionCount).toBe(0)
})
