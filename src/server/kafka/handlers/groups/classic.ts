// The classic group protocol over the Kafka wire: JoinGroup, SyncGroup, Heartbeat, LeaveGroup. What
// members say to each other through the broker is bytes to it, whatever the protocol type.

import { BrokerError } from '../../../../base/errors.ts'
import type { GroupService } from '../../../../broker/group-service.ts'
import type { JoinResponse } from '../../../../coordination/group/classic/messages.ts'
import { HEARTBEAT } from '../../../../protocol/kafka/gen/heartbeat.ts'
import {
  JOIN_GROUP,
  type JoinGroupRequest,
  type JoinGroupResponseInit,
} from '../../../../protocol/kafka/gen/join-group.ts'
import {
  LEAVE_GROUP,
  type LeaveGroupRequest,
  type LeaveGroupResponseInit,
} from '../../../../protocol/kafka/gen/leave-group.ts'
import {
  SYNC_GROUP,
  type SyncGroupResponseInit,
} from '../../../../protocol/kafka/gen/sync-group.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../../handler.ts'
import { firstError } from '../error-fields.ts'
import { buffer, errorId, memberClient } from './wire.ts'

/** The broker gives a member its id, and has it join again with that. */
const MEMBER_ID_REQUIRED_FROM = 4
/** Protocol types may be null in answers, and are named in SyncGroup. */
const NULLABLE_PROTOCOL_FROM = 7
const NAMED_PROTOCOL_FROM = 5
const SKIP_ASSIGNMENT_FROM = 9
/** Many members leave in one request. */
const MANY_LEAVE_FROM = 3

const NO_ASSIGNMENT = Buffer.alloc(0)

export function classicHandlers(groups: GroupService): readonly KafkaHandler[] {
  return [joinGroup(groups), syncGroup(groups), heartbeat(groups), leaveGroup(groups)]
}

function joinGroup(groups: GroupService): KafkaHandler {
  return handlerOf(JOIN_GROUP, {
    async handle(request, context): Promise<JoinGroupResponseInit> {
      const { version, caller } = context
      const { groupId, memberId, groupInstanceId: instanceId, protocolType } = request
      const { sessionTimeoutMs, rebalanceTimeoutMs, protocols } = request
      const answer = await groups.join(caller, {
        ...{ groupId, memberId, instanceId, protocolType, sessionTimeoutMs, protocols },
        ...memberClient(context),
        // Version 0 has one timeout for both.
        rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
        requireMemberId: version >= MEMBER_ID_REQUIRED_FROM && instanceId === null,
        canSkipAssignment: version >= SKIP_ASSIGNMENT_FROM,
      })
      return joinAnswer(answer, version)
    },
    refuse: (request, error, { version }) => refusedJoin(request, error, version),
  })
}

function joinAnswer(answer: JoinResponse, version: number): JoinGroupResponseInit {
  if (answer.outcome === 'member-id-required') {
    const { memberId } = answer
    return refusedJoin({ memberId }, new BrokerError('MEMBER_ID_REQUIRED'), version)
  }
  const { memberId, generation, protocolType, protocol, leader, skipAssignment } = answer
  return {
    errorCode: 0,
    generationId: generation,
    ...(version >= NULLABLE_PROTOCOL_FROM ? { protocolType } : {}),
    protocolName: protocol,
    ...(version >= SKIP_ASSIGNMENT_FROM ? { skipAssignment } : {}),
    leader,
    memberId,
    members: answer.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: version >= 5 ? member.instanceId : null,
      metadata: buffer(member.metadata),
    })),
  }
}

function refusedJoin(
  { memberId }: Pick<JoinGroupRequest, 'memberId'>,
  error: BrokerError,
  version: number,
): JoinGroupResponseInit {
  return {
    errorCode: errorId(error),
    generationId: -1,
    protocolName: version >= NULLABLE_PROTOCOL_FROM ? null : '',
    leader: '',
    memberId,
    members: [],
  }
}

function syncGroup(groups: GroupService): KafkaHandler {
  return handlerOf(SYNC_GROUP, {
    async handle(request, { version, caller }): Promise<SyncGroupResponseInit> {
      const { groupId, memberId, groupInstanceId: instanceId, generationId: generation } = request
      const { protocolType, protocolName: protocol, assignments } = request
      const isNamed = version >= NAMED_PROTOCOL_FROM
      if (isNamed && (protocolType === null || protocol === null)) {
        throw new BrokerError('INCONSISTENT_GROUP_PROTOCOL')
      }
      const member = { groupId, memberId, instanceId, generation }
      const synced = await groups.sync(caller, { ...member, protocolType, protocol, assignments })
      const names = { protocolType: synced.protocolType, protocolName: synced.protocol }
      return { errorCode: 0, ...(isNamed ? names : {}), assignment: buffer(synced.assignment) }
    },
    refuse: (_request, error) => ({ errorCode: errorId(error), assignment: NO_ASSIGNMENT }),
  })
}

function heartbeat(groups: GroupService): KafkaHandler {
  return handlerOf(HEARTBEAT, {
    async handle(request, { caller }) {
      const { groupId, memberId, groupInstanceId: instanceId, generationId: generation } = request
      await groups.heartbeat(caller, { groupId, memberId, instanceId, generation })
      return { errorCode: 0 }
    },
    refuse: (_request, error) => ({ errorCode: errorId(error) }),
  })
}

function leaveGroup(groups: GroupService): KafkaHandler {
  return handlerOf(LEAVE_GROUP, {
    async handle(request, { version, caller }): Promise<LeaveGroupResponseInit> {
      const members = leaving(request, version)
      const left = await groups.leave(caller, { groupId: request.groupId, members })
      if (version < MANY_LEAVE_FROM) return { errorCode: errorId(left.members[0]!.error) }
      return {
        errorCode: 0,
        members: left.members.map(({ memberId, instanceId, error }) => {
          return { memberId, groupInstanceId: instanceId, errorCode: errorId(error) }
        }),
      }
    },
    refuse: (_request, error): LeaveGroupResponseInit => ({ errorCode: errorId(error) }),
    outcome: ({ errorCode, members }) => errorCode || firstError(members ?? []),
    cuts: [{ asked: ['members'], answered: ['members'] }],
  })
}

function leaving(
  { memberId, members }: LeaveGroupRequest,
  version: KafkaContext['version'],
): { memberId: string; instanceId: string | null }[] {
  if (version < MANY_LEAVE_FROM) return [{ memberId, instanceId: null }]
  return members.map((member) => {
    return { memberId: member.memberId, instanceId: member.groupInstanceId }
  })
}
