// SyncGroup: the leader hands out the assignment, the others pick theirs up.
// Source: apache/kafka, GroupMetadataManager.classicGroupSync; KIP-559.

import { BrokerError } from '../../../base/errors.ts'
import { refuse, timerKeys } from '../env.ts'
import type { Env } from '../env.ts'
import type { Call } from '../../runtime/step.ts'
import { NO_ASSIGNMENT } from './classic-group.ts'
import type { ClassicGroup, ClassicMember } from './classic-group.ts'
import { validateMember } from './membership.ts'
import type { SyncRequest, SyncResponse } from './messages.ts'
import { emitGroup, prepareRebalance, restartSession } from './rebalance.ts'

/** What a record holds of a member beside its texts and bytes, at most. */
const MEMBER_OVERHEAD_BYTES = 64

/**
 * Answers a member with its assignment, once the leader has given one.
 *
 * @throws BrokerError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION,
 *   INCONSISTENT_GROUP_PROTOCOL, REBALANCE_IN_PROGRESS
 */
export function sync(
  env: Env,
  group: ClassicGroup,
  request: SyncRequest,
  call: Call<SyncResponse>,
): void {
  const member = validateMember(group, request.memberId, request.instanceId)
  if (request.generation !== group.generation) refuse('ILLEGAL_GENERATION')
  checkProtocol(group, request)
  switch (group.state) {
    case 'Empty':
      return refuse('UNKNOWN_MEMBER_ID')
    case 'PreparingRebalance':
      return refuse('REBALANCE_IN_PROGRESS')
    case 'CompletingRebalance':
      if (member.syncing !== null) {
        env.step.answer(member.syncing, new BrokerError('REBALANCE_IN_PROGRESS'))
      }
      member.syncing = call
      markSynced(env, group, member)
      if (group.leader === member.memberId) assign(env, group, request)
      return
    case 'Stable':
      markSynced(env, group, member)
      env.step.answer(call, syncAnswer(group, member))
      restartSession(env, group, member)
  }
}

function checkProtocol(group: ClassicGroup, { protocolType, protocol }: SyncRequest): void {
  const sameType = protocolType === null || protocolType === group.protocolType
  const sameProtocol = protocol === null || protocol === group.protocol
  if (!sameType || !sameProtocol) refuse('INCONSISTENT_GROUP_PROTOCOL')
}

function markSynced(env: Env, group: ClassicGroup, member: ClassicMember): void {
  group.unsyncedIds.delete(member.memberId)
  if (group.unsyncedIds.size === 0) env.timers.cancel(timerKeys.sync(group.groupId))
}

/** Takes the leader's word over: from here on the generation is on record. */
function assign(env: Env, group: ClassicGroup, { assignments }: SyncRequest): void {
  const given = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
  for (const member of group.members.values()) {
    member.assignment = given.get(member.memberId) ?? NO_ASSIGNMENT
  }
  if (recordBytes(group) > env.options.maxRecordBytes) {
    for (const member of group.members.values()) {
      if (member.syncing === null) continue
      const message = 'The members and assignments of the group do not fit into a record'
      env.step.answer(member.syncing, new BrokerError('UNKNOWN_SERVER_ERROR', { message }))
      member.syncing = null
      restartSession(env, group, member)
    }
    prepareRebalance(env, group)
    return
  }
  group.transitionTo('Stable', env.now.wallMs)
  emitGroup(env, group)
  for (const member of group.members.values()) {
    if (member.syncing === null) continue
    env.step.answer(member.syncing, syncAnswer(group, member))
    member.syncing = null
    restartSession(env, group, member)
  }
}

function syncAnswer(group: ClassicGroup, member: ClassicMember): SyncResponse {
  const { protocolType, protocol } = group
  return { protocolType, protocol: protocol ?? '', assignment: member.assignment }
}

function recordBytes(group: ClassicGroup): number {
  let size = MEMBER_OVERHEAD_BYTES
  for (const member of group.members.values()) {
    const { memberId, instanceId, clientId, clientHost, assignment } = member
    for (const text of [memberId, instanceId ?? '', clientId, clientHost]) {
      size += Buffer.byteLength(text)
    }
    size += group.metadataOf(member).byteLength + assignment.byteLength + MEMBER_OVERHEAD_BYTES
  }
  return size
}
