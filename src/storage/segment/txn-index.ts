// The index of aborted transactions of one segment: those whose marker stands in it, by its offset.
//
//   byte 0         2          10         18         26         34   Entries follow each other with no
//        +---------+----------+----------+----------+----------+    gap; big-endian, version 0.
//        | version | producer | first    | last     | last     |    first, last: offsets of its first
//        |         | id       | offset   | offset   | stable   |    record and of its marker
//        +---------+----------+----------+----------+----------+    last stable: see aborted-search.ts
//
// Marker offsets rise, and last stable offsets never fall. There is no file while there is no entry.
//
// Unlike the other indexes it is not built anew from the segment alone, so what of it must be on disk is
// told by the snapshots of producers: no snapshot is written at an offset before the entries of the
// markers below it are on disk, with the file's name. What follows the newest snapshot is read again.
//
// Source: apache/kafka, TransactionIndex.java and AbortedTxn.java.

import { dirname } from 'node:path'
import type { FileSystem } from '../../io/file-system.ts'
import { readInt16, readInt64, writeInt16, writeInt64 } from '../../record/integers.ts'
import type { AbortedTransaction } from '../producer-state/producer-table.ts'
import { IndexEntries } from './index-entries.ts'
import type { Reading } from './reading.ts'

export const ABORTED_ENTRY_BYTES = 34

const VERSION = 0
const PRODUCER_ID = 2
const FIRST_OFFSET = 10
const LAST_OFFSET = 18
const LAST_STABLE_OFFSET = 26

/** Writes the entry of an aborted transaction at `at`. */
export function writeAborted(bytes: Buffer, at: number, aborted: AbortedTransaction): void {
  writeInt16(bytes, at, VERSION)
  writeInt64(bytes, at + PRODUCER_ID, aborted.producerId)
  writeInt64(bytes, at + FIRST_OFFSET, aborted.firstOffset)
  writeInt64(bytes, at + LAST_OFFSET, aborted.lastOffset)
  writeInt64(bytes, at + LAST_STABLE_OFFSET, aborted.lastStableOffset)
}

/** The entry that stands at `at`. */
export function readAborted(bytes: Uint8Array, at: number): AbortedTransaction {
  return {
    producerId: readInt64(bytes, at + PRODUCER_ID),
    firstOffset: readInt64(bytes, at + FIRST_OFFSET),
    lastOffset: readInt64(bytes, at + LAST_OFFSET),
    lastStableOffset: readInt64(bytes, at + LAST_STABLE_OFFSET),
  }
}

/** What is remembered of the entries while they are not in memory. */
interface Summary {
  readonly count: number
  /** Smallest first offset; Infinity without entries. */
  readonly leastFirst: number
}

const EMPTY: Summary = { count: 0, leastFirst: Infinity }

export class TxnIndex {
  readonly #files: FileSystem
  readonly #path: string
  #entries: IndexEntries
  /** Null: the file was not read yet. */
  #summary: Summary | null = null
  /** Counts changes, and those that are on disk. */
  #changes = 0
  #changesOnDisk = 0
  /** The file is there, and its name is on disk. */
  #isNamed = true
  /** A sync failed: the file is not believed any more, and written anew. */
  #isDoubtful = false
  #syncing: Promise<void> | null = null

  constructor(files: FileSystem, path: string) {
    this.#files = files
    this.#path = path
    this.#entries = new IndexEntries(files, path, ABORTED_ENTRY_BYTES, 'whole entries')
  }

  /** There is no file, and so no entry. */
  startEmpty(): void {
    this.#summary = EMPTY
    this.#isNamed = false
    this.#entries.reset(false)
  }

  /** All entries are on disk, and those alone. */
  get isOnDisk(): boolean {
    return this.#changes === this.#changesOnDisk
  }

  /** Entries present. They must be loaded, now or before. */
  get count(): number {
    return this.#summary!.count
  }

  /** False when no transaction that began below `offset` is here, as far as is known without reading. */
  mayHaveBegunBelow(offset: number): boolean {
    return this.#summary === null || this.#summary.leastFirst < offset
  }

  /**
   * Reads the file, when that was not done yet.
   *
   * @returns false when its entries make no sense
   */
  *load(): Reading<boolean> {
    if (this.#entries.loaded) return true
    if (this.#summary?.count === 0) this.#entries.reset(false)
    else yield* this.#entries.load()
    if (this.#summary !== null) return true
    if (!this.#isSound()) {
      this.#entries.release()
      return false
    }
    this.#isNamed = !this.#entries.wasMissing
    this.#summarize()
    return true
  }

  /** Appends an entry, which must be loaded: its marker follows those of all others. */
  append(aborted: AbortedTransaction): void {
    const { bytes, at } = this.#entries.add()
    writeAborted(bytes, at, aborted)
    const { count, leastFirst } = this.#summary!
    this.#summary = { count: count + 1, leastFirst: Math.min(leastFirst, aborted.firstOffset) }
    this.#changes += 1
  }

  /** Removes the entries of markers at or above an offset. They must be loaded. */
  cutAtOffset(offset: number): void {
    let count = this.#entries.count
    while (count > 0 && this.at(count - 1).lastOffset >= offset) count -= 1
    if (count === this.#entries.count) return
    this.#entries.cut(count)
    this.#summarize()
    this.#changes += 1
  }

  /** The slot of the first entry whose marker is at or above an offset; `count` when there is none. */
  slotFrom(offset: number): number {
    let low = 0
    let high = this.#entries.count
    // Invariant: markers of slots < low are below the offset; those of slots >= high are not.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.at(middle).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  at(slot: number): AbortedTransaction {
    return readAborted(this.#entries.bytes, slot * ABORTED_ENTRY_BYTES)
  }

  /** Takes these entries instead of what the file has, on disk. @throws the system's error */
  replace(all: readonly AbortedTransaction[]): void {
    const others = new IndexEntries(this.#files, this.#path, ABORTED_ENTRY_BYTES, 'whole entries')
    others.reset(false)
    for (const aborted of all) {
      const { bytes, at } = others.add()
      writeAborted(bytes, at, aborted)
    }
    this.#entries.replaceBy(others)
    this.#isNamed = true
    this.#summarize()
    this.#changesOnDisk = this.#changes
  }

  /** Writes new entries when many wait. @throws the system's error */
  storeDue(): void {
    if (this.#entries.worthStoring) this.#entries.store()
  }

  /**
   * Brings what is here now to disk, with the name of the file. Two syncs never overlap.
   *
   * @throws the system's error
   */
  sync(): Promise<void> {
    if (this.#isSynced()) return Promise.resolve()
    const before = this.#syncing ?? Promise.resolve()
    const syncing = before.then(() => this.#sync())
    this.#syncing = syncing.catch(() => undefined)
    return syncing
  }

  /** As `sync`, and blocks. */
  syncNow(): void {
    if (this.#isSynced()) return
    const changes = this.#changes
    try {
      if (this.#isDoubtful) this.#entries.rewrite()
      else this.#entries.syncNow()
      if (!this.#isNamed) this.#files.syncDirectory(dirname(this.#path))
    } catch (error) {
      this.#isDoubtful = true
      throw error
    }
    this.#synced(changes)
  }

  /** The file was renamed, for removal, or there was none. */
  deleted(path: string): void {
    this.#entries.deleted(path)
  }

  /** Lets the memory go, when all of it is on disk. */
  release(): void {
    if (this.isOnDisk) this.#entries.release()
  }

  async #sync(): Promise<void> {
    if (this.#isSynced()) return
    const changes = this.#changes
    try {
      if (this.#isDoubtful) this.#entries.rewrite()
      else await this.#entries.sync()
      if (!this.#isNamed) await this.#files.syncDirectoryInPool(dirname(this.#path))
    } catch (error) {
      this.#isDoubtful = true
      throw error
    }
    this.#synced(changes)
  }

  /** What was appended and cut before it was ever written needs no file. */
  #isSynced(): boolean {
    if (this.isOnDisk) return true
    const isNothing = this.#entries.count === 0 && this.#entries.isStored && !this.#isNamed
    if (isNothing) this.#changesOnDisk = this.#changes
    return isNothing
  }

  #synced(changes: number): void {
    this.#isNamed = true
    this.#isDoubtful = false
    this.#changesOnDisk = Math.max(this.#changesOnDisk, changes)
  }

  #summarize(): void {
    let leastFirst = Infinity
    const { count } = this.#entries
    for (let slot = 0; slot < count; slot++) {
      leastFirst = Math.min(leastFirst, this.at(slot).firstOffset)
    }
    this.#summary = { count, leastFirst }
  }

  #isSound(): boolean {
    const { bytes, count } = this.#entries
    let lastOffset = -1
    try {
      for (let slot = 0; slot < count; slot++) {
        if (readInt16(bytes, slot * ABORTED_ENTRY_BYTES) !== VERSION) return false
        const entry = this.at(slot)
        if (entry.firstOffset < 0 || entry.firstOffset >= entry.lastOffset) return false
        if (entry.lastOffset <= lastOffset) return false
        lastOffset = entry.lastOffset
      }
    } catch {
      return false // a 64-bit field that no entry can have
    }
    return true
  }
}
