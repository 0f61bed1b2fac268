// The metrics of what the gRPC front holds, with a whole broker behind it.

import { create } from '@bufbuild/protobuf'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CreateTopicRequestSchema } from '../../../src/protocol/grpc/gen/sluice/v1/admin_pb.ts'
import { ADMIN_SERVICE, PRODUCE_SERVICE } from '../../../src/protocol/grpc/services.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { eventually } from '../../support/grpc-client.ts'
import { SessionStream } from './session-stream.ts'

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start({ options: { 'offsets.topic.num.partitions': '1' } })
})

afterAll(async () => {
  await broker.remove()
})

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${broker.url}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line!.slice(name.length + 1))
}

test('what a session reads and may not send yet is held, until it is acknowledged', async () => {
  const { client } = broker
  await client.call(
    ADMIN_SERVICE.createTopic,
    create(CreateTopicRequestSchema, { name: 'clicks', partitions: 1 }),
  )
  const batches = [
    { topic: 'clicks', partition: 0, batch: batchOf(10, 10_000, { timestamp: Date.now() }) },
  ]
  await client.call(PRODUCE_SERVICE.produce, { acks: 0, timeoutMs: 0, batches })
  const held = 'sluice_response_bytes_held{listener="grpc"}'
  // The credit is for less than a record, of which one comes all the same.
  const session = SessionStream.open(client, { creditBytes: 1 })
  await eventually(() => session.values().length === 1)
  await eventually(async () => (await metric(held)) > 100_000)
  expect(await metric('sluice_response_bytes_held{listener="kafka"}')).toBe(0)
  while (session.values().length < 10) {
    const before = session.values().length
    session.acknowledge()
    await eventually(() => session.values().length > before)
  }
  session.acknowledge()
  await eventually(async () => (await metric(held)) === 0)
  const refused = 'sluice_connections_refused_total{listener="grpc",cause="send_memory"}'
  expect(await metric(refused)).toBe(0)
  await session.close()
})
