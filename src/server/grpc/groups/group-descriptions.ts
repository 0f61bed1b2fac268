// A group as administrators see it, on the wire: members, who has what, and how far it lags behind.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { BrokerError } from '../../../base/errors.ts'
import type { Caller } from '../../../broker/caller.ts'
import type { GroupService } from '../../../broker/group-service.ts'
import type { MemberDescription } from '../../../broker/groups/group-description.ts'
import type { PartitionLag } from '../../../broker/groups/group-lag.ts'
import type { DescribedConsumerGroup } from '../../../coordination/group/consumer/describe.ts'
import * as pb from '../../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { GROUP_STATES, GROUP_TYPES, namedAssignmentMessage } from './group-values.ts'

/** @throws BrokerError GROUP_ID_NOT_FOUND, and as GroupService */
export async function describedGroup(
  groups: GroupService,
  caller: Caller,
  groupId: string,
  coordinatorId: number,
): Promise<pb.DescribeGroupResponse> {
  const group = await groups.lag(caller, groupId)
  const details = group.type === 'consumer' ? await detailsOf(groups, caller, groupId) : null
  const { type, state, protocolType, assignor, epoch: groupEpoch, members, partitions } = group
  return create(pb.DescribeGroupResponseSchema, {
    group: { groupId, type: GROUP_TYPES[type], state: GROUP_STATES[state], protocolType },
    ...{ assignor, groupEpoch, coordinatorId },
    assignmentEpoch: details?.targetEpoch ?? -1,
    members: members
      .map((member) => memberMessage(groups, member, details))
      .sort((a, b) => (a.memberId! < b.memberId! ? -1 : 1)),
    partitions: partitions.map(partitionMessage),
  })
}

/** What groups of the newer protocol have beside. Null when the group has gone meanwhile. */
async function detailsOf(
  groups: GroupService,
  caller: Caller,
  groupId: string,
): Promise<DescribedConsumerGroup | null> {
  try {
    return await groups.describeConsumerGroup(caller, groupId)
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'GROUP_ID_NOT_FOUND') return null
    throw error
  }
}

function memberMessage(
  { catalog }: GroupService,
  { memberId, instanceId, clientId, clientHost, assigned }: MemberDescription,
  details: DescribedConsumerGroup | null,
): MessageInitShape<typeof pb.GroupMemberSchema> {
  const more = details?.members.find((member) => member.memberId === memberId)
  return {
    ...{ memberId, clientId, clientHost, instanceId: instanceId ?? '' },
    rackId: more?.rackId ?? '',
    memberEpoch: more?.memberEpoch ?? -1,
    subscription: { topics: [...(more?.topicNames ?? [])], topicRegex: more?.topicRegex ?? '' },
    assignment: namedAssignmentMessage(catalog, assigned ?? []),
    target: namedAssignmentMessage(catalog, more?.target ?? assigned ?? []),
  }
}

function partitionMessage({
  topic,
  partition,
  committedOffset,
  metadata,
  logStartOffset,
  highWatermark,
  lag,
  member,
}: PartitionLag): MessageInitShape<typeof pb.GroupPartitionSchema> {
  return {
    ...{ topic, partition, metadata, memberId: member?.memberId ?? '' },
    committedOffset: BigInt(committedOffset ?? -1),
    logStartOffset: BigInt(logStartOffset),
    highWatermark: BigInt(highWatermark),
    lag: BigInt(lag ?? -1),
  }
}
