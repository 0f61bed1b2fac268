// A partition while a session owns it: where it is read, and up to where its records are acknowledged.

import type { Timer } from '../../io/clock.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Position } from '../position.ts'

/** A partition to read, where the group has left off. */
export interface StartingPartition extends TopicPartition {
  readonly topicId: Uuid
  /** -1 when the group has committed nothing. */
  readonly committedOffset: number
}

export class OwnedPartition implements TopicPartition {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
  /** What the group has on record; -1 for nothing. */
  committedOffset: number
  /** Where it was told to begin: asked for again when it can't be read for a while. */
  start: Position
  /** Offset of the next record to send; -1 while that is not known. */
  nextOffset = -1
  /** Up to where the client is done, the next offset to commit; -1 while that is not known. */
  acknowledgedOffset = -1
  /** Leader epoch of the last record that was acknowledged; -1 when it is not known. */
  acknowledgedEpoch = -1
  /** Messages that were sent and not acknowledged. */
  inFlight = 0
  /** Counts seeks: what was sent before the last one moves nothing when it is acknowledged. */
  generation = 0
  /** The client wants to hear where it begins. */
  announces = true
  /** The client has heard that it has it. */
  isAnnounced = false
  isPaused = false
  /** False once it is to be given up: nothing more is sent. */
  isReading = true
  /** Set while it can't be read and is to be tried again. */
  retry: Timer | null = null

  constructor({ topic, topicId, partition, committedOffset }: StartingPartition, start: Position) {
    this.topic = topic
    this.topicId = topicId
    this.partition = partition
    this.committedOffset = committedOffset
    this.start = start
  }

  /** Whether there is something to commit. */
  get hasMoved(): boolean {
    return this.acknowledgedOffset >= 0 && this.acknowledgedOffset !== this.committedOffset
  }
}
