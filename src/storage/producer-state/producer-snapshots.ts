// The .snapshot files of a partition: which there are, and which may go.
//
//   segments    [0 ───────────────)[1000 ─────────────────────── active ···
//   snapshots                      1000        1420     1877     one where a segment begins; two between
//
// A snapshot is an aid to recovery: the batches say the same. One that a power cut has torn or taken is
// passed over, and more of the log is read instead. Only of producers whose batches retention has
// removed nothing else is left.

import { readWholeFile, type File, type FileSystem } from '../../io/file-system.ts'
import { parseSegmentFileName, segmentFileName } from '../segment/segment-files.ts'
import type { ProducerEntry } from './producer-entry.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-format.ts'

/** Snapshots that are kept where no segment begins: the newest may be torn. */
const KEPT_BETWEEN = 2

export interface SnapshotPlace {
  readonly files: FileSystem
  /** The partition's directory. */
  readonly directory: string
  readonly crc32c: (bytes: Uint8Array) => number
}

/** What a snapshot says. */
export interface LoadedSnapshot {
  /** The batches below it are what the entries know of. */
  readonly offset: number
  readonly entries: readonly ProducerEntry[]
}

export class ProducerSnapshots {
  readonly #place: SnapshotPlace
  /** Offsets, rising. */
  #offsets: number[]
  /** The one that was synced last. */
  #syncedOffset: number | null = null

  /** Finds the files that are there. @throws the system's error */
  constructor(place: SnapshotPlace) {
    this.#place = place
    this.#offsets = place.files
      .list(place.directory)
      .flatMap((name) => {
        const parsed = parseSegmentFileName(name)
        return parsed?.suffix === '.snapshot' ? [parsed.baseOffset] : []
      })
      .sort((a, b) => a - b)
  }

  /** Offset of the newest, or null. */
  get newest(): number | null {
    return this.#offsets.at(-1) ?? null
  }

  /** As `newest`, when it is known to be on disk; else null. */
  get newestOnDisk(): number | null {
    return this.#syncedOffset === this.newest ? this.newest : null
  }

  /** The newest that can be read; those behind it go. Null when there is none. @throws the system's error */
  load(): LoadedSnapshot | null {
    for (;;) {
      const offset = this.newest
      if (offset === null) return null
      const entries = this.#read(offset)
      if (entries !== null) return { offset, entries }
      this.#removeIf((other) => other === offset)
    }
  }

  /** The newest at or below an offset that can be read, or null. @throws the system's error */
  loadAtOrBelow(highest: number): LoadedSnapshot | null {
    for (const offset of this.#offsets.toReversed()) {
      const entries = offset > highest ? null : this.#read(offset)
      if (entries !== null) return { offset, entries }
    }
    return null
  }

  /** A snapshot of producers as they are now. */
  encode(producers: Iterable<ProducerEntry>): Buffer {
    return encodeSnapshot(producers, this.#place.crc32c)
  }

  /**
   * Writes a snapshot at or behind the newest. It is in the page cache when this returns.
   *
   * @returns the file, for the caller to close
   * @throws the system's error
   */
  write(offset: number, bytes: Buffer): File {
    const file = this.#place.files.open(this.#path(offset), 'create')
    try {
      if (file.sizeBytes > 0) file.truncate(0)
      file.write([bytes], 0)
    } catch (error) {
      file.close()
      throw error
    }
    if (this.newest !== offset) this.#offsets.push(offset)
    this.#syncedOffset = null
    return file
  }

  /** As `write`. It is on disk when this resolves. */
  async writeSynced(offset: number, bytes: Buffer): Promise<void> {
    const file = this.write(offset, bytes)
    try {
      await file.sync()
    } finally {
      file.close()
    }
    // Another may have been written meanwhile.
    if (this.newest === offset) this.#syncedOffset = offset
  }

  /** As `writeSynced`, and blocks. */
  writeSyncedNow(offset: number, bytes: Buffer): void {
    const file = this.write(offset, bytes)
    try {
      file.syncNow()
    } finally {
      file.close()
    }
    this.#syncedOffset = offset
  }

  /** Brings the names of the files to disk, off the event loop. @throws the system's error */
  syncNames(): Promise<void> {
    const { files, directory } = this.#place
    return files.syncDirectoryInPool(directory)
  }

  /** As `syncNames`, and blocks. */
  syncNamesNow(): void {
    const { files, directory } = this.#place
    files.syncDirectory(directory)
  }

  /** Removes all but the newest where no segment begins. @throws the system's error */
  thinOut(isSegmentBase: (offset: number) => boolean): void {
    const between = this.#offsets.filter((offset) => !isSegmentBase(offset))
    const gone = new Set(between.slice(0, -KEPT_BETWEEN))
    if (gone.size > 0) this.#removeIf((offset) => gone.has(offset))
  }

  /** The log ends here now. Durable after a directory sync. @throws the system's error */
  removeAbove(endOffset: number): void {
    this.#removeIf((offset) => offset > endOffset)
  }

  /** The first segment of the log begins here now. @throws the system's error */
  removeBelow(baseOffset: number): void {
    this.#removeIf((offset) => offset < baseOffset)
  }

  #read(offset: number): ProducerEntry[] | null {
    const { files, crc32c } = this.#place
    const path = this.#path(offset)
    return files.exists(path) ? decodeSnapshot(readWholeFile(files, path), crc32c) : null
  }

  // The file of a segment may have gone with it.
  #removeIf(isGone: (offset: number) => boolean): void {
    const { files } = this.#place
    for (const offset of this.#offsets.filter(isGone)) {
      if (files.exists(this.#path(offset))) files.remove(this.#path(offset))
      this.#offsets = this.#offsets.filter((other) => other !== offset)
    }
  }

  #path(offset: number): string {
    return `${this.#place.directory}/${segmentFileName(offset, '.snapshot')}`
  }
}
