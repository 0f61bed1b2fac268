// The first part of a start: takes a data directory, finds out what is in it, and gives the logs back
// what only the commit journal has. No log is open yet.

import type { Uuid } from '../../base/uuid.ts'
import { makeDirectoryDurably } from '../../io/file-system.ts'
import type { RandomSource } from '../../io/random.ts'
import type { Logger } from '../../observability/logger.ts'
import { replayJournals, type JournalReplay } from '../rounds/journal-replay.ts'
import type { Crc32c } from '../rounds/journal-format.ts'
import { claimDirectory, wasStoppedCleanly, type DirectoryOwner } from './log-directory.ts'
import { findPartitions, type FoundPartitions, type Identification } from './log-loader.ts'
import { OffsetCheckpoints, type LogCheckpoint } from './offset-checkpoints.ts'

export interface DirectoryStartOptions extends DirectoryOwner, Identification {
  readonly random: RandomSource
  readonly logger: Logger
  readonly crc32c: Crc32c
}

/** A data directory that is ours, with what a start has to know of it. */
export interface TakenDirectory extends FoundPartitions {
  /** Gives the directory back. */
  readonly unlock: () => void
  readonly directoryId: Uuid
  /** Every log is on disk to its end. */
  readonly cleanShutdown: boolean
  readonly checkpoints: OffsetCheckpoints
  /** What they said, by partition name. */
  readonly loaded: ReadonlyMap<string, LogCheckpoint>
  readonly replay: JournalReplay
}

/**
 * Takes a data directory; makes it when it does not exist.
 *
 * @throws Error with code EBUSY when another process has it; Error when it belongs to another broker;
 *   the system's error when the directory, a checkpoint or a journal cannot be read or written
 */
export function takeDirectory(options: DirectoryStartOptions): TakenDirectory {
  const { files, directory, random, logger } = options
  makeDirectoryDurably(files, directory)
  const unlock = files.lockDirectory(directory)
  try {
    const directoryId = claimDirectory(files, directory, options, random)
    const checkpoints = new OffsetCheckpoints(files, directory, logger)
    const loaded = checkpoints.load()
    const found = findPartitions(options, loaded)
    const replay = replayAll(options, directoryId, found)
    const cleanShutdown = wasStoppedCleanly(files, directory) && replay.journals.length === 0
    return { ...found, unlock, directoryId, cleanShutdown, checkpoints, loaded, replay }
  } catch (error) {
    unlock()
    throw error
  }
}

function replayAll(
  { files, directory, crc32c, logger }: DirectoryStartOptions,
  directoryId: Uuid,
  { known, unreadable }: FoundPartitions,
): JournalReplay {
  const byId = new Map(known.map((log) => [`${log.topicId} ${log.partition}`, log]))
  const replay = replayJournals({
    ...{ files, directory, directoryId, crc32c },
    doubtful: unreadable,
    find: (topicId, partition) => {
      const log = byId.get(`${topicId} ${partition}`)
      return log === undefined ? null : { name: log.name, ...log.checkpoint }
    },
  })
  for (const found of replay.damage) logger.error({ ...found }, 'Commit journal is damaged')
  for (const [partition, err] of replay.failed) {
    logger.error({ err, partition }, 'Commit journal could not be given back to a log')
  }
  if (replay.replayedEntries > 0) {
    const { replayedEntries, replayedBytes, skippedEntries } = replay
    logger.info({ replayedEntries, replayedBytes, skippedEntries }, 'Commit journal was replayed')
  }
  return replay
}
