// Logs that compaction has found damaged: they are left alone until the segment is gone that has the damage.

import type { Logger } from '../../observability/logger.ts'
import type { PartitionLog } from '../partition-log.ts'
import { segmentFileName } from '../segment/segment-files.ts'
import type { DamageFound } from './cleaner/cleaner.ts'

interface Damage {
  readonly log: PartitionLog
  readonly segmentBaseOffset: number
}

export class DamagedLogs {
  readonly #logger: Logger
  /** By the log's name. */
  readonly #damage = new Map<string, Damage>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  get count(): number {
    return this.#damage.size
  }

  /** Puts a log down, and tells who runs the broker what to do. */
  add(log: PartitionLog, { segmentBaseOffset, positionBytes, fault }: DamageFound): void {
    this.#damage.set(log.name, { log, segmentBaseOffset })
    const path = `${log.directory}/${segmentFileName(segmentBaseOffset, '.log')}`
    const bases = log.segmentFacts().map(({ baseOffset }) => baseOffset)
    const endOffset = bases.find((baseOffset) => baseOffset > segmentBaseOffset)!
    this.#logger.error(
      { partition: log.name, path, positionBytes, fault, endOffset },
      'Log is damaged: it stays as it is, and is not compacted any more. Put the file back from a ' +
        `backup while the broker is stopped, or delete the records before offset ${endOffset}, ` +
        'which a topic takes with cleanup.policy=compact,delete (and retention.ms=-1, to keep the rest)',
    )
  }

  has(log: PartitionLog): boolean {
    const damage = this.#damage.get(log.name)
    if (damage === undefined) return false
    const isThere = log.segments.first.baseOffset <= damage.segmentBaseOffset
    if (damage.log === log && isThere) return true
    this.#damage.delete(log.name)
    return false
  }

  /** A log of this name is another one now, or was cut. */
  forget(name: string): void {
    this.#damage.delete(name)
  }
}
