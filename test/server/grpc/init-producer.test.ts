// InitProducer, and batches of an idempotent producer, over gRPC.

import { create } from '@bufbuild/protobuf'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InitProducerRequestSchema } from '../../../src/protocol/grpc/gen/sluice/v1/produce_pb.ts'
import { ACKS } from '../../../src/protocol/grpc/produce-codec.ts'
import { PRODUCE_SERVICE } from '../../../src/protocol/grpc/services.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
})

afterAll(() => broker.remove())

function init(current: { producerId?: bigint; producerEpoch?: number } = {}) {
  const request = create(InitProducerRequestSchema, current)
  return broker.client.call(PRODUCE_SERVICE.initProducer, request)
}

test('a producer gets an id, then epochs, and what it sends twice is stored once', async () => {
  const { producerId, producerEpoch } = await init()
  expect(producerEpoch).toBe(0)
  const other = await init()
  expect(other.producerId).not.toBe(producerId)

  const produce = async (baseSequence: number, epoch = producerEpoch) => {
    const stamp = { producerId: Number(producerId), producerEpoch: epoch, baseSequence }
    const batch = batchOf(2, 10, { ...stamp, timestamp: Date.now() })
    const batches = [{ topic: 'clicks', partition: 0, batch }]
    const request = { acks: ACKS.all, timeoutMs: 5_000, batches }
    const { partitions } = await broker.client.call(PRODUCE_SERVICE.produce, request)
    return partitions[0]!.error?.code ?? partitions[0]!.baseOffset
  }
  expect(await produce(0)).toBe(0)
  expect(await produce(2)).toBe(2)
  expect(await produce(0)).toBe(0)
  expect(await produce(7)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')

  const next = await init({ producerId, producerEpoch })
  expect(next).toMatchObject({ producerId, producerEpoch: 1 })
  expect(await produce(0, 1)).toBe(4)
  expect(await produce(4)).toBe('INVALID_PRODUCER_EPOCH')
})

test('half an identity is refused', async () => {
  await expect(init({ producerEpoch: 3 })).rejects.toThrow(/both, or neither/)
  await expect(init({ producerId: 3n })).rejects.toThrow(/both, or neither/)
})

test('published records with a producer are stored once', async () => {
  const { producerId } = await init()
  const producer = { producerId: Number(producerId), producerEpoch: 0, baseSequence: 0 }
  const record = {
    key: null,
    value: Buffer.from('v'),
    headers: [],
    timestampMs: null,
    partition: 0,
  }
  const request = { topic: 'published', acks: ACKS.all, timeoutMs: 0, records: [record], producer }
  for (let time = 0; time < 3; time++) {
    const { records } = await broker.client.call(PRODUCE_SERVICE.publish, request)
    expect(records).toMatchObject([{ partition: 0, offset: 0, error: null }])
  }
  const unnamed = { ...request, records: [{ ...record, partition: null }] }
  const refused = broker.client.call(PRODUCE_SERVICE.publish, unnamed)
  await expect(refused).rejects.toThrow(/name the same partition/)
})
