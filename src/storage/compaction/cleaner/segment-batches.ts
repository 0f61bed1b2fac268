// Reads the batches of one closed segment in their order, some at a time, into the memory of the core
// that works on them, and checks each: header, checksum, place in the segment.

import { BrokerError } from '../../../base/errors.ts'
import { MAX_BATCH_BYTES } from '../../../base/limits.ts'
import type { File } from '../../../io/file-system.ts'
import { batchSizeOf } from '../../../record/batch-header.ts'
import { LENGTH_OVERHEAD } from '../../../record/layout.ts'
import { BATCH_FAULTS, BatchCheck, batchFaultName } from '../../../wasm/batch-check.ts'
import { RecordsFault, type CompactionCore, type Span } from '../../../wasm/compaction-core.ts'
import { DamageFound, type JobSegment } from './cleaner.ts'

export class SegmentBatches {
  /** The header of the batch that stands at `at`. */
  readonly header = new BatchCheck()
  readonly #core: CompactionCore
  readonly #file: File
  readonly #segment: JobSegment
  readonly #ioBytes: number
  /** Where in the file the input begins, and how much of it was read. */
  #chunkAt = 0
  #chunkBytes = 0
  /** Where in the input the last batch starts, and where the next one does. */
  #batchAt = 0
  #at = 0
  /** Up to where in the input the keys of small batches are close by. */
  #touchedAt = 0
  #nextOffset: number

  /** @param ioBytes bytes that are read at a time; more where a batch is larger */
  constructor(core: CompactionCore, file: File, segment: JobSegment, ioBytes: number) {
    this.#core = core
    this.#file = file
    this.#segment = segment
    this.#ioBytes = Math.min(ioBytes, MAX_BATCH_BYTES)
    this.#nextOffset = segment.baseOffset
  }

  /** Where in the segment the batch that `next` gave last starts, in bytes. */
  get positionBytes(): number {
    return this.#chunkAt + this.#batchAt
  }

  /**
   * Reads on, when the batches in the input are used up.
   *
   * @returns bytes that were read; 0 at the end of the segment
   * @throws the system's error
   */
  fill(): number {
    this.#chunkAt += this.#at
    this.#at = 0
    this.#touchedAt = 0
    this.#batchAt = 0
    this.#chunkBytes = 0
    const leftBytes = this.#segment.sizeBytes - this.#chunkAt
    if (leftBytes === 0) return 0
    this.#chunkBytes = this.#read(Math.min(this.#ioBytes, leftBytes))
    if (this.#chunkBytes < LENGTH_OVERHEAD) return this.#chunkBytes
    const firstBytes = batchSizeOf(this.#core.input)
    const isCut = firstBytes > this.#chunkBytes && firstBytes <= leftBytes
    if (isCut && firstBytes <= MAX_BATCH_BYTES) this.#chunkBytes = this.#read(firstBytes)
    return this.#chunkBytes
  }

  /**
   * Moves to the next whole batch in the input.
   *
   * @returns where the batch is, until `fill`; null when the input is used up
   * @throws DamageFound
   */
  next(): Span | null {
    const leftBytes = this.#chunkBytes - this.#at
    if (leftBytes === 0) return null
    this.#batchAt = this.#at
    if (this.#at >= this.#touchedAt) {
      this.#touchedAt = this.#at + this.#core.touchKeys(this.#at, leftBytes)
    }
    const { header } = this
    const fault = this.#core.check(this.#at, leftBytes, header)
    if (fault === BATCH_FAULTS.incomplete && this.#at > 0) return null
    if (fault !== BATCH_FAULTS.none) throw this.#damage(batchFaultName(fault))
    const lastOffset = header.baseOffset + header.lastOffsetDelta
    if (header.baseOffset < this.#nextOffset || lastOffset >= this.#segment.endOffset) {
      throw this.#damage('offset')
    }
    this.#nextOffset = lastOffset + 1
    this.#at += header.sizeBytes
    return {
      byteOffset: this.#core.input.byteOffset + this.#batchAt,
      byteLength: header.sizeBytes,
    }
  }

  #read(sizeBytes: number): number {
    return this.#file.read(this.#core.input.subarray(0, sizeBytes), this.#chunkAt)
  }

  /** What was thrown by who has read the last batch: as damage, when that is what it says. */
  asDamage(error: unknown): unknown {
    if (error instanceof RecordsFault) return this.#damage(error.fault)
    return error instanceof BrokerError ? this.#damage(error.message) : error
  }

  #damage(fault: string): DamageFound {
    return new DamageFound(this.#segment.baseOffset, this.positionBytes, fault)
  }
}
