// The segment that a pass makes, while it is written: it goes to disk meanwhile, a part after the other.

import { expect, test } from 'vitest'
import { CleanedSegment } from '../../../src/storage/compaction/cleaner/cleaned-segment.ts'
import { microtasks } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'

const DIRECTORY = '/data/table-0'
const LOG = `${DIRECTORY}/00000000000000000000.log.cleaned`

/** More than the bytes of a sync. */
const PIECE = Buffer.alloc(5 * 1024 * 1024, 7)

function begun(): { files: MemoryFileSystem; write: () => Promise<void>; cleaned: CleanedSegment } {
  const files = new MemoryFileSystem()
  files.put(`${DIRECTORY}/partition.metadata`, Buffer.from('version: 0'))
  const cleaned = new CleanedSegment({
    ...{ files, directory: DIRECTORY, baseOffset: 0, indexIntervalBytes: 4_096 },
    passed: () => Promise.resolve(),
  })
  cleaned.start()
  const write = (): Promise<void> => {
    cleaned.add({
      lastOffset: cleaned.nextOffset,
      maxTimestamp: 1,
      sizeBytes: PIECE.byteLength,
    })
    return cleaned.write([PIECE], PIECE.byteLength)
  }
  return { files, write, cleaned }
}

test('is synced while more is written, one sync at a time, and is whole on disk in the end', async () => {
  const { files, write, cleaned } = begun()
  const release = files.holdSyncs()
  await write()
  let isWritten = false
  const second = write().then(() => (isWritten = true))
  await microtasks()
  expect(isWritten, 'while the first sync runs').toBe(false)
  release()
  await second
  await write()
  await cleaned.finish([])
  files.crash()
  expect(files.open(LOG, 'read').sizeBytes).toBe(3 * PIECE.byteLength)
  for (const suffix of ['index', 'timeindex', 'txnindex']) {
    expect(files.exists(`${DIRECTORY}/00000000000000000000.${suffix}.swap`), suffix).toBe(true)
  }
})

test.each(['the next write', 'the end'])(
  'after a failed sync %s fails, and none follows',
  async (when) => {
    const { files, write, cleaned } = begun()
    files.faults.add({ operation: 'sync', path: /\.cleaned$/, code: 'EIO' })
    const syncs = files.faults.count({ operation: 'sync', path: /\.cleaned$/ })
    await write()
    const next = when === 'the end' ? cleaned.finish([]) : write()
    await expect(next).rejects.toMatchObject({ code: 'EIO' })
    cleaned.discard()
    expect(syncs.calls).toBe(1)
    expect(files.exists(LOG)).toBe(false)
  },
)
