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

export interface LogChangesOptions extends LogCreationOptions {
  readonly rounds: CommitRounds
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
    return results
  }

  async #delete(name: string): Promise<void> {
    const { logs, offline, rounds, checkpoints, removal } = this.#options
    const log = logs.get(name)
    const existing = log ?? offline.unopened.get(name)
    if (existing === undefined) return
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
    const { rounds, checkpoints } = this.#options
    if (log.offline !== null) throw log.offline
    log.writePending()
    if (offset >= log.logEndOffset) return
    await rounds.sync(log)
    await rounds.withhold(log)
    if (log.offline !== null) throw log.offline
    try {
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
