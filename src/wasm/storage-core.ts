// The storage core: checksums, codecs, batch validation and index search, compiled to WebAssembly.
// Everything above this folder sees plain methods over bytes.

import assert from 'node:assert'
import { MAX_BATCH_BYTES, MAX_DECOMPRESSED_BYTES } from '../base/limits.ts'
import { BATCH_FAULTS } from './batch-check.ts'
import type { BatchCheck, BatchFault, RunBounds, RunCheck } from './batch-check.ts'
import { CoreError } from './core-error.ts'
import {
  INPUT,
  INPUT_BYTES,
  OUTPUT,
  OUTPUT_BYTES,
  RESULTS,
  instantiateCore,
} from './core-module.ts'
import type { CoreExports } from './core-module.ts'
import { ResidentMemory } from './resident-memory.ts'

/** How deep a check goes: numbers of assembly/batch.ts. */
const DEPTH = { header: 0, stored: 1, produced: 2 } as const

/** What is lent lies behind the output. */
const RESIDENT = OUTPUT + OUTPUT_BYTES
const RESIDENT_BYTES = 16 * 1024 * 1024

/** Slots of the results of a check of batches. */
const RESULT_SLOTS = 20

/** Bytes of one index entry: assembly/offset-index.ts, assembly/time-index.ts. */
const OFFSET_ENTRY_BYTES = 8
const TIME_ENTRY_BYTES = 12

type Codec = (source: number, size: number, target: number, limit: number) => number

/**
 * The compiled storage core, one instance a thread.
 *
 * Each method copies its input into the core's memory, runs one kernel to its end and keeps
 * nothing, so calls never overlap on the event loop and their order does not matter. Bytes that
 * lie in the core's memory already, because `input` or `resident` gave the room for them, are used in
 * place.
 *
 * All methods but those named `…At` overwrite the input region. Who fills it, by `input` or `stage`, must
 * use it in the same turn of the event loop: no `await` between.
 */
export class StorageCore {
  static #shared: StorageCore | undefined

  /** Memory that is worked on without being copied; of all brokers of the thread. */
  readonly resident: ResidentMemory
  readonly #kernel: CoreExports
  readonly #memory: Buffer
  readonly #results: Float64Array

  private constructor() {
    this.#kernel = instantiateCore(OUTPUT_BYTES + RESIDENT_BYTES)
    const { buffer } = this.#kernel.memory
    this.#memory = Buffer.from(buffer)
    this.#results = new Float64Array(buffer, RESULTS, RESULT_SLOTS)
    const resident = this.#memory.subarray(RESIDENT, RESIDENT + RESIDENT_BYTES)
    this.resident = new ResidentMemory(resident)
  }

  /** The core of this thread. The first call compiles it and blocks for some milliseconds. */
  static load(): StorageCore {
    StorageCore.#shared ??= new StorageCore()
    return StorageCore.#shared
  }

  /** CRC-32C of `bytes`, unsigned 32 bits, carried on from `crc` when that is given. */
  crc32c(bytes: Uint8Array, crc = 0): number {
    if (bytes.byteLength <= INPUT_BYTES) {
      return this.#kernel.crc32c(crc, this.stage(bytes), bytes.byteLength) >>> 0
    }
    let carried = crc
    for (let from = 0; from < bytes.byteLength; from += INPUT_BYTES) {
      carried = this.crc32c(bytes.subarray(from, from + INPUT_BYTES), carried)
    }
    return carried
  }

  /**
   * xxHash32 of `bytes`, unsigned 32 bits.
   *
   * @throws RangeError for more bytes than the largest batch
   */
  xxh32(bytes: Uint8Array, seed = 0): number {
    return this.#kernel.xxh32(this.stage(bytes), bytes.byteLength, seed) >>> 0
  }

  /**
   * One raw LZ4 block of `bytes`.
   *
   * @param limitBytes most bytes that the block may have
   * @throws CoreError with reason `limit`
   */
  lz4CompressBlock(bytes: Uint8Array, limitBytes = OUTPUT_BYTES): Buffer {
    const block = this.#encode('lz4CompressBlock', this.#kernel.lz4Compress, bytes)
    if (block.byteLength > limitBytes) throw this.#overLimit('lz4CompressBlock', bytes)
    return block
  }

  /**
   * What a raw LZ4 block holds.
   *
   * @param limitBytes most bytes of the result, at most MAX_DECOMPRESSED_BYTES
   * @param into       as for `lz4DecompressFrame`
   * @throws CoreError with reason `corrupt` or `limit`
   */
  lz4DecompressBlock(bytes: Uint8Array, limitBytes: number, into?: Buffer): Buffer {
    return this.#decode('lz4DecompressBlock', this.#kernel.lz4Decompress, bytes, limitBytes, into)
  }

  /** One LZ4 frame of independent 64 KiB blocks, as Kafka's clients write it. */
  lz4CompressFrame(bytes: Uint8Array): Buffer {
    return this.#encode('lz4CompressFrame', this.#kernel.lz4FrameCompress, bytes)
  }

  /**
   * What one or more LZ4 frames hold.
   *
   * @param limitBytes most bytes of the result, at most MAX_DECOMPRESSED_BYTES
   * @param into       takes the result when it is large enough. A caller that is done with one
   *   result before it asks for the next saves half of the time, which goes into fresh memory
   * @throws CoreError with reason `corrupt`, `limit`, or `unsupported` for dependent blocks,
   *   dictionaries and reserved bits
   */
  lz4DecompressFrame(bytes: Uint8Array, limitBytes: number, into?: Buffer): Buffer {
    const codec = this.#kernel.lz4FrameDecompress
    return this.#decode('lz4DecompressFrame', codec, bytes, limitBytes, into)
  }

  /** One raw Snappy block, as librdkafka writes it. */
  snappyCompress(bytes: Uint8Array): Buffer {
    return this.#encode('snappyCompress', this.#kernel.snappyCompress, bytes)
  }

  /** A xerial stream of 32 KiB chunks, as the Java clients write it. */
  snappyCompressXerial(bytes: Uint8Array): Buffer {
    return this.#encode('snappyCompressXerial', this.#kernel.xerialCompress, bytes)
  }

  /**
   * What a raw Snappy block or a xerial stream holds.
   *
   * @param limitBytes most bytes of the result, at most MAX_DECOMPRESSED_BYTES
   * @param into       as for `lz4DecompressFrame`
   * @throws CoreError with reason `corrupt`, `limit`, or `unsupported` for a xerial version
   */
  snappyDecompress(bytes: Uint8Array, limitBytes: number, into?: Buffer): Buffer {
    const codec = this.#kernel.snappyDecompressAny
    return this.#decode('snappyDecompress', codec, bytes, limitBytes, into)
  }

  /**
   * Room in the core's memory, for bytes that are then checked in place.
   *
   * @param sizeBytes 0 to MAX_BATCH_BYTES and 64 KiB
   * @returns a view that stays valid; what it holds is lost with the next call that is not `…At`
   */
  input(sizeBytes: number): Buffer {
    assert(sizeBytes >= 0 && sizeBytes <= INPUT_BYTES)
    return this.#memory.subarray(INPUT, INPUT + sizeBytes)
  }

  /**
   * Places bytes in the core's memory, in the input region unless they lie in that memory already.
   *
   * @returns their address, for the calls that end in `…At`; the bytes are lost with the next that does not
   * @throws RangeError for more bytes than the largest batch and 64 KiB
   */
  stage(bytes: Uint8Array): number {
    if (bytes.byteLength > INPUT_BYTES) {
      throw new RangeError(`storage core cannot hold ${bytes.byteLength} bytes`)
    }
    if (bytes.buffer === this.#memory.buffer) return bytes.byteOffset
    this.#memory.set(bytes, INPUT)
    return INPUT
  }

  /**
   * Checks a batch as a producer sends it: `bytes` are one batch and nothing more, with at least
   * one record and offset deltas 0, 1, 2 … Records of a compressed batch are left to
   * `validateRecords`.
   *
   * A max timestamp in the header that no record has is no fault: the broker stamps its own.
   */
  validateBatch(bytes: Uint8Array, result: BatchCheck): BatchFault {
    if (bytes.byteLength > INPUT_BYTES) {
      result.clearWalk()
      return BATCH_FAULTS.length
    }
    const at = this.stage(bytes)
    const fault = this.#check(at, bytes.byteLength, DEPTH.produced, result)
    if (fault !== BATCH_FAULTS.none) return fault
    return result.sizeBytes < bytes.byteLength ? BATCH_FAULTS.trailing : fault
  }

  /**
   * Checks the batch that starts at an address of the core's memory, as a log may hold it: compaction may
   * have left gaps between offset deltas, or no record at all.
   *
   * @param address        in what `stage` has placed
   * @param availableBytes bytes from there on; more than the batch is no fault
   */
  validateBatchAt(address: number, availableBytes: number, result: BatchCheck): BatchFault {
    return this.#check(address, availableBytes, DEPTH.stored, result)
  }

  /** As `validateBatchAt`, but looks at header and checksum only. */
  checkBatchHeaderAt(address: number, availableBytes: number, result: BatchCheck): BatchFault {
    return this.#check(address, availableBytes, DEPTH.header, result)
  }

  /**
   * Checks batches that follow each other, each as `checkBatchHeaderAt` does, and that their offsets rise.
   *
   * @param availableBytes bytes from the address on; the last batch may be cut off
   * @returns why it ended before the bytes did: at a batch that is damaged, cut off, or not wanted
   */
  checkBatchesAt(
    address: number,
    availableBytes: number,
    { minOffset, fromOffset, endOffset }: RunBounds,
    result: RunCheck,
  ): BatchFault {
    this.#mustHold(address, availableBytes)
    const kernel = this.#kernel
    const limit = MAX_BATCH_BYTES
    const fault = kernel.checkBatches(
      address,
      availableBytes,
      limit,
      minOffset,
      fromOffset,
      endOffset,
    )
    result.take(this.#results)
    return fault as BatchFault
  }

  /**
   * Walks the records of a compressed batch, decompressed by the caller, as a producer sends them.
   * `header` is what the check of the batch filled; the walk adds to it.
   *
   * @throws RangeError for more than MAX_DECOMPRESSED_BYTES and 64 KiB
   */
  validateRecords(records: Uint8Array, header: BatchCheck): BatchFault {
    return this.#checkRecords(records, DEPTH.produced, header)
  }

  /** As `validateRecords`, for a batch that compaction may have thinned out. */
  validateStoredRecords(records: Uint8Array, header: BatchCheck): BatchFault {
    return this.#checkRecords(records, DEPTH.stored, header)
  }

  /** Last slot at or below `relativeOffset`, or -1. Layout of `entries`: assembly/offset-index.ts. */
  floorOffsetSlot(entries: Uint8Array, relativeOffset: number): number {
    const count = Math.floor(entries.byteLength / OFFSET_ENTRY_BYTES)
    return this.#kernel.floorOffsetSlot(this.stage(entries), count, relativeOffset)
  }

  /** Last slot at or below `timestamp`, or -1. Layout of `entries`: assembly/time-index.ts. */
  floorTimeSlot(entries: Uint8Array, timestamp: number): number {
    const count = Math.floor(entries.byteLength / TIME_ENTRY_BYTES)
    return this.#kernel.floorTimeSlot(this.stage(entries), count, timestamp)
  }

  #check(at: number, availableBytes: number, depth: number, result: BatchCheck): BatchFault {
    this.#mustHold(at, availableBytes)
    const kernel = this.#kernel
    const fault = kernel.checkBatch(at, availableBytes, MAX_BATCH_BYTES, depth) as BatchFault
    result.takeHeader(this.#results)
    // The core writes slot 15 only when it has walked, and the codec bits say whether it had to.
    if (fault === BATCH_FAULTS.none && depth !== DEPTH.header && (result.attributes & 7) === 0) {
      result.takeWalk(this.#results)
    } else {
      result.clearWalk()
    }
    return fault
  }

  #mustHold(address: number, sizeBytes: number): void {
    assert(address >= INPUT && sizeBytes >= 0)
    assert(address + sizeBytes <= this.#memory.byteLength)
  }

  #checkRecords(records: Uint8Array, depth: number, header: BatchCheck): BatchFault {
    const fault = this.#kernel.checkRecords(
      this.#stageLarge(records),
      records.byteLength,
      header.recordCount,
      header.lastOffsetDelta,
      header.baseTimestamp,
      depth,
    ) as BatchFault
    if (fault === BATCH_FAULTS.none) header.takeWalk(this.#results)
    else header.clearWalk()
    return fault
  }

  #encode(operation: string, codec: Codec, bytes: Uint8Array): Buffer {
    if (bytes.byteLength > INPUT_BYTES) throw this.#overLimit(operation, bytes)
    const size = codec(this.stage(bytes), bytes.byteLength, OUTPUT, OUTPUT_BYTES)
    if (size < 0) throw CoreError.of(size, operation, bytes.byteLength)
    return this.#taken(size)
  }

  #decode(
    operation: string,
    codec: Codec,
    bytes: Uint8Array,
    limitBytes: number,
    into: Buffer | undefined,
  ): Buffer {
    if (bytes.byteLength > INPUT_BYTES) throw this.#overLimit(operation, bytes)
    const limit = Math.min(limitBytes, MAX_DECOMPRESSED_BYTES)
    const size = codec(this.stage(bytes), bytes.byteLength, OUTPUT, limit)
    if (size < 0) throw CoreError.of(size, operation, bytes.byteLength)
    return this.#taken(size, into)
  }

  #overLimit(operation: string, bytes: Uint8Array): CoreError {
    return new CoreError('limit', operation, bytes.byteLength)
  }

  /** A copy of the first `size` bytes of the output region. */
  #taken(size: number, into?: Buffer): Buffer {
    const roomy = into !== undefined && into.byteLength >= size
    const copy = roomy ? into.subarray(0, size) : Buffer.allocUnsafe(size)
    copy.set(this.#memory.subarray(OUTPUT, OUTPUT + size))
    return copy
  }

  /** As `#stage`, for bytes that may be larger than a batch: those go where results would be. */
  #stageLarge(bytes: Uint8Array): number {
    if (bytes.byteLength <= INPUT_BYTES) return this.stage(bytes)
    if (bytes.byteLength > OUTPUT_BYTES) {
      throw new RangeError(`storage core cannot hold ${bytes.byteLength} bytes`)
    }
    this.#memory.set(bytes, OUTPUT)
    return OUTPUT
  }
}
