// Memory for large frames, used again.
//
// Who is done with a frame may give its memory back, if nothing refers to it any more: then the next
// frame of about that size costs neither an allocation, nor a page that is touched for the first time,
// nor a collection. Whoever does not is served by the garbage collector.

import { buffersPass } from '../io/passing-buffers.ts'

/** Blocks come in multiples of this; smaller frames are not worth it. In bytes. */
const STEP_BYTES = 16 * 1024

/** Frames above this size are rare, and go. */
const MAX_BLOCK_BYTES = 1024 * 1024

/** What is kept for the next frames, in bytes. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024

export class FrameMemory {
  /** By size in steps. */
  readonly #free: Buffer[][] = []
  #keptBytes = 0

  /** Bytes that wait for the next frames. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Memory of exactly this size, with whatever was in it before. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes < STEP_BYTES || sizeBytes > MAX_BLOCK_BYTES) {
      buffersPass(sizeBytes)
      return Buffer.allocUnsafe(sizeBytes)
    }
    const steps = Math.ceil(sizeBytes / STEP_BYTES)
    const block = this.#free[steps]?.pop()
    if (block !== undefined) {
      this.#keptBytes -= block.byteLength
      return block.subarray(0, sizeBytes)
    }
    buffersPass(steps * STEP_BYTES)
    return Buffer.allocUnsafeSlow(steps * STEP_BYTES).subarray(0, sizeBytes)
  }

  /** Takes back what `take` gave. The caller knows that nobody refers to it. */
  give(frame: Buffer): void {
    const { buffer } = frame
    const blockBytes = buffer.byteLength
    if (blockBytes % STEP_BYTES !== 0 || blockBytes > MAX_BLOCK_BYTES) return
    const steps = blockBytes / STEP_BYTES
    if (
      steps === 0 ||
      frame.byteOffset !== 0 ||
      steps !== Math.ceil(frame.byteLength / STEP_BYTES)
    ) {
      return // a part of something else
    }
    if (this.#keptBytes + blockBytes > MAX_KEPT_BYTES) return
    const blocks = (this.#free[steps] ??= [])
    blocks.push(Buffer.from(buffer))
    this.#keptBytes += blockBytes
  }
}
