// The calls of TransactionService that administrators make, over gRPC: messages to plain values and back.

import { create } from '@bufbuild/protobuf'
import * as pb from '../../protocol/grpc/gen/sluice/v1/transactions_pb.ts'
import { TRANSACTION_SERVICE } from '../../protocol/grpc/services.ts'
import type {
  HangingTransaction,
  TransactionAdminCalls,
  TransactionListing,
  TransactionState,
} from '../transaction-admin-calls.ts'
import type { ProducerIdentity } from '../transport.ts'
import type { Connection } from './connection.ts'

/** Largest page that brokers give. */
const PAGE_SIZE = 10_000

const STATES: ReadonlyMap<pb.TransactionState, TransactionState> = new Map([
  [pb.TransactionState.EMPTY, 'Empty'],
  [pb.TransactionState.ONGOING, 'Ongoing'],
  [pb.TransactionState.PREPARE_COMMIT, 'PrepareCommit'],
  [pb.TransactionState.PREPARE_ABORT, 'PrepareAbort'],
  [pb.TransactionState.COMPLETE_COMMIT, 'CompleteCommit'],
  [pb.TransactionState.COMPLETE_ABORT, 'CompleteAbort'],
  [pb.TransactionState.PREPARE_EPOCH_FENCE, 'PrepareEpochFence'],
  [pb.TransactionState.DEAD, 'Dead'],
])

const WIRE_STATES = new Map([...STATES].map(([wire, state]) => [state, wire]))

export function transactionAdminCalls(connection: Connection): TransactionAdminCalls {
  return {
    ...readingCalls(connection),

    async abortTransaction(transactionalId, timeoutMs) {
      const target = { case: 'transactionalId', value: transactionalId } as const
      const request = create(pb.AbortTransactionRequestSchema, { target })
      const aborted = await abort(connection, request, timeoutMs)
      return aborted.producerId < 0 ? null : aborted
    },

    async abortHangingTransaction({ topic, partition, startOffset }, timeoutMs) {
      const value = { topic, partition, startOffset: BigInt(startOffset) }
      const target = { case: 'hanging', value } as const
      const request = create(pb.AbortTransactionRequestSchema, { target })
      return await abort(connection, request, timeoutMs)
    },
  }
}

function readingCalls(
  connection: Connection,
): Omit<TransactionAdminCalls, 'abortTransaction' | 'abortHangingTransaction'> {
  return {
    async listTransactions({ states = [], producerIds = [], openForMs, pattern }, timeoutMs) {
      const wireStates = states.flatMap((state) => WIRE_STATES.get(state) ?? [])
      // None left of those that were given is not the same as none given.
      if (wireStates.length === 0 && states.length > 0) return []
      const transactions: TransactionListing[] = []
      let pageToken = ''
      do {
        const request = create(pb.ListTransactionsRequestSchema, {
          pageSize: PAGE_SIZE,
          pageToken,
          states: wireStates,
          producerIds: producerIds.map(BigInt),
          ...(openForMs === undefined ? {} : { openForMs: BigInt(openForMs) }),
          idRegex: pattern ?? '',
        })
        const method = TRANSACTION_SERVICE.listTransactions
        const answer = await connection.call(method, request, timeoutMs)
        transactions.push(...answer.transactions.map(listingOf))
        pageToken = answer.nextPageToken
      } while (pageToken !== '')
      return transactions
    },

    async describeTransaction(transactionalId, timeoutMs) {
      const request = create(pb.DescribeTransactionRequestSchema, { transactionalId })
      const method = TRANSACTION_SERVICE.describeTransaction
      const answer = await connection.call(method, request, timeoutMs)
      const startTimeMs = Number(answer.startTimeMs)
      return {
        ...listingOf(answer.transaction!),
        producerEpoch: answer.producerEpoch,
        timeoutMs: answer.timeoutMs,
        startTimeMs: startTimeMs < 0 ? null : startTimeMs,
        coordinator: answer.coordinatorId,
        partitions: answer.partitions.map(({ topic, partition }) => ({ topic, partition })),
      }
    },

    async findHangingTransactions({ topic, partition, openForMs }, timeoutMs) {
      const request = create(pb.FindHangingTransactionsRequestSchema, {
        topic: topic ?? '',
        ...(partition === undefined ? {} : { partition }),
        ...(openForMs === undefined ? {} : { openForMs: BigInt(openForMs) }),
      })
      const method = TRANSACTION_SERVICE.findHangingTransactions
      const answer = await connection.call(method, request, timeoutMs)
      return answer.transactions.map(hangingOf)
    },
  }
}

async function abort(
  connection: Connection,
  request: pb.AbortTransactionRequest,
  timeoutMs: number,
): Promise<ProducerIdentity> {
  const answer = await connection.call(TRANSACTION_SERVICE.abortTransaction, request, timeoutMs)
  return { producerId: Number(answer.producerId), producerEpoch: answer.producerEpoch }
}

function listingOf({
  transactionalId,
  producerId,
  state,
}: pb.TransactionListing): TransactionListing {
  return {
    transactionalId,
    producerId: Number(producerId),
    state: STATES.get(state) ?? 'Unknown',
  }
}

function hangingOf(wire: pb.PartitionTransaction): HangingTransaction {
  const { topic, partition, producerEpoch, coordinatorEpoch } = wire
  return {
    ...{ topic, partition, producerId: Number(wire.producerId), producerEpoch, coordinatorEpoch },
    startOffset: Number(wire.startOffset),
    openSinceMs: Number(wire.openSinceMs),
    lastTimestampMs: Number(wire.lastTimestampMs),
  }
}
