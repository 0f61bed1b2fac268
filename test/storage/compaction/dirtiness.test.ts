// Which log is due, and how far it may be compacted.

import { describe, expect, test } from 'vitest'
import {
  dirtinessOf,
  type CompactedSegment,
  type CompactionFacts,
} from '../../../src/storage/compaction/dirtiness.ts'

const NOW = 1_000_000

function segment(baseOffset: number, facts: Partial<CompactedSegment> = {}): CompactedSegment {
  const endOffset = baseOffset + 100
  return { baseOffset, endOffset, sizeBytes: 1_000, maxTimestamp: -1, firstTimestamp: -1, ...facts }
}

/** Segments from 0 on, 100 offsets each; the last one is active. */
function facts(count: number, more: Partial<CompactionFacts> = {}): CompactionFacts {
  return {
    segments: Array.from({ length: count }, (_, index) => segment(index * 100)),
    logStartOffset: 0,
    logEndOffset: count * 100,
    cleanedOffset: null,
    stableOffset: Infinity,
    config: { minCleanableDirtyRatio: 0.5, minCompactionLagMs: 0, maxCompactionLagMs: Infinity },
    nowMs: NOW,
    ...more,
  }
}

const config = facts(1).config

describe('dirtiness', () => {
  test('is the share of what was not compacted, the active segment left out', () => {
    expect(dirtinessOf(facts(5))).toMatchObject({
      ...{ firstDirtyOffset: 0, limitOffset: 400, dirtyBytes: 4_000, dirtyRatio: 1, isDue: true },
    })
    const half = dirtinessOf(facts(5, { cleanedOffset: 200 }))
    expect(half).toMatchObject({ dirtyBytes: 2_000, dirtyRatio: 0.5, isDue: false })
    const within = dirtinessOf(facts(5, { cleanedOffset: 150 }))
    expect(within).toMatchObject({ firstDirtyOffset: 150, dirtyBytes: 3_000, isDue: true })
  })

  test('of a log with nothing but an active segment is none', () => {
    expect(dirtinessOf(facts(1))).toMatchObject({ limitOffset: 0, dirtyRatio: 0, isDue: false })
    const clean = facts(3, { cleanedOffset: 200, config: { ...config, minCleanableDirtyRatio: 0 } })
    expect(dirtinessOf(clean)).toMatchObject({ dirtyBytes: 0, isDue: false })
  })

  test('begins anew where the checkpoint and the log contradict each other', () => {
    expect(dirtinessOf(facts(3, { cleanedOffset: 301 })).firstDirtyOffset).toBe(0)
    expect(dirtinessOf(facts(3, { cleanedOffset: 300 })).firstDirtyOffset).toBe(300)
    const started = facts(3, { cleanedOffset: 50, logStartOffset: 120 })
    expect(dirtinessOf(started).firstDirtyOffset).toBe(120)
  })
})

describe('the limit', () => {
  test('is where a segment begins that is not wholly stable', () => {
    expect(dirtinessOf(facts(5, { stableOffset: 250 })).limitOffset).toBe(200)
    expect(dirtinessOf(facts(5, { stableOffset: 300 })).limitOffset).toBe(300)
    expect(dirtinessOf(facts(5, { stableOffset: 20 }))).toMatchObject({
      limitOffset: 0,
      isDue: false,
    })
  })

  test('leaves young records alone, and what follows them', () => {
    const minCompactionLagMs = 1_000
    const segments = [0, 100, 200, 300, 400].map((base) => {
      const maxTimestamp = base === 200 ? NOW - 999 : NOW - 1_000
      return segment(base, { maxTimestamp })
    })
    const young = facts(5, { segments, config: { ...config, minCompactionLagMs } })
    expect(dirtinessOf(young).limitOffset).toBe(200)
    expect(dirtinessOf({ ...young, cleanedOffset: 300 }).limitOffset).toBe(400)
  })
})

test('a record that waits for longer than it may makes the log due, whatever its ratio', () => {
  const segments = [0, 100, 200].map((base) => segment(base, { firstTimestamp: NOW - 500 - base }))
  const lagging = facts(3, { segments, cleanedOffset: 100 })
  const within = { ...lagging, config: { ...config, maxCompactionLagMs: 600 } }
  expect(dirtinessOf(within)).toMatchObject({ dirtyRatio: 0.5, isOverdue: false, isDue: false })
  const beyond = { ...lagging, config: { ...config, maxCompactionLagMs: 599 } }
  expect(dirtinessOf(beyond)).toMatchObject({ dirtyRatio: 0.5, isOverdue: true, isDue: true })
  // What is clean, and what is active, waits for nothing.
  const clean = { ...beyond, cleanedOffset: 200 }
  expect(dirtinessOf(clean)).toMatchObject({ isOverdue: false, isDue: false })
})
