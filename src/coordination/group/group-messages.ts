// What can be asked about groups as a whole, and the answers.

import type { ErrorCode } from '../../base/errors.ts'

/** The two protocols that a group can follow. */
export type GroupType = 'classic' | 'consumer'

export type GroupStateName =
  'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Assigning' | 'Reconciling'

export interface ListedGroup {
  readonly groupId: string
  readonly type: GroupType
  /** Empty for a group that has offsets alone. */
  readonly protocolType: string
  readonly state: GroupStateName
}

export interface DescribedClassicMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly metadata: Uint8Array
  readonly assignment: Uint8Array
}

export interface DescribedClassicGroup {
  readonly groupId: string
  readonly state: GroupStateName
  readonly protocolType: string
  readonly protocol: string
  readonly members: readonly DescribedClassicMember[]
}

export interface DeleteGroupResponse {
  readonly groupId: string
  readonly error: ErrorCode | null
}
