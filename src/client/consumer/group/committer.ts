// Commits offsets for a group, one call after the other, and remembers what was committed.

import { partitionName } from '../../../base/topic-partition.ts'
import { SerialQueue } from '../../../base/serial-queue.ts'
import type { Clock } from '../../../io/clock.ts'
import type { RandomSource } from '../../../io/random.ts'
import { backoffMs } from '../../backoff.ts'
import { SluiceError } from '../../errors.ts'
import type { CommittedOffset, GroupCaller, OffsetToCommit } from '../../group-calls.ts'
import { sleep } from '../../sleep.ts'
import type { PartitionRef, Transport } from '../../transport.ts'
import { UNKNOWN_OFFSET } from '../assigned-partition.ts'
import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerSettings } from '../consumer-options.ts'
import type { Hand } from '../hand.ts'

/** Commits that may wait for those before them. */
const MAX_WAITING = 1_000

export interface CommitterParts {
  readonly transport: Transport
  readonly settings: ConsumerSettings
  readonly clock: Clock
  readonly random: RandomSource
  readonly hand: Hand
  /** Who commits now: it changes with every epoch of the member. @throws SluiceError */
  readonly caller: () => GroupCaller
  /** @throws SluiceError when the partition is not the consumer's to commit, now */
  readonly checkOwned: (ref: PartitionRef) => void
  /** The coordinator has said that the epoch is out of date: ask it for the new one. */
  readonly epochIsStale: () => void
}

export class Committer {
  readonly #parts: CommitterParts
  readonly #queue = new SerialQueue(MAX_WAITING)
  /** What the group has committed, as far as this consumer knows. */
  readonly #known = new Map<string, number>()

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  /** What was processed of these partitions, and is not committed yet. */
  due(partitions: readonly AssignedPartition[]): readonly OffsetToCommit[] {
    return this.#uncommitted(partitions, (each) => this.#parts.hand.processedOffset(each))
  }

  /** What was given out of these partitions, and is not committed yet. */
  positions(partitions: readonly AssignedPartition[]): readonly OffsetToCommit[] {
    return this.#uncommitted(partitions, ({ position }) => position)
  }

  /**
   * Commits, and tries again for as long as a call may take.
   *
   * @throws SluiceError what holds for all of them, or for the first that was refused
   */
  async commit(offsets: readonly OffsetToCommit[], timeoutMs: number): Promise<void> {
    if (offsets.length === 0) return
    if (this.#queue.size >= MAX_WAITING) {
      const message = `${MAX_WAITING} commits wait already: await some`
      throw new SluiceError('INVALID_STATE', {}, { message })
    }
    await this.#queue.run(async () => {
      await this.#again(timeoutMs, async (leftMs) => {
        for (const ref of offsets) this.#parts.checkOwned(ref)
        await this.#commitOnce(offsets, leftMs)
      })
    })
  }

  /** What the group has committed. @throws SluiceError as `commit` */
  async fetch(
    partitions: readonly PartitionRef[],
    timeoutMs: number,
  ): Promise<readonly CommittedOffset[]> {
    return await this.#again(timeoutMs, async (leftMs) => {
      const { transport, caller } = this.#parts
      const offsets = await transport.fetchOffsets(caller(), partitions, leftMs)
      for (const { error, topic, partition } of offsets) {
        if (error !== null) throw error.with({ topic, partition })
      }
      for (const { offset, ...ref } of offsets) this.#known.set(partitionName(ref), offset)
      return offsets
    })
  }

  /** The partitions are somebody else's from now on. */
  forget(partitions: Iterable<PartitionRef>): void {
    for (const ref of partitions) this.#known.delete(partitionName(ref))
  }

  #uncommitted(
    partitions: readonly AssignedPartition[],
    offsetOf: (partition: AssignedPartition) => number,
  ): OffsetToCommit[] {
    return partitions.flatMap((each) => {
      const offset = offsetOf(each)
      const isKnown = offset === UNKNOWN_OFFSET || this.#known.get(partitionName(each)) === offset
      return isKnown ? [] : [{ ...each.ref, offset }]
    })
  }

  async #commitOnce(offsets: readonly OffsetToCommit[], timeoutMs: number): Promise<void> {
    const { transport, caller } = this.#parts
    const outcomes = await transport.commitOffsets(caller(), offsets, timeoutMs)
    let refusal: SluiceError | null = null
    for (const [index, { error, topic, partition }] of outcomes.entries()) {
      if (error === null)
        this.#known.set(partitionName({ topic, partition }), offsets[index]!.offset)
      else refusal ??= error.with({ topic, partition })
    }
    if (refusal !== null) throw refusal
  }

  /** Makes a call again and again while its error may pass, until the time is over. */
  async #again<T>(timeoutMs: number, call: (leftMs: number) => Promise<T>): Promise<T> {
    const { clock, random, settings } = this.#parts
    const endMs = clock.monotonicMs() + timeoutMs
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(Math.max(1, endMs - clock.monotonicMs()))
      } catch (thrown) {
        const error = SluiceError.from(thrown)
        const isStale = error.code === 'STALE_MEMBER_EPOCH'
        if (isStale) this.#parts.epochIsStale()
        if (!isStale && !error.retriable) throw error
        const limits = { initialMs: settings.retryBackoffMs, maxMs: settings.retryBackoffMaxMs }
        const waitMs = backoffMs(limits, attempt, random, error.retryAfterMs)
        if (clock.monotonicMs() + waitMs >= endMs) throw error
        await sleep(clock, waitMs)
      }
    }
  }
}
