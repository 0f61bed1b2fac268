// Brings logs back that failed: those that went offline, and those that could not be opened.
//
//   withhold from rounds ─► give back what the journal owes ─► revive, or open ─► void ─► readmit
//
// The journal gives back what a failed sync took. The log then leaves its old file behind, so its
// next records may stand where those of the journal do: the void says that they count no more.

import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import type { OpenedLog } from '../open-partition-log.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { CommitRounds } from '../rounds/commit-rounds.ts'
import type { Crc32c } from '../rounds/journal-format.ts'
import { replayJournals } from '../rounds/journal-replay.ts'
import {
  reportRecovery,
  type KnownPartition,
  type StrayDirectory,
  type UnreadablePartition,
} from './log-loader.ts'
import type { PartitionDirectory } from './log-directory.ts'
import type { LogRevival } from './log-revival.ts'

export interface OfflineLogsOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly directoryId: Uuid
  readonly crc32c: Crc32c
  readonly logger: Logger
  readonly rounds: CommitRounds
  readonly revival: LogRevival
  readonly open: (partition: KnownPartition) => Promise<OpenedLog>
  /** A log that could not be opened is open now. */
  readonly opened: (log: PartitionLog) => void
  /** Reads whose directory it is, again. @throws the system's error */
  readonly identify: (partition: PartitionDirectory) => KnownPartition | StrayDirectory
  /** A directory that could not be read is nobody's. */
  readonly stray: (stray: StrayDirectory) => void
  /** The log takes appends again. */
  readonly online: (log: PartitionLog) => void
}

/** A partition without a log, as far as it is known. */
export interface UnopenedPartition extends TopicPartition {
  /** Null: not known either. */
  readonly known: KnownPartition | null
  /** What stopped it at first. */
  readonly error: Error
}

export class OfflineLogs {
  readonly #options: OfflineLogsOptions
  readonly #unopened = new Map<string, UnopenedPartition>()

  constructor(options: OfflineLogsOptions) {
    this.#options = options
  }

  /** The partitions that could not be opened, by name. */
  get unopened(): ReadonlyMap<string, UnopenedPartition> {
    return this.#unopened
  }

  /** The log has gone offline. */
  add(log: PartitionLog, error: Error): void {
    const { rounds, revival } = this.#options
    void rounds.withhold(log)
    revival.add(log.name, error, () => this.#revive(log))
  }

  /** The partition could not be opened. */
  addUnopened(known: KnownPartition, error: Error): void {
    const { name, topic, partition } = known
    let opened: PartitionLog | null = null
    this.#unopened.set(name, { topic, partition, known, error })
    this.#options.revival.add(name, error, async () => {
      if (opened !== null) return this.#revive(opened)
      opened = await this.#open(known)
      await this.#bringBack(opened)
    })
  }

  /** Nobody knows whose directory this is, since the disk does not say. */
  addUnreadable(unreadable: UnreadablePartition): void {
    const { name, topic, partition, error } = unreadable
    const { identify, stray, rounds, revival } = this.#options
    let opened: PartitionLog | null = null
    this.#unopened.set(name, { topic, partition, known: null, error })
    revival.add(name, error, async () => {
      if (opened !== null) return this.#revive(opened)
      const found = identify(unreadable)
      if ('reason' in found) {
        this.#unopened.delete(name)
        rounds.forget(name)
        stray(found)
        return
      }
      opened = await this.#open(found)
      await this.#bringBack(opened)
    })
  }

  /** The partition is gone. */
  remove(name: string): void {
    this.#options.revival.remove(name)
    this.#unopened.delete(name)
  }

  async #open(partition: KnownPartition): Promise<PartitionLog> {
    this.#giveBack(partition, partition.checkpoint)
    const { log, report, notes } = await this.#options.open(partition)
    reportRecovery(this.#options.logger, partition.name, report, notes)
    await this.#options.rounds.withhold(log)
    this.#unopened.delete(partition.name)
    this.#options.opened(log)
    return log
  }

  async #revive(log: PartitionLog): Promise<void> {
    const { rounds } = this.#options
    await rounds.withhold(log)
    if (rounds.isOwed(log)) this.#giveBack(log, log)
    log.revive()
    await this.#bringBack(log)
  }

  async #bringBack(log: PartitionLog): Promise<void> {
    const { rounds, online } = this.#options
    try {
      await rounds.voidJournaled(log)
    } catch (error) {
      log.fail(error as Error)
      throw error
    }
    rounds.readmit(log)
    online(log)
  }

  /** Gives one log back what the journals hold of it. @throws the error that stopped it */
  #giveBack(
    { name, topicId, partition }: TopicPartition & Pick<KnownPartition, 'name' | 'topicId'>,
    { recoveryPoint, logStartOffset }: { recoveryPoint: number; logStartOffset: number },
  ): void {
    const { files, directory, directoryId, crc32c, logger } = this.#options
    const { failed, damage } = replayJournals({
      ...{ files, directory, directoryId, crc32c },
      find: (id, index) =>
        id === topicId && index === partition ? { name, recoveryPoint, logStartOffset } : null,
    })
    for (const found of damage) logger.error({ ...found }, 'Commit journal is damaged')
    const error = failed.get(name)
    if (error !== undefined) throw error
  }
}
