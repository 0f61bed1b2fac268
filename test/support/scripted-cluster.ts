// A Kafka cluster in memory that behaves: brokers with logs in memory, of which each partition has a
// leader that a test may move. What else a broker is to do or to refuse, a test says to it.

import { ERRORS } from '../../src/base/errors.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { uuidOf } from '../../src/base/uuid.ts'
import { FETCH } from '../../src/protocol/kafka/gen/fetch.ts'
import type { FetchRequest, FetchResponseInit } from '../../src/protocol/kafka/gen/fetch.ts'
import { LIST_OFFSETS } from '../../src/protocol/kafka/gen/list-offsets.ts'
import type {
  ListOffsetsRequest,
  ListOffsetsResponseInit,
} from '../../src/protocol/kafka/gen/list-offsets.ts'
import { METADATA } from '../../src/protocol/kafka/gen/metadata.ts'
import type {
  MetadataRequest,
  MetadataResponseInit,
} from '../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../src/protocol/kafka/gen/produce.ts'
import type { ProduceRequest, ProduceResponseInit } from '../../src/protocol/kafka/gen/produce.ts'
import { MemoryLog } from './memory-log.ts'
import { ScriptedNetwork, SILENCE } from './scripted-broker.ts'
import type { ScriptedBroker } from './scripted-broker.ts'

const ISOLATIONS = ['read_uncommitted', 'read_committed'] as const

/** Broker n listens on port 9000 + n. */
const PORT = 9_000

interface ScriptedTopic {
  readonly name: string
  readonly topicId: string
  readonly logs: MemoryLog[]
  /** Broker ids, by partition; -1 for none. */
  readonly leaders: number[]
  readonly epochs: number[]
}

export class ScriptedCluster {
  readonly network = new ScriptedNetwork()
  readonly brokers: readonly ScriptedBroker[]
  readonly topics = new Map<string, ScriptedTopic>()
  /** Metadata requests, by the topics that they name. */
  readonly asked: (readonly string[])[] = []
  #ids = 0
  #waitsEnded = 0
  #waiting: (() => void)[] = []

  /** @param count brokers, with ids from 0 on */
  constructor(count: number) {
    this.brokers = Array.from({ length: count }, (_, id) => this.#broker(id))
  }

  get bootstrap(): string {
    return this.brokers.map((_, id) => `kafka://memory:${PORT + id}`).join()
  }

  /** Makes a topic. Partition n is led by broker n, or by those that there are in turn. */
  createTopic(name: string, partitions = 1): ScriptedTopic {
    const id = Buffer.alloc(16)
    id.writeInt32BE(++this.#ids)
    const topic: ScriptedTopic = {
      name,
      topicId: uuidOf(id),
      logs: Array.from({ length: partitions }, () => new MemoryLog()),
      leaders: Array.from({ length: partitions }, (_, index) => index % this.brokers.length),
      epochs: Array.from({ length: partitions }, () => 0),
    }
    this.topics.set(name, topic)
    return topic
  }

  /** Makes another broker the leader. */
  move(name: string, partition: number, leader: number): void {
    const topic = this.topics.get(name)!
    topic.leaders[partition] = leader
    topic.epochs[partition]! += 1
    this.#wake()
  }

  /** Stores a batch, and lets polls that wait for it see it. */
  append(name: string, partition: number, batch: Uint8Array): void {
    this.log(name, partition).append(batch)
    this.#wake()
  }

  /** Polls that have waited long enough are answered though there is nothing. */
  endWaits(): void {
    this.#waitsEnded += 1
    this.#wake()
  }

  log(name: string, partition = 0): MemoryLog {
    return this.topics.get(name)!.logs[partition]!
  }

  #broker(id: number): ScriptedBroker {
    const broker = this.network.broker(PORT + id)
    broker.on(METADATA, (request) => this.#metadata(request))
    broker.on(LIST_OFFSETS, (request) => this.#listOffsets(id, request))
    broker.on(PRODUCE, (request) => {
      const answer = this.produce(id, request)
      return request.acks === 0 ? SILENCE : answer
    })
    broker.on(FETCH, (request) => this.#poll(id, request))
    return broker
  }

  /** Waits until there is something to tell, or the wait is over. There are no sessions. */
  async #poll(id: number, request: FetchRequest): Promise<FetchResponseInit> {
    const ended = this.#waitsEnded
    for (;;) {
      const { answer, told } = this.fetch(id, request)
      if (told || this.#waitsEnded > ended) return answer
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #metadata({ topics }: MetadataRequest): MetadataResponseInit {
    const names = topics?.map(({ name, topicId }) => name ?? this.#nameOf(topicId))
    this.asked.push(names ?? ['*'])
    return {
      brokers: this.brokers.map((_, nodeId) => ({ nodeId, host: 'memory', port: PORT + nodeId })),
      clusterId: 'memory',
      controllerId: 0,
      topics: (names ?? [...this.topics.keys()]).map((name) => {
        const topic = this.topics.get(name)
        if (topic === undefined) {
          return { errorCode: ERRORS.UNKNOWN_TOPIC_OR_PARTITION.id, name, partitions: [] }
        }
        const partitions = topic.leaders.map((leaderId, partitionIndex) => ({
          errorCode: leaderId < 0 ? ERRORS.LEADER_NOT_AVAILABLE.id : 0,
          partitionIndex,
          leaderId,
          leaderEpoch: topic.epochs[partitionIndex]!,
          replicaNodes: [leaderId],
          isrNodes: [leaderId],
        }))
        return { errorCode: 0, name, topicId: topic.topicId, partitions }
      }),
    }
  }

  #nameOf(topicId: string): string {
    return [...this.topics.values()].find((topic) => topic.topicId === topicId)?.name ?? topicId
  }

  #listOffsets(
    id: number,
    { topics, isolationLevel }: ListOffsetsRequest,
  ): ListOffsetsResponseInit {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const refusal = this.#refusal(id, name, partitionIndex)
          if (refusal !== null) return { partitionIndex, errorCode: ERRORS[refusal].id }
          const log = this.log(name, partitionIndex)
          const endOffset = log.endFor(ISOLATIONS[isolationLevel]!)
          if (timestamp === -1) return { partitionIndex, errorCode: 0, offset: endOffset }
          if (timestamp === -2) return { partitionIndex, errorCode: 0, offset: log.logStartOffset }
          const found = log.findTimestamp(timestamp)
          const { offset, timestampMs } = found
          return { partitionIndex, errorCode: 0, offset, timestamp: timestampMs }
        }),
      })),
    }
  }

  produce(id: number, { topicData }: ProduceRequest): ProduceResponseInit {
    return {
      throttleTimeMs: 0,
      responses: topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index, records }) => {
          const refusal = this.#refusal(id, name, index)
          if (refusal !== null) return { index, errorCode: ERRORS[refusal].id, baseOffset: -1 }
          return { index, errorCode: 0, baseOffset: this.log(name, index).append(records!) }
        }),
      })),
    }
  }

  /** What a broker has for a request, and whether that is anything. */
  fetch(id: number, request: FetchRequest): { answer: FetchResponseInit; told: boolean } {
    const { topics, maxBytes, isolationLevel } = request
    const isolation = ISOLATIONS[isolationLevel]!
    let left = maxBytes
    let told = false
    const responses = topics.map(({ topic, topicId, partitions }) => {
      const name = topic === '' ? this.#nameOf(topicId) : topic
      return {
        topic: name,
        topicId,
        partitions: partitions.map(({ partition: partitionIndex, fetchOffset }) => {
          const refusal =
            this.#refusal(id, name, partitionIndex) ??
            this.#outside(name, partitionIndex, fetchOffset)
          const none = { partitionIndex, abortedTransactions: null, records: null }
          if (refusal !== null) {
            told = true
            return { ...none, errorCode: ERRORS[refusal].id, highWatermark: -1 }
          }
          const log = this.log(name, partitionIndex)
          const end = log.endFor(isolation)
          const { bytes, nextOffset } = log.read(fetchOffset, left, left > 0 ? end : 0)
          const isCommitted = isolation === 'read_committed'
          const abortedTransactions = isCommitted ? log.abortedIn(fetchOffset, nextOffset) : null
          left -= bytes.byteLength
          if (bytes.byteLength > 0) told = true
          const { endOffset: highWatermark, logStartOffset } = log
          const marks = { highWatermark, lastStableOffset: end, logStartOffset }
          return { ...none, errorCode: 0, ...marks, abortedTransactions, records: bytes }
        }),
      }
    })
    return { answer: { throttleTimeMs: 0, sessionId: 0, responses }, told }
  }

  #refusal(id: number, name: string, partition: number): ErrorCode | null {
    const leader = this.topics.get(name)?.leaders[partition]
    if (leader === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
    return leader === id ? null : 'NOT_LEADER_OR_FOLLOWER'
  }

  #outside(name: string, partition: number, offset: number): ErrorCode | null {
    const { logStartOffset, endOffset } = this.log(name, partition)
    return offset < logStartOffset || offset > endOffset ? 'OFFSET_OUT_OF_RANGE' : null
  }
}
