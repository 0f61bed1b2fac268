// The rule that chooses how a round makes its bytes durable.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  journalCostMs,
  logsCostMs,
  MAX_JOURNAL_ROUND_BYTES,
  planRound,
  type RoundFacts,
} from '../../../src/storage/rounds/round-plan.ts'

const PLENTY = 64 * 1024 * 1024

function facts(dirtyFiles: number, bytesOfEach: number, journalFreeBytes = PLENTY): RoundFacts {
  const newBytes = dirtyFiles * bytesOfEach
  return { dirtyFiles, newBytes, journalBytes: newBytes + dirtyFiles * 72, journalFreeBytes }
}

describe('planRound', () => {
  test.each([
    ['one log', facts(1, 4_096), 'logs'],
    ['three logs', facts(3, 4_096), 'logs'],
    ['a hundred logs', facts(100, 4_096), 'journal'],
    ['a thousand logs', facts(1_000, 4_096), 'journal'],
    ['a hundred logs and no journal', facts(100, 4_096, 0), 'logs'],
    ['a hundred logs and a full journal', facts(100, 4_096, 100_000), 'logs'],
    ['ten logs with a megabyte each', facts(10, 1024 * 1024), 'logs'],
    ['more bytes than a round copies', facts(1_000, 20_000), 'logs'],
  ])('for %s', (_, given, expected) => {
    expect(planRound(given)).toBe(expected)
  })

  const anyFacts = fc
    .record({
      dirtyFiles: fc.integer({ min: 1, max: 5_000 }),
      bytesOfEach: fc.integer({ min: 61, max: 4_000_000 }),
      journalFreeBytes: fc.integer({ min: 0, max: 128 * 1024 * 1024 }),
    })
    .map(({ dirtyFiles, bytesOfEach, journalFreeBytes }) => {
      return facts(dirtyFiles, bytesOfEach, journalFreeBytes)
    })

  test('never gives the journal more than it takes, and only what it makes quicker', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        if (planRound(given) === 'logs') return
        expect(given.journalBytes).toBeLessThanOrEqual(given.journalFreeBytes)
        expect(given.journalBytes).toBeLessThanOrEqual(MAX_JOURNAL_ROUND_BYTES)
        expect(journalCostMs(given)).toBeLessThan(logsCostMs(given))
      }),
    )
  })

  test('prefers the journal the more, the more files share the same bytes', () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 1, max: 1_000 }), (given, moreFiles) => {
        if (planRound(given) === 'logs') return
        const room = PLENTY + given.journalFreeBytes
        const wider = { ...given, dirtyFiles: given.dirtyFiles + moreFiles, journalFreeBytes: room }
        expect(planRound(wider)).toBe('journal')
      }),
    )
  })

  test('prefers the logs the more, the more bytes the same files have', () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 1, max: 10_000_000 }), (given, moreBytes) => {
        if (planRound(given) === 'journal') return
        const newBytes = given.newBytes + moreBytes
        const heavier = { ...given, newBytes, journalBytes: given.journalBytes + moreBytes }
        expect(planRound(heavier)).toBe('logs')
      }),
    )
  })
})
