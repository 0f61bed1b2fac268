// Offsets that a group has committed, over Kafka.

import { OFFSET_COMMIT } from '../../../protocol/kafka/gen/offset-commit.ts'
import type { OffsetCommitRequestInit } from '../../../protocol/kafka/gen/offset-commit.ts'
import { OFFSET_DELETE } from '../../../protocol/kafka/gen/offset-delete.ts'
import { OFFSET_FETCH } from '../../../protocol/kafka/gen/offset-fetch.ts'
import type {
  OffsetFetchRequestInit,
  OffsetFetchResponse,
} from '../../../protocol/kafka/gen/offset-fetch.ts'
import type { CommittedOffset, GroupCaller, GroupCalls, OffsetToCommit } from '../../group-calls.ts'
import type { PartitionRef } from '../../transport.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import { errorOfId, throwErrorOf } from '../kafka-error.ts'
import type { Coordinators } from './coordinators.ts'
import { byTopic, offsetTopics, outcomesOf, outcomesOfAll } from './offset-messages.ts'

/** Versions from which OffsetFetch asks for many groups, knows members, and waits for stable offsets. */
const MANY_GROUPS = 8
const STABLE = 7

export function offsetCalls(
  cluster: Cluster,
  coordinators: Coordinators,
): Pick<GroupCalls, 'commitOffsets' | 'fetchOffsets' | 'deleteOffsets'> {
  return {
    async commitOffsets(caller, offsets, timeoutMs) {
      if (offsets.length === 0) return []
      const deadline = new Deadline(cluster.clock, timeoutMs)
      return await coordinators.at(caller.groupId, deadline, async (ask) => {
        const { topics } = await ask(OFFSET_COMMIT, commitRequest(caller, offsets))
        return outcomesOfAll(offsets, topics)
      })
    },

    async fetchOffsets(caller, partitions, timeoutMs) {
      if (partitions?.length === 0) return []
      const { groupId } = caller
      const deadline = new Deadline(cluster.clock, timeoutMs)
      return await coordinators.at(groupId, deadline, async (ask) => {
        const response = await ask(OFFSET_FETCH, (version) => {
          return fetchRequest(caller, partitions, version)
        })
        return committedOffsets(groupId, partitions, response)
      })
    },

    async deleteOffsets(groupId, partitions, timeoutMs) {
      if (partitions.length === 0) return []
      const deadline = new Deadline(cluster.clock, timeoutMs)
      return await coordinators.at(groupId, deadline, async (ask) => {
        const topics = byTopic(partitions).map(([name, refs]) => {
          const indexes = refs.map(({ partition: partitionIndex }) => ({ partitionIndex }))
          return { name, partitions: indexes }
        })
        const answer = await ask(OFFSET_DELETE, { groupId, topics })
        throwErrorOf(answer.errorCode, null, { group: groupId })
        return outcomesOf(partitions, answer.topics)
      })
    },
  }
}

function commitRequest(
  { groupId, memberId, memberEpoch, instanceId }: GroupCaller,
  offsets: readonly OffsetToCommit[],
): OffsetCommitRequestInit {
  return {
    groupId,
    memberId,
    generationIdOrMemberEpoch: memberEpoch,
    groupInstanceId: instanceId,
    topics: offsetTopics(offsets),
  }
}

function fetchRequest(
  { groupId, memberId, memberEpoch }: GroupCaller,
  partitions: readonly PartitionRef[] | null,
  version: number,
): OffsetFetchRequestInit {
  const isMember = memberId !== ''
  const topics =
    partitions === null
      ? null
      : byTopic(partitions).map(([name, refs]) => {
          return { name, partitionIndexes: refs.map(({ partition }) => partition) }
        })
  // Who reads on from there waits for transactions that may still commit offsets.
  const requireStable = partitions !== null && version >= STABLE
  if (version < MANY_GROUPS) return { groupId, topics, requireStable }
  const group = { groupId, memberId: isMember ? memberId : null, memberEpoch, topics }
  return { groups: [group], requireStable }
}

/** What was asked for, in its order; or all that was committed, when nothing in particular was. */
function committedOffsets(
  groupId: string,
  partitions: readonly PartitionRef[] | null,
  response: OffsetFetchResponse,
): readonly CommittedOffset[] {
  const { errorCode, topics } = response.groups[0] ?? response
  throwErrorOf(errorCode, null, { group: groupId })
  const found = new Map<string, CommittedOffset>()
  for (const { name: topic, partitions: told } of topics) {
    for (const { partitionIndex: partition, ...wire } of told) {
      const error = errorOfId(wire.errorCode, null, { topic, partition })
      const offset = error === null ? wire.committedOffset : -1
      const { committedLeaderEpoch: leaderEpoch, metadata } = wire
      const committed = { topic, partition, offset, leaderEpoch, metadata: metadata ?? '', error }
      found.set(`${topic}-${partition}`, committed)
    }
  }
  if (partitions === null) return [...found.values()].filter(({ offset }) => offset >= 0)
  return partitions.map(({ topic, partition }) => {
    const none = { topic, partition, offset: -1, leaderEpoch: -1, metadata: '', error: null }
    return found.get(`${topic}-${partition}`) ?? none
  })
}
