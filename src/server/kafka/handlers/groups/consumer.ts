// The newer group protocol (KIP-848) over the Kafka wire: ConsumerGroupHeartbeat, by which a member
// does everything, and ConsumerGroupDescribe.

import { BrokerError } from '../../../../base/errors.ts'
import type { GroupService } from '../../../../broker/group-service.ts'
import type {
  AssignedPartition,
  DescribedConsumerGroup,
} from '../../../../coordination/group/consumer/describe.ts'
import {
  CONSUMER_GROUP_DESCRIBE,
  type AssignmentInit,
  type DescribedGroupInit,
} from '../../../../protocol/kafka/gen/consumer-group-describe.ts'
import {
  CONSUMER_GROUP_HEARTBEAT,
  type ConsumerGroupHeartbeatResponseInit,
} from '../../../../protocol/kafka/gen/consumer-group-heartbeat.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { distinct, errorFields, firstError } from '../error-fields.ts'
import { authorizedOperations, byTopic, memberClient } from './wire.ts'

/** The client makes its member id; in version 0 the broker does. */
const OWN_MEMBER_ID_FROM = 1
const MEMBER_TYPES_FROM = 1

export function consumerHandlers(groups: GroupService): readonly KafkaHandler[] {
  return [consumerGroupHeartbeat(groups), consumerGroupDescribe(groups)]
}

function consumerGroupHeartbeat(groups: GroupService): KafkaHandler {
  return handlerOf(CONSUMER_GROUP_HEARTBEAT, {
    async handle(request, context): Promise<ConsumerGroupHeartbeatResponseInit> {
      const { version, caller } = context
      const { groupId, memberId, memberEpoch, instanceId, rackId } = request
      if (version >= OWN_MEMBER_ID_FROM && memberId === '') {
        const message = 'A client makes its own member id from version 1 on'
        throw new BrokerError('INVALID_REQUEST', { message })
      }
      const { rebalanceTimeoutMs, serverAssignor, subscribedTopicNames, subscribedTopicRegex } =
        request
      const answer = await groups.consumerHeartbeat(caller, {
        ...{ groupId, memberId, memberEpoch, instanceId, rackId, rebalanceTimeoutMs },
        ...{ serverAssignor, topicNames: subscribedTopicNames, topicRegex: subscribedTopicRegex },
        owned: request.topicPartitions,
        ...memberClient(context),
      })
      return {
        ...{ throttleTimeMs: 0, errorCode: 0, errorMessage: null },
        memberId: answer.memberId,
        memberEpoch: answer.memberEpoch,
        heartbeatIntervalMs: answer.heartbeatIntervalMs,
        assignment: answer.assignment === null ? null : { topicPartitions: answer.assignment },
      }
    },
    refuse: (_request, error) => {
      return { throttleTimeMs: 0, ...errorFields(error), memberEpoch: 0, heartbeatIntervalMs: 0 }
    },
  })
}

function consumerGroupDescribe(groups: GroupService): KafkaHandler {
  return handlerOf(CONSUMER_GROUP_DESCRIBE, {
    async handle({ groupIds, includeAuthorizedOperations }, { version, caller }) {
      const operations = authorizedOperations(includeAuthorizedOperations)
      const described = await Promise.all(
        distinct(groupIds, (groupId) => groupId).map(async (groupId) => {
          try {
            return groupOf(await groups.describeConsumerGroup(caller, groupId), operations, version)
          } catch (error) {
            return refusedGroup(groupId, BrokerError.from(error))
          }
        }),
      )
      return { throttleTimeMs: 0, groups: described }
    },
    refuse: ({ groupIds }, error) => {
      return { throttleTimeMs: 0, groups: groupIds.map((groupId) => refusedGroup(groupId, error)) }
    },
    outcome: (answer) => firstError(answer.groups),
    cuts: [{ asked: ['groupIds'], answered: ['groups'], key: (groupId: string) => groupId }],
  })
}

function groupOf(
  group: DescribedConsumerGroup,
  operations: number,
  version: number,
): DescribedGroupInit {
  return {
    ...{ errorCode: 0, errorMessage: null, groupId: group.groupId, groupState: group.state },
    groupEpoch: group.epoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: group.assignor,
    members: group.members.map((member) => {
      const { memberId, instanceId, rackId, memberEpoch, clientId, clientHost } = member
      return {
        ...{ memberId, instanceId, rackId, memberEpoch, clientId, clientHost },
        subscribedTopicNames: member.topicNames,
        subscribedTopicRegex: member.topicRegex,
        assignment: assignmentOf(member.assigned),
        targetAssignment: assignmentOf(member.target),
        ...(version >= MEMBER_TYPES_FROM ? { memberType: member.isClassic ? 0 : 1 } : {}),
      }
    }),
    authorizedOperations: operations,
  }
}

function assignmentOf(partitions: readonly AssignedPartition[]): AssignmentInit {
  const topicPartitions = [...byTopic(partitions)].map(([topicName, rows]) => {
    const { topicId } = rows[0]!
    return { topicId, topicName, partitions: rows.map(({ partition }) => partition) }
  })
  return { topicPartitions }
}

function refusedGroup(groupId: string, error: BrokerError): DescribedGroupInit {
  const nothing = { groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '' }
  return { ...errorFields(error), groupId, ...nothing, members: [] }
}
