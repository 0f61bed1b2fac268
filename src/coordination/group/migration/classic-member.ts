// Members of the classic protocol in a group of the newer one. They join, sync and heartbeat as ever;
// the coordinator assigns in the place of their leader, so none of them leads.
//
//   join       says what it reads and holds: takes a step towards its target, at the epoch it is told
//   sync       is told what it has
//   heartbeat  is told to join again when there is a step to take
//
// Generations are member epochs. Source: apache/kafka, GroupMetadataManager.classicGroup*ToConsumerGroup;
// KIP-848, "Consumer Group Migration".

import { BrokerError } from '../../../base/errors.ts'
import type { ErrorCode } from '../../../base/errors.ts'
import type { TopicPartition } from '../../../base/topic-partition.ts'
import { checkJoinRequest } from '../classic/join.ts'
import type {
  HeartbeatRequest,
  JoinRequest,
  JoinResponse,
  LeaveRequest,
  LeaveResponse,
  LeavingMember,
  SyncRequest,
  SyncResponse,
} from '../classic/messages.ts'
import { CONSUMER_PROTOCOL_TYPE, readSubscription } from '../classic/subscription.ts'
import type { Subscription } from '../classic/subscription.ts'
import { assignmentOf, filterAssignment, subtract } from '../consumer/assignment.ts'
import type { Assignment } from '../consumer/assignment.ts'
import type { ConsumerGroup, ConsumerMember } from '../consumer/consumer-group.ts'
import { membersLeft, removeMember } from '../consumer/departure.ts'
import { takeOver, updateCurrent, updateEpoch, writeMetadata } from '../consumer/member-steps.ts'
import { updateTarget } from '../consumer/target.ts'
import { setClassicDeadline, setConsumerSession } from '../consumer/timers.ts'
import { refuse, timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import type { MemberMetadataValue } from '../records/consumer-group.ts'
import { assignmentBytes, downgradeIfClassic } from './downgrade.ts'

/**
 * Takes a member in, or further.
 *
 * @throws BrokerError INVALID_SESSION_TIMEOUT, INCONSISTENT_GROUP_PROTOCOL, INVALID_REQUEST,
 *   GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID; all before anything has changed
 */
export function joinMixed(env: Env, group: ConsumerGroup, request: JoinRequest): JoinResponse {
  checkJoinRequest(env, request)
  const subscription = checkProtocols(group, request)
  const { groupId, instanceId } = request
  const place = placeOf(env, group, request)
  // Put out before, and does not know it: what it claims to hold may be with another by now.
  if (place === null && subscription.owned.length > 0) refuse('UNKNOWN_MEMBER_ID')
  if (request.memberId === '' && instanceId === null && request.requireMemberId) {
    return { outcome: 'member-id-required', memberId: newMemberId(env, request) }
  }
  const memberId = request.memberId === '' ? newMemberId(env, request) : request.memberId

  // Nothing is refused from here on.
  if (place !== null && place.memberId !== memberId) takeOver(env, group, place.memberId, memberId)
  const before = place?.metadata ?? null
  const isChanged = writeMetadata(
    env,
    { groupId, memberId, before },
    metadataOf(request, subscription),
  )
  updateEpoch(env, group, isChanged, new Map())
  updateTarget(env, group)
  const member = updateCurrent(env, group, memberId, heldBy(env, subscription.owned))
  setConsumerSession(env, group, memberId)
  setClassicDeadline(env, groupId, member)
  const { memberEpoch: generation } = member
  const protocol = request.protocols[0]!.name
  // When everybody speaks the classic protocol by now, the member is told so when it syncs.
  downgradeIfClassic(env, group)
  return {
    ...{ outcome: 'joined', memberId, generation, protocolType: CONSUMER_PROTOCOL_TYPE, protocol },
    ...{ leader: '', skipAssignment: false, members: [] },
  }
}

function newMemberId(env: Env, { instanceId, clientId }: JoinRequest): string {
  return `${instanceId ?? clientId}-${env.newId()}`
}

/** All who speak the classic protocol need one in common, for the way back. */
function checkProtocols(group: ConsumerGroup, request: JoinRequest): Subscription {
  const { protocolType, protocols, memberId } = request
  if (protocolType !== CONSUMER_PROTOCOL_TYPE) refuse('INCONSISTENT_GROUP_PROTOCOL')
  const common = new Set(protocols.map(({ name }) => name))
  for (const { memberId: other, metadata } of group.members.values()) {
    if (metadata.classic === null || other === memberId) continue
    const spoken = new Set(metadata.classic.protocols.map(({ name }) => name))
    for (const name of common) if (!spoken.has(name)) common.delete(name)
  }
  if (common.size === 0) refuse('INCONSISTENT_GROUP_PROTOCOL')
  return (
    readSubscription(protocols[0]!.metadata) ??
    refuse('INCONSISTENT_GROUP_PROTOCOL', 'The subscription of the member cannot be read')
  )
}

/** The member that the request is of, or whose place it takes; null for a new one. */
function placeOf(
  env: Env,
  group: ConsumerGroup,
  { memberId, instanceId }: JoinRequest,
): ConsumerMember | null {
  const member =
    instanceId === null ? (group.members.get(memberId) ?? null) : group.staticMember(instanceId)
  if (member !== null) {
    if (memberId !== '' && member.memberId !== memberId) refuse('FENCED_INSTANCE_ID')
    return member
  }
  if (instanceId !== null && memberId !== '') refuse('UNKNOWN_MEMBER_ID')
  const { consumerMaxSize: maxSize } = env.options
  if (group.members.size >= maxSize) refuse('GROUP_MAX_SIZE_REACHED', undefined, { maxSize })
  return null
}

function metadataOf(request: JoinRequest, subscription: Subscription): MemberMetadataValue {
  const { instanceId, clientId, clientHost, rebalanceTimeoutMs } = request
  const { sessionTimeoutMs, protocols } = request
  return {
    ...{ instanceId, rackId: subscription.rackId, clientId, clientHost },
    topicNames: [...new Set(subscription.topics)].sort(),
    ...{ topicRegex: null, rebalanceTimeoutMs, serverAssignor: null },
    classic: { sessionTimeoutMs, protocols },
  }
}

/** Topics that are gone cannot be held. */
function heldBy(env: Env, owned: readonly TopicPartition[]): Assignment {
  const topics = owned.flatMap(({ topic, partition }) => {
    const topicId = env.catalog.topic(topic)?.topicId
    return topicId === undefined ? [] : [{ topicId, partitions: [partition] }]
  })
  return assignmentOf(topics)
}

/**
 * Tells a member what it has.
 *
 * @throws BrokerError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION,
 *   INCONSISTENT_GROUP_PROTOCOL, REBALANCE_IN_PROGRESS
 */
export function syncMixed(env: Env, group: ConsumerGroup, request: SyncRequest): SyncResponse {
  const member = memberOf(group, request)
  const protocol = member.metadata.classic!.protocols[0]!.name
  const sameType = (request.protocolType ?? CONSUMER_PROTOCOL_TYPE) === CONSUMER_PROTOCOL_TYPE
  const sameProtocol = (request.protocol ?? protocol) === protocol
  if (!sameType || !sameProtocol) refuse('INCONSISTENT_GROUP_PROTOCOL')
  // One that has something to give up is told what stays, and joins again after that.
  if (member.memberEpoch < group.epoch && member.state !== 'revoking') askToJoin(env, group, member)
  env.timers.cancel(timerKeys.rebalance(group.groupId, member.memberId))
  setConsumerSession(env, group, member.memberId)
  const assignment = assignmentBytes(env, member, member.assigned)
  return { protocolType: CONSUMER_PROTOCOL_TYPE, protocol, assignment }
}

/**
 * Keeps a member in the group.
 *
 * @throws BrokerError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION; REBALANCE_IN_PROGRESS
 *   when it is to join again
 */
export function heartbeatMixed(env: Env, group: ConsumerGroup, request: HeartbeatRequest): void {
  const member = memberOf(group, request)
  setConsumerSession(env, group, member.memberId)
  const isBehind = member.memberEpoch < group.epoch || member.state === 'revoking'
  if (isBehind || isComplete(group, member)) askToJoin(env, group, member)
}

/** True when the others have given up all that the member still waits for. */
function isComplete(group: ConsumerGroup, member: ConsumerMember): boolean {
  if (member.state !== 'waiting') return false
  const missing = subtract(group.target(member.memberId), member.assigned)
  const taken = filterAssignment(missing, (topicId, partition) => {
    return group.owner(topicId, partition) !== null
  })
  return taken.size === 0
}

/** The member has its rebalance timeout to join again, from the first time that it is asked. */
function askToJoin(env: Env, { groupId }: ConsumerGroup, member: ConsumerMember): never {
  if (!env.timers.has(timerKeys.rebalance(groupId, member.memberId))) {
    setClassicDeadline(env, groupId, member)
  }
  refuse('REBALANCE_IN_PROGRESS')
}

function memberOf(
  group: ConsumerGroup,
  { memberId, instanceId, generation }: HeartbeatRequest,
): ConsumerMember {
  const member = findMember(group, memberId, instanceId)
  if (member.metadata.classic === null) refuse('UNKNOWN_MEMBER_ID')
  if (member.memberEpoch !== generation) refuse('ILLEGAL_GENERATION')
  return member
}

function findMember(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): ConsumerMember {
  if (instanceId === null) return group.members.get(memberId) ?? refuse('UNKNOWN_MEMBER_ID')
  const member = group.staticMember(instanceId) ?? refuse('UNKNOWN_MEMBER_ID')
  if (memberId !== '' && member.memberId !== memberId) refuse('FENCED_INSTANCE_ID')
  return member
}

/** Takes members out, each with a result of its own. An administrator names static ones by instance. */
export function leaveMixed(env: Env, group: ConsumerGroup, request: LeaveRequest): LeaveResponse {
  const members = request.members.map((leaving) => {
    return { ...leaving, error: leaveOne(env, group, leaving) }
  })
  if (members.some(({ error }) => error === null)) {
    membersLeft(env, group)
  }
  return { members }
}

function leaveOne(
  env: Env,
  group: ConsumerGroup,
  { memberId, instanceId }: LeavingMember,
): ErrorCode | null {
  try {
    const member = findMember(group, memberId, instanceId)
    if (memberId !== '' && member.metadata.classic === null) return 'UNKNOWN_MEMBER_ID'
    removeMember(env, group, member.memberId)
    return null
  } catch (error) {
    if (error instanceof BrokerError) return error.code
    throw error
  }
}
