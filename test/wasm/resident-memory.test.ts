// Memory of the core that is lent: no piece to two, all of it again and again, and nothing beside it.

import { expect, test } from 'vitest'
import { BATCH_FAULTS, BatchCheck } from '../../src/wasm/batch-check.ts'
import { ResidentMemory } from '../../src/wasm/resident-memory.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { batchOf } from '../support/batches.ts'

const MEBIBYTE = 1024 * 1024

/** A region in the middle of something larger. */
function memoryOf(slots: number): { memory: ResidentMemory; around: Buffer } {
  const around = Buffer.alloc((slots + 2) * MEBIBYTE)
  return { memory: new ResidentMemory(around.subarray(MEBIBYTE, (slots + 1) * MEBIBYTE)), around }
}

test('pieces do not overlap, and there are as many as slots', () => {
  const { memory, around } = memoryOf(3)
  const pieces = [MEBIBYTE, 10, 500_000].map((sizeBytes) => memory.take(sizeBytes)!)
  expect(memory.take(1)).toBeNull()
  expect(pieces.map(({ byteLength }) => byteLength)).toEqual([MEBIBYTE, 10, 500_000])
  for (const [index, piece] of pieces.entries()) piece.fill(index + 1)
  for (const [index, piece] of pieces.entries()) {
    expect(piece.every((byte) => byte === index + 1)).toBe(true)
  }
  const outside = [around.subarray(0, MEBIBYTE), around.subarray(-MEBIBYTE)]
  expect(Buffer.concat(outside).every((byte) => byte === 0)).toBe(true)
})

test('what comes back is lent again, the last first, and once', () => {
  const { memory } = memoryOf(2)
  const [first, second] = [memory.take(100)!, memory.take(100)!]
  expect(memory.give(first)).toBe(true)
  expect(memory.give(second)).toBe(true)
  expect(memory.freeSlots).toBe(2)
  expect(memory.take(200)!.byteOffset).toBe(second.byteOffset)
  expect(() => memory.give(first)).toThrow()
  expect(memory.freeSlots).toBe(1)
})

test('what is larger than a slot, and what is of elsewhere, is none of its business', () => {
  const { memory } = memoryOf(1)
  expect(memory.take(MEBIBYTE + 1)).toBeNull()
  expect(memory.give(Buffer.alloc(10))).toBe(false)
  expect(memory.freeSlots).toBe(1)
})

test('batches there are checked in place, to the last byte of the last slot', () => {
  const core = StorageCore.load()
  const batch = batchOf(2, 40)
  const check = new BatchCheck()
  const all: Buffer[] = []
  for (let piece = core.resident.take(MEBIBYTE); piece !== null;) {
    all.push(piece)
    piece = core.resident.take(MEBIBYTE)
  }
  expect(all.length).toBe(16)
  for (const piece of all) {
    const place = piece.subarray(-batch.byteLength)
    place.set(batch)
    expect(core.stage(place)).toBe(place.byteOffset)
    expect(core.validateBatch(place, check)).toBe(BATCH_FAULTS.none)
    place[batch.byteLength - 1]! ^= 1
    const fault = core.checkBatchHeaderAt(core.stage(place), batch.byteLength, check)
    expect(fault).toBe(BATCH_FAULTS.crc)
  }
  for (const piece of all) core.resident.give(piece)
})
