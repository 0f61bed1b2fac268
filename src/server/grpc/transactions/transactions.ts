// gRPC front of transactions: those of producers, and their administration.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { BrokerError } from '../../../base/errors.ts'
import type { Caller } from '../../../broker/caller.ts'
import type { ClusterService } from '../../../broker/cluster-service.ts'
import type { GroupService } from '../../../broker/group-service.ts'
import type { TransactionService } from '../../../broker/transaction-service.ts'
import type {
  HangingTransactions,
  PartitionTransaction,
} from '../../../broker/transactions/hanging-transactions.ts'
import type {
  ListedTransaction,
  Outcome,
  ProducerIdentity,
} from '../../../coordination/transaction/messages.ts'
import type { TransactionStateName } from '../../../coordination/transaction/transaction-state.ts'
import * as pb from '../../../protocol/grpc/gen/sluice/v1/transactions_pb.ts'
import { TRANSACTION_SERVICE } from '../../../protocol/grpc/services.ts'
import type { CallHost } from '../calls.ts'
import { errorMessage } from '../error-message.ts'
import { parseOffset } from '../groups/group-values.ts'
import { safeNumber } from '../numbers.ts'

export interface TransactionFrontServices {
  readonly transactions: TransactionService
  readonly hangingTransactions: HangingTransactions
  readonly groups: GroupService
  readonly cluster: ClusterService
}

/** How long a transaction may stay open, where the client does not say, as Kafka's clients would. */
const DEFAULT_TIMEOUT_MS = 60_000

const DEFAULT_PAGE_SIZE = 1_000
const MAX_PAGE_SIZE = 10_000

/** Clients of this front have an epoch for each transaction, and add partitions by the way. */
const TRANSACTION_VERSION = 2

const STATES: Readonly<Record<TransactionStateName, pb.TransactionState>> = {
  Empty: pb.TransactionState.EMPTY,
  Ongoing: pb.TransactionState.ONGOING,
  PrepareCommit: pb.TransactionState.PREPARE_COMMIT,
  PrepareAbort: pb.TransactionState.PREPARE_ABORT,
  CompleteCommit: pb.TransactionState.COMPLETE_COMMIT,
  CompleteAbort: pb.TransactionState.COMPLETE_ABORT,
  Dead: pb.TransactionState.DEAD,
  PrepareEpochFence: pb.TransactionState.PREPARE_EPOCH_FENCE,
}

const NAMES = new Map(Object.entries(STATES).map(([name, state]) => [state, name]))

export function addTransactions(calls: CallHost, services: TransactionFrontServices): void {
  addProducerCalls(calls, services)
  addAdministration(calls, services)
}

function addProducerCalls(
  calls: CallHost,
  { transactions, groups }: TransactionFrontServices,
): void {
  calls.unary(TRANSACTION_SERVICE.init, async (request, { caller }) => {
    const { transactionalId, timeoutMs } = request
    const given = await transactions.init(caller, {
      transactionalId,
      timeoutMs: timeoutMs || DEFAULT_TIMEOUT_MS,
      current: parseCurrent(request),
    })
    return create(pb.InitResponseSchema, identityMessage(given))
  })
  calls.unary(TRANSACTION_SERVICE.addOffsets, async (request, { caller }) => {
    const { groupId, memberId, memberEpoch, instanceId } = request
    const offsets = request.offsets.map(parseOffset)
    const committed = await groups.commitInTransaction(caller, {
      transaction: { ...producerOf(request), adds: true },
      ...{ groupId, memberId, instanceId: instanceId || null },
      generationOrEpoch: memberId === '' ? -1 : memberEpoch,
      offsets,
    })
    const partitions = committed.partitions.map(({ topic, partition, error }, index) => {
      const offset = error === null ? BigInt(offsets[index]!.offset) : -1n
      const refusal = error === null ? null : new BrokerError(error)
      return { topic, partition, offset, ...errorMessage(refusal) }
    })
    return create(pb.AddOffsetsResponseSchema, { partitions })
  })
  calls.unary(TRANSACTION_SERVICE.end, async (request, { caller }) => {
    const outcome = parseOutcome(request.outcome)
    const end = {
      ...producerOf(request),
      outcome,
      transactionVersion: TRANSACTION_VERSION,
    } as const
    return create(pb.EndResponseSchema, identityMessage(await transactions.end(caller, end)))
  })
}

type ProducerFields = Pick<pb.EndRequest, 'transactionalId' | 'producerId' | 'producerEpoch'>

function producerOf({ transactionalId, producerId, producerEpoch }: ProducerFields) {
  return { transactionalId, producerId: safeNumber(producerId, 'producer_id'), producerEpoch }
}

function identityMessage({ producerId, producerEpoch }: ProducerIdentity): {
  producerId: bigint
  producerEpoch: number
} {
  return { producerId: BigInt(producerId), producerEpoch }
}

/** @throws BrokerError INVALID_REQUEST */
function parseCurrent({ producerId, producerEpoch }: pb.InitRequest): ProducerIdentity | null {
  if (producerId === undefined && producerEpoch === undefined) return null
  if (producerId === undefined || producerEpoch === undefined || producerEpoch < 0) {
    const message = 'Producer id and epoch are to be given both, or neither'
    throw new BrokerError('INVALID_REQUEST', { message })
  }
  return { producerId: safeNumber(producerId, 'producer_id'), producerEpoch }
}

/** @throws BrokerError INVALID_REQUEST */
function parseOutcome(outcome: pb.TransactionOutcome): Outcome {
  if (outcome === pb.TransactionOutcome.COMMIT) return 'commit'
  if (outcome === pb.TransactionOutcome.ABORT) return 'abort'
  throw new BrokerError('INVALID_REQUEST', { message: 'outcome says neither commit nor abort' })
}

function addAdministration(calls: CallHost, services: TransactionFrontServices): void {
  const { transactions, hangingTransactions: hanging, cluster } = services
  calls.unary(TRANSACTION_SERVICE.listTransactions, async (request, { caller }) => {
    return await listTransactions(transactions, caller, request)
  })
  calls.unary(TRANSACTION_SERVICE.describeTransaction, async ({ transactionalId }, { caller }) => {
    const { controllerId: coordinatorId } = cluster.describe(caller)
    return await describeTransaction(transactions, caller, transactionalId, coordinatorId)
  })
  calls.unary(TRANSACTION_SERVICE.findHangingTransactions, async (request, { caller }) => {
    const { topic, partition, openForMs } = request
    if (topic === '' && partition !== undefined) {
      const message = 'A partition is one of a topic: name that as well'
      throw new BrokerError('INVALID_REQUEST', { message })
    }
    const found = await hanging.find(caller, {
      topic: topic || null,
      partition: partition ?? null,
      openForMs: openForMs === undefined ? null : safeNumber(openForMs, 'open_for_ms'),
    })
    return create(pb.FindHangingTransactionsResponseSchema, {
      transactions: found.map(partitionTransactionMessage),
    })
  })
  calls.unary(TRANSACTION_SERVICE.abortTransaction, async ({ target }, { caller }) => {
    const aborted = await abort(hanging, caller, target)
    const { producerId, producerEpoch } = aborted ?? { producerId: -1, producerEpoch: -1 }
    return create(pb.AbortTransactionResponseSchema, identityMessage({ producerId, producerEpoch }))
  })
}

async function listTransactions(
  transactions: TransactionService,
  caller: Caller,
  request: pb.ListTransactionsRequest,
): Promise<pb.ListTransactionsResponse> {
  const { pageToken, openForMs } = request
  const pageSize = Math.min(request.pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
  const listed = await transactions.list(caller, {
    states: request.states.map((state) => NAMES.get(state) ?? ''),
    producerIds: request.producerIds.map((id) => safeNumber(id, 'producer_ids')),
    ...(openForMs === undefined ? {} : { longerThanMs: safeNumber(openForMs, 'open_for_ms') }),
    idPattern: request.idRegex || null,
  })
  const wanted = listed.transactions
    .filter(({ transactionalId }) => transactionalId > pageToken)
    .sort((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1))
  const page = wanted.slice(0, pageSize)
  return create(pb.ListTransactionsResponseSchema, {
    transactions: page.map(listingMessage),
    nextPageToken: wanted.length > pageSize ? page.at(-1)!.transactionalId : '',
  })
}

async function describeTransaction(
  transactions: TransactionService,
  caller: Caller,
  transactionalId: string,
  coordinatorId: number,
): Promise<pb.DescribeTransactionResponse> {
  const [described] = await transactions.describe(caller, [transactionalId])
  if (described!.error !== null) throw described!.error
  const { producerEpoch, timeoutMs, startTimeMs, partitions } = described!
  return create(pb.DescribeTransactionResponseSchema, {
    transaction: listingMessage(described!),
    ...{ producerEpoch, timeoutMs, startTimeMs: BigInt(startTimeMs), coordinatorId },
    partitions: [...partitions].sort((a, b) => {
      return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
    }),
  })
}

function listingMessage({
  transactionalId,
  producerId,
  state,
}: ListedTransaction): MessageInitShape<typeof pb.TransactionListingSchema> {
  return { transactionalId, producerId: BigInt(producerId), state: STATES[state] }
}

function partitionTransactionMessage(
  found: PartitionTransaction,
): MessageInitShape<typeof pb.PartitionTransactionSchema> {
  const { topic, partition, producerId, producerEpoch, coordinatorEpoch } = found
  return {
    ...{ topic, partition, producerId: BigInt(producerId), producerEpoch, coordinatorEpoch },
    startOffset: BigInt(found.firstOffset),
    openSinceMs: BigInt(found.sinceMs),
    lastTimestampMs: BigInt(found.lastTimestampMs),
  }
}

/** @throws BrokerError INVALID_REQUEST */
async function abort(
  hanging: HangingTransactions,
  caller: Caller,
  target: pb.AbortTransactionRequest['target'],
): Promise<ProducerIdentity | null> {
  switch (target.case) {
    case 'transactionalId':
      return await hanging.abort(caller, target.value)
    case 'hanging': {
      const { topic, partition, startOffset } = target.value
      const offset = safeNumber(startOffset, 'start_offset')
      return await hanging.abortHanging(caller, { topic, partition, startOffset: offset })
    }
    default:
      throw new BrokerError('INVALID_REQUEST', { message: 'The request names no transaction' })
  }
}
