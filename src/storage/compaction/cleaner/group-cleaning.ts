// Makes one segment of those of a group: every batch is filtered, and what is left is written.
//
//   read     [ same ][ same ][ changed ][ same ][ gone ]     a chunk in the core's memory
//   written  └─── one piece ─┘└ pieces ─┘└ one ─┘

import type { FileSystem } from '../../../io/file-system.ts'
import { boundaryBatch } from '../../../record/compacted-batch.ts'
import { segmentFileName } from '../../segment/segment-files.ts'
import type { CompactionCore } from '../../../wasm/compaction-core.ts'
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
      if (this.#writes) cleaned.finish(aborted)
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
    const { filter } = this.#options
    const { header } = batches
    const pieces = new Pieces()
    try {
      for (let batch = batches.next(); batch !== null; batch = batches.next()) {
        const filtered = filter.apply(batch, header)
        const lastOffset = header.baseOffset + header.lastOffsetDelta
        this.#leaderEpoch = header.partitionLeaderEpoch
        const isBoundary = header.recordCount === 0 && lastOffset === this.#endOffset - 1
        if (filtered.state === 'same' || (filtered.state === 'gone' && isBoundary)) {
          const { maxTimestamp, sizeBytes } = header
          if (this.#writes) pieces.same(batch)
          this.#cleaned.add({ lastOffset, maxTimestamp, sizeBytes })
          continue
        }
        if (!this.#writes) this.#startAt = batches.positionBytes
        this.#writes = true
        if (filtered.state === 'gone') continue
        const { maxTimestamp, sizeBytes } = filtered
        pieces.add(filtered.pieces)
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

/** What of a chunk is written: batches that follow each other unchanged are one piece. */
class Pieces {
  readonly #pieces: Uint8Array[] = []
  #run: Buffer | null = null
  sizeBytes = 0

  same(batch: Buffer): void {
    this.sizeBytes += batch.byteLength
    const run = this.#run
    if (run !== null && run.byteOffset + run.byteLength === batch.byteOffset) {
      this.#run = Buffer.from(run.buffer, run.byteOffset, run.byteLength + batch.byteLength)
      return
    }
    this.#endRun()
    this.#run = batch
  }

  add(pieces: readonly Uint8Array[]): void {
    this.#endRun()
    for (const piece of pieces) this.sizeBytes += piece.byteLength
    this.#pieces.push(...pieces)
  }

  all(): readonly Uint8Array[] {
    this.#endRun()
    return this.#pieces
  }

  #endRun(): void {
    if (this.#run !== null) this.#pieces.push(this.#run)
    this.#run = null
  }
}
