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

  /** Bytes written to the page cache and not durable: neither their files nor a journal has them. */
  readonly unsyncedBytes: number

  /** What a round that begins now has to make durable: all that is written above the durable offset.
   *  Appends may go on while the round runs. The files stay open until `markSynced` covers them. */
  unsynced(): UnsyncedState

  /**
   * Brings to disk what else has to be there before `markSynced` of what is written now: the names of
   * its files, and what is not found again by reading them. Never runs twice at a time for one log.
   *
   * The journal needs none of it: its replay makes files that are missing.
   *
   * @throws the system's error; the log has to go offline
   */
  syncBeside(): Promise<void>

  /** Everything below `endOffset` survives a power cut from now on: in its files, or in the journal. */
  markDurable(endOffset: number): void

  /** Everything below `endOffset` is in its own files: the recovery point may move up to there. */
  markSynced(endOffset: number): void

  /** The disk failed for this log. It goes offline: appends are refused, waiters are told. */
  fail(error: Error): void
}
