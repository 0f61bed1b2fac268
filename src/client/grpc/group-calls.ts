// The calls of GroupService over gRPC: messages to plain values and back.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { inParallel } from '../../base/in-parallel.ts'
import {
  CommitOffsetsRequestSchema,
  DeleteGroupRequestSchema,
  DeleteOffsetsRequestSchema,
  DescribeGroupRequestSchema,
  FetchOffsetsRequestSchema,
  GroupAssignmentSchema,
  GroupState as WireGroupState,
  GroupSubscriptionSchema,
  GroupType as WireGroupType,
  HeartbeatRequestSchema,
  JoinRequestSchema,
  LeaveRequestSchema,
  ListGroupsRequestSchema,
} from '../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import type {
  GroupAssignment,
  GroupListing as WireGroupListing,
  GroupMember as WireGroupMember,
  GroupPartition as WireGroupPartition,
  GroupSubscription,
  OffsetToCommitSchema,
} from '../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { GROUP_SERVICE } from '../../protocol/grpc/services.ts'
import { SluiceError } from '../errors.ts'
import { MEMBER_EPOCH } from '../group-calls.ts'
import type {
  GroupCalls,
  GroupHeartbeat,
  GroupHeartbeatAnswer,
  GroupListing,
  GroupMember,
  GroupPartition,
  GroupState,
  GroupType,
  OffsetToCommit,
} from '../group-calls.ts'
import type { PartitionRef } from '../transport.ts'
import type { Connection } from './connection.ts'
import { errorOf } from './wire-error.ts'

/** Largest page that brokers give. */
const PAGE_SIZE = 10_000

/** Groups that are deleted side by side. */
const DELETES_AT_ONCE = 8

export function groupCalls(connection: Connection): GroupCalls {
  return {
    heartbeatGroup: async (heartbeat, timeoutMs) => {
      const { memberEpoch } = heartbeat
      if (memberEpoch === MEMBER_EPOCH.join) return await join(connection, heartbeat, timeoutMs)
      if (memberEpoch < 0) return await leave(connection, heartbeat, timeoutMs)
      return await beat(connection, heartbeat, timeoutMs)
    },
    ...offsetCalls(connection),
    ...managingCalls(connection),
  }
}

async function join(
  connection: Connection,
  heartbeat: GroupHeartbeat,
  timeoutMs: number,
): Promise<GroupHeartbeatAnswer> {
  const request = create(JoinRequestSchema, {
    groupId: heartbeat.groupId,
    memberId: heartbeat.memberId,
    instanceId: heartbeat.instanceId ?? '',
    rackId: heartbeat.rackId ?? '',
    assignor: heartbeat.serverAssignor ?? '',
    rebalanceTimeoutMs: heartbeat.rebalanceTimeoutMs ?? 0,
    subscription: subscriptionOf(heartbeat)!,
  })
  const answer = await connection.call(GROUP_SERVICE.join, request, timeoutMs)
  const { memberEpoch, heartbeatIntervalMs, assignment } = answer
  return { memberEpoch, heartbeatIntervalMs, assignment: partitionsOf(assignment) }
}

async function beat(
  connection: Connection,
  heartbeat: GroupHeartbeat,
  timeoutMs: number,
): Promise<GroupHeartbeatAnswer> {
  const { groupId, memberId, memberEpoch, instanceId, ownedPartitions } = heartbeat
  const subscription = subscriptionOf(heartbeat)
  const request = create(HeartbeatRequestSchema, {
    groupId,
    memberId,
    memberEpoch,
    instanceId: instanceId ?? '',
    ...(subscription === null ? {} : { subscription }),
    ...(ownedPartitions === null ? {} : { owned: assignmentOf(ownedPartitions) }),
  })
  const answer = await connection.call(GROUP_SERVICE.heartbeat, request, timeoutMs)
  const { assignment } = answer
  return {
    memberEpoch: answer.memberEpoch,
    heartbeatIntervalMs: answer.heartbeatIntervalMs,
    assignment: assignment === undefined ? null : partitionsOf(assignment),
  }
}

async function leave(
  connection: Connection,
  { groupId, memberId, memberEpoch, instanceId }: GroupHeartbeat,
  timeoutMs: number,
): Promise<GroupHeartbeatAnswer> {
  const forAWhile = memberEpoch === MEMBER_EPOCH.leaveForNow
  const fields = { groupId, memberId, instanceId: instanceId ?? '', forAWhile }
  await connection.call(GROUP_SERVICE.leave, create(LeaveRequestSchema, fields), timeoutMs)
  return { memberEpoch, heartbeatIntervalMs: 0, assignment: null }
}

/** Offsets as they stand in a request. */
export function toCommit(
  offsets: readonly OffsetToCommit[],
): MessageInitShape<typeof OffsetToCommitSchema>[] {
  return offsets.map(({ topic, partition, offset, leaderEpoch = -1, metadata = '' }) => ({
    topic,
    partition,
    offset: BigInt(offset),
    metadata,
    ...(leaderEpoch < 0 ? {} : { leaderEpoch }),
  }))
}

function offsetCalls(
  connection: Connection,
): Pick<GroupCalls, 'commitOffsets' | 'fetchOffsets' | 'deleteOffsets'> {
  return {
    async commitOffsets(caller, offsets, timeoutMs) {
      const request = create(CommitOffsetsRequestSchema, {
        groupId: caller.groupId,
        memberId: caller.memberId,
        memberEpoch: caller.memberEpoch,
        instanceId: caller.instanceId ?? '',
        offsets: toCommit(offsets),
      })
      const answer = await connection.call(GROUP_SERVICE.commitOffsets, request, timeoutMs)
      return answer.partitions.map(({ topic, partition, error }) => {
        return { topic, partition, error: errorOf(error) }
      })
    },

    async fetchOffsets({ groupId, memberId, memberEpoch }, partitions, timeoutMs) {
      // Without partitions the answer has all of them.
      if (partitions?.length === 0) return []
      const request = create(FetchOffsetsRequestSchema, {
        groupId,
        memberId,
        memberEpoch,
        partitions: [...(partitions ?? [])],
        // Who reads on from there waits for transactions that may still commit offsets.
        requireStable: partitions !== null,
      })
      const answer = await connection.call(GROUP_SERVICE.fetchOffsets, request, timeoutMs)
      return answer.partitions.map(({ topic, partition, offset, leaderEpoch, metadata, error }) => {
        const plain = { topic, partition, offset: Number(offset), leaderEpoch, metadata }
        return { ...plain, error: errorOf(error) }
      })
    },

    async deleteOffsets(groupId, partitions, timeoutMs) {
      const request = create(DeleteOffsetsRequestSchema, { groupId, partitions: [...partitions] })
      const answer = await connection.call(GROUP_SERVICE.deleteOffsets, request, timeoutMs)
      return answer.partitions.map(({ topic, partition, error }) => {
        return { topic, partition, error: errorOf(error) }
      })
    },
  }
}

function managingCalls(
  connection: Connection,
): Pick<GroupCalls, 'listGroups' | 'describeGroup' | 'deleteGroups'> {
  return {
    async listGroups({ states = [], types = [] }, timeoutMs) {
      const groups: GroupListing[] = []
      const wireStates = states.flatMap((state) => WIRE_STATES.get(state) ?? [])
      const wireTypes = types.flatMap((type) => WIRE_TYPES.get(type) ?? [])
      // None left of those that were given is not the same as none given.
      if (wireStates.length === 0 && states.length > 0) return groups
      if (wireTypes.length === 0 && types.length > 0) return groups
      let pageToken = ''
      do {
        const request = create(ListGroupsRequestSchema, {
          pageSize: PAGE_SIZE,
          pageToken,
          states: wireStates,
          types: wireTypes,
        })
        const answer = await connection.call(GROUP_SERVICE.listGroups, request, timeoutMs)
        groups.push(...answer.groups.map(listingOf))
        pageToken = answer.nextPageToken
      } while (pageToken !== '')
      return groups
    },

    async describeGroup(groupId, timeoutMs) {
      const request = create(DescribeGroupRequestSchema, { groupId })
      const answer = await connection.call(GROUP_SERVICE.describeGroup, request, timeoutMs)
      const { assignor, groupEpoch, coordinatorId } = answer
      return {
        ...listingOf(answer.group!),
        coordinator: coordinatorId,
        assignor,
        groupEpoch,
        members: answer.members.map(memberOf),
        partitions: answer.partitions.map(partitionOf),
      }
    },

    async deleteGroups(groupIds, timeoutMs) {
      const outcomes = new Map<string, SluiceError | null>()
      await inParallel([...new Set(groupIds)], DELETES_AT_ONCE, async (groupId) => {
        const request = create(DeleteGroupRequestSchema, { groupId })
        const deleted = connection.call(GROUP_SERVICE.deleteGroup, request, timeoutMs)
        const error = await deleted.then(() => null, SluiceError.from)
        outcomes.set(groupId, error)
      })
      return groupIds.map((groupId) => ({ groupId, error: outcomes.get(groupId) ?? null }))
    },
  }
}

function listingOf({ groupId, type, state, protocolType }: WireGroupListing): GroupListing {
  return {
    groupId,
    type: TYPES.get(type) ?? 'unknown',
    protocolType,
    state: STATES.get(state) ?? 'Unknown',
  }
}

function memberOf(wire: WireGroupMember): GroupMember {
  const { memberId, instanceId, clientId, clientHost, memberEpoch, subscription } = wire
  return {
    memberId,
    instanceId: instanceId === '' ? null : instanceId,
    clientId,
    clientHost,
    memberEpoch,
    subscribedTopics: subscription?.topics ?? [],
    subscribedPattern: subscription?.topicRegex || null,
    assignment: partitionsOf(wire.assignment),
    targetAssignment: partitionsOf(wire.target),
  }
}

function partitionOf(wire: WireGroupPartition): GroupPartition {
  const { topic, partition, memberId, metadata } = wire
  return {
    topic,
    partition,
    committedOffset: Number(wire.committedOffset),
    metadata,
    logStartOffset: Number(wire.logStartOffset),
    highWatermark: Number(wire.highWatermark),
    lag: Number(wire.lag),
    memberId: memberId === '' ? null : memberId,
  }
}

function subscriptionOf(heartbeat: GroupHeartbeat): GroupSubscription | null {
  const { subscribedTopics: topics, subscribedPattern: topicRegex } = heartbeat
  if (topics === null && topicRegex === null) return null
  return create(GroupSubscriptionSchema, {
    topics: [...(topics ?? [])],
    topicRegex: topicRegex ?? '',
  })
}

function assignmentOf(partitions: readonly PartitionRef[]): GroupAssignment {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
  const topics = [...byTopic].map(([topic, refs]) => {
    return { topic, partitions: refs.map(({ partition }) => partition) }
  })
  return create(GroupAssignmentSchema, { topics })
}

function partitionsOf(assignment: GroupAssignment | undefined): readonly PartitionRef[] {
  return (assignment?.topics ?? []).flatMap(({ topic, partitions }) => {
    return partitions.map((partition) => ({ topic, partition }))
  })
}

const STATES: ReadonlyMap<WireGroupState, GroupState> = new Map([
  [WireGroupState.EMPTY, 'Empty'],
  [WireGroupState.PREPARING_REBALANCE, 'PreparingRebalance'],
  [WireGroupState.COMPLETING_REBALANCE, 'CompletingRebalance'],
  [WireGroupState.STABLE, 'Stable'],
  [WireGroupState.ASSIGNING, 'Assigning'],
  [WireGroupState.RECONCILING, 'Reconciling'],
])

const TYPES: ReadonlyMap<WireGroupType, GroupType> = new Map([
  [WireGroupType.CLASSIC, 'classic'],
  [WireGroupType.CONSUMER, 'consumer'],
])

const WIRE_STATES = new Map([...STATES].map(([wire, state]) => [state, wire]))
const WIRE_TYPES = new Map([...TYPES].map(([wire, type]) => [type, wire]))
