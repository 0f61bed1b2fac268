// Transactions as administrators see them, over Kafka: all brokers are asked which they coordinate, and
// leaders for what is open in their partitions.

import { INIT_PRODUCER_ID } from '../../../protocol/kafka/gen/init-producer-id.ts'
import type { TransactionAdminCalls } from '../../transaction-admin-calls.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import type { Coordinators } from '../group/coordinators.ts'
import { errorOfId } from '../kafka-error.ts'
import { abortHanging, findHanging } from './hanging-transactions.ts'
import type { Describe } from './hanging-transactions.ts'
import { describeTransaction, listTransactions } from './transaction-queries.ts'

/** What is open is being aborted, or was. */
const ABORTED: ReadonlySet<string> = new Set(['PrepareAbort', 'CompleteAbort'])

export function transactionAdminCalls(
  cluster: Cluster,
  coordinators: Coordinators,
): TransactionAdminCalls {
  const describe: Describe = (transactionalId, deadline) => {
    return coordinators.at(transactionalId, deadline, (ask, coordinator) => {
      return describeTransaction(ask, coordinator, transactionalId)
    })
  }
  return {
    async listTransactions(filter, timeoutMs) {
      return await listTransactions(cluster, filter, timeoutMs)
    },

    async describeTransaction(transactionalId, timeoutMs) {
      return await describe(transactionalId, new Deadline(cluster.clock, timeoutMs))
    },

    async findHangingTransactions(filter, timeoutMs) {
      return await findHanging(cluster, describe, filter, new Deadline(cluster.clock, timeoutMs))
    },

    async abortTransaction(transactionalId, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      return await coordinators.at(transactionalId, deadline, async (ask, coordinator) => {
        const described = await describeTransaction(ask, coordinator, transactionalId)
        if (described.state !== 'Ongoing') return null
        const { timeoutMs: transactionTimeoutMs, producerId, producerEpoch } = described
        // Whoever takes the id over has what is open aborted: this is all that administrators can do.
        const request = { transactionalId, transactionTimeoutMs }
        const { errorCode } = await ask(INIT_PRODUCER_ID, request)
        const error = errorOfId(errorCode, null, { transactionalId })
        if (error?.code === 'CONCURRENT_TRANSACTIONS') {
          // Its markers take their time; or somebody has ended it in another way.
          const now = await describeTransaction(ask, coordinator, transactionalId)
          if (!ABORTED.has(now.state)) throw error
        } else if (error !== null) throw error
        return { producerId, producerEpoch }
      })
    },

    async abortHangingTransaction(ref, timeoutMs) {
      return await abortHanging(cluster, describe, ref, new Deadline(cluster.clock, timeoutMs))
    },
  }
}
