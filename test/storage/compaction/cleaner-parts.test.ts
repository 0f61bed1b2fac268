// The smaller parts of the cleaner: which segments become one, how its rate is kept, what it knows of
// transactions.

import { describe, expect, test } from 'vitest'
import { JobCancelled } from '../../../src/storage/compaction/cleaner/cleaner.ts'
import { IoThrottle } from '../../../src/storage/compaction/cleaner/io-throttle.ts'
import { groupSegments } from '../../../src/storage/compaction/cleaner/segment-groups.ts'
import {
  AbortedTransactions,
  MetTransactions,
} from '../../../src/storage/compaction/cleaner/transactions.ts'
import { ManualClock, microtasks } from '../../support/manual-clock.ts'

const INT_MAX = 2 ** 31 - 1

describe('segments', () => {
  const limits = { segmentBytes: 1_000, segmentIndexBytes: 100 }

  function grouped(sizes: readonly (readonly [bytes: number, index?: number])[]): number[][] {
    const segments = sizes.map(([sizeBytes, indexBytes = 0], index) => {
      const baseOffset = index * 10
      return { baseOffset, endOffset: baseOffset + 10, sizeBytes, indexBytes }
    })
    return groupSegments(segments, limits).map((group) => group.map(({ sizeBytes }) => sizeBytes))
  }

  test('that fit together become one', () => {
    expect(grouped([[400], [600], [1], [999], [1]])).toEqual([[400, 600], [1, 999], [1]])
    expect(grouped([])).toEqual([])
  })

  test('that are too large stay alone', () => {
    expect(grouped([[1_001], [5], [2_000], [5], [6]])).toEqual([[1_001], [5], [2_000], [5, 6]])
  })

  test('do not become one whose index would be too large', () => {
    expect(
      grouped([
        [1, 60],
        [1, 40],
        [1, 1],
      ]),
    ).toEqual([[1, 1], [1]])
  })

  test('do not become one whose offsets would not fit its index', () => {
    const far = (baseOffset: number, endOffset: number) => {
      return { baseOffset, endOffset, sizeBytes: 1, indexBytes: 0 }
    }
    const [first, within, beyond] = [far(5, 9), far(9, INT_MAX + 6), far(INT_MAX + 6, INT_MAX + 7)]
    expect(groupSegments([first, within, beyond], limits)).toEqual([[first, within], [beyond]])
  })
})

describe('the rate of the cleaner', () => {
  test('is kept, and what was not used is not saved up', async () => {
    const clock = new ManualClock()
    const throttle = new IoThrottle(clock, 1_000)
    clock.advance(60_000)
    let done = 0
    const work = (async () => {
      for (; done < 10; done++) await throttle.passed(500)
    })()
    for (let tenths = 1; tenths <= 50; tenths++) {
      await microtasks()
      clock.advance(100)
      await microtasks()
      expect(done).toBe(Math.floor(tenths / 5))
    }
    await work
  })

  test('without a bound lets others have their turn, and no more', async () => {
    const clock = new ManualClock()
    const throttle = new IoThrottle(clock, Infinity)
    await throttle.passed(500_000)
    let passed = false
    const turn = throttle.passed(600_000).then(() => (passed = true))
    await microtasks()
    expect(passed).toBe(false)
    clock.endTurn()
    await turn
  })

  test('does not keep a job that is cancelled', async () => {
    const throttle = new IoThrottle(new ManualClock(), 1)
    const waiting = throttle.passed(1_000_000)
    throttle.cancel()
    await expect(waiting).rejects.toThrow(JobCancelled)
    await expect(throttle.passed(1)).rejects.toThrow(JobCancelled)
  })
})

describe('transactions', () => {
  const at = (producerId: number, firstOffset: number, lastOffset: number) => {
    return { producerId, firstOffset, lastOffset, lastStableOffset: lastOffset + 1 }
  }

  test('that were aborted cover what is of them, and nothing of others', () => {
    const later = at(1, 40, 50)
    const aborted = new AbortedTransactions([later, at(2, 0, 5), at(1, 10, 20)])
    expect([9, 10, 19, 20, 21, 39, 40].map((offset) => aborted.covers(1, offset))).toEqual([
      ...[false, true, true, true, false, false, true],
    ])
    expect([aborted.covers(2, 5), aborted.covers(2, 6), aborted.covers(3, 3)]).toEqual([
      ...[true, false, false],
    ])
    expect(aborted.endingAt(1, 50)).toEqual(later)
    expect(aborted.endingAt(1, 49)).toBeNull()
  })

  test('are met when records of them are in front of their marker', () => {
    const met = new MetTransactions()
    met.records(1)
    expect([met.marker(1), met.marker(1), met.marker(2)]).toEqual([true, false, false])
  })
})
