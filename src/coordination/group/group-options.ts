// What an operator may set of groups, by Kafka's names and defaults, and the bounds of a coordinator.

import type { AssignorName } from './assignor/assignor.ts'

/** Which way a group with members may change its protocol. */
export type MigrationPolicy = 'disabled' | 'upgrade' | 'downgrade' | 'bidirectional'

export interface GroupOptions {
  /** `group.min.session.timeout.ms` and `group.max.session.timeout.ms`: classic protocol. */
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** `group.initial.rebalance.delay.ms`: how long an empty group waits for more members. */
  readonly initialRebalanceDelayMs: number
  /** How long the first join of a member may wait, since it cannot send heartbeats meanwhile. */
  readonly newMemberJoinTimeoutMs: number
  /** `group.max.size`: most members of a group of the classic protocol. */
  readonly maxSize: number
  /** `group.consumer.max.size`: most members of a group of the newer protocol. */
  readonly consumerMaxSize: number
  /** `offset.metadata.max.bytes`. */
  readonly maxOffsetMetadataBytes: number
  /** `offsets.retention.minutes`, in milliseconds: how long offsets outlive their group. */
  readonly offsetsRetentionMs: number
  /** `offsets.retention.check.interval.ms`. */
  readonly retentionCheckIntervalMs: number
  /** `group.consumer.session.timeout.ms`. */
  readonly consumerSessionTimeoutMs: number
  /** `group.consumer.heartbeat.interval.ms`. */
  readonly consumerHeartbeatIntervalMs: number
  /** `group.consumer.assignors`: the first is the default. */
  readonly assignors: readonly AssignorName[]
  /** `group.consumer.migration.policy`. */
  readonly migrationPolicy: MigrationPolicy
  /** Most groups that one partition of the offsets topic coordinates. */
  readonly maxGroups: number
  /** Most committed offsets that one partition of the offsets topic keeps. */
  readonly maxOffsets: number
  /** Most members of a group that were given an id and have not joined with it. */
  readonly maxPendingMembers: number
  /** Largest value of a record, in bytes. What would be larger is refused. */
  readonly maxRecordBytes: number
  /** Most topics a member may subscribe by name. */
  readonly maxSubscribedTopics: number
  /** Most different regular expressions in a group: all are evaluated when the topics change. */
  readonly maxRegexes: number
}

const MINUTE_MS = 60_000

export const DEFAULT_GROUP_OPTIONS: GroupOptions = {
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 30 * MINUTE_MS,
  initialRebalanceDelayMs: 3_000,
  newMemberJoinTimeoutMs: 5 * MINUTE_MS,
  maxSize: 5_000,
  consumerMaxSize: 5_000,
  maxOffsetMetadataBytes: 4096,
  offsetsRetentionMs: 7 * 24 * 60 * MINUTE_MS,
  retentionCheckIntervalMs: 10 * MINUTE_MS,
  consumerSessionTimeoutMs: 45_000,
  consumerHeartbeatIntervalMs: 5_000,
  assignors: ['uniform', 'range'],
  migrationPolicy: 'bidirectional',
  maxGroups: 10_000,
  maxOffsets: 2_000_000,
  maxPendingMembers: 5_000,
  maxRecordBytes: 1024 * 1024,
  maxSubscribedTopics: 10_000,
  maxRegexes: 20,
}
