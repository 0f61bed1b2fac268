// Looks up offsets by position: the edges of partitions, or a point in time.

import { BrokerError } from '../base/errors.ts'
import type { PartitionDirectory, ReadablePartition } from '../replication/readable-partition.ts'
import type { Caller } from './caller.ts'
import { readableEnd, type Isolation, type Position } from './position.ts'

export interface OffsetQuery {
  readonly topic: string
  readonly partition: number
  /** Beside the positions that one can read from: the record with the largest timestamp. */
  readonly position: Position | { readonly kind: 'largestTimestamp' }
  /** The leader epoch that the client believes in. Default: -1, it does not say. */
  readonly leaderEpoch?: number
  /** With `committed` the partition ends at its last stable offset. Default: `uncommitted`. */
  readonly isolation?: Isolation
}

/** Asks where the records of a leader epoch end. */
export interface EpochQuery {
  readonly topic: string
  readonly partition: number
  readonly epoch: number
  /** As in OffsetQuery. */
  readonly leaderEpoch: number
}

export interface FoundEpochEnd {
  readonly topic: string
  readonly partition: number
  readonly error: BrokerError | null
  /** The largest epoch at or below the one asked for; -1 when there is none, and with an error. */
  readonly epoch: number
  readonly endOffset: number
}

export interface ListedOffset {
  readonly topic: string
  readonly partition: number
  readonly error: BrokerError | null
  /** -1 when no record has the timestamp or a later one, and with an error. */
  readonly offset: number
  /** Timestamp of the record found by time, milliseconds since 1970; -1 otherwise. */
  readonly timestampMs: number
  /** Epoch that the record at the offset was or will be written in; -1 if unknown, or with an error. */
  readonly leaderEpoch: number
}

export interface OffsetServiceOptions {
  readonly partitions: PartitionDirectory
  /** Queries of one request. Default 10,000. */
  readonly maxQueries?: number
}

const MAX_QUERIES = 10_000

/** Lookups by time that one request has under way at once: each may read from the disk. */
const PARALLEL_LOOKUPS = 8

const NOTHING_FOUND = { offset: -1, timestampMs: -1, leaderEpoch: -1 } as const

export class OffsetService {
  readonly #options: OffsetServiceOptions

  constructor(options: OffsetServiceOptions) {
    this.#options = options
  }

  /**
   * @returns one result for each query, in their order
   * @throws BrokerError INVALID_REQUEST when there are too many queries
   */
  async listOffsets(
    _caller: Caller,
    queries: readonly OffsetQuery[],
  ): Promise<readonly ListedOffset[]> {
    this.#admit(queries.length)
    const results: ListedOffset[] = []
    for (let at = 0; at < queries.length; at += PARALLEL_LOOKUPS) {
      const some = queries.slice(at, at + PARALLEL_LOOKUPS)
      results.push(...(await Promise.all(some.map((query) => this.#find(query)))))
    }
    return results
  }

  /**
   * @returns one result for each query, in their order
   * @throws BrokerError INVALID_REQUEST when there are too many queries
   */
  endsOfEpochs(_caller: Caller, queries: readonly EpochQuery[]): readonly FoundEpochEnd[] {
    this.#admit(queries.length)
    return queries.map(({ topic, partition, epoch, leaderEpoch }) => {
      try {
        const found = this.#options.partitions.partition(topic, partition)
        found.checkLeaderEpoch(leaderEpoch)
        return { topic, partition, error: null, ...found.endOfEpoch(epoch) }
      } catch (error) {
        return { topic, partition, error: BrokerError.from(error), epoch: -1, endOffset: -1 }
      }
    })
  }

  #admit(queries: number): void {
    const limit = this.#options.maxQueries ?? MAX_QUERIES
    if (queries <= limit) return
    const message = `A request looks up at most ${limit} offsets`
    throw new BrokerError('INVALID_REQUEST', { message, limit, queries })
  }

  async #find(query: OffsetQuery): Promise<ListedOffset> {
    const { topic, partition } = query
    try {
      const found = this.#options.partitions.partition(topic, partition)
      found.checkLeaderEpoch(query.leaderEpoch ?? -1)
      return { topic, partition, error: null, ...(await this.#lookUp(found, query)) }
    } catch (error) {
      return { topic, partition, error: BrokerError.from(error), ...NOTHING_FOUND }
    }
  }

  async #lookUp(
    partition: ReadablePartition,
    { position, isolation = 'uncommitted' }: OffsetQuery,
  ): Promise<Pick<ListedOffset, keyof typeof NOTHING_FOUND>> {
    switch (position.kind) {
      case 'earliest': {
        const offset = partition.logStartOffset
        return { offset, timestampMs: -1, leaderEpoch: partition.epochAt(offset) }
      }
      case 'latest': {
        const offset = readableEnd(partition, isolation)
        return { offset, timestampMs: -1, leaderEpoch: partition.leaderEpoch }
      }
      case 'offset': {
        const { offset } = position
        partition.checkOffset(offset)
        return { offset, timestampMs: -1, leaderEpoch: partition.epochAt(offset) }
      }
      case 'timestamp':
        return (await partition.findOffset(position.timestampMs, isolation)) ?? NOTHING_FOUND
      case 'largestTimestamp':
        return (await partition.findLargestTimestamp(isolation)) ?? NOTHING_FOUND
    }
  }
}
