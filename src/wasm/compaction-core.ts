// What compaction asks of the storage core: the last offset of every key within a fixed memory, and
// batches from which the records go that a later one of their key has replaced.

import assert from 'node:assert'
import { MAX_BATCH_BYTES, MAX_DECOMPRESSED_BYTES } from '../base/limits.ts'
import { BATCH_FAULTS, batchFaultName } from './batch-check.ts'
import type { BatchCheck, BatchFault } from './batch-check.ts'
import {
  INPUT,
  INPUT_BYTES,
  OUTPUT,
  OUTPUT_BYTES,
  RESULTS,
  instantiateCore,
} from './core-module.ts'
import type { CoreExports } from './core-module.ts'

/** Smallest and largest memory for the keys, in bytes. */
export const MIN_KEY_BYTES = 4096
export const MAX_KEY_BYTES = 1024 * 1024 * 1024

/** Bytes that one key costs, whatever its length; nine of ten slots are used. */
export const KEY_SLOT_BYTES = 24

/** Where timestamps are shifted to, and the keys: behind the regions of assembly/arena.ts. */
const SHIFTED = OUTPUT + OUTPUT_BYTES
const KEYS = SHIFTED + OUTPUT_BYTES

const DEPTH_HEADER = 0
const RESULT_SLOTS = 16
const NO_ROOM = -20

/** A place in the memory of a CompactionCore. A view of that memory is one too. */
export interface Span {
  readonly byteOffset: number
  readonly byteLength: number
}

/** What the core has to know of a batch to read its records. */
export type RecordsFrame = Pick<BatchCheck, 'baseOffset' | 'lastOffsetDelta' | 'recordCount'>

/** What is left of the records of a batch. */
export interface KeptRecords {
  readonly count: number
  readonly sizeBytes: number
  /** Largest timestamp delta among them; 0 when there are none. */
  readonly maxTimestampDelta: number
  /** Those below the end of the keys that have no value. */
  readonly tombstones: number
}

/** Records of a stored batch that contradict themselves or their header. */
export class RecordsFault extends Error {
  override readonly name = 'RecordsFault'
  readonly fault: string

  constructor(fault: number) {
    super(`records of a stored batch are damaged: ${batchFaultName(fault as BatchFault)}`)
    this.fault = batchFaultName(fault as BatchFault)
  }
}

/**
 * Memory of its own, which goes back to the system when nobody holds it any more, and costs what of it
 * is touched. One call at a time; nothing is kept between calls but the keys.
 *
 * Keys are known by a hash of 128 bits under a secret; assembly/key-map.ts says why that is safe.
 */
export class CompactionCore {
  /** Keys that fit. */
  readonly capacity: number
  /** Room for batches as they stand in a log: MAX_BATCH_BYTES and some more. */
  readonly input: Buffer
  /** Room for the records of a compressed batch. */
  readonly records: Buffer

  readonly #kernel: CoreExports
  readonly #memory: Buffer
  readonly #results: Float64Array

  /**
   * @param keyBytes memory for the keys, 4 KiB to 1 GiB; Kafka's log.cleaner.dedupe.buffer.size
   * @param secret   16 bytes that no client can foresee
   */
  constructor(keyBytes: number, secret: Uint8Array) {
    assert(keyBytes >= MIN_KEY_BYTES && keyBytes <= MAX_KEY_BYTES)
    assert(secret.byteLength === 16)
    this.#kernel = instantiateCore(KEYS - OUTPUT + keyBytes)
    const { buffer } = this.#kernel.memory
    this.#memory = Buffer.from(buffer)
    this.#results = new Float64Array(buffer, RESULTS, RESULT_SLOTS)
    this.input = this.#memory.subarray(INPUT, INPUT + INPUT_BYTES)
    this.records = this.#memory.subarray(OUTPUT, OUTPUT + OUTPUT_BYTES)
    this.input.set(secret)
    this.capacity = this.#kernel.keyMapInit(KEYS, keyBytes, INPUT) >>> 0
    this.input.fill(0, 0, secret.byteLength)
  }

  /** Keys held now. */
  get keyCount(): number {
    return this.#kernel.keyMapSize(KEYS) >>> 0
  }

  /** Forgets all keys. */
  clear(): void {
    this.#kernel.keyMapClear(KEYS)
  }

  /**
   * Looks at header and checksum of the batch at `at` in the input.
   *
   * @param availableBytes bytes from there on; more than the batch is no fault
   */
  check(at: number, availableBytes: number, result: BatchCheck): BatchFault {
    assert(at >= 0 && at + availableBytes <= INPUT_BYTES)
    const kernel = this.#kernel
    const fault = kernel.checkBatch(INPUT + at, availableBytes, MAX_BATCH_BYTES, DEPTH_HEADER)
    result.takeHeader(this.#results)
    result.clearWalk()
    return fault as BatchFault
  }

  /**
   * To be called before small batches are looked at: what is known of their keys is then close by. Changes
   * nothing, whatever the bytes are.
   *
   * @param at             where in the input the first of them starts
   * @param availableBytes bytes from there on
   * @returns bytes for which that was done
   */
  touchKeys(at: number, availableBytes: number): number {
    return this.#kernel.touchKeys(KEYS, INPUT + at, availableBytes) >>> 0
  }

  /** The bytes of a place, not copied. */
  view({ byteOffset, byteLength }: Span): Buffer {
    return this.#memory.subarray(byteOffset, byteOffset + byteLength)
  }

  /** Copies bytes to another place; both may overlap. @param to where they then begin */
  move({ byteOffset, byteLength }: Span, to: number): void {
    this.#memory.copyWithin(to, byteOffset, byteOffset + byteLength)
  }

  /**
   * Enters the keys of records at or above `fromOffset`, each with its last offset.
   *
   * @param records those of one batch, in this memory, not compressed
   * @returns the offset of the first one for which there is no room; null when all are entered
   * @throws RecordsFault; some keys may be entered then
   */
  enterKeys(records: Span, frame: RecordsFrame, fromOffset: number): number | null {
    const { baseOffset, lastOffsetDelta, recordCount } = frame
    const fault = this.#kernel.keyMapPutRecords(
      KEYS,
      records.byteOffset,
      records.byteLength,
      recordCount,
      lastOffsetDelta,
      baseOffset,
      fromOffset,
    )
    if (fault !== BATCH_FAULTS.none) throw new RecordsFault(fault)
    const full = this.#results[0]!
    return full < 0 ? null : baseOffset + full
  }

  /**
   * Moves the records that stay to the front of `records`: those at or above `endOffset`, and those
   * with a key of which no later offset was entered.
   *
   * @param records        as for `enterKeys`; what follows what stays is of no use any more
   * @param dropTombstones those without a value do not stay
   * @throws RecordsFault
   */
  keepRecords(
    records: Span,
    frame: RecordsFrame,
    endOffset: number,
    dropTombstones: boolean,
  ): KeptRecords {
    const count = this.#kernel.keepRecords(
      KEYS,
      records.byteOffset,
      records.byteLength,
      frame.recordCount,
      frame.lastOffsetDelta,
      frame.baseOffset,
      endOffset,
      Number(dropTombstones),
    )
    if (count < 0) throw new RecordsFault(count)
    const results = this.#results
    return {
      count,
      sizeBytes: results[0]!,
      maxTimestampDelta: results[1]!,
      tombstones: results[2]!,
    }
  }

  /**
   * Adds to the timestamp delta of each record.
   *
   * @param limitBytes most bytes that the result may have
   * @returns the records with their new deltas, valid until the next call; null when they take more
   * @throws RecordsFault
   */
  shiftTimestamps(
    { byteOffset, byteLength }: Span,
    count: number,
    shift: number,
    limitBytes: number,
  ): Buffer | null {
    const limit = Math.min(limitBytes, MAX_DECOMPRESSED_BYTES)
    const size = this.#kernel.shiftTimestamps(byteOffset, byteLength, count, shift, SHIFTED, limit)
    if (size === NO_ROOM) return null
    if (size < 0) throw new RecordsFault(size)
    return this.#memory.subarray(SHIFTED, SHIFTED + size)
  }
}
