// Which leader epoch each offset of a log was written in, for finding where two logs parted.
//
//   epochs   0        3             4            one entry where an epoch begins:
//   offsets  0 ······ 120 ········· 155 ····►    (0, 0) (3, 120) (4, 155)
//
// Both numbers rise strictly. Batches carry the epoch too, so entries at or above the recovery point
// are found again by recovery; those below it must be in the file before the point moves over them.
//
// leader-epoch-checkpoint: a checkpoint file of lines "<epoch> <start offset>", version 0.
// Source: apache/kafka, LeaderEpochFileCache.java; KIP-101 and KIP-279.

import assert from 'node:assert'
import { replaceFileInPool, type FileSystem } from '../io/file-system.ts'
import {
  checkpointText,
  readCheckpoint,
  wholeNumber,
  writeCheckpoint,
  type CheckpointFormat,
  type CheckpointRead,
} from './checkpoint-file.ts'

export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint'

export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

/** The largest epoch at or below one that was asked for, and the offset after its last record. */
export interface EpochEndOffset {
  /** -1 when the log knows no such epoch. */
  readonly epoch: number
  readonly endOffset: number
}

const FORMAT: CheckpointFormat<EpochEntry> = {
  version: 0,
  parse([epochText, offsetText, ...rest]) {
    const epoch = wholeNumber(epochText)
    const startOffset = wholeNumber(offsetText)
    return epoch === null || startOffset === null || rest.length > 0 ? null : { epoch, startOffset }
  },
  format: ({ epoch, startOffset }) => `${epoch} ${startOffset}`,
}

export class LeaderEpochs {
  readonly #files: FileSystem
  readonly #path: string
  #entries: EpochEntry[] = []
  /** See `unsavedFrom`. */
  #unsavedFrom = Infinity
  /** The same, counted from when the save that runs in the pool began. */
  #changedFrom = Infinity
  #saves = 0

  constructor(files: FileSystem, directory: string) {
    this.#files = files
    this.#path = `${directory}/${LEADER_EPOCH_CHECKPOINT}`
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  /** The epoch of the last entry, or -1. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  /** The smallest start offset that the file does not know rightly. Infinity: it knows all. */
  get unsavedFrom(): number {
    return this.#unsavedFrom
  }

  /**
   * Takes the entries of the file.
   *
   * @returns what was read. After anything but `read` there are no entries
   */
  load(): CheckpointRead<EpochEntry> {
    const read = readCheckpoint(this.#files, this.#path, FORMAT)
    this.#entries = []
    this.#unsavedFrom = Infinity
    if (read.state !== 'read') return read
    for (const entry of read.entries) {
      const last = this.#entries.at(-1)
      if (last !== undefined && !follows(last, entry)) {
        this.#entries = []
        return { state: 'malformed', reason: 'entries do not rise' }
      }
      this.#entries.push(entry)
    }
    return read
  }

  /** Writes the file when it is behind. Blocks. @throws the system's error */
  save(): void {
    if (this.#unsavedFrom === Infinity) return
    this.#saves += 1 // what is under way in the pool is older than this
    writeCheckpoint(this.#files, this.#path, FORMAT, this.#entries)
    this.#unsavedFrom = Infinity
  }

  /**
   * As `save`, off the event loop, when the file is behind for offsets below `endOffset`. Not to be
   * called while another one runs.
   */
  async saveInPool(endOffset: number): Promise<void> {
    if (this.#unsavedFrom >= endOffset) return
    const save = ++this.#saves
    const text = checkpointText(FORMAT, this.#entries)
    this.#changedFrom = Infinity
    const saved = await replaceFileInPool(this.#files, this.#path, text, () => {
      return save === this.#saves
    })
    if (saved && save === this.#saves) this.#unsavedFrom = this.#changedFrom
  }

  /**
   * Says that records from `startOffset` on are of `epoch`. Entries that contradict this go.
   *
   * Nothing happens when `epoch` is the latest one already.
   */
  assign(epoch: number, startOffset: number): void {
    assert(Number.isSafeInteger(epoch) && epoch >= 0)
    assert(Number.isSafeInteger(startOffset) && startOffset >= 0)
    const latest = this.#entries.at(-1)
    if (latest !== undefined && latest.epoch === epoch && latest.startOffset <= startOffset) return
    const entry = { epoch, startOffset }
    const kept = this.#entries.filter((other) => follows(other, entry))
    this.#changed(kept.length < this.#entries.length ? 0 : startOffset)
    this.#entries = [...kept, entry]
  }

  /** The epoch that the record at `offset` was written in, or -1. */
  epochAt(offset: number): number {
    return this.#entries.findLast(({ startOffset }) => startOffset <= offset)?.epoch ?? -1
  }

  /**
   * Where the records of an epoch end.
   *
   * @returns for an epoch that this log does not know, the end of the largest one below it; for one
   *   newer than all, the end of the log with the latest epoch, so that a follower never has to
   *   fall back to a high watermark; -1 and -1 in a log without epochs
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset {
    const { latestEpoch } = this
    if (epoch < 0 || latestEpoch < 0) return { epoch: -1, endOffset: -1 }
    if (epoch >= latestEpoch) return { epoch: latestEpoch, endOffset: logEndOffset }
    const next = this.#entries.find((entry) => entry.epoch > epoch)!
    const floor = this.#entries.findLast((entry) => entry.epoch <= epoch)
    return { epoch: floor?.epoch ?? epoch, endOffset: next.startOffset }
  }

  /** The log now ends at `endOffset`: epochs that begin there or later never were. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.#entries.filter(({ startOffset }) => startOffset < endOffset)
    if (kept.length === this.#entries.length) return
    this.#entries = kept
    this.#changed(0)
  }

  /** The log now starts at `startOffset`: epochs that ended before it are forgotten. */
  truncateFromStart(startOffset: number): void {
    const first = this.#entries.findLastIndex((entry) => entry.startOffset <= startOffset)
    if (first < 0 || (first === 0 && this.#entries[0]!.startOffset === startOffset)) return
    const { epoch } = this.#entries[first]!
    this.#entries = [{ epoch, startOffset }, ...this.#entries.slice(first + 1)]
    this.#changed(0)
  }

  #changed(fromOffset: number): void {
    this.#unsavedFrom = Math.min(this.#unsavedFrom, fromOffset)
    this.#changedFrom = Math.min(this.#changedFrom, fromOffset)
  }
}

function follows(earlier: EpochEntry, later: EpochEntry): boolean {
  return earlier.epoch < later.epoch && earlier.startOffset < later.startOffset
}
