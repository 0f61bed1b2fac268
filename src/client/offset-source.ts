// Offsets of a group on their way into a transaction: a consumer gives them, a producer takes them.

import type { GroupCaller, OffsetToCommit } from './group-calls.ts'

export interface TakenOffsets {
  readonly caller: GroupCaller
  readonly offsets: readonly OffsetToCommit[]
  /** To be called when the transaction is committed. */
  readonly committed: () => void
}

/** Who has read what the records of a transaction were made of. */
export interface OffsetSource {
  /**
   * The offsets to add, and for whom, as it stands now.
   *
   * @param offsets default: of everything that was given out
   * @throws SluiceError INVALID_STATE when a partition is somebody else's by now, so that what was read of it
   *   is read again there · UNKNOWN_MEMBER_ID
   */
  take(offsets: readonly OffsetToCommit[] | undefined): TakenOffsets
}

/** How a consumer is asked for it. */
export const OFFSET_SOURCE: unique symbol = Symbol('offsets of the group')

/** A consumer, as a transaction sees it. */
export interface OffsetGiver {
  [OFFSET_SOURCE](): OffsetSource
}

/** A group whose offsets nobody but the caller commits. */
export interface GroupRef {
  readonly groupId: string
}
