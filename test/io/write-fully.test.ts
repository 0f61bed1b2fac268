// Writes that the system takes in part.

import { expect, test } from 'vitest'
import { writeFully } from '../../src/io/write-fully.ts'
import { SeededRandom } from '../support/seeded-random.ts'

test('short writes are carried on where they stopped', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed)
    const buffers = Array.from({ length: random.below(9) }, () => random.bytes(random.below(6)))
    const whole = Buffer.concat(buffers)
    const disk = Buffer.alloc(whole.byteLength + 10, 0xee)
    const end = writeFully(
      (pieces, position) => {
        const offered = Buffer.concat(pieces)
        const taken = Math.min(offered.byteLength, random.between(1, 7))
        offered.copy(disk, position, 0, taken)
        return taken
      },
      buffers,
      5,
    )
    expect(end, `seed ${seed}`).toBe(5 + whole.byteLength)
    expect(disk.subarray(5, end).equals(whole), `seed ${seed}`).toBe(true)
  }
})

test('a system that takes nothing gives an error, not an endless loop', () => {
  const full = expect.objectContaining({ code: 'ENOSPC' })
  expect(() => writeFully(() => 0, [Buffer.of(1)], 0)).toThrow(full)
})

test('the system’s own error goes through', () => {
  const fail = (): number => {
    throw Object.assign(new Error('disk'), { code: 'EIO' })
  }
  expect(() => writeFully(fail, [Buffer.of(1)], 0)).toThrow(
    expect.objectContaining({ code: 'EIO' }),
  )
})
