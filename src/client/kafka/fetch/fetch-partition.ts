// One partition of a fetch stream: where it reads, and what it is doing.

import type { Uuid } from '../../../base/uuid.ts'
import type { FetchState, PartitionStart, StartPosition } from '../../transport.ts'
import type { SluiceError } from '../../errors.ts'

/** starting ─► reading ─► failed        a seek leads back to starting, from anywhere */
export type FetchPhase = 'starting' | 'reading' | 'failed'

/** State only: the stream and its lanes change it. */
export class FetchPartition {
  readonly topic: string
  readonly partition: number
  tag: number
  start: StartPosition
  phase: FetchPhase = 'starting'
  paused = false
  /** Offset that the next batches are asked from. */
  nextOffset = -1
  highWatermark = -1
  logStartOffset = -1
  topicId: Uuid = ''
  leaderEpoch = -1
  /** Counts seeks. What was asked for under an older number is of no account any more. */
  generation = 0

  constructor({ topic, partition, start, tag }: PartitionStart) {
    this.topic = topic
    this.partition = partition
    this.start = start
    this.tag = tag
  }

  get readable(): boolean {
    return this.phase === 'reading' && !this.paused
  }

  /** The event that tells where it stands. */
  state(error: SluiceError | null): FetchState {
    const { topic, partition, tag, nextOffset, highWatermark, logStartOffset } = this
    if (error === null) {
      return { topic, partition, tag, nextOffset, highWatermark, logStartOffset, error }
    }
    return { topic, partition, tag, ...NOWHERE, error }
  }
}

/** Where a partition stands that can't be read. */
export const NOWHERE = { nextOffset: -1, highWatermark: -1, logStartOffset: -1 } as const
