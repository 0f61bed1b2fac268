// Makes the logs of new partitions, many at a time: files first, then their syncs, a few at a time in
// the pool, and the data directory's own sync once. The event loop goes on between any two.

import assert from 'node:assert'
import { BrokerError } from '../../base/errors.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { MAX_PARTITIONS_PER_BROKER } from '../../base/limits.ts'
import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Clock } from '../../io/clock.ts'
import type { LogConfig } from '../log-config.ts'
import type { NewLog } from '../new-partition-log.ts'
import type { OpenedLog } from '../open-partition-log.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { CheckpointWriter } from './checkpoint-writer.ts'
import {
  noCheckpoint,
  reportRecovery,
  type KnownPartition,
  type StrayDirectory,
} from './log-loader.ts'
import type { OfflineLogs } from './offline-logs.ts'
import type { PartitionDirectories, PartitionDirectoriesOptions } from './partition-directories.ts'

/** A partition that is to have a log. */
export interface WantedLog extends TopicPartition {
  readonly topicId: Uuid
  readonly config: LogConfig
}

/** What became of it. */
export type CreatedLog =
  | { readonly log: PartitionLog; readonly error: null }
  | { readonly log: null; readonly error: BrokerError }

export interface LogCreationOptions extends PartitionDirectoriesOptions {
  readonly clock: Clock
  /** The logs that are open, and the directories that nobody knows, by name. */
  readonly logs: Map<string, PartitionLog>
  readonly strays: Map<string, StrayDirectory>
  readonly offline: OfflineLogs
  readonly checkpoints: CheckpointWriter
  /** Opens a log whose directory is there. */
  readonly open: (partition: KnownPartition) => Promise<OpenedLog>
  /** Makes one that is not. @throws the system's error */
  readonly make: (partition: KnownPartition) => NewLog
}

/** A log whose files were made, and its place in the list. */
interface MadeLog extends NewLog {
  readonly at: number
  readonly wanted: KnownPartition
}

/** Logs that are made in one turn of the event loop: about a millisecond. */
const MADE_A_TURN = 4

/** Logs that are made before they are synced. Each holds two files open meanwhile. */
const MADE_AT_ONCE = 256

/** Logs that are synced at a time. Commit rounds use the pool's threads too. */
const SYNCS = 3

export class LogCreation {
  readonly #options: LogCreationOptions
  readonly #directories: PartitionDirectories

  constructor(options: LogCreationOptions, directories: PartitionDirectories) {
    this.#options = options
    this.#directories = directories
  }

  /** See LogManager.createAll. One call at a time. */
  async run(wanted: readonly WantedLog[]): Promise<CreatedLog[]> {
    assert(new Set(wanted.map(partitionName)).size === wanted.length)
    const results: CreatedLog[] = []
    const synced: MadeLog[] = []
    for (let from = 0; from < wanted.length; from += MADE_AT_ONCE) {
      const made: MadeLog[] = []
      for (const [index, one] of wanted.slice(from, from + MADE_AT_ONCE).entries()) {
        if (index % MADE_A_TURN === 0) await this.#turn()
        const at = from + index
        const result = await this.#one(one, at, synced.length + made.length)
        if ('sync' in result) made.push(result)
        else results[at] = result
      }
      await inParallel(made, SYNCS, async (log) => {
        const error = await log.sync().catch((cause: unknown) => storageError(log.wanted, cause))
        if (error === undefined) synced.push(log)
        else results[log.at] = this.#undo(log, error)
      })
    }
    if (synced.length > 0) await this.#publish(synced, results)
    return results
  }

  async #publish(synced: readonly MadeLog[], results: CreatedLog[]): Promise<void> {
    const { files, directory, logs, strays } = this.#options
    const failure = await files.syncDirectoryInPool(directory).catch((error: Error) => error)
    for (const made of synced) {
      const { at, wanted, log } = made
      if (failure instanceof Error) {
        results[at] = this.#undo(made, storageError(wanted, failure))
        continue
      }
      strays.delete(wanted.name)
      logs.set(wanted.name, log)
      results[at] = { log, error: null }
    }
  }

  /** @param made logs that come to those that are open */
  async #one(wanted: WantedLog, at: number, made: number): Promise<CreatedLog | MadeLog> {
    const { checkpoints, make } = this.#options
    const { topic, partition, topicId, config } = wanted
    const name = partitionName(wanted)
    try {
      const existing = this.#existing(name, wanted, made)
      if (existing !== undefined) return { log: existing, error: null }
      const known = { name, topic, partition, topicId, config, checkpoint: noCheckpoint(wanted) }
      if (!this.#directories.makeWay(name, topicId)) return await this.#reopen(known)
      checkpoints.forget(name)
      return { at, wanted: known, ...this.#make(known, make) }
    } catch (error) {
      return { log: null, error: storageError(wanted, error) }
    }
  }

  #make(known: KnownPartition, make: LogCreationOptions['make']): NewLog {
    try {
      return make(known)
    } catch (error) {
      this.#directories.undo(known.name)
      throw error
    }
  }

  /** @throws BrokerError when there can be no such log */
  #existing(name: string, wanted: WantedLog, made: number): PartitionLog | undefined {
    const { logs, offline } = this.#options
    const { topic, partition, topicId } = wanted
    const log = logs.get(name)
    const unopened = offline.unopened.get(name)
    const foundId = log?.topicId ?? unopened?.known?.topicId ?? topicId
    if (foundId !== topicId) {
      const facts = { topic, partition, topic_id: topicId, found_topic_id: foundId }
      throw new BrokerError('INCONSISTENT_TOPIC_ID', facts)
    }
    if (log !== undefined) return log
    if (unopened !== undefined) throw storageError(wanted, unopened.error)
    if (logs.size + offline.unopened.size + made >= MAX_PARTITIONS_PER_BROKER) {
      const message = `This broker holds ${MAX_PARTITIONS_PER_BROKER} partitions, and no more`
      throw new BrokerError('POLICY_VIOLATION', { message, topic, partition })
    }
    return undefined
  }

  /** Opens a log of this topic whose directory is there. */
  async #reopen(known: KnownPartition): Promise<CreatedLog> {
    const { logs, strays, checkpoints, logger, open } = this.#options
    const { name } = known
    const checkpoint = checkpoints.carried(name) ?? known.checkpoint
    const { log, report, notes } = await open({ ...known, checkpoint })
    reportRecovery(logger, name, report, notes)
    strays.delete(name)
    logs.set(name, log)
    return { log, error: null }
  }

  #undo({ log, wanted }: MadeLog, error: BrokerError): CreatedLog {
    log.close(false)
    this.#directories.undo(wanted.name)
    return { log: null, error }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.endOfTurn(resolve)
    })
  }
}

/** The refusal for what the disk did to a partition. */
export function storageError({ topic, partition }: TopicPartition, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  return new BrokerError('KAFKA_STORAGE_ERROR', { topic, partition }, error)
}
