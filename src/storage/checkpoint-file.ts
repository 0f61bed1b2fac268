// Kafka's checkpoint files: small text files that are always replaced as a whole.
//
//   0                        version
//   2                        number of entries
//   clicks 0 1042            one line an entry; here topic, partition, offset
//   clicks 1 998
//
// Source: apache/kafka, CheckpointFile.java, OffsetCheckpointFile.java, LeaderEpochCheckpointFile.java.

import { readWholeFile, replaceFile, type FileSystem } from '../io/file-system.ts'

/** How the lines of one kind of checkpoint file read. */
export interface CheckpointFormat<Entry> {
  readonly version: number
  /** @returns null when the fields are not those of an entry */
  parse(fields: readonly string[]): Entry | null
  format(entry: Entry): string
}

/** What a checkpoint file held. A file that is not there, or makes no sense, is an answer. */
export type CheckpointRead<Entry> =
  | { readonly state: 'read'; readonly entries: readonly Entry[] }
  | { readonly state: 'missing' }
  | { readonly state: 'malformed'; readonly reason: string }

/** A line of recovery-point-offset-checkpoint and its kin. */
export interface OffsetEntry {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export const OFFSET_CHECKPOINT: CheckpointFormat<OffsetEntry> = {
  version: 0,
  parse([topic, partitionText, offsetText, ...rest]) {
    const partition = wholeNumber(partitionText)
    const offset = wholeNumber(offsetText)
    if (topic === undefined || topic === '' || rest.length > 0) return null
    return partition === null || offset === null ? null : { topic, partition, offset }
  },
  format: ({ topic, partition, offset }) => `${topic} ${partition} ${offset}`,
}

/**
 * Reads a checkpoint file.
 *
 * @throws the system's error, when the file is there and cannot be read
 */
export function readCheckpoint<Entry>(
  files: FileSystem,
  path: string,
  format: CheckpointFormat<Entry>,
): CheckpointRead<Entry> {
  if (!files.exists(path)) return { state: 'missing' }
  return parseCheckpoint(readWholeFile(files, path).toString('utf8'), format)
}

/** Replaces a checkpoint file: after a crash it holds the old entries or the new ones. Blocks. */
export function writeCheckpoint<Entry>(
  files: FileSystem,
  path: string,
  format: CheckpointFormat<Entry>,
  entries: readonly Entry[],
): void {
  replaceFile(files, path, checkpointText(format, entries))
}

/** What a checkpoint file of these entries holds. */
export function checkpointText<Entry>(
  format: CheckpointFormat<Entry>,
  entries: readonly Entry[],
): string {
  const lines = [format.version, entries.length, ...entries.map((entry) => format.format(entry))]
  return `${lines.join('\n')}\n`
}

/** As `readCheckpoint`, from the file's text. */
export function parseCheckpoint<Entry>(
  text: string,
  format: CheckpointFormat<Entry>,
): CheckpointRead<Entry> {
  const [versionLine, countLine, ...lines] = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (wholeNumber(versionLine) !== format.version)
    return malformed('first line is no known version')
  const count = wholeNumber(countLine)
  if (count === null) return malformed('second line is no count')
  if (lines.length !== count) return malformed(`has ${lines.length} entries and promises ${count}`)
  const entries: Entry[] = []
  for (const [index, line] of lines.entries()) {
    const entry = format.parse(line.trim().split(/\s+/))
    if (entry === null) return malformed(`line ${index + 3} is no entry`)
    entries.push(entry)
  }
  return { state: 'read', entries }
}

/** 0 to 2^53 - 1 in digits, or null. */
export function wholeNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,16}$/.test(text.trim())) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

function malformed(reason: string): { state: 'malformed'; reason: string } {
  return { state: 'malformed', reason }
}
