// Saves the checkpoints of a data directory: every few seconds, and sooner when much was written.
// Nothing of it blocks the event loop, and one save runs at a time, so an older one is never the last.

import { SerialQueue } from '../../base/serial-queue.ts'
import type { OffsetCheckpoints, LogCheckpoint } from './offset-checkpoints.ts'

/** A log as the checkpoints see it. */
export interface CheckpointedLog extends LogCheckpoint {
  readonly name: string
}

/** Where a log will stand after a change: a start that is higher, or a recovery point that is lower. */
export interface ChangeAhead {
  readonly name: string
  readonly logStartOffset?: number
  readonly recoveryPoint?: number
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
  readonly #intervalMs: number
  /** Changes that may happen any time now: every save counts them in until they have. */
  readonly #ahead = new Set<ChangeAhead>()
  readonly #queue = new SerialQueue(2)
  /** The save that has not begun yet, if any. */
  #waiting: Promise<void> | null = null
  #savedMs = 0
  #savedBytes = 0

  /**
   * @param logs       those that are open
   * @param loaded     what the files said at start
   * @param intervalMs longest time between two saves. Default: 5,000 ms
   */
  constructor(
    checkpoints: OffsetCheckpoints,
    logs: () => Iterable<CheckpointedLog>,
    loaded: ReadonlyMap<string, LogCheckpoint>,
    intervalMs = CHECKPOINT_MS,
  ) {
    this.#checkpoints = checkpoints
    this.#logs = logs
    this.#carried = new Map(loaded)
    this.#intervalMs = intervalMs
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
    if (!enough && nowMs - this.#savedMs < this.#intervalMs) return false
    this.#savedMs = nowMs
    this.#savedBytes = durableBytes
    return true
  }

  /**
   * Saves where all logs stand when it begins. Calls that wait while another save runs become one.
   *
   * @throws the system's error; each file has its old content then, or its new one
   */
  save(): Promise<void> {
    this.#waiting ??= this.#queue.run(() => {
      this.#waiting = null
      return this.#checkpoints.save(this.#state().values())
    })
    return this.#waiting
  }

  /**
   * Saves where a log will stand, and changes it then.
   *
   * @param change called when the checkpoints are on disk; what it throws is thrown
   * @throws the system's error, and nothing was changed
   */
  async saveAhead<Result>(ahead: ChangeAhead, change: () => Result): Promise<Result> {
    this.#ahead.add(ahead)
    try {
      await this.save()
      return change()
    } finally {
      this.#ahead.delete(ahead)
    }
  }

  #state(): Map<string, LogCheckpoint> {
    const all = new Map(this.#carried)
    for (const { name, topic, partition, recoveryPoint, logStartOffset } of this.#logs()) {
      all.set(name, { topic, partition, recoveryPoint, logStartOffset })
    }
    for (const { name, recoveryPoint = Infinity, logStartOffset = 0 } of this.#ahead) {
      const log = all.get(name)
      if (log === undefined) continue // deleted meanwhile
      all.set(name, {
        ...log,
        recoveryPoint: Math.min(log.recoveryPoint, recoveryPoint),
        logStartOffset: Math.max(log.logStartOffset, logStartOffset),
      })
    }
    return all
  }
}
