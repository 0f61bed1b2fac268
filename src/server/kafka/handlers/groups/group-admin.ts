// Administration of groups over the Kafka wire: DescribeGroups (of the classic protocol), ListGroups,
// DeleteGroups.

import { BrokerError } from '../../../../base/errors.ts'
import type { GroupService } from '../../../../broker/group-service.ts'
import type { DescribedClassicGroup } from '../../../../coordination/group/group-messages.ts'
import { DELETE_GROUPS } from '../../../../protocol/kafka/gen/delete-groups.ts'
import {
  DESCRIBE_GROUPS,
  type DescribedGroupInit,
} from '../../../../protocol/kafka/gen/describe-groups.ts'
import { LIST_GROUPS } from '../../../../protocol/kafka/gen/list-groups.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../../handler.ts'
import { checkCount, distinct, firstError, refusalOfLater } from '../error-fields.ts'
import { authorizedOperations, buffer, errorId } from './wire.ts'

const OPERATIONS_FROM = 3
const STATIC_MEMBERS_FROM = 4
const STATES_FROM = 4
const TYPES_FROM = 5

/** Most states and types of one request: there are eight. */
const MAX_FILTERS = 1_000

export function groupAdminHandlers(groups: GroupService): readonly KafkaHandler[] {
  return [describeGroups(groups), listGroups(groups), deleteGroups(groups)]
}

function describeGroups(groups: GroupService): KafkaHandler {
  return handlerOf(DESCRIBE_GROUPS, {
    async handle({ groups: ids, includeAuthorizedOperations }, { version, caller }) {
      const operations = authorizedOperations(includeAuthorizedOperations)
      const withOperations = version >= OPERATIONS_FROM ? { authorizedOperations: operations } : {}
      const described = await Promise.all(
        distinct(ids, (groupId) => groupId).map(async (groupId): Promise<DescribedGroupInit> => {
          try {
            const group = await groups.describeClassicGroup(caller, groupId)
            return { ...groupOf(group, version), ...withOperations }
          } catch (error) {
            return missingGroup(groupId, BrokerError.from(error))
          }
        }),
      )
      return { groups: described }
    },
    refuse: ({ groups: ids }, error) => ({ groups: ids.map((id) => missingGroup(id, error)) }),
    outcome: (answer) => firstError(answer.groups),
    cuts: [{ asked: ['groups'], answered: ['groups'], key: (groupId: string) => groupId }],
  })
}

function groupOf(group: DescribedClassicGroup, version: number): DescribedGroupInit {
  return {
    errorCode: 0,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: group.protocol,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: version >= STATIC_MEMBERS_FROM ? member.instanceId : null,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: buffer(member.metadata),
      memberAssignment: buffer(member.assignment),
    })),
  }
}

/** Up to version 5 a group that is not there is described as dead. */
function missingGroup(groupId: string, error: BrokerError): DescribedGroupInit {
  const isMissing = error.code === 'GROUP_ID_NOT_FOUND'
  return {
    errorCode: isMissing ? 0 : errorId(error),
    groupId,
    groupState: isMissing ? 'Dead' : '',
    ...{ protocolType: '', protocolData: '', members: [] },
  }
}

function listGroups(groups: GroupService): KafkaHandler {
  return handlerOf(LIST_GROUPS, {
    async handle({ statesFilter, typesFilter }, context) {
      checkCount(statesFilter.length + typesFilter.length, MAX_FILTERS, 'states and types')
      const isWanted = filterOf(statesFilter)
      const isOfType = filterOf(typesFilter)
      const listed = await groups.listGroups(context.caller)
      return {
        errorCode: 0,
        groups: listed
          .filter(({ state, type }) => isWanted(state) && isOfType(type))
          .map(({ groupId, protocolType, state, type }) => {
            return { groupId, protocolType, ...extraFields(context, state, type) }
          }),
      }
    },
    refuse: (_request, error) => ({ errorCode: errorId(error), groups: [] }),
  })
}

function extraFields({ version }: KafkaContext, groupState: string, groupType: string): object {
  if (version >= TYPES_FROM) return { groupState, groupType }
  return version >= STATES_FROM ? { groupState } : {}
}

/** Names are compared as Kafka's tools write them, in whatever case. None at all: everything. */
function filterOf(names: readonly string[]): (name: string) => boolean {
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  return (name) => wanted.size === 0 || wanted.has(name.toLowerCase())
}

function deleteGroups(groups: GroupService): KafkaHandler {
  return handlerOf(DELETE_GROUPS, {
    async handle({ groupsNames }, { caller }) {
      const results = await Promise.all(
        groupsNames.map(async (groupId) => {
          const error = await refusalOfLater(() => groups.deleteGroup(caller, groupId))
          return { groupId, errorCode: errorId(error) }
        }),
      )
      return { throttleTimeMs: 0, results }
    },
    refuse: ({ groupsNames }, error) => {
      const errorCode = errorId(error)
      return { throttleTimeMs: 0, results: groupsNames.map((groupId) => ({ groupId, errorCode })) }
    },
    outcome: (answer) => firstError(answer.results),
    cuts: [{ asked: ['groupsNames'], answered: ['results'] }],
  })
}
