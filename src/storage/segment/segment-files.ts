// Names of the files of a partition directory.
//
//   00000000000000001042.log         record batches, verbatim
//   00000000000000001042.index       offset index
//   00000000000000001042.timeindex   time index
//   00000000000000001042.txnindex    aborted transactions
//   00000000000000001042.snapshot    producer state at the segment's beginning
//
// The digits are the segment's base offset. A file whose name ends in `.deleted` waits for its
// removal; in `.1.deleted`, when an older one of its name still does.
// Source: apache/kafka, LogFileUtils.java.

import assert from 'node:assert'
import type { FileSystem } from '../../io/file-system.ts'

/** Kinds of files that belong to one segment, the log first. */
export const SEGMENT_SUFFIXES = ['.log', '.index', '.timeindex', '.txnindex', '.snapshot'] as const

/** Those that are made from the log. A producer snapshot is of the log in front of the segment. */
export const INDEX_SUFFIXES = ['.index', '.timeindex', '.txnindex'] as const

export type SegmentSuffix = (typeof SEGMENT_SUFFIXES)[number]

export const DELETED_SUFFIX = '.deleted'

/** Ends the names of what compaction makes: until it is whole, and until it took the place of what it
 *  was made from. */
export const CLEANED_SUFFIX = '.cleaned'
export const SWAP_SUFFIX = '.swap'

/** Ends of names of files that an interrupted change left, and that nobody needs. */
export const LEFTOVER_SUFFIXES = [DELETED_SUFFIX, CLEANED_SUFFIX, '.tmp']

const NAME = /^(\d{20})(\.log|\.index|\.timeindex|\.txnindex|\.snapshot)$/

export function segmentFileName(baseOffset: number, suffix: SegmentSuffix): string {
  assert(Number.isSafeInteger(baseOffset) && baseOffset >= 0)
  return `${String(baseOffset).padStart(20, '0')}${suffix}`
}

/** @returns null when the name is not that of a file of a segment */
export function parseSegmentFileName(
  name: string,
): { readonly baseOffset: number; readonly suffix: SegmentSuffix } | null {
  const match = NAME.exec(name)
  if (match === null) return null
  const baseOffset = Number(match[1])
  if (!Number.isSafeInteger(baseOffset)) return null
  return { baseOffset, suffix: match[2] as SegmentSuffix }
}

/**
 * What a .log file that is removed gets at the end of its name: one that no other has yet. A rename that
 * replaces a large file frees that at once, and who still reads it under its name would get the other's bytes.
 */
export function deletedEnding(files: FileSystem, path: string): string {
  let ending = DELETED_SUFFIX
  for (let count = 1; files.exists(`${path}${ending}`); count++) {
    ending = `.${count}${DELETED_SUFFIX}`
  }
  return ending
}

/**
 * Renames the files that belong to a .log file, as removed. Durable after a directory sync.
 *
 * @param suffixes those that go with it
 * @param ending   of the new names
 * @param renamed  is told each new path
 */
export function markSideFilesDeleted(
  files: FileSystem,
  segment: { readonly directory: string; readonly baseOffset: number },
  suffixes: readonly SegmentSuffix[],
  ending: string,
  renamed: (path: string) => void,
): void {
  for (const suffix of suffixes) {
    const path = `${segment.directory}/${segmentFileName(segment.baseOffset, suffix)}`
    if (!files.exists(path)) continue
    files.rename(path, `${path}${ending}`)
    renamed(`${path}${ending}`)
  }
}

/**
 * Removes the files of segments that the log does not know: what a change left that failed half-way.
 * Durable after a directory sync. @throws the system's error
 *
 * @param segments those of the log
 */
export function removeStrays(
  files: FileSystem,
  directory: string,
  segments: Iterable<{ readonly baseOffset: number }>,
): void {
  const known = new Set(Array.from(segments, ({ baseOffset }) => baseOffset))
  for (const name of files.list(directory)) {
    const parsed = parseSegmentFileName(name)
    if (parsed === null || parsed.suffix === '.snapshot' || known.has(parsed.baseOffset)) continue
    files.remove(`${directory}/${name}`)
  }
}
