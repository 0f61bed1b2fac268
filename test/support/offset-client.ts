// A client of Kafka's protocol that commits offsets of groups, plainly and in transactions, and reads them:
// what may be asked again is asked again. Its topic is "t".

import { expect } from 'vitest'
import { END_TXN } from '../../src/protocol/kafka/gen/end-txn.ts'
import { INIT_PRODUCER_ID } from '../../src/protocol/kafka/gen/init-producer-id.ts'
import { OFFSET_COMMIT } from '../../src/protocol/kafka/gen/offset-commit.ts'
import { OFFSET_FETCH } from '../../src/protocol/kafka/gen/offset-fetch.ts'
import { TXN_OFFSET_COMMIT } from '../../src/protocol/kafka/gen/txn-offset-commit.ts'
import type { KafkaClient } from './kafka-client.ts'

/** Loading, not available, not the coordinator, concurrent transactions. */
const AGAIN = [14, 15, 16, 51]

const UNSTABLE = 88

export interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** Offsets to commit, by partition. */
export type Offsets = Readonly<Record<number, number>>

export class OffsetClient {
  readonly #client: KafkaClient
  /** Stands beside every offset. */
  readonly #metadata: string

  constructor(client: KafkaClient, metadata = '') {
    this.#client = client
    this.#metadata = metadata
  }

  async init(transactionalId: string): Promise<Producer> {
    const request = { transactionalId, transactionTimeoutMs: 60_000 }
    const { producerId, producerEpoch } = await settled(
      ({ errorCode }) => errorCode,
      () => this.#client.call(INIT_PRODUCER_ID, 5, request),
    )
    return { transactionalId, producerId, producerEpoch }
  }

  async commitInTransaction(producer: Producer, groupId: string, offsets: Offsets): Promise<void> {
    const request = { ...producer, groupId, memberId: '', topics: this.#topicsOf(offsets) }
    const answer = await settled(
      ({ topics: [topic] }) => topic!.partitions[0]!.errorCode,
      () => this.#client.call(TXN_OFFSET_COMMIT, 5, request),
    )
    expect(answer.topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)).toBe(true)
  }

  async commit(groupId: string, offsets: Offsets): Promise<void> {
    const request = { groupId, memberId: '', topics: this.#topicsOf(offsets) }
    const answer = await settled(
      ({ topics: [topic] }) => topic!.partitions[0]!.errorCode,
      () => this.#client.call(OFFSET_COMMIT, 6, request),
    )
    expect(answer.topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)).toBe(true)
  }

  /** Offsets of the first partitions, -1 for none; a word for those that wait. */
  async offsets(groupId: string, partitionCount = 2): Promise<(number | 'waits')[]> {
    const partitionIndexes = Array.from({ length: partitionCount }, (_, partition) => partition)
    const groups = [{ groupId, topics: [{ name: 't', partitionIndexes }] }]
    const answer = await settled(
      ({ groups: [group] }) => group!.errorCode,
      () => this.#client.call(OFFSET_FETCH, 8, { groups, requireStable: true }),
    )
    return answer.groups[0]!.topics[0]!.partitions.map(({ errorCode, committedOffset }) => {
      return errorCode === UNSTABLE ? 'waits' : committedOffset
    })
  }

  /** Once everything is decided. */
  async stable(groupId: string, partitionCount = 2): Promise<(number | 'waits')[]> {
    for (;;) {
      const now = await this.offsets(groupId, partitionCount)
      if (!now.includes('waits')) return now
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async end(producer: Producer, committed: boolean): Promise<Producer> {
    const { transactionalId } = producer
    const answer = await settled(
      ({ errorCode }) => errorCode,
      () => this.#client.call(END_TXN, 5, { ...producer, committed }),
    )
    expect(answer.errorCode).toBe(0)
    return { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  #topicsOf(offsets: Offsets) {
    const partitions = Object.entries(offsets).map(([partition, committedOffset]) => {
      const partitionIndex = Number(partition)
      return { partitionIndex, committedOffset, committedMetadata: this.#metadata }
    })
    return [{ name: 't', partitions }]
  }
}

async function settled<T>(codeOf: (answer: T) => number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (!AGAIN.includes(codeOf(answer))) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
