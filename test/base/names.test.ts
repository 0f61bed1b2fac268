// Partition names and ids, as they stand in directory names and files.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePartitionName, partitionName } from '../../src/base/topic-partition.ts'
import { randomUuid, uuidBytes, uuidOf, ZERO_UUID } from '../../src/base/uuid.ts'

test('a partition name is read back as it was written, dashes and digits in the topic or not', () => {
  const topics = fc.string({ unit: fc.constantFrom(...'ab-_.09'), minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(topics, fc.nat(2 ** 31 - 1), (topic, partition) => {
      expect(parsePartitionName(partitionName({ topic, partition }))).toEqual({ topic, partition })
    }),
  )
})

test.each(['clicks', 'clicks-', '-1', 'clicks-01', 'clicks-1-delete', 'clicks-x'])(
  'a directory called %s is no partition',
  (name) => {
    expect(parsePartitionName(name)).toBeNull()
  },
)

test('an id is read back as it was written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      expect([...uuidBytes(uuidOf(bytes))]).toEqual([...bytes])
    }),
  )
  expect(uuidBytes(ZERO_UUID)).toEqual(Buffer.alloc(16))
  expect(() => uuidBytes('short')).toThrow(RangeError)
})

test('a random id is of version 4 and does not look like a flag', () => {
  // The first draw would be written with a dash in front, so another is taken.
  const draws = [Buffer.alloc(16, 0xf8), Buffer.alloc(16, 0x11)]
  const id = randomUuid(() => draws.shift()!)
  expect(id.startsWith('-')).toBe(false)
  expect(uuidBytes(id)[6]! >> 4).toBe(4)
  expect(draws).toEqual([])
})
