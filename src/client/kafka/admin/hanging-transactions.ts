// Transactions that hang, over Kafka: leaders tell what is open in their partitions, coordinators what they
// know of it. What is open and not known hangs, if it is still open after that.
// Source: KIP-664; apache/kafka, TransactionsCommand.FindHangingTransactionsCommand.

import { DESCRIBE_PRODUCERS } from '../../../protocol/kafka/gen/describe-producers.ts'
import { WRITE_TXN_MARKERS } from '../../../protocol/kafka/gen/write-txn-markers.ts'
import { SluiceError } from '../../errors.ts'
import {
  OPEN_STATES,
  type HangingFilter,
  type HangingTransaction,
  type HangingTransactionRef,
  type TransactionDescription,
} from '../../transaction-admin-calls.ts'
import type { PartitionRef, ProducerIdentity } from '../../transport.ts'
import type { Cluster } from '../cluster.ts'
import type { Deadline } from '../deadline.ts'
import { throwErrorOf } from '../kafka-error.ts'
import { only } from '../only.ts'
import { listTransactions } from './transaction-queries.ts'

/** Default of transaction.max.timeout.ms, which this protocol has no call for without a broker's id. */
const MAX_TIMEOUT_MS = 900_000

/** Asks the coordinator of a transactional id. */
export type Describe = (
  transactionalId: string,
  deadline: Deadline,
) => Promise<TransactionDescription>

/** Ordered by topic, partition and producer. */
export async function findHanging(
  cluster: Cluster,
  describe: Describe,
  { topic, partition, openForMs = MAX_TIMEOUT_MS }: HangingFilter,
  deadline: Deadline,
): Promise<readonly HangingTransaction[]> {
  const refs = await partitionsOf(cluster, topic, partition, deadline)
  const before = cluster.clock.now() - openForMs
  const open = (await openIn(cluster, refs, deadline)).filter(({ lastTimestampMs }) => {
    return lastTimestampMs < before
  })
  return await hanging(cluster, describe, open, deadline)
}

/** @throws SluiceError RESOURCE_NOT_FOUND, INVALID_TXN_STATE; what the leader refuses the marker with */
export async function abortHanging(
  cluster: Cluster,
  describe: Describe,
  { topic, partition, startOffset }: HangingTransactionRef,
  deadline: Deadline,
): Promise<ProducerIdentity> {
  await partitionsOf(cluster, topic, partition, deadline)
  const open = await openIn(cluster, [{ topic, partition }], deadline)
  const found = open.find((each) => each.startOffset === startOffset)
  const facts = { topic, partition, startOffset }
  if (found === undefined) {
    const message = 'No transaction is open there that begins at this offset'
    throw new SluiceError('RESOURCE_NOT_FOUND', facts, { message })
  }
  if ((await hanging(cluster, describe, [found], deadline)).length === 0) {
    const message = 'Its coordinator knows of it: abort it by its transactional id'
    throw new SluiceError('INVALID_TXN_STATE', facts, { message })
  }
  const { producerId, producerEpoch } = found
  const marker = {
    ...{ producerId, producerEpoch, transactionResult: false },
    coordinatorEpoch: Math.max(0, found.coordinatorEpoch),
    topics: [{ name: topic, partitionIndexes: [partition] }],
  }
  const leader = cluster.metadata.leader(topic, partition)
  if (leader instanceof SluiceError) throw leader
  const request = { markers: [marker] }
  const answer = await cluster.call(leader.nodeId, WRITE_TXN_MARKERS, request, deadline.leftMs)
  const written = only(only(only(answer.markers).topics).partitions)
  throwErrorOf(written.errorCode, null, facts)
  return { producerId, producerEpoch }
}

/** @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION */
async function partitionsOf(
  cluster: Cluster,
  topic: string | undefined,
  partition: number | undefined,
  deadline: Deadline,
): Promise<PartitionRef[]> {
  const all = await cluster.readMetadata(topic === undefined ? null : [topic], deadline)
  const names = all.topics.map(({ name }) => name!)
  // What is read of all topics at once is not remembered, and leaders are needed.
  if (topic === undefined && names.length > 0) await cluster.readMetadata(names, deadline)
  const refs = all.topics.flatMap(({ name, errorCode, partitions }) => {
    if (topic !== undefined) throwErrorOf(errorCode, null, { topic })
    return partitions.map(({ partitionIndex }) => ({ topic: name!, partition: partitionIndex }))
  })
  if (partition === undefined) return refs.toSorted(byName)
  const wanted = refs.filter((ref) => ref.partition === partition)
  if (wanted.length > 0) return wanted
  throw new SluiceError('UNKNOWN_TOPIC_OR_PARTITION', { topic: topic ?? '', partition })
}

/** What leaders have open in partitions. Those without a leader, or that are refused, have nothing. */
async function openIn(
  cluster: Cluster,
  refs: readonly PartitionRef[],
  deadline: Deadline,
): Promise<HangingTransaction[]> {
  const byLeader = Map.groupBy(refs, ({ topic, partition }) => {
    const leader = cluster.metadata.leader(topic, partition)
    return leader instanceof SluiceError ? -1 : leader.nodeId
  })
  byLeader.delete(-1)
  const found = await Promise.all(
    [...byLeader].map(async ([nodeId, led]) => {
      const topics = [...Map.groupBy(led, ({ topic }) => topic)].map(([name, own]) => {
        return { name, partitionIndexes: own.map(({ partition }) => partition) }
      })
      const request = { topics }
      const answer = await cluster.call(nodeId, DESCRIBE_PRODUCERS, request, deadline.leftMs)
      return answer.topics.flatMap(({ name: topic, partitions }) => {
        return partitions.flatMap(({ partitionIndex: partition, activeProducers }) => {
          return activeProducers
            .filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0)
            .map((producer) => ({
              ...{ topic, partition, producerId: producer.producerId },
              producerEpoch: producer.producerEpoch,
              coordinatorEpoch: producer.coordinatorEpoch,
              startOffset: producer.currentTxnStartOffset,
              openSinceMs: null,
              lastTimestampMs: producer.lastTimestamp,
            }))
        })
      })
    }),
  )
  return found.flat().toSorted((a, b) => byName(a, b) || a.producerId - b.producerId)
}

/** Those of which no coordinator knows, and that are still open once all have been asked. */
async function hanging(
  cluster: Cluster,
  describe: Describe,
  open: readonly HangingTransaction[],
  deadline: Deadline,
): Promise<HangingTransaction[]> {
  if (open.length === 0) return []
  const producerIds = [...new Set(open.map(({ producerId }) => producerId))]
  const listed = await listTransactions(cluster, { producerIds }, deadline.leftMs)
  const known = new Set<string>()
  for (const { transactionalId } of listed) {
    const described = describe(transactionalId, deadline)
    // It may have been forgotten since it was listed.
    const { state, producerId, partitions } = await described.catch(unlessNotFound)
    if (!OPEN_STATES.has(state)) continue
    for (const ref of partitions) known.add(nameOf({ ...ref, producerId }))
  }
  const unknown = open.filter((each) => !known.has(nameOf(each)))
  const still = new Set(
    (await openIn(cluster, unknown, deadline)).map((each) => `${nameOf(each)}@${each.startOffset}`),
  )
  return unknown.filter((each) => still.has(`${nameOf(each)}@${each.startOffset}`))
}

function unlessNotFound(error: unknown): Pick<TransactionDescription, Described> {
  if (SluiceError.from(error).code !== 'TRANSACTIONAL_ID_NOT_FOUND') throw error
  return { state: 'Dead', producerId: -1, partitions: [] }
}

type Described = 'state' | 'producerId' | 'partitions'

function nameOf({ topic, partition, producerId }: PartitionRef & { producerId: number }): string {
  return `${topic}-${partition} ${producerId}`
}

function byName(a: PartitionRef, b: PartitionRef): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
}
