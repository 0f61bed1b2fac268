// Leader epochs: assignment, truncation, lookup, and their file.

import { beforeEach, describe, expect, test } from 'vitest'
import { LeaderEpochs } from '../../src/storage/leader-epochs.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'

const PATH = '/d/leader-epoch-checkpoint'
let files: MemoryFileSystem
let epochs: LeaderEpochs

beforeEach(() => {
  files = new MemoryFileSystem()
  files.makeDirectory('/d')
  epochs = new LeaderEpochs(files, '/d')
})

function assignAll(...pairs: readonly (readonly [number, number])[]): void {
  for (const [epoch, startOffset] of pairs) epochs.assign(epoch, startOffset)
}

function pairs(): number[][] {
  return epochs.entries.map(({ epoch, startOffset }) => [epoch, startOffset])
}

describe('the end of an epoch', () => {
  // The cases of LeaderEpochFileCacheTest in apache/kafka, but for epochs newer than all: those get
  // the end of the log, so that a follower need not fall back to its high watermark (KAFKA-7415).
  test.each([
    ['of the latest is the end of the log', 4, { epoch: 4, endOffset: 200 }],
    ['of an earlier one is where the next begins', 2, { epoch: 2, endOffset: 155 }],
    ['that was skipped is that of the one before', 3, { epoch: 2, endOffset: 155 }],
    ['before all is where the first begins', 0, { epoch: 0, endOffset: 10 }],
    ['newer than all is the end of the log', 9, { epoch: 4, endOffset: 200 }],
    ['that is none is none', -1, { epoch: -1, endOffset: -1 }],
  ])('%s', (_, epoch, expected) => {
    assignAll([1, 10], [2, 120], [4, 155])
    expect(epochs.endOffsetFor(epoch, 200)).toEqual(expected)
  })

  test('in a log without epochs is unknown', () => {
    expect(epochs.endOffsetFor(0, 10)).toEqual({ epoch: -1, endOffset: -1 })
  })
})

test('an epoch that begins where another did takes its place', () => {
  assignAll([0, 0], [1, 50], [2, 50])
  expect(pairs()).toEqual([
    [0, 0],
    [2, 50],
  ])
})

test('an assignment drops what contradicts it', () => {
  assignAll([0, 0], [3, 100], [5, 200])
  epochs.assign(4, 150)
  expect(pairs()).toEqual([
    [0, 0],
    [3, 100],
    [4, 150],
  ])
  epochs.assign(4, 180)
  expect(pairs()).toHaveLength(3)
})

test('truncation from both ends', () => {
  assignAll([0, 0], [3, 100], [5, 200])
  epochs.truncateFromEnd(200)
  expect(epochs.latestEpoch).toBe(3)
  epochs.truncateFromStart(50)
  expect(pairs()).toEqual([
    [0, 50],
    [3, 100],
  ])
  epochs.truncateFromStart(100)
  expect(pairs()).toEqual([[3, 100]])
  expect([epochs.epochAt(99), epochs.epochAt(100), epochs.epochAt(5_000)]).toEqual([-1, 3, 3])
})

describe('the file', () => {
  test('is Kafka’s, and read back', () => {
    assignAll([0, 0], [3, 100])
    expect(epochs.unsavedFrom).toBe(0)
    epochs.save()
    expect(files.contentOf(PATH).toString()).toBe('0\n2\n0 0\n3 100\n')
    expect(epochs.unsavedFrom).toBe(Infinity)
    const again = new LeaderEpochs(files, '/d')
    expect(again.load().state).toBe('read')
    expect(again.entries).toEqual(epochs.entries)
    again.assign(4, 150)
    expect(again.unsavedFrom).toBe(150)
  })

  test.each([
    '',
    '0\n',
    '1\n0\n',
    '0\n2\n0 0\n',
    '0\n1\n0\n',
    '0\n1\n-1 0\n',
    '0\n2\n3 100\n3 200\n',
    '0\n2\n3 100\n4 100\n',
    '\0\0\0\0',
  ])('%j makes no sense, and is said not to', (content) => {
    files.put(PATH, Buffer.from(content))
    expect(epochs.load().state).toBe('malformed')
    expect(epochs.entries).toEqual([])
  })

  test('may be missing', () => {
    expect(epochs.load().state).toBe('missing')
  })
})
