// Messages of records that were sent and are not acknowledged, in their order: how much is under way,
// whether the client gets on with it, and what its acknowledgements mean for the partitions.

import type { OwnedPartition } from './owned-partition.ts'

interface SentMessage {
  readonly sequence: number
  readonly partition: OwnedPartition
  readonly generation: number
  /** Offset after its last record. Moves on over what follows and is not for clients. */
  endOffset: number
  readonly leaderEpoch: number
  readonly sizeBytes: number
}

/** Messages that may be under way, however small. */
const MAX_MESSAGES = 10_000

export class SentMessages {
  readonly #creditBytes: number
  readonly #monotonicMs: () => number
  #messages: SentMessage[] = []
  /** Of the oldest message in `#messages`: those before it are acknowledged. */
  #first = 0
  #sequence = 0
  #sizeBytes = 0
  #progressMs = 0

  /** @param creditBytes bytes that may be under way; the last message may overdraw it */
  constructor(creditBytes: number, monotonicMs: () => number) {
    this.#creditBytes = creditBytes
    this.#monotonicMs = monotonicMs
  }

  get count(): number {
    return this.#messages.length - this.#first
  }

  get isFull(): boolean {
    return this.roomBytes <= 0 || this.count >= MAX_MESSAGES
  }

  /** Bytes that may be sent before more is acknowledged. Negative when the last message overdrew it. */
  get roomBytes(): number {
    return this.#creditBytes - this.#sizeBytes
  }

  /** How long the client has acknowledged nothing, though there is something. */
  get stuckMs(): number {
    return this.count === 0 ? 0 : this.#monotonicMs() - this.#progressMs
  }

  /** @returns the sequence of the message */
  add(
    partition: OwnedPartition,
    {
      endOffset,
      leaderEpoch,
      sizeBytes,
    }: Pick<SentMessage, 'endOffset' | 'leaderEpoch' | 'sizeBytes'>,
  ): number {
    if (this.count === 0) this.#progressMs = this.#monotonicMs()
    this.#sequence += 1
    const { generation } = partition
    const sequence = this.#sequence
    this.#messages.push({ sequence, partition, generation, endOffset, leaderEpoch, sizeBytes })
    this.#sizeBytes += sizeBytes
    partition.inFlight += 1
    return sequence
  }

  /** What follows the last message of a partition, up to an offset, is not for clients. */
  passOver(partition: OwnedPartition, endOffset: number): void {
    if (partition.inFlight === 0) {
      partition.acknowledgedOffset = Math.max(partition.acknowledgedOffset, endOffset)
      return
    }
    const last = this.#messages.findLast((message) => message.partition === partition)!
    if (last.generation === partition.generation) last.endOffset = endOffset
  }

  /**
   * The client is done with all messages up to this one.
   *
   * @returns the partitions of which nothing is under way any more
   */
  acknowledge(sequence: number): OwnedPartition[] {
    const done: OwnedPartition[] = []
    for (; this.#first < this.#messages.length; this.#first++) {
      const message = this.#messages[this.#first]!
      if (message.sequence > sequence) break
      this.#progressMs = this.#monotonicMs()
      this.#sizeBytes -= message.sizeBytes
      const { partition } = message
      partition.inFlight -= 1
      if (message.generation === partition.generation) {
        partition.acknowledgedOffset = message.endOffset
        partition.acknowledgedEpoch = message.leaderEpoch
      }
      if (partition.inFlight === 0) done.push(partition)
    }
    // Half of the list is a good time to forget what is done: each message is then moved once.
    if (this.#first * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#first)
      this.#first = 0
    }
    return done
  }
}
