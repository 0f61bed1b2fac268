// All handlers of consumer groups: both protocols, offsets, administration.

import type { GroupService } from '../../../broker/group-service.ts'
import type { TransactionService } from '../../../broker/transaction-service.ts'
import type { KafkaContext, KafkaHandler } from '../handler.ts'
import { classicHandlers } from './groups/classic.ts'
import { consumerHandlers } from './groups/consumer.ts'
import { coordinatorHandlers, type KafkaSelf } from './groups/find-coordinator.ts'
import { groupAdminHandlers } from './groups/group-admin.ts'
import { groupOffsetHandlers } from './groups/group-offsets.ts'

export interface GroupHandlerServices {
  readonly groups: GroupService
  readonly transactions: Pick<TransactionService, 'ready'>
}

/** @param self where a client reaches this broker */
export function groupHandlers(
  { groups, transactions }: GroupHandlerServices,
  self: (context: KafkaContext) => KafkaSelf,
): readonly KafkaHandler[] {
  return [
    ...coordinatorHandlers({ groups, transactions, self }),
    ...classicHandlers(groups),
    ...consumerHandlers(groups),
    ...groupOffsetHandlers(groups),
    ...groupAdminHandlers(groups),
  ]
}
