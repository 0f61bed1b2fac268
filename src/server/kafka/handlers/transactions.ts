// All handlers of transactions: of their producers, of their offsets, of who looks after them.

import type { GroupService } from '../../../broker/group-service.ts'
import type { ProducerIdService } from '../../../broker/producer-id-service.ts'
import type { TransactionService } from '../../../broker/transaction-service.ts'
import type { KafkaHandler } from '../handler.ts'
import { transactionAdminHandlers } from './transactions/administration.ts'
import { initProducerIdHandler } from './transactions/init-producer-id.ts'
import { transactionPartsHandlers } from './transactions/parts.ts'
import { txnOffsetCommitHandler } from './transactions/txn-offset-commit.ts'

export interface TransactionHandlerServices {
  readonly transactions: TransactionService
  readonly producerIds: ProducerIdService
  readonly groups: GroupService
}

export function transactionHandlers({
  transactions,
  producerIds,
  groups,
}: TransactionHandlerServices): readonly KafkaHandler[] {
  return [
    initProducerIdHandler(producerIds, transactions),
    ...transactionPartsHandlers(transactions),
    txnOffsetCommitHandler(groups),
    ...transactionAdminHandlers(transactions),
  ]
}
