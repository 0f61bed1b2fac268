// TransactionService, and records of transactions, over gRPC.

import { create } from '@bufbuild/protobuf'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  FetchOffsetsRequestSchema,
  OffsetToCommitSchema,
} from '../../../src/protocol/grpc/gen/sluice/v1/groups_pb.ts'
import * as pb from '../../../src/protocol/grpc/gen/sluice/v1/transactions_pb.ts'
import { ACKS } from '../../../src/protocol/grpc/produce-codec.ts'
import {
  GROUP_SERVICE,
  PRODUCE_SERVICE,
  TRANSACTION_SERVICE,
} from '../../../src/protocol/grpc/services.ts'
import { TRANSACTIONAL_FLAG } from '../../../src/record/layout.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'

const { COMMIT, ABORT } = pb.TransactionOutcome

const IN_TRANSACTION = { attributes: TRANSACTIONAL_FLAG }

interface Identity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
})

afterAll(() => broker.remove())

/** Tries again while what was before is being ended. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!String(error).includes('is ending')) throw error
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

function init(transactionalId: string, given: Partial<Identity> = {}): Promise<Identity> {
  const request = create(pb.InitRequestSchema, { transactionalId, ...given })
  return retried(() => broker.client.call(TRANSACTION_SERVICE.init, request))
}

function end(transactionalId: string, by: Identity, outcome: pb.TransactionOutcome) {
  const { producerId, producerEpoch } = by
  const request = create(pb.EndRequestSchema, {
    transactionalId,
    producerId,
    producerEpoch,
    outcome,
  })
  return broker.client.call(TRANSACTION_SERVICE.end, request)
}

/** The error, or the offset of the first record. */
async function produce(
  transactionalId: string,
  { producerId, producerEpoch }: Identity,
  { topic = 'clicks', acks = ACKS.all, baseSequence = 0 } = {},
): Promise<string | number> {
  const stamp = { producerId: Number(producerId), producerEpoch, baseSequence }
  const batch = () => batchOf(2, 10, { ...stamp, ...IN_TRANSACTION, timestamp: Date.now() })
  for (;;) {
    const batches = [{ topic, partition: 0, batch: batch() }]
    const request = { acks, timeoutMs: 5_000, transactionalId, batches }
    const { partitions } = await broker.client.call(PRODUCE_SERVICE.produce, request)
    const { error, baseOffset } = partitions[0]!
    if (error?.code !== 'CONCURRENT_TRANSACTIONS') return error?.code ?? baseOffset
  }
}

async function addOffset(transactionalId: string, by: Identity, offset: number) {
  const { producerId, producerEpoch } = by
  const offsets = [create(OffsetToCommitSchema, { topic: 'clicks', offset: BigInt(offset) })]
  const request = create(pb.AddOffsetsRequestSchema, {
    ...{ transactionalId, producerId, producerEpoch, groupId: `of-${transactionalId}`, offsets },
  })
  const added = await retried(() => broker.client.call(TRANSACTION_SERVICE.addOffsets, request))
  expect(added.partitions.map(({ error }) => error)).toEqual([undefined])
}

async function committed(transactionalId: string): Promise<number> {
  const partitions = [{ topic: 'clicks', partition: 0 }]
  const request = create(FetchOffsetsRequestSchema, {
    ...{ groupId: `of-${transactionalId}`, partitions, requireStable: true },
  })
  for (;;) {
    const answer = await broker.client.call(GROUP_SERVICE.fetchOffsets, request)
    const { error, offset } = answer.partitions[0]!
    if (error?.reason !== 'UNSTABLE_OFFSET_COMMIT') return Number(offset)
  }
}

test('each end gives the next epoch, with sequences from 0; offsets count when it commits', async () => {
  const first = await init('a')
  expect(await produce('a', first)).toBe(0)
  expect(await produce('a', first, { baseSequence: 2 })).toBe(2)
  await addOffset('a', first, 4)
  const second = await end('a', first, COMMIT)
  expect(second.producerEpoch).toBe(first.producerEpoch + 1)
  expect(await end('a', first, COMMIT)).toEqual(second)
  expect(await committed('a')).toBe(4)

  // Offset 4 has the marker.
  expect(await produce('a', second)).toBe(5)
  await addOffset('a', second, 7)
  const third = await end('a', second, ABORT)
  expect(await committed('a')).toBe(4)
  expect(await produce('a', first)).toBe('INVALID_PRODUCER_EPOCH')
  expect(await produce('a', third)).toBe(8)
  await end('a', third, COMMIT)
})

test('published records are part of a transaction as well', async () => {
  const by = await init('published')
  const record = {
    ...{ key: null, value: Buffer.from('v'), headers: [], timestampMs: null, partition: 0 },
  }
  const { producerEpoch } = by
  const producer = { producerId: Number(by.producerId), producerEpoch, baseSequence: 0 }
  const request = {
    ...{ topic: 'published', acks: ACKS.all, timeoutMs: 0, records: [record] },
    producer: { ...producer, transactionalId: 'published' },
  }
  const { records } = await broker.client.call(PRODUCE_SERVICE.publish, request)
  expect(records).toMatchObject([{ partition: 0, offset: 0, error: null }])
  const method = TRANSACTION_SERVICE.describeTransaction
  const asked = create(pb.DescribeTransactionRequestSchema, { transactionalId: 'published' })
  expect(await broker.client.call(method, asked)).toMatchObject({
    transaction: { state: pb.TransactionState.ONGOING, producerId: by.producerId },
    producerEpoch,
    timeoutMs: 60_000,
    partitions: [{ topic: 'published', partition: 0 }],
  })
  await expect(
    broker.client.call(PRODUCE_SERVICE.publish, { ...request, acks: ACKS.leader }),
  ).rejects.toThrow(/acknowledged by all/)
  await end('published', by, COMMIT)
})

test('a producer that goes on has to be the one that was', async () => {
  const first = await init('b')
  const second = await init('b', first)
  expect(second.producerId).toBe(first.producerId)
  expect(second.producerEpoch).toBeGreaterThan(first.producerEpoch)
  await init('b')
  await expect(init('b', first)).rejects.toThrow(/newer producer/i)
  await expect(init('b', { producerEpoch: 1 })).rejects.toThrow(/both, or neither/)
  await expect(end('b', second, pb.TransactionOutcome.UNSPECIFIED)).rejects.toThrow(/neither/)
})

test('transactions are listed in pages, and one is aborted by its id', async () => {
  for (const id of ['list-1', 'list-2', 'list-3']) await init(id)
  const open = await init('list-4')
  await produce('list-4', open, { topic: 'listed' })
  const list = (given: object) => {
    const request = create(pb.ListTransactionsRequestSchema, { idRegex: 'list-.', ...given })
    return broker.client.call(TRANSACTION_SERVICE.listTransactions, request)
  }
  const first = await list({ pageSize: 3 })
  expect(first.transactions.map(({ transactionalId }) => transactionalId)).toEqual([
    ...['list-1', 'list-2', 'list-3'],
  ])
  const second = await list({ pageSize: 3, pageToken: first.nextPageToken })
  expect(second).toMatchObject({ nextPageToken: '', transactions: [{ transactionalId: 'list-4' }] })
  const ongoing = await list({ states: [pb.TransactionState.ONGOING] })
  expect(ongoing.transactions).toHaveLength(1)

  const abort = (transactionalId: string) => {
    const target = { case: 'transactionalId', value: transactionalId } as const
    const request = create(pb.AbortTransactionRequestSchema, { target })
    return broker.client.call(TRANSACTION_SERVICE.abortTransaction, request)
  }
  expect(await abort('list-4')).toMatchObject({ producerId: open.producerId })
  expect(await abort('list-4')).toMatchObject({ producerId: -1n })
  await expect(end('list-4', open, COMMIT)).rejects.toThrow(/newer producer|older/i)
  await expect(abort('nobody')).rejects.toThrow(/does not exist/)
})

test('a transaction that its coordinator knows does not hang, however long it is open', async () => {
  const by = await init('slow')
  await produce('slow', by, { topic: 'slow' })
  const request = create(pb.FindHangingTransactionsRequestSchema, { topic: 'slow', openForMs: 0n })
  const method = TRANSACTION_SERVICE.findHangingTransactions
  expect((await broker.client.call(method, request)).transactions).toEqual([])
  const value = { topic: 'slow', partition: 0, startOffset: 0n }
  const abort = create(pb.AbortTransactionRequestSchema, { target: { case: 'hanging', value } })
  await expect(broker.client.call(TRANSACTION_SERVICE.abortTransaction, abort)).rejects.toThrow(
    /transactional id/,
  )
  await end('slow', by, COMMIT)
})
