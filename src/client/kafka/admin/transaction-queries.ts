// What coordinators tell of transactions, over Kafka.

import { DESCRIBE_TRANSACTIONS } from '../../../protocol/kafka/gen/describe-transactions.ts'
import { FIND_COORDINATOR } from '../../../protocol/kafka/gen/find-coordinator.ts'
import { LIST_TRANSACTIONS } from '../../../protocol/kafka/gen/list-transactions.ts'
import type { HostAndPort } from '../../../network/client-connection.ts'
import type {
  TransactionDescription,
  TransactionFilter,
  TransactionListing,
  TransactionState,
} from '../../transaction-admin-calls.ts'
import type { Cluster } from '../cluster.ts'
import type { Deadline } from '../deadline.ts'
import { throwErrorOf } from '../kafka-error.ts'
import { only } from '../only.ts'

const TRANSACTION_KEY = 1

/** From this version on, a request has many keys. */
const MANY_KEYS_FROM = 4

const STATES: ReadonlySet<string> = new Set<TransactionState>([
  ...(['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit'] as const),
  ...(['CompleteAbort', 'PrepareEpochFence', 'Dead'] as const),
])

/** Ordered by transactional id. */
export async function listTransactions(
  cluster: Cluster,
  { states = [], producerIds = [], openForMs, pattern }: TransactionFilter,
  timeoutMs: number,
): Promise<readonly TransactionListing[]> {
  const request = {
    stateFilters: states,
    producerIdFilters: producerIds,
    ...(openForMs === undefined ? {} : { durationFilter: openForMs }),
    ...(pattern === undefined ? {} : { transactionalIdPattern: pattern }),
  }
  const answers = await cluster.callAll(LIST_TRANSACTIONS, request, timeoutMs)
  for (const { errorCode } of answers) throwErrorOf(errorCode, null)
  return answers
    .flatMap(({ transactionStates }) => transactionStates)
    .map(({ transactionalId, producerId, transactionState }) => {
      return { transactionalId, producerId, state: stateOf(transactionState) }
    })
    .toSorted((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1))
}

/** @throws SluiceError TRANSACTIONAL_ID_NOT_FOUND */
export async function describeTransaction(
  cluster: Cluster,
  transactionalId: string,
  deadline: Deadline,
): Promise<TransactionDescription> {
  const { nodeId, address } = await coordinatorOf(cluster, transactionalId, deadline)
  const request = { transactionalIds: [transactionalId] }
  const answer = await cluster.callAt(address, DESCRIBE_TRANSACTIONS, request, deadline.leftMs)
  const described = only(answer.transactionStates)
  throwErrorOf(described.errorCode, null, { transactionalId })
  const { producerId, producerEpoch, transactionTimeoutMs, transactionStartTimeMs } = described
  return {
    ...{ transactionalId, producerId, producerEpoch, coordinator: nodeId },
    state: stateOf(described.transactionState),
    timeoutMs: transactionTimeoutMs,
    startTimeMs: transactionStartTimeMs < 0 ? null : transactionStartTimeMs,
    partitions: described.topics
      .flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
      .toSorted((a, b) => {
        return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
      }),
  }
}

export async function coordinatorOf(
  cluster: Cluster,
  transactionalId: string,
  deadline: Deadline,
): Promise<{ readonly nodeId: number; readonly address: HostAndPort }> {
  const request = (version: number) => {
    return version >= MANY_KEYS_FROM
      ? { keyType: TRANSACTION_KEY, coordinatorKeys: [transactionalId] }
      : { keyType: TRANSACTION_KEY, key: transactionalId }
  }
  const answer = await cluster.callAny(FIND_COORDINATOR, request, deadline.leftMs)
  const found = answer.coordinators.length > 0 ? only(answer.coordinators) : answer
  const { errorCode, errorMessage, nodeId, host, port } = found
  throwErrorOf(errorCode, errorMessage, { transactionalId })
  return { nodeId, address: { host, port } }
}

function stateOf(name: string): TransactionState {
  return STATES.has(name) ? (name as TransactionState) : 'Unknown'
}
