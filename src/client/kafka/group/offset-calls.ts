// Offsets that a group has committed, over Kafka.

import { OFFSET_COMMIT } from '../../../protocol/kafka/gen/offset-commit.ts'
import type { OffsetCommitRequestInit } from '../../../protocol/kafka/gen/offset-commit.ts'
import { OFFSET_DELETE } from '../../../protocol/kafka/gen/offset-delete.ts'
import { OFFSET_FETCH } from '../../../protocol/kafka/gen/offset-fetch.ts'
import type {
  OffsetFetchRequestInit,
  OffsetFetchResponse,
} from '../../../protocol/kafka/gen/offset-fetch.ts'
import { SluiceError } from '../../errors.ts'
import type { SluiceErrorCode } from '../../errors.ts'
import type {
  CommittedOffset,
  GroupCaller,
  GroupCalls,
  OffsetToCommit,
  PartitionOutcome,
} from '../../group-calls.ts'
import type { PartitionRef } from '../../transport.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import { errorOfId, throwErrorOf } from '../kafka-error.ts'
import type { Coordinators } from './coordinators.ts'

/** Versions from which OffsetFetch asks for many groups, knows members, and waits for stable offsets. */
const MANY_GROUPS = 8
const STABLE = 7

/** Refusals that hold for a whole commit, though they are told for each partition. */
const OF_ALL = new Set<SluiceErrorCode>([
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'FENCED_INSTANCE_ID',
  'REBALANCE_IN_PROGRESS',
  'INVALID_GROUP_ID',
  'GROUP_ID_NOT_FOUND',
  'GROUP_AUTHORIZATION_FAILED',
])

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
        const outcomes = outcomesOf(offsets, topics)
        const ofAll = outcomes.find(({ error }) => error !== null && OF_ALL.has(error.code))
        if (ofAll !== undefined) throw ofAll.error
        return outcomes
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
    topics: byTopic(offsets).map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata,
      })),
    })),
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
  const requireStable = isMember && version >= STABLE
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

interface WireOutcomes {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}

function outcomesOf(
  partitions: readonly PartitionRef[],
  topics: readonly WireOutcomes[],
): readonly PartitionOutcome[] {
  const codes = new Map<string, number>()
  for (const { name, partitions: told } of topics) {
    for (const { partitionIndex, errorCode } of told) {
      codes.set(`${name}-${partitionIndex}`, errorCode)
    }
  }
  return partitions.map(({ topic, partition }) => {
    const code = codes.get(`${topic}-${partition}`)
    const error = code === undefined ? unanswered() : errorOfId(code, null, { topic, partition })
    return { topic, partition, error }
  })
}

function unanswered(): SluiceError {
  const message = 'The broker did not answer for the partition'
  return new SluiceError('UNKNOWN_SERVER_ERROR', {}, { message })
}

function byTopic<T extends PartitionRef>(partitions: readonly T[]): readonly [string, T[]][] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)]
}
