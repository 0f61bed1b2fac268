// Who may take part in a group of the newer protocol: checks before anything is written.
// Source: apache/kafka, GroupMetadataManager; KIP-848, "Member fencing" and "Static membership".

import { refuse } from '../env.ts'
import type { Env } from '../env.ts'
import { assignmentOf, isSubset } from './assignment.ts'
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts'
import { JOIN_EPOCH, LEAVE_STATIC_EPOCH } from './messages.ts'
import type { ConsumerHeartbeatRequest } from './messages.ts'

/** @throws BrokerError INVALID_REQUEST, UNSUPPORTED_ASSIGNOR */
export function checkRequest(env: Env, request: ConsumerHeartbeatRequest): void {
  const { memberEpoch, memberId, instanceId, topicNames, serverAssignor } = request
  if (memberEpoch < LEAVE_STATIC_EPOCH) refuse('INVALID_REQUEST', 'The member epoch is below -2')
  if (memberId === '' && memberEpoch !== JOIN_EPOCH) refuse('INVALID_REQUEST', 'No member id')
  if (instanceId === '') refuse('INVALID_REQUEST', 'The instance id is empty')
  if (memberEpoch === LEAVE_STATIC_EPOCH && instanceId === null) {
    refuse('INVALID_REQUEST', 'Only a member with an instance id leaves for a while')
  }
  if (topicNames !== null && topicNames.length > env.options.maxSubscribedTopics) {
    refuse('INVALID_REQUEST', 'Too many subscribed topics', { topics: topicNames.length })
  }
  if (serverAssignor !== null && !env.options.assignors.some((name) => name === serverAssignor)) {
    refuse('UNSUPPORTED_ASSIGNOR', undefined, { known: env.options.assignors.join(', ') })
  }
  if (memberEpoch === JOIN_EPOCH) checkJoin(request)
}

function checkJoin({
  rebalanceTimeoutMs,
  topicNames,
  topicRegex,
  owned,
}: ConsumerHeartbeatRequest) {
  if (rebalanceTimeoutMs <= 0)
    refuse('INVALID_REQUEST', 'A joining member has no rebalance timeout')
  if (owned === null || owned.length > 0) {
    refuse('INVALID_REQUEST', 'A joining member says that it owns no partitions')
  }
  if (topicNames === null && topicRegex === null) {
    refuse('INVALID_REQUEST', 'A joining member subscribes to topics')
  }
}

export interface Admitted {
  /** The member as it was before; null for a new one. */
  readonly member: ConsumerMember | null
  /** True when `member` is a static member that was away, whose place the caller takes. */
  readonly takesOver: boolean
}

/**
 * The place of a member that joins or goes on.
 *
 * @param group the group, or null when it is yet to be made
 * @throws BrokerError UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, FENCED_INSTANCE_ID,
 *   UNRELEASED_INSTANCE_ID, GROUP_MAX_SIZE_REACHED
 */
export function admit(
  env: Env,
  group: ConsumerGroup | null,
  request: ConsumerHeartbeatRequest,
): Admitted {
  const { memberId, memberEpoch, instanceId } = request
  const isJoin = memberEpoch === JOIN_EPOCH
  const named = instanceId === null ? null : (group?.staticMember(instanceId) ?? null)
  const member = instanceId === null ? (group?.members.get(memberId) ?? null) : named
  if (member === null) {
    if (!isJoin) refuse('UNKNOWN_MEMBER_ID')
    if (group !== null && group.members.has(memberId)) refuse('FENCED_INSTANCE_ID')
    if (group !== null && group.members.size >= env.options.consumerMaxSize) {
      refuse('GROUP_MAX_SIZE_REACHED', undefined, { maxSize: env.options.consumerMaxSize })
    }
    return { member: null, takesOver: false }
  }
  // Static members of the classic protocol do not say that they go.
  const isFree = member.memberEpoch === LEAVE_STATIC_EPOCH || member.metadata.classic !== null
  if (isJoin && instanceId !== null && isFree) {
    const isTaken = member.memberId !== memberId && (group?.members.has(memberId) ?? false)
    if (isTaken) refuse('FENCED_INSTANCE_ID')
    return { member, takesOver: true }
  }
  if (member.memberId !== memberId) {
    refuse(isJoin ? 'UNRELEASED_INSTANCE_ID' : 'FENCED_INSTANCE_ID')
  }
  checkEpoch(member, request)
  return { member, takesOver: false }
}

/** A member that joins again, with nothing, is given what it is to have. Else an answer may have been
 *  lost: then the member is one epoch behind, with nothing that it lost. */
function checkEpoch(
  member: ConsumerMember,
  { memberEpoch, owned }: ConsumerHeartbeatRequest,
): void {
  if (memberEpoch === member.memberEpoch || memberEpoch === JOIN_EPOCH) return
  const isPrevious = memberEpoch === member.previousMemberEpoch && memberEpoch < member.memberEpoch
  const missedAnswer = isPrevious && owned !== null
  if (missedAnswer && isSubset(assignmentOf(owned), member.assigned)) return
  refuse('FENCED_MEMBER_EPOCH', undefined, { memberEpoch })
}
