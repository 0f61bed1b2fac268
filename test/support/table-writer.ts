// Writes a compacted topic of one partition over Kafka's protocol, one batch after the other, and puts down
// what was answered. Some keys are written again and again, some once and never again; some are deleted.

import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { PRODUCE } from '../../src/protocol/kafka/gen/produce.ts'
import { testBatch } from './batches.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { TableRecord, WrittenTable } from './written-table.ts'

/** Written again and again. */
const HOT_KEYS = 300
const VALUE_BYTES = 1_000

/** Numbers of values, over all writers: no two are the same. */
let nextNumber = 0

export class TableWriter {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #table: WrittenTable
  readonly #random: SeededRandom

  constructor(client: KafkaClient, topic: string, table: WrittenTable, random: SeededRandom) {
    this.#client = client
    this.#topic = topic
    this.#table = table
    this.#random = random
  }

  /** Makes the topic. */
  async create(configs: Readonly<Record<string, string>>): Promise<void> {
    const pairs = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const topic = { name: this.#topic, numPartitions: 1, replicationFactor: 1, assignments: [] }
    const topics = [{ ...topic, configs: pairs }]
    const request = { topics, timeoutMs: 10_000, validateOnly: false }
    const answer = await this.#client.call(CREATE_TOPICS, 5, request)
    if (answer.topics[0]!.errorCode !== 0) throw new Error(answer.topics[0]!.errorMessage!)
  }

  /** Writes at least this many bytes of values. @throws as `writeBatch` */
  async write(sizeBytes: number): Promise<void> {
    for (let bytes = 0; bytes < sizeBytes;) {
      const records = Array.from({ length: this.#random.between(1, 40) }, () => this.#next())
      await this.writeBatch(records)
      for (const { value } of records) bytes += value?.length ?? 0
    }
  }

  /** @throws Refused; Error when the broker is gone, and whether the batch is there is not known */
  async writeBatch(records: readonly TableRecord[]): Promise<void> {
    this.#table.sends(records)
    const batch = testBatch({ records, timestamp: Date.now() })
    const topicData = [{ name: this.#topic, partitionData: [{ index: 0, records: batch }] }]
    const request = { acks: -1, timeoutMs: 30_000, topicData }
    const { responses } = await this.#client.call(PRODUCE, 11, request)
    const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!
    if (errorCode !== 0) {
      this.#table.sends([])
      throw new Refused(errorCode)
    }
    this.#table.acknowledged(baseOffset)
  }

  #next(): TableRecord {
    const random = this.#random
    const number = nextNumber++
    const key = random.chance(0.1) ? `cold-${number}` : `hot-${random.below(HOT_KEYS)}`
    const isGone = key.startsWith('hot') && random.chance(0.1)
    return { key, value: isGone ? null : `${number}:`.padEnd(VALUE_BYTES, 'v') }
  }
}

/** The broker has said no. */
export class Refused extends Error {
  override readonly name = 'Refused'
  /** Kafka's number. */
  readonly errorCode: number

  constructor(errorCode: number) {
    super(`refused with error ${errorCode}`)
    this.errorCode = errorCode
  }
}
