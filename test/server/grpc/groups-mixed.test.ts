// One group, members of both fronts: a session over gRPC, and a consumer over Kafka's protocol.

import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Admin, Consumer, Producer, stringSerde } from '../../../src/client/index.ts'
import * as pb from '../../../src/protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { GROUP_SERVICE } from '../../../src/protocol/grpc/services.ts'
import { eventually, TestClient } from '../../support/grpc-client.ts'
import { TestBroker } from '../../support/test-broker.ts'
import { SessionStream } from './session-stream.ts'

let broker: TestBroker
let client: TestClient

beforeEach(async () => {
  broker = await TestBroker.start({
    'offsets.topic.num.partitions': '1',
    'group.consumer.heartbeat.interval.ms': '100',
  })
  client = new TestClient(Number(broker.bootstrap.split(':')[1]))
  const admin = new Admin({ bootstrap: broker.bootstrap })
  await admin.createTopic({ name: 'clicks', partitions: 2 })
  await admin.close()
})

afterEach(async () => {
  client.close()
  await broker.remove()
})

async function describeGroup(): Promise<pb.DescribeGroupResponse> {
  const request = create(pb.DescribeGroupRequestSchema, { groupId: 'g' })
  return await client.call(GROUP_SERVICE.describeGroup, request)
}

test('a session and a Kafka consumer see each other, share, and hand on what they committed', async () => {
  const session = SessionStream.open(client)
  await eventually(() => session.assigned().length === 2)
  const consumer = new Consumer({
    bootstrap: broker.kafkaBootstrap,
    groupId: 'g',
    autoOffsetReset: 'earliest',
    valueDeserializer: stringSerde,
  })
  await consumer.subscribe(['clicks'])
  const seen: string[] = []
  const reading = (async () => {
    for await (const { value } of consumer) seen.push(value!)
  })()
  await eventually(() => session.events('revoke').length > 0)

  const producer = new Producer({ bootstrap: broker.bootstrap })
  const send = async (...values: string[]): Promise<void> => {
    for (const partition of [0, 1]) {
      for (const value of values) {
        await producer.send({ topic: 'clicks', partition, value: `${value}${partition}` })
      }
    }
  }
  await send('a', 'b')
  await eventually(() => session.values().length + seen.length === 4)
  expect([session.values().length, seen.length]).toEqual([2, 2])
  const { members, group } = await describeGroup()
  expect(group!.type).toBe(pb.GroupType.CONSUMER)
  const owned = members.map(({ assignment }) => assignment!.topics.flatMap((t) => t.partitions))
  expect(owned.flat().toSorted((a, b) => a - b)).toEqual([0, 1])
  expect(members.map(({ memberId }) => memberId)).toContain(session.events('joined')[0]!.memberId)

  // The session goes: the consumer has all, from where the session was done.
  session.acknowledge()
  await session.close()
  await send('c')
  await eventually(() => seen.length === 4)
  expect(seen.filter((value) => value.startsWith('c')).toSorted()).toEqual(['c0', 'c1'])

  // The consumer goes: a session has all, and nothing comes twice.
  await consumer.close()
  await reading
  await send('d')
  const next = SessionStream.open(client)
  await eventually(() => next.values().length === 2)
  expect(next.values().toSorted()).toEqual(['d0', 'd1'])
  await producer.close()
})
