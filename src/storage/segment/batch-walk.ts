// Walks over the batches of a log file by their headers. Checks what a header can say about itself;
// the checksum is left to who uses the batch.

import { MAX_BATCH_BYTES } from '../../base/limits.ts'
import {
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  batchSizeOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  leaderEpochOf,
  magicOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
} from '../../record/batch-header.ts'
import { BATCH_HEADER_BYTES, MAGIC_V2 } from '../../record/layout.ts'
import type { Reading, ReadStep } from './reading.ts'

/** What finding a batch needs of its header. */
export interface BatchFrame {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly sizeBytes: number
  readonly maxTimestamp: number
  readonly leaderEpoch: number
}

/** A batch that a producer with an id made, or a marker of its transaction. */
export interface ProducerBatch extends BatchFrame {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 in a marker, and where the records are not counted. */
  readonly baseSequence: number
  readonly lastOffsetDelta: number
  readonly isTransactional: boolean
  readonly isControl: boolean
}

/**
 * Reads the frame of the batch whose header starts at `at`, and lies there whole.
 *
 * @returns null when these bytes cannot be a header
 */
export function readFrame(bytes: Uint8Array, at: number): BatchFrame | null {
  if (magicOf(bytes, at) !== MAGIC_V2) return null
  const sizeBytes = batchSizeOf(bytes, at)
  if (sizeBytes < BATCH_HEADER_BYTES || sizeBytes > MAX_BATCH_BYTES) return null
  const lastOffsetDelta = lastOffsetDeltaOf(bytes, at)
  if (lastOffsetDelta < 0) return null
  try {
    const baseOffset = baseOffsetOf(bytes, at)
    const lastOffset = baseOffset + lastOffsetDelta
    if (baseOffset < 0 || !Number.isSafeInteger(lastOffset)) return null
    const maxTimestamp = maxTimestampOf(bytes, at)
    return {
      baseOffset,
      lastOffset,
      sizeBytes,
      maxTimestamp,
      leaderEpoch: leaderEpochOf(bytes, at),
    }
  } catch {
    return null // a 64-bit field that no batch can have
  }
}

/** How far a walk has come: on a batch, at its end, or before bytes that are no batch. */
export type WalkState = 'batch' | 'end' | 'damaged'

export interface WalkOptions {
  /** The log file. */
  readonly source: ReadStep['source']
  /** Where a batch starts. */
  readonly fromBytes: number
  /** Where the last batch ends. */
  readonly endBytes: number
  /** Offset that the first batch must at least have. */
  readonly fromOffset: number
  /** Offset that no batch may reach. Default: none. */
  readonly belowOffset?: number
  /** Bytes read at a time, 61 or more. Default: 4096. */
  readonly chunkBytes?: number
}

const DEFAULT_CHUNK_BYTES = 4096

export class BatchWalk {
  readonly #source: ReadStep['source']
  readonly #endBytes: number
  readonly #belowOffset: number
  readonly #chunk: Buffer
  #chunkAt = 0
  #chunkBytes = 0
  /** Where in the chunk the header of the batch lies that the walk is on. */
  #headerAt = 0
  #nextBytes: number
  /** Offset that the next batch must at least have. */
  #nextOffset: number

  /** The batch that the walk is on. */
  frame: BatchFrame = NO_FRAME
  /** Where that batch, or what is no batch, starts. */
  positionBytes: number

  constructor(options: WalkOptions) {
    this.#source = options.source
    this.#endBytes = options.endBytes
    this.#belowOffset = options.belowOffset ?? Infinity
    this.#nextBytes = options.fromBytes
    this.#nextOffset = options.fromOffset
    this.positionBytes = options.fromBytes
    this.#chunk = Buffer.allocUnsafe(options.chunkBytes ?? DEFAULT_CHUNK_BYTES)
  }

  /** Moves to the next batch. After `damaged` there is no way on. */
  *next(): Reading<WalkState> {
    this.positionBytes = this.#nextBytes
    if (this.#nextBytes >= this.#endBytes) return 'end'
    const at = yield* this.#header()
    if (at < 0) return 'damaged'
    const frame = readFrame(this.#chunk, at)
    if (frame === null || frame.baseOffset < this.#nextOffset) return 'damaged'
    if (this.#nextBytes + frame.sizeBytes > this.#endBytes) return 'damaged'
    if (frame.lastOffset >= this.#belowOffset) return 'damaged'
    this.frame = frame
    this.#headerAt = at
    this.#nextBytes += frame.sizeBytes
    this.#nextOffset = frame.lastOffset + 1
    return 'batch'
  }

  /** The batch that the walk is on, when it is of a producer with an id; else null. */
  producerBatch(): ProducerBatch | null {
    const at = this.#headerAt
    const producerId = producerIdOf(this.#chunk, at)
    if (producerId < 0) return null
    const attributes = attributesOf(this.#chunk, at)
    return {
      ...this.frame,
      producerId,
      producerEpoch: producerEpochOf(this.#chunk, at),
      baseSequence: baseSequenceOf(this.#chunk, at),
      lastOffsetDelta: this.frame.lastOffset - this.frame.baseOffset,
      isTransactional: isTransactional(attributes),
      isControl: isControl(attributes),
    }
  }

  /** All bytes of the batch that the walk is on; fewer when the file ends before. */
  *bytes(): Reading<Uint8Array> {
    const { sizeBytes } = this.frame
    const end = this.#headerAt + sizeBytes
    if (end <= this.#chunkBytes) return this.#chunk.subarray(this.#headerAt, end)
    const into = Buffer.allocUnsafe(sizeBytes)
    const count = yield { source: this.#source, into, positionBytes: this.positionBytes }
    return into.subarray(0, count)
  }

  /** @returns where in the chunk the next header lies, or -1 when the file ends before it does */
  *#header(): Reading<number> {
    const within = this.#nextBytes - this.#chunkAt
    if (within >= 0 && within + BATCH_HEADER_BYTES <= this.#chunkBytes) return within
    const positionBytes = this.#nextBytes
    const wanted = Math.min(this.#chunk.byteLength, this.#endBytes - positionBytes)
    const into = this.#chunk.subarray(0, wanted)
    this.#chunkBytes = yield { source: this.#source, into, positionBytes }
    this.#chunkAt = positionBytes
    return this.#chunkBytes >= BATCH_HEADER_BYTES ? 0 : -1
  }
}

const NO_FRAME: BatchFrame = {
  baseOffset: -1,
  lastOffset: -1,
  sizeBytes: 0,
  maxTimestamp: -1,
  leaderEpoch: -1,
}
