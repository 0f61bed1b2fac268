// Segments that a log has let go: their names, and how their files go.

import { expect, test } from 'vitest'
import type { PartitionLogOptions } from '../../src/storage/partition-log-options.ts'
import { FileRemoval } from '../../src/storage/segment/file-removal.ts'
import { SegmentRemoval } from '../../src/storage/segment/segment-removal.ts'
import { Segment } from '../../src/storage/segment/segment.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'

const DIRECTORY = '/data/clicks-0'

function segmentOf(files: MemoryFileSystem, text: string): Segment {
  const place = { files, directory: DIRECTORY, indexIntervalBytes: () => 4_096 }
  const segment = Segment.create(place, 0)
  segment.open().write([Buffer.from(text)], 0)
  return segment
}

test('a segment that goes while an older one of its name waits has a name of its own', () => {
  const files = new MemoryFileSystem()
  files.makeDirectory(DIRECTORY)
  const [first, second] = ['one', 'two'].map((text) => {
    const segment = segmentOf(files, text)
    segment.markReplaced()
    segment.release()
    return segment
  }) as [Segment, Segment]
  const texts = [first, second].map((segment) => {
    const bytes = Buffer.alloc(3)
    segment.open().read(bytes, 0)
    return bytes.toString()
  })
  expect(texts).toEqual(['one', 'two'])
  const [firstPaths, secondPaths] = [first.deletedPaths, second.deletedPaths]
  expect(firstPaths.some((path) => secondPaths.includes(path))).toBe(false)
  // Whatever is left is removed at the next start, by the end of its name.
  expect(files.list(DIRECTORY).every((name) => name.endsWith('.deleted'))).toBe(true)
})

test('a file that is freed by and by is found by nobody', async () => {
  const files = new MemoryFileSystem()
  files.makeDirectory(DIRECTORY)
  const segment = segmentOf(files, 'one')
  segment.markDeleted()
  segment.release()
  await new FileRemoval(files).free(segment.path, () => {
    expect(() => segment.open()).toThrow('ENOENT')
    return false
  })
  expect(files.list(DIRECTORY).filter((name) => name.includes('.log'))).toEqual([])
})

/** A file system that tells how .log files went. */
class WatchedFiles extends MemoryFileSystem {
  readonly calls: string[] = []

  override async freeInPool(path: string): Promise<void> {
    if (path.includes('.log')) this.calls.push('by and by')
    await super.removeInPool(path)
  }

  override async removeInPool(path: string): Promise<void> {
    if (path.includes('.log')) this.calls.push('as a whole')
    await super.removeInPool(path)
  }
}

test.each([
  ['that nobody reads goes by and by', 'nobody', 'by and by'],
  ['that is being read goes as a whole', 'before', 'as a whole'],
  ['that somebody opens as it goes does so, too', 'meanwhile', 'as a whole'],
] as const)('a segment %s', async (_, reads, expected) => {
  const files = new WatchedFiles()
  files.makeDirectory(DIRECTORY)
  const clock = new ManualClock()
  const fileRemoval = new FileRemoval(files)
  const options = { clock, files, fileRemoval } as unknown as PartitionLogOptions
  const place = { config: { fileDeleteDelayMs: 1_000 } } as never
  const removal = new SegmentRemoval(options, place, () => {})
  const segment = segmentOf(files, 'one')
  segment.seal()
  await segment.syncIndexes()
  segment.markReplaced()
  removal.removeLater([segment])
  const read = (): Promise<number> => segment.open().readCold(Buffer.alloc(3), 0)
  const readBefore = reads === 'before' ? read() : null
  clock.advance(1_000)
  const readMeanwhile = reads === 'meanwhile' ? read() : null
  const found = await Promise.all([readBefore, readMeanwhile])
  expect(found.filter((count) => count !== null)).toEqual(reads === 'nobody' ? [] : [3])
  await fileRemoval.remove(`${DIRECTORY}/nothing`).catch(() => {}) // behind the others
  expect(files.calls).toEqual([expected])
  expect(files.list(DIRECTORY)).toEqual([])
})
