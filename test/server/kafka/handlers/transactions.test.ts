// Transactions over the Kafka protocol, request by request: what each version says, and the offsets of
// groups in them. Records in transactions: test/system, with real clients.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '../../../../src/base/errors.ts'
import { ADD_OFFSETS_TO_TXN } from '../../../../src/protocol/kafka/gen/add-offsets-to-txn.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { DESCRIBE_PRODUCERS } from '../../../../src/protocol/kafka/gen/describe-producers.ts'
import { DESCRIBE_TRANSACTIONS } from '../../../../src/protocol/kafka/gen/describe-transactions.ts'
import { END_TXN } from '../../../../src/protocol/kafka/gen/end-txn.ts'
import { FIND_COORDINATOR } from '../../../../src/protocol/kafka/gen/find-coordinator.ts'
import { INIT_PRODUCER_ID } from '../../../../src/protocol/kafka/gen/init-producer-id.ts'
import { LIST_TRANSACTIONS } from '../../../../src/protocol/kafka/gen/list-transactions.ts'
import { OFFSET_FETCH } from '../../../../src/protocol/kafka/gen/offset-fetch.ts'
import { TXN_OFFSET_COMMIT } from '../../../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { WRITE_TXN_MARKERS } from '../../../../src/protocol/kafka/gen/write-txn-markers.ts'
import { groupHandlers } from '../../../../src/server/kafka/handlers/groups.ts'
import { producerIdHandlers } from '../../../../src/server/kafka/handlers/producer-ids.ts'
import { transactionHandlers } from '../../../../src/server/kafka/handlers/transactions.ts'
import { KafkaHandlerClient } from '../../../support/kafka-handler-client.ts'

const SELF = { nodeId: 1, host: '127.0.0.1', port: 9092 }

const OPTIONS = {
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
}

interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

let client: KafkaHandlerClient

beforeEach(async () => {
  client = await KafkaHandlerClient.open((services) => {
    return [
      ...groupHandlers(services, () => SELF),
      ...transactionHandlers(services),
      ...producerIdHandlers(services.producerIds),
    ]
  }, OPTIONS)
  const caller = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
  const topic = { name: 't', partitions: 2, replicationFactor: 1, configs: new Map() }
  await client.core.services.topics.create(caller, topic, { validateOnly: false })
})

afterEach(async () => {
  await client.close()
})

function id(code: ErrorCode): number {
  return ERRORS[code].id
}

async function init(transactionalId = 'pay', version = 4): Promise<Producer> {
  const request = { transactionalId, transactionTimeoutMs: 60_000 }
  const { errorCode, producerId, producerEpoch } = await client.call(
    INIT_PRODUCER_ID,
    version,
    request,
  )
  expect(errorCode).toBe(0)
  return { transactionalId, producerId, producerEpoch }
}

/** @returns the error of partition 0 of topic t */
async function commitOffset(
  producer: Producer,
  version: number,
  offset: number,
  member: { generationId?: number; memberId?: string } = {},
): Promise<number> {
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }]
  const answer = await client.call(TXN_OFFSET_COMMIT, version, {
    ...{ ...producer, groupId: 'g', ...(version >= 3 ? { memberId: '', ...member } : {}) },
    topics: [{ name: 't', partitions }],
  })
  return answer.topics[0]!.partitions[0]!.errorCode
}

/** What the group has committed in partition 0, or the error. */
async function committed(requireStable = true): Promise<number | string> {
  const groups = [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }]
  const answer = await client.call(OFFSET_FETCH, 8, { groups, requireStable })
  const [partition] = answer.groups[0]!.topics[0]!.partitions
  const { errorCode, committedOffset } = partition!
  return errorCode === id('UNSTABLE_OFFSET_COMMIT') ? 'unstable' : committedOffset
}

/** Markers are written after the answer to EndTxn. */
async function settled(): Promise<number | string> {
  for (;;) {
    const now = await committed()
    if (now !== 'unstable') return now
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function end(producer: Producer, version: number, isCommit = true) {
  return client.call(END_TXN, version, { ...producer, committed: isCommit })
}

test('FindCoordinator names this broker for transactional ids, and makes their topic', async () => {
  const request = { keyType: 1, coordinatorKeys: ['pay'] }
  const { coordinators } = await client.call(FIND_COORDINATOR, 5, request)
  expect(coordinators).toMatchObject([{ key: 'pay', ...SELF, errorCode: 0 }])
  expect(client.core.store.image.topic('__transaction_state')!.partitions).toHaveLength(1)
})

test('an older client adds a group, commits offsets, and sees them once it has committed', async () => {
  const producer = await init()
  const added = await client.call(ADD_OFFSETS_TO_TXN, 3, { ...producer, groupId: 'g' })
  expect(added.errorCode).toBe(0)
  expect(await commitOffset(producer, 3, 5)).toBe(0)
  expect([await committed(), await committed(false)]).toEqual(['unstable', -1])
  expect((await end(producer, 3)).errorCode).toBe(0)
  expect(await settled()).toBe(5)
  // Its next transaction has the same epoch.
  await client.call(ADD_OFFSETS_TO_TXN, 3, { ...producer, groupId: 'g' })
  expect(await commitOffset(producer, 3, 9)).toBe(0)
  expect((await end(producer, 3, false)).errorCode).toBe(0)
  expect(await settled()).toBe(5)
})

test('a newer client commits offsets alone, and each end gives it the next epoch', async () => {
  const producer = await init()
  expect(await commitOffset(producer, 5, 5)).toBe(0)
  const next = await end(producer, 5)
  expect(next).toMatchObject({
    ...{ errorCode: 0, producerId: producer.producerId },
    producerEpoch: producer.producerEpoch + 1,
  })
  expect(await settled()).toBe(5)
  // The answer may get lost: the same request is answered in the same way.
  expect(await end(producer, 5)).toEqual(next)
  // What is late of the transaction before does not get into the next.
  const { producerEpoch } = next
  expect(await commitOffset({ ...producer, producerEpoch }, 5, 7)).toBe(0)
  expect(await commitOffset(producer, 5, 6)).toBe(id('INVALID_PRODUCER_EPOCH'))
  await end({ ...producer, producerEpoch }, 5, false)
  expect(await settled()).toBe(5)
})

test.each([
  [3, 'INVALID_TXN_STATE'],
  [4, 'TRANSACTION_ABORTABLE'],
] as const)('offsets of a group that was not added are %i: %s', async (version, code) => {
  const producer = await init()
  await client.call(ADD_PARTITIONS_TO_TXN, 3, {
    v3AndBelowTransactionalId: producer.transactionalId,
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: [{ name: 't', partitions: [0] }],
  })
  expect(await commitOffset(producer, version, 5)).toBe(id(code))
})

test('offsets of topics that are not there are refused, each by itself', async () => {
  const producer = await init()
  const topicOf = (name: string) => ({
    name,
    partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }],
  })
  const answer = await client.call(TXN_OFFSET_COMMIT, 5, {
    ...{ ...producer, groupId: 'g', memberId: '' },
    topics: [topicOf('gone'), topicOf('t')],
  })
  expect(answer.topics).toMatchObject([
    { name: 'gone', partitions: [{ errorCode: id('UNKNOWN_TOPIC_OR_PARTITION') }] },
    { name: 't', partitions: [{ errorCode: 0 }] },
  ])
})

test('a member of another generation is refused, and the transaction may go on', async () => {
  const producer = await init()
  expect(await commitOffset(producer, 5, 5, { memberId: 'm', generationId: 3 })).toBe(
    id('ILLEGAL_GENERATION'),
  )
  expect(await commitOffset(producer, 5, 6)).toBe(0)
  await end(producer, 5)
  expect(await settled()).toBe(6)
})

test.each([
  [0, 'INVALID_PRODUCER_EPOCH'],
  [1, 'INVALID_PRODUCER_EPOCH'],
  [2, 'PRODUCER_FENCED'],
  [3, 'PRODUCER_FENCED'],
] as const)('a fenced producer is told so in version %i by %s', async (version, code) => {
  const old = await init()
  await init()
  const add = await client.call(ADD_PARTITIONS_TO_TXN, version, {
    v3AndBelowTransactionalId: old.transactionalId,
    v3AndBelowProducerId: old.producerId,
    v3AndBelowProducerEpoch: old.producerEpoch,
    v3AndBelowTopics: [{ name: 't', partitions: [0] }],
  })
  const [partition] = add.resultsByTopicV3AndBelow[0]!.resultsByPartition
  expect(partition!.partitionErrorCode).toBe(id(code))
  const offsets = await client.call(ADD_OFFSETS_TO_TXN, version, { ...old, groupId: 'g' })
  expect([offsets.errorCode, (await end(old, version)).errorCode]).toEqual([id(code), id(code)])
})

test.each([
  [3, 'INVALID_PRODUCER_EPOCH'],
  [4, 'PRODUCER_FENCED'],
] as const)('InitProducerId %i tells a fenced producer by %s', async (version, code) => {
  const old = await init()
  await init()
  await init()
  const again = await client.call(INIT_PRODUCER_ID, version, {
    ...{ ...old, transactionTimeoutMs: 60_000 },
  })
  expect(again).toMatchObject({ errorCode: id(code), producerId: -1, producerEpoch: -1 })
})

test('InitProducerId refuses what makes no sense', async () => {
  const ask = async (request: object) => {
    const none = { transactionalId: 'pay', transactionTimeoutMs: 60_000 }
    return (await client.call(INIT_PRODUCER_ID, 4, { ...none, ...request })).errorCode
  }
  expect(await ask({ transactionalId: '' })).toBe(id('INVALID_REQUEST'))
  expect(await ask({ transactionTimeoutMs: 0 })).toBe(id('INVALID_TRANSACTION_TIMEOUT'))
  expect(await ask({ transactionTimeoutMs: 900_001 })).toBe(id('INVALID_TRANSACTION_TIMEOUT'))
  expect(await ask({ producerId: 4 })).toBe(id('INVALID_REQUEST'))
})

test('partitions are added all together or not at all', async () => {
  const producer = await init()
  const add = (topics: { name: string; partitions: number[] }[]) => {
    return client.call(ADD_PARTITIONS_TO_TXN, 3, {
      v3AndBelowTransactionalId: producer.transactionalId,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: topics,
    })
  }
  const refused = await add([
    { name: 't', partitions: [1, 7] },
    { name: 'gone', partitions: [0] },
  ])
  const results = refused.resultsByTopicV3AndBelow.flatMap((topic) => topic.resultsByPartition)
  expect(results.map((result) => result.partitionErrorCode)).toEqual([
    id('OPERATION_NOT_ATTEMPTED'),
    id('UNKNOWN_TOPIC_OR_PARTITION'),
    id('UNKNOWN_TOPIC_OR_PARTITION'),
  ])
  const [state] = (await client.call(DESCRIBE_TRANSACTIONS, 0, { transactionalIds: ['pay'] }))
    .transactionStates
  expect(state).toMatchObject({ transactionState: 'Empty', topics: [] })
})

test('transactions are described, with what they write to', async () => {
  const producer = await init()
  await client.call(ADD_PARTITIONS_TO_TXN, 3, {
    v3AndBelowTransactionalId: 'pay',
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: [{ name: 't', partitions: [0, 1] }],
  })
  const { transactionStates } = await client.call(DESCRIBE_TRANSACTIONS, 0, {
    transactionalIds: ['pay', 'nobody'],
  })
  expect(transactionStates).toMatchObject([
    {
      ...{ errorCode: 0, transactionalId: 'pay', transactionState: 'Ongoing' },
      ...{ transactionTimeoutMs: 60_000, producerId: producer.producerId },
      topics: [{ topic: 't', partitions: [0, 1] }],
    },
    { errorCode: id('TRANSACTIONAL_ID_NOT_FOUND'), transactionalId: 'nobody', topics: [] },
  ])
  expect(transactionStates[0]!.transactionStartTimeMs).toBeGreaterThan(0)
})

test('transactions are listed by state, producer, time and name', async () => {
  const pay = await init('pay')
  const ship = await init('ship')
  await commitOffset(ship, 5, 1)
  const list = async (version: number, filter: object = {}) => {
    const request = { stateFilters: [], producerIdFilters: [], ...filter }
    const { errorCode, transactionStates, unknownStateFilters } = await client.call(
      LIST_TRANSACTIONS,
      version,
      request,
    )
    const ids = transactionStates.map(({ transactionalId }) => transactionalId).toSorted()
    return { errorCode, ids, unknownStateFilters }
  }
  expect((await list(0)).ids).toEqual(['pay', 'ship'])
  expect((await list(0, { stateFilters: ['Ongoing'] })).ids).toEqual(['ship'])
  expect(await list(0, { stateFilters: ['Ongoing', 'Odd'] })).toMatchObject({
    ids: ['ship'],
    unknownStateFilters: ['Odd'],
  })
  expect((await list(0, { producerIdFilters: [pay.producerId] })).ids).toEqual(['pay'])
  expect((await list(1, { durationFilter: 3_600_000 })).ids).toEqual([])
  expect((await list(2, { transactionalIdPattern: 's.*' })).ids).toEqual(['ship'])
  expect((await list(2, { transactionalIdPattern: '(' })).errorCode).toBe(
    id('INVALID_REGULAR_EXPRESSION'),
  )
})

test('an open transaction is seen in its partition, and ended there by a marker', async () => {
  const producer = await init()
  await commitOffset(producer, 5, 5)
  const describe = async () => {
    const topics = [{ name: '__consumer_offsets', partitionIndexes: [0] }]
    const answer = await client.call(DESCRIBE_PRODUCERS, 0, { topics })
    return answer.topics[0]!.partitions[0]!.activeProducers[0]!
  }
  const open = await describe()
  expect(open).toMatchObject({
    ...{ producerId: producer.producerId, producerEpoch: producer.producerEpoch },
    ...{ coordinatorEpoch: -1, currentTxnStartOffset: 0 },
  })
  const topics = [
    { name: '__consumer_offsets', partitionIndexes: [0] },
    { name: '__transaction_state', partitionIndexes: [0] },
    { name: 't', partitionIndexes: [9] },
  ]
  const { producerId, producerEpoch } = producer
  const marker = { producerId, producerEpoch, transactionResult: false, coordinatorEpoch: 0 }
  const { markers } = await client.call(WRITE_TXN_MARKERS, 1, { markers: [{ ...marker, topics }] })
  expect(markers[0]!.topics.map(({ partitions }) => partitions[0]!.errorCode)).toEqual([
    0,
    id('INVALID_TOPIC_EXCEPTION'),
    id('UNKNOWN_TOPIC_OR_PARTITION'),
  ])
  expect(await describe()).toMatchObject({ coordinatorEpoch: 0, currentTxnStartOffset: -1 })
  expect(await committed()).toBe(-1)
  const late = { ...marker, producerEpoch: -1, topics: topics.slice(0, 1) }
  const refused = await client.call(WRITE_TXN_MARKERS, 2, { markers: [late] })
  expect(refused.markers[0]!.topics[0]!.partitions[0]!.errorCode).toBe(id('INVALID_PRODUCER_EPOCH'))
})
