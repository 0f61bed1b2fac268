// Asks leaders for offsets by time, and for the edges of partitions.

import { LIST_OFFSETS } from '../../protocol/kafka/gen/list-offsets.ts'
import type {
  ListOffsetsPartitionInit,
  ListOffsetsRequestInit,
  ListOffsetsResponse,
} from '../../protocol/kafka/gen/list-offsets.ts'
import { SluiceError } from '../errors.ts'
import type { Isolation, PartitionRef } from '../transport.ts'
import type { Cluster } from './cluster.ts'
import type { Deadline } from './deadline.ts'
import { errorOfId } from './kafka-error.ts'
import type { PartitionLeader } from './metadata-cache.ts'
import { provesStale } from './stale-metadata.ts'

/** Times that stand for edges. Source: ListOffsetsRequest of apache/kafka. */
export const EDGE = { latest: -1, earliest: -2 } as const

/** What a request says of the transactions that are looked at: in Fetch and in ListOffsets. */
export const ISOLATION_LEVEL = { read_uncommitted: 0, read_committed: 1 } as const satisfies Record<
  Isolation,
  number
>

export interface OffsetQuery extends PartitionRef {
  /** Milliseconds since 1970, or one of EDGE. */
  readonly timestamp: number
  /** With 'read_committed' nothing is found from the first open transaction on. */
  readonly isolation: Isolation
}

/** Where a partition begins, and its high watermark: in this order. */
export function edgesOf({ topic, partition }: PartitionRef): [OffsetQuery, OffsetQuery] {
  const all = { topic, partition, isolation: 'read_uncommitted' } as const
  return [
    { ...all, timestamp: EDGE.earliest },
    { ...all, timestamp: EDGE.latest },
  ]
}

export interface FoundOffset {
  readonly error: SluiceError | null
  /** -1 when there is none, and with an error. */
  readonly offset: number
  /** Of the record that was found by time; -1 otherwise. */
  readonly timestamp: number
}

/** Queries to one leader that may stand in one request: of each partition at most one. */
interface Round {
  readonly nodeId: number
  readonly isolation: Isolation
  readonly queries: { readonly index: number; readonly leader: PartitionLeader }[]
  readonly partitions: Set<string>
}

/** One result for each query, in their order. Never rejects. */
export async function lookUpOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  deadline: Deadline,
): Promise<readonly FoundOffset[]> {
  const results: FoundOffset[] = Array.from({ length: queries.length })
  const unloaded = await loadLeaders(cluster, queries)
  const rounds: Round[] = []
  for (const [index, query] of queries.entries()) {
    const leader = cluster.metadata.leader(query.topic, query.partition)
    if (leader instanceof SluiceError) results[index] = failed(unloaded ?? leader)
    else addToRound(rounds, query, index, leader)
  }
  await Promise.all(
    rounds.map(async (round) => {
      try {
        const request = requestOf(round, queries, deadline.leftMs)
        const { nodeId } = round
        const response = await cluster.call(nodeId, LIST_OFFSETS, request, deadline.leftMs)
        takeAnswer(response, round, queries, results)
      } catch (error) {
        const failure = SluiceError.from(error)
        for (const { index } of round.queries) results[index] ??= failed(failure)
      }
    }),
  )
  for (const [index, { error }] of results.entries()) {
    if (error !== null && provesStale(error)) cluster.metadata.markStale(queries[index]!.topic)
  }
  return results
}

/** @returns why leaders that are not known could not be asked for; null when they were */
export async function loadLeaders(
  cluster: Cluster,
  partitions: readonly PartitionRef[],
): Promise<SluiceError | null> {
  const topics = new Set<string>()
  for (const { topic, partition } of partitions) {
    if (!cluster.metadata.knows(topic, partition)) topics.add(topic)
  }
  if (topics.size === 0) return null
  try {
    await cluster.loadTopics(topics)
    return null
  } catch (error) {
    return SluiceError.from(error)
  }
}

function addToRound(
  rounds: Round[],
  { topic, partition, isolation }: OffsetQuery,
  index: number,
  leader: PartitionLeader,
): void {
  const { nodeId } = leader
  const name = `${topic}-${partition}`
  let round = rounds.find((each) => {
    return each.nodeId === nodeId && each.isolation === isolation && !each.partitions.has(name)
  })
  if (round === undefined) {
    round = { nodeId, isolation, queries: [], partitions: new Set() }
    rounds.push(round)
  }
  round.queries.push({ index, leader })
  round.partitions.add(name)
}

function requestOf(
  round: Round,
  queries: readonly OffsetQuery[],
  timeoutMs: number,
): ListOffsetsRequestInit {
  const topics = new Map<string, ListOffsetsPartitionInit[]>()
  for (const { index, leader } of round.queries) {
    const { topic, partition: partitionIndex, timestamp } = queries[index]!
    const entry = { partitionIndex, currentLeaderEpoch: leader.leaderEpoch, timestamp }
    const present = topics.get(topic)
    if (present === undefined) topics.set(topic, [entry])
    else present.push(entry)
  }
  return {
    replicaId: -1,
    isolationLevel: ISOLATION_LEVEL[round.isolation],
    topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
    timeoutMs: Math.ceil(timeoutMs),
  }
}

function takeAnswer(
  { topics }: ListOffsetsResponse,
  round: Round,
  queries: readonly OffsetQuery[],
  results: FoundOffset[],
): void {
  const indexes = new Map<string, number>()
  for (const { index } of round.queries) {
    const { topic, partition } = queries[index]!
    indexes.set(`${topic}-${partition}`, index)
  }
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode, offset, timestamp } of partitions) {
      const index = indexes.get(`${name}-${partitionIndex}`)
      if (index === undefined) continue
      const error = leaderError(errorCode, { topic: name, partition: partitionIndex })
      results[index] = error === null ? { error, offset, timestamp } : failed(error)
    }
  }
  for (const [name, index] of indexes) {
    const message = `The broker did not answer for ${name}`
    results[index] ??= failed(new SluiceError('UNKNOWN_SERVER_ERROR', {}, { message }))
  }
}

/**
 * What a leader refused with. One that does not know its partition has not heard of it yet, or not
 * yet that it lost it: only metadata can say that a partition does not exist.
 */
export function leaderError(
  errorCode: number,
  { topic, partition }: PartitionRef,
): SluiceError | null {
  const facts = { topic, partition }
  const error = errorOfId(errorCode, null, facts)
  if (error?.code !== 'UNKNOWN_TOPIC_OR_PARTITION') return error
  const message = 'The leader does not know the partition'
  return new SluiceError('NOT_LEADER_OR_FOLLOWER', facts, { message, cause: error })
}

function failed(error: SluiceError): FoundOffset {
  return { error, offset: -1, timestamp: -1 }
}
