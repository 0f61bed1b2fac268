// Groups as administrators see them, over Kafka: all brokers are asked which they coordinate, and the
// coordinator of each for what is in it.

import { inParallel } from '../../../base/in-parallel.ts'
import { CONSUMER_GROUP_DESCRIBE } from '../../../protocol/kafka/gen/consumer-group-describe.ts'
import { DELETE_GROUPS } from '../../../protocol/kafka/gen/delete-groups.ts'
import { DESCRIBE_GROUPS } from '../../../protocol/kafka/gen/describe-groups.ts'
import { LIST_GROUPS } from '../../../protocol/kafka/gen/list-groups.ts'
import { SluiceError } from '../../errors.ts'
import type {
  CommittedOffset,
  GroupCalls,
  GroupDescription,
  GroupListing,
  GroupPartition,
} from '../../group-calls.ts'
import type { PartitionRef } from '../../transport.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import { throwErrorOf } from '../kafka-error.ts'
import { edgesOf, lookUpOffsets } from '../offset-lookup.ts'
import { only } from '../only.ts'
import type { AskCoordinator, Coordinators } from './coordinators.ts'
import { fromClassic, fromConsumer, stateOf, typeOf } from './group-description.ts'
import type { DescribedGroup } from './group-description.ts'
import { offsetCalls } from './offset-calls.ts'

/** Groups that are deleted side by side. */
const DELETES_AT_ONCE = 8

export function managingCalls(
  cluster: Cluster,
  coordinators: Coordinators,
): Pick<GroupCalls, 'listGroups' | 'describeGroup' | 'deleteGroups'> {
  return {
    async listGroups({ states, types }, timeoutMs) {
      const answers = await cluster.callAll(LIST_GROUPS, {}, timeoutMs)
      const groups = new Map<string, GroupListing>()
      for (const { errorCode, groups: listed } of answers) {
        throwErrorOf(errorCode, null)
        for (const { groupId, protocolType, groupState, groupType } of listed) {
          const [state, type] = [stateOf(groupState), typeOf(groupType)]
          groups.set(groupId, { groupId, type, protocolType, state })
        }
      }
      return [...groups.values()]
        .filter(
          ({ state }) => states === undefined || states.length === 0 || states.includes(state),
        )
        .filter(({ type }) => types === undefined || types.length === 0 || types.includes(type))
        .toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))
    },

    async describeGroup(groupId, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const group = await coordinators.at(groupId, deadline, async (ask, { nodeId }) => {
        return { ...(await describe(ask, groupId)), coordinator: nodeId }
      })
      const outside = { groupId, memberId: '', memberEpoch: -1, instanceId: null }
      const calls = offsetCalls(cluster, coordinators)
      const committed = await calls.fetchOffsets(outside, null, deadline.leftMs)
      return { ...group, partitions: await partitionsOf(cluster, group, committed, deadline) }
    },

    async deleteGroups(groupIds, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const outcomes = new Map<string, SluiceError | null>()
      await inParallel([...new Set(groupIds)], DELETES_AT_ONCE, async (groupId) => {
        const deleted = coordinators.at(groupId, deadline, async (ask) => {
          const { results } = await ask(DELETE_GROUPS, { groupsNames: [groupId] })
          throwErrorOf(only(results).errorCode, null, { group: groupId })
        })
        outcomes.set(groupId, await deleted.then(() => null, SluiceError.from))
      })
      return groupIds.map((groupId) => ({ groupId, error: outcomes.get(groupId) ?? null }))
    },
  }
}

/** A group of the newer protocol is asked for first; what is none is classic, or not there. */
async function describe(ask: AskCoordinator, groupId: string): Promise<DescribedGroup> {
  try {
    const request = { groupIds: [groupId], includeAuthorizedOperations: false }
    const group = only((await ask(CONSUMER_GROUP_DESCRIBE, request)).groups)
    throwErrorOf(group.errorCode, group.errorMessage, { group: groupId })
    return fromConsumer(group)
  } catch (error) {
    const { code } = SluiceError.from(error)
    if (code !== 'GROUP_ID_NOT_FOUND' && code !== 'UNSUPPORTED_VERSION') throw error
  }
  const group = only((await ask(DESCRIBE_GROUPS, { groups: [groupId] })).groups)
  throwErrorOf(group.errorCode, group.errorMessage, { group: groupId })
  // What is not there is told as dead.
  if (stateOf(group.groupState) === 'Dead') {
    throw new SluiceError('GROUP_ID_NOT_FOUND', { group: groupId })
  }
  return fromClassic(group)
}

/** What was committed and what is read, with the edges of each partition beside it. */
async function partitionsOf(
  cluster: Cluster,
  { members }: Pick<GroupDescription, 'members'>,
  committed: readonly CommittedOffset[],
  deadline: Deadline,
): Promise<readonly GroupPartition[]> {
  const readers = new Map<string, string>()
  const refs = new Map<string, PartitionRef>()
  for (const { memberId, assignment } of members) {
    for (const ref of assignment) {
      readers.set(nameOf(ref), memberId)
      refs.set(nameOf(ref), ref)
    }
  }
  const offsets = new Map(committed.map((each) => [nameOf(each), each]))
  for (const each of committed) refs.set(nameOf(each), each)
  const ordered = [...refs.values()].toSorted(byName)
  const edges = await lookUpOffsets(cluster, ordered.flatMap(edgesOf), deadline)
  return ordered.map(({ topic, partition }, index) => {
    const name = nameOf({ topic, partition })
    const { offset: committedOffset = -1, metadata = '' } = offsets.get(name) ?? {}
    const logStartOffset = edges[index * 2]!.offset
    const highWatermark = edges[index * 2 + 1]!.offset
    // A topic that was cut or made anew may end before what was committed.
    const known = committedOffset >= 0 && highWatermark >= 0
    const lag = known ? Math.max(0, highWatermark - committedOffset) : -1
    const memberId = readers.get(name) ?? null
    const ends = { logStartOffset, highWatermark, lag }
    return { topic, partition, committedOffset, metadata, ...ends, memberId }
  })
}

function nameOf({ topic, partition }: PartitionRef): string {
  return `${topic}-${partition}`
}

function byName(a: PartitionRef, b: PartitionRef): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
}
