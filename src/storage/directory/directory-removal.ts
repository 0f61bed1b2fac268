// Removes the directories of deleted partitions, some time after the deletion and file by file, so
// that a large partition does not hold up the disk for long.

import { SerialQueue } from '../../base/serial-queue.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import type { FileRemoval } from '../segment/file-removal.ts'

export interface DirectoryRemovalOptions {
  readonly files: FileSystem
  /** The data directory. */
  readonly directory: string
  readonly clock: Clock
  readonly logger: Logger
  readonly removal: FileRemoval
}

/** Directories that may wait. Those beyond go at the next start. */
const MAX_WAITING = 100_000

/** After a failure, the next attempt. What is left when the broker stops goes at its next start. */
const RETRY_MS = 30_000

export class DirectoryRemoval {
  readonly #options: DirectoryRemovalOptions
  /** Name of a directory to the timer that its removal waits for. */
  readonly #waiting = new Map<string, Timer>()
  /** One at a time: a topic may have a thousand. */
  readonly #queue = new SerialQueue(MAX_WAITING)
  #closed = false

  constructor(options: DirectoryRemovalOptions) {
    this.#options = options
  }

  /** Directories that are still there. */
  get size(): number {
    return this.#waiting.size
  }

  /** Removes `name`, a directory in the data directory, `delayMs` or more from now. */
  add(name: string, delayMs: number): void {
    if (this.#closed) return
    const timer = this.#options.clock.after(delayMs, () => {
      this.#queue.run(() => this.#remove(name)).catch(() => undefined) // gone at the next start
    })
    this.#waiting.set(name, timer)
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#waiting.values()) timer.cancel()
    this.#waiting.clear()
  }

  async #remove(name: string): Promise<void> {
    const { files, directory, removal, logger } = this.#options
    const path = `${directory}/${name}`
    if (this.#closed) return
    try {
      for (const file of files.list(path)) {
        if (this.#closed) return
        if (files.isDirectory(`${path}/${file}`)) await removal.removeTree(`${path}/${file}`)
        else await removal.remove(`${path}/${file}`)
      }
      if (this.#closed) return
      await removal.removeTree(path)
      this.#waiting.delete(name)
      logger.info({ partition: name }, 'Files of a deleted partition were removed')
    } catch (error) {
      logger.warn({ err: error, partition: name }, 'A deleted partition could not be removed yet')
      this.add(name, RETRY_MS)
    }
  }
}
