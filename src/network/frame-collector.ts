// Cuts what arrives on one connection into frames.
//
//   | int32 size | frame of that many bytes | int32 size | frame …
//
// Reads land in memory that all connections share, since an idle one must cost next to nothing; what
// is kept of it is copied. The rest of a large frame is read straight into the frame's own memory,
// which grows with what has really come: a size alone makes nobody allocate.

import assert from 'node:assert'
import type { FrameMemory } from './frame-memory.ts'

/** What comes of the bytes that arrive. */
export interface FrameSink {
  /** @returns why a frame of this size is not taken, or null */
  refusal(sizeBytes: number): string | null
  /** Memory that a frame gets at most, as a multiple of what has arrived of it: copies, or memory. */
  readonly growth: number
  /** A frame that is not whole yet has so much memory more. */
  grown(sizeBytes: number): void
  /** A whole frame, without its size. Its memory belongs to whoever takes it. */
  frame(bytes: Buffer): void
}

/** Memory that a frame has at least while it is collected. */
const FIRST_BYTES = 1_024

const SIZE_BYTES = 4

export class FrameCollector {
  readonly #sink: FrameSink
  readonly #frameMemory: FrameMemory
  /** Bytes of the size that have arrived, and their value so far. */
  #sizeBytesRead = 0
  #size = 0
  /** The frame that is being collected, as large as its memory is now; null between frames. */
  #memory: Buffer | null = null
  #received = 0
  #frames = 0
  #lastBytes = 0

  constructor(sink: FrameSink, frames: FrameMemory) {
    this.#sink = sink
    this.#frameMemory = frames
  }

  /** Size of the last whole frame; 0 before the first. */
  get lastBytes(): number {
    return this.#lastBytes
  }

  /** Whole frames so far. */
  get frameCount(): number {
    return this.#frames
  }

  /** Bytes of a frame that has begun and is not whole; 0 between frames. */
  get partialBytes(): number {
    return this.#memory === null ? this.#sizeBytesRead : SIZE_BYTES + this.#received
  }

  /**
   * Memory of the frame itself for the next read, or null when a read of `sharedBytes` of shared
   * memory would do as well: it may bring the next frames along.
   */
  target(sharedBytes: number): Buffer | null {
    if (this.#memory === null || this.#size - this.#received < sharedBytes) return null
    const memory = this.#room(this.#received + 1)
    return memory.subarray(this.#received)
  }

  /** So many bytes were read into `target`. @returns as `take` */
  filled(count: number): string | null {
    assert(this.#memory !== null && this.#received + count <= this.#memory.byteLength)
    this.#received += count
    if (this.#received === this.#size) this.#finish()
    return null
  }

  /**
   * Takes bytes that have arrived. They are copied.
   *
   * @returns why the connection can't go on, or null
   */
  take(bytes: Uint8Array): string | null {
    let at = 0
    while (at < bytes.byteLength) {
      if (this.#memory === null) {
        at = this.#takeSize(bytes, at)
        if (this.#sizeBytesRead < SIZE_BYTES) return null
        const refusal = this.#begin(bytes.byteLength - at)
        if (refusal !== null) return refusal
      }
      at += this.#takeContent(bytes, at)
    }
    return null
  }

  /** Forgets what was collected: the connection is gone, and nothing is read any more. */
  clear(): void {
    if (this.#memory !== null) this.#frameMemory.give(this.#memory)
    this.#forget()
  }

  #forget(): void {
    this.#memory = null
    this.#sizeBytesRead = 0
    this.#received = 0
  }

  #takeSize(bytes: Uint8Array, start: number): number {
    let at = start
    while (this.#sizeBytesRead < SIZE_BYTES && at < bytes.byteLength) {
      this.#size = (this.#size << 8) | bytes[at]!
      this.#sizeBytesRead += 1
      at += 1
    }
    return at
  }

  #begin(availableBytes: number): string | null {
    const size = this.#size
    if (size <= 0) return `a frame of ${size} bytes`
    const refusal = this.#sink.refusal(size)
    if (refusal !== null) return refusal
    this.#received = 0
    if (size <= availableBytes) this.#memory = this.#frameMemory.take(size)
    else this.#grow(availableBytes, 0)
    return null
  }

  #takeContent(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#size - this.#received, bytes.byteLength - at)
    const memory = this.#room(this.#received + count)
    memory.set(bytes.subarray(at, at + count), this.#received)
    this.#received += count
    if (this.#received === this.#size) this.#finish()
    return count
  }

  #room(sizeBytes: number): Buffer {
    const memory = this.#memory!
    if (memory.byteLength >= sizeBytes) return memory
    const grown = this.#grow(sizeBytes, memory.byteLength)
    grown.set(memory.subarray(0, this.#received))
    this.#frameMemory.give(memory) // what was read into it has been told, so nobody writes there
    return grown
  }

  /** @param hadBytes what the frame had before */
  #grow(arrivedBytes: number, hadBytes: number): Buffer {
    const wantedBytes = Math.max(FIRST_BYTES, arrivedBytes * this.#sink.growth)
    const memory = this.#frameMemory.take(Math.min(this.#size, wantedBytes))
    this.#memory = memory
    this.#sink.grown(memory.byteLength - hadBytes)
    return memory
  }

  #finish(): void {
    const frame = this.#memory!
    assert(frame.byteLength === this.#size)
    this.#forget()
    this.#size = 0
    this.#frames += 1
    this.#lastBytes = frame.byteLength
    this.#sink.frame(frame)
  }
}
