// Taking the data directory of a broker.

import { expect, test } from 'vitest'
import { takeDataDirectory } from '../../src/server/data-directory.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'

test('every directory above it that had to be made is on disk', () => {
  const files = new MemoryFileSystem()
  const { metadataPath } = takeDataDirectory(files, '/var/lib/sluice/data', new SeededRandom(1))
  files.crash()
  expect(files.isDirectory(metadataPath)).toBe(true)
})

test('what is there already is not synced again', () => {
  const files = new MemoryFileSystem()
  takeDataDirectory(files, '/data', new SeededRandom(1)).unlock()
  const syncs = files.faults.count({ operation: 'syncDirectory' })
  takeDataDirectory(files, '/data', new SeededRandom(2))
  expect(syncs.calls).toBe(0)
})
