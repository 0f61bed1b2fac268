// Kafka's checkpoint files and partition.metadata, read and written.

import { expect, test } from 'vitest'
import {
  OFFSET_CHECKPOINT,
  parseCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '../../src/storage/checkpoint-file.ts'
import {
  readPartitionMetadata,
  writePartitionMetadata,
} from '../../src/storage/partition-metadata.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'

function emptyDisk(): MemoryFileSystem {
  const files = new MemoryFileSystem()
  files.makeDirectory('/d')
  files.syncDirectory('/')
  return files
}

const ENTRIES = [
  { topic: 'clicks', partition: 0, offset: 1_042 },
  { topic: 'a.b_c-d', partition: 11, offset: Number.MAX_SAFE_INTEGER },
]

test('an offset checkpoint is Kafka’s, and survives a power cut', () => {
  const files = emptyDisk()
  writeCheckpoint(files, '/d/points', OFFSET_CHECKPOINT, ENTRIES)
  files.crash()
  const expected = '0\n2\nclicks 0 1042\na.b_c-d 11 9007199254740991\n'
  expect(files.contentOf('/d/points').toString()).toBe(expected)
  const read = readCheckpoint(files, '/d/points', OFFSET_CHECKPOINT)
  expect(read).toEqual({ state: 'read', entries: ENTRIES })
})

test('a checkpoint may be empty, or missing', () => {
  const files = emptyDisk()
  expect(readCheckpoint(files, '/d/points', OFFSET_CHECKPOINT)).toEqual({ state: 'missing' })
  writeCheckpoint(files, '/d/points', OFFSET_CHECKPOINT, [])
  const read = readCheckpoint(files, '/d/points', OFFSET_CHECKPOINT)
  expect(read).toEqual({ state: 'read', entries: [] })
})

test.each([
  '',
  'x',
  '0',
  '0\n',
  '0\nx\n',
  '7\n0\n',
  '0\n1\n',
  '0\n0\nclicks 0 1\n',
  '0\n1\nclicks 0\n',
  '0\n1\nclicks 0 1 2\n',
  '0\n1\nclicks x 1\n',
  '0\n1\nclicks 0 -1\n',
  '0\n1\nclicks 0 9007199254740993\n',
  '\0'.repeat(40),
])('%j is malformed, and an answer', (text) => {
  expect(parseCheckpoint(text, OFFSET_CHECKPOINT)).toMatchObject({ state: 'malformed' })
})

test('every cut of a checkpoint is malformed, or missing the last line break', () => {
  const text = '0\n2\nclicks 0 1042\nclicks 1 9\n'
  for (let size = 0; size < text.length - 1; size++) {
    expect(parseCheckpoint(text.slice(0, size), OFFSET_CHECKPOINT).state).toBe('malformed')
  }
})

test('partition.metadata is Kafka’s', () => {
  const files = emptyDisk()
  expect(readPartitionMetadata(files, '/d')).toEqual({ state: 'missing' })
  writePartitionMetadata(files, '/d', 'BwcHBwcHBwcHBwcHBwcHBw')
  const content = files.contentOf('/d/partition.metadata').toString()
  expect(content).toBe('version: 0\ntopic_id: BwcHBwcHBwcHBwcHBwcHBw')
  const read = readPartitionMetadata(files, '/d')
  expect(read).toEqual({ state: 'read', topicId: 'BwcHBwcHBwcHBwcHBwcHBw' })
})

test.each([
  '',
  'version: 0\n',
  'version: 1\ntopic_id: BwcHBwcHBwcHBwcHBwcHBw\n',
  'version: 0\ntopic_id: BwcHBwcHBwcHBwcHBwcHB\n',
  'version: 0\ntopic_id: BwcHBwcHBwcHBwcHBwcHB!\n',
  '\0'.repeat(43),
])('partition.metadata of %j is malformed', (content) => {
  const files = emptyDisk()
  files.put('/d/partition.metadata', Buffer.from(content))
  expect(readPartitionMetadata(files, '/d')).toMatchObject({ state: 'malformed' })
})
