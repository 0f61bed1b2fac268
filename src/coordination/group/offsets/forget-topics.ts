// Offsets of topics that were deleted: they go with their topic, as a topic made anew under the name has
// nothing in common with it. Source: apache/kafka, OffsetMetadataManager.onPartitionsDeleted.

import { ZERO_UUID } from '../../../base/uuid.ts'
import type { Env } from '../env.ts'
import type { OffsetCommitValue } from '../records/offset-commit.ts'

/** Records that one step may emit, so that a large clean-up does not hold everybody else up. */
const MAX_RECORDS = 1_000

/** How much is left of a clean-up: nothing, more at once, or what an open transaction holds back. */
export type ForgetOutcome = 'done' | 'cut-short' | 'held-back'

/**
 * Deletes the offsets of topics that are gone, and those that transactions carry with them.
 *
 * One stays while a transaction carries an offset of the same partition for the topic that has its name
 * now: deleting the key would take that as well.
 */
export function forgetTopics(env: Env): ForgetOutcome {
  const { offsets } = env.state
  let outcome: ForgetOutcome = 'done'
  for (const groupId of offsets.groupIds()) {
    for (const { topic, partition } of offsets.partitionsOf(groupId)) {
      const committed = offsets.get(groupId, topic, partition)
      const pending = offsets.pendingOf(groupId, topic, partition)
      const areGone = pending.map(({ value }) => isGone(env, topic, value!))
      if (committed === null ? !areGone.includes(true) : !isGone(env, topic, committed)) continue
      if (areGone.includes(false)) {
        outcome = 'held-back'
        continue
      }
      if (env.step.records.length >= MAX_RECORDS) return 'cut-short'
      env.step.emit({ type: 'Offset', groupId, topic, partition, value: null })
    }
  }
  return outcome
}

function isGone(env: Env, name: string, { topicId }: OffsetCommitValue): boolean {
  const topic = env.catalog.topic(name)
  if (topic === null) return true
  // Records that other brokers wrote may not say which topic of the name was meant.
  return topicId !== ZERO_UUID && topicId !== topic.topicId
}
