// The entries of one index file, in memory as they stand in the file, so that a lookup needs no
// decoding and a write no encoding. They are read on first use and can be let go again; new ones
// are written some at a time. Indexes are rebuilt from the log when they are lost or wrong, so
// nothing here is synced but by who needs it.

import assert from 'node:assert'
import { replaceFile, type File, type FileSystem } from '../../io/file-system.ts'
import type { Reading } from './reading.ts'

const INITIAL_ENTRIES = 64

/** New entries that wait until they are written together. */
const WRITE_ENTRIES = 64

/** What is taken of a file whose size is no whole number of entries: nothing, or those that are whole. */
type TakenOfTorn = 'nothing' | 'whole entries'

export class IndexEntries {
  readonly #files: FileSystem
  readonly #entryBytes: number
  readonly #takenOfTorn: TakenOfTorn
  #path: string
  /** The file was renamed, for removal: it is read, and never written or made again. */
  #deleted = false
  /** Null: not read yet. May be longer than the entries are. */
  #bytes: Buffer | null = null
  #count = 0
  /** Entries at the front that the file has as they are here. */
  #stored = 0
  /** The file may be longer than the stored entries are. */
  #excess = false
  #wasMissing = false

  constructor(
    files: FileSystem,
    path: string,
    entryBytes: number,
    takenOfTorn: TakenOfTorn = 'nothing',
  ) {
    this.#files = files
    this.#path = path
    this.#entryBytes = entryBytes
    this.#takenOfTorn = takenOfTorn
  }

  get loaded(): boolean {
    return this.#bytes !== null
  }

  /** True when `load` found no file. */
  get wasMissing(): boolean {
    return this.#wasMissing
  }

  /** Entries present. They must be loaded. */
  get count(): number {
    assert(this.#bytes !== null)
    return this.#count
  }

  /** All entries, in the layout of the file. They must be loaded. */
  get bytes(): Buffer {
    assert(this.#bytes !== null)
    return this.#bytes.subarray(0, this.#count * this.#entryBytes)
  }

  /**
   * Reads the file, when that was not done yet. A file that is missing gives no entries.
   *
   * Zeroes at the end are cut off: Kafka preallocates index files, and leaves them so in a crash.
   */
  *load(): Reading<void> {
    if (this.#bytes !== null) return
    const bytes = yield* this.#readFile()
    if (this.#bytes !== null) return // another reading was quicker
    this.#wasMissing = bytes === null
    const tornBytes = (bytes?.byteLength ?? 0) % this.#entryBytes
    const isTaken = bytes !== null && (tornBytes === 0 || this.#takenOfTorn === 'whole entries')
    this.#bytes = isTaken ? bytes.subarray(0, bytes.byteLength - tornBytes) : Buffer.alloc(0)
    this.#count = this.#bytes.byteLength / this.#entryBytes
    this.#excess = tornBytes > 0
    while (this.#count > 0 && this.#isZero(this.#count - 1)) {
      this.#count -= 1
      this.#excess = true
    }
    this.#stored = this.#count
  }

  /** Appends room for an entry. @returns where in `bytes` the caller has to write it */
  add(): { readonly bytes: Buffer; readonly at: number } {
    assert(this.#bytes !== null)
    const at = this.#count * this.#entryBytes
    if (at === this.#bytes.byteLength) {
      const grown = Buffer.alloc(Math.max(INITIAL_ENTRIES * this.#entryBytes, at * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#count += 1
    return { bytes: this.#bytes, at }
  }

  /** Keeps the first `count` entries. */
  cut(count: number): void {
    assert(this.#bytes !== null && count <= this.#count)
    if (count === this.#count) return
    this.#count = count
    if (this.#stored > count) this.#excess = true
    this.#stored = Math.min(this.#stored, count)
  }

  /** Starts with no entries. @param inFile whether there may be a file, with whatever in it */
  reset(inFile: boolean): void {
    this.#bytes = Buffer.alloc(0)
    this.#count = 0
    this.#stored = 0
    this.#excess = inFile
  }

  /**
   * Takes the entries of `other`, and replaces the file as a whole, on disk: a crash leaves the old
   * entries or the new ones. `other` must not be used any more.
   *
   * @throws the system's error
   */
  replaceBy(other: IndexEntries): void {
    this.#bytes = other.bytes
    this.#count = other.#count
    this.rewrite()
  }

  /** Writes the file anew, as a whole and on disk. @throws the system's error */
  rewrite(): void {
    if (!this.#deleted) replaceFile(this.#files, this.#path, this.bytes)
    this.#stored = this.#count
    this.#excess = false
    this.#wasMissing = false
  }

  /** The file was renamed, for removal, or there was none. */
  deleted(path: string): void {
    this.#path = path
    this.#deleted = true
  }

  /** True when enough new entries wait for being written. */
  get worthStoring(): boolean {
    return this.#bytes !== null && this.#count - this.#stored >= WRITE_ENTRIES
  }

  /** True when the file has all entries, and those alone; or there is neither. */
  get isStored(): boolean {
    return this.#stored === this.#count && !this.#excess
  }

  /** Brings the file up to date; not synced. @throws the system's error */
  store(): void {
    if (this.#deleted) return
    if (this.#bytes === null || this.isStored) return
    this.#withFile((file) => {
      const fromBytes = this.#stored * this.#entryBytes
      if (this.#excess) file.truncate(fromBytes)
      this.#excess = false
      if (this.#stored < this.#count) file.write([this.bytes.subarray(fromBytes)], fromBytes)
      this.#stored = this.#count
    })
  }

  /** Brings the file up to date and to disk; makes it when it is missing. @throws the system's error */
  async sync(): Promise<void> {
    if (this.#deleted) return
    this.store()
    const file = this.#files.open(this.#path, 'create')
    try {
      await file.sync()
    } finally {
      file.close()
    }
  }

  /** As `sync`, and blocks. */
  syncNow(): void {
    if (this.#deleted) return
    this.store()
    this.#withFile((file) => file.syncNow())
  }

  /** Lets the memory go, when the file has all of it. */
  release(): void {
    if (this.isStored) this.#bytes = null
  }

  #withFile(act: (file: File) => void): void {
    const file = this.#files.open(this.#path, 'create')
    try {
      act(file)
    } finally {
      file.close()
    }
  }

  *#readFile(): Reading<Buffer | null> {
    if (!this.#files.exists(this.#path)) return null
    const file = this.#files.open(this.#path, 'read')
    try {
      const bytes = Buffer.allocUnsafeSlow(file.sizeBytes)
      const count = yield { source: { open: () => file }, into: bytes, positionBytes: 0 }
      return bytes.subarray(0, count)
    } finally {
      file.close()
    }
  }

  #isZero(slot: number): boolean {
    const from = slot * this.#entryBytes
    return this.bytes.subarray(from, from + this.#entryBytes).every((byte) => byte === 0)
  }
}
