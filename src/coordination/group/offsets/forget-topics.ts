// Offsets of topics that were deleted: they go with their topic, as a topic made anew under the name has
// nothing in common with it. Source: apache/kafka, OffsetMetadataManager.onPartitionsDeleted.

import { ZERO_UUID } from '../../../base/uuid.ts'
import type { Env } from '../env.ts'
import type { OffsetCommitValue } from '../records/offset-commit.ts'

/** Records that one step may emit, so that a large clean-up does not hold everybody else up. */
const MAX_RECORDS = 1_000

/**
 * Deletes the offsets of topics that are gone. Those that an open transaction carries stay.
 *
 * @returns true when there is more to do at once
 */
export function forgetTopics(env: Env): boolean {
  const { offsets } = env.state
  for (const groupId of offsets.groupIds()) {
    for (const { topic, partition, committed } of offsets.ofGroup(groupId)) {
      if (!isGone(env, topic, committed) || offsets.isPending(groupId, topic, partition)) continue
      if (env.step.records.length >= MAX_RECORDS) return true
      env.step.emit({ type: 'Offset', groupId, topic, partition, value: null })
    }
  }
  return false
}

function isGone(env: Env, name: string, { topicId }: OffsetCommitValue): boolean {
  const topic = env.catalog.topic(name)
  if (topic === null) return true
  // Records that other brokers wrote may not say which topic of the name was meant.
  return topicId !== ZERO_UUID && topicId !== topic.topicId
}
