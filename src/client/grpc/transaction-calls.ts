// What a transactional producer asks, over gRPC: always of the second protocol of transactions.

import { create } from '@bufbuild/protobuf'
import {
  AddOffsetsRequestSchema,
  EndRequestSchema,
  InitRequestSchema,
  TransactionOutcome as WireOutcome,
} from '../../protocol/grpc/gen/sluice/v1/transactions_pb.ts'
import { TRANSACTION_SERVICE } from '../../protocol/grpc/services.ts'
import type { ProducerIdentity } from '../transport.ts'
import type {
  TransactionalProducer,
  TransactionCalls,
  TransactionOutcome,
} from '../transaction-calls.ts'
import type { Connection } from './connection.ts'
import { toCommit } from './group-calls.ts'
import { errorOf } from './wire-error.ts'

const OUTCOMES = {
  commit: WireOutcome.COMMIT,
  abort: WireOutcome.ABORT,
} as const satisfies Record<TransactionOutcome, WireOutcome>

export function transactionCalls(connection: Connection): TransactionCalls {
  return {
    async initTransactions({ transactionalId, transactionTimeoutMs, current }, timeoutMs) {
      const request = create(InitRequestSchema, {
        transactionalId,
        timeoutMs: transactionTimeoutMs,
        ...(current === null ? {} : onWire(current)),
      })
      const given = await connection.call(TRANSACTION_SERVICE.init, request, timeoutMs)
      return producerOf(transactionalId, given)
    },

    // Partitions join by what is written to them.
    async addToTransaction() {},

    async addOffsetsToTransaction(producer, caller, offsets, timeoutMs) {
      if (offsets.length === 0) return []
      const { groupId, memberId, memberEpoch, instanceId } = caller
      const request = create(AddOffsetsRequestSchema, {
        transactionalId: producer.transactionalId,
        ...onWire(producer),
        ...{ groupId, memberId, memberEpoch, instanceId: instanceId ?? '' },
        offsets: toCommit(offsets),
      })
      const answer = await connection.call(TRANSACTION_SERVICE.addOffsets, request, timeoutMs)
      return answer.partitions.map(({ topic, partition, error }) => {
        return { topic, partition, error: errorOf(error) }
      })
    },

    async endTransaction(producer, outcome, timeoutMs) {
      const { transactionalId } = producer
      const fields = { transactionalId, ...onWire(producer), outcome: OUTCOMES[outcome] }
      const request = create(EndRequestSchema, fields)
      const given = await connection.call(TRANSACTION_SERVICE.end, request, timeoutMs)
      return producerOf(transactionalId, given)
    },
  }
}

interface WireIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

function onWire({ producerId, producerEpoch }: ProducerIdentity): WireIdentity {
  return { producerId: BigInt(producerId), producerEpoch }
}

function producerOf(
  transactionalId: string,
  { producerId, producerEpoch }: WireIdentity,
): TransactionalProducer {
  return { transactionalId, producerId: Number(producerId), producerEpoch, version: 2 }
}
