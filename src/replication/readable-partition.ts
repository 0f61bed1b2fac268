// A partition as its readers see it.

import type { AbortedTransaction } from '../storage/producer-state/producer-table.ts'
import { NONE_ABORTED } from '../storage/segment/aborted-search.ts'
import type { FetchWaiter } from './fetch-waiters.ts'

export { NONE_ABORTED, type AbortedTransaction }

/** Whole batches, one after the other, as they stand in the log. */
export interface BatchSlice {
  /** Empty when there is nothing to read at the offset yet. */
  readonly batches: Buffer
  /** Offset after the last record of `batches`: where the next read goes on. */
  readonly nextOffset: number
  /**
   * The aborted transactions that have records in `batches`, by their markers: for who reads what is
   * committed. Their records begin at `firstOffset` and end with the marker.
   */
  readonly aborted: readonly AbortedTransaction[]
}

export interface ReadLimits {
  /** Most bytes of batches, 1 or more. */
  readonly maxBytes: number
  /** The first batch comes whole even when it alone is larger (KIP-74). */
  readonly atLeastOneBatch: boolean
  /** Default: `uncommitted`. */
  readonly isolation?: Isolation
  /** Gives memory of exactly so many bytes to read into. Default: new. */
  readonly memory?: (sizeBytes: number) => Buffer
}

/**
 * What a reader wants of transactions: all there is below the high watermark, or only what stands below
 * the last stable offset. Kafka's read_uncommitted and read_committed.
 */
export type Isolation = 'uncommitted' | 'committed'

/** A record found by its timestamp. */
export interface FoundOffset {
  readonly offset: number
  readonly timestampMs: number
  /** Epoch that the record was written in; -1 if unknown. */
  readonly leaderEpoch: number
}

/** Where the records of an epoch end. Meaning: storage/leader-epochs.ts. */
export interface EpochEnd {
  /** -1 when the log knows no such epoch. */
  readonly epoch: number
  readonly endOffset: number
}

export interface ReadablePartition {
  readonly topic: string
  readonly partition: number

  /** Records below it may be read. */
  readonly highWatermark: number

  /** Below it every transaction is decided. At or below the high watermark. */
  readonly lastStableOffset: number

  /** First offset that may be read. */
  readonly logStartOffset: number

  /** True when the topic's configuration says that its batches are zstd. */
  readonly holdsZstd: boolean

  /** Counts leaderships of the partition. */
  readonly leaderEpoch: number

  /**
   * @param known the epoch that the reader believes in; negative: it does not say
   * @throws BrokerError FENCED_LEADER_EPOCH when it is older than the leader's, UNKNOWN_LEADER_EPOCH
   *   when it is newer
   */
  checkLeaderEpoch(known: number): void

  /** The largest epoch at or below `epoch`, and the offset after its last record. */
  endOfEpoch(epoch: number): EpochEnd

  /** The epoch that the record at `offset` was or will be written in. */
  epochAt(offset: number): number

  /**
   * @throws BrokerError OFFSET_OUT_OF_RANGE with the facts `log_start_offset` and `high_watermark`,
   *   when a reader can't stand at `offset`: below the log start, or above the end of the log
   */
  checkOffset(offset: number): void

  /**
   * Reads batches from the one that holds `offset` on, and nothing above the high watermark; or the last
   * stable offset, for who reads what is committed. A promise when the bytes have to come from the disk.
   *
   * @throws BrokerError as `checkOffset`; KAFKA_STORAGE_ERROR when the log is offline;
   *   UNKNOWN_TOPIC_OR_PARTITION when the partition was deleted
   */
  read(offset: number, limits: ReadLimits): BatchSlice | Promise<BatchSlice>

  /**
   * The first record below the high watermark, or the last stable offset, that has this timestamp or a
   * later one, or null.
   *
   * @param timestampMs milliseconds since 1970
   * @param isolation default: `uncommitted`
   */
  findOffset(timestampMs: number, isolation?: Isolation): Promise<FoundOffset | null>

  /** The first record that has the largest timestamp in the log, when it stands below that mark; or null. */
  findLargestTimestamp(isolation?: Isolation): Promise<FoundOffset | null>

  /**
   * Calls the waiter once the high watermark moves; or the last stable offset, for who reads what is
   * committed. See `FetchWaiters.add`.
   *
   * @param isolation default: `uncommitted`
   * @throws BrokerError as `read`; THROTTLING_QUOTA_EXCEEDED when too many wait
   */
  waitForMore(waiter: FetchWaiter, isolation?: Isolation): void
}

/** Where readers find partitions. */
export interface PartitionDirectory {
  /**
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER or KAFKA_STORAGE_ERROR
   */
  partition(topic: string, partition: number): ReadablePartition

  /** Partitions of a topic, numbered from 0. @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
  partitionCount(topic: string): number
}
