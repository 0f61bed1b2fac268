// Requests and answers of the classic protocol, in no wire's words.

import type { ErrorCode } from '../../../base/errors.ts'

export interface MemberProtocol {
  readonly name: string
  /** Opaque to the coordinator, but for what consumers put there: see subscription.ts. */
  readonly metadata: Uint8Array
}

export interface JoinRequest {
  readonly groupId: string
  /** Empty when the member has none yet. */
  readonly memberId: string
  /** Name of a static member; null for a dynamic one. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  /** What the member can speak, best first. */
  readonly protocols: readonly MemberProtocol[]
  /** The client joins again with the id that it is given (JoinGroup 4 and later). */
  readonly requireMemberId: boolean
  /** The client understands that a leader need not assign (JoinGroup 9 and later). */
  readonly canSkipAssignment: boolean
}

export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly metadata: Uint8Array
}

export interface Joined {
  readonly outcome: 'joined'
  readonly memberId: string
  readonly generation: number
  readonly protocolType: string
  readonly protocol: string
  readonly leader: string
  /** True for a static leader that came back to a group whose assignment still holds. */
  readonly skipAssignment: boolean
  /** For the leader; empty for the others. */
  readonly members: readonly JoinedMember[]
}

/** Join again with this id: MEMBER_ID_REQUIRED on Kafka's wire. */
export interface MemberIdRequired {
  readonly outcome: 'member-id-required'
  readonly memberId: string
}

export type JoinResponse = Joined | MemberIdRequired

export interface SyncRequest {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** Null in versions that do not say it. */
  readonly protocolType: string | null
  readonly protocol: string | null
  /** From the leader; empty from the others. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[]
}

export interface SyncResponse {
  readonly protocolType: string
  readonly protocol: string
  readonly assignment: Uint8Array
}

export interface HeartbeatRequest {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
}

export interface LeavingMember {
  /** Empty to remove a static member by its name. */
  readonly memberId: string
  readonly instanceId: string | null
}

export interface LeaveRequest {
  readonly groupId: string
  readonly members: readonly LeavingMember[]
}

export interface LeaveResponse {
  readonly members: readonly (LeavingMember & { readonly error: ErrorCode | null })[]
}
