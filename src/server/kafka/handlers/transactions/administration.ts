// Looking after transactions: DescribeTransactions, ListTransactions, and WriteTxnMarkers, by which an
// administrator aborts one that hangs.
//
// WriteTxnMarkers is a call of brokers among each other too, but no broker is told apart from an
// administrator here. v2 tells which protocol the transaction is of (KIP-1228).

import { BrokerError } from '../../../../base/errors.ts'
import type { DescribeResult, TransactionService } from '../../../../broker/transaction-service.ts'
import type { TransactionVersion } from '../../../../coordination/transaction/messages.ts'
import {
  DESCRIBE_TRANSACTIONS,
  type TransactionStateInit,
} from '../../../../protocol/kafka/gen/describe-transactions.ts'
import { LIST_TRANSACTIONS } from '../../../../protocol/kafka/gen/list-transactions.ts'
import {
  WRITE_TXN_MARKERS,
  type WritableTxnMarker,
  type WriteTxnMarkersResponseInit,
} from '../../../../protocol/kafka/gen/write-txn-markers.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { firstError } from '../error-fields.ts'
import { byTopic, errorId } from '../groups/wire.ts'

/** Most ids that one request may ask about, and most partitions that it may write markers to. */
const MAX_IDS = 10_000

export function transactionAdminHandlers(
  transactions: TransactionService,
): readonly KafkaHandler[] {
  return [
    describeTransactions(transactions),
    listTransactions(transactions),
    writeMarkers(transactions),
  ]
}

function describeTransactions(transactions: TransactionService): KafkaHandler {
  return handlerOf(DESCRIBE_TRANSACTIONS, {
    async handle({ transactionalIds }, { caller }) {
      checkCount(transactionalIds.length)
      const described = await transactions.describe(caller, transactionalIds)
      return { throttleTimeMs: 0, transactionStates: described.map(stateOf) }
    },
    refuse: ({ transactionalIds }, error) => ({
      throttleTimeMs: 0,
      transactionStates: transactionalIds.map((transactionalId) => {
        return stateOf({ transactionalId, error })
      }),
    }),
    outcome: ({ transactionStates }) => firstError(transactionStates),
  })
}

function stateOf(result: DescribeResult): TransactionStateInit {
  const { transactionalId, error } = result
  if (error !== null) {
    return {
      ...{ errorCode: errorId(error), transactionalId, transactionState: '' },
      ...{ transactionTimeoutMs: 0, transactionStartTimeMs: -1 },
      ...{ producerId: -1, producerEpoch: -1, topics: [] },
    }
  }
  const { state, timeoutMs, startTimeMs, producerId, producerEpoch, partitions } = result
  return {
    ...{ errorCode: 0, transactionalId, transactionState: state },
    ...{ transactionTimeoutMs: timeoutMs, transactionStartTimeMs: startTimeMs },
    ...{ producerId, producerEpoch },
    topics: [...byTopic(partitions)].map(([topic, rows]) => {
      return { topic, partitions: rows.map(({ partition }) => partition) }
    }),
  }
}

function listTransactions(transactions: TransactionService): KafkaHandler {
  return handlerOf(LIST_TRANSACTIONS, {
    async handle(request, { caller }) {
      const { stateFilters: states, producerIdFilters: producerIds } = request
      checkCount(states.length + producerIds.length)
      const listed = await transactions.list(caller, {
        ...{ states, producerIds, longerThanMs: request.durationFilter },
        idPattern: request.transactionalIdPattern,
      })
      return {
        throttleTimeMs: 0,
        errorCode: 0,
        unknownStateFilters: listed.unknownStates,
        transactionStates: listed.transactions.map(({ transactionalId, producerId, state }) => {
          return { transactionalId, producerId, transactionState: state }
        }),
      }
    },
    refuse: (_request, error) => ({
      ...{ throttleTimeMs: 0, errorCode: errorId(error) },
      ...{ unknownStateFilters: [], transactionStates: [] },
    }),
  })
}

function writeMarkers(transactions: TransactionService): KafkaHandler {
  return handlerOf(WRITE_TXN_MARKERS, {
    async handle({ markers }, { caller }) {
      checkCount(markers.reduce((sum, marker) => sum + partitionsOf(marker).length, 0))
      const written = await Promise.all(
        markers.map(async (marker) => {
          const { producerId, producerEpoch, coordinatorEpoch, transactionVersion } = marker
          const results = await transactions.writeMarkers(caller, {
            ...{ producerId, producerEpoch, coordinatorEpoch },
            outcome: marker.transactionResult ? 'commit' : 'abort',
            transactionVersion: versionOf(transactionVersion),
            partitions: partitionsOf(marker),
          })
          return results.map(({ error }) => errorId(error))
        }),
      )
      return answerOf(markers, (marker, slot) => written[marker]![slot]!)
    },
    refuse: ({ markers }, error) => answerOf(markers, () => errorId(error)),
    outcome: ({ markers }) => {
      const topics = markers.flatMap((marker) => marker.topics)
      return firstError(topics.flatMap(({ partitions }) => partitions))
    },
  })
}

/** @throws BrokerError INVALID_REQUEST */
function versionOf(version: number): TransactionVersion {
  if (version === 0 || version === 1 || version === 2) return version
  throw new BrokerError('INVALID_REQUEST', { message: `Transactions of version ${version}` })
}

function partitionsOf({ topics }: WritableTxnMarker): { topic: string; partition: number }[] {
  return topics.flatMap(({ name: topic, partitionIndexes }) => {
    return partitionIndexes.map((partition) => ({ topic, partition }))
  })
}

/** @param errorOf the error of a partition, by its marker and its place in that */
function answerOf(
  markers: readonly WritableTxnMarker[],
  errorOf: (marker: number, slot: number) => number,
): WriteTxnMarkersResponseInit {
  return {
    markers: markers.map(({ producerId, topics }, marker) => {
      let slot = 0
      return {
        producerId,
        topics: topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => {
            return { partitionIndex, errorCode: errorOf(marker, slot++) }
          }),
        })),
      }
    }),
  }
}

/** @throws BrokerError INVALID_REQUEST */
function checkCount(count: number): void {
  if (count > MAX_IDS) throw new BrokerError('INVALID_REQUEST', { asked: count, limit: MAX_IDS })
}
