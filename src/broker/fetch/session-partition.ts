// One partition of a fetch session: where it reads, and what it is doing.

import type { BrokerError } from '../../base/errors.ts'
import { FetchWaiter } from '../../replication/fetch-waiters.ts'
import type { BatchSlice, ReadablePartition } from '../../replication/readable-partition.ts'
import type { PartitionStart, PartitionState, Tag } from '../fetch-sink.ts'
import { readableEnd, type Isolation } from '../position.ts'

/** What a session's partition does:
 *
 *   starting ─► reading ─► failed        a seek leads back to starting, from anywhere
 */
export type SessionPhase = 'starting' | 'reading' | 'failed'

/** The session, as its partitions call it. */
export interface SessionPartitionOwner {
  mayHaveMore(partition: SessionPartition): void
  lost(partition: SessionPartition, error: BrokerError): void
}

/**
 * Stands in one list at a time: the session's ready list while there is something to push, or the
 * waiters of its partition while there is not. In neither while it is paused, starting, failed, or
 * waits for the disk.
 */
export class SessionPartition extends FetchWaiter {
  readonly topic: string
  readonly partition: number
  readonly isolation: Isolation
  tag: Tag
  phase: SessionPhase = 'starting'
  paused = false
  /** Offset that the next push begins at. */
  nextOffset = -1
  /** Mark under which a read found nothing: there is no use in reading before it moves. */
  emptyAt = -1
  /** Where it stood when the last read began. */
  readUnder = -1
  /** What is read. Null until the first start succeeded. */
  source: ReadablePartition | null = null
  /** Why it failed. */
  error: BrokerError | null = null
  /** Read from the disk, and not pushed yet. */
  held: BatchSlice | null = null
  /** A read from the disk is under way. */
  fetching = false
  /** Counts seeks. Whatever was begun under an older number is of no account any more. */
  generation = 0
  readonly #owner: SessionPartitionOwner

  constructor(owner: SessionPartitionOwner, { topic, partition, tag, isolation }: PartitionStart) {
    super()
    this.isolation = isolation ?? 'uncommitted'
    this.#owner = owner
    this.topic = topic
    this.partition = partition
    this.tag = tag
  }

  /** Nothing at or above it is read: the high watermark, or the last stable offset. There must be a
   *  source. */
  get mark(): number {
    return readableEnd(this.source!, this.isolation)
  }

  override highWatermarkMoved(): void {
    this.#owner.mayHaveMore(this)
  }

  override partitionLost(error: BrokerError): void {
    this.#owner.lost(this, error)
  }

  /** The state event that is due. */
  state(): PartitionState {
    const { topic, partition, tag, source, error } = this
    if (error !== null || source === null) return refusedState(this, error)
    const { highWatermark, lastStableOffset, logStartOffset } = source
    const marks = { highWatermark, lastStableOffset, logStartOffset }
    return { topic, partition, tag, nextOffset: this.nextOffset, ...marks, error: null }
  }
}

/** The state of a partition that will not be read. */
export function refusedState(
  { topic, partition, tag }: Pick<PartitionStart, 'topic' | 'partition' | 'tag'>,
  error: BrokerError | null,
): PartitionState {
  const none = { nextOffset: -1, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 }
  return { topic, partition, tag, ...none, error }
}
