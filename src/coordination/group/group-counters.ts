// What coordinators of groups have decided so far: read by the metrics.

import type { CoordinatorState } from './coordinator-state.ts'
import type { GroupRecord } from './records/group-record.ts'

export interface GroupCounters {
  /** Generations and group epochs that were begun. */
  rebalances: number
  /** Offsets that were committed, in transactions as well. */
  commits: number
}

/** Counts a record. @param state before the record is replayed */
export function countRecord(
  counters: GroupCounters,
  state: CoordinatorState,
  record: GroupRecord,
): void {
  if (record.value === null) return
  if (record.type === 'Offset') counters.commits += 1
  else if (record.type === 'GroupEpoch') counters.rebalances += 1
  else if (record.type === 'ClassicGroup') {
    const before = state.classic.get(record.groupId)?.generation ?? 0
    if (record.value.generation !== before) counters.rebalances += 1
  }
}
