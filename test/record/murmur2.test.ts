// The hash that chooses partitions, against Kafka's known answers.

import { describe, expect, test } from 'vitest'
import { murmur2, partitionForKey } from '../../src/record/murmur2.ts'

describe('murmur2', () => {
  // Known answers: apache/kafka, UtilsTest.testMurmur2.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is that of Kafka', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected)
  })

  test('takes bytes over 127 as unsigned, at every length of the tail', () => {
    // Known answers: Utils.murmur2 of kafka-clients 4.3.1, called with these bytes.
    const bytes = Buffer.from('ff80fe017f00c3a9', 'hex')
    const hashes = Array.from({ length: 9 }, (_, size) => murmur2(bytes.subarray(0, size)))
    expect(hashes).toEqual([
      275646681, -311467685, -442788720, 957058525, 793949547, 235217133, -168879085, -881376729,
      1988671103,
    ])
  })
})

describe('partitionForKey', () => {
  test('drops the sign as Kafka does, not the absolute value', () => {
    // toPositive is `hash & 0x7fffffff`: -973932308 becomes 1173551340.
    expect(partitionForKey(Buffer.from('21'), 10)).toBe(0)
    expect(partitionForKey(Buffer.from('foobar'), 1000)).toBe(1_357_151_166 % 1000)
  })

  test('stays below the number of partitions', () => {
    for (let n = 0; n < 1000; n++) {
      const partition = partitionForKey(Buffer.from(`key-${n}`), 7)
      expect(partition).toBeGreaterThanOrEqual(0)
      expect(partition).toBeLessThan(7)
    }
  })
})
