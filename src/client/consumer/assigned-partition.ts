// One partition that a consumer reads.

import type { SluiceError } from '../errors.ts'
import type { PartitionRef, StartPosition } from '../transport.ts'

/** A place that nobody has told us yet. */
export const UNKNOWN_OFFSET = -1

/** State only: Fetcher changes it. */
export class AssignedPartition {
  readonly topic: string
  readonly partition: number
  /** Where to begin while `position` is not known. */
  start: StartPosition
  /** Offset of the next record to give to the user, or UNKNOWN_OFFSET. */
  position = UNKNOWN_OFFSET
  /** What is sent for the partition under another tag is out of date. */
  tag: number
  paused = false
  /** Held back by the consumer itself, whether or not the user has paused it. */
  held = false
  /** Something came while it was paused or held, and was thrown away. */
  missed = false
  /** Errors that came one after the other, with nothing good between. */
  failures = 0
  /** Why nothing comes; told to the user at the next chance. */
  error: SluiceError | null = null
  /** Those who wait until the broker has said where reading begins. */
  waiters: { readonly resolve: () => void; readonly reject: (error: SluiceError) => void }[] = []

  constructor({ topic, partition }: PartitionRef, start: StartPosition, tag: number) {
    this.topic = topic
    this.partition = partition
    this.start = start
    this.tag = tag
    if (start.kind === 'offset') this.position = start.offset
  }

  get ref(): PartitionRef {
    return { topic: this.topic, partition: this.partition }
  }

  get isStopped(): boolean {
    return this.paused || this.held
  }

  /** Where to read on: at the position, or at the start while that is not known. */
  get resumeAt(): StartPosition {
    if (this.position === UNKNOWN_OFFSET) return this.start
    return { kind: 'offset', offset: this.position }
  }

  /** True when the broker has said where reading begins. */
  confirmed = false

  confirm(): void {
    this.confirmed = true
    const { waiters } = this
    this.waiters = []
    for (const { resolve } of waiters) resolve()
  }

  /** @returns false when nobody waits, so that the error has to be told in another way */
  refuse(error: SluiceError): boolean {
    const { waiters } = this
    this.waiters = []
    for (const { reject } of waiters) reject(error)
    return waiters.length > 0
  }
}
