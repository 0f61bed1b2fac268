// The two checkpoints of a data directory that start its recovery: how far each log is known to be
// on disk, and where it starts.
//
//   recovery-point-offset-checkpoint    clicks 3 1042     recovery reads from there on
//   log-start-offset-checkpoint         clicks 3 1000     records before it were deleted
//
// Both are replaced as a whole and lag behind: an older recovery point costs time, an older log
// start offset brings deleted records back, so it is saved before segments go.

import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import { replaceFileInPool, type FileSystem } from '../../io/file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import {
  checkpointText,
  OFFSET_CHECKPOINT,
  readCheckpoint,
  type OffsetEntry,
} from '../checkpoint-file.ts'

const RECOVERY_POINTS = 'recovery-point-offset-checkpoint'
const LOG_START_OFFSETS = 'log-start-offset-checkpoint'

/** What the checkpoints say of one log. */
export interface LogCheckpoint extends TopicPartition {
  readonly recoveryPoint: number
  readonly logStartOffset: number
}

export class OffsetCheckpoints {
  readonly #files: FileSystem
  readonly #directory: string
  readonly #logger: Logger
  /** File name to what was written into it last. */
  readonly #written = new Map<string, string>()

  constructor(files: FileSystem, directory: string, logger: Logger) {
    this.#files = files
    this.#directory = directory
    this.#logger = logger
  }

  /**
   * Reads both files. A log that a file does not name, or a file that makes no sense, counts as 0:
   * all of the log is recovered then.
   *
   * @returns partition name to its checkpoint
   * @throws the system's error when a file is there and cannot be read
   */
  load(): Map<string, LogCheckpoint> {
    const found = new Map<string, LogCheckpoint>()
    for (const { topic, partition, offset } of this.#read(RECOVERY_POINTS)) {
      const name = partitionName({ topic, partition })
      found.set(name, { topic, partition, recoveryPoint: offset, logStartOffset: 0 })
    }
    for (const { topic, partition, offset } of this.#read(LOG_START_OFFSETS)) {
      const name = partitionName({ topic, partition })
      const recoveryPoint = found.get(name)?.recoveryPoint ?? 0
      found.set(name, { topic, partition, recoveryPoint, logStartOffset: offset })
    }
    return found
  }

  /**
   * Writes what changed since the last time, off the event loop. Not to be called while another save
   * runs.
   *
   * @throws the system's error. Each file has its old content then, or its new one
   */
  async save(logs: Iterable<LogCheckpoint>): Promise<void> {
    const starts: OffsetEntry[] = []
    const points: OffsetEntry[] = []
    for (const { topic, partition, recoveryPoint, logStartOffset } of logs) {
      points.push({ topic, partition, offset: recoveryPoint })
      if (logStartOffset > 0) starts.push({ topic, partition, offset: logStartOffset })
    }
    await this.#write(LOG_START_OFFSETS, starts)
    await this.#write(RECOVERY_POINTS, points)
  }

  #read(name: string): readonly OffsetEntry[] {
    const read = readCheckpoint(this.#files, `${this.#directory}/${name}`, OFFSET_CHECKPOINT)
    if (read.state === 'read') return read.entries
    if (read.state === 'malformed') {
      this.#logger.warn({ file: name, reason: read.reason }, 'Checkpoint makes no sense; not used')
    }
    return []
  }

  async #write(name: string, entries: readonly OffsetEntry[]): Promise<void> {
    const content = checkpointText(OFFSET_CHECKPOINT, entries)
    if (this.#written.get(name) === content) return
    this.#written.delete(name) // unknown, until this has succeeded
    await replaceFileInPool(this.#files, `${this.#directory}/${name}`, content)
    this.#written.set(name, content)
  }
}
