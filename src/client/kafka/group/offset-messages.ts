// Offsets to commit, and what became of them, as they stand in several of Kafka's messages.

import { SluiceError } from '../../errors.ts'
import type { SluiceErrorCode } from '../../errors.ts'
import type { OffsetToCommit, PartitionOutcome } from '../../group-calls.ts'
import type { PartitionRef } from '../../transport.ts'
import { errorOfId } from '../kafka-error.ts'

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
  'CONCURRENT_TRANSACTIONS',
  'TRANSACTION_ABORTABLE',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
])

/** Offsets to commit, as OffsetCommit and TxnOffsetCommit have them. */
export function offsetTopics(offsets: readonly OffsetToCommit[]): readonly TopicOffsets[] {
  return byTopic(offsets).map(([name, list]) => ({
    name,
    partitions: list.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    })),
  }))
}

interface TopicOffsets {
  readonly name: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly committedOffset: number
    readonly committedLeaderEpoch: number
    readonly committedMetadata: string
  }[]
}

/** As `outcomesOf`. @throws SluiceError what holds for all of them, though it is told for each */
export function outcomesOfAll(
  offsets: readonly OffsetToCommit[],
  topics: readonly WireOutcomes[],
): readonly PartitionOutcome[] {
  const outcomes = outcomesOf(offsets, topics)
  const ofAll = outcomes.find(({ error }) => error !== null && OF_ALL.has(error.code))
  if (ofAll !== undefined) throw ofAll.error
  return outcomes
}

interface WireOutcomes {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}

/** One result for each partition, in their order. */
export function outcomesOf(
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

export function byTopic<T extends PartitionRef>(
  partitions: readonly T[],
): readonly [string, T[]][] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)]
}
