// Loads the compiled storage core. This file and its neighbours are the only ones that know
// WebAssembly.

import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { instantiateSync } from '@assemblyscript/loader'
import { MAX_BATCH_BYTES, MAX_DECOMPRESSED_BYTES } from '../base/limits.ts'

/** Room for framing around the largest batch, in each region. */
const SLACK_BYTES = 64 * 1024

/** Addresses of assembly/arena.ts, compared with it when the module is loaded. */
export const INPUT = 0x40000
export const INPUT_BYTES = MAX_BATCH_BYTES + SLACK_BYTES
export const OUTPUT = INPUT + INPUT_BYTES
export const OUTPUT_BYTES = MAX_DECOMPRESSED_BYTES + SLACK_BYTES
export const RESULTS = 0x14000

const PAGE_BYTES = 64 * 1024

/**
 * What assembly/index.ts exports; the two files change together.
 *
 * Addresses and sizes are bytes and unsigned. Results are 32-bit and signed, so a caller of a
 * function that returns an unsigned number adds `>>> 0`.
 */
export interface CoreExports extends Record<string, unknown> {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly INPUT: { readonly value: number }
  readonly INPUT_BYTES: { readonly value: number }
  readonly OUTPUT: { readonly value: number }
  readonly OUTPUT_BYTES: { readonly value: number }
  readonly RESULTS: { readonly value: number }

  crc32c(crc: number, from: number, size: number): number
  xxh32(from: number, size: number, seed: number): number

  lz4Bound(size: number): number
  lz4Compress(source: number, size: number, target: number, limit: number): number
  lz4Decompress(source: number, size: number, target: number, limit: number): number
  lz4FrameBound(size: number): number
  lz4FrameCompress(source: number, size: number, target: number, limit: number): number
  lz4FrameDecompress(source: number, size: number, target: number, limit: number): number
  snappyBound(size: number): number
  snappyCompress(source: number, size: number, target: number, limit: number): number
  snappyDecompressAny(source: number, size: number, target: number, limit: number): number
  xerialBound(size: number): number
  xerialCompress(source: number, size: number, target: number, limit: number): number

  checkBatch(at: number, available: number, limit: number, depth: number): number
  checkBatches(
    at: number,
    available: number,
    limit: number,
    minOffset: number,
    fromOffset: number,
    endOffset: number,
  ): number
  checkRecords(
    at: number,
    size: number,
    count: number,
    lastDelta: number,
    baseTimestamp: number,
    depth: number,
  ): number

  floorOffsetSlot(entries: number, count: number, relative: number): number
  putOffsetEntry(entries: number, slot: number, relative: number, position: number): void
  floorTimeSlot(entries: number, count: number, timestamp: number): number
  putTimeEntry(entries: number, slot: number, timestamp: number, relative: number): void

  keyMapInit(map: number, size: number, secret: number): number
  keyMapClear(map: number): void
  keyMapSize(map: number): number
  keyMapPutRecords(
    map: number,
    at: number,
    size: number,
    count: number,
    lastDelta: number,
    baseOffset: number,
    fromOffset: number,
  ): number
  touchKeys(map: number, at: number, available: number): number
  keepRecords(
    map: number,
    at: number,
    size: number,
    count: number,
    lastDelta: number,
    baseOffset: number,
    endOffset: number,
    dropTombstones: number,
  ): number
  shiftTimestamps(
    from: number,
    size: number,
    count: number,
    shift: number,
    into: number,
    limit: number,
  ): number
}

let compiled: WebAssembly.Module | undefined

/**
 * Makes one instance of the core with a memory of its own, which never grows.
 *
 * Pages of the memory cost nothing until they are touched.
 *
 * @param outputBytes size of what lies from OUTPUT on: OUTPUT_BYTES or more
 */
export function instantiateCore(outputBytes: number): CoreExports {
  compiled ??= new WebAssembly.Module(readFileSync(modulePath()))
  const pages = Math.ceil((OUTPUT + outputBytes) / PAGE_BYTES)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const { exports } = instantiateSync<CoreExports>(compiled, { env: { memory } })
  assert.deepEqual(
    [exports.INPUT.value, exports.INPUT_BYTES.value, exports.OUTPUT.value, exports.RESULTS.value],
    [INPUT, INPUT_BYTES, OUTPUT, RESULTS],
    'build/wasm/core.wasm is of another version: run npm run build',
  )
  assert.equal(exports.OUTPUT_BYTES.value, OUTPUT_BYTES)
  return exports
}

/** From src/, from build/dist/ and from an installed package alike: package.json names the file. */
function modulePath(): string {
  return createRequire(import.meta.url).resolve('#core.wasm')
}
