// Runs codecs on bytes that lie where a mistake shows: the input ends where the core's memory ends,
// so that reading one byte more traps, and the room for the result has guards on both sides, or
// ends there too, so that writing one byte more traps or is seen.

import { expect } from 'vitest'
import { INPUT, OUTPUT, OUTPUT_BYTES, instantiateCore } from '../../src/wasm/core-module.ts'
import type { CoreExports } from '../../src/wasm/core-module.ts'

const GUARD = 0xa5
const GUARD_BYTES = 64

export type CodecName =
  | 'lz4Compress'
  | 'lz4Decompress'
  | 'lz4FrameCompress'
  | 'lz4FrameDecompress'
  | 'snappyCompress'
  | 'snappyDecompressAny'
  | 'xerialCompress'

/** Codec result: bytes, or a number below zero. */
export type CodecResult = Buffer | number

export class GuardedCore {
  readonly kernel: CoreExports = instantiateCore(OUTPUT_BYTES)
  readonly memory = Buffer.from(this.kernel.memory.buffer)

  /** The address at which `bytes` now end where the memory ends. */
  atEnd(bytes: Uint8Array): number {
    const address = this.memory.byteLength - bytes.byteLength
    this.memory.set(bytes, address)
    return address
  }

  /** Runs a codec twice, each time with another end against the end of memory. */
  run(codec: CodecName, bytes: Uint8Array, limit: number): CodecResult {
    const first = this.#guardedTarget(codec, bytes, limit)
    const second = this.#targetAtEnd(codec, bytes, limit)
    expect(second).toEqual(first)
    return first
  }

  #guardedTarget(codec: CodecName, bytes: Uint8Array, limit: number): CodecResult {
    const target = OUTPUT + GUARD_BYTES
    this.memory.fill(GUARD, OUTPUT, target)
    this.memory.fill(GUARD, target + limit, target + limit + GUARD_BYTES)
    const source = this.atEnd(bytes)
    const size = this.kernel[codec](source, bytes.byteLength, target, limit)
    this.#expectGuards(OUTPUT)
    this.#expectGuards(target + limit)
    return this.#result(size, target, limit)
  }

  #targetAtEnd(codec: CodecName, bytes: Uint8Array, limit: number): CodecResult {
    const target = this.memory.byteLength - limit
    // Another byte behind the input than in the other run: who reads it gives another answer.
    this.memory.set(bytes, INPUT)
    this.memory.fill(0x5a, INPUT + bytes.byteLength, INPUT + bytes.byteLength + GUARD_BYTES)
    const size = this.kernel[codec](INPUT, bytes.byteLength, target, limit)
    return this.#result(size, target, limit)
  }

  #expectGuards(address: number): void {
    const guards = this.memory.subarray(address, address + GUARD_BYTES)
    expect(guards.every((byte) => byte === GUARD)).toBe(true)
  }

  #result(size: number, target: number, limit: number): CodecResult {
    if (size < 0) return size
    expect(size).toBeLessThanOrEqual(limit)
    return Buffer.from(this.memory.subarray(target, target + size))
  }
}
