// Sequence numbers: after the largest comes 0.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sequenceAfter, sequenceBefore } from '../../src/record/sequence.ts'

const LARGEST = 2 ** 31 - 1

test('the sequence after the largest is 0', () => {
  expect(sequenceAfter(LARGEST, 0)).toBe(LARGEST)
  expect(sequenceAfter(LARGEST, 1)).toBe(0)
  expect(sequenceAfter(LARGEST - 2, 5)).toBe(2)
  expect(sequenceBefore(0, 1)).toBe(LARGEST)
  expect(sequenceBefore(2, 5)).toBe(LARGEST - 2)
})

test('going back undoes going on, as in a count without end', () => {
  const number = fc.integer({ min: 0, max: LARGEST })
  fc.assert(
    fc.property(number, number, (sequence, count) => {
      const after = sequenceAfter(sequence, count)
      expect(after).toBe((sequence + count) % 2 ** 31)
      expect(sequenceBefore(after, count)).toBe(sequence)
    }),
    { seed: 31 },
  )
})
