// Logs whose records are left to the system: how much of them may be in memory alone.

import { expect, test } from 'vitest'
import { isOsSyncDue, osSyncBytesOf } from '../../../src/storage/rounds/os-sync.ts'

const MIB = 1024 * 1024

test.each([
  ['a small machine', 512 * MIB, 32 * MIB],
  ['one of 8 GiB', 8192 * MIB, 128 * MIB],
  ['a large one', 65_536 * MIB, 256 * MIB],
])('%s', (_, memoryBytes, expected) => {
  expect(osSyncBytesOf(memoryBytes)).toBe(expected)
})

test('of small segments not more than 32 wait, full ones', () => {
  const due = (unsyncedBytes: number, segmentBytes: number): boolean => {
    return isOsSyncDue({ unsyncedBytes, config: { segmentBytes } }, 256 * MIB)
  }
  expect([due(31 * MIB, MIB), due(32 * MIB, MIB)]).toEqual([false, true])
  expect([due(255 * MIB, 1024 * MIB), due(256 * MIB, 1024 * MIB)]).toEqual([false, true])
})
