// What a fetch session gives out: the side that a front implements.

import type { BrokerError } from '../base/errors.ts'
import type { AbortedTransaction } from '../replication/readable-partition.ts'
import type { Isolation, Position } from './position.ts'

/** The client's mark on what it asked for. It comes back as it was given. */
export type Tag = number | bigint

/** A partition to read, and from where. */
export interface PartitionStart {
  readonly topic: string
  readonly partition: number
  readonly start: Position
  readonly tag: Tag
  /** Default: `uncommitted`; a seek leaves it as it is. */
  readonly isolation?: Isolation
}

export interface PushedBatches {
  readonly topic: string
  readonly partition: number
  readonly tag: Tag
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** The aborted transactions that have records in `batches`; for who reads what is committed. */
  readonly aborted: readonly AbortedTransaction[]
  /** Whole batches. The first may begin below the offset asked for. The session keeps no hold of it. */
  readonly batches: Buffer
}

/** Sent once for each assign and seek, and when a partition can't go on. */
export interface PartitionState {
  readonly topic: string
  readonly partition: number
  readonly tag: Tag
  /** Offset of the next record that will be sent. -1 with an error, as are those below. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly error: BrokerError | null
}

export interface FetchSink {
  /** @returns false when the session has to hold everything until `resumeSink()`. The batches given
   *   are taken in any case. */
  batches(event: PushedBatches): boolean

  /** @returns as `batches` */
  state(event: PartitionState): boolean

  /** Nothing else was sent for a while. @param timeMs the broker's clock, milliseconds since 1970 */
  heartbeat(timeMs: number): void
}
