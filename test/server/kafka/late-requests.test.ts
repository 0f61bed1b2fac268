// Requests of a transaction that reach the broker when the transaction is over, or when the producer's
// next one is open (KIP-890). What a client of the newer protocol is promised holds against all of them.
// For older clients this says what is stopped, and what can't be: their epoch does not tell one
// transaction from the next.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '../../../src/base/errors.ts'
import { ADD_OFFSETS_TO_TXN } from '../../../src/protocol/kafka/gen/add-offsets-to-txn.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { DESCRIBE_TRANSACTIONS } from '../../../src/protocol/kafka/gen/describe-transactions.ts'
import { DESCRIBE_PRODUCERS } from '../../../src/protocol/kafka/gen/describe-producers.ts'
import { END_TXN } from '../../../src/protocol/kafka/gen/end-txn.ts'
import { INIT_PRODUCER_ID } from '../../../src/protocol/kafka/gen/init-producer-id.ts'
import { LIST_OFFSETS } from '../../../src/protocol/kafka/gen/list-offsets.ts'
import { OFFSET_FETCH } from '../../../src/protocol/kafka/gen/offset-fetch.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { TXN_OFFSET_COMMIT } from '../../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { groupHandlers } from '../../../src/server/kafka/handlers/groups.ts'
import { listOffsetsHandlers } from '../../../src/server/kafka/handlers/list-offsets.ts'
import { produceHandlers } from '../../../src/server/kafka/handlers/produce.ts'
import { producerIdHandlers } from '../../../src/server/kafka/handlers/producer-ids.ts'
import { transactionHandlers } from '../../../src/server/kafka/handlers/transactions.ts'
import { testBatch } from '../../support/batches.ts'
import { KafkaHandlerClient } from '../../support/kafka-handler-client.ts'

const SELF = { nodeId: 1, host: '127.0.0.1', port: 9092 }
const OPTIONS = {
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
}
const TRANSACTIONAL = 1 << 4

/** Versions of the requests of a transaction: of a client before the newer protocol, and of one with it. */
const OLDER = { produce: 11, end: 3, offsets: 3 }
const NEWER = { produce: 12, end: 5, offsets: 5 }
type Versions = typeof OLDER

let client: KafkaHandlerClient
let producerId: number
let epoch: number
/** Of the next batch in partition 0. */
let sequence: number

beforeEach(async () => {
  client = await KafkaHandlerClient.open((services) => {
    return [
      ...groupHandlers(services, () => SELF),
      ...listOffsetsHandlers(services),
      ...transactionHandlers(services),
      ...producerIdHandlers(services.producerIds),
      ...produceHandlers(services),
    ]
  }, OPTIONS)
  const caller = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
  const topic = { name: 't', partitions: 2, replicationFactor: 1, configs: new Map() }
  await client.core.services.topics.create(caller, topic, { validateOnly: false })
  const request = { transactionalId: 'pay', transactionTimeoutMs: 60_000 }
  const given = await client.call(INIT_PRODUCER_ID, 4, request)
  producerId = given.producerId
  epoch = given.producerEpoch
  sequence = 0
})

afterEach(async () => {
  await client.close()
})

function id(code: ErrorCode): number {
  return ERRORS[code].id
}

/** A record of the transaction that is open now, as a request that may be sent now or later. */
function record(versions: Versions): () => Promise<number> {
  const producer = { producerId, producerEpoch: epoch, baseSequence: sequence++ }
  const records = testBatch({ ...producer, attributes: TRANSACTIONAL })
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
  return async () => {
    const request = { transactionalId: 'pay', acks: -1, timeoutMs: 30_000, topicData }
    const answer = await client.call(PRODUCE, versions.produce, request)
    return answer.responses[0]!.partitionResponses[0]!.errorCode
  }
}

function addPartition(partition = 0): () => Promise<number> {
  const request = {
    v3AndBelowTransactionalId: 'pay',
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: epoch,
    v3AndBelowTopics: [{ name: 't', partitions: [partition] }],
  }
  return async () => {
    const answer = await client.call(ADD_PARTITIONS_TO_TXN, 3, request)
    return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
  }
}

function offsets(versions: Versions, committedOffset: number): () => Promise<number> {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }]
  const of = { transactionalId: 'pay', groupId: 'g', producerId, producerEpoch: epoch }
  const request = { ...of, memberId: '', topics: [{ name: 't', partitions }] }
  return async () => {
    const answer = await client.call(TXN_OFFSET_COMMIT, versions.offsets, request)
    return answer.topics[0]!.partitions[0]!.errorCode
  }
}

function addGroup(): Promise<unknown> {
  const request = { transactionalId: 'pay', producerId, producerEpoch: epoch, groupId: 'g' }
  return client.call(ADD_OFFSETS_TO_TXN, 3, request)
}

/** The end of the transaction that is open now; a newer client goes on with the epoch of the answer. */
function end(versions: Versions, isCommit = true): () => Promise<number> {
  const of = { transactionalId: 'pay', producerId, producerEpoch: epoch, committed: isCommit }
  return async () => {
    const answer = await client.call(END_TXN, versions.end, of)
    if (versions === NEWER && answer.errorCode === 0 && answer.producerEpoch > epoch) {
      epoch = answer.producerEpoch
      sequence = 0
    }
    return answer.errorCode
  }
}

async function transactionState(): Promise<string> {
  const answer = await client.call(DESCRIBE_TRANSACTIONS, 0, { transactionalIds: ['pay'] })
  return answer.transactionStates[0]!.transactionState
}

/** Waits until the markers of an end are written. */
async function over(): Promise<void> {
  while (!['CompleteCommit', 'CompleteAbort', 'Empty'].includes(await transactionState())) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Where the producer's open transaction begins in partition 0; -1 when it has none there. */
async function openSince(): Promise<number> {
  const topics = [{ name: 't', partitionIndexes: [0] }]
  const answer = await client.call(DESCRIBE_PRODUCERS, 0, { topics })
  const [producer] = answer.topics[0]!.partitions[0]!.activeProducers
  return producer?.currentTxnStartOffset ?? -1
}

/** Where both partitions end: records and markers. */
async function ends(): Promise<number[]> {
  const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1 }))
  const topics = [{ name: 't', partitions }]
  const answer = await client.call(LIST_OFFSETS, 5, { topics, isolationLevel: 0, replicaId: -1 })
  return answer.topics[0]!.partitions.map(({ offset }) => offset)
}

async function committedOffset(): Promise<number> {
  const groups = [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }]
  const answer = await client.call(OFFSET_FETCH, 8, { groups, requireStable: false })
  return answer.groups[0]!.topics[0]!.partitions[0]!.committedOffset
}

describe('of a client with the newer protocol', () => {
  test('a record is refused when its transaction is over, and when the next is open', async () => {
    expect(await record(NEWER)()).toBe(0)
    const late = record(NEWER)
    const lateToo = record(NEWER)
    expect(await end(NEWER)()).toBe(0)
    await over()
    expect(await late()).toBe(id('INVALID_PRODUCER_EPOCH'))
    expect(await openSince()).toBe(-1)
    expect(await record(NEWER)()).toBe(0)
    expect(await lateToo()).toBe(id('INVALID_PRODUCER_EPOCH'))
    expect(await end(NEWER)()).toBe(0)
    await over()
    expect(await openSince()).toBe(-1)
  })

  test('a record that was never stored is refused after an abort, and opens nothing', async () => {
    expect(await offsets(NEWER, 1)()).toBe(0)
    const late = record(NEWER)
    expect(await end(NEWER, false)()).toBe(0)
    await over()
    expect(await late()).not.toBe(0)
    expect(await openSince()).toBe(-1)
    expect(await transactionState()).toBe('CompleteAbort')
  })

  test('an end does nothing to the next transaction, whichever way it is', async () => {
    for (const isCommit of [true, false]) {
      expect(await record(NEWER)()).toBe(0)
      const [late, wrong] = [end(NEWER, isCommit), end(NEWER, !isCommit)]
      expect(await end(NEWER, isCommit)()).toBe(0)
      await over()
      expect(await record(NEWER)()).toBe(0)
      const since = await openSince()
      expect(await late()).not.toBe(0)
      expect(await wrong()).not.toBe(0)
      expect(await transactionState()).toBe('Ongoing')
      expect(await openSince()).toBe(since)
      expect(await record(NEWER)()).toBe(0)
      expect(await end(NEWER)()).toBe(0)
      await over()
    }
  })

  test('offsets of a group are refused, and those that are committed stay', async () => {
    expect(await offsets(NEWER, 5)()).toBe(0)
    const [late, lateToo] = [offsets(NEWER, 3), offsets(NEWER, 3)]
    expect(await end(NEWER)()).toBe(0)
    await over()
    expect(await late()).toBe(id('INVALID_PRODUCER_EPOCH'))
    expect(await offsets(NEWER, 7)()).toBe(0)
    expect(await lateToo()).toBe(id('INVALID_PRODUCER_EPOCH'))
    expect(await end(NEWER)()).toBe(0)
    await over()
    expect(await committedOffset()).toBe(7)
  })
})

describe('of an older client', () => {
  test.each([
    [10, 'INVALID_TXN_STATE'],
    [11, 'TRANSACTION_ABORTABLE'],
  ] as const)('a record of Produce %i that comes after the end: %s', async (produce, code) => {
    const versions = { ...OLDER, produce }
    expect(await addPartition()()).toBe(0)
    const stored = record(versions)
    expect(await stored()).toBe(0)
    const late = record(versions)
    expect(await end(versions, false)()).toBe(0)
    await over()
    expect(await stored()).toBe(id(code))
    expect(await late()).toBe(id(code))
    expect(await openSince()).toBe(-1)
  })

  test('a record that is stored is not stored again in the next transaction', async () => {
    expect(await addPartition()()).toBe(0)
    const late = record(OLDER)
    expect(await late()).toBe(0)
    expect(await end(OLDER)()).toBe(0)
    await over()
    expect(await addPartition()()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    // One record of the first transaction, and its marker, are before the second.
    expect(await openSince()).toBe(2)
    expect(await late()).toBe(0)
    expect(await end(OLDER)()).toBe(0)
    await over()
    expect(await addPartition()()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    expect(await openSince()).toBe(4)
  })

  test('offsets of a group are refused when no transaction of it is open', async () => {
    await addGroup()
    expect(await offsets(OLDER, 5)()).toBe(0)
    const late = offsets(OLDER, 3)
    expect(await end(OLDER)()).toBe(0)
    await over()
    expect(await late()).toBe(id('INVALID_TXN_STATE'))
    expect(await committedOffset()).toBe(5)
  })

  test('a partition that is added late is one of the next transaction, and gets its marker', async () => {
    const late = addPartition(1)
    expect(await addPartition()()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    expect(await end(OLDER)()).toBe(0)
    await over()
    expect(await addPartition()()).toBe(0)
    expect(await late()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    expect(await end(OLDER)()).toBe(0)
    await over()
    expect(await openSince()).toBe(-1)
    // One marker of the first, one record and one marker of the second; and a marker alone.
    expect(await ends()).toEqual([4, 1])
  })

  test('one that is added when none is open begins a transaction that its producer ends', async () => {
    const [late, lateToo] = [addPartition(1), addPartition(1)]
    expect(await addPartition()()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    expect(await end(OLDER)()).toBe(0)
    await over()
    expect(await late()).toBe(0)
    expect(await transactionState()).toBe('Ongoing')
    expect(await addPartition()()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    expect(await end(OLDER, false)()).toBe(0)
    await over()
    expect(await ends()).toEqual([4, 1])
    // Nobody else of its name has to wait for what is left.
    expect(await lateToo()).toBe(0)
    const request = { transactionalId: 'pay', transactionTimeoutMs: 60_000 }
    const refused = ERRORS.CONCURRENT_TRANSACTIONS.id
    let given = await client.call(INIT_PRODUCER_ID, 4, request)
    while (given.errorCode === refused) given = await client.call(INIT_PRODUCER_ID, 4, request)
    expect(given.errorCode).toBe(0)
    await over()
    expect(await ends()).toEqual([4, 2])
  })

  test('an end ends the next transaction: nothing in it says that it is late', async () => {
    expect(await addPartition()()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    const late = end(OLDER)
    expect(await end(OLDER)()).toBe(0)
    await over()
    expect(await addPartition()()).toBe(0)
    expect(await record(OLDER)()).toBe(0)
    expect(await late()).toBe(0)
    await over()
    // Its client learns of it by the next record, and nothing is left open.
    expect(await record(OLDER)()).toBe(id('TRANSACTION_ABORTABLE'))
    expect(await openSince()).toBe(-1)
  })
})
