// Removes files one after the other, off the event loop: freeing the blocks of a large file takes the
// disk long, and more than one at a time would only keep commit rounds from it. So does one that is freed at
// once; who reads it would miss what is cut off.
//
// What is left when the broker stops goes at its next start.

import { SerialQueue } from '../../base/serial-queue.ts'
import type { FileSystem } from '../../io/file-system.ts'
import { DELETED_SUFFIX } from './segment-files.ts'

/** Files that may wait. Those beyond go at the next start. */
const MAX_WAITING = 100_000

/** May be shared by all logs of a broker. */
export class FileRemoval {
  readonly #files: FileSystem
  readonly #queue = new SerialQueue(MAX_WAITING)
  #closed = false

  constructor(files: FileSystem) {
    this.#files = files
  }

  /** Removes a file that nobody else removes. Nothing happens after `close`. @throws the system's error */
  remove(path: string): Promise<void> {
    return this.#run(() => this.#files.removeInPool(path))
  }

  /**
   * As `remove`, a few MiB at a time unless somebody reads the file. Whoever opens it later does not find it.
   *
   * @param isRead asked when nobody can open it any more
   * @throws the system's error
   */
  free(path: string, isRead: () => boolean): Promise<void> {
    return this.#run(async () => {
      const hidden = `${path}${DELETED_SUFFIX}`
      await this.#files.renameInPool(path, hidden)
      if (isRead()) await this.#files.removeInPool(hidden)
      else await this.#files.freeInPool(hidden)
    })
  }

  /** Removes a directory with all in it. Nothing happens after `close`. @throws the system's error */
  removeTree(path: string): Promise<void> {
    return this.#run(() => this.#files.removeTreeInPool(path))
  }

  /** Resolves when the removal that runs has ended. No other begins. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#queue.run(() => undefined).catch(() => undefined)
  }

  #run(work: () => Promise<void>): Promise<void> {
    return this.#queue.run(() => (this.#closed ? undefined : work()))
  }
}
