// Changes of the set of logs of a data directory, one after the other: a log is made, deleted or cut.

import { BrokerError } from '../../base/errors.ts'
import { MAX_PARTITIONS_PER_BROKER } from '../../base/limits.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Clock } from '../../io/clock.ts'
import type { LogConfig } from '../log-config.ts'
import type { OpenedLog } from '../open-partition-log.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { CommitRounds } from '../rounds/commit-rounds.ts'
import type { CheckpointWriter } from './checkpoint-writer.ts'
import type { DirectoryRemoval } from './directory-removal.ts'
import {
  noCheckpoint,
  reportRecovery,
  type KnownPartition,
  type StrayDirectory,
} from './log-loader.ts'
import type { OfflineLogs } from './offline-logs.ts'
import { PartitionDirectories, type PartitionDirectoriesOptions } from './partition-directories.ts'

export interface LogChangesOptions extends PartitionDirectoriesOptions {
  readonly clock: Clock
  /** The logs that are open, and the directories that nobody knows, by name. */
  readonly logs: Map<string, PartitionLog>
  readonly strays: Map<string, StrayDirectory>
  readonly offline: OfflineLogs
  readonly rounds: CommitRounds
  readonly checkpoints: CheckpointWriter
  readonly removal: DirectoryRemoval
  readonly open: (partition: KnownPartition) => Promise<OpenedLog>
}

/** Changes that may wait for each other. */
const MAX_WAITING = 100_000

export class LogChanges {
  readonly #options: LogChangesOptions
  readonly #directories: PartitionDirectories
  readonly #queue = new SerialQueue(MAX_WAITING)

  constructor(options: LogChangesOptions) {
    this.#options = options
    this.#directories = new PartitionDirectories(options)
  }

  /** Resolves when no change waits or runs. */
  settled(): Promise<void> {
    return this.#queue.run(() => undefined)
  }

  /** See LogManager.create. */
  create(partition: TopicPartition, topicId: Uuid, config: LogConfig): Promise<PartitionLog> {
    return this.#queue.run(() => this.#create(partition, topicId, config))
  }

  /** See LogManager.delete. */
  delete(name: string): Promise<void> {
    return this.#queue.run(() => this.#delete(name))
  }

  /** See LogManager.truncate. */
  truncate(log: PartitionLog, offset: number): Promise<void> {
    return this.#queue.run(() => this.#truncate(log, offset))
  }

  async #create(
    topicPartition: TopicPartition,
    topicId: Uuid,
    config: LogConfig,
  ): Promise<PartitionLog> {
    const { logs, offline } = this.#options
    const name = partitionName(topicPartition)
    const { topic, partition } = topicPartition
    const log = logs.get(name)
    const unopened = offline.unopened.get(name)
    const foundId = log?.topicId ?? unopened?.known?.topicId ?? topicId
    if (foundId !== topicId) {
      const facts = { topic, partition, topic_id: topicId, found_topic_id: foundId }
      throw new BrokerError('INCONSISTENT_TOPIC_ID', facts)
    }
    if (log !== undefined) return log
    if (unopened !== undefined) throw storageError(topicPartition, unopened.error)
    if (logs.size + offline.unopened.size >= MAX_PARTITIONS_PER_BROKER) {
      const message = `This broker holds ${MAX_PARTITIONS_PER_BROKER} partitions, and no more`
      throw new BrokerError('POLICY_VIOLATION', { message, topic, partition })
    }
    return await this.#make({ ...topicPartition, name, topicId, config })
  }

  async #make(wanted: Omit<KnownPartition, 'checkpoint'>): Promise<PartitionLog> {
    const { logs, strays, checkpoints, clock, logger, open } = this.#options
    const { name } = wanted
    let isNew = false
    // Making a log blocks for a few milliseconds, and a topic may have a thousand.
    await new Promise<void>((resolve) => clock.endOfTurn(resolve))
    try {
      isNew = this.#directories.makeWay(name, wanted.topicId)
      if (isNew) checkpoints.forget(name)
      const checkpoint = checkpoints.carried(name) ?? noCheckpoint(wanted)
      const { log, report, notes } = await open({ ...wanted, checkpoint })
      if (!isNew) reportRecovery(logger, name, report, notes)
      strays.delete(name)
      logs.set(name, log)
      return log
    } catch (error) {
      if (isNew) this.#directories.undo(name)
      throw storageError(wanted, error)
    }
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
      throw storageError(existing, error)
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
      checkpoints.save(log.name, { recoveryPoint })
      log.truncateTo(offset)
    } catch (error) {
      throw storageError(log, error)
    } finally {
      if (log.offline === null) rounds.readmit(log)
    }
  }
}

/** The refusal for what the disk did to a partition. */
export function storageError({ topic, partition }: TopicPartition, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  return new BrokerError('KAFKA_STORAGE_ERROR', { topic, partition }, error)
}
