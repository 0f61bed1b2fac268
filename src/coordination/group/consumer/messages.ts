// The heartbeat of the newer protocol, by which a member does everything, in no wire's words.

import type { TopicPartitions } from '../records/consumer-group.ts'

/** Epochs that say what a member wants rather than where it stands. */
export const JOIN_EPOCH = 0
export const LEAVE_EPOCH = -1
export const LEAVE_STATIC_EPOCH = -2

export interface ConsumerHeartbeatRequest {
  readonly groupId: string
  /** Empty in the first heartbeat of a client that has none (version 0). */
  readonly memberId: string
  /** 0 to join, -1 to leave, -2 to leave for a while (static members), else the member's epoch. */
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  /** -1 when it has not changed. */
  readonly rebalanceTimeoutMs: number
  /** Null when they have not changed. */
  readonly topicNames: readonly string[] | null
  /** Null when it has not changed, empty for none. */
  readonly topicRegex: string | null
  /** Null when it has not changed, or to leave it to the broker. */
  readonly serverAssignor: string | null
  /** What the member owns now; null when that has not changed. */
  readonly owned: readonly TopicPartitions[] | null
  readonly clientId: string
  readonly clientHost: string
}

export interface ConsumerHeartbeatResponse {
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** What the member is to own; null when that has not changed. */
  readonly assignment: readonly TopicPartitions[] | null
}
