// What the kernel bench times: each kernel of the storage core, copy into its memory included,
// beside the best alternatives on npm.

import assert from 'node:assert'
import { crc32c as nativeCrc32c } from '@node-rs/crc32'
import * as lz4 from 'lz4-napi'
import * as snappy from 'snappy'
import { BATCH_FAULTS, BatchCheck } from '../../src/wasm/batch-check.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { checkBatchInJs, crc32cInJs, floorOffsetSlotInJs } from './javascript.ts'
import type { Contest } from './measure.ts'
import { batchOfValues, jsonLog } from './samples.ts'

/** One row of the report. The first name of `contest` is ours, the second what we compare with. */
export interface Match {
  readonly kernel: string
  readonly input: string
  /** What one call handles, in `unit`s. */
  readonly amount: number
  readonly unit: 'MB' | 'k batches' | 'k searches'
  readonly contest: Contest
  /** Ratio to the second that must be held. */
  readonly floor?: number
}

const SIZES = [1024, 16 * 1024, 64 * 1024, 1024 * 1024]
const FLOOR_BYTES = 64 * 1024
/** About as many records of 100 bytes as fill a batch of FLOOR_BYTES. */
const FLOOR_RECORDS = 600
const MB = 1e6

export function allMatches(): Match[] {
  const core = StorageCore.load()
  return [
    ...SIZES.map((size) => crcMatch(core, size)),
    ...SIZES.flatMap((size) => lz4Matches(core, size)),
    ...SIZES.flatMap((size) => lz4FrameMatches(core, size)),
    ...SIZES.flatMap((size) => snappyMatches(core, size)),
    ...[1, 10, 150, FLOOR_RECORDS].map((count) => batchMatch(core, count)),
    ...[512, 16 * 1024].map((entries) => indexMatch(core, entries)),
  ]
}

/** `floor` where the size is the one that it is promised for. */
function floorAt(size: number, floor: number): { floor?: number } {
  return size === FLOOR_BYTES ? { floor } : {}
}

function sizeName(size: number): string {
  return size < 1024 * 1024 ? `${size / 1024} KB` : `${size / 1024 / 1024} MB`
}

function crcMatch(core: StorageCore, size: number): Match {
  const bytes = jsonLog(size)
  assert.equal(core.crc32c(bytes), nativeCrc32c(bytes))
  assert.equal(crc32cInJs(bytes), nativeCrc32c(bytes))
  return {
    kernel: 'crc32c',
    input: sizeName(size),
    amount: size / MB,
    unit: 'MB',
    contest: {
      sluice: () => core.crc32c(bytes),
      '@node-rs/crc32': () => nativeCrc32c(bytes),
      JavaScript: () => crc32cInJs(bytes),
    },
    ...floorAt(size, 1.5),
  }
}

function lz4Matches(core: StorageCore, size: number): Match[] {
  const bytes = jsonLog(size)
  const ours = core.lz4CompressBlock(bytes)
  const theirs = lz4.compressSync(bytes)
  const block = theirs.subarray(4) // behind the size that lz4-napi puts first
  assert(core.lz4DecompressBlock(block, size).equals(bytes))
  assert(ours.byteLength <= block.byteLength * 1.05)
  const room = Buffer.alloc(size)
  const common = { input: sizeName(size), amount: size / MB, unit: 'MB' } as const
  return [
    {
      ...common,
      kernel: 'lz4 compress',
      contest: {
        sluice: () => core.lz4CompressBlock(bytes),
        'lz4-napi': () => lz4.compressSync(bytes),
      },
      ...floorAt(size, 2),
    },
    {
      ...common,
      kernel: 'lz4 decompress',
      contest: {
        sluice: () => core.lz4DecompressBlock(block, size, room),
        'lz4-napi': () => lz4.uncompressSync(theirs),
        'sluice, new buffer': () => core.lz4DecompressBlock(block, size),
      },
      ...floorAt(size, 1),
    },
  ]
}

function lz4FrameMatches(core: StorageCore, size: number): Match[] {
  const bytes = jsonLog(size)
  const frame = core.lz4CompressFrame(bytes)
  assert(lz4.decompressFrameSync(frame).equals(bytes))
  const common = { input: sizeName(size), amount: size / MB, unit: 'MB' } as const
  return [
    {
      ...common,
      kernel: 'lz4 frame compress',
      contest: {
        sluice: () => core.lz4CompressFrame(bytes),
        'lz4-napi': () => lz4.compressFrameSync(bytes),
      },
    },
    {
      ...common,
      kernel: 'lz4 frame decompress',
      contest: {
        sluice: () => core.lz4DecompressFrame(frame, size),
        'lz4-napi': () => lz4.decompressFrameSync(frame),
      },
    },
  ]
}

function snappyMatches(core: StorageCore, size: number): Match[] {
  const bytes = jsonLog(size)
  const block = snappy.compressSync(bytes)
  assert(core.snappyDecompress(block, size).equals(bytes))
  const common = { input: sizeName(size), amount: size / MB, unit: 'MB' } as const
  return [
    {
      ...common,
      kernel: 'snappy compress',
      contest: {
        sluice: () => core.snappyCompress(bytes),
        snappy: () => snappy.compressSync(bytes),
      },
    },
    {
      ...common,
      kernel: 'snappy decompress',
      contest: {
        sluice: () => core.snappyDecompress(block, size),
        snappy: () => snappy.uncompressSync(block),
      },
    },
  ]
}

function batchMatch(core: StorageCore, count: number): Match {
  const batch = batchOfValues(count, 100)
  const result = new BatchCheck()
  assert.equal(core.validateBatch(batch, result), BATCH_FAULTS.none)
  assert.equal(checkBatchInJs(batch), result.foundMaxTimestamp)
  return {
    kernel: 'validate batch',
    input: `${count} × 100 B`,
    amount: 1e-3,
    unit: 'k batches',
    contest: {
      sluice: () => core.validateBatch(batch, result),
      'JS + native CRC': () => checkBatchInJs(batch),
    },
    ...(count === FLOOR_RECORDS ? { floor: 2 } : {}),
  }
}

function indexMatch(core: StorageCore, count: number): Match {
  const entries = Buffer.alloc(count * 8)
  for (let slot = 0; slot < count; slot++) entries.writeUInt32BE(slot * 40, slot * 8)
  const resident = core.input(entries.byteLength)
  resident.set(entries)
  let target = 0
  const next = (): number => (target = (target + 7919) % (count * 40))
  assert.equal(core.floorOffsetSlot(resident, 4001), floorOffsetSlotInJs(entries, 4001))
  return {
    kernel: 'index search',
    input: `${count} entries`,
    amount: 1e-3,
    unit: 'k searches',
    contest: {
      sluice: () => core.floorOffsetSlot(entries, next()),
      JavaScript: () => floorOffsetSlotInJs(entries, next()),
      'sluice, in place': () => core.floorOffsetSlot(core.input(entries.byteLength), next()),
    },
  }
}
