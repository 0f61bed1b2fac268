// Changes of the set of logs of a data directory, one after the other: a log is made, deleted or cut.

import type { BrokerError } from '../../base/errors.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { CommitRounds } from '../rounds/commit-rounds.ts'
import type { DirectoryRemoval } from './directory-removal.ts'
import {
  LogCreation,
  storageError,
  type CreatedLog,
  type LogCreationOptions,
  type WantedLog,
} from './log-creation.ts'
import { PartitionDirectories } from './partition-directories.ts'

/** compaction/log-compaction.ts, as far as it has to know of changes. */
export interface HeldCompaction {
  /** Leaves a log alone from when this resolves until the function is called that it gives. */
  hold(name: string): Promise<() => void>
  /** A log will be cut. @throws the system's error */
  cut(name: string, offset: number): Promise<void>
  /** Logs are gone. @throws the system's error */
  forget(names: readonly string[]): Promise<void>
}

export interface LogChangesOptions extends LogCreationOptions {
  readonly rounds: CommitRounds
  readonly compaction: HeldCompaction
  readonly removal: DirectoryRemoval
}

/** Partitions that are deleted in one turn of the event loop. */
const DELETED_A_TURN = 8

/** Changes that may wait for each other. */
const MAX_WAITING = 100_000

export class LogChanges {
  readonly #options: LogChangesOptions
  readonly #directories: PartitionDirectories
  readonly #creation: LogCreation
  readonly #queue = new SerialQueue(MAX_WAITING)

  constructor(options: LogChangesOptions) {
    this.#options = options
    this.#directories = new PartitionDirectories(options)
    this.#creation = new LogCreation(options, this.#directories)
  }

  /** Resolves when no change waits or runs. */
  settled(): Promise<void> {
    return this.#queue.run(() => undefined)
  }

  /** See LogManager.createAll. */
  createAll(wanted: readonly WantedLog[]): Promise<CreatedLog[]> {
    return this.#queue.run(() => this.#creation.run(wanted))
  }

  /** See LogManager.deleteAll. */
  deleteAll(partitions: readonly TopicPartition[]): Promise<(BrokerError | null)[]> {
    return this.#queue.run(() => this.#deleteAll(partitions))
  }

  /** See LogManager.truncate. */
  truncate(log: PartitionLog, offset: number): Promise<void> {
    return this.#queue.run(() => this.#truncate(log, offset))
  }

  async #deleteAll(partitions: readonly TopicPartition[]): Promise<(BrokerError | null)[]> {
    const { clock } = this.#options
    const results: (BrokerError | null)[] = []
    for (const [at, partition] of partitions.entries()) {
      if (at % DELETED_A_TURN === 0) await new Promise<void>((resolve) => clock.endOfTurn(resolve))
      const failed = await this.#delete(partitionName(partition)).catch((error: unknown) => error)
      results.push(failed === undefined ? null : storageError(partition, failed))
    }
    await this.#directories.syncDeleted()
    await this.#forget(partitions.filter((_, at) => results[at] === null))
    return results
  }

  // Another topic may get the name, of which the same must not be believed.
  async #forget(partitions: readonly TopicPartition[]): Promise<void> {
    const { compaction, logger } = this.#options
    try {
      await compaction.forget(partitions.map(partitionName))
    } catch (error) {
      logger.warn({ err: error }, 'Deleted logs are still in the checkpoint of compaction')
    }
  }

  async #delete(name: string): Promise<void> {
    const { logs, offline, compaction } = this.#options
    const log = logs.get(name)
    if (log === undefined && !offline.unopened.has(name)) return
    const release = await compaction.hold(name)
    try {
      await this.#remove(name, log)
    } finally {
      release()
    }
  }

  async #remove(name: string, log: PartitionLog | undefined): Promise<void> {
    const { logs, offline, rounds, checkpoints, removal } = this.#options
    if (log !== undefined) await rounds.withhold(log)
    let aside: string
    try {
      aside = this.#directories.markDeleted(name)
    } catch (error) {
      if (log?.offline === null) rounds.readmit(log)
      throw error
    }
    offline.remove(name)
    checkpoints.forget(name)
    logs.delete(name)
    log?.close(false)
    rounds.forget(log ?? name)
    removal.add(aside, log?.config.fileDeleteDelayMs ?? 0)
  }

  async #truncate(log: PartitionLog, offset: number): Promise<void> {
    if (log.offline !== null) throw log.offline
    log.writePending()
    if (offset >= log.logEndOffset) return
    const release = await this.#options.compaction.hold(log.name)
    try {
      await this.#cut(log, offset)
    } finally {
      release()
    }
  }

  async #cut(log: PartitionLog, offset: number): Promise<void> {
    const { rounds, checkpoints, compaction } = this.#options
    await rounds.sync(log)
    await rounds.withhold(log)
    if (log.offline !== null) throw log.offline
    try {
      await compaction.cut(log.name, offset)
      // Until this is on disk a replay would write over what comes to stand at the same place.
      await rounds.voidJournaled(log)
      // A recovery point above the end would be taken for lost records, and where the log will end is
      // not known yet: with a batch at or below the offset, in the segment that holds it.
      const bases = log.segmentFacts().map(({ baseOffset }) => baseOffset)
      const recoveryPoint = bases.findLast((baseOffset) => baseOffset <= offset) ?? 0
      await checkpoints.saveAhead({ name: log.name, recoveryPoint }, () => log.truncateTo(offset))
    } catch (error) {
      throw storageError(log, error)
    } finally {
      if (log.offline === null) rounds.readmit(log)
    }
  }
}
