// A partition log as the commit rounds see it: bytes that were written, and are not on disk yet.

import type { File } from '../io/file-system.ts'
import type { Uuid } from '../base/uuid.ts'

/** A run of bytes of one segment that is not known to be on disk. */
export interface UnsyncedRange {
  readonly file: File
  /** Names the segment within its log. */
  readonly segmentBaseOffset: number
  readonly positionBytes: number
  readonly sizeBytes: number
}

/** What has to be on disk so that all records below `endOffset` are. */
export interface UnsyncedState {
  readonly endOffset: number
  /** In the order of the log. The .log files only: indexes are rebuilt from them. */
  readonly ranges: readonly UnsyncedRange[]
}

export interface DurableLog {
  /** The partition's directory name, as in `clicks-3`. */
  readonly name: string
  readonly topicId: Uuid

  /** Bytes written to the page cache and not known to be on disk. */
  readonly unsyncedBytes: number

  /** What a round that begins now has to make durable. Appends may go on while the round runs. */
  unsynced(): UnsyncedState

  /** Everything below `endOffset` survives a power cut from now on: in its files, or in the journal. */
  markDurable(endOffset: number): void

  /** Everything below `endOffset` is in its own files: the recovery point may move up to there. */
  markSynced(endOffset: number): void

  /** The disk failed for this log. It goes offline: appends are refused, waiters are told. */
  fail(error: Error): void
}
