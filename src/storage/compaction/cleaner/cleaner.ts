// Who reads a log and writes its segments without what compaction removes: beside the event loop, or on
// it in tests. Everything that is asked and answered can be sent to another thread.
//
//   begin ─► the keys of what is dirty are read
//   next  ─► one segment made of one or more ─┐   what it is to replace is replaced by who asked,
//   next  ─► …  ─► null: all are done         │   before the next one is asked for
//   end   ─► nothing of the log is touched    ▼   any more

import type { AbortedTransaction, LastBatch } from '../../producer-state/producer-table.ts'

/** A closed segment of the log. */
export interface JobSegment {
  readonly baseOffset: number
  /** Offset after its last record: where the next segment begins. */
  readonly endOffset: number
  readonly sizeBytes: number
}

/** What is to be done to one log. */
export interface CleaningJob {
  /** The partition's directory. */
  readonly directory: string
  /** From the first of the log on, as far as they may be touched. */
  readonly segments: readonly JobSegment[]
  /** The transactions that were aborted, of those that have records in the segments. */
  readonly aborted: readonly AbortedTransaction[]
  /** Below it every key stands once, but for what a pass that was cut short left. */
  readonly firstDirtyOffset: number
  /** Those whose last batch has to stay: sequences and epochs go on from there. */
  readonly producers: readonly LastBatch[]
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number
  /** How long tombstones and markers stay, once what they are about is gone. */
  readonly deleteRetentionMs: number
  /** Bounds of the segments that are made, as for those that are appended to. */
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
}

/** What the cleaner may use. */
export interface CleanerLimits {
  /** Memory for keys; log.cleaner.dedupe.buffer.size. */
  readonly keyBytes: number
  /** Bytes that are read at a time; log.cleaner.io.buffer.size. */
  readonly ioBufferBytes: number
  /** Bytes read and written in a second; log.cleaner.io.max.bytes.per.second. Infinity: no bound. */
  readonly ioBytesPerSecond: number
}

export interface KeysRead {
  /** The keys of all records below it are known. Less than the end of the job's segments when there
   *  are more keys than fit: another job begins there. */
  readonly endOffset: number
  readonly keyCount: number
}

/** What became of one segment, or of several that follow each other. */
export interface CleanedGroup {
  /** Base offsets of those that were read; the first is also that of the one that was made. */
  readonly baseOffsets: readonly number[]
  /** False: nothing goes, and no file was made. */
  readonly changed: boolean
  readonly sizeBytesBefore: number
  readonly sizeBytes: number
}

/** What a job has cost so far. */
export interface CleanerWork {
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly recordsRemoved: number
}

export interface Cleaner {
  /**
   * Begins a job, and reads the keys of what is dirty. One job at a time.
   *
   * @throws DamageFound · JobCancelled · the system's error
   */
  begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead>

  /**
   * Makes the next segment: `.log.cleaned`, and beside it the indexes, as `.swap`. All of it is on
   * disk then, names included.
   *
   * @returns null when no segment of the job is left
   * @throws as `begin`
   */
  next(): Promise<CleanedGroup | null>

  /** Ends the job, wherever it stands. */
  end(): Promise<CleanerWork>

  /** What runs fails with JobCancelled, soon. */
  cancel(): void

  /** Gives everything back. No job follows. */
  close(): Promise<void>
}

/** Bytes of a segment that are no batch, or not the one that was written. */
export class DamageFound extends Error {
  override readonly name = 'DamageFound'
  readonly segmentBaseOffset: number
  readonly positionBytes: number
  readonly fault: string

  constructor(segmentBaseOffset: number, positionBytes: number, fault: string) {
    super(`damaged at byte ${positionBytes} of segment ${segmentBaseOffset}: ${fault}`)
    this.segmentBaseOffset = segmentBaseOffset
    this.positionBytes = positionBytes
    this.fault = fault
  }
}

/** Nobody wants the result any more. */
export class JobCancelled extends Error {
  override readonly name = 'JobCancelled'
}
