// Saves the checkpoints of a data directory: every few seconds, and sooner when much was written.

import type { OffsetCheckpoints, LogCheckpoint } from './offset-checkpoints.ts'

/** A log as the checkpoints see it. */
export interface CheckpointedLog extends LogCheckpoint {
  readonly name: string
}

const CHECKPOINT_MS = 5_000

/** So many bytes after the last checkpoint there is another one, so that recovery never has to read
 *  much more than what came in between. */
const CHECKPOINT_BYTES = 256 * 1024 * 1024

export class CheckpointWriter {
  readonly #checkpoints: OffsetCheckpoints
  readonly #logs: () => Iterable<CheckpointedLog>
  /** Of what is not open, by name: kept, so that nothing is forgotten about it. */
  readonly #carried: Map<string, LogCheckpoint>
  #savedMs = 0
  #savedBytes = 0

  /**
   * @param logs   those that are open
   * @param loaded what the files said at start
   */
  constructor(
    checkpoints: OffsetCheckpoints,
    logs: () => Iterable<CheckpointedLog>,
    loaded: ReadonlyMap<string, LogCheckpoint>,
  ) {
    this.#checkpoints = checkpoints
    this.#logs = logs
    this.#carried = new Map(loaded)
  }

  /** What the files say of a partition that is not open. */
  carried(name: string): LogCheckpoint | undefined {
    return this.#carried.get(name)
  }

  /** The partition is gone. */
  forget(name: string): void {
    this.#carried.delete(name)
  }

  /**
   * True when it is time to save.
   *
   * @param durableBytes bytes that became durable since the start
   */
  isDue(nowMs: number, durableBytes: number): boolean {
    const enough = durableBytes - this.#savedBytes >= CHECKPOINT_BYTES
    if (!enough && nowMs - this.#savedMs < CHECKPOINT_MS) return false
    this.#savedMs = nowMs
    this.#savedBytes = durableBytes
    return true
  }

  /**
   * Saves where all logs stand. Blocks.
   *
   * @param name  a log that is about to change, if any
   * @param ahead where it will stand: a start that is higher, or a recovery point that is lower
   * @throws the system's error; the files are as they were
   */
  save(name = '', ahead: { logStartOffset?: number; recoveryPoint?: number } = {}): void {
    const all = new Map(this.#carried)
    for (const log of this.#logs()) {
      const { topic, partition } = log
      let { recoveryPoint, logStartOffset } = log
      if (log.name === name) {
        recoveryPoint = Math.min(recoveryPoint, ahead.recoveryPoint ?? Infinity)
        logStartOffset = Math.max(logStartOffset, ahead.logStartOffset ?? 0)
      }
      all.set(log.name, { topic, partition, recoveryPoint, logStartOffset })
    }
    this.#checkpoints.save(all.values())
  }
}
