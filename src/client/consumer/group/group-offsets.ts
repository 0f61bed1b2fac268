// What a user does with the offsets of the group: commits them, by hand or in a transaction, asks for
// them, and goes back to them.

import { SluiceError } from '../../errors.ts'
import type { CommittedOffset, GroupCaller, OffsetToCommit } from '../../group-calls.ts'
import type { TakenOffsets } from '../../offset-source.ts'
import type { PartitionRef, StartPosition } from '../../transport.ts'
import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerSettings } from '../consumer-options.ts'
import type { Fetcher } from '../fetcher.ts'
import type { Hand } from '../hand.ts'
import { isUnplaced, noCommittedOffset, startOf } from './committed-start.ts'
import type { Committer } from './committer.ts'
import type { GroupSettings } from './group-options.ts'
import type { UnsettledReads } from './unsettled-reads.ts'

export interface GroupOffsetsParts {
  readonly fetcher: Fetcher
  readonly hand: Hand
  readonly unsettled: UnsettledReads | null
  readonly settings: ConsumerSettings
  readonly group: GroupSettings
  readonly committer: Committer
  /** @throws SluiceError UNKNOWN_MEMBER_ID */
  readonly caller: () => GroupCaller
  /** @throws SluiceError INVALID_STATE */
  readonly checkOwned: (ref: PartitionRef) => void
  /** The partitions that it commits for, and whose position says something. */
  readonly placed: () => readonly AssignedPartition[]
}

export class GroupOffsets {
  readonly #parts: GroupOffsetsParts

  constructor(parts: GroupOffsetsParts) {
    this.#parts = parts
  }

  /** Commits what was given out. @throws SluiceError */
  async commitPositions(): Promise<void> {
    const { hand, settings, unsettled } = this.#parts
    const placed = this.#parts.placed()
    const offsets = this.#parts.committer.positions(placed)
    const positions = placed.map(({ ref, position }) => ({ ...ref, offset: position }))
    hand.clear()
    await this.#parts.committer.commit(offsets, settings.requestTimeoutMs)
    unsettled?.committed(positions)
  }

  /** @throws SluiceError */
  async commitOffsets(offsets: readonly OffsetToCommit[]): Promise<void> {
    const { hand, fetcher, settings, unsettled } = this.#parts
    for (const ref of offsets) this.#parts.checkOwned(ref)
    for (const given of offsets) {
      const assigned = fetcher.find(given)
      if (assigned !== null) hand.processed(assigned, given.offset)
    }
    await this.#parts.committer.commit(offsets, settings.requestTimeoutMs)
    unsettled?.committed(offsets)
  }

  async committed(partitions: readonly PartitionRef[]): Promise<readonly CommittedOffset[]> {
    return await this.#parts.committer.fetch(partitions, this.#parts.settings.requestTimeoutMs)
  }

  /**
   * Offsets for a transaction to commit: those of everything that was read and is not committed, unless
   * others are given.
   *
   * @throws SluiceError INVALID_STATE, UNKNOWN_MEMBER_ID
   */
  takeOffsets(offsets: readonly OffsetToCommit[] | undefined): TakenOffsets {
    const { unsettled } = this.#parts
    if (unsettled === null) {
      const message =
        'Its offsets are committed by itself: with transactions enableAutoCommit is false'
      throw new SluiceError('INVALID_STATE', {}, { message })
    }
    unsettled.check(offsets ?? [])
    const taken = offsets ?? unsettled.offsets()
    for (const ref of taken) this.#parts.checkOwned(ref)
    const committed = (): void => unsettled.committed(taken)
    return { caller: this.#parts.caller(), offsets: taken, committed }
  }

  /**
   * The reader goes back: where to in each of its partitions.
   *
   * @throws SluiceError NO_COMMITTED_OFFSET, and what the coordinator refuses with
   */
  async goBack(): Promise<readonly (PartitionRef & { readonly start: StartPosition })[]> {
    const { fetcher, group, settings, unsettled } = this.#parts
    const committed = await this.committed(fetcher.partitions().map(({ ref }) => ref))
    const unplaced = committed.find((each) => isUnplaced(each, settings))
    if (unplaced !== undefined) throw noCommittedOffset(unplaced, group.groupId)
    unsettled?.clear()
    return committed.map((each) => ({ ...each, start: startOf(each, settings) }))
  }
}
