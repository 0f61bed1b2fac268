// Back to the classic protocol, when the last member of the newer one is gone and classic ones are left.
//
//   epoch ─► generation · current assignment ─► assignment · metadata as it was given
//
// The group then has no leader on record: whoever loads it before the next generation knows by that
// that a rebalance is due. Source: apache/kafka, GroupMetadataManager.convertToClassicGroup; KIP-848.

import { ClassicGroup } from '../classic/classic-group.ts'
import { prepareRebalance, restartSession } from '../classic/rebalance.ts'
import {
  CONSUMER_PROTOCOL_TYPE,
  readSubscription,
  writeAssignment,
} from '../classic/subscription.ts'
import { union } from '../consumer/assignment.ts'
import type { Assignment } from '../consumer/assignment.ts'
import type { ConsumerGroup, ConsumerMember } from '../consumer/consumer-group.ts'
import { namedPartitions } from '../consumer/describe.ts'
import { timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import { fitInOneBatch } from './one-batch.ts'

/**
 * Turns a group whose members all speak the classic protocol into a classic one, and rebalances. Its
 * generation is that of the members until then, so what they have read they may still commit.
 *
 * @returns false when the group stays what it is
 */
export function downgradeIfClassic(env: Env, group: ConsumerGroup): boolean {
  const { migrationPolicy, maxSize } = env.options
  if (migrationPolicy !== 'downgrade' && migrationPolicy !== 'bidirectional') return false
  const { groupId, members } = group
  if (members.size === 0 || members.size > maxSize) return false
  for (const { metadata } of members.values()) if (metadata.classic === null) return false
  const classic = classicGroupOf(env, group)
  if (classic === null) return false
  const value = classic.toValue()
  const tombstones = group.tombstones()
  const records = [...tombstones, { type: 'ClassicGroup' as const, groupId, value }]
  if (!fitInOneBatch(env, [...env.step.records, ...records])) return false

  for (const memberId of members.keys()) env.timers.cancel(timerKeys.rebalance(groupId, memberId))
  for (const record of records) env.step.emit(record)
  env.classic.set(groupId, classic)
  for (const member of classic.members.values()) restartSession(env, classic, member)
  prepareRebalance(env, classic)
  return true
}

/** @returns null when the members have no protocol in common */
function classicGroupOf(env: Env, group: ConsumerGroup): ClassicGroup | null {
  const classic = new ClassicGroup(group.groupId, env.now.wallMs)
  classic.protocolType = CONSUMER_PROTOCOL_TYPE
  classic.generation = group.epoch
  for (const member of group.members.values()) {
    const { memberId, metadata } = member
    const { instanceId, clientId, clientHost, rebalanceTimeoutMs } = metadata
    const { sessionTimeoutMs, protocols } = metadata.classic!
    classic.add({
      ...{ memberId, instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs },
      ...{ protocols, joining: null, syncing: null, isNew: false },
      assignment: assignmentBytes(env, member, union(member.assigned, member.pendingRevocation)),
    })
  }
  classic.protocol = classic.selectProtocol()
  classic.leader = null
  classic.transitionTo('Stable', env.now.wallMs)
  return classic.protocol === null ? null : classic
}

/** An assignment as the member's own assignor would have written it. */
export function assignmentBytes(
  env: Env,
  { metadata }: ConsumerMember,
  assignment: Assignment,
): Buffer {
  const version = readSubscription(metadata.classic!.protocols[0]!.metadata)?.version ?? 0
  return writeAssignment(namedPartitions(env, assignment), version)
}
