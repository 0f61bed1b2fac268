// gRPC front of consumer groups: membership, committed offsets, administration. Sessions stand in
// group-session.ts.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { BrokerError } from '../../../base/errors.ts'
import type { Caller } from '../../../broker/caller.ts'
import type { ClusterService } from '../../../broker/cluster-service.ts'
import type { GroupService } from '../../../broker/group-service.ts'
import { checkSubscription } from '../../../broker/group-session/group-sessions.ts'
import type { ListedGroup } from '../../../coordination/group/group-messages.ts'
import type {
  FetchedOffset,
  PartitionResult,
} from '../../../coordination/group/offsets/messages.ts'
import * as pb from '../../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { GROUP_SERVICE } from '../../../protocol/grpc/services.ts'
import type { CallHost } from '../calls.ts'
import { errorMessage } from '../error-message.ts'
import { describedGroup } from './group-descriptions.ts'
import {
  assignmentMessage,
  GROUP_STATES,
  GROUP_TYPES,
  parseAssignment,
  parseOffset,
  parseSubscription,
} from './group-values.ts'
import { parseReset, resetMessage } from './group-resets.ts'

/** Given up in this time, where the client names none, as Kafka's clients would. */
const REBALANCE_TIMEOUT_MS = 300_000

const DEFAULT_PAGE_SIZE = 1_000
const MAX_PAGE_SIZE = 10_000

export function addGroups(calls: CallHost, groups: GroupService, cluster: ClusterService): void {
  addMembership(calls, groups)
  addOffsets(calls, groups)
  addAdministration(calls, groups, cluster)
}

function addMembership(calls: CallHost, groups: GroupService): void {
  calls.unary(GROUP_SERVICE.join, async (request, { caller }) => {
    const { topics: topicNames, topicRegex } = parseSubscription(request.subscription)
    checkSubscription({ topics: topicNames, topicRegex })
    const answer = await groups.consumerHeartbeat(caller, {
      ...memberOf(request, caller),
      memberEpoch: 0,
      rackId: request.rackId || null,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs || REBALANCE_TIMEOUT_MS,
      ...{ topicNames, topicRegex },
      serverAssignor: request.assignor || null,
      owned: [],
    })
    const { memberId, memberEpoch, heartbeatIntervalMs, assignment } = answer
    return create(pb.JoinResponseSchema, {
      ...{ memberId, memberEpoch, heartbeatIntervalMs },
      assignment: assignmentMessage(groups.catalog, assignment ?? []),
    })
  })
  calls.unary(GROUP_SERVICE.heartbeat, async (request, { caller }) => {
    const subscription = request.subscription && parseSubscription(request.subscription)
    const owned = request.owned && parseAssignment(groups.catalog, request.owned)
    if (request.memberEpoch <= 0) {
      const message = 'A member that heartbeats has an epoch above 0; Join joins, Leave leaves'
      throw new BrokerError('INVALID_REQUEST', { message })
    }
    const answer = await groups.consumerHeartbeat(caller, {
      ...memberOf(request, caller),
      memberEpoch: request.memberEpoch,
      rackId: null,
      rebalanceTimeoutMs: -1,
      topicNames: subscription?.topics ?? null,
      topicRegex: subscription?.topicRegex ?? null,
      serverAssignor: null,
      owned: owned ?? null,
    })
    const { memberEpoch, heartbeatIntervalMs, assignment } = answer
    const news = assignment && { assignment: assignmentMessage(groups.catalog, assignment) }
    return create(pb.HeartbeatResponseSchema, { memberEpoch, heartbeatIntervalMs, ...news })
  })
  calls.unary(GROUP_SERVICE.leave, async (request, { caller }) => {
    await groups.consumerHeartbeat(caller, {
      ...memberOf(request, caller),
      memberEpoch: request.forAWhile ? -2 : -1,
      ...{ rackId: null, rebalanceTimeoutMs: -1, topicNames: null, topicRegex: null },
      ...{ serverAssignor: null, owned: null },
    })
    return create(pb.LeaveResponseSchema)
  })
}

type MemberFields = Pick<pb.LeaveRequest, 'groupId' | 'memberId' | 'instanceId'>

function memberOf({ groupId, memberId, instanceId }: MemberFields, caller: Caller) {
  const { clientId, host: clientHost } = caller
  return { groupId, memberId, instanceId: instanceId || null, clientId, clientHost }
}

function addOffsets(calls: CallHost, groups: GroupService): void {
  calls.unary(GROUP_SERVICE.commitOffsets, async (request, { caller }) => {
    const { groupId, memberId, memberEpoch, instanceId } = request
    const offsets = request.offsets.map(parseOffset)
    const generationOrEpoch = memberId === '' ? -1 : memberEpoch
    const member = { groupId, memberId, instanceId: instanceId || null, generationOrEpoch }
    const committed = await groups.commitOffsets(caller, { ...member, retentionMs: -1, offsets })
    const partitions = committed.partitions.map(({ topic, partition, error }, index) => {
      const offset = error === null ? BigInt(offsets[index]!.offset) : -1n
      return { topic, partition, offset, ...refusalOf(error) }
    })
    return create(pb.CommitOffsetsResponseSchema, { partitions })
  })
  calls.unary(GROUP_SERVICE.fetchOffsets, async (request, { caller }) => {
    const { groupId, memberId, memberEpoch, partitions, requireStable } = request
    const fetched = await groups.fetchOffsets(caller, {
      ...{ groupId, requireStable, partitions: partitions.length > 0 ? partitions : null },
      memberId: memberId || null,
      memberEpoch: memberId === '' ? -1 : memberEpoch,
    })
    return create(pb.FetchOffsetsResponseSchema, {
      partitions: fetched.partitions.map(committedMessage),
    })
  })
  calls.unary(GROUP_SERVICE.deleteOffsets, async ({ groupId, partitions }, { caller }) => {
    const deleted = await groups.deleteOffsets(caller, { groupId, partitions })
    return create(pb.DeleteOffsetsResponseSchema, {
      partitions: deleted.partitions.map(({ topic, partition, error }) => {
        return { topic, partition, ...refusalOf(error) }
      }),
    })
  })
  calls.unary(GROUP_SERVICE.resetOffsets, async (request, { caller }) => {
    const reset = await groups.resetOffsets(caller, parseReset(request))
    return create(pb.ResetOffsetsResponseSchema, { partitions: reset.map(resetMessage) })
  })
}

function refusalOf(error: PartitionResult['error']): ReturnType<typeof errorMessage> {
  return errorMessage(error === null ? null : new BrokerError(error))
}

function committedMessage({
  topic,
  partition,
  committed,
  error,
}: FetchedOffset): MessageInitShape<typeof pb.CommittedOffsetSchema> {
  return {
    ...{ topic, partition, ...refusalOf(error) },
    offset: BigInt(committed?.offset ?? -1),
    metadata: committed?.metadata ?? '',
    leaderEpoch: committed?.leaderEpoch ?? -1,
    commitTimestampMs: BigInt(committed?.commitTimestampMs ?? -1),
  }
}

function addAdministration(calls: CallHost, groups: GroupService, cluster: ClusterService): void {
  calls.unary(GROUP_SERVICE.listGroups, async (request, { caller }) => {
    const { states, types, pageToken } = request
    const pageSize = Math.min(request.pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    const wanted = (await groups.listGroups(caller))
      .filter(({ groupId }) => groupId > pageToken)
      .filter(({ state }) => states.length === 0 || states.includes(GROUP_STATES[state]))
      .filter(({ type }) => types.length === 0 || types.includes(GROUP_TYPES[type]))
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
    const page = wanted.slice(0, pageSize)
    const nextPageToken = wanted.length > pageSize ? page.at(-1)!.groupId : ''
    return create(pb.ListGroupsResponseSchema, { groups: page.map(listingMessage), nextPageToken })
  })
  calls.unary(GROUP_SERVICE.describeGroup, async ({ groupId }, { caller }) => {
    const { controllerId } = cluster.describe(caller)
    return await describedGroup(groups, caller, groupId, controllerId)
  })
  calls.unary(GROUP_SERVICE.deleteGroup, async ({ groupId }, { caller }) => {
    await groups.deleteGroup(caller, groupId)
    return create(pb.DeleteGroupResponseSchema)
  })
}

function listingMessage({
  groupId,
  type,
  state,
  protocolType,
}: ListedGroup): MessageInitShape<typeof pb.GroupListingSchema> {
  return { groupId, protocolType, type: GROUP_TYPES[type], state: GROUP_STATES[state] }
}
