// ConsumerGroupHeartbeat: joins, subscribes, reports, is told what to own, and leaves.
// Source: apache/kafka, GroupMetadataManager.consumerGroupHeartbeat; KIP-848.

import { consumerGroupFor } from '../conversion.ts'
import { refuse, timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import { deleteGroupRecords } from '../offsets/expire-offsets.ts'
import type { MemberMetadataValue } from '../records/consumer-group.ts'
import { admit, checkRequest } from './admission.ts'
import type { Admitted } from './admission.ts'
import { EMPTY_ASSIGNMENT, assignmentOf, sameAssignment, topicPartitionsOf } from './assignment.ts'
import { currentAssignmentValue } from './consumer-group.ts'
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts'
import { leaveConsumerGroup, removeMember } from './departure.ts'
import { JOIN_EPOCH } from './messages.ts'
import type { ConsumerHeartbeatRequest, ConsumerHeartbeatResponse } from './messages.ts'
import { reconcile } from './reconcile.ts'
import { matchingTopics, refreshRegexes, subscriptionHash } from './subscription.ts'
import { updateTarget } from './target.ts'
import { setConsumerSession, setRebalanceTimeout } from './timers.ts'

type FreshRegexes = ReadonlyMap<string, readonly string[]>

/**
 * Handles one heartbeat.
 *
 * @throws BrokerError INVALID_REQUEST, UNSUPPORTED_ASSIGNOR, INVALID_REGULAR_EXPRESSION,
 *   GROUP_ID_NOT_FOUND, UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, FENCED_INSTANCE_ID,
 *   UNRELEASED_INSTANCE_ID, GROUP_MAX_SIZE_REACHED; all before anything has changed
 */
export function consumerHeartbeat(
  env: Env,
  request: ConsumerHeartbeatRequest,
): ConsumerHeartbeatResponse {
  checkRequest(env, request)
  const existing = consumerGroupFor(env, request)
  if (request.memberEpoch < JOIN_EPOCH) {
    return leaveConsumerGroup(env, existing ?? refuse('GROUP_ID_NOT_FOUND'), request)
  }
  const admitted = admit(env, existing, request)
  const fresh = freshRegexes(env, existing, request)
  const { groupId } = request
  const memberId = request.memberId === '' ? env.newId() : request.memberId

  // Nothing is refused from here on.
  if (existing === null) deleteGroupRecords(env, groupId)
  else if (admitted.takesOver) takeOver(env, existing, admitted.member!.memberId, memberId)
  const isChanged = updateMetadata(env, request, memberId, admitted)
  const group = env.state.consumer.get(groupId)!
  updateEpoch(env, group, isChanged, fresh)
  updateTarget(env, group)
  const before = admitted.takesOver ? EMPTY_ASSIGNMENT : (admitted.member?.assigned ?? null)
  const after = updateCurrent(env, group, memberId, request)
  setConsumerSession(env, groupId, memberId)

  const isNews = before === null || !sameAssignment(before, after.assigned)
  const tells = isNews || isBehind(request, after) || isFullRequest(request)
  return {
    memberId,
    memberEpoch: after.memberEpoch,
    heartbeatIntervalMs: env.options.consumerHeartbeatIntervalMs,
    assignment: tells ? topicPartitionsOf(after.assigned) : null,
  }
}

/** A member that is not where it should be may have missed an answer. */
function isBehind(
  { memberEpoch, owned }: ConsumerHeartbeatRequest,
  member: ConsumerMember,
): boolean {
  if (memberEpoch !== member.memberEpoch) return true
  return owned !== null && !sameAssignment(assignmentOf(owned), member.assigned)
}

/** A request that says everything comes from a member that wants to hear everything. */
function isFullRequest(request: ConsumerHeartbeatRequest): boolean {
  const { memberEpoch, rebalanceTimeoutMs, topicNames, topicRegex, owned } = request
  const subscribes = topicNames !== null || topicRegex !== null
  return memberEpoch === JOIN_EPOCH || (rebalanceTimeoutMs !== -1 && subscribes && owned !== null)
}

/** Evaluates a pattern that is new to the group, so that a bad one is refused. */
function freshRegexes(
  env: Env,
  group: ConsumerGroup | null,
  { topicRegex }: ConsumerHeartbeatRequest,
): FreshRegexes {
  if (topicRegex === null || topicRegex === '' || group?.regexes.has(topicRegex)) return new Map()
  if (group !== null && group.regexes.size >= env.options.maxRegexes) {
    refuse('INVALID_REGULAR_EXPRESSION', 'The group has too many different expressions')
  }
  return new Map([[topicRegex, matchingTopics(env.catalog, topicRegex)]])
}

/** Puts a new member in the place of a static one that is away, with all that was its. */
function takeOver(env: Env, group: ConsumerGroup, oldId: string, memberId: string): void {
  const { groupId } = group
  const { metadata, assigned } = group.members.get(oldId)!
  const target = topicPartitionsOf(group.target(oldId))
  removeMember(env, group, oldId)
  env.step.emit({ type: 'Member', groupId, memberId, value: metadata })
  env.step.emit({ type: 'TargetMember', groupId, memberId, value: target })
  const value = currentAssignmentValue({
    memberEpoch: JOIN_EPOCH,
    previousMemberEpoch: JOIN_EPOCH,
    state: 'stable',
    assigned,
    pendingRevocation: EMPTY_ASSIGNMENT,
  })
  env.step.emit({ type: 'CurrentAssignment', groupId, memberId, value })
}

/** @returns true when the member is new, or reads other topics than before */
function updateMetadata(
  env: Env,
  request: ConsumerHeartbeatRequest,
  memberId: string,
  { member }: Admitted,
): boolean {
  const { groupId } = request
  const before = member?.metadata ?? null
  const value = metadataOf(request, before)
  if (before !== null && sameMetadata(before, value)) return false
  env.step.emit({ type: 'Member', groupId, memberId, value })
  if (before === null || before.topicRegex !== value.topicRegex) return true
  return before.topicNames.join() !== value.topicNames.join()
}

function metadataOf(
  request: ConsumerHeartbeatRequest,
  before: MemberMetadataValue | null,
): MemberMetadataValue {
  const { topicNames, topicRegex, rebalanceTimeoutMs } = request
  const names = topicNames === null ? before?.topicNames : [...new Set(topicNames)].sort()
  return {
    instanceId: request.instanceId ?? before?.instanceId ?? null,
    rackId: request.rackId ?? before?.rackId ?? null,
    clientId: request.clientId,
    clientHost: request.clientHost,
    topicNames: names ?? [],
    topicRegex: topicRegex === null ? (before?.topicRegex ?? null) : topicRegex || null,
    rebalanceTimeoutMs:
      rebalanceTimeoutMs === -1 ? (before?.rebalanceTimeoutMs ?? -1) : rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? before?.serverAssignor ?? null,
    classic: null,
  }
}

function sameMetadata(a: MemberMetadataValue, b: MemberMetadataValue): boolean {
  const keys = Object.keys(a) as (keyof MemberMetadataValue)[]
  return keys.every(
    (key) => String(a[key]) === String(b[key]) && (a[key] === null) === (b[key] === null),
  )
}

/** Raises the group's epoch when the members, what they read, or the topics are not as before. */
function updateEpoch(
  env: Env,
  group: ConsumerGroup,
  isChanged: boolean,
  fresh: FreshRegexes,
): void {
  if (!isChanged && group.checkedVersion === env.catalog.version) return
  refreshRegexes(env, group, fresh)
  group.checkedVersion = env.catalog.version
  const metadataHash = subscriptionHash(env.catalog, group.subscribedTopics)
  if (!isChanged && metadataHash === group.metadataHash) return
  const { groupId } = group
  const value = { epoch: group.epoch + 1, metadataHash }
  env.step.emit({ type: 'GroupEpoch', groupId, value })
}

/** Lets the member take its next step towards its target. */
function updateCurrent(
  env: Env,
  group: ConsumerGroup,
  memberId: string,
  request: ConsumerHeartbeatRequest,
): ConsumerMember {
  const { groupId } = group
  const member = group.members.get(memberId)!
  const next = reconcile(member, {
    targetEpoch: group.targetEpoch,
    target: group.target(memberId),
    isFree: (topicId, partition) => {
      const owner = group.owner(topicId, partition)
      return owner === null || owner === memberId
    },
    owned: request.owned === null ? null : assignmentOf(request.owned),
  })
  if (next === member) return member
  const value = currentAssignmentValue(next)
  env.step.emit({ type: 'CurrentAssignment', groupId, memberId, value })
  if (next.state === 'revoking') setRebalanceTimeout(env, groupId, group.members.get(memberId)!)
  else env.timers.cancel(timerKeys.rebalance(groupId, memberId))
  return group.members.get(memberId)!
}
