// How a broker starts and stops.

import { create } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { existsSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import * as adminPb from '../../src/protocol/grpc/gen/sluice/v1/admin_pb.ts'
import * as fetchPb from '../../src/protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { ACKS } from '../../src/protocol/grpc/produce-codec.ts'
import { ADMIN_SERVICE, FETCH_SERVICE, PRODUCE_SERVICE } from '../../src/protocol/grpc/services.ts'
import { Broker } from '../../src/server/broker.ts'
import { batchOf } from '../support/batches.ts'
import { TestBroker } from '../support/broker.ts'
import { eventually } from '../support/grpc-client.ts'

let broker: TestBroker | null = null

afterEach(async () => {
  await broker?.remove()
  broker = null
})

const NOW = Date.now()

test('what was acknowledged is there after a stop, and the stop was clean', async () => {
  broker = await TestBroker.start()
  const stream = broker.client.bidi(PRODUCE_SERVICE.produceStream).read()
  const batch = batchOf(10, 100, { timestamp: NOW })
  for (let number = 0; number < 20; number++) {
    const batches = [{ topic: 'kept', partition: 0, batch: Buffer.from(batch) }]
    stream.write({ number, acks: ACKS.all, timeoutMs: 0, batches })
  }
  await eventually(() => stream.received.flatMap(({ acks }) => acks).length === 20)
  await broker.stop()
  expect(existsSync(`${broker.directory}/.kafka_cleanshutdown`)).toBe(true)

  await broker.open()
  expect(existsSync(`${broker.directory}/.kafka_cleanshutdown`)).toBe(false)
  const request = create(adminPb.DescribeTopicRequestSchema, { name: 'kept' })
  const { partitions } = await broker.client.call(ADMIN_SERVICE.describeTopic, request)
  // A clean stop raises no leader epoch.
  expect(partitions).toMatchObject([{ logEndOffset: 200n, highWatermark: 200n, leaderEpoch: 0 }])
})

test('a stop with everything open answers what is in flight, and ends within 5 s', async () => {
  broker = await TestBroker.start()
  const { client } = broker
  const produce = client.bidi(PRODUCE_SERVICE.produceStream).read()
  const batches = [{ topic: 'busy', partition: 0, batch: batchOf(1, 10, { timestamp: NOW }) }]
  produce.write({ number: 1, acks: ACKS.all, timeoutMs: 0, batches })
  await produce.until(1)

  const start = { kind: 'latest' } as const
  const tail = client.bidi(FETCH_SERVICE.fetchStream).read()
  tail.write({ kind: 'assign', partitions: [{ topic: 'busy', partition: 0, start, tag: 0 }] })
  await tail.until(1)
  const topics = [{ topic: 'busy' }]
  const subscription = client
    .serverStream(FETCH_SERVICE.subscribe, create(fetchPb.SubscribeRequestSchema, { topics }))
    .read()
  await subscription.until(1)
  const poll = client.call(
    FETCH_SERVICE.fetch,
    create(fetchPb.FetchRequestSchema, {
      maxWaitMs: 60_000,
      minBytes: 1,
      partitions: [{ topic: 'busy', partition: 0, fetchOffset: 1n }],
    }),
  )
  // The poll waits when its request has been counted in; it stands behind this one.
  await client.call(ADMIN_SERVICE.describeCluster, create(adminPb.DescribeClusterRequestSchema))

  const begun = performance.now()
  await broker.stop()
  expect(performance.now() - begun).toBeLessThan(5_000)
  for (const stream of [produce, tail, subscription]) {
    const { code, error } = await stream.end
    expect([code, error!.code]).toEqual([status.UNAVAILABLE, 'LEADER_NOT_AVAILABLE'])
  }
  expect((await poll).partitions[0]).toMatchObject({ highWatermark: 1 })
})

test('a second broker on the same directory is refused, and the first goes on', async () => {
  broker = await TestBroker.start()
  const free = { 'listeners.grpc': '127.0.0.1:0', 'listeners.kafka': '127.0.0.1:0' }
  const options = { 'data.dir': broker.directory, ...free }
  await expect(Broker.start({ options: { ...options, 'listeners.http': 'off' } })).rejects.toThrow(
    /in use|has it|process/i,
  )
  const request = create(adminPb.DescribeClusterRequestSchema)
  expect((await broker.client.call(ADMIN_SERVICE.describeCluster, request)).brokers).toHaveLength(1)
})

test('an address that is taken fails the start, and leaves nothing running', async () => {
  broker = await TestBroker.start()
  const other = await TestBroker.start()
  await other.stop()
  const taken = `127.0.0.1:${broker.grpcPort}`
  await expect(other.open({ options: { 'listeners.grpc': taken } })).rejects.toThrow(/can't listen/)
  await other.open({ options: {} })
  await other.remove()
})

test('a wrong option fails the start with its name', async () => {
  const start = Broker.start({ options: { 'listeners.grcp': '127.0.0.1:0' } })
  await expect(start).rejects.toThrow(ConfigError)
  await expect(start).rejects.toThrow(/listeners\.grpc/)
})

test('listeners that are off do not listen', async () => {
  broker = await TestBroker.start()
  const directory = `${broker.directory}/other`
  const off = { 'listeners.grpc': 'off', 'listeners.http': 'off', 'listeners.kafka': 'off' }
  const options = { 'data.dir': directory, ...off }
  const quiet = await Broker.start({ options })
  expect(quiet.addresses).toEqual({ grpc: null, http: null, kafka: null })
  await quiet.close()
  await quiet.close()
})

test('with automatic creation off, producing makes no topic', async () => {
  broker = await TestBroker.start({ options: { 'auto.create.topics.enable': 'false' } })
  const batches = [{ topic: 'absent', partition: 0, batch: batchOf(1, 1, { timestamp: NOW }) }]
  const answer = await broker.client.call(PRODUCE_SERVICE.produce, {
    acks: ACKS.all,
    timeoutMs: 0,
    batches,
  })
  expect(answer.partitions[0]!.error!.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
})
