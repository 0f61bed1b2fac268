// What a transactional producer asks of its coordinator, over Kafka: of the first protocol of transactions
// and of the second (KIP-890), whichever the cluster has decided on.
//
//   version 1   InitProducerId · AddPartitionsToTxn · Produce to 11 · AddOffsetsToTxn, TxnOffsetCommit to 4 ·
//               EndTxn to 4
//   version 2   InitProducerId · Produce from 12 · TxnOffsetCommit from 5 · EndTxn from 5

import { ADD_OFFSETS_TO_TXN } from '../../protocol/kafka/gen/add-offsets-to-txn.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../protocol/kafka/gen/add-partitions-to-txn.ts'
import { END_TXN } from '../../protocol/kafka/gen/end-txn.ts'
import { INIT_PRODUCER_ID } from '../../protocol/kafka/gen/init-producer-id.ts'
import { TXN_OFFSET_COMMIT } from '../../protocol/kafka/gen/txn-offset-commit.ts'
import type { SluiceError } from '../errors.ts'
import type { PartitionRef } from '../transport.ts'
import type { TransactionalProducer, TransactionCalls } from '../transaction-calls.ts'
import type { Cluster } from './cluster.ts'
import { Deadline } from './deadline.ts'
import type { AskCoordinator, Coordinator, Coordinators } from './group/coordinators.ts'
import { byTopic, offsetTopics, outcomesOfAll } from './group/offset-messages.ts'
import { errorOfId, throwErrorOf } from './kafka-error.ts'
import { from, upTo } from './versions.ts'

/** The feature of a cluster that says which protocol of transactions it keeps to. */
const FEATURE = 'transaction.version'
const SECOND_PROTOCOL = 2

/** Versions of APIs that belong to the first protocol, and those that belong to the second. */
const END = { 1: upTo(END_TXN, 4), 2: from(END_TXN, 5) } as const
const COMMIT_OFFSETS = { 1: upTo(TXN_OFFSET_COMMIT, 4), 2: from(TXN_OFFSET_COMMIT, 5) } as const

/** @param groups coordinators of groups: they take the offsets */
export function transactionCalls(
  cluster: Cluster,
  coordinators: Coordinators,
  groups: Coordinators,
): TransactionCalls {
  const versionAt = async (
    { address }: Coordinator,
    deadline: Deadline,
  ): Promise<TransactionalProducer['version']> => {
    const level = await cluster.featureLevelAt(address, FEATURE, deadline)
    return level >= SECOND_PROTOCOL ? 2 : 1
  }
  return {
    async initTransactions({ transactionalId, transactionTimeoutMs, current }, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      return await coordinators.at(transactionalId, deadline, async (ask, coordinator) => {
        const request = { transactionalId, transactionTimeoutMs, ...current }
        const { errorCode, producerId, producerEpoch } = await ask(INIT_PRODUCER_ID, request)
        throwErrorOf(errorCode, null, { transactionalId })
        const version = await versionAt(coordinator, deadline)
        return { transactionalId, producerId, producerEpoch, version }
      })
    },

    async addToTransaction(producer, partitions, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      await coordinators.at(producer.transactionalId, deadline, async (ask) => {
        await addPartitions(ask, producer, partitions)
      })
    },

    async addOffsetsToTransaction(producer, caller, offsets, timeoutMs) {
      if (offsets.length === 0) return []
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const { transactionalId, producerId, producerEpoch, version } = producer
      const { groupId, memberId, memberEpoch: generationId, instanceId: groupInstanceId } = caller
      const who = { transactionalId, producerId, producerEpoch, groupId }
      if (version === 1) {
        await coordinators.at(transactionalId, deadline, async (ask) => {
          const { errorCode } = await ask(ADD_OFFSETS_TO_TXN, who)
          throwErrorOf(errorCode, null, { transactionalId, group: groupId })
        })
      }
      return await groups.at(groupId, deadline, async (ask) => {
        const member = { generationId, memberId, groupInstanceId }
        const request = { ...who, ...member, topics: offsetTopics(offsets) }
        const { topics } = await ask(COMMIT_OFFSETS[version], request)
        return outcomesOfAll(offsets, topics)
      })
    },

    async endTransaction(producer, outcome, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const { transactionalId, producerId, producerEpoch } = producer
      return await coordinators.at(transactionalId, deadline, async (ask, coordinator) => {
        const committed = outcome === 'commit'
        const request = { transactionalId, producerId, producerEpoch, committed }
        const answer = await ask(END[producer.version], request)
        throwErrorOf(answer.errorCode, null, { transactionalId })
        const version = await versionAt(coordinator, deadline)
        if (producer.version === 1) return { ...producer, version }
        const next = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
        return { transactionalId, ...next, version }
      })
    },
  }
}

async function addPartitions(
  ask: AskCoordinator,
  { transactionalId, producerId, producerEpoch }: TransactionalProducer,
  partitions: readonly PartitionRef[],
): Promise<void> {
  const answer = await ask(upTo(ADD_PARTITIONS_TO_TXN, 3), {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: byTopic(partitions).map(([name, refs]) => {
      return { name, partitions: refs.map(({ partition }) => partition) }
    }),
  })
  const refusals = answer.resultsByTopicV3AndBelow.flatMap(
    ({ name: topic, resultsByPartition }) => {
      return resultsByPartition.flatMap(({ partitionIndex: partition, partitionErrorCode }) => {
        return errorOfId(partitionErrorCode, null, { transactionalId, topic, partition }) ?? []
      })
    },
  )
  const refusal = refusals.find(isReason) ?? refusals[0]
  if (refusal !== undefined) throw refusal
}

/** Of partitions that are added together the others are told that nothing was done for them. */
function isReason({ code }: SluiceError): boolean {
  return code !== 'OPERATION_NOT_ATTEMPTED'
}
