// What coordinators tell of transactions, over Kafka.

import { DESCRIBE_TRANSACTIONS } from '../../../protocol/kafka/gen/describe-transactions.ts'
import { LIST_TRANSACTIONS } from '../../../protocol/kafka/gen/list-transactions.ts'
import type {
  TransactionDescription,
  TransactionFilter,
  TransactionListing,
  TransactionState,
} from '../../transaction-admin-calls.ts'
import type { Cluster } from '../cluster.ts'
import type { AskCoordinator, Coordinator } from '../group/coordinators.ts'
import { throwErrorOf } from '../kafka-error.ts'
import { only } from '../only.ts'

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
  ask: AskCoordinator,
  { nodeId }: Coordinator,
  transactionalId: string,
): Promise<TransactionDescription> {
  const answer = await ask(DESCRIBE_TRANSACTIONS, { transactionalIds: [transactionalId] })
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

function stateOf(name: string): TransactionState {
  return STATES.has(name) ? (name as TransactionState) : 'Unknown'
}
