// ListOffsets: offsets by time.
//
//   timestamp  -1 latest · -2 earliest · -3 largest timestamp (v7) · -4 earliest on this broker (v8)
//              -5 latest in a tier (v9) · -6 earliest that waits for a tier (v11)
//
// There are no tiers: -4 is the earliest, -5 and -6 find nothing. With read_committed a partition ends at
// its last stable offset.
// Source: KafkaApis.handleListOffsetRequest in apache/kafka.

import { BrokerError, ERRORS } from '../../../base/errors.ts'
import type { OffsetQuery, OffsetService } from '../../../broker/offset-service.ts'
import {
  LIST_OFFSETS,
  type ListOffsetsPartitionResponseInit,
  type ListOffsetsRequest,
  type ListOffsetsResponseInit,
} from '../../../protocol/kafka/gen/list-offsets.ts'
import type { Services } from '../../broker-core.ts'
import { firstErrorOf } from './error-fields.ts'
import { isolationOf } from '../isolation.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../handler.ts'

/** First version whose answers have a leader epoch. */
const EPOCHS_FROM = 4

interface Meaning {
  /** Version that it came with. */
  readonly from: number
  /** Null: nothing is ever found there. */
  readonly position: OffsetQuery['position'] | null
}

/** Timestamps that are none. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [-1, { from: 0, position: { kind: 'latest' } }],
  [-2, { from: 0, position: { kind: 'earliest' } }],
  [-3, { from: 7, position: { kind: 'largestTimestamp' } }],
  [-4, { from: 8, position: { kind: 'earliest' } }],
  [-5, { from: 9, position: null }],
  [-6, { from: 11, position: null }],
])

type PartitionAnswer = Omit<ListOffsetsPartitionResponseInit, 'partitionIndex'>

export function listOffsetsHandlers({ offsets }: Pick<Services, 'offsets'>): KafkaHandler[] {
  return [
    handlerOf(LIST_OFFSETS, {
      handle: (request, context) => listOffsets(offsets, request, context),
      refuse: (request, error) => answerOf(request, () => failed(error)),
      outcome: ({ topics }) => firstErrorOf(topics),
      cuts: [{ asked: ['topics', 'partitions'], answered: ['topics', 'partitions'] }],
    }),
  ]
}

async function listOffsets(
  offsets: OffsetService,
  request: ListOffsetsRequest,
  { caller, version }: KafkaContext,
): Promise<ListOffsetsResponseInit> {
  const isolation = isolationOf(request.isolationLevel)
  const queries: OffsetQuery[] = []
  /** By slot; null for what has to be looked up. */
  const known: (PartitionAnswer | null)[] = []
  for (const { name: topic, partitions } of request.topics) {
    const seen = new Set<number>()
    for (const { partitionIndex: partition, timestamp, currentLeaderEpoch } of partitions) {
      const position = positionOf(timestamp, version)
      if (seen.has(partition)) known.push(failed(TWICE))
      else if (position instanceof BrokerError) known.push(failed(position))
      else if (position === null) known.push({ errorCode: 0 })
      else {
        known.push(null)
        queries.push({ topic, partition, position, leaderEpoch: currentLeaderEpoch, isolation })
      }
      seen.add(partition)
    }
  }
  const found = await offsets.listOffsets(caller, queries)
  let slot = 0
  let next = 0
  return answerOf(request, () => {
    const answer = known[slot++]!
    if (answer !== null) return answer
    const { error, offset, timestampMs: timestamp, leaderEpoch } = found[next++]!
    if (error !== null) return failed(error)
    const answered = { errorCode: 0, offset, timestamp }
    return version >= EPOCHS_FROM ? { ...answered, leaderEpoch } : answered
  })
}

const TWICE = new BrokerError('INVALID_REQUEST', { message: 'A partition is named more than once' })

function positionOf(timestampMs: number, version: number): Meaning['position'] | BrokerError {
  if (timestampMs >= 0) return { kind: 'timestamp', timestampMs }
  const meaning = MEANINGS.get(timestampMs)
  if (meaning !== undefined && version >= meaning.from) return meaning.position
  return new BrokerError('UNSUPPORTED_VERSION', { timestamp: timestampMs, version })
}

function answerOf(
  { topics }: ListOffsetsRequest,
  answer: () => PartitionAnswer,
): ListOffsetsResponseInit {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...answer() })),
    })),
  }
}

function failed({ code }: BrokerError): PartitionAnswer {
  return { errorCode: ERRORS[code].id }
}
