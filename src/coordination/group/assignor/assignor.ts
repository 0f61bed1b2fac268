// The assignors of the newer protocol: given the members and what they read, who is to have what.

import type { Uuid } from '../../../base/uuid.ts'
import type { Assignment } from '../consumer/assignment.ts'
import { assignRange } from './range.ts'
import { assignUniform } from './uniform.ts'

export type AssignorName = 'uniform' | 'range'

export interface MemberToAssign {
  readonly memberId: string
  readonly instanceId: string | null
  /** Topics that it reads, those alone that exist. */
  readonly topicIds: ReadonlySet<Uuid>
  /** What it was to have before. May hold partitions that are gone. */
  readonly current: Assignment
}

/**
 * Gives every partition of a topic that somebody reads to exactly one of its readers.
 *
 * @param partitionCounts partitions of each topic that any member reads
 * @returns an entry for every member
 */
export type Assignor = (
  members: readonly MemberToAssign[],
  partitionCounts: ReadonlyMap<Uuid, number>,
) => Map<string, Assignment>

const ASSIGNORS: Readonly<Record<AssignorName, Assignor>> = {
  uniform: assignUniform,
  range: assignRange,
}

export function assignorOf(name: AssignorName): Assignor {
  return ASSIGNORS[name]
}
