// Which partition a record goes to.

import { describe, expect, test } from 'vitest'
import { partitionOfKey, StickyChoice } from '../../src/client/producer/partitioner.ts'
import { Producer } from '../../src/client/index.ts'
import type { PartitionerInput } from '../../src/client/index.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryTransport } from '../support/memory-transport.ts'
import { SeededRandom } from '../support/seeded-random.ts'

describe('of a key', () => {
  // The hashes are the known answers of apache/kafka, UtilsTest.testMurmur2.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('%s', (key, hash) => {
    for (const count of [1, 2, 7, 100, 1_000]) {
      const expected = (hash & 0x7fffffff) % count
      expect(partitionOfKey(key, count)).toBe(expected)
      expect(partitionOfKey(Buffer.from(key), count)).toBe(expected)
    }
  })

  test('text and its UTF-8 are one key', () => {
    expect(partitionOfKey('schlüssel ✓', 97)).toBe(partitionOfKey(Buffer.from('schlüssel ✓'), 97))
  })
})

describe('without a key', () => {
  test('it stays until its batch has gone, and then is another one', () => {
    const choice = new StickyChoice(new SeededRandom(1))
    const counts = [0, 0, 0, 0]
    for (let round = 0; round < 4_000; round++) {
      const partition = choice.current(4)
      expect(choice.current(4)).toBe(partition)
      choice.batchGone((partition + 1) % 4, 4) // of another partition, by key
      expect(choice.current(4)).toBe(partition)
      counts[partition]! += 1
      choice.batchGone(partition, 4)
      expect(choice.current(4)).not.toBe(partition)
    }
    for (const count of counts) expect(count).toBeGreaterThan(800)
  })

  test('with one partition it is that one', () => {
    const choice = new StickyChoice(new SeededRandom(1))
    choice.batchGone(0, 1)
    expect(choice.current(1)).toBe(0)
  })
})

test('a partitioner of one’s own chooses, and leaves the choice with null', async () => {
  const transport = new MemoryTransport()
  transport.createTopicNow('t', 3)
  const clock = new ManualClock()
  const seen: PartitionerInput[] = []
  const producer = new Producer({
    transport,
    clock,
    random: new SeededRandom(1),
    lingerMs: 0,
    partitioner: (input) => {
      seen.push(input)
      return input.key === 'any' ? null : 2
    },
  })
  const sends = ['k', 'any'].map((key) => producer.send({ topic: 't', key, value: 'v' }))
  const explicit = producer.send({ topic: 't', key: 'k', value: 'v', partition: 0 })
  for (let turn = 0; turn < 4; turn++) await clock.settle()
  const [chosen, left] = await Promise.all(sends)
  expect(chosen!.partition).toBe(2)
  expect([0, 1, 2]).toContain(left!.partition)
  expect((await explicit).partition).toBe(0)
  expect(seen[0]).toEqual({ topic: 't', key: 'k', value: 'v', partitionCount: 3 })
  expect(seen).toHaveLength(2)
})
