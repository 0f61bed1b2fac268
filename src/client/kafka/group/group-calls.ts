// The calls of groups over Kafka.

import type { GroupCalls } from '../../group-calls.ts'
import type { Cluster } from '../cluster.ts'
import type { Coordinators } from './coordinators.ts'
import { managingCalls } from './managing-calls.ts'
import { memberCalls } from './member-calls.ts'
import { offsetCalls } from './offset-calls.ts'

export function groupCalls(cluster: Cluster, coordinators: Coordinators): GroupCalls {
  return {
    ...memberCalls(cluster, coordinators),
    ...offsetCalls(cluster, coordinators),
    ...managingCalls(cluster, coordinators),
  }
}
