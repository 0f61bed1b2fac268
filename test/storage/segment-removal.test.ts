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
  const [firstPaths, secondPaths] = [first.deletedPaths(), second.deletedPaths()]
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
  const freed = new FileRemoval(files).free(segment.path)
  await Promise.resolve()
  expect(() => segment.open()).toThrow('ENOENT')
  await freed
  expect(files.list(DIRECTORY).filter((name) => name.includes('.log'))).toEqual([])
})

test.each([
  ['that nobody reads is freed by and by', false, 'free'],
  ['that is being read goes as a whole', true, 'remove'],
] as const)('a segment %s', async (_, isRead, expected) => {
  const files = new MemoryFileSystem()
  files.makeDirectory(DIRECTORY)
  const clock = new ManualClock()
  const calls = new Set<string>()
  const called = (name: string) => () => (calls.add(name), Promise.resolve())
  const fileRemoval = { free: called('free'), remove: called('remove') } as unknown as FileRemoval
  const options = { clock, files, fileRemoval } as unknown as PartitionLogOptions
  const place = { config: { fileDeleteDelayMs: 1_000 } } as never
  const removal = new SegmentRemoval(options, place, () => {})
  const segment = segmentOf(files, 'one')
  segment.markReplaced()
  removal.removeLater([segment])
  const read = isRead ? segment.open().readCold(Buffer.alloc(3), 0) : null
  clock.advance(1_000)
  expect([...calls]).toEqual([expected])
  expect(await read).toBe(isRead ? 3 : null)
})
