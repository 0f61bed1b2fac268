// A log of a coordinator in memory: appends become durable when the test says so, or fail.

import type { BrokerError } from '../../../src/base/errors.ts'
import type { PartitionMarker } from '../../../src/replication/partition.ts'
import type { TransactionalWriter } from '../../../src/coordination/runtime/step.ts'
import type { EncodedRecord } from '../../../src/coordination/runtime/coordinator-log.ts'
import type { CoordinatorLog, LogEntry } from '../../../src/coordination/runtime/coordinator-log.ts'

interface Append {
  readonly entries: readonly LogEntry[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class MemoryCoordinatorLog implements CoordinatorLog {
  readonly entries: LogEntry[] = []
  /** False while appends wait for `commit` or `fail`. */
  isAutomatic = true
  leaderEpoch = 0
  loadCount = 0
  /** How many loads are to fail. */
  failingLoads = 0
  /** What the next append of a transaction, or of its marker, is refused with. */
  refusal: BrokerError | null = null
  #waiting: Append[] = []

  get waitingCount(): number {
    return this.#waiting.length
  }

  async load(take: (entry: LogEntry) => void): Promise<void> {
    this.loadCount += 1
    if (this.failingLoads-- > 0) throw new Error('the disk is gone')
    for (const entry of this.entries) take(entry)
  }

  append(records: readonly EncodedRecord[]): Promise<void> {
    return this.#append(records.map((record) => ({ kind: 'record', record, producerId: null })))
  }

  appendInTransaction(
    records: readonly EncodedRecord[],
    { producerId }: TransactionalWriter,
  ): Promise<void> {
    this.#refuse()
    return this.#append(records.map((record) => ({ kind: 'record', record, producerId })))
  }

  appendMarker({ producerId, outcome }: PartitionMarker): Promise<void> {
    this.#refuse()
    const said = outcome === 'commit' ? 'committed' : 'aborted'
    return this.#append([{ kind: 'marker', producerId, outcome: said }])
  }

  #refuse(): void {
    const { refusal } = this
    this.refusal = null
    if (refusal !== null) throw refusal
  }

  #append(entries: readonly LogEntry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, resolve, reject })
      if (this.isAutomatic) this.commit()
    })
  }

  /** Everything that was appended is below the high watermark now. */
  commit(): void {
    for (const { entries, resolve } of this.#waiting.splice(0)) {
      this.entries.push(...entries)
      resolve()
    }
  }

  fail(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('not enough replicas'))
  }
}
