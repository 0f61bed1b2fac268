// The segment that a pass makes of one or more: its files, and their names until they take the place of
// the old ones.
//
//   <base>.log.cleaned        written, and synced while more is, so that no sync has much to do
//   <base>.index.swap  …      written at the end, when nothing of them can change any more
//
// As long as nothing went, nothing is written: what is the same up to there is copied when the first
// difference comes, and when none comes there is no file.

import type { File, FileSystem } from '../../../io/file-system.ts'
import { OffsetIndex } from '../../segment/offset-index.ts'
import { CLEANED_SUFFIX, segmentFileName, SWAP_SUFFIX } from '../../segment/segment-files.ts'
import { TimeIndex } from '../../segment/time-index.ts'
import { ABORTED_ENTRY_BYTES, writeAborted } from '../../segment/txn-index.ts'
import type { AbortedTransaction } from '../../producer-state/producer-table.ts'

export interface CleanedSegmentOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly baseOffset: number
  readonly indexIntervalBytes: number
  /** Is told of bytes that were read or written. */
  readonly passed: (bytes: { readonly read?: number; readonly written?: number }) => Promise<void>
}

/** A batch of the segment. */
export interface CleanedBatch {
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly sizeBytes: number
}

/** Bytes of a sync, about. As many may be written while it runs. */
const SYNC_BYTES = 4 * 1024 * 1024

const COPY_BYTES = 256 * 1024

export class CleanedSegment {
  readonly #options: CleanedSegmentOptions
  readonly #offsetIndex: OffsetIndex
  readonly #timeIndex: TimeIndex
  #file: File | null = null
  #sizeBytes = 0
  #writtenBytes = 0
  /** Up to where a sync has begun, and the last one that has. */
  #syncedBytes = 0
  #syncing: Promise<void> = Promise.resolve()
  #indexedBytes = 0
  #max = { timestamp: -1, offset: -1 }
  #nextOffset: number

  constructor(options: CleanedSegmentOptions) {
    const { files, baseOffset } = options
    this.#options = options
    this.#offsetIndex = new OffsetIndex(files, this.#path('.index', SWAP_SUFFIX))
    this.#timeIndex = new TimeIndex(files, this.#path('.timeindex', SWAP_SUFFIX))
    this.#offsetIndex.entries.reset(true)
    this.#timeIndex.entries.reset(true)
    this.#max = { timestamp: -1, offset: baseOffset }
    this.#nextOffset = baseOffset
  }

  /** Bytes of all batches. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Offset after the last batch. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  /** Takes in a batch. Its bytes are written by `write`, or lie in the file that `startFrom` copies. */
  add({ lastOffset, maxTimestamp, sizeBytes }: CleanedBatch): void {
    const { baseOffset, indexIntervalBytes } = this.#options
    if (maxTimestamp > this.#max.timestamp) {
      this.#max = { timestamp: maxTimestamp, offset: lastOffset }
    }
    if (this.#sizeBytes - this.#indexedBytes > indexIntervalBytes) {
      this.#offsetIndex.append(lastOffset - baseOffset, this.#sizeBytes)
      this.#appendTimeEntry()
      this.#indexedBytes = this.#sizeBytes
    }
    this.#sizeBytes += sizeBytes
    this.#nextOffset = lastOffset + 1
  }

  /** Makes the file, empty. @throws the system's error */
  start(): void {
    const path = this.#path('.log', CLEANED_SUFFIX)
    this.#file = this.#options.files.open(path, 'create')
    this.#file.truncate(0)
  }

  /**
   * As `start`, with the first bytes of another file.
   *
   * @param sizeBytes those of the batches that were added so far, or more that are to be written next
   */
  async startFrom(source: File, sizeBytes: number): Promise<void> {
    this.start()
    const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, sizeBytes))
    while (this.#writtenBytes < sizeBytes) {
      const into = buffer.subarray(0, sizeBytes - this.#writtenBytes)
      const count = source.read(into, this.#writtenBytes)
      if (count === 0) throw new Error(`${source.path} has become shorter`)
      await this.#options.passed({ read: count })
      await this.write([into.subarray(0, count)], count)
    }
  }

  /** Writes bytes behind those before. @throws the system's error */
  async write(buffers: readonly Uint8Array[], sizeBytes: number): Promise<void> {
    this.#file!.write(buffers, this.#writtenBytes)
    this.#writtenBytes += sizeBytes
    if (this.#writtenBytes - this.#syncedBytes >= SYNC_BYTES) await this.#beginSync()
    await this.#options.passed({ written: sizeBytes })
  }

  /**
   * Brings all of it to disk, names included.
   *
   * @param aborted those that have their markers here, by their offsets
   * @throws the system's error
   */
  async finish(aborted: readonly AbortedTransaction[]): Promise<void> {
    const { files, directory } = this.#options
    this.#appendTimeEntry()
    await this.#syncing
    const txnIndex = this.#writeAborted(aborted)
    try {
      // Side by side they take about as long as one: the file system brings all of them to disk together.
      const indexes = [this.#timeIndex.entries, this.#offsetIndex.entries, txnIndex]
      await Promise.all([this.#file!, ...indexes].map((each) => each.sync()))
    } finally {
      txnIndex.close()
    }
    files.syncDirectory(directory)
    this.#close()
  }

  /** Nobody wants it. What of it cannot be removed goes at the next start. */
  discard(): void {
    const { files } = this.#options
    this.#close()
    const made = (['.index', '.timeindex', '.txnindex'] as const).map((suffix) => {
      return this.#path(suffix, SWAP_SUFFIX)
    })
    try {
      // The indexes first: with it, and without them, nothing of them counts.
      for (const path of [...made, this.#path('.log', CLEANED_SUFFIX)]) {
        if (files.exists(path)) files.remove(path)
      }
    } catch {
      // The disk fails, or the partition is gone.
    }
  }

  // There also when it is empty: an old one of this name must not be taken for it.
  #writeAborted(aborted: readonly AbortedTransaction[]): File {
    const bytes = Buffer.alloc(aborted.length * ABORTED_ENTRY_BYTES)
    for (const [index, each] of aborted.entries()) {
      writeAborted(bytes, index * ABORTED_ENTRY_BYTES, each)
    }
    const file = this.#options.files.open(this.#path('.txnindex', SWAP_SUFFIX), 'create')
    try {
      file.truncate(0)
      if (bytes.byteLength > 0) file.write([bytes], 0)
      return file
    } catch (error) {
      file.close()
      throw error
    }
  }

  #close(): void {
    this.#file?.close()
    this.#file = null
  }

  /** Begins a sync of what was written, when the one before has ended. @throws the system's error, of that */
  async #beginSync(): Promise<void> {
    await this.#syncing
    this.#syncedBytes = this.#writtenBytes
    this.#syncing = this.#file!.sync()
    // Whoever waits for it next is told.
    this.#syncing.catch(() => undefined)
  }

  #appendTimeEntry(): void {
    const { timestamp, offset } = this.#max
    this.#timeIndex.appendIfLater(timestamp, offset - this.#options.baseOffset)
  }

  #path(suffix: '.log' | '.index' | '.timeindex' | '.txnindex', ending: string): string {
    const { directory, baseOffset } = this.#options
    return `${directory}/${segmentFileName(baseOffset, suffix)}${ending}`
  }
}
