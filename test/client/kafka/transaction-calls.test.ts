// Transactions over Kafka: which requests, in which versions, by what the cluster has decided on; and what
// their answers mean.

import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import type { ErrorCode } from '../../../src/base/errors.ts'
import { openKafkaTransport } from '../../../src/client/kafka/open-transport.ts'
import type { TransactionalProducer } from '../../../src/client/transaction-calls.ts'
import type { BatchProduced, Transport } from '../../../src/client/transport.ts'
import { ADD_OFFSETS_TO_TXN } from '../../../src/protocol/kafka/gen/add-offsets-to-txn.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { END_TXN } from '../../../src/protocol/kafka/gen/end-txn.ts'
import { FIND_COORDINATOR } from '../../../src/protocol/kafka/gen/find-coordinator.ts'
import { INIT_PRODUCER_ID } from '../../../src/protocol/kafka/gen/init-producer-id.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { TXN_OFFSET_COMMIT } from '../../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { testBatch } from '../../support/batches.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedCluster } from '../../support/scripted-cluster.ts'
import type { ScriptedBroker } from '../../support/scripted-broker.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const TIMEOUT_MS = 10_000
const OUTSIDE = { groupId: 'readers', memberId: '', memberEpoch: -1, instanceId: null }
const MEMBER = { groupId: 'readers', memberId: 'm', memberEpoch: 7, instanceId: 'i' }
const OFFSETS = [
  { topic: 'clicks', partition: 0, offset: 5, leaderEpoch: 2, metadata: 'x' },
  { topic: 'clicks', partition: 1, offset: 6 },
]

/** Broker 0 coordinates groups, and broker 1 transactions. */
class Bench {
  readonly clock = new ManualClock()
  readonly cluster = new ScriptedCluster(2)
  readonly transport: Transport
  readonly groups: ScriptedBroker
  readonly transactions: ScriptedBroker

  /** @param level of transaction.version; 0: the cluster knows nothing of it */
  constructor(level: number) {
    this.cluster.createTopic('clicks', 2)
    const [groups, transactions] = this.cluster.brokers
    this.groups = groups!
    this.transactions = transactions!
    const { bootstrap, network } = this.cluster
    this.transport = openKafkaTransport(
      { bootstrap },
      { clock: this.clock, random: new SeededRandom(3), connect: network.connect },
    )
    for (const broker of this.cluster.brokers) {
      if (level > 0) broker.finalize('transaction.version', level)
      broker.on(FIND_COORDINATOR, ({ coordinatorKeys, keyType }) => ({
        coordinators: coordinatorKeys.map((key) => {
          const place = { nodeId: keyType, host: 'memory', port: 9_000 + keyType }
          return { key, ...place, errorCode: 0, errorMessage: null }
        }),
      }))
    }
    this.initIs(null)
    this.endIs(null)
  }

  initIs(code: ErrorCode | null): void {
    this.transactions.on(INIT_PRODUCER_ID, ({ producerId, producerEpoch }) => ({
      throttleTimeMs: 0,
      errorCode: idOf(code),
      producerId: producerId < 0 ? 40 : producerId,
      producerEpoch: producerEpoch + 1,
    }))
  }

  endIs(code: ErrorCode | null): void {
    this.transactions.on(END_TXN, ({ producerId, producerEpoch }) => ({
      throttleTimeMs: 0,
      errorCode: idOf(code),
      producerId,
      producerEpoch: producerEpoch + 1,
    }))
  }

  async init(): Promise<TransactionalProducer> {
    const request = { transactionalId: 't', transactionTimeoutMs: 60_000, current: null }
    return await this.drive(this.transport.initTransactions(request, TIMEOUT_MS))
  }

  async end(producer: TransactionalProducer): Promise<TransactionalProducer> {
    return await this.drive(this.transport.endTransaction(producer, 'commit', TIMEOUT_MS))
  }

  /** Lets a call come to its end, with as much time as it takes. */
  async drive<T>(call: Promise<T>): Promise<T> {
    let settled = false
    const seen = call.finally(() => (settled = true))
    seen.catch(() => {})
    for (let turn = 0; !settled && turn < 200; turn++) {
      await this.clock.settle()
      if (!settled) this.clock.advance(100)
    }
    return await seen
  }
}

function idOf(code: ErrorCode | null): number {
  return code === null ? 0 : ERRORS[code].id
}

describe.each([
  [0, 1],
  [1, 1],
  [2, 2],
] as const)('where transaction.version is %i', (level, version) => {
  test('the producer is told so, and its transaction ends in a version that fits', async () => {
    const bench = new Bench(level)
    const producer = await bench.init()
    expect(producer).toEqual({ transactionalId: 't', producerId: 40, producerEpoch: 0, version })
    const next = await bench.end(producer)
    expect(bench.transactions.versionsOf(END_TXN)).toEqual([version === 2 ? 5 : 4])
    expect(bench.transactions.requests(END_TXN)).toMatchObject([
      { transactionalId: 't', producerId: 40, producerEpoch: 0, committed: true },
    ])
    // In the first protocol nothing is told of an epoch.
    expect(next).toEqual({ ...producer, producerEpoch: version === 2 ? 1 : 0 })
  })

  test('records say whose they are, in a version that fits', async () => {
    const bench = new Bench(level)
    const transaction = await bench.init()
    const answers: (readonly BatchProduced[])[] = []
    const stream = bench.transport.openProduceStream({
      acked: (_, batches) => void answers.push(batches),
      closed: () => {},
    })
    const batches = [{ topic: 'clicks', partition: 0, batch: testBatch() }]
    const request = { acks: 'all', timeoutMs: 1_000, batches } as const
    stream.send({ ...request, number: 0, transaction })
    stream.send({ ...request, number: 1, transaction: null })
    for (let turn = 0; turn < 10; turn++) await bench.clock.settle()
    expect(answers.map(([first]) => first!.error)).toEqual([null, null])
    expect(bench.groups.versionsOf(PRODUCE)).toEqual([version === 2 ? 12 : 11, 12])
    const ids = bench.groups.requests(PRODUCE).map(({ transactionalId }) => transactionalId)
    expect(ids).toEqual(['t', null])
    stream.cancel()
  })

  test('offsets of a group are part of it by one request, or by two', async () => {
    const bench = new Bench(level)
    bench.transactions.on(ADD_OFFSETS_TO_TXN, () => ({ throttleTimeMs: 0, errorCode: 0 }))
    bench.groups.on(TXN_OFFSET_COMMIT, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: partitionIndex === 1 ? ERRORS.UNKNOWN_TOPIC_OR_PARTITION.id : 0,
        })),
      })),
    }))
    const producer = await bench.init()
    const added = bench.transport.addOffsetsToTransaction(producer, MEMBER, OFFSETS, TIMEOUT_MS)
    const outcomes = await bench.drive(added)
    expect(outcomes.map(({ error }) => error?.code ?? null)).toEqual([
      null,
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    const who = { transactionalId: 't', producerId: 40, producerEpoch: 0, groupId: 'readers' }
    const beforehand = bench.transactions.requests(ADD_OFFSETS_TO_TXN)
    expect(beforehand).toEqual(version === 2 ? [] : [expect.objectContaining(who)])
    expect(bench.groups.versionsOf(TXN_OFFSET_COMMIT)).toEqual([version === 2 ? 5 : 4])
    expect(bench.groups.requests(TXN_OFFSET_COMMIT)).toMatchObject([
      {
        ...who,
        ...{ memberId: 'm', generationId: 7, groupInstanceId: 'i' },
        topics: [
          {
            name: 'clicks',
            partitions: [
              {
                partitionIndex: 0,
                committedOffset: 5,
                committedLeaderEpoch: 2,
                committedMetadata: 'x',
              },
              {
                partitionIndex: 1,
                committedOffset: 6,
                committedLeaderEpoch: -1,
                committedMetadata: '',
              },
            ],
          },
        ],
      },
    ])
  })
})

describe('a coordinator of transactions', () => {
  test('is looked up by the transactional id, and again when it has moved', async () => {
    const bench = new Bench(2)
    let left = 2
    bench.transactions.on(INIT_PRODUCER_ID, () => ({
      throttleTimeMs: 0,
      errorCode: left-- > 0 ? ERRORS.NOT_COORDINATOR.id : 0,
      producerId: 1,
      producerEpoch: 0,
    }))
    await bench.init()
    const found = bench.cluster.brokers.flatMap((broker) => broker.requests(FIND_COORDINATOR))
    expect(found.map(({ keyType, coordinatorKeys }) => [keyType, ...coordinatorKeys])).toEqual([
      [1, 't'],
      [1, 't'],
      [1, 't'],
    ])
  })

  test.each([
    'CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_TRANSACTION_TIMEOUT',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  ] as const)('says %s, and that is told at once', async (code) => {
    const bench = new Bench(2)
    bench.initIs(code)
    const facts = { transactionalId: 't' }
    await expect(bench.init()).rejects.toMatchObject({ code, facts })
    expect(bench.transactions.requests(INIT_PRODUCER_ID)).toHaveLength(1)
    bench.initIs(null)
    const producer = await bench.init()
    bench.endIs(code)
    await expect(bench.end(producer)).rejects.toMatchObject({ code, facts })
  })

  test('is told who the producer is already, where it can hear that', async () => {
    const bench = new Bench(2)
    const current = { producerId: 40, producerEpoch: 6 }
    const request = { transactionalId: 't', transactionTimeoutMs: 1_000, current }
    const given = await bench.drive(bench.transport.initTransactions(request, TIMEOUT_MS))
    expect(given).toMatchObject({ producerId: 40, producerEpoch: 7 })
    expect(bench.transactions.requests(INIT_PRODUCER_ID)).toMatchObject([
      { transactionalId: 't', transactionTimeoutMs: 1_000, ...current },
    ])
    // To one that could not, a newer producer would look like an older one.
    const old = new Bench(0)
    old.transactions.serve(INIT_PRODUCER_ID, [0, 2])
    const refused = old.drive(old.transport.initTransactions(request, TIMEOUT_MS))
    await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED_VERSION' })
  })

  test('adds partitions, all or none, and says of one why not', async () => {
    const bench = new Bench(1)
    const producer = await bench.init()
    const codes: ErrorCode[] = ['OPERATION_NOT_ATTEMPTED', 'TOPIC_AUTHORIZATION_FAILED']
    let refuses = false
    bench.transactions.on(ADD_PARTITIONS_TO_TXN, ({ v3AndBelowTopics }) => ({
      throttleTimeMs: 0,
      resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => {
          return { partitionIndex, partitionErrorCode: refuses ? idOf(codes[partitionIndex]!) : 0 }
        }),
      })),
    }))
    const refs = [0, 1].map((partition) => ({ topic: 'clicks', partition }))
    const add = (): Promise<void> => {
      return bench.drive(bench.transport.addToTransaction(producer, refs, TIMEOUT_MS))
    }
    await add()
    expect(bench.transactions.versionsOf(ADD_PARTITIONS_TO_TXN)).toEqual([3])
    refuses = true
    await expect(add()).rejects.toMatchObject({
      code: 'TOPIC_AUTHORIZATION_FAILED',
      facts: { topic: 'clicks', partition: 1 },
    })
  })

  test('of a group says what holds for all offsets once', async () => {
    const bench = new Bench(2)
    bench.groups.on(TXN_OFFSET_COMMIT, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => {
          return { partitionIndex, errorCode: ERRORS.ILLEGAL_GENERATION.id }
        }),
      })),
    }))
    const producer = await bench.init()
    const refused = bench.transport.addOffsetsToTransaction(producer, OUTSIDE, OFFSETS, TIMEOUT_MS)
    await expect(bench.drive(refused)).rejects.toMatchObject({ code: 'ILLEGAL_GENERATION' })
  })
})
