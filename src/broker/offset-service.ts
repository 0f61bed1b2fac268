// Looks up offsets by position: the edges of partitions, or a point in time.

import { BrokerError } from '../base/errors.ts'
import type { PartitionDirectory } from '../replication/readable-partition.ts'
import type { Caller } from './caller.ts'
import type { Position } from './position.ts'

export interface OffsetQuery {
  readonly topic: string
  readonly partition: number
  readonly position: Position
}

export interface ListedOffset {
  readonly topic: string
  readonly partition: number
  readonly error: BrokerError | null
  /** -1 when no record has the timestamp or a later one, and with an error. */
  readonly offset: number
  /** Timestamp of the record found by time, milliseconds since 1970; -1 otherwise. */
  readonly timestampMs: number
}

export interface OffsetServiceOptions {
  readonly partitions: PartitionDirectory
  /** Queries of one request. Default 10,000. */
  readonly maxQueries?: number
}

const MAX_QUERIES = 10_000

/** Lookups by time that one request has under way at once: each may read from the disk. */
const PARALLEL_LOOKUPS = 8

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
    const limit = this.#options.maxQueries ?? MAX_QUERIES
    if (queries.length > limit) {
      const message = `A request looks up at most ${limit} offsets`
      throw new BrokerError('INVALID_REQUEST', { message, limit, queries: queries.length })
    }
    const results: ListedOffset[] = []
    for (let at = 0; at < queries.length; at += PARALLEL_LOOKUPS) {
      const some = queries.slice(at, at + PARALLEL_LOOKUPS)
      results.push(...(await Promise.all(some.map((query) => this.#find(query)))))
    }
    return results
  }

  async #find({ topic, partition, position }: OffsetQuery): Promise<ListedOffset> {
    const at = { topic, partition, error: null }
    try {
      const found = this.#options.partitions.partition(topic, partition)
      switch (position.kind) {
        case 'earliest':
          return { ...at, offset: found.logStartOffset, timestampMs: -1 }
        case 'latest':
          return { ...at, offset: found.highWatermark, timestampMs: -1 }
        case 'offset':
          found.checkOffset(position.offset)
          return { ...at, offset: position.offset, timestampMs: -1 }
        case 'timestamp': {
          const none = { offset: -1, timestampMs: -1 }
          return { ...at, ...((await found.findOffset(position.timestampMs)) ?? none) }
        }
      }
    } catch (error) {
      return { topic, partition, error: BrokerError.from(error), offset: -1, timestampMs: -1 }
    }
  }
}
