// From the classic protocol to the newer one while members are there: the first member of the newer one
// takes the group over, and the others go on as they are, among members of the newer one.
//
//   generation     ─► epoch of the group, of its target, and of each member
//   assignment     ─► target and current assignment
//   metadata       ─► topics; kept as it is, for the way back
//
// Source: apache/kafka, GroupMetadataManager.convertToConsumerGroup, ConsumerGroup.fromClassicGroup;
// KIP-848, "Consumer Group Migration".

import type { TopicPartition } from '../../../base/topic-partition.ts'
import type { Uuid } from '../../../base/uuid.ts'
import type { ClassicGroup, ClassicMember } from '../classic/classic-group.ts'
import { refuseWaiting } from '../classic/rebalance.ts'
import {
  CONSUMER_PROTOCOL_TYPE,
  readAssignment,
  readSubscription,
} from '../classic/subscription.ts'
import type { Subscription } from '../classic/subscription.ts'
import { EMPTY_ASSIGNMENT, assignmentOf, topicPartitionsOf } from '../consumer/assignment.ts'
import type { Assignment } from '../consumer/assignment.ts'
import { currentAssignmentValue, ConsumerGroup } from '../consumer/consumer-group.ts'
import { subscriptionHash } from '../consumer/subscription.ts'
import { setConsumerSession } from '../consumer/timers.ts'
import { refuse, timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import type { MemberMetadataValue } from '../records/consumer-group.ts'
import type { ConsumerGroupRecord } from '../records/group-record.ts'
import { fitInOneBatch } from './one-batch.ts'

/** What a classic group would be. Nothing has changed yet. */
export interface Upgrade {
  readonly from: ClassicGroup
  readonly records: readonly ConsumerGroupRecord[]
  /** The group as those records make it, to be looked at and not to be kept. */
  readonly group: ConsumerGroup
}

/**
 * Works out what becomes of a classic group with members.
 *
 * @throws BrokerError GROUP_ID_NOT_FOUND when it stays what it is, as a member of the newer protocol
 *   is then told
 */
export function planUpgrade(env: Env, from: ClassicGroup): Upgrade {
  const { migrationPolicy, consumerMaxSize } = env.options
  if (migrationPolicy !== 'upgrade' && migrationPolicy !== 'bidirectional') {
    refuseUpgrade('group.consumer.migration.policy keeps it in the classic protocol')
  }
  if (from.protocolType !== CONSUMER_PROTOCOL_TYPE) refuseUpgrade('its members are no consumers')
  if (from.members.size > consumerMaxSize) refuseUpgrade('it has too many members')
  const group = new ConsumerGroup(from.groupId)
  const records = recordsOf(env, from)
  for (const record of records) group.replay(record)
  const { groupId } = from
  const all = [{ type: 'ClassicGroup' as const, groupId, value: null }, ...records]
  if (!fitInOneBatch(env, all)) refuseUpgrade('it is too large to change over at once')
  return { from, records, group }
}

/** Puts the group in the place of the classic one, whose members are asked to join again. */
export function upgrade(env: Env, { from, records }: Upgrade): ConsumerGroup {
  const { groupId } = from
  env.timers.cancel(timerKeys.join(groupId))
  env.timers.cancel(timerKeys.sync(groupId))
  for (const memberId of from.pendingIds) env.timers.cancel(timerKeys.session(groupId, memberId))
  for (const member of from.members.values()) {
    refuseWaiting(env, from, member, 'REBALANCE_IN_PROGRESS')
  }
  env.classic.delete(groupId)
  env.step.emit({ type: 'ClassicGroup', groupId, value: null })
  for (const record of records) env.step.emit(record)
  const group = env.state.consumer.get(groupId)!
  for (const memberId of group.members.keys()) setConsumerSession(env, group, memberId)
  return group
}

function recordsOf(env: Env, from: ClassicGroup): ConsumerGroupRecord[] {
  const { groupId, generation: epoch } = from
  const members = [...from.members.values()]
  const subscriptions = members.map((member) => subscriptionOf(from, member))
  const held = heldBy(env, members, subscriptions)
  const records: ConsumerGroupRecord[] = []
  for (const [at, member] of members.entries()) {
    const { memberId } = member
    const assigned = held[at]!
    const current = currentAssignmentValue({
      ...{ memberEpoch: epoch, previousMemberEpoch: epoch, state: 'stable', assigned },
      pendingRevocation: EMPTY_ASSIGNMENT,
    })
    const value = metadataOf(member, subscriptions[at]!)
    const target = topicPartitionsOf(assigned)
    records.push({ type: 'Member', groupId, memberId, value })
    records.push({ type: 'TargetMember', groupId, memberId, value: target })
    records.push({ type: 'CurrentAssignment', groupId, memberId, value: current })
  }
  const subscribed = new Set(subscriptions.flatMap(({ topics }) => topics))
  const metadataHash = subscriptionHash(env.catalog, subscribed)
  records.push({ type: 'GroupEpoch', groupId, value: { epoch, metadataHash } })
  const timestampMs = env.now.wallMs
  records.push({ type: 'TargetEpoch', groupId, value: { epoch, timestampMs } })
  return records
}

function subscriptionOf(group: ClassicGroup, { protocols }: ClassicMember): Subscription {
  const chosen = protocols.find(({ name }) => name === group.protocol) ?? protocols[0]
  const subscription = chosen === undefined ? null : readSubscription(chosen.metadata)
  return subscription ?? refuseUpgrade('the subscription of a member cannot be read')
}

function metadataOf(member: ClassicMember, subscription: Subscription): MemberMetadataValue {
  const { instanceId, clientId, clientHost, protocols, sessionTimeoutMs } = member
  return {
    ...{ instanceId, rackId: subscription.rackId, clientId, clientHost },
    topicNames: [...new Set(subscription.topics)].sort(),
    ...{ topicRegex: null, rebalanceTimeoutMs: member.rebalanceTimeoutMs, serverAssignor: null },
    classic: { sessionTimeoutMs, protocols },
  }
}

/**
 * What each member may hold: what it was given last, and what it said it held when it joined, since it
 * may not have heard of the newer assignment yet. What it holds no more it says when it joins again.
 */
function heldBy(
  env: Env,
  members: readonly ClassicMember[],
  subscriptions: readonly Subscription[],
): Assignment[] {
  const taken = new Set<string>()
  const free = ({ topicId, partition }: HeldPartition): boolean => {
    const key = `${topicId} ${partition}`
    return !taken.has(key) && taken.add(key) === taken
  }
  const given = members.map((member) => {
    const partitions = known(env, assignedTo(member))
    if (!partitions.every(free)) refuseUpgrade('a partition was given to two members')
    return partitions
  })
  return given.map((partitions, at) => {
    const kept = known(env, subscriptions[at]!.owned).filter(free)
    const held = [...partitions, ...kept]
    return assignmentOf(
      held.map(({ topicId, partition }) => ({ topicId, partitions: [partition] })),
    )
  })
}

function assignedTo({ assignment }: ClassicMember): readonly TopicPartition[] {
  const read = readAssignment(assignment)
  if (read === null) refuseUpgrade('the assignment of a member cannot be read')
  if (read.hasUserData) refuseUpgrade('an assignor of the clients’ own is in use')
  return read.partitions
}

interface HeldPartition {
  readonly topicId: Uuid
  readonly partition: number
}

/** Those that exist. */
function known(env: Env, partitions: readonly TopicPartition[]): HeldPartition[] {
  return partitions.flatMap(({ topic: name, partition }) => {
    const topic = env.catalog.topic(name)
    if (topic === null || partition < 0 || partition >= topic.partitions.length) return []
    return [{ topicId: topic.topicId, partition }]
  })
}

function refuseUpgrade(reason: string): never {
  refuse('GROUP_ID_NOT_FOUND', `The group has members of the classic protocol, and ${reason}`)
}
