// All handlers of consumer groups: both protocols, offsets, administration.

import type { GroupService } from '../../../broker/group-service.ts'
import type { KafkaHandler } from '../handler.ts'
import { classicHandlers } from './groups/classic.ts'
import { consumerHandlers } from './groups/consumer.ts'
import { coordinatorHandlers, type KafkaSelf } from './groups/find-coordinator.ts'
import { groupAdminHandlers } from './groups/group-admin.ts'
import { groupOffsetHandlers } from './groups/group-offsets.ts'

export interface GroupHandlerServices {
  readonly groups: GroupService
}

/** @param self where clients reach this broker; asked when the first of them wants to know */
export function groupHandlers(
  { groups }: GroupHandlerServices,
  self: () => KafkaSelf,
): readonly KafkaHandler[] {
  return [
    ...coordinatorHandlers({ groups, self }),
    ...classicHandlers(groups),
    ...consumerHandlers(groups),
    ...groupOffsetHandlers(groups),
    ...groupAdminHandlers(groups),
  ]
}
