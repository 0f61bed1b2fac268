// Starting on a data directory: gives logs back what the commit journal holds, and opens them one
// after the other. Recovery reads with the processor and the disk both busy, so several at a time
// would only take turns.

import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Clock } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import type { LogConfig } from '../log-config.ts'
import type { OpenedLog } from '../open-partition-log.ts'
import type { PartitionLog } from '../partition-log.ts'
import { readPartitionMetadata } from '../partition-metadata.ts'
import { parseSegmentFileName } from '../segment/segment-files.ts'
import { listPartitions, type PartitionDirectory } from './log-directory.ts'
import type { LogCheckpoint } from './offset-checkpoints.ts'

/** How far a start has come. */
export interface RecoveryProgress {
  /** The partition that is being opened. */
  readonly name: string
  readonly logsDone: number
  readonly logsTotal: number
  /** Bytes that were checked, of those above the recovery points. */
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Milliseconds that are left at the rate so far. Null until there is a rate. */
  readonly etaMs: number | null
}

/** A partition directory that nobody knows. It is left as it is. */
export interface StrayDirectory {
  readonly name: string
  readonly topicId: Uuid | null
  readonly reason: string
}

/** A partition that is to be opened. */
export interface KnownPartition extends TopicPartition {
  readonly name: string
  readonly topicId: Uuid
  readonly config: LogConfig
  readonly checkpoint: LogCheckpoint
}

/** Says how a partition is configured, or null when there is none of this name and topic id. */
export type ConfigOf = (partition: TopicPartition, topicId: Uuid) => LogConfig | null

/** A partition directory whose partition.metadata the disk did not give. */
export interface UnreadablePartition extends PartitionDirectory {
  readonly error: Error
}

/** What the partition directories of a data directory are. */
export interface FoundPartitions {
  readonly known: readonly KnownPartition[]
  readonly strays: readonly StrayDirectory[]
  readonly unreadable: readonly UnreadablePartition[]
}

/** What is needed to tell whose a directory is. */
export interface Identification {
  readonly files: FileSystem
  /** The data directory. */
  readonly directory: string
  readonly configOf: ConfigOf
}

/** Tells the partitions of a data directory from the strays. @throws the system's error */
export function findPartitions(
  by: Identification,
  checkpoints: ReadonlyMap<string, LogCheckpoint>,
): FoundPartitions {
  const known: KnownPartition[] = []
  const strays: StrayDirectory[] = []
  const unreadable: UnreadablePartition[] = []
  for (const partition of listPartitions(by.files, by.directory)) {
    try {
      const found = identify(by, partition, checkpoints.get(partition.name))
      if ('reason' in found) strays.push(found)
      else known.push(found)
    } catch (error) {
      unreadable.push({ ...partition, error: error as Error })
    }
  }
  return { known, strays, unreadable }
}

/**
 * Reads whose directory this is.
 *
 * @param checkpoint what the checkpoints say of it, if anything
 * @throws the system's error when the disk does not say
 */
export function identify(
  { files, directory, configOf }: Identification,
  { name, topic, partition }: PartitionDirectory,
  checkpoint: LogCheckpoint = noCheckpoint({ topic, partition }),
): KnownPartition | StrayDirectory {
  const read = readPartitionMetadata(files, `${directory}/${name}`)
  if (read.state !== 'read') {
    const reason = read.state === 'missing' ? 'is missing' : read.reason
    return { name, topicId: null, reason: `partition.metadata ${reason}` }
  }
  const { topicId } = read
  const config = configOf({ topic, partition }, topicId)
  if (config === null) return { name, topicId, reason: 'no topic has this name and id' }
  return { name, topic, partition, topicId, config, checkpoint }
}

/** The checkpoint of a log that none names. */
export function noCheckpoint({ topic, partition }: TopicPartition): LogCheckpoint {
  return { topic, partition, recoveryPoint: 0, logStartOffset: 0 }
}

export interface LoadOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly clock: Clock
  readonly logger: Logger
  readonly cleanShutdown: boolean
  readonly onProgress: (progress: RecoveryProgress) => void
  /** Opens one. @throws BrokerError when that fails; the others are opened all the same */
  readonly open: (
    partition: KnownPartition,
    onProgress: (scannedBytes: number) => void,
  ) => Promise<OpenedLog>
}

/** What became of each partition. */
export interface Loaded {
  readonly logs: readonly PartitionLog[]
  readonly failed: readonly { readonly partition: KnownPartition; readonly error: Error }[]
}

/** Opens all partitions, and lets the event loop go on between them. */
export async function loadLogs(
  known: readonly KnownPartition[],
  options: LoadOptions,
): Promise<Loaded> {
  const { clock, logger, onProgress } = options
  const startMs = clock.monotonicMs()
  const sizes = known.map((partition) => bytesToCheck(partition, options))
  const bytesTotal = sizes.reduce((sum, bytes) => sum + bytes, 0)
  const logs: PartitionLog[] = []
  const failed: { partition: KnownPartition; error: Error }[] = []
  let bytesDone = 0

  for (const [at, partition] of known.entries()) {
    const tell = (scannedBytes: number): void => {
      bytesDone += scannedBytes
      const done = bytesTotal === 0 ? at / known.length : bytesDone / bytesTotal
      const spentMs = clock.monotonicMs() - startMs
      onProgress({
        name: partition.name,
        logsDone: at,
        logsTotal: known.length,
        bytesDone,
        bytesTotal: Math.max(bytesTotal, bytesDone),
        etaMs: done > 0 ? Math.max(0, spentMs / done - spentMs) : null,
      })
    }
    tell(0)
    try {
      const { log, report, notes } = await options.open(partition, tell)
      logs.push(log)
      reportRecovery(logger, partition.name, report, notes)
    } catch (error) {
      logger.error({ err: error, partition: partition.name }, 'Log could not be opened')
      failed.push({ partition, error: error as Error })
    }
    if (at % 16 === 15) await turn(clock)
  }
  return { logs, failed }
}

/** Writes down what recovery found of one log, as loud as it is bad. */
export function reportRecovery(
  logger: Logger,
  partition: string,
  { scannedBytes, cutBytes, removedSegments, damage }: OpenedLog['report'],
  notes: readonly string[],
): void {
  for (const note of notes) logger.warn({ partition }, note)
  for (const found of damage) {
    logger.error({ partition, ...found }, 'Log is damaged below its recovery point')
  }
  if (cutBytes > 0) {
    const facts = { partition, scannedBytes, cutBytes, removedSegments }
    logger.warn(facts, 'The end of a log was cut off: it was never acknowledged, or not whole')
  } else {
    logger.debug({ partition, scannedBytes }, 'Log is open')
  }
}

// The segments that recovery reads: from the one that holds the recovery point on.
function bytesToCheck(partition: KnownPartition, options: LoadOptions): number {
  if (options.cleanShutdown) return 0
  const { files } = options
  const directory = `${options.directory}/${partition.name}`
  try {
    const segments = files
      .list(directory)
      .flatMap((name) => {
        const parsed = parseSegmentFileName(name)
        return parsed?.suffix === '.log' ? [{ name, baseOffset: parsed.baseOffset }] : []
      })
      .sort((a, b) => a.baseOffset - b.baseOffset)
    const { recoveryPoint } = partition.checkpoint
    const first = segments.findLastIndex(({ baseOffset }) => baseOffset <= recoveryPoint)
    let bytes = 0
    for (const { name } of segments.slice(Math.max(0, first))) {
      const file = files.open(`${directory}/${name}`, 'read')
      bytes += file.sizeBytes
      file.close()
    }
    return bytes
  } catch {
    return 0 // opening the log will say what is wrong
  }
}

function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.endOfTurn(resolve)
  })
}
