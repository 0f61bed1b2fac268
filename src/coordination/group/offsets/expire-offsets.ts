// Offsets that have outlived their group, and groups that have nothing left.
//
//   group                                 an offset expires when … + retention is over
//   offsets alone, without membership     it was committed
//   classic, empty                        the group became empty
//   classic consumers, stable             it was committed, for topics that nobody reads any more
//   newer protocol                        it was committed, for topics that nobody reads any more
//
// An offset with an expiry of its own (very old clients) goes by that. Offsets that an open
// transaction carries stay. Source: apache/kafka, OffsetExpirationConditionImpl; KIP-211.

import { timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import type { OffsetCommitValue } from '../records/offset-commit.ts'

/** Records that one step may emit, so that a large clean-up does not hold everybody else up. */
const MAX_RECORDS = 1_000

/** @returns true when there is more to do at once */
export function expireOffsets(env: Env): boolean {
  const { offsets } = env.state
  for (const groupId of offsets.groupIds()) {
    const baseOf = baseTimestamp(env, groupId)
    if (baseOf === null) continue
    for (const { topic, partition, committed } of offsets.ofGroup(groupId)) {
      if (env.step.records.length >= MAX_RECORDS) return true
      if (offsets.isPending(groupId, topic, partition)) continue
      const baseMs = baseOf(topic, committed)
      if (baseMs === null || env.now.wallMs < expiryMs(env, committed, baseMs)) continue
      env.step.emit({ type: 'Offset', groupId, topic, partition, value: null })
    }
  }
  return deleteSpentGroups(env)
}

function expiryMs(env: Env, committed: OffsetCommitValue, baseMs: number): number {
  if (committed.expireTimestampMs !== -1) return committed.expireTimestampMs
  return baseMs + env.options.offsetsRetentionMs
}

/** Since when an offset is not needed any more; null while it is. Null for all: a null function. */
function baseTimestamp(
  env: Env,
  groupId: string,
): ((topic: string, committed: OffsetCommitValue) => number | null) | null {
  const consumer = env.state.consumer.get(groupId)
  if (consumer !== undefined) {
    return (topic, { commitTimestampMs }) => {
      return consumer.isSubscribed(topic) ? null : commitTimestampMs
    }
  }
  const classic = env.classic.get(groupId)
  if (classic === undefined) return (_topic, { commitTimestampMs }) => commitTimestampMs
  if (classic.state === 'Empty') {
    const since = classic.stateTimestampMs
    return (_topic, { commitTimestampMs }) => (since === -1 ? commitTimestampMs : since)
  }
  if (classic.state !== 'Stable') return null
  const topics = classic.subscribedTopics()
  if (topics === null) return null
  return (topic, { commitTimestampMs }) => (topics.has(topic) ? null : commitTimestampMs)
}

function deleteSpentGroups(env: Env): boolean {
  for (const [groupId, group] of env.classic) {
    if (group.state !== 'Empty' || group.pendingIds.size > 0) continue
    if (env.state.offsets.hasGroup(groupId)) continue
    if (env.step.records.length >= MAX_RECORDS) return true
    deleteGroupRecords(env, groupId)
  }
  for (const [groupId, group] of env.state.consumer) {
    if (group.members.size > 0 || env.state.offsets.hasGroup(groupId)) continue
    if (env.step.records.length >= MAX_RECORDS) return true
    deleteGroupRecords(env, groupId)
  }
  return false
}

/** Deletes what the group has on record, but for its offsets. */
export function deleteGroupRecords(env: Env, groupId: string): void {
  const classic = env.classic.get(groupId)
  if (classic !== undefined) {
    env.classic.delete(groupId)
    env.timers.cancel(timerKeys.join(groupId))
    env.timers.cancel(timerKeys.sync(groupId))
    for (const memberId of classic.pendingIds)
      env.timers.cancel(timerKeys.session(groupId, memberId))
    env.step.emit({ type: 'ClassicGroup', groupId, value: null })
  }
  for (const record of env.state.consumer.get(groupId)?.tombstones() ?? []) env.step.emit(record)
}
