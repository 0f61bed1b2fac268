// Where a group is to go on after a reset: one offset a partition, found by position and kept within the
// partition. Meaning of the targets: kafka-consumer-groups --reset-offsets.

import { BrokerError } from '../../base/errors.ts'
import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type { CommittedPartition } from '../../coordination/group/offsets/offset-table.ts'
import type { PartitionDirectory, ReadablePartition } from '../../replication/readable-partition.ts'
import { startOffset } from '../position.ts'

export type ResetTarget =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  /** Where the group is: brings an offset that lies outside of its partition back into it. */
  | { readonly kind: 'current' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** From where the group is, forward or, below 0, back. */
  | { readonly kind: 'shift'; readonly by: number }
  /** The first record with this timestamp or a later one; the end, when there is none. */
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  /** The same, so long before now. */
  | { readonly kind: 'duration'; readonly durationMs: number }

export interface ResetScope {
  readonly topic: string
  /** Null for all that the topic has. */
  readonly partitions: readonly number[] | null
}

export interface ResetOffsetsRequest {
  readonly groupId: string
  /** Null for every partition that the group has committed an offset of. */
  readonly topics: readonly ResetScope[] | null
  readonly target: ResetTarget
  /** Says what would be, and changes nothing. */
  readonly dryRun: boolean
}

export interface ResetPartition extends TopicPartition {
  /** Null when there was none. */
  readonly previousOffset: number | null
  /** -1 with an error. */
  readonly offset: number
  readonly error: BrokerError | null
}

/** Most partitions of one reset. */
const MAX_PARTITIONS = 10_000

/** Lookups by time under way at once: each may read from the disk. */
const PARALLEL_LOOKUPS = 8

export interface ResetWorld {
  readonly directory: PartitionDirectory
  /** All offsets that the group has committed. */
  readonly committed: readonly CommittedPartition[]
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * Finds the new offsets.
 *
 * @returns one result for each partition, in the order of the scopes
 * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION for a topic that is not there; INVALID_REQUEST when
 *   there are too many partitions, or one is named twice
 */
export async function resetTargets(
  { topics, target }: ResetOffsetsRequest,
  { directory, committed, nowMs }: ResetWorld,
): Promise<ResetPartition[]> {
  const before = new Map(committed.map((row) => [partitionName(row), row.committed.offset]))
  const wanted = topics === null ? committed : expand(topics, directory)
  if (wanted.length > MAX_PARTITIONS) {
    const message = `A reset takes at most ${MAX_PARTITIONS} partitions`
    throw new BrokerError('INVALID_REQUEST', { message, partitions: wanted.length })
  }
  const found: ResetPartition[] = []
  for (let at = 0; at < wanted.length; at += PARALLEL_LOOKUPS) {
    const some = wanted.slice(at, at + PARALLEL_LOOKUPS)
    found.push(...(await Promise.all(some.map((row) => targetOf(row)))))
  }
  return found

  async function targetOf({ topic, partition }: TopicPartition): Promise<ResetPartition> {
    const previousOffset = before.get(partitionName({ topic, partition })) ?? null
    const at = { topic, partition, previousOffset }
    try {
      const readable = directory.partition(topic, partition)
      const offset = await offsetAt(readable, target, previousOffset, nowMs)
      const { logStartOffset, highWatermark } = readable
      const within = Math.min(Math.max(offset, logStartOffset), highWatermark)
      return { ...at, offset: within, error: null }
    } catch (error) {
      return { ...at, offset: -1, error: BrokerError.from(error) }
    }
  }
}

function expand(scopes: readonly ResetScope[], directory: PartitionDirectory): TopicPartition[] {
  const seen = new Set<string>()
  return scopes.flatMap(({ topic, partitions }) => {
    const count = directory.partitionCount(topic)
    const numbers = partitions ?? Array.from({ length: count }, (_, partition) => partition)
    return numbers.map((partition) => {
      const name = partitionName({ topic, partition })
      if (seen.has(name)) {
        const message = 'A partition is named more than once'
        throw new BrokerError('INVALID_REQUEST', { message, topic, partition })
      }
      seen.add(name)
      return { topic, partition }
    })
  })
}

function offsetAt(
  partition: ReadablePartition,
  target: ResetTarget,
  previousOffset: number | null,
  nowMs: number,
): number | Promise<number> {
  switch (target.kind) {
    case 'shift':
      return fromPrevious(previousOffset) + target.by
    case 'current':
      // Kafka's tool takes the end for a partition that nothing was committed of.
      return previousOffset ?? partition.highWatermark
    case 'duration':
      return startOffset(partition, { kind: 'timestamp', timestampMs: nowMs - target.durationMs })
    default:
      return startOffset(partition, target)
  }
}

function fromPrevious(previousOffset: number | null): number {
  if (previousOffset !== null) return previousOffset
  const message = 'The group has committed no offset to shift'
  throw new BrokerError('INVALID_REQUEST', { message })
}
