// Search in offset and time indexes, and the bytes of their entries, against linear scans.

import { describe, expect, test } from 'vitest'
import { INPUT } from '../../src/wasm/core-module.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { GuardedCore } from './guarded-core.ts'

const core = StorageCore.load()
const { kernel, memory } = new GuardedCore()

function offsetIndex(offsets: readonly number[]): Buffer {
  const entries = Buffer.alloc(offsets.length * 8)
  offsets.forEach((offset, slot) => entries.writeUInt32BE(offset, slot * 8))
  return entries
}

function timeIndex(timestamps: readonly bigint[]): Buffer {
  const entries = Buffer.alloc(timestamps.length * 12)
  timestamps.forEach((timestamp, slot) => entries.writeBigInt64BE(timestamp, slot * 12))
  return entries
}

describe('floorOffsetSlot', () => {
  // Every index over the offsets 0..11 is small enough to try each target against a linear scan,
  // which is too plain to share a mistake with the binary search.
  test('agrees with a linear scan on every small index', () => {
    for (let mask = 0; mask < 1 << 12; mask++) {
      const offsets = [...Array(12).keys()].filter((bit) => mask & (1 << bit))
      const entries = offsetIndex(offsets)
      for (let target = 0; target <= 12; target++) {
        const expected = offsets.findLastIndex((offset) => offset <= target)
        if (core.floorOffsetSlot(entries, target) !== expected) {
          expect.fail(`offsets ${offsets.join()}, target ${target}`)
        }
      }
    }
  })

  test('compares offsets as unsigned, up to the largest', () => {
    const entries = offsetIndex([5, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])
    expect(core.floorOffsetSlot(entries, 4)).toBe(-1)
    expect(core.floorOffsetSlot(entries, 2 ** 31 - 1)).toBe(1)
    expect(core.floorOffsetSlot(entries, 2 ** 32 - 2)).toBe(2)
    expect(core.floorOffsetSlot(entries, 2 ** 32 - 1)).toBe(3)
  })

  test('leaves out a last entry that is not whole', () => {
    const entries = offsetIndex([1, 2, 3])
    expect(core.floorOffsetSlot(entries.subarray(0, 23), 9)).toBe(1)
    expect(core.floorOffsetSlot(entries.subarray(0, 7), 9)).toBe(-1)
  })
})

describe('floorTimeSlot', () => {
  test('agrees with a linear scan', () => {
    const random = new SeededRandom(51)
    for (let round = 0; round < 500; round++) {
      const timestamps: bigint[] = []
      let last = BigInt(random.pick([-(2 ** 40), -5, 0, 1_700_000_000_000]))
      for (let count = random.below(40); count > 0; count--) {
        last += BigInt(random.below(random.pick([2, 10, 2 ** 32])))
        timestamps.push(last)
      }
      const entries = timeIndex(timestamps)
      for (const timestamp of [...timestamps, last + 5n, -(2n ** 53n) + 1n]) {
        for (const target of [timestamp - 1n, timestamp, timestamp + 1n]) {
          const expected = timestamps.findLastIndex((each) => each <= target)
          const found = core.floorTimeSlot(entries, Number(target))
          expect(found, `seed 51, round ${round}, target ${target}`).toBe(expected)
        }
      }
    }
  })
})

describe('entries', () => {
  test('of an offset index are written as Kafka writes them', () => {
    memory.fill(0, INPUT, INPUT + 24)
    kernel.putOffsetEntry(INPUT, 1, 0x01020304, 0xf5060708)
    const hex = memory.toString('hex', INPUT, INPUT + 24)
    expect(hex).toBe('000000000000000001020304f50607080000000000000000')
  })

  test('of a time index are written as Kafka writes them', () => {
    memory.fill(0, INPUT, INPUT + 24)
    kernel.putTimeEntry(INPUT, 1, -2, 0xf5060708)
    expect(memory.toString('hex', INPUT + 12, INPUT + 24)).toBe('fffffffffffffffef5060708')
    kernel.putTimeEntry(INPUT, 0, Number.MAX_SAFE_INTEGER, 7)
    expect(memory.toString('hex', INPUT, INPUT + 12)).toBe('001fffffffffffff00000007')
  })
})
