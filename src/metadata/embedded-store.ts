// The metadata store of a single machine: a checksummed log of our own, with snapshots. Its files are
// drawn in metadata-files.ts, entry-format.ts and durable-mark.ts.
//
//   append ─► entry written ─► synced ─► image replaced ─► listeners ─► answer
//                  │ failed       │ failed
//                  │              └─► roll: what the file holds is unknown, it is not written again
//                  └─► cut off again, and if that fails too: roll
//
// A roll writes a snapshot of the image and begins a new log behind it. It also happens, before an
// append, when the log has grown long.

import { BrokerError } from '../base/errors.ts'
import { SerialQueue } from '../base/serial-queue.ts'
import { replaceFile, type File, type FileSystem } from '../io/file-system.ts'
import type { Logger } from '../observability/logger.ts'
import { DURABLE_MARK, DurableMark } from './durable-mark.ts'
import { encodeEntry, type Checksum } from './entry-format.ts'
import { generationFile, nextGeneration, obsoleteFiles } from './metadata-files.ts'
import type { MetadataImage } from './metadata-image.ts'
import type { MetadataRecord } from './metadata-record.ts'
import { recoverMetadata, type Recovered } from './metadata-recovery.ts'
import type { MetadataListener, MetadataStore } from './metadata-store.ts'

export interface EmbeddedStoreOptions {
  readonly files: FileSystem
  /** A directory of its own; its parent exists. */
  readonly directory: string
  readonly crc32c: Checksum
  readonly logger: Logger
  /** Size of the log at which a snapshot is taken, in bytes. Default 4 MiB. */
  readonly rollBytes?: number
}

const ROLL_BYTES = 4 * 1024 * 1024

/** Appends that may wait. */
const MAX_WAITING = 10_000

/** The log that is written. */
interface OpenLog {
  readonly file: File
  /** Where the next entry goes: all before it is on disk. */
  sizeBytes: number
}

export class EmbeddedStore implements MetadataStore {
  readonly #options: EmbeddedStoreOptions
  readonly #queue = new SerialQueue(MAX_WAITING)
  readonly #listeners = new Set<MetadataListener>()
  readonly #mark: DurableMark
  #image: MetadataImage
  /** Null when the next append has to begin a new one. */
  #log: OpenLog | null = null
  #rollAtBytes: number
  #closed = false

  /**
   * Opens the store, or makes it when the directory is empty. Blocks.
   *
   * @throws MetadataDamageError, UnknownRecordError, or the system's error: see recoverMetadata
   */
  static open(options: EmbeddedStoreOptions): EmbeddedStore {
    const { files, directory, crc32c, logger } = options
    files.makeDirectory(directory)
    files.syncDirectory(directory.slice(0, directory.lastIndexOf('/')) || '/')
    for (const name of files.list(directory)) {
      if (name.endsWith('.tmp')) files.remove(`${directory}/${name}`)
    }
    const mark = new DurableMark(files, `${directory}/${DURABLE_MARK}`, crc32c)
    try {
      const recovered = recoverMetadata({ ...options, durableVersion: mark.version })
      const store = new EmbeddedStore(options, mark, recovered)
      store.#start(recovered)
      const { image, tornBytes } = recovered
      const { version, topicCount } = image
      logger.info({ version, topics: topicCount, tornBytes }, 'Metadata recovered')
      return store
    } catch (error) {
      mark.close()
      throw error
    }
  }

  private constructor(options: EmbeddedStoreOptions, mark: DurableMark, { image }: Recovered) {
    this.#options = options
    this.#mark = mark
    this.#image = image
    this.#rollAtBytes = options.rollBytes ?? ROLL_BYTES
  }

  get image(): MetadataImage {
    return this.#image
  }

  append(records: readonly MetadataRecord[], expectedVersion: number): Promise<MetadataImage> {
    if (this.#queue.size >= MAX_WAITING) {
      const message = 'Too many changes of the metadata wait already'
      return Promise.reject(new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message }))
    }
    return this.#queue.run(() => this.#append(records, expectedVersion))
  }

  subscribe(listener: MetadataListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Ends after the appends that wait; later ones are refused. */
  async close(): Promise<void> {
    await this.#queue.run(() => {
      if (this.#closed) return
      this.#closed = true
      this.#log?.file.close()
      this.#mark.close()
    })
  }

  async #append(
    records: readonly MetadataRecord[],
    expectedVersion: number,
  ): Promise<MetadataImage> {
    const { version } = this.#image
    if (this.#closed) {
      throw new BrokerError('BROKER_NOT_AVAILABLE', { message: 'The broker is stopping' })
    }
    if (version !== expectedVersion) {
      const message = 'The metadata has changed since the change was decided; try again'
      throw new BrokerError('INVALID_UPDATE_VERSION', { message, expectedVersion, version })
    }
    // Replayed before anything is written: what contradicts the image must not reach the log.
    const next = this.#image.replayAll(records)
    await this.#write(encodeEntry(version, records, this.#options.crc32c))
    this.#image = next
    this.#markDurable()
    for (const listener of [...this.#listeners]) this.#tell(listener, next, records)
    return next
  }

  /** Puts an entry on disk. @throws BrokerError KAFKA_STORAGE_ERROR */
  async #write(entry: Buffer): Promise<void> {
    const log = this.#writableLog()
    try {
      log.file.write([entry], log.sizeBytes)
    } catch (error) {
      this.#cutOff(log)
      throw storageError(error)
    }
    try {
      await log.file.sync()
    } catch (error) {
      // The system may have dropped the bytes and call the file clean: it is not synced again.
      this.#abandon(log)
      throw storageError(error)
    }
    log.sizeBytes += entry.byteLength
  }

  #writableLog(): OpenLog {
    if (this.#log !== null && this.#log.sizeBytes < this.#rollAtBytes) return this.#log
    try {
      return this.#roll()
    } catch (error) {
      // A snapshot that could not be written leaves the log as good as it was.
      if (this.#log === null) throw storageError(error)
      this.#rollAtBytes *= 2
      this.#options.logger.warn({ err: error }, 'Metadata snapshot failed; the log goes on')
      return this.#log
    }
  }

  #cutOff(log: OpenLog): void {
    try {
      log.file.truncate(log.sizeBytes)
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'Metadata log could not be cut; a new one begins')
      this.#abandon(log)
    }
  }

  #abandon(log: OpenLog): void {
    this.#log = null
    log.file.close()
  }

  /** Writes a snapshot and begins a new log. @throws the system's error */
  #roll(): OpenLog {
    const { files, directory, crc32c, rollBytes = ROLL_BYTES } = this.#options
    const { version } = this.#image
    const generation = nextGeneration(files.list(directory))
    const snapshot = encodeEntry(version, this.#image.records(), crc32c)
    replaceFile(
      files,
      `${directory}/${generationFile('snapshot', generation, version).name}`,
      snapshot,
    )
    const log = this.#beginLog(generation)
    this.#rollAtBytes = Math.max(rollBytes, snapshot.byteLength)
    this.#removeObsolete()
    return log
  }

  /** From here on, whatever happens, the log before gets no more entries: the new one cuts it off. */
  #beginLog(generation: number): OpenLog {
    const { files, directory } = this.#options
    if (this.#log !== null) this.#abandon(this.#log)
    const path = `${directory}/${generationFile('log', generation, this.#image.version).name}`
    replaceFile(files, path, '')
    this.#log = { file: files.open(path, 'write'), sizeBytes: 0 }
    return this.#log
  }

  #removeObsolete(): void {
    const { files, directory, logger } = this.#options
    try {
      for (const name of obsoleteFiles(files.list(directory))) files.remove(`${directory}/${name}`)
    } catch (error) {
      logger.warn({ err: error }, 'Old metadata files could not be removed')
    }
  }

  /** Goes on where recovery ended. @throws the system's error */
  #start({ image, log, logEndBytes, tornBytes, damagedSnapshots }: Recovered): void {
    const { files, directory, logger } = this.#options
    for (const name of damagedSnapshots) {
      const path = `${directory}/${name}`
      logger.error({ path }, 'A metadata snapshot is damaged; an older one and the logs were used')
      files.rename(path, `${path}.damaged`)
    }
    if (log === null) {
      this.#beginLog(nextGeneration(files.list(directory)))
      return
    }
    // A killed process may leave entries in the page cache that never reach the disk: after a failed
    // sync the system calls them clean, and syncing again would prove nothing. Whatever the mark does
    // not vouch for is written anew, into files of its own.
    const vouched = image.version === this.#mark.version && tornBytes === 0
    if (vouched && damagedSnapshots.length === 0) {
      const file = files.open(`${directory}/${log.name}`, 'write')
      this.#log = { file, sizeBytes: logEndBytes }
      files.syncDirectory(directory)
    } else {
      this.#roll()
      this.#markDurable()
    }
  }

  #markDurable(): void {
    try {
      this.#mark.write(this.#image.version)
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'The durable mark of the metadata was not written')
    }
  }

  #tell(
    listener: MetadataListener,
    image: MetadataImage,
    records: readonly MetadataRecord[],
  ): void {
    try {
      listener(image, records)
    } catch (error) {
      this.#options.logger.error({ err: error }, 'A listener of the metadata failed')
    }
  }
}

function storageError(cause: unknown): BrokerError {
  const { code = 'EIO' } = cause as NodeJS.ErrnoException
  const message =
    code === 'ENOSPC'
      ? 'The disk of the metadata is full; free some space and try again'
      : 'The change could not be written to the metadata log'
  return new BrokerError('KAFKA_STORAGE_ERROR', { message, errno: code }, cause)
}
