// Partitions over logs in memory, and what produce and fetch services take from them.

import { BrokerError } from '../../src/base/errors.ts'
import type { PartitionOptions } from '../../src/replication/partition-options.ts'
import { Partition } from '../../src/replication/partition.ts'
import { MemoryLeaderLog } from './memory-leader-log.ts'

export const PARTITION_OPTIONS: PartitionOptions = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 604_800_000,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
  maxMessageBytes: 1_048_588,
  messageTimestampType: 'CreateTime',
  cleanupPolicy: ['delete'],
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 86_400_000,
  flushPolicy: 'disk',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
  minInsyncReplicas: 1,
  compressionType: 'producer',
}

export interface TestPartition {
  readonly log: MemoryLeaderLog
  readonly partition: Partition
}

/** A partition over a log in memory. */
export function testPartition(
  topic: string,
  partition = 0,
  options: Partial<PartitionOptions> = {},
): TestPartition {
  const log = new MemoryLeaderLog()
  const made = new Partition({
    topic,
    partition,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    log,
    trim: async (offset) => void (log.logStartOffset = Math.max(log.logStartOffset, offset)),
    leaderEpoch: 3,
    replicaCount: 2,
    options: { ...PARTITION_OPTIONS, ...options },
  })
  log.advanced = () => made.logAdvanced()
  return { log, partition: made }
}

/** Topics with their partitions, as the replica manager has them. */
export class TestPartitions {
  readonly #topics = new Map<string, TestPartition[]>()

  add(topic: string, count = 1, options: Partial<PartitionOptions> = {}): TestPartition[] {
    const made = Array.from({ length: count }, (_, n) => testPartition(topic, n, options))
    this.#topics.set(topic, made)
    return made
  }

  /** A partition with its log, for tests of topics that the code under test has made. */
  made(topic: string, partition = 0): TestPartition {
    return this.#topics.get(topic)![partition]!
  }

  all(): TestPartition[] {
    return [...this.#topics.values()].flat()
  }

  hasTopic(topic: string): boolean {
    return this.#topics.has(topic)
  }

  partitionCount(topic: string): number {
    const found = this.#topics.get(topic)
    if (found !== undefined) return found.length
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic })
  }

  partition(topic: string, partition: number): Partition {
    const found = this.#topics.get(topic)?.[partition]
    if (found !== undefined) return found.partition
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
  }
}
