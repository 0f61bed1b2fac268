// Memory for large frames and for what is read into answers, used again.
//
// Who is done with memory gives it back, if nothing refers to it any more: then the next frame of about
// that size costs neither an allocation, nor pages that are touched for the first time, nor a collection.
// What is not kept for the next is freed at once. Whoever does not give it back is served by the garbage
// collector, which may take its time.

import { buffersPass, freeBuffer } from '../io/passing-buffers.ts'

/** Blocks come in multiples of this; smaller frames are not worth it. In bytes. */
const STEP_BYTES = 16 * 1024

/** Frames above this size are rare, and are not kept. */
const MAX_BLOCK_BYTES = 1024 * 1024

/** What is kept for the next frames, in bytes. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024

/** Memory where what is read is checked without being copied: that of the storage core. */
export interface ResidentMemory {
  /** Memory of exactly this size, or null when there is none. */
  take(sizeBytes: number): Buffer | null
  /** Takes it back. @returns false when it is not of here */
  give(memory: Buffer): boolean
}

export class FrameMemory {
  readonly #resident: ResidentMemory | null
  /** By size in steps. */
  readonly #free: Buffer[][] = []
  #keptBytes = 0

  /** @param resident for what is lent, as long as there is some of it */
  constructor(resident: ResidentMemory | null = null) {
    this.#resident = resident
  }

  /** Bytes that wait for the next frames. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Memory of exactly this size, with whatever was in it before. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes < STEP_BYTES) {
      buffersPass(sizeBytes)
      return Buffer.allocUnsafe(sizeBytes)
    }
    const blockBytes = blockSize(sizeBytes)
    const kept = this.#free[blockBytes / STEP_BYTES]?.pop()
    if (kept !== undefined) {
      this.#keptBytes -= kept.byteLength
      return kept.subarray(0, sizeBytes)
    }
    buffersPass(blockBytes)
    return Buffer.allocUnsafeSlow(blockBytes).subarray(0, sizeBytes)
  }

  /** As `take`, for what surely comes back by `give`: of the resident memory, while there is some. */
  lend(sizeBytes: number): Buffer {
    return this.#resident?.take(sizeBytes) ?? this.take(sizeBytes)
  }

  /**
   * Takes back what `take` or `lend` gave. The caller knows that nobody refers to it, the system least of all: it
   * may have no bytes any more after that.
   */
  give(frame: Buffer): void {
    if (this.#resident?.give(frame) === true) return
    const { buffer, byteOffset, byteLength } = frame
    const blockBytes = buffer.byteLength
    const isBlock = byteLength >= STEP_BYTES && blockBytes === blockSize(byteLength)
    if (!isBlock || byteOffset !== 0) return // a part of something else
    if (blockBytes > MAX_BLOCK_BYTES || this.#keptBytes + blockBytes > MAX_KEPT_BYTES) {
      freeBuffer(frame)
      return
    }
    const blocks = (this.#free[blockBytes / STEP_BYTES] ??= [])
    blocks.push(Buffer.from(buffer))
    this.#keptBytes += blockBytes
  }
}

function blockSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / STEP_BYTES) * STEP_BYTES
}
