// Sorting over runs on disk gives what sorting in memory gives, and leaves no file.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { operation, type Operation } from './operation.ts'
import { RowSorter } from './row-sorter.ts'

const offsets = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 ** 48 - 1 }))
const row = fc.record({ topic: fc.integer({ min: 0, max: 3 }), offset: offsets })

test('rows come in the order of their keys, equal ones as they were added', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-sorter-'))
  const rows = fc.array(row, { maxLength: 300 })
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 100 }), (some, chunkRows) => {
      const sorter = new RowSorter([2, 6], { directory, chunkRows })
      const all = some.map((each, step) => operation('read', { ...each, step }))
      for (const each of all) sorter.add([each.topic, each.offset], each)
      const inOrder = (a: Operation, b: Operation) => a.topic - b.topic || a.offset - b.offset
      const expected = all.toSorted(inOrder).map(({ topic, offset, step }) => [topic, offset, step])
      const sorted = Array.from(sorter.rows(), ({ topic, offset, step }) => [topic, offset, step])
      expect(sorted).toEqual(expected)
      expect(readdirSync(directory)).toEqual([])
    }),
  )
  rmSync(directory, { recursive: true })
})

test('a run that is not read to its end is removed too', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-sorter-'))
  const sorter = new RowSorter([4], { directory, chunkRows: 2 })
  for (let step = 9; step >= 0; step--) sorter.add([step], operation('read', { step }))
  for (const each of sorter.rows()) {
    expect(each.step).toBe(0)
    break
  }
  expect(readdirSync(directory)).toEqual([])
  rmSync(directory, { recursive: true })
})
