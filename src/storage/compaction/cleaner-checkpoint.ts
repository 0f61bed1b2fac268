// How far each log of a data directory was compacted: cleaner-offset-checkpoint, in Kafka's format.
//
//   clicks 3 1042       every key below offset 1042 of clicks-3 stands once
//
// An entry that is too low costs a pass. One that is too high must not be: what lies below it is never
// asked which keys it has. So it is lowered before a log is cut, and goes before its name is given to
// another log.

import { replaceFileInPool, type FileSystem } from '../../io/file-system.ts'
import { partitionName } from '../../base/topic-partition.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import {
  checkpointText,
  OFFSET_CHECKPOINT,
  readCheckpoint,
  type OffsetEntry,
} from '../checkpoint-file.ts'

const CLEANER_OFFSETS = 'cleaner-offset-checkpoint'

/** Saves that may wait for each other. */
const MAX_WAITING = 100_000

export class CleanerCheckpoint {
  readonly #files: FileSystem
  readonly #path: string
  readonly #queue = new SerialQueue(MAX_WAITING)
  #entries = new Map<string, OffsetEntry>()

  constructor(files: FileSystem, directory: string) {
    this.#files = files
    this.#path = `${directory}/${CLEANER_OFFSETS}`
  }

  /**
   * Reads the file. Entries of logs that are not there go, from the file too.
   *
   * @returns why the file makes no sense, or null; it counts as empty then
   * @throws the system's error
   */
  async load(isThere: (name: string) => boolean): Promise<string | null> {
    const read = readCheckpoint(this.#files, this.#path, OFFSET_CHECKPOINT)
    if (read.state !== 'read') return read.state === 'malformed' ? read.reason : null
    for (const entry of read.entries) {
      const name = partitionName(entry)
      if (isThere(name)) this.#entries.set(name, entry)
    }
    if (this.#entries.size < read.entries.length) await this.#save()
    return null
  }

  /** Below it the log was compacted; null when it never was. */
  get(name: string): number | null {
    return this.#entries.get(name)?.offset ?? null
  }

  /** The log was compacted up to an offset. @throws the system's error */
  async set(entry: OffsetEntry): Promise<void> {
    this.#entries.set(partitionName(entry), entry)
    await this.#save()
  }

  /** The log will be cut at an offset. On disk when this resolves. @throws the system's error */
  async lower(name: string, offset: number): Promise<void> {
    const entry = this.#entries.get(name)
    if (entry === undefined || entry.offset <= offset) return
    this.#entries.set(name, { ...entry, offset })
    await this.#save()
  }

  /** The logs are gone. On disk when this resolves. @throws the system's error */
  async forget(names: readonly string[]): Promise<void> {
    const known = names.filter((name) => this.#entries.delete(name))
    if (known.length > 0) await this.#save()
  }

  async #save(): Promise<void> {
    await this.#queue.run(async () => {
      const text = checkpointText(OFFSET_CHECKPOINT, [...this.#entries.values()])
      await replaceFileInPool(this.#files, this.#path, text)
    })
  }
}
