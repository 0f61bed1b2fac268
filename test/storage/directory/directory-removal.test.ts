// Directories of deleted partitions go some time later, one file at a time.

import { expect, test } from 'vitest'
import { silentLogger } from '../../../src/observability/logger.ts'
import { DirectoryRemoval } from '../../../src/storage/directory/directory-removal.ts'
import { FileRemoval } from '../../../src/storage/segment/file-removal.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'

const NAME = `clicks-0.${'0'.repeat(32)}-delete`

function makeRig() {
  const files = new MemoryFileSystem()
  const clock = new ManualClock()
  for (const name of ['a.log', 'b.log', 'c.index']) {
    files.put(`/data/${NAME}/${name}`, Buffer.from(name))
  }
  files.put('/data/clicks-1/a.log', Buffer.from('stays'))
  const removal = new FileRemoval(files)
  const options = { files, directory: '/data', clock, logger: silentLogger, removal }
  return { files, clock, removal: new DirectoryRemoval(options) }
}

test('a directory goes after its delay, and nothing beside it does', async () => {
  const { files, clock, removal } = makeRig()
  removal.add(NAME, 60_000)
  clock.advance(59_999)
  expect(files.filesBelow('/data')).toHaveLength(4)
  clock.advance(1)
  await clock.settle()
  expect(files.filesBelow('/data')).toEqual(['/data/clicks-1/a.log'])
  expect(files.exists(`/data/${NAME}`)).toBe(false)
  expect(removal.size).toBe(0)
})

test('a removal that fails is tried again later', async () => {
  const { files, clock, removal } = makeRig()
  files.faults.add({ operation: 'remove', nth: 2, code: 'EIO' })
  removal.add(NAME, 0)
  clock.advance(1)
  await clock.settle()
  expect(files.filesBelow(`/data/${NAME}`)).toHaveLength(2)
  expect(removal.size).toBe(1)
  clock.advance(30_000)
  await clock.settle()
  expect(files.exists(`/data/${NAME}`)).toBe(false)
  expect(removal.size).toBe(0)
})

test('nothing is removed after the end', async () => {
  const { files, clock, removal } = makeRig()
  removal.add(NAME, 1_000)
  removal.close()
  clock.advance(10_000)
  await clock.settle()
  expect(files.filesBelow(`/data/${NAME}`)).toHaveLength(3)
  expect(clock.timerCount).toBe(0)
})
