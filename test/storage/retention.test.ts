// Which segments retention lets go: by example, and for any log.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planRetention, type RetentionFacts } from '../../src/storage/retention.ts'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000

/** Four segments of 100 records and 1,000 bytes; the newest records 4, 3, 2 and 1 hours old. */
function facts(changes: Partial<RetentionFacts> = {}, config = {}): RetentionFacts {
  const segments = [4, 3, 2, 1].map((hours, at) => ({
    baseOffset: at * 100,
    endOffset: at * 100 + 100,
    sizeBytes: 1_000,
    maxTimestamp: NOW - hours * HOUR,
  }))
  return {
    segments,
    logStartOffset: 0,
    limitOffset: 400,
    config: { retentionMs: -1, retentionBytes: -1, cleanupPolicy: ['delete'], ...config },
    nowMs: NOW,
    ...changes,
  }
}

function bases(given: RetentionFacts): number[] {
  return planRetention(given)?.removed.map(({ baseOffset }) => baseOffset) ?? []
}

describe('planRetention', () => {
  test('keeps everything when nothing limits the log', () => {
    expect(planRetention(facts())).toBeNull()
  })

  test('by time, removes closed segments whose newest record is older', () => {
    expect(planRetention(facts({}, { retentionMs: 2.5 * HOUR }))).toEqual({
      startOffset: 200,
      removed: [
        { baseOffset: 0, reason: 'time' },
        { baseOffset: 100, reason: 'time' },
      ],
      rollsActive: false,
    })
    expect(bases(facts({}, { retentionMs: 4 * HOUR }))).toEqual([])
    expect(bases(facts({}, { retentionMs: 4 * HOUR - 1 }))).toEqual([0])
  })

  test('by time, rolls the active segment when it is old too', () => {
    expect(planRetention(facts({}, { retentionMs: HOUR / 2 }))).toMatchObject({
      startOffset: 400,
      rollsActive: true,
    })
  })

  test('leaves an active segment without records alone', () => {
    const given = facts({}, { retentionMs: 0 })
    const empty = { baseOffset: 400, endOffset: 400, sizeBytes: 0, maxTimestamp: -1 }
    const plan = planRetention({ ...given, segments: [...given.segments, empty] })
    expect(plan).toMatchObject({ startOffset: 400, rollsActive: false })
    expect(planRetention({ ...given, segments: [empty] })).toBeNull()
  })

  test('by size, removes the oldest segments that the log can do without', () => {
    expect(bases(facts({}, { retentionBytes: 2_000 }))).toEqual([0, 100])
    expect(bases(facts({}, { retentionBytes: 2_001 }))).toEqual([0])
    expect(bases(facts({}, { retentionBytes: 3_001 }))).toEqual([])
    expect(bases(facts({}, { retentionBytes: 4_000 }))).toEqual([])
  })

  test('removes segments below the log start offset, whatever the policy', () => {
    const compacted = { cleanupPolicy: ['compact'], retentionMs: 0, retentionBytes: 0 }
    expect(planRetention(facts({ logStartOffset: 250 }, compacted))).toEqual({
      startOffset: 250,
      removed: [
        { baseOffset: 0, reason: 'log-start-offset' },
        { baseOffset: 100, reason: 'log-start-offset' },
      ],
      rollsActive: false,
    })
    expect(bases(facts({ logStartOffset: 0 }, compacted))).toEqual([])
  })

  test('keeps what is not below the limit', () => {
    expect(bases(facts({ limitOffset: 150 }, { retentionMs: 0 }))).toEqual([0])
    expect(bases(facts({ limitOffset: 99 }, { retentionMs: 0 }))).toEqual([])
  })

  test('a record from the future keeps its segment and those behind it', () => {
    const given = facts({}, { retentionMs: HOUR })
    const segments = given.segments.map((segment, at) => {
      return at === 1 ? { ...segment, maxTimestamp: NOW + 100 * HOUR } : segment
    })
    expect(bases({ ...given, segments })).toEqual([0])
  })

  test('a segment without timestamps is as old as the one behind it', () => {
    const given = facts({}, { retentionMs: 2.5 * HOUR })
    const emptied = (...bare: readonly number[]): RetentionFacts => {
      const segments = given.segments.map((segment, at) => {
        return bare.includes(at) ? { ...segment, sizeBytes: 61, maxTimestamp: -1 } : segment
      })
      return { ...given, segments }
    }
    expect(bases(emptied(0))).toEqual([0, 100])
    expect(bases(emptied(1))).toEqual([0])
    expect(bases(emptied(0, 1))).toEqual([])
    expect(bases(emptied(0, 1, 2, 3))).toEqual([])
    // What is behind it is not let go by size before it.
    const large = emptied(0).segments.map((segment, at) => ({
      ...segment,
      sizeBytes: at === 0 ? 3_000 : 500,
    }))
    expect(bases(facts({ segments: large }, { retentionBytes: 2_500 }))).toEqual([])
    expect(bases(facts({ segments: large }, { retentionBytes: 1_500 }))).toEqual([0])
  })

  test('a segment of which nobody asked stays, and those behind it', () => {
    const given = facts({}, { retentionMs: 0 })
    const segments = given.segments.map((segment, at) => {
      return at === 1 ? { ...segment, maxTimestamp: Infinity } : segment
    })
    expect(bases({ ...given, segments })).toEqual([0])
  })

  test('a clock that was set back removes nothing', () => {
    expect(bases(facts({ nowMs: 0 }, { retentionMs: HOUR }))).toEqual([])
    expect(bases(facts({ nowMs: NOW - 365 * 24 * HOUR }, { retentionMs: HOUR }))).toEqual([])
  })

  const anyFacts = fc
    .record({
      sizes: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 12 }),
      ages: fc.array(fc.integer({ min: -1_000, max: 5_000 }), { minLength: 12, maxLength: 12 }),
      retentionMs: fc.integer({ min: -1, max: 4_000 }),
      retentionBytes: fc.integer({ min: -1, max: 4_000 }),
      logStartOffset: fc.integer({ min: 0, max: 120 }),
      limitOffset: fc.integer({ min: 0, max: 120 }),
    })
    .map(({ sizes, ages, ...rest }): RetentionFacts => {
      const segments = sizes.map((sizeBytes, at) => ({
        baseOffset: at * 10,
        endOffset: at * 10 + 10,
        sizeBytes,
        maxTimestamp: NOW - ages[at]!,
      }))
      const { retentionMs, retentionBytes, logStartOffset, limitOffset } = rest
      const start = Math.min(logStartOffset, sizes.length * 10)
      const config = { retentionMs, retentionBytes }
      return facts({ segments, logStartOffset: start, limitOffset }, config)
    })

  test('removes from the front, keeps enough bytes, and nothing young or above the limit', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const plan = planRetention(given)
        if (plan === null) return
        const { segments, config } = given
        const gone = segments.slice(0, plan.removed.length)
        const kept = segments.slice(plan.removed.length)
        expect(plan.removed.map(({ baseOffset }) => baseOffset)).toEqual(
          gone.map(({ baseOffset }) => baseOffset),
        )
        expect(plan.startOffset).toBe(Math.max(given.logStartOffset, gone.at(-1)!.endOffset))
        expect(plan.rollsActive).toBe(kept.length === 0)
        expect(gone.at(-1)!.endOffset).toBeLessThanOrEqual(given.limitOffset)
        for (const { baseOffset, reason } of plan.removed) {
          const at = segments.findIndex((segment) => segment.baseOffset === baseOffset)
          const { endOffset, maxTimestamp } = segments[at]!
          if (reason === 'log-start-offset') {
            expect(endOffset).toBeLessThanOrEqual(given.logStartOffset)
          } else if (reason === 'time') {
            expect(given.nowMs - maxTimestamp).toBeGreaterThan(config.retentionMs)
            expect(config.retentionMs).toBeGreaterThanOrEqual(0)
          } else {
            const left = segments.slice(at + 1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
            expect(left).toBeGreaterThanOrEqual(config.retentionBytes)
            expect(config.retentionBytes).toBeGreaterThanOrEqual(0)
          }
        }
      }),
    )
  })

  test('after its plan was carried out there is nothing left to do', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const plan = planRetention(given)
        if (plan === null) return
        const kept = given.segments.slice(plan.removed.length)
        const last = { baseOffset: plan.startOffset, endOffset: plan.startOffset }
        const segments = kept.length > 0 ? kept : [{ ...last, sizeBytes: 0, maxTimestamp: -1 }]
        expect(planRetention({ ...given, segments, logStartOffset: plan.startOffset })).toBeNull()
      }),
    )
  })
})
