// What a coordinator needs of its partition of an internal topic. The partition's leader stands behind
// it.

import type { PartitionMarker } from '../../replication/partition.ts'
import type { TransactionalWriter } from './step.ts'

/** The bytes of a record. */
export interface EncodedRecord {
  readonly key: Uint8Array
  /** Null deletes what the key names. */
  readonly value: Uint8Array | null
}

/** One thing that stands in the log. */
export type LogEntry =
  | {
      readonly kind: 'record'
      readonly record: EncodedRecord
      /** Who wrote it in a transaction; null for a plain record. */
      readonly producerId: number | null
    }
  | {
      readonly kind: 'marker'
      readonly producerId: number
      readonly outcome: 'committed' | 'aborted'
    }

export interface CoordinatorLog {
  /**
   * Gives everything that is in the log, in its order, once all of it is below the high watermark.
   *
   * @throws whatever keeps it from being read
   */
  load(take: (entry: LogEntry) => void): Promise<void>

  /**
   * Appends records, behind those of the calls before it. Called again without waiting.
   *
   * Records of one call stand in one batch where they fit; where they do not, a crash may leave the
   * first of them alone, which every step of a coordinator allows for.
   *
   * @returns when all of them are below the high watermark
   * @throws when they were not written, or when nobody knows: what was replayed is then not to be
   *   trusted
   */
  append(records: readonly EncodedRecord[]): Promise<void>

  /**
   * As `append`, in the transaction of a producer.
   *
   * @throws BrokerError during the call, when the log refuses the records: nothing was written then.
   *   What it rejects with is as of `append`
   */
  appendInTransaction(records: readonly EncodedRecord[], writer: TransactionalWriter): Promise<void>

  /**
   * Appends the marker that ends a transaction.
   *
   * @returns when it is below the high watermark
   * @throws as `appendInTransaction`
   */
  appendMarker(marker: PartitionMarker): Promise<void>

  /** Counts who led the partition: what an earlier coordinator has begun is told by it. @throws as `append` */
  readonly leaderEpoch: number
}
