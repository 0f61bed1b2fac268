// Committed offsets over the Kafka wire: OffsetCommit, OffsetFetch, OffsetDelete.

import { BrokerError } from '../../../../base/errors.ts'
import type { TopicPartition } from '../../../../base/topic-partition.ts'
import type { Caller } from '../../../../broker/caller.ts'
import type { GroupService } from '../../../../broker/group-service.ts'
import type {
  FetchedOffset,
  PartitionResult,
} from '../../../../coordination/group/offsets/messages.ts'
import {
  OFFSET_COMMIT,
  type OffsetCommitRequest,
  type OffsetCommitResponseInit,
} from '../../../../protocol/kafka/gen/offset-commit.ts'
import { OFFSET_DELETE } from '../../../../protocol/kafka/gen/offset-delete.ts'
import {
  OFFSET_FETCH,
  type OffsetFetchRequest,
  type OffsetFetchRequestGroup,
  type OffsetFetchResponseGroupInit,
  type OffsetFetchResponseInit,
  type OffsetFetchResponseTopicInit,
} from '../../../../protocol/kafka/gen/offset-fetch.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { distinct, firstError, firstErrorOf } from '../error-fields.ts'
import { byTopic, errorId } from './wire.ts'

/** An error of the whole request has a field of its own; before, every partition has it. */
const FETCH_ERROR_FROM = 2
const LEADER_EPOCH_FROM = 5
/** Many groups in one request. */
const MANY_GROUPS_FROM = 8
const COMMIT_LEADER_EPOCH_FROM = 6

export function groupOffsetHandlers(groups: GroupService): readonly KafkaHandler[] {
  return [offsetCommit(groups), offsetFetch(groups), offsetDelete(groups)]
}

function offsetCommit(groups: GroupService): KafkaHandler {
  return handlerOf(OFFSET_COMMIT, {
    async handle(request, { version, caller }) {
      const { groupId, memberId, groupInstanceId: instanceId, topics } = request
      const { partitions } = await groups.commitOffsets(caller, {
        ...{ groupId, memberId, instanceId },
        generationOrEpoch: request.generationIdOrMemberEpoch,
        retentionMs: request.retentionTimeMs,
        offsets: topics.flatMap(({ name: topic, partitions: given }) => {
          return given.map((partition) => ({
            topic,
            partition: partition.partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: version >= COMMIT_LEADER_EPOCH_FROM ? partition.committedLeaderEpoch : -1,
            metadata: partition.committedMetadata ?? '',
          }))
        }),
      })
      return commitAnswer(
        request,
        partitions.map(({ error }) => errorId(error)),
      )
    },
    refuse: (request, error) => {
      const errorCode = errorId(error)
      const all = request.topics.flatMap(({ partitions }) => partitions)
      return commitAnswer(
        request,
        all.map(() => errorCode),
      )
    },
    outcome: ({ topics }) => firstErrorOf(topics),
    cuts: [{ asked: ['topics', 'partitions'], answered: ['topics', 'partitions'] }],
  })
}

/** @param errorCodes one for each partition of the request, in its order */
function commitAnswer(
  { topics }: OffsetCommitRequest,
  errorCodes: readonly number[],
): OffsetCommitResponseInit {
  let next = 0
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        return { partitionIndex, errorCode: errorCodes[next++]! }
      }),
    })),
  }
}

function offsetFetch(groups: GroupService): KafkaHandler {
  return handlerOf(OFFSET_FETCH, {
    async handle(request, { version, caller }): Promise<OffsetFetchResponseInit> {
      const { requireStable } = request
      if (version >= MANY_GROUPS_FROM) {
        const fetched = distinct(request.groups, groupIdOf).map((group) => {
          return fetchGroup(groups, caller, group, requireStable)
        })
        return { groups: await Promise.all(fetched) }
      }
      const { groupId, topics } = request
      const group = { groupId, memberId: null, memberEpoch: -1, topics }
      const { partitions } = await groups.fetchOffsets(caller, {
        ...{ groupId, memberId: group.memberId, memberEpoch: group.memberEpoch, requireStable },
        partitions: topics === null ? null : partitionsOf(topics),
      })
      const answer = { topics: topicsOf(partitions, version >= LEADER_EPOCH_FROM) }
      return version >= FETCH_ERROR_FROM ? { ...answer, errorCode: 0 } : answer
    },
    refuse: (request, error, { version }) => refusedFetch(request, error, version),
    outcome: fetchOutcome,
    cuts: [
      {
        asked: ['groups', 'topics', 'partitionIndexes'],
        answered: ['groups', 'topics', 'partitions'],
        key: groupIdOf,
      },
      { asked: ['topics', 'partitionIndexes'], answered: ['topics', 'partitions'] },
    ],
  })
}

function groupIdOf({ groupId }: OffsetFetchRequestGroup): string {
  return groupId
}

async function fetchGroup(
  groups: GroupService,
  caller: Caller,
  { groupId, memberId, memberEpoch, topics }: OffsetFetchRequestGroup,
  requireStable: boolean,
): Promise<OffsetFetchResponseGroupInit> {
  try {
    const { partitions } = await groups.fetchOffsets(caller, {
      ...{ groupId, memberId, memberEpoch, requireStable },
      partitions: topics === null ? null : partitionsOf(topics),
    })
    return { groupId, topics: topicsOf(partitions, true), errorCode: 0 }
  } catch (error) {
    return { groupId, topics: [], errorCode: errorId(BrokerError.from(error)) }
  }
}

function refusedFetch(
  { topics, groups }: OffsetFetchRequest,
  error: BrokerError,
  version: number,
): OffsetFetchResponseInit {
  const errorCode = errorId(error)
  if (version >= MANY_GROUPS_FROM) {
    return { groups: groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })) }
  }
  if (version >= FETCH_ERROR_FROM) return { topics: [], errorCode }
  const partitions = partitionsOf(topics ?? []).map((at) => {
    return { ...at, error: error.code, committed: null }
  })
  return { topics: topicsOf(partitions, false) }
}

function fetchOutcome({ errorCode, topics, groups }: OffsetFetchResponseInit): number {
  const ofTopics = firstErrorOf(topics ?? [])
  return (errorCode ?? 0) || ofTopics || firstError(groups ?? [])
}

function partitionsOf(
  topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[],
): TopicPartition[] {
  return topics.flatMap(({ name: topic, partitionIndexes }) => {
    return partitionIndexes.map((partition) => ({ topic, partition }))
  })
}

/** A partition without an offset has -1, and no error. */
function topicsOf(
  fetched: readonly FetchedOffset[],
  withLeaderEpochs: boolean,
): OffsetFetchResponseTopicInit[] {
  return [...byTopic(fetched)].map(([name, rows]) => ({
    name,
    partitions: rows.map(({ partition, committed, error }) => ({
      partitionIndex: partition,
      committedOffset: committed?.offset ?? -1,
      ...(withLeaderEpochs ? { committedLeaderEpoch: committed?.leaderEpoch ?? -1 } : {}),
      metadata: committed?.metadata ?? '',
      errorCode: errorId(error),
    })),
  }))
}

function offsetDelete(groups: GroupService): KafkaHandler {
  return handlerOf(OFFSET_DELETE, {
    async handle({ groupId, topics }, { caller }) {
      const wanted = topics.flatMap(({ name: topic, partitions }) => {
        return partitions.map(({ partitionIndex: partition }) => ({ topic, partition }))
      })
      const { partitions } = await groups.deleteOffsets(caller, { groupId, partitions: wanted })
      return { errorCode: 0, throttleTimeMs: 0, topics: deletedTopics(partitions) }
    },
    refuse: (_request, error) => ({ errorCode: errorId(error), throttleTimeMs: 0, topics: [] }),
    outcome: ({ errorCode, topics }) => {
      return errorCode || firstErrorOf(topics)
    },
    cuts: [{ asked: ['topics', 'partitions'], answered: ['topics', 'partitions'] }],
  })
}

function deletedTopics(results: readonly PartitionResult[]): {
  name: string
  partitions: { partitionIndex: number; errorCode: number }[]
}[] {
  return [...byTopic(results)].map(([name, rows]) => ({
    name,
    partitions: rows.map(({ partition, error }) => {
      return { partitionIndex: partition, errorCode: errorId(error) }
    }),
  }))
}
