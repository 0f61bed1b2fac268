// Transactions over a real broker below its fronts: the topic made on first need, records let in, markers
// in the partitions, decisions that survive the power.

import { expect, test } from 'vitest'
import { TRANSACTIONS_TOPIC } from '../../src/metadata/internal-topics.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { testBatch } from '../support/batches.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'
import { committedValues, TestProducer } from './transactional-producer.ts'

const FEW = { 'transaction.state.log.num.partitions': '3', 'offsets.topic.num.partitions': '3' }

const START_MS = 1_700_000_000_000

async function start(files = new MemoryFileSystem(), nowMs = START_MS): Promise<BrokerOfOne> {
  return await BrokerOfOne.start(files, nowMs, FEW)
}

/** The broker after its power was cut, with transactions loaded. */
async function startAgain({ files, clock }: BrokerOfOne): Promise<BrokerOfOne> {
  files.crash(null)
  const again = await start(files, clock.now() + 1000)
  await again.clock.settle()
  return again
}

/** A broker with the topic `orders` of two partitions, and a producer that is ready. */
async function startWithProducer(version: 1 | 2 = 2) {
  const broker = await start()
  await broker.createTopic('orders', 2)
  const producer = new TestProducer(broker, 'shop', version)
  await producer.init()
  return { broker, producer }
}

async function stateOf(broker: BrokerOfOne, transactionalId = 'shop'): Promise<string> {
  const described = broker.transactions.describe(CALLER, [transactionalId])
  const [result] = await broker.settled(described)
  return result!.error === null ? result!.state : result!.error.code
}

test('nothing is made before it is needed', async () => {
  const broker = await start()
  expect(broker.transactions.partitionOf('shop')).toBeNull()
  expect(await stateOf(broker)).toBe('TRANSACTIONAL_ID_NOT_FOUND')
  const listed = broker.transactions.list(CALLER, { states: ['Ongoing', 'Gone'] })
  expect(await broker.settled(listed)).toEqual({ transactions: [], unknownStates: ['Gone'] })
  const producer = new TestProducer(broker, 'shop')
  await expect(producer.end('commit')).rejects.toThrow('INVALID_PRODUCER_ID_MAPPING')
  expect(broker.cluster.store.image.topic(TRANSACTIONS_TOPIC)).toBeNull()
  await producer.init()
  expect(producer.identity).toEqual({ producerId: 0, producerEpoch: 0 })
  const topic = broker.cluster.store.image.topic(TRANSACTIONS_TOPIC)!
  expect(topic.partitions.length).toBe(3)
})

test('records of a transaction are read once it is committed, and never when it is aborted', async () => {
  const { broker, producer } = await startWithProducer()
  for (const outcome of ['commit', 'abort', 'commit'] as const) {
    const epoch = producer.identity.producerEpoch
    expect((await producer.send('orders', 0, `${outcome} ${epoch} a`)).error).toBeNull()
    expect((await producer.send('orders', 1, `${outcome} ${epoch} b`)).error).toBeNull()
    expect((await producer.send('orders', 0, `${outcome} ${epoch} c`)).error).toBeNull()
    expect(broker.replicas.partition('orders', 0).openTransactions()).toHaveLength(1)
    await producer.end(outcome)
    expect(producer.identity).toEqual({ producerId: 0, producerEpoch: epoch + 1 })
    await broker.clock.settle()
    expect(broker.replicas.partition('orders', 0).openTransactions()).toEqual([])
  }
  const { highWatermark, lastStableOffset } = broker.replicas.partition('orders', 0)
  expect([highWatermark, lastStableOffset]).toEqual([9, 9])
  expect(await committedValues(broker, 'orders', 0)).toEqual([
    'commit 0 a',
    'commit 0 c',
    'commit 2 a',
    'commit 2 c',
  ])
  expect(await committedValues(broker, 'orders', 1)).toEqual(['commit 0 b', 'commit 2 b'])
})

test('a client that adds partitions itself is held to it', async () => {
  const { broker, producer } = await startWithProducer(1)
  const early = await producer.send('orders', 0, 'early')
  expect(early.error!.code).toBe('TRANSACTION_ABORTABLE')
  expect((await producer.add('orders', 0)).map(({ error }) => error)).toEqual([null])
  expect((await producer.send('orders', 0, 'a')).error).toBeNull()
  expect((await producer.send('orders', 1, 'b')).error!.code).toBe('TRANSACTION_ABORTABLE')
  await producer.end('commit')
  await broker.clock.settle()
  // Its epoch stays, so a record that comes late is only known by the transaction that is missing.
  expect(producer.identity).toEqual({ producerId: 0, producerEpoch: 0 })
  expect((await producer.send('orders', 0, 'late')).error!.code).toBe('TRANSACTION_ABORTABLE')
  expect(await committedValues(broker, 'orders', 0)).toEqual(['a'])
})

test('partitions that are not there are not added, and neither are those beside them', async () => {
  const { broker, producer } = await startWithProducer(1)
  const outcomes = await producer.add('orders', 0, 2, 1)
  expect(outcomes.map(({ error }) => error?.code)).toEqual([
    'OPERATION_NOT_ATTEMPTED',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'OPERATION_NOT_ATTEMPTED',
  ])
  const [internal] = await producer.add(TRANSACTIONS_TOPIC, 0)
  expect(internal!.error!.code).toBe('INVALID_TOPIC_EXCEPTION')
  expect(await stateOf(broker)).toBe('Empty')
})

test('a newer producer ends what the one before it has left open', async () => {
  const { broker, producer } = await startWithProducer()
  await producer.send('orders', 0, 'zombie')
  const second = new TestProducer(broker, 'shop')
  await second.init()
  expect(second.identity).toEqual({ producerId: 0, producerEpoch: 2 })
  expect((await producer.send('orders', 0, 'late')).error!.code).toBe('INVALID_PRODUCER_EPOCH')
  expect((await producer.send('orders', 1, 'late')).error!.code).toBe('INVALID_PRODUCER_EPOCH')
  await expect(producer.end('commit')).rejects.toThrow('PRODUCER_FENCED')
  await second.send('orders', 0, 'new')
  await second.end('commit')
  await broker.clock.settle()
  expect(await committedValues(broker, 'orders', 0)).toEqual(['new'])
})

test('records of the next transaction wait for the markers of the one before', async () => {
  const { broker, producer } = await startWithProducer()
  await producer.send('orders', 0, 'a')
  const ending = producer.end('commit')
  await ending
  // Not settled yet: the markers are under way.
  expect((await producer.send('orders', 0, 'b')).error).toBeNull()
  await producer.end('abort')
  expect((await producer.send('orders', 0, 'c')).error).toBeNull()
  await producer.end('commit')
  await broker.clock.settle()
  expect(await committedValues(broker, 'orders', 0)).toEqual(['a', 'c'])
})

test('a batch of a transaction needs to say of which', async () => {
  const { broker, producer } = await startWithProducer()
  const attributes = TRANSACTIONAL_FLAG
  const batch = testBatch({ ...producer.identity, baseSequence: 0, attributes })
  const batches = [{ topic: 'orders', partition: 0, batch }]
  const { done } = broker.produce.produce(CALLER, { acks: -1, timeoutMs: 1_000, batches })
  const [result] = await broker.settled(done)
  expect(result!.error!.code).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
})

test('the batches of a request are of one producer', async () => {
  const { broker, producer } = await startWithProducer()
  const batches = [0, 1].map((partition) => {
    const producerId = producer.identity.producerId + partition
    const options = { producerId, producerEpoch: 0, baseSequence: 0 }
    const batch = testBatch({ ...options, attributes: TRANSACTIONAL_FLAG })
    return { topic: 'orders', partition, batch }
  })
  const transaction = { transactionalId: 'shop', adds: true }
  const request = { acks: -1 as const, timeoutMs: 1_000, batches, transaction }
  const results = await broker.settled(broker.produce.produce(CALLER, request).done)
  expect(results.map(({ error }) => error?.code)).toEqual([
    undefined,
    'INVALID_PRODUCER_ID_MAPPING',
  ])
})

test('a decision survives the power, and is carried out after it', async () => {
  const { broker, producer } = await startWithProducer()
  await producer.send('orders', 0, 'a')
  await producer.end('commit')
  await producer.send('orders', 1, 'b')
  const again = await startAgain(broker)
  expect(await committedValues(again, 'orders', 0)).toEqual(['a'])
  expect(await stateOf(again)).toBe('Ongoing')
  expect(again.replicas.partition('orders', 1).lastStableOffset).toBe(0)
  const successor = new TestProducer(again, 'shop')
  await successor.init()
  await again.clock.settle()
  expect(again.replicas.partition('orders', 1).lastStableOffset).toBe(2)
  expect(await committedValues(again, 'orders', 1)).toEqual([])
})

test('a transaction that takes too long is aborted, also over a restart', async () => {
  const { broker, producer } = await startWithProducer()
  await producer.send('orders', 0, 'a')
  broker.clock.advance(59_000)
  await broker.clock.settle()
  expect(await stateOf(broker)).toBe('Ongoing')
  const again = await startAgain(broker)
  again.clock.advance(10_000)
  await again.clock.settle()
  expect(await stateOf(again)).toBe('CompleteAbort')
  expect(again.replicas.partition('orders', 0).lastStableOffset).toBe(2)
})

test('a partition that is deleted holds nobody up', async () => {
  const { broker, producer } = await startWithProducer()
  await broker.createTopic('gone', 1)
  await producer.send('gone', 0, 'a')
  await producer.send('orders', 0, 'b')
  await broker.settled(broker.topics.delete(CALLER, 'gone'))
  await producer.end('commit')
  await broker.clock.settle()
  expect(await stateOf(broker)).toBe('CompleteCommit')
  expect(await committedValues(broker, 'orders', 0)).toEqual(['b'])
})

test('a hanging transaction can be ended by hand', async () => {
  const { broker, producer } = await startWithProducer()
  await producer.send('orders', 0, 'a')
  const [open] = broker.replicas.partition('orders', 0).openTransactions()
  const outcomes = await broker.settled(
    broker.transactions.writeMarkers(CALLER, {
      ...{ producerId: open!.producerId, producerEpoch: open!.producerEpoch, coordinatorEpoch: 0 },
      ...{ outcome: 'abort', transactionVersion: 0 },
      partitions: [
        { topic: 'orders', partition: 0 },
        { topic: 'orders', partition: 7 },
        { topic: TRANSACTIONS_TOPIC, partition: 0 },
      ],
    }),
  )
  expect(outcomes.map(({ error }) => error?.code)).toEqual([
    undefined,
    'UNKNOWN_TOPIC_OR_PARTITION',
    'INVALID_TOPIC_EXCEPTION',
  ])
  expect(broker.replicas.partition('orders', 0).openTransactions()).toEqual([])
})

test('a marker by hand cannot lock the coordinator out', async () => {
  const { broker, producer } = await startWithProducer()
  await producer.send('orders', 0, 'a')
  const [outcome] = await broker.settled(
    broker.transactions.writeMarkers(CALLER, {
      ...{ ...producer.identity, coordinatorEpoch: 2 ** 31 - 1 },
      ...{ outcome: 'abort', transactionVersion: 0 },
      partitions: [{ topic: 'orders', partition: 0 }],
    }),
  )
  expect(outcome!.error!.code).toBe('INVALID_REQUEST')
  await producer.end('commit')
  await broker.clock.settle()
  expect(await committedValues(broker, 'orders', 0)).toEqual(['a'])
})
