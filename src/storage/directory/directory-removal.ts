// Removes the directories of deleted partitions, some time after the deletion and file by file, so
// that a large partition does not hold up the event loop for long.

import type { Clock, Timer } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'

export interface DirectoryRemovalOptions {
  readonly files: FileSystem
  /** The data directory. */
  readonly directory: string
  readonly clock: Clock
  readonly logger: Logger
}

/** After a failure, the next attempt. What is left when the broker stops goes at its next start. */
const RETRY_MS = 30_000

export class DirectoryRemoval {
  readonly #options: DirectoryRemovalOptions
  /** Name of a directory to the timer that its removal waits for. */
  readonly #waiting = new Map<string, Timer>()
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
    const timer = this.#options.clock.after(delayMs, () => this.#removeNext(name))
    this.#waiting.set(name, timer)
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#waiting.values()) timer.cancel()
    this.#waiting.clear()
  }

  #removeNext(name: string): void {
    if (this.#closed) return
    const { files, directory, clock, logger } = this.#options
    const path = `${directory}/${name}`
    try {
      const [file] = files.list(path)
      if (file !== undefined) {
        if (files.isDirectory(`${path}/${file}`)) files.removeTree(`${path}/${file}`)
        else files.remove(`${path}/${file}`)
        clock.endOfTurn(() => this.#removeNext(name))
        return
      }
      files.removeTree(path)
      this.#waiting.delete(name)
      logger.info({ partition: name }, 'Files of a deleted partition were removed')
    } catch (error) {
      logger.warn({ err: error, partition: name }, 'A deleted partition could not be removed yet')
      this.add(name, RETRY_MS)
    }
  }
}
