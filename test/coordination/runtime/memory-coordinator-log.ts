// A log of a coordinator in memory: appends become durable when the test says so, or fail.

import type { EncodedRecord } from '../../../src/coordination/runtime/coordinator-log.ts'
import type { CoordinatorLog, LogEntry } from '../../../src/coordination/runtime/coordinator-log.ts'

interface Append {
  readonly records: readonly EncodedRecord[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class MemoryCoordinatorLog implements CoordinatorLog {
  readonly entries: LogEntry[] = []
  /** False while appends wait for `commit` or `fail`. */
  isAutomatic = true
  loadCount = 0
  /** How many loads are to fail. */
  failingLoads = 0
  #waiting: Append[] = []
  #forgotten = 0

  get waitingCount(): number {
    return this.#waiting.length
  }

  async load(take: (entry: LogEntry) => void): Promise<void> {
    this.loadCount += 1
    if (this.failingLoads-- > 0) throw new Error('the disk is gone')
    for (const entry of this.entries) take(entry)
  }

  get endOffset(): number {
    return (
      this.#forgotten +
      this.entries.length +
      this.#waiting.reduce((n, a) => n + a.records.length, 0)
    )
  }

  async forget(belowOffset: number): Promise<void> {
    this.entries.splice(0, belowOffset - this.#forgotten)
    this.#forgotten = belowOffset
  }

  append(records: readonly EncodedRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject })
      if (this.isAutomatic) this.commit()
    })
  }

  /** Everything that was appended is below the high watermark now. */
  commit(): void {
    for (const { records, resolve } of this.#waiting.splice(0)) {
      for (const record of records) this.entries.push({ kind: 'record', record, producerId: null })
      resolve()
    }
  }

  fail(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('not enough replicas'))
  }
}
