// What the broker's options say about groups, as their coordinator takes it.

import type { BrokerValues } from '../../config/broker-options.ts'
import { DEFAULT_GROUP_OPTIONS, type GroupOptions } from '../../coordination/group/group-options.ts'

const MINUTE_MS = 60_000

export function groupOptionsOf(values: BrokerValues): GroupOptions {
  return {
    ...DEFAULT_GROUP_OPTIONS,
    minSessionTimeoutMs: values.groupMinSessionTimeoutMs,
    maxSessionTimeoutMs: values.groupMaxSessionTimeoutMs,
    initialRebalanceDelayMs: values.groupInitialRebalanceDelayMs,
    maxSize: values.groupMaxSize,
    consumerMaxSize: values.groupConsumerMaxSize,
    consumerSessionTimeoutMs: values.groupConsumerSessionTimeoutMs,
    consumerHeartbeatIntervalMs: values.groupConsumerHeartbeatIntervalMs,
    assignors: values.groupConsumerAssignors,
    migrationPolicy: values.groupConsumerMigrationPolicy,
    maxOffsetMetadataBytes: values.offsetMetadataMaxBytes,
    offsetsRetentionMs: values.offsetsRetentionMinutes * MINUTE_MS,
    retentionCheckIntervalMs: values.offsetsRetentionCheckIntervalMs,
  }
}
