// Fetch: record batches as they are stored, and a long poll where there are none yet.
//
//   v5   log start offsets                v12  epochs of what the reader has; who leads instead
//   v7   sessions (fetch-sessions.ts)     v13  topics by id
//   v9   leader epochs are checked        v16  where the leaders are
//   v10  zstd may be sent
//
// With read_committed the answer ends at the last stable offset, and names the aborted transactions that
// have records in it: the client drops those. Source: KafkaApis.handleFetchRequest in apache/kafka.

import { BrokerError, ERRORS } from '../../../base/errors.ts'
import type { Uuid } from '../../../base/uuid.ts'
import type { Caller } from '../../../broker/caller.ts'
import type { FetchPartition, Fetched } from '../../../broker/fetch/pending-fetch.ts'
import {
  FETCH,
  type FetchRequest,
  type FetchResponseInit,
  type FetchableTopicResponseInit,
  type PartitionDataInit,
} from '../../../protocol/kafka/gen/fetch.ts'
import type { Services } from '../../broker-core.ts'
import { FetchSessions, type FetchedPartition, type FetchPlan } from '../fetch-sessions.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../handler.ts'
import type { HandlerTools } from '../kafka-front.ts'
import { isolationOf } from '../isolation.ts'
import { LeaderHints } from '../nodes.ts'
import { checkCount } from './error-fields.ts'

const SESSIONS_FROM = 7
const ZSTD_FROM = 10
const HINTS_FROM = 12
const TOPIC_IDS_FROM = 13
const NODES_FROM = 16

/** Most partitions that a request may add, or forget: what is fetched at once has the same bound. */
const MAX_PARTITIONS = 10_000

const NO_RECORDS = Buffer.alloc(0)

type FetchServices = Pick<Services, 'fetch' | 'routing' | 'cluster'>

export function fetchHandlers(services: FetchServices, tools: HandlerTools): KafkaHandler[] {
  const sessions = new FetchSessions(tools)
  return [
    handlerOf(FETCH, {
      handle: (request, context) => fetch(services, sessions, request, context),
      refuse: (request, error, { version }) => refused(request, error, version),
      outcome: ({ errorCode = 0, responses }) => {
        if (errorCode !== 0) return errorCode
        for (const { partitions } of responses) {
          for (const { errorCode: code } of partitions) if (code !== 0) return code
        }
        return 0
      },
    }),
  ]
}

async function fetch(
  services: FetchServices,
  sessions: FetchSessions,
  request: FetchRequest,
  context: KafkaContext,
): Promise<FetchResponseInit> {
  const { version, caller, patience, memory } = context
  if (request.replicaId >= 0 || request.replicaState.replicaId >= 0) {
    const message = 'Partitions are not replicated: nobody may fetch as a follower'
    throw new BrokerError('CLUSTER_AUTHORIZATION_FAILED', { message })
  }
  checkCount(partitionCount(request.topics), MAX_PARTITIONS, 'partitions')
  checkCount(partitionCount(request.forgottenTopicsData), MAX_PARTITIONS, 'forgotten partitions')
  const plan = sessions.plan(request, version >= TOPIC_IDS_FROM)
  const names = plan.partitions.map(({ topic, topicId }) => {
    return version >= TOPIC_IDS_FROM ? nameOf(services, caller, topicId) : topic
  })
  const partitions: FetchPartition[] = []
  for (const [slot, { asked }] of plan.partitions.entries()) {
    const topic = names[slot]!
    if (topic !== null) partitions.push(askedOf(topic, asked))
  }
  // An error is told at once, as every error is.
  const maxWaitMs = names.includes(null) ? 0 : Math.max(0, request.maxWaitMs)
  const { minBytes, maxBytes } = request
  const limits = { maxWaitMs, minBytes, maxBytes, withoutZstd: version < ZSTD_FROM }
  const isolation = isolationOf(request.isolationLevel)
  const asked = { ...limits, partitions, isolation, memory }
  const fetched = await services.fetch.fetch(caller, asked, patience)
  let next = 0
  const results = names.map((topic) => (topic === null ? null : fetched[next++]!))
  return answerOf(services, plan, results, request, context)
}

function partitionCount(topics: readonly { readonly partitions: readonly unknown[] }[]): number {
  let count = 0
  for (const { partitions } of topics) count += partitions.length
  return count
}

/** Null: there is no such topic any more. */
function nameOf({ routing }: FetchServices, caller: Caller, topicId: Uuid): string | null {
  const topic = routing.topicById(caller, topicId)
  return typeof topic === 'string' ? null : topic.name
}

function askedOf(topic: string, asked: FetchedPartition['asked']): FetchPartition {
  const { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch } = asked
  return {
    topic,
    partition,
    fetchOffset,
    maxBytes: partitionMaxBytes,
    leaderEpoch: currentLeaderEpoch,
    lastFetchedEpoch,
  }
}

/** @param results by slot of the plan; null where the topic is not known */
function answerOf(
  services: FetchServices,
  { partitions, session, incremental }: FetchPlan,
  results: readonly (Fetched | null)[],
  request: FetchRequest,
  context: KafkaContext,
): FetchResponseInit {
  const { version } = context
  const hints = new LeaderHints(services, {
    leaders: version >= HINTS_FROM,
    nodes: version >= NODES_FROM,
  })
  const responses: TopicAnswer[] = []
  for (const [slot, partition] of partitions.entries()) {
    const result = results[slot]!
    if (!isNews(partition, result) && incremental) continue
    const answer = partitionAnswer(partition, result, hints, request.isolationLevel)
    if (session !== null && answer.records!.byteLength > 0) session.moveToEnd(partition)
    const { topic, topicId } = partition
    const last = responses.at(-1)
    if (last !== undefined && last.topic === topic && last.topicId === topicId) {
      last.partitions.push(answer)
    } else {
      responses.push({ topic, topicId, partitions: [answer] })
    }
  }
  const sessionId = session?.id ?? 0
  return { throttleTimeMs: 0, sessionId, responses, nodeEndpoints: hints.nodes(context) }
}

interface TopicAnswer extends FetchableTopicResponseInit {
  readonly partitions: PartitionDataInit[]
}

/** Whether the client knows all of this already. Keeps in mind what it is told. */
function isNews(partition: FetchedPartition, result: Fetched | null): boolean {
  const { highWatermark, logStartOffset } = partition
  const failed = result === null || result.error !== null
  partition.highWatermark = failed ? -1 : result.highWatermark
  partition.logStartOffset = failed ? -1 : result.logStartOffset
  if (failed || result.batches !== null || result.diverging !== null) return true
  return highWatermark !== result.highWatermark || logStartOffset !== result.logStartOffset
}

function partitionAnswer(
  { asked }: FetchedPartition,
  result: Fetched | null,
  hints: LeaderHints,
  isolationLevel: number,
): PartitionDataInit {
  const partitionIndex = asked.partition
  if (result === null) return failed(partitionIndex, ERRORS.UNKNOWN_TOPIC_ID.id)
  const { topic, error, highWatermark, lastStableOffset, logStartOffset } = result
  if (error !== null) {
    const currentLeader = hints.hint(topic, partitionIndex, error)
    return { ...failed(partitionIndex, ERRORS[error.code].id), currentLeader }
  }
  return {
    partitionIndex,
    errorCode: 0,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch: result.diverging ?? undefined,
    abortedTransactions: isolationOf(isolationLevel) === 'committed' ? result.aborted : null,
    records: result.batches ?? NO_RECORDS,
  }
}

function failed(partitionIndex: number, errorCode: number): PartitionDataInit {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    abortedTransactions: null,
    records: NO_RECORDS,
  }
}

/** Before version 7 an answer has no error of its own: each partition says it. */
function refused(request: FetchRequest, { code }: BrokerError, version: number): FetchResponseInit {
  const errorCode = ERRORS[code].id
  const none = { throttleTimeMs: 0, sessionId: 0 }
  if (version >= SESSIONS_FROM) return { ...none, errorCode, responses: [] }
  const responses = request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition }) => failed(partition, errorCode)),
  }))
  return { ...none, responses }
}
