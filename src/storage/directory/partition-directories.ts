// Makes room for the directories of new partitions, and takes those of deleted ones out of the way.

import type { Uuid } from '../../base/uuid.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { RandomSource } from '../../io/random.ts'
import type { Logger } from '../../observability/logger.ts'
import { readPartitionMetadata } from '../partition-metadata.ts'
import { deletedName, strayName } from './log-directory.ts'

export interface PartitionDirectoriesOptions {
  readonly files: FileSystem
  /** The data directory. */
  readonly directory: string
  readonly random: RandomSource
  readonly logger: Logger
}

export class PartitionDirectories {
  readonly #options: PartitionDirectoriesOptions

  constructor(options: PartitionDirectoriesOptions) {
    this.#options = options
  }

  /**
   * Sees to it that the directory of a new log is not taken by something else. What is there and
   * holds records is renamed, not removed.
   *
   * @returns true when there is no directory any more; false when it is that of the same topic
   * @throws the system's error
   */
  makeWay(name: string, topicId: Uuid): boolean {
    const { files, directory, random, logger } = this.#options
    const path = `${directory}/${name}`
    if (!files.exists(path)) return true
    const found = readPartitionMetadata(files, path)
    if (found.state === 'read' && found.topicId === topicId) return false
    if (found.state !== 'read' && this.#isEmpty(path)) {
      files.removeTree(path)
      return true
    }
    const aside = strayName(name, random)
    files.rename(path, `${directory}/${aside}`)
    files.syncDirectory(directory)
    logger.warn({ partition: name, aside }, 'A stray directory made way for a new partition')
    return true
  }

  /** Takes back a creation that failed. */
  undo(name: string): void {
    const { files, directory, logger } = this.#options
    try {
      files.removeTree(`${directory}/${name}`)
    } catch (error) {
      logger.warn({ err: error, partition: name }, 'A partition that failed could not be removed')
    }
  }

  /**
   * Renames the directory of a deleted partition. On disk after `syncDeleted`.
   *
   * @returns its new name
   * @throws the system's error: the directory is where it was
   */
  markDeleted(name: string): string {
    const { files, directory, random } = this.#options
    const aside = deletedName(name, random)
    files.rename(`${directory}/${name}`, `${directory}/${aside}`)
    return aside
  }

  /**
   * Brings the renames of deleted partitions to disk. Never rejects: a power cut undoes what is not
   * there, and the directory is a stray then, by its id.
   */
  async syncDeleted(): Promise<void> {
    const { files, directory, logger } = this.#options
    try {
      await files.syncDirectoryInPool(directory)
    } catch (error) {
      logger.warn({ err: error }, 'A power cut may bring deleted partitions back')
    }
  }

  /** True when no log in the directory has a byte: its creation was cut short. */
  #isEmpty(path: string): boolean {
    const { files } = this.#options
    return files.list(path).every((name) => {
      if (!name.endsWith('.log')) return true
      const file = files.open(`${path}/${name}`, 'read')
      const { sizeBytes } = file
      file.close()
      return sizeBytes === 0
    })
  }
}
