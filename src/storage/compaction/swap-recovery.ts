// Finishes, or takes back, what a compaction left that was cut short: its own, or that of a Kafka broker.
// segment-swap.ts draws the steps.
//
//   .log.swap there       the new segment counts: those whose place it takes go, it gets its own name
//   and none              the old ones count: what was made goes
//
// Which ones it takes the place of, its offsets say: from its base offset to behind its last batch.

import type { FileSystem } from '../../io/file-system.ts'
import { BatchWalk } from '../segment/batch-walk.ts'
import { readNow } from '../segment/reading.ts'
import {
  CLEANED_SUFFIX,
  INDEX_SUFFIXES,
  parseSegmentFileName,
  segmentFileName,
  SWAP_SUFFIX,
} from '../segment/segment-files.ts'
import { settleIndex } from './segment-swap.ts'

/** A whole segment is walked over, by its headers. */
const CHUNK_BYTES = 64 * 1024

/**
 * Brings the files of a partition to what they were before a compaction, or are after it. Needs a sync of
 * the directory afterwards, and may be done again.
 *
 * @returns what was done, in sentences for the log
 * @throws the system's error
 */
export function recoverSwaps(files: FileSystem, directory: string): string[] {
  const names = files.list(directory)
  const cleaned = basesOf(names, CLEANED_SUFFIX)
  const swapped = basesOf(names, SWAP_SUFFIX)
  const notes: string[] = []
  for (const baseOffset of [...swapped].sort((a, b) => a - b)) {
    const path = `${directory}/${segmentFileName(baseOffset, '.log')}${SWAP_SUFFIX}`
    // Kafka may make several of one, and commits them from the last to the first: while one in front is
    // not committed, those behind are not either.
    const isPart = [...cleaned].some((base) => base <= baseOffset)
    if (files.exists(path) && !isPart) {
      finishSwap(files, directory, baseOffset)
      const name = segmentFileName(baseOffset, '.log')
      notes.push(`${name} was swapped in by a compaction that was cut short`)
    } else {
      removeMade(files, directory, baseOffset)
    }
  }
  return notes
}

/**
 * Removes what compactions have left that failed, while the log is used and no swap is under way. Nothing
 * waits for the disk on the event loop.
 *
 * @throws the system's error
 */
export async function removeLeftovers(files: FileSystem, directory: string): Promise<void> {
  const names = files.list(directory)
  // The indexes first: without them, and with the log, nothing of them counts.
  const isLog = (name: string): number => Number(name.includes('.log.'))
  for (const name of names.sort((a, b) => isLog(a) - isLog(b))) {
    const isLeft = name.endsWith(CLEANED_SUFFIX) || name.endsWith(SWAP_SUFFIX)
    if (isLeft) await files.removeInPool(`${directory}/${name}`)
  }
}

function finishSwap(files: FileSystem, directory: string, baseOffset: number): void {
  const path = `${directory}/${segmentFileName(baseOffset, '.log')}`
  const made = `${path}${SWAP_SUFFIX}`
  const endOffset = endOf(files, made, baseOffset)
  const names = files.list(directory)
  for (const name of names) {
    const parsed = parseSegmentFileName(name)
    if (parsed === null || parsed.suffix === '.snapshot') continue
    const isReplaced = parsed.baseOffset > baseOffset && parsed.baseOffset < endOffset
    // Beside the old .log of its name, the indexes of that name are the old ones too.
    const isOldOne = parsed.baseOffset === baseOffset && files.exists(path)
    if ((isReplaced || isOldOne) && parsed.suffix !== '.log') files.remove(`${directory}/${name}`)
  }
  for (const name of names) {
    const parsed = parseSegmentFileName(name)
    if (parsed?.suffix !== '.log') continue
    if (
      parsed.baseOffset >= baseOffset &&
      parsed.baseOffset < Math.max(endOffset, baseOffset + 1)
    ) {
      files.remove(`${directory}/${name}`)
    }
  }
  files.syncDirectory(directory)
  for (const suffix of INDEX_SUFFIXES) {
    settleIndex(files, `${directory}/${segmentFileName(baseOffset, suffix)}`)
  }
  files.syncDirectory(directory)
  files.rename(made, path)
}

function removeMade(files: FileSystem, directory: string, baseOffset: number): void {
  for (const suffix of ['.log', ...INDEX_SUFFIXES] as const) {
    const path = `${directory}/${segmentFileName(baseOffset, suffix)}${SWAP_SUFFIX}`
    if (files.exists(path)) files.remove(path)
  }
}

/** Offset after the last batch of a file. */
function endOf(files: FileSystem, path: string, baseOffset: number): number {
  const file = files.open(path, 'read')
  try {
    const walk = new BatchWalk({
      source: { open: () => file },
      fromBytes: 0,
      endBytes: file.sizeBytes,
      fromOffset: baseOffset,
      chunkBytes: CHUNK_BYTES,
    })
    let endOffset = baseOffset
    while (readNow(walk.next()) === 'batch') endOffset = walk.frame.lastOffset + 1
    return endOffset
  } finally {
    file.close()
  }
}

/** Base offsets of the segments of which there is a file with this ending. */
function basesOf(names: readonly string[], ending: string): Set<number> {
  const bases = names.flatMap((name) => {
    if (!name.endsWith(ending)) return []
    const parsed = parseSegmentFileName(name.slice(0, -ending.length))
    return parsed === null ? [] : [parsed.baseOffset]
  })
  return new Set(bases)
}
