// Small promises of the code about itself: sizes, openings, names.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Files that may be longer than 500 lines, each with its reason. */
const LONG_FILES = new Map<string, string>([])

const SOURCES = globSync('{src,assembly,test,bench,tools}/**/*.{ts,mjs}', { cwd: ROOT })
  .filter((path) => !path.includes('/gen/') && !path.includes('/golden/'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

test('every file opens by saying what it is', () => {
  const wrong = SOURCES.filter(({ text }) => !/^(#!.*\n)?\/[/*]/.test(text))
  expect(wrong.map(({ path }) => path)).toEqual([])
})

test('no file of src is longer than 500 lines', () => {
  const wrong = SOURCES.filter(({ path, text }) => {
    return path.startsWith('src/') && text.split('\n').length > 501 && !LONG_FILES.has(path)
  })
  expect(wrong.map(({ path, text }) => `${path}: ${text.split('\n').length} lines`)).toEqual([])
})

test('no folder of src holds more than 20 files', () => {
  const counts = new Map<string, number>()
  for (const { path } of SOURCES.filter((source) => source.path.startsWith('src/'))) {
    const folder = path.slice(0, path.lastIndexOf('/'))
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  expect([...counts].filter(([, count]) => count > 20)).toEqual([])
})

test('no file is named after nothing, and nothing is left to do', () => {
  const named = /\/(utils?|helpers?|common|misc|types)\.(ts|mjs)$/
  const left = /\b(TODO|FIXME|XXX|HACK)\b/
  const wrong = SOURCES.filter(({ path, text }) => {
    return named.test(path) || (left.test(text) && !path.endsWith('tidy.test.ts'))
  })
  expect(wrong.map(({ path }) => path)).toEqual([])
})
