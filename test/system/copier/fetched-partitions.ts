// Fetches the partitions of a copy's topics one answer after the other, and splits answers into batches.

import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { splitBatches, type BatchView } from '../../../src/record/batch-reader.ts'
import type { Asks } from './asking.ts'

/** The last that names topics by their names. */
const FETCH_VERSION = 12
/** How long the broker waits when it has nothing new. */
const MAX_WAIT_MS = 100
const MAX_BYTES = 4 * 1024 * 1024
const PARTITION_BYTES = 1024 * 1024

export interface FetchedPartition {
  readonly topic: number
  readonly partition: number
  readonly batches: readonly BatchView[]
  readonly abortedTransactions: readonly {
    readonly producerId: number
    readonly firstOffset: number
  }[]
  readonly lastStableOffset: number
  readonly highWatermark: number
}

export interface TopicOfRun {
  readonly name: string
  readonly partitions: number
}

interface Place {
  readonly topic: number
  readonly name: string
  readonly partition: number
  offset: number
}

export class FetchedPartitions {
  readonly #asking: Asks
  readonly #places: Place[]
  readonly #isolationLevel: number

  /** @param topics their place in the list is their number in histories */
  constructor(asking: Asks, topics: readonly TopicOfRun[], isolation: 'committed' | 'uncommitted') {
    this.#asking = asking
    this.#isolationLevel = isolation === 'committed' ? 1 : 0
    this.#places = topics.flatMap(({ name, partitions }, topic) => {
      return Array.from({ length: partitions }, (_, partition) => {
        return { topic, name, partition, offset: 0 }
      })
    })
  }

  /** What comes next of each partition; empty when the broker could not answer, or it is closed. */
  async next(): Promise<FetchedPartition[]> {
    const answer = await this.#asking.ask(FETCH, FETCH_VERSION, {
      ...{ maxWaitMs: MAX_WAIT_MS, minBytes: 1, maxBytes: MAX_BYTES },
      isolationLevel: this.#isolationLevel,
      topics: this.#wanted(),
    })
    if (answer === null) return []
    const fetched: FetchedPartition[] = []
    for (const { topic: name, partitions } of answer.responses) {
      for (const { partitionIndex, errorCode, records, ...told } of partitions) {
        // A broker that has just begun may not know its partitions yet.
        if (errorCode !== 0) {
          await this.#asking.pause()
          continue
        }
        const place = this.#placeOf(name, partitionIndex)
        const { batches } = splitBatches(records ?? Buffer.alloc(0))
        const last = batches.at(-1)?.header
        if (last !== undefined) place.offset = last.baseOffset + last.lastOffsetDelta + 1
        const { topic, partition } = place
        const { lastStableOffset, highWatermark } = told
        const abortedTransactions = told.abortedTransactions ?? []
        const state = { lastStableOffset, highWatermark, abortedTransactions }
        fetched.push({ topic, partition, batches, ...state })
      }
    }
    return fetched
  }

  /** The offset that is fetched next. */
  offsetOf(topic: number, partition: number): number {
    return this.#places.find((each) => each.topic === topic && each.partition === partition)!.offset
  }

  close(): void {
    this.#asking.close()
  }

  #wanted() {
    // Whoever is first in a request gets most of its answer, so each is in turn.
    this.#places.push(this.#places.shift()!)
    const names = Map.groupBy(this.#places, ({ name }) => name)
    return [...names].map(([topic, places]) => {
      const partitions = places.map(({ partition, offset: fetchOffset }) => {
        return { partition, fetchOffset, partitionMaxBytes: PARTITION_BYTES }
      })
      return { topic, partitions }
    })
  }

  #placeOf(name: string, partition: number): Place {
    return this.#places.find((each) => each.name === name && each.partition === partition)!
  }
}
