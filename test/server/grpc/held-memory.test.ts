// What the gRPC front holds in memory for clients that do not take their answers: over all connections it
// has a bound, and others are served beside them. Real HTTP/2, a clock by hand; what counts is bytes.

import type { ClientHttp2Stream } from 'node:http2'
import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FetchService } from '../../../src/broker/fetch-service.ts'
import { ApiCounterSet } from '../../../src/observability/api-counters.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { SubscribeRequestSchema } from '../../../src/protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { FETCH_SERVICE } from '../../../src/protocol/grpc/services.ts'
import { HEALTH_SERVICE } from '../../../src/protocol/grpc/standard-services.ts'
import { openBatch } from '../../../src/record/batch-reader.ts'
import { addFetch } from '../../../src/server/grpc/fetch.ts'
import { GrpcServer } from '../../../src/server/grpc/grpc-server.ts'
import { Health } from '../../../src/server/grpc/health.ts'
import { addSubscribe } from '../../../src/server/grpc/subscribe.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { batchOf } from '../../support/batches.ts'
import { eventually, settled } from '../../support/grpc-client.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryPartitions, type MemoryPartition } from '../../support/memory-partition.ts'
import { DeafProxy, GreedyClient } from './greedy-client.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Time goes by when the test says so, and turns end by themselves. */
class HandClock extends ManualClock {
  override endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }
}

const core = StorageCore.load()

let clock: HandClock
let service: FetchService
let partitions: MemoryPartitions
let server: GrpcServer
let port: number
let clients: GreedyClient[]

beforeEach(() => {
  clients = []
})

afterEach(async () => {
  for (const client of clients) client.close()
  await eventually(() => server.connectionCount === 0)
  expect(server.heldBytes).toBe(0)
  await server.stop(0)
  service.close()
})

async function listen(sendBytes: number): Promise<void> {
  clock = new HandClock()
  partitions = new MemoryPartitions()
  service = new FetchService({ clock, partitions, openBatch: (batch) => openBatch(core, batch) })
  server = new GrpcServer({
    ...{ clock, logger: silentLogger, apis: new ApiCounterSet(), sendBytes },
    ...{ maxMessageBytes: MIB, maxConnections: 100 },
  })
  addFetch(server.calls, service)
  addSubscribe(server.calls, { service, clock, logger: silentLogger })
  new Health([]).addTo(server.calls)
  port = await server.bind('127.0.0.1:0')
}

function publish(topic: string, count: number, batchBytes: number): MemoryPartition {
  const log = partitions.add(topic)
  for (let at = 0; at < count; at++) log.publish(Buffer.alloc(batchBytes, 1))
  return log
}

async function connect(windowBytes: number, to = port): Promise<GreedyClient> {
  const client = await GreedyClient.connect(to, windowBytes)
  clients.push(client)
  return client
}

/** Looks at who takes nothing. */
async function look(): Promise<void> {
  clock.advance(250)
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function cuts(): number {
  return server.refusals.get('send_memory')!.value
}

test('clients that never read hold a bounded memory together, and others get their records', async () => {
  const limit = 4 * MIB
  await listen(limit)
  publish('large', 4, 900_000)
  let most = 0
  for (let at = 0; at < 8; at++) {
    // The first have no window at all; the others one, of which nothing is read.
    const client = await connect(at < 4 ? 0 : 64 * KIB)
    for (let call = 0; call < 30; call++) {
      if (call % 2 === 0) client.fetchStream('large')
      else client.fetch('large', 8 * MIB)
    }
    await client.ping()
    most = Math.max(most, server.heldBytes)
  }
  // All that was asked for is 860 MB.
  const honest = await connect(MIB)
  let isServed = false
  void honest.take(honest.fetch('large', MIB), 900_000).then(() => (isServed = true))
  while (!isServed) {
    await look()
    most = Math.max(most, server.heldBytes)
  }
  expect(honest.takenBytes).toBeGreaterThan(900_000)
  expect(most).toBeGreaterThan(limit)
  // At twice the limit nothing more is read; one batch is given whole, however little room there is.
  expect(most).toBeLessThan(2 * limit + 2 * MIB)
  expect(cuts()).toBeGreaterThanOrEqual(1)
  expect(honest.session.destroyed).toBe(false)
})

test('a connection of which nothing is read at all is closed as well, and when the broker stops', async () => {
  await listen(MIB)
  publish('large', 1, 20 * MIB)
  const proxy = await DeafProxy.start(port)
  const cut = await connect(64 * MIB, proxy.port)
  proxy.goDeaf()
  cut.fetch('large', MIB)
  await eventually(() => server.heldBytes > 16 * MIB)
  for (let at = 0; at < 6; at++) await look()
  await eventually(() => server.connectionCount === 0)
  expect(cuts()).toBe(1)

  const stays = await connect(64 * MIB, proxy.port)
  proxy.goDeaf()
  stays.fetch('large', MIB)
  await eventually(() => server.heldBytes > 16 * MIB)
  const stopped = server.stop(1_000)
  clock.advance(1_000)
  await stopped
  proxy.close()
})

test('who reads slowly is not closed, however little memory there is', async () => {
  await listen(256 * KIB)
  publish('large', 1, 4 * MIB)
  const client = await connect(64 * KIB)
  const stream = client.fetch('large', MIB)
  // 5 s at 250 KB/s.
  for (let at = 0; at < 20; at++) {
    await client.take(stream, 64 * KIB)
    await look()
    expect(server.heldBytes).toBeGreaterThan(4 * MIB)
  }
  expect(cuts()).toBe(0)
  await client.take(stream, 4 * MIB)
  await eventually(() => server.heldBytes === 0)
})

test('who reads a little now and then is closed, and so is who reads nothing and asks for pings', async () => {
  await listen(256 * KIB)
  publish('large', 1, 4 * MIB)
  const trickle = await connect(KIB)
  const stream = trickle.fetch('large', MIB)
  for (let at = 0; at < 12; at++) {
    await trickle.take(stream, KIB)
    await look()
  }
  expect(cuts()).toBe(0)
  await look()
  await look()
  expect(cuts()).toBe(1)

  const pinging = await connect(0)
  pinging.fetch('large', MIB)
  await eventually(() => server.heldBytes > 4 * MIB)
  for (let at = 0; at < 6 && cuts() === 1; at++) {
    await pinging.ping()
    pinging.session.settings({ initialWindowSize: 0 })
    await pinging.ping()
    await look()
  }
  expect(cuts()).toBe(2)
})

test('while memory is short, a stream that is behind gets 64 KiB and no more', async () => {
  await listen(4 * MIB)
  publish('many', 200, 16 * KIB)
  const client = await connect(0)
  for (let at = 0; at < 4; at++) client.fetchStream('many')
  const tight = await settled(() => server.heldBytes)
  expect(tight).toBeGreaterThan(4 * MIB)
  client.fetchStream('many')
  await eventually(() => server.heldBytes > tight)
  expect((await settled(() => server.heldBytes)) - tight).toBeLessThan(130 * KIB)
})

test('a subscription counts what it was pushed beside what waits to be taken', async () => {
  await listen(8 * MIB)
  const log = partitions.add('records')
  // A push of 1.8 MB, of which a message of 1.1 MB is sent.
  for (let at = 0; at < 4; at++) log.publish(batchOf(20, 90_000, { baseOffset: 20 * at }), 20)
  const client = await connect(0)
  client.call(
    FETCH_SERVICE.subscribe as never,
    create(SubscribeRequestSchema, { topics: [{ topic: 'records' }] }) as never,
  )
  await eventually(() => server.heldBytes > 2_800_000)
  expect(await settled(() => server.heldBytes)).toBeLessThan(2_900_000)
})

function check(client: GreedyClient): ClientHttp2Stream {
  return client.call(HEALTH_SERVICE.check as never, { service: '' } as never)
}

test('while there is no room, calls of who is behind wait, and those of others do not', async () => {
  await listen(256 * KIB)
  publish('large', 1, 4 * MIB)
  const behind = await connect(0)
  behind.fetch('large', MIB)
  await eventually(() => server.heldBytes > 4 * MIB)
  let answers = 0
  for (let at = 0; at < 3; at++) check(behind).on('response', () => (answers += 1))
  await behind.ping()
  const other = await connect(KIB)
  await other.take(check(other), 1)
  expect(answers).toBe(0)
  behind.close()
  await eventually(() => server.heldBytes === 0)
})

test('a call that is over counts until its bytes are gone', async () => {
  await listen(4 * MIB)
  publish('many', 1, 100_000)
  const client = await connect(0)
  const stream = client.fetchStream('many', { 'grpc-encoding': 'unheard-of' })
  await eventually(() => server.heldBytes > 100_000)
  // Each ends the call, the first behind what is sent, the second at once.
  stream.write(Buffer.concat([COMPRESSED, COMPRESSED]))
  await eventually(() => service.sessionCount === 0)
  expect(server.heldBytes).toBeGreaterThan(100_000)
  stream.close()
  await eventually(() => server.heldBytes === 0)
})

/** A message of one byte, as if it were compressed. */
const COMPRESSED = Buffer.from([1, 0, 0, 0, 1, 0])
