// Copies the new bytes of a round from the logs' own files into the commit journal. They were
// written a moment ago, so they come out of the page cache.

import { parsePartitionName } from '../../base/topic-partition.ts'
import type { File } from '../../io/file-system.ts'
import type { DurableLog, UnsyncedRange, UnsyncedState } from '../durable-log.ts'
import { encodeEntryHeader, ENTRY_HEADER_BYTES, type Crc32c } from './journal-format.ts'

/** What one log gives to a round. */
export interface RoundWrite {
  readonly log: DurableLog
  readonly state: UnsyncedState
}

/** A log whose own file could not be read back. */
export interface UnreadableLog {
  readonly log: DurableLog
  readonly error: Error
}

/** Where a round's entries go. */
export interface JournalTarget {
  readonly file: File
  readonly fileNumber: number
  /** Where the round's first entry goes. */
  readonly positionBytes: number
}

/** Copied bytes wait here, so that most rounds are one write. Also bounds an entry. */
const STAGING_BYTES = 1024 * 1024

export class JournalCopier {
  readonly #crc32c: Crc32c
  #staging: Buffer | null = null

  constructor(crc32c: Crc32c) {
    this.#crc32c = crc32c
  }

  /**
   * Writes one entry for each range of each log; not synced.
   *
   * @param unreadable gets the logs that could not be read: parts of them may stand in the journal
   * @returns the position behind the last entry
   * @throws the system's error when the journal cannot be written
   */
  copy(target: JournalTarget, writes: readonly RoundWrite[], unreadable: UnreadableLog[]): number {
    const staging = (this.#staging ??= Buffer.allocUnsafeSlow(STAGING_BYTES))
    let positionBytes = target.positionBytes
    let stagedBytes = 0

    for (const { log, state } of writes) {
      for (const piece of pieces(state)) {
        const needed = ENTRY_HEADER_BYTES + piece.sizeBytes
        if (stagedBytes + needed > STAGING_BYTES) {
          target.file.write([staging.subarray(0, stagedBytes)], positionBytes)
          positionBytes += stagedBytes
          stagedBytes = 0
        }
        const error = this.#stage(target, log, piece, staging, stagedBytes)
        if (error !== null) {
          unreadable.push({ log, error })
          break
        }
        stagedBytes += needed
      }
    }
    if (stagedBytes > 0) target.file.write([staging.subarray(0, stagedBytes)], positionBytes)
    return positionBytes + stagedBytes
  }

  /** Writes a void for a log. @returns the position behind it @throws the system's error */
  void(target: JournalTarget, log: DurableLog): number {
    const header = Buffer.alloc(ENTRY_HEADER_BYTES)
    const entry = {
      sizeBytes: 0,
      roundPositionBytes: target.positionBytes,
      topicId: log.topicId,
      partition: parsePartitionName(log.name)!.partition,
      segmentBaseOffset: 0,
      positionBytes: 0,
      endOffset: 0,
    }
    encodeEntryHeader(header, 0, target.fileNumber, entry, this.#crc32c)
    target.file.write([header], target.positionBytes)
    return target.positionBytes + ENTRY_HEADER_BYTES
  }

  #stage(
    target: JournalTarget,
    log: DurableLog,
    piece: Piece,
    staging: Buffer,
    at: number,
  ): Error | null {
    const from = at + ENTRY_HEADER_BYTES
    const { file, positionBytes, sizeBytes } = piece
    try {
      const found = file.read(staging.subarray(from, from + sizeBytes), positionBytes)
      if (found < sizeBytes) return new Error(`${file.path} ends at byte ${positionBytes + found}`)
    } catch (error) {
      return error as Error
    }
    const entry = {
      sizeBytes,
      roundPositionBytes: target.positionBytes,
      topicId: log.topicId,
      partition: parsePartitionName(log.name)!.partition,
      segmentBaseOffset: piece.segmentBaseOffset,
      positionBytes,
      endOffset: piece.endOffset,
    }
    encodeEntryHeader(staging, at, target.fileNumber, entry, this.#crc32c)
    return null
  }
}

/** Most bytes that the ranges of `state` take in a journal. */
export function journalBytesOf(state: UnsyncedState): number {
  let sum = 0
  for (const { sizeBytes } of state.ranges) {
    const pieceCount = Math.ceil(sizeBytes / (STAGING_BYTES - ENTRY_HEADER_BYTES))
    sum += sizeBytes + pieceCount * ENTRY_HEADER_BYTES
  }
  return sum
}

/** The files of `state`, each with the offset after its last record: where the next one begins. */
export function fileEnds({ ranges, endOffset }: UnsyncedState): Map<File, number> {
  const ends = new Map<File, number>()
  for (const [at, { file }] of ranges.entries()) {
    const next = ranges.slice(at + 1).find((range) => range.file !== file)
    ends.set(file, next?.segmentBaseOffset ?? endOffset)
  }
  return ends
}

interface Piece extends UnsyncedRange {
  readonly endOffset: number
}

/** The ranges, cut so that each fits the staging buffer with its header. */
function* pieces(state: UnsyncedState): Generator<Piece> {
  const mostBytes = STAGING_BYTES - ENTRY_HEADER_BYTES
  const ends = fileEnds(state)
  for (const range of state.ranges) {
    for (let done = 0; done < range.sizeBytes; done += mostBytes) {
      yield {
        ...range,
        positionBytes: range.positionBytes + done,
        sizeBytes: Math.min(mostBytes, range.sizeBytes - done),
        endOffset: ends.get(range.file)!,
      }
    }
  }
}
