// What a transaction consists of, and its end: AddPartitionsToTxn, AddOffsetsToTxn, EndTxn.
//
//   v2        clients know PRODUCER_FENCED; before, an older epoch is what they know
//   EndTxn 5  the producer has the next epoch from then on, which the answer tells (KIP-890)
//
// Versions 4 and 5 of AddPartitionsToTxn are for brokers, and not served.

import { ERRORS } from '../../../../base/errors.ts'
import type { TransactionService } from '../../../../broker/transaction-service.ts'
import { ADD_OFFSETS_TO_TXN } from '../../../../protocol/kafka/gen/add-offsets-to-txn.ts'
import {
  ADD_PARTITIONS_TO_TXN,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnResponseInit,
} from '../../../../protocol/kafka/gen/add-partitions-to-txn.ts'
import { END_TXN } from '../../../../protocol/kafka/gen/end-txn.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { checkCount, firstError } from '../error-fields.ts'
import { errorId } from '../groups/wire.ts'
import { fencedAs } from './fencing.ts'

/** Most partitions of a request: all are added, or none. */
const MAX_PARTITIONS = 10_000

const KNOWS_FENCED_FROM = 2

/** Clients of this version use transactions with an epoch each. */
const END_WITH_EPOCHS_FROM = 5

export function transactionPartsHandlers(
  transactions: TransactionService,
): readonly KafkaHandler[] {
  return [addPartitions(transactions), addOffsets(transactions), endTxn(transactions)]
}

function addPartitions(transactions: TransactionService): KafkaHandler {
  return handlerOf(ADD_PARTITIONS_TO_TXN, {
    async handle(request, { version, caller }) {
      const { v3AndBelowTopics: topics } = request
      const count = topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
      checkCount(count, MAX_PARTITIONS, 'partitions')
      const results = await transactions.addPartitions(caller, {
        transactionalId: request.v3AndBelowTransactionalId,
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
        partitions: request.v3AndBelowTopics.flatMap(({ name: topic, partitions }) => {
          return partitions.map((partition) => ({ topic, partition }))
        }),
      })
      const errors = results.map(({ error }) => {
        return errorId(error && fencedAs(error.code, version >= KNOWS_FENCED_FROM))
      })
      return addAnswer(request, (slot) => errors[slot]!)
    },
    refuse: (request, { code }, { version }) => {
      const errorCode = ERRORS[fencedAs(code, version >= KNOWS_FENCED_FROM)].id
      return addAnswer(request, () => errorCode)
    },
    outcome: ({ resultsByTopicV3AndBelow: topics = [] }) => {
      const results = topics.flatMap(({ resultsByPartition }) => resultsByPartition)
      return firstError(results.map(({ partitionErrorCode: errorCode }) => ({ errorCode })))
    },
  })
}

/** @param errorOf the error of each partition of the request, by its place in it */
function addAnswer(
  { v3AndBelowTopics: topics }: AddPartitionsToTxnRequest,
  errorOf: (slot: number) => number,
): AddPartitionsToTxnResponseInit {
  let slot = 0
  return {
    throttleTimeMs: 0,
    resultsByTopicV3AndBelow: topics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partitionIndex) => {
        return { partitionIndex, partitionErrorCode: errorOf(slot++) }
      }),
    })),
  }
}

function addOffsets(transactions: TransactionService): KafkaHandler {
  return handlerOf(ADD_OFFSETS_TO_TXN, {
    async handle({ transactionalId, producerId, producerEpoch, groupId }, { caller }) {
      const request = { transactionalId, producerId, producerEpoch, groupId }
      await transactions.addOffsets(caller, request)
      return { throttleTimeMs: 0, errorCode: 0 }
    },
    refuse: (_request, { code }, { version }) => {
      const errorCode = ERRORS[fencedAs(code, version >= KNOWS_FENCED_FROM)].id
      return { throttleTimeMs: 0, errorCode }
    },
  })
}

function endTxn(transactions: TransactionService): KafkaHandler {
  return handlerOf(END_TXN, {
    async handle(request, { version, caller }) {
      const { transactionalId, producerId, producerEpoch, committed } = request
      const hasEpochs = version >= END_WITH_EPOCHS_FROM
      const next = await transactions.end(caller, {
        ...{ transactionalId, producerId, producerEpoch },
        outcome: committed ? 'commit' : 'abort',
        transactionVersion: hasEpochs ? 2 : 1,
      })
      const { producerId: nextId, producerEpoch: nextEpoch } = next
      const identity = hasEpochs ? { producerId: nextId, producerEpoch: nextEpoch } : {}
      return { throttleTimeMs: 0, errorCode: 0, ...identity }
    },
    refuse: (_request, { code }, { version }) => {
      const errorCode = ERRORS[fencedAs(code, version >= KNOWS_FENCED_FROM)].id
      return { throttleTimeMs: 0, errorCode }
    },
  })
}
