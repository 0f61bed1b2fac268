// ConsumerGroupHeartbeat: joins, subscribes, reports, is told what to own, and leaves.
// Source: apache/kafka, GroupMetadataManager.consumerGroupHeartbeat; KIP-848.

import { consumerGroupFor } from '../conversion.ts'
import { refuse } from '../env.ts'
import type { Env } from '../env.ts'
import { upgrade } from '../migration/upgrade.ts'
import { deleteGroupRecords } from '../offsets/expire-offsets.ts'
import type { MemberMetadataValue } from '../records/consumer-group.ts'
import { admit, checkRequest } from './admission.ts'
import { EMPTY_ASSIGNMENT, assignmentOf, sameAssignment, topicPartitionsOf } from './assignment.ts'
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts'
import { leaveConsumerGroup } from './departure.ts'
import { takeOver, updateCurrent, updateEpoch, writeMetadata } from './member-steps.ts'
import type { FreshRegexes } from './member-steps.ts'
import { JOIN_EPOCH } from './messages.ts'
import type { ConsumerHeartbeatRequest, ConsumerHeartbeatResponse } from './messages.ts'
import { matchingTopics } from './subscription.ts'
import { updateTarget } from './target.ts'
import { setConsumerSession } from './timers.ts'

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
  const { group: existing, plan } = consumerGroupFor(env, request)
  if (request.memberEpoch < JOIN_EPOCH) {
    return leaveConsumerGroup(env, existing ?? refuse('GROUP_ID_NOT_FOUND'), request)
  }
  const admitted = admit(env, existing, request)
  const fresh = freshRegexes(env, existing, request)
  const { groupId } = request
  const memberId = request.memberId === '' ? env.newId() : request.memberId

  // Nothing is refused from here on.
  const current = plan === null ? existing : upgrade(env, plan)
  if (current === null) deleteGroupRecords(env, groupId)
  else if (admitted.takesOver) takeOver(env, current, admitted.member!.memberId, memberId)
  const before = admitted.member?.metadata ?? null
  const isChanged = writeMetadata(env, { groupId, memberId, before }, metadataOf(request, before))
  const group = env.state.consumer.get(groupId)!
  updateEpoch(env, group, isChanged, fresh)
  updateTarget(env, group)
  const had = admitted.takesOver ? EMPTY_ASSIGNMENT : (admitted.member?.assigned ?? null)
  const owned = request.owned === null ? null : assignmentOf(request.owned)
  const after = updateCurrent(env, group, memberId, owned)
  setConsumerSession(env, group, memberId)

  const isNews = had === null || !sameAssignment(had, after.assigned)
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
