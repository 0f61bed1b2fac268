// Makes one segment of those of a group: every batch is filtered, and what is left is written.
//
//   read     [ same ][ same ][ changed ][ same ][ gone ]     a chunk in the core's memory
//   written  └─── one piece ─┘└ pieces ─┘└ one ─┘

import type { FileSystem } from '../../../io/file-system.ts'
import { boundaryBatch } from '../../../record/compacted-batch.ts'
import { segmentFileName } from '../../segment/segment-files.ts'
import type { CompactionCore, Span } from '../../../wasm/compaction-core.ts'
import type { StorageCore } from '../../../wasm/storage-core.ts'
import type { BatchFilter } from './batch-filter.ts'
import type { CleanedGroup, CleaningJob, JobSegment } from './cleaner.ts'
import { CleanedSegment } from './cleaned-segment.ts'
import { SegmentBatches } from './segment-batches.ts'

export interface GroupCleaningOptions {
  readonly files: FileSystem
  readonly job: CleaningJob
  /** One or more, that follow each other. */
  readonly group: readonly JobSegment[]
  readonly core: CompactionCore
  readonly storageCore: StorageCore
  readonly filter: BatchFilter
  readonly ioBytes: number
  /** Is told of bytes that were read or written. */
  readonly passed: (bytes: { readonly read?: number; readonly written?: number }) => Promise<void>
}

export class GroupCleaning {
  readonly #options: GroupCleaningOptions
  readonly #cleaned: CleanedSegment
  readonly #endOffset: number
  /** There is a file. Until then all is as it was. */
  #writes = false
  /** Where in the file the first difference is that the segment is still to be written from. */
  #startAt: number | null = null
  /** Of the last batch that was read. */
  #leaderEpoch = 0

  constructor(options: GroupCleaningOptions) {
    const { files, job, group, passed } = options
    const { directory, indexIntervalBytes } = job
    const { baseOffset } = group[0]!
    this.#options = options
    this.#endOffset = group.at(-1)!.endOffset
    this.#cleaned = new CleanedSegment({
      ...{ files, directory, indexIntervalBytes, passed, baseOffset },
    })
  }

  /** @throws DamageFound, JobCancelled, the system's error */
  async run(): Promise<CleanedGroup> {
    const { group, filter } = this.#options
    const cleaned = this.#cleaned
    try {
      if (group.length > 1) {
        cleaned.start()
        this.#writes = true
      }
      for (const segment of group) await this.#clean(segment)
      if (this.#writes && cleaned.nextOffset < this.#endOffset) await this.#writeBoundary()
      const aborted = filter.takeAborted()
      if (this.#writes) await cleaned.finish(aborted)
    } catch (error) {
      cleaned.discard()
      throw error
    }
    return {
      baseOffsets: group.map(({ baseOffset }) => baseOffset),
      changed: this.#writes,
      sizeBytesBefore: group.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      sizeBytes: cleaned.sizeBytes,
    }
  }

  async #clean(segment: JobSegment): Promise<void> {
    const { files, job, core, ioBytes, passed } = this.#options
    const path = `${job.directory}/${segmentFileName(segment.baseOffset, '.log')}`
    const file = files.open(path, 'read')
    try {
      const batches = new SegmentBatches(core, file, segment, ioBytes)
      for (let read = batches.fill(); read > 0; read = batches.fill()) {
        await passed({ read })
        const pieces = this.#filterChunk(batches)
        // The only segment of its group: what was read of it before is as it was.
        if (this.#startAt !== null) await this.#cleaned.startFrom(file, this.#startAt)
        this.#startAt = null
        if (pieces.sizeBytes > 0) await this.#cleaned.write(pieces.all(), pieces.sizeBytes)
      }
    } finally {
      file.close()
    }
  }

  /** @returns what is to be written of the chunk */
  #filterChunk(batches: SegmentBatches): Pieces {
    const { filter, core } = this.#options
    const { header } = batches
    const pieces = new Pieces(core)
    try {
      for (let batch = batches.next(); batch !== null; batch = batches.next()) {
        const filtered = filter.apply(batch, header)
        const lastOffset = header.baseOffset + header.lastOffsetDelta
        this.#leaderEpoch = header.partitionLeaderEpoch
        const isBoundary = header.recordCount === 0 && lastOffset === this.#endOffset - 1
        if (filtered.state === 'same' || (filtered.state === 'gone' && isBoundary)) {
          const { maxTimestamp, sizeBytes } = header
          if (this.#writes) pieces.inMemory(batch)
          this.#cleaned.add({ lastOffset, maxTimestamp, sizeBytes })
          continue
        }
        if (!this.#writes) this.#startAt = batches.positionBytes
        this.#writes = true
        if (filtered.state === 'gone') continue
        const { maxTimestamp, sizeBytes } = filtered
        for (const piece of filtered.pieces) pieces.add(piece)
        this.#cleaned.add({ lastOffset, maxTimestamp, sizeBytes })
      }
    } catch (error) {
      throw batches.asDamage(error)
    }
    return pieces
  }

  /**
   * Says where the segment ends, when no batch does any more: whoever finds it beside old segments, after
   * a crash, knows by that which of them it replaces.
   */
  async #writeBoundary(): Promise<void> {
    const lastOffset = this.#endOffset - 1
    const batch = boundaryBatch(this.#options.storageCore, lastOffset, this.#leaderEpoch)
    const sizeBytes = batch.byteLength
    this.#cleaned.add({ lastOffset, maxTimestamp: -1, sizeBytes })
    await this.#cleaned.write([batch], sizeBytes)
  }
}

/** A batch up to this size is moved next to the one before: another piece to write costs more. */
const MOVED_BYTES = 4096

/** What of a chunk is written: batches that follow each other in memory are one piece. */
class Pieces {
  readonly #core: CompactionCore
  readonly #pieces: Uint8Array[] = []
  /** Of the core's memory, what is the last piece so far; what lies behind it is of no use any more. */
  #from = 0
  #to = 0
  sizeBytes = 0

  constructor(core: CompactionCore) {
    this.#core = core
  }

  /** Adds a batch that stands in the input of the core, behind those before. */
  inMemory(batch: Span): void {
    const { byteOffset, byteLength } = batch
    this.sizeBytes += byteLength
    if (byteOffset !== this.#to) {
      if (this.#to > this.#from && byteLength <= MOVED_BYTES) this.#core.move(batch, this.#to)
      else this.#begin(byteOffset)
    }
    this.#to += byteLength
  }

  /** Adds bytes, wherever they are. */
  add(piece: Uint8Array): void {
    const { input } = this.#core
    if (piece.buffer === input.buffer) {
      this.inMemory(piece)
      return
    }
    this.sizeBytes += piece.byteLength
    this.#begin(0)
    this.#pieces.push(piece)
  }

  all(): readonly Uint8Array[] {
    this.#begin(0)
    return this.#pieces
  }

  /** Ends the last piece; the next one begins at an address. */
  #begin(at: number): void {
    const [byteOffset, byteLength] = [this.#from, this.#to - this.#from]
    if (byteLength > 0) this.#pieces.push(this.#core.view({ byteOffset, byteLength }))
    this.#from = at
    this.#to = at
  }
}
