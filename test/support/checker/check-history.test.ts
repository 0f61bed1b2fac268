// The checkers find nothing in histories that are clean, and each finds its bug where it is planted.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SeededRandom } from '../seeded-random.ts'
import { ANOMALIES, type Anomaly } from './anomalies.ts'
import { checkHistory } from './check-history.ts'
import { cleanHistory } from './clean-history.ts'
import { HistoryWriter, historyFiles } from './history-file.ts'
import { operation, type Operation } from './operation.ts'
import type { Rules } from './passes.ts'
import { PLANTS, Surgery } from './planted.ts'

/** Small chunks, so that sorting goes over runs on disk. */
const CHUNK_ROWS = 300
const SEEDS = { numRuns: 25 }

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-checker-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function check(operations: readonly Operation[], rules: Rules) {
  const sorting = { directory, chunkRows: CHUNK_ROWS }
  return checkHistory({ operations: () => operations }, rules, sorting)
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 })

test('nothing is found in a clean history', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 120 }), (seed, size) => {
      const { operations, rules } = cleanHistory(seed, size)
      expect(check(operations, rules)).toEqual([])
    }),
    { numRuns: 100 },
  )
  expect(readdirSync(directory)).toEqual([])
})

describe('a planted bug is found:', () => {
  for (const anomaly of Object.keys(ANOMALIES) as Anomaly[]) {
    PLANTS[anomaly].forEach((plant, way) => {
      test(`${anomaly}, way ${way + 1}`, () => {
        let planted = 0
        fc.assert(
          fc.property(seeds, (seed) => {
            const made = cleanHistory(seed, 60)
            const broken = plant(new Surgery(made, new SeededRandom(seed)))
            if (broken === null) return
            planted += 1
            const found = check(broken, made.rules).map((finding) => finding.anomaly)
            expect(found).toContain(anomaly)
          }),
          SEEDS,
        )
        expect(planted).toBeGreaterThan(SEEDS.numRuns / 4)
      })
    })
  }
})

test('the order of operations in a history does not matter, nor in how many files they are', () => {
  const { operations, rules } = cleanHistory(7, 100)
  const random = new SeededRandom(7)
  const paths = Array.from({ length: 4 }, (_, file) => join(directory, `history-${file}`))
  const writers = paths.map((path) => new HistoryWriter(path))
  const shuffled = operations.map((each) => ({ each, at: random.below(2 ** 30) }))
  for (const { each } of shuffled.toSorted((a, b) => a.at - b.at)) random.pick(writers).add(each)
  for (const writer of writers) writer.close()
  const history = historyFiles(paths)
  expect([...history.operations()].length).toBe(operations.length)
  expect(checkHistory(history, rules, { directory, chunkRows: CHUNK_ROWS })).toEqual([])
})

test('a history in which a transaction has both outcomes is refused, and a number given twice', () => {
  const rules: Rules = { copy: null, completeReaders: [], finalObserver: null }
  const sent = operation('send', { client: 1, transaction: 1, sender: 1, number: 1 })
  const committed = operation('committed', { client: 1, transaction: 1 })
  const aborted = operation('aborted', { client: 1, transaction: 1 })
  expect(() => check([sent, committed, aborted], rules)).toThrow('both outcomes')
  expect(() => check([sent, sent], rules)).toThrow('a number that was')
})
