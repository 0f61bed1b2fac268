// From the files of a metadata directory to the image that they mean.
//
//   newest snapshot that can be read  ─►  the log it begins in  ─►  the next log  ─►  …  ─►  image
//
// What can't be read is one of two things, and never the third:
//
//   torn     the end of the last log, above the durable mark: an entry that was being written when the
//            process or the power went. It was never acknowledged, and is dropped.
//   damaged  anything else. A snapshot has another before it. For a log there is nothing else: the
//            broker says which file, and where, and does not start.
//   deleted  a topic, because the file that speaks of it can't be read. This must not be.

import { readWholeFile, type FileSystem } from '../io/file-system.ts'
import { decodeEntry, findEntry, type Checksum } from './entry-format.ts'
import { generationFiles, type GenerationFile } from './metadata-files.ts'
import { MetadataImage } from './metadata-image.ts'

/** The metadata can't be read as it was written. The broker must not start on it. */
export class MetadataDamageError extends Error {
  override readonly name = 'MetadataDamageError'
  readonly path: string
  /** Where in the file it begins. */
  readonly positionBytes: number

  constructor(path: string, positionBytes: number, text: string) {
    super(
      `The metadata is damaged: ${path}, byte ${positionBytes}: ${text}. Nothing was changed. ` +
        'Restore the directory from a copy; the records of the topics are in other files.',
    )
    this.path = path
    this.positionBytes = positionBytes
  }
}

export interface Recovered {
  readonly image: MetadataImage
  /** The last log; null when there is none. */
  readonly log: GenerationFile | null
  /** Where the last whole entry of the last log ends. */
  readonly logEndBytes: number
  /** Bytes behind that: a torn tail. */
  readonly tornBytes: number
  /** Names of snapshots that can't be read. */
  readonly damagedSnapshots: readonly string[]
}

export interface RecoveryOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly crc32c: Checksum
  /** What was on disk for certain: durable-mark.ts. */
  readonly durableVersion: number
}

/**
 * Reads, and changes nothing.
 *
 * @throws MetadataDamageError; UnknownRecordError when a newer version wrote here; the system's error
 *   when a file can't be read at all
 */
export function recoverMetadata(options: RecoveryOptions): Recovered {
  const names = options.files.list(options.directory)
  const { image: start, damagedSnapshots } = readNewestSnapshot(options, names)
  const logs = logsFrom(start.version, generationFiles(names, 'log'))
  let image = start
  let logEndBytes = 0
  let tornBytes = 0
  for (const [index, log] of logs.entries()) {
    const next = logs[index + 1]
    if (log.version > image.version) {
      const path = `${options.directory}/${log.name}`
      throw new MetadataDamageError(path, 0, missingBeforeText(image, log))
    }
    const read = readLog(options, image, log, next?.version ?? Infinity)
    image = read.image
    const path = `${options.directory}/${log.name}`
    if (next !== undefined && image.version !== next.version) {
      throw new MetadataDamageError(path, read.endBytes, missingText(image, next.version))
    }
    logEndBytes = read.endBytes
    tornBytes = read.sizeBytes - read.endBytes
    if (next === undefined) checkTail(options, path, read)
  }
  if (image.version < options.durableVersion) {
    throw new MetadataDamageError(
      `${options.directory}/${logs.at(-1)?.name ?? '*.log'}`,
      logEndBytes,
      missingText(image, options.durableVersion),
    )
  }
  return { image, log: logs.at(-1) ?? null, logEndBytes, tornBytes, damagedSnapshots }
}

interface LogRead {
  readonly image: MetadataImage
  readonly bytes: Buffer
  readonly sizeBytes: number
  /** Where the last entry that counts ends. */
  readonly endBytes: number
}

function readNewestSnapshot(
  options: RecoveryOptions,
  names: readonly string[],
): { image: MetadataImage; damagedSnapshots: string[] } {
  const damagedSnapshots: string[] = []
  for (const snapshot of generationFiles(names, 'snapshot').reverse()) {
    const image = readSnapshot(options, snapshot)
    if (image !== null) return { image, damagedSnapshots }
    damagedSnapshots.push(snapshot.name)
  }
  const first = generationFiles(names, 'log')[0]
  // Without a snapshot the history must be there from its beginning.
  if (damagedSnapshots.length > 0 && first?.version !== 0) {
    const path = `${options.directory}/${damagedSnapshots[0]}`
    throw new MetadataDamageError(path, 0, 'no snapshot can be read, and older logs are gone')
  }
  return { image: MetadataImage.EMPTY, damagedSnapshots }
}

/** @returns null when the file does not hold the image that its name promises */
function readSnapshot(
  { files, directory, crc32c }: RecoveryOptions,
  { name, version }: GenerationFile,
): MetadataImage | null {
  const bytes = readWholeFile(files, `${directory}/${name}`)
  const entry = decodeEntry(bytes, 0, crc32c)
  if (entry === null || entry.sizeBytes !== bytes.byteLength || entry.version !== version)
    return null
  return MetadataImage.EMPTY.replayAll(entry.records).at(version)
}

/** The log that holds the changes after `version`, and those behind it. */
function logsFrom(version: number, logs: readonly GenerationFile[]): readonly GenerationFile[] {
  const first = logs.findLastIndex((log) => log.version <= version)
  return first < 0 ? logs : logs.slice(first)
}

function readLog(
  { files, directory, crc32c }: RecoveryOptions,
  start: MetadataImage,
  log: GenerationFile,
  endVersion: number,
): LogRead {
  const path = `${directory}/${log.name}`
  const bytes = readWholeFile(files, path)
  const records = []
  let version = log.version
  let at = 0
  while (version < endVersion) {
    const entry = decodeEntry(bytes, at, crc32c)
    if (entry === null) break
    const text = `an entry is of version ${entry.version} where ${version} comes next`
    if (entry.version !== version) throw new MetadataDamageError(path, at, text)
    if (version >= start.version) records.push(...entry.records)
    version += entry.records.length
    at += entry.sizeBytes
  }
  // A snapshot was taken of what this log says, so it reaches at least that far.
  if (version < start.version) {
    throw new MetadataDamageError(path, at, missingText({ version }, start.version))
  }
  return { image: start.replayAll(records), bytes, sizeBytes: bytes.byteLength, endBytes: at }
}

/** What follows the last entry of the last log must be a torn write, and no entry behind it. */
function checkTail({ crc32c }: RecoveryOptions, path: string, { bytes, endBytes }: LogRead): void {
  const behind = findEntry(bytes, endBytes, crc32c)
  if (behind < 0) return
  const text = `what stands here can't be read, and whole entries follow at byte ${behind}`
  throw new MetadataDamageError(path, endBytes, text)
}

function missingBeforeText({ version }: MetadataImage, log: GenerationFile): string {
  return `it begins at version ${log.version}, and what is before it ends at version ${version}`
}

function missingText({ version }: { version: number }, expected: number): string {
  return `it ends at version ${version}, and version ${expected} was on disk`
}
