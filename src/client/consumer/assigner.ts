// What a consumer reads that no group assigns to it, and where reading begins.

import type { Clock, Timer } from '../../io/clock.ts'
import { partitionName } from '../../base/topic-partition.ts'
import { SluiceError } from '../errors.ts'
import type { PartitionRef, StartPosition, Transport } from '../transport.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { ConsumerSettings } from './consumer-options.ts'
import type { Fetcher } from './fetcher.ts'
import type { TopicFollower } from './topic-follower.ts'

/** A partition to read. */
export interface Assignment extends PartitionRef {
  /** Where to begin. Default: on as before, or as `autoOffsetReset` says. */
  readonly start?: StartPosition
}

export interface AssignerParts {
  readonly transport: Transport
  readonly fetcher: Fetcher
  readonly follower: TopicFollower
  readonly clock: Clock
  readonly settings: ConsumerSettings
}

export class Assigner {
  readonly #parts: AssignerParts

  constructor(parts: AssignerParts) {
    this.#parts = parts
  }

  /** Where a partition begins for which nothing else is said. */
  get defaultStart(): StartPosition {
    return { kind: this.#parts.settings.autoOffsetReset === 'latest' ? 'latest' : 'earliest' }
  }

  /** Reads all partitions of these topics, and those that are added to them later. */
  async subscribe(names: readonly string[], start = this.defaultStart): Promise<void> {
    const { transport, follower, settings } = this.#parts
    const described = await Promise.all(
      names.map((name) => transport.describeTopic(name, settings.requestTimeoutMs)),
    )
    const assignments = described.flatMap(({ name: topic, partitions }) => {
      return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, start }))
    })
    this.checkOpen()
    const confirmed = this.#assign(assignments)
    follower.follow(names)
    await confirmed
  }

  /** Reads these partitions, in place of whatever was read before. */
  async assign(assignments: readonly Assignment[]): Promise<void> {
    await this.#assign(assignments)
  }

  /** A partition that is read. @throws SluiceError INVALID_STATE, CLOSED */
  assigned(ref: PartitionRef): AssignedPartition {
    this.checkOpen()
    const assigned = this.#parts.fetcher.find(ref)
    if (assigned !== null) return assigned
    const { topic, partition } = ref
    const message = 'The partition is not assigned'
    throw new SluiceError('INVALID_STATE', { topic, partition }, { message })
  }

  /** Waits until the broker has said where reading begins, for as long as a call may take. */
  async confirmed(partitions: readonly AssignedPartition[]): Promise<void> {
    const { fetcher, clock, settings } = this.#parts
    let timer: Timer | null = null
    const timeout = new Promise<never>((_, reject) => {
      timer = clock.after(settings.requestTimeoutMs, () => {
        const message = 'No broker has said in time where reading begins'
        reject(new SluiceError('REQUEST_TIMED_OUT', {}, { message }))
      })
    })
    const alive = clock.keepAlive()
    try {
      const confirmed = Promise.all(partitions.map((each) => fetcher.confirmed(each)))
      await Promise.race([confirmed, timeout])
    } finally {
      alive.cancel()
      ;(timer as Timer | null)?.cancel()
    }
  }

  checkOpen(): void {
    if (!this.#parts.fetcher.closed) return
    throw new SluiceError('CLOSED', {}, { message: 'The consumer was closed' })
  }

  async #assign(assignments: readonly Assignment[]): Promise<void> {
    const { fetcher, follower } = this.#parts
    const wanted = new Set(assignments.map(partitionName))
    const present = fetcher.partitions()
    follower.stop()
    fetcher.unassign(present.filter((each) => !wanted.has(partitionName(each))))
    const starts = assignments
      .filter((assignment) => assignment.start !== undefined || !fetcher.find(assignment))
      .map(({ topic, partition, start = this.defaultStart }) => ({ topic, partition, start }))
    fetcher.assign(starts)
    await this.confirmed(starts.map((start) => this.assigned(start)))
  }
}
