// The batches of one partition, from the first that is not acknowledged to the one that is filled.

import type { SluiceErrorCode } from '../errors.ts'
import type { ProducerIdentity } from '../transport.ts'
import type { ProducerBatch } from './batch.ts'

/** State only: RecordBuffer puts batches in, Sender takes them out. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** The batch that records are added to. */
  open: ProducerBatch | null = null
  /** Batches to send, the first to go first. */
  readonly ready: ProducerBatch[] = []
  /** Requests that hold a batch of this partition and are not answered. */
  inFlightCount = 0
  /** Batches that are to be tried again once `inFlightCount` is 0, in the order of their sending. */
  readonly refused: ProducerBatch[] = []
  /** Most of its batches that may be in flight. */
  inFlightLimit = Infinity
  /** Who its batches say has made them; null before the first, and without idempotence. */
  identity: ProducerIdentity | null = null
  /** Sequence of the next batch that is sent for the first time. */
  nextSequence = 0
  /** `order` of that batch. */
  nextOrder = 0
  /** The largest `order` of a batch that was stored. */
  storedOrder = -1
  /** Why its sequences have to begin anew, once nothing is in flight; null when they need not. */
  outOfStep: SluiceErrorCode | null = null
  /** How often they did since a batch was stored. */
  restarts = 0
  /** True while nothing may be sent: outcomes or the end of a wait are to be seen first. */
  blocked = false

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** True when there is a batch that may go now. */
  get sendable(): boolean {
    if (this.blocked || this.inFlightCount >= this.inFlightLimit) return false
    return this.ready.length > 0 || this.open?.due === true
  }

  /** Takes a batch out, wherever it waits. Does nothing for one that is in flight. */
  remove(batch: ProducerBatch): void {
    if (this.open === batch) this.open = null
    for (const list of [this.ready, this.refused]) {
      const at = list.indexOf(batch)
      if (at >= 0) list.splice(at, 1)
    }
  }
}
