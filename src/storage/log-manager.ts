// Owns one data directory: its logs, their commit rounds, checkpoints and retention.
//
//   open     lock ─► meta.properties ─► commit journals replayed ─► each log recovered ─► ready
//   running  commit rounds · checkpoints every few seconds · retention · logs that failed are revived
//   close    all on disk ─► checkpoints ─► clean-shutdown marker ─► unlock
//
// A log that fails goes offline alone. What it needs of the commit journal is kept until it is back.

import { BrokerError } from '../base/errors.ts'
import { inParallel } from '../base/in-parallel.ts'
import { partitionName, type TopicPartition } from '../base/topic-partition.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Timer } from '../io/clock.ts'
import { silentLogger, type Logger } from '../observability/logger.ts'
import { LogCleaner } from './compaction/cleaner/log-cleaner.ts'
import { LogCompaction, type CompactionSettings } from './compaction/log-compaction.ts'
import { CheckpointWriter } from './directory/checkpoint-writer.ts'
import { LogChanges } from './directory/log-changes.ts'
import { storageError, type CreatedLog, type WantedLog } from './directory/log-creation.ts'
import { DirectoryRemoval } from './directory/directory-removal.ts'
import { takeDirectory, type TakenDirectory } from './directory/directory-start.ts'
import { listDeleted, removeCleanShutdown, writeCleanShutdown } from './directory/log-directory.ts'
import {
  identify,
  loadLogs,
  type KnownPartition,
  type StrayDirectory,
} from './directory/log-loader.ts'
import { applyRetention } from './directory/log-retention.ts'
import { LogRevival } from './directory/log-revival.ts'
import { OfflineLogs } from './directory/offline-logs.ts'
import type { LogConfig } from './log-config.ts'
import { openPartitionLog, type OpenedLog } from './open-partition-log.ts'
import { makePartitionLog } from './new-partition-log.ts'
import type { LogManagerOptions, LogManagerStats } from './log-manager-options.ts'
import type { LogListener, PartitionLog, PartitionLogOptions } from './partition-log.ts'
import { ProducerMemory } from './producer-state/producer-memory.ts'
import { isOsSyncDue, MIN_OS_SYNC_BYTES } from './rounds/os-sync.ts'
import { CommitJournal } from './rounds/commit-journal.ts'
import { CommitRounds } from './rounds/commit-rounds.ts'
import { FileRemoval } from './segment/file-removal.ts'
import { OpenSegments } from './segment/open-segments.ts'
import { TurnWrites } from './turn-writes.ts'

export type { LogManagerOptions, LogManagerStats } from './log-manager-options.ts'

const NO_COMPACTION: CompactionSettings = {
  ...{ enabled: false, backoffMs: Infinity, keyBytes: 0 },
  ...{ ioBufferBytes: 0, ioBytesPerSecond: 0 },
}

const RETENTION_CHECK_MS = 300_000
const TICK_MS = 1_000

/** Logs that retention looks at together: what they save of their starts is one save. */
const RETENTION_WIDTH = 16

export class LogManager {
  readonly directoryId: Uuid
  readonly #options: LogManagerOptions
  readonly #logger: Logger
  readonly #unlock: () => void
  readonly #journal: CommitJournal
  readonly #rounds: CommitRounds
  readonly #checkpoints: CheckpointWriter
  readonly #revival: LogRevival
  readonly #offline: OfflineLogs
  readonly #changes: LogChanges
  readonly #removal: DirectoryRemoval
  readonly #compaction: LogCompaction
  readonly #openSegments = new OpenSegments()
  readonly #turnWrites: TurnWrites
  readonly #fileRemoval: FileRemoval
  readonly #producerMemory: ProducerMemory
  readonly #osSyncBytes: number
  readonly #logs = new Map<string, PartitionLog>()
  readonly #strays = new Map<string, StrayDirectory>()
  readonly #timers: Timer[] = []
  #retention: Promise<void> | null = null
  #closed = false

  /**
   * Takes a data directory, and opens all logs in it.
   *
   * @throws Error with code EBUSY when another process has the directory; Error when it belongs to
   *   another broker; the system's error when the directory itself cannot be read or written. What
   *   goes wrong with one log does not stop the start: it is offline, and is tried again
   */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const { core, logger = silentLogger } = options
    const taken = takeDirectory({ ...options, logger, crc32c: core.crc32c.bind(core) })
    const manager = new LogManager(options, taken)
    try {
      await manager.#start(taken)
      return manager
    } catch (error) {
      manager.#abandon()
      throw error
    }
  }

  private constructor(options: LogManagerOptions, taken: TakenDirectory) {
    const { files, directory, clock, core, random, logger = silentLogger } = options
    const { directoryId, replay } = taken
    const crc32c = core.crc32c.bind(core)
    const shared = { files, directory, directoryId, clock, random, crc32c, logger }
    this.#options = options
    this.#logger = logger
    this.directoryId = directoryId
    this.#unlock = taken.unlock
    this.#checkpoints = new CheckpointWriter(
      taken.checkpoints,
      () => this.#logs.values(),
      taken.loaded,
      options.checkpointIntervalMs,
    )
    this.#journal = new CommitJournal({
      ...shared,
      beforeRemove: () => this.#checkpoints.save(),
      held: replay.journals,
      firstFileNumber: replay.nextFileNumber,
      ...(options.journal === false ? { fileBytes: 0 } : {}),
    })
    this.#turnWrites = new TurnWrites(clock)
    this.#rounds = new CommitRounds({
      ...{ ...shared, journal: this.#journal },
      writePending: () => this.#turnWrites.flush(),
    })
    this.#revival = new LogRevival({ ...shared, freeBytes: () => files.freeBytes(directory) })
    this.#fileRemoval = new FileRemoval(files)
    this.#producerMemory = new ProducerMemory(options.producerIds)
    this.#osSyncBytes = options.osSyncBytes ?? MIN_OS_SYNC_BYTES
    this.#removal = new DirectoryRemoval({ ...shared, removal: this.#fileRemoval })
    this.#compaction = new LogCompaction({
      ...{ files, directory, clock, logger },
      settings: options.compaction ?? NO_COMPACTION,
      logs: () => this.#logs.values(),
      openCleaner:
        options.openCleaner ?? (() => new LogCleaner({ files, clock, random, storageCore: core })),
      stableOffsetOf: (log) => {
        const { durableOffset, producers } = log
        const decided = producers.firstUndecided(durableOffset)
        return Math.min(durableOffset, decided, options.stableOffsetOf?.(log) ?? Infinity)
      },
      sync: (log) => this.#rounds.sync(log),
      saveRecoveryPoints: () => this.#checkpoints.save(),
    })
    this.#offline = new OfflineLogs({
      ...shared,
      rounds: this.#rounds,
      revival: this.#revival,
      open: (partition) => this.#open(partition, false),
      opened: (log) => this.#logs.set(log.name, log),
      identify: (found) => identify(options, found, this.#checkpoints.carried(found.name)),
      stray: (stray) => this.#addStray(stray),
      online: (log) => options.onOnline?.(log),
    })
    this.#changes = new LogChanges({
      ...shared,
      logs: this.#logs,
      strays: this.#strays,
      offline: this.#offline,
      rounds: this.#rounds,
      checkpoints: this.#checkpoints,
      compaction: this.#compaction,
      removal: this.#removal,
      open: (partition) => this.#open(partition, false),
      make: (partition) => makePartitionLog(this.#logOptions(partition)),
    })
  }

  /** The log of a partition, online or not. Undefined when there is none, or it never opened. */
  get(partition: TopicPartition): PartitionLog | undefined {
    return this.#logs.get(partitionName(partition))
  }

  /** All logs that are open, online or not, in no order. */
  logs(): Iterable<PartitionLog> {
    return this.#logs.values()
  }

  /** Names of the partitions that take no appends, each with why. */
  offline(): ReadonlyMap<string, Error> {
    return this.#revival.offline
  }

  /** Directories that look like partitions and belong to no topic. They are left as they are. */
  strays(): readonly StrayDirectory[] {
    return [...this.#strays.values()]
  }

  stats(): LogManagerStats {
    return {
      ...this.#rounds.stats(),
      logs: this.#logs.size,
      offlineLogs: this.#revival.offline.size,
      strays: this.#strays.size,
      deletedDirectories: this.#removal.size,
      ...this.#producerMemory.stats(),
      compaction: this.#compaction.stats(),
    }
  }

  /**
   * Makes the log of a new partition. Its directory is on disk when this resolves. When the partition
   * has a log of this topic id already, that is the answer.
   *
   * @throws BrokerError INCONSISTENT_TOPIC_ID when another topic has the name and is open;
   *   POLICY_VIOLATION when the broker has as many partitions as it holds; KAFKA_STORAGE_ERROR when
   *   the disk fails: nothing is left of it then, but that a power cut may bring it back, empty
   */
  async create(partition: TopicPartition, topicId: Uuid, config: LogConfig): Promise<PartitionLog> {
    const [created] = await this.#changes.createAll([{ ...partition, topicId, config }])
    if (created!.error !== null) throw created!.error
    return created!.log
  }

  /**
   * As `create`, for many: for a thousand it costs little more than for ten, and does not block.
   *
   * @param wanted different partitions
   * @returns what became of each, in their order
   */
  createAll(wanted: readonly WantedLog[]): Promise<readonly CreatedLog[]> {
    return this.#changes.createAll(wanted)
  }

  /**
   * Deletes a partition. It is gone when this resolves, also after a power cut; its files go later.
   * Nothing happens when there is none.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR when the disk fails: the partition is still there
   */
  async delete(partition: TopicPartition): Promise<void> {
    const [error] = await this.#changes.deleteAll([partition])
    if (error !== null) throw error
  }

  /** As `delete`, for many. @returns for each, in their order, the refusal, or null */
  deleteAll(partitions: readonly TopicPartition[]): Promise<readonly (BrokerError | null)[]> {
    return this.#changes.deleteAll(partitions)
  }

  /**
   * Cuts a log, so that it ends at or below `offset`. No crash brings back what is cut.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR when the disk fails
   */
  truncate(log: PartitionLog, offset: number): Promise<void> {
    return this.#changes.truncate(log, offset)
  }

  /**
   * Moves the start of a log up, and removes the segments below it. A power cut does not undo it.
   *
   * @param offset at or below the high watermark
   * @throws BrokerError OFFSET_OUT_OF_RANGE when the log ends before it; KAFKA_STORAGE_ERROR
   */
  async deleteRecordsBefore(log: PartitionLog, offset: number): Promise<void> {
    if (offset <= log.logStartOffset || offset > log.writtenOffset) log.deleteRecordsBefore(offset)
    else await this.#moveStart(log, offset, () => this.#trim(log, offset))
  }

  // The log may have been deleted, or closed, while its start was saved.
  #trim(log: PartitionLog, offset: number): void {
    const { topic, partition } = log
    if (!this.#closed && this.get(log) === log) log.deleteRecordsBefore(offset)
    else throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
  }

  /** Applies retention to every log that is online. What fails for one is logged. */
  runRetention(): Promise<void> {
    this.#retention ??= this.#retainAll().finally(() => (this.#retention = null))
    return this.#retention
  }

  /** How logs are compacted from now on; what a pass may use, from the next one on. */
  reconfigureCompaction(settings: CompactionSettings): void {
    this.#compaction.reconfigure(settings)
  }

  /** Compacts every log that is due. What fails for one is logged. */
  runCompaction(): Promise<void> {
    return this.#compaction.run()
  }

  /**
   * Brings everything to disk and gives the directory back. No append may follow.
   *
   * The stop counts as a clean one when every log is on disk to its end; the next start then reads
   * next to nothing.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.#changes.settled()
    await this.#compaction.close()
    await this.#stop()
    await this.#retention
    for (const log of this.#online()) this.#attempt(log.name, () => log.writePending())
    await this.#rounds.close(this.#online())
    let isClean = this.#revival.offline.size === 0 && this.#journal.fileCount === 0
    for (const log of this.#logs.values()) {
      const closed = this.#attempt(log.name, () => log.close(log.offline === null))
      isClean = isClean && closed
    }
    const saved = await this.#saveCheckpoints()
    if (isClean && saved) {
      this.#attempt(null, () => writeCleanShutdown(this.#options.files, this.#options.directory))
    }
    this.#journal.close()
    this.#unlock()
  }

  /** Leaves everything as a crash would, but for the lock and open files: when a start failed. */
  #abandon(): void {
    void this.#compaction.close()
    void this.#stop()
    for (const log of this.#logs.values()) log.close(false)
    this.#journal.close()
    this.#unlock()
  }

  async #stop(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
    this.#removal.close()
    await this.#fileRemoval.close()
    await this.#revival.close()
  }

  async #start({
    known,
    strays,
    unreadable,
    replay,
    cleanShutdown,
  }: TakenDirectory): Promise<void> {
    const { files, directory, clock } = this.#options
    const { logs, failed } = await loadLogs(known, {
      ...{ files, directory, clock, cleanShutdown },
      logger: this.#logger,
      onProgress: this.#options.onProgress ?? (() => undefined),
      open: (partition, onProgress) => {
        const error = replay.failed.get(partition.name)
        if (error !== undefined) throw storageError(partition, error)
        return this.#open(partition, cleanShutdown, onProgress)
      },
    })
    for (const log of logs) this.#logs.set(log.name, log)
    for (const { partition, error } of failed) this.#offline.addUnopened(partition, error)
    for (const partition of unreadable) this.#offline.addUnreadable(partition)
    for (const stray of strays) this.#addStray(stray)
    removeCleanShutdown(files, directory)
    await this.#retireReplayed(replay.endOffsets)
    for (const name of listDeleted(files, directory)) this.#removal.add(name, 0)
    await this.#compaction.start((name) => {
      return this.#logs.has(name) || this.#offline.unopened.has(name)
    })
    const interval = this.#options.retentionCheckIntervalMs ?? RETENTION_CHECK_MS
    this.#timers.push(clock.every(TICK_MS, () => this.#tick()))
    this.#timers.push(clock.every(interval, () => void this.runRetention()))
    this.#timers.push(this.#producerMemory.expireBy(clock))
  }

  /**
   * Removes the journals that were replayed. Where one has to stay, for a log that failed, the logs
   * that recovery cut below what it says must not get those bytes again.
   */
  async #retireReplayed(endOffsets: ReadonlyMap<string, number>): Promise<void> {
    await this.#rounds.tidyJournal()
    for (const log of this.#logs.values()) {
      const journaledEnd = endOffsets.get(log.name) ?? 0
      if (journaledEnd <= log.logEndOffset || !this.#journal.mentions(log.name)) continue
      try {
        await this.#rounds.voidJournaled(log)
      } catch (error) {
        log.fail(error as Error)
      }
    }
  }

  #addStray(stray: StrayDirectory): void {
    const { name, reason } = stray
    this.#strays.set(name, stray)
    this.#logger.warn({ partition: name, reason }, 'Directory belongs to no topic; left as it is')
  }

  #open(
    partition: KnownPartition,
    cleanShutdown: boolean,
    onProgress?: (scannedBytes: number) => void,
  ): Promise<OpenedLog> {
    const { recoveryPoint, logStartOffset } = partition.checkpoint
    return openPartitionLog({
      ...this.#logOptions(partition),
      ...{ recoveryPoint, logStartOffset, cleanShutdown },
      ...(onProgress === undefined ? {} : { onProgress }),
    })
  }

  #logOptions({ name, topic, partition, topicId, config }: KnownPartition): PartitionLogOptions {
    const { files, clock, core, directory, snapshotPace } = this.#options
    return {
      ...{ files, clock, core, topic, partition, topicId, config },
      ...(snapshotPace === undefined ? {} : { snapshotPace }),
      directory: `${directory}/${name}`,
      listener: this.#listener,
      openSegments: this.#openSegments,
      fileRemoval: this.#fileRemoval,
      producerMemory: this.#producerMemory,
      turnWrites: this.#turnWrites,
    }
  }

  readonly #listener: LogListener = {
    written: (log) => {
      if (log.config.flushPolicy === 'disk') this.#rounds.requestRound(log)
      else if (isOsSyncDue(log, this.#osSyncBytes)) this.#rounds.requestBackgroundSync(log)
      this.#options.listener.written(log)
    },
    durable: (log) => this.#options.listener.durable(log),
    damaged: (log, error) => {
      this.#logger.error({ err: error, partition: log.name }, 'A stored batch is damaged')
      this.#options.listener.damaged(log, error)
    },
    failed: (log, error) => {
      this.#logger.error({ err: error, partition: log.name }, 'Log went offline')
      this.#offline.add(log, error)
      this.#options.listener.failed(log, error)
    },
  }

  async #retainAll(): Promise<void> {
    await inParallel([...this.#logs.values()], RETENTION_WIDTH, (log) => this.#retain(log))
  }

  async #retain(log: PartitionLog): Promise<void> {
    const isUsable = (): boolean => {
      return !this.#closed && log.offline === null && this.#logs.get(log.name) === log
    }
    if (!isUsable()) return
    try {
      const plan = await applyRetention(log, {
        nowMs: this.#options.clock.now(),
        isUsable,
        moveStart: (startOffset, remove) => this.#moveStart(log, startOffset, remove),
      })
      if (plan === null) return
      const { startOffset, removed } = plan
      this.#logger.info({ partition: log.name, startOffset, removed }, 'Retention removed segments')
    } catch (error) {
      this.#logger.warn({ err: error, partition: log.name }, 'Retention failed; tried again later')
    }
  }

  #tick(): void {
    void this.#rounds.tidyJournal()
    const { durableBytes } = this.#rounds.stats()
    if (!this.#checkpoints.isDue(this.#options.clock.monotonicMs(), durableBytes)) return
    void this.#saveCheckpoints()
  }

  /** Saves where the log will start, and calls `remove` then. @throws BrokerError */
  async #moveStart(log: PartitionLog, logStartOffset: number, remove: () => void): Promise<void> {
    try {
      await this.#checkpoints.saveAhead({ name: log.name, logStartOffset }, remove)
      // So that no power cut brings the files back, which would take room until they went again. That is
      // not worth a sync of all that the log has not on disk.
      if (log.config.flushPolicy === 'disk') this.#rounds.requestBackgroundSync(log)
    } catch (error) {
      throw storageError(log, error)
    }
  }

  /** @returns false when that failed */
  async #saveCheckpoints(): Promise<boolean> {
    const saved = await this.#checkpoints.save().catch((error: unknown) => error)
    return this.#attempt(null, () => {
      if (saved !== undefined) throw saved
    })
  }

  #online(): PartitionLog[] {
    return [...this.#logs.values()].filter(({ offline }) => offline === null)
  }

  /** Runs what may fail without stopping the rest. @returns false when it failed; that is logged */
  #attempt(partition: string | null, work: () => void): boolean {
    try {
      work()
      return true
    } catch (error) {
      this.#logger.warn({ err: error, partition }, 'Could not be written; tried again later')
      return false
    }
  }
}
