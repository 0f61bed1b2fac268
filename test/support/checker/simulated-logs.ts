// Logs with transactions and a group's offsets, in memory and without a fault: what clean-history.ts
// is played on.

import type { Operation } from './operation.ts'

const TOPICS = 2

export interface SimulatedRecord {
  readonly operation: Operation
  readonly offset: number
  readonly number: number
  /** Once its transaction is decided; at once when it has none. */
  isVisible: boolean
}

interface TransactionPart {
  readonly key: string
  readonly first: number
  /** -1 while it is open. */
  marker: number
}

class SimulatedPartition {
  readonly records: SimulatedRecord[] = []
  readonly parts: TransactionPart[] = []
  endOffset = 0

  stable(): number {
    const open = this.parts.filter(({ marker }) => marker < 0).map(({ first }) => first)
    return Math.min(this.endOffset, ...open)
  }
}

export interface SimulatedOffset {
  readonly offset: number
  readonly client: number
  readonly transaction: number
}

export class SimulatedLogs {
  readonly partitions: readonly number[]
  readonly #logs: SimulatedPartition[][]
  readonly #offsets = new Map<number, SimulatedOffset>()
  readonly #pending = new Map<string, Map<number, SimulatedOffset>>()

  constructor(partitionCount: number) {
    this.partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
    this.#logs = Array.from({ length: TOPICS }, () => {
      return this.partitions.map(() => new SimulatedPartition())
    })
  }

  /** @returns the offset that it got */
  append(operation: Operation): number {
    const { topic, partition, client, transaction, number } = operation
    const log = this.#logs[topic]![partition]!
    const offset = log.endOffset++
    log.records.push({ operation, offset, number, isVisible: transaction === 0 })
    const key = keyOf(client, transaction)
    if (transaction !== 0 && !log.parts.some((part) => part.key === key)) {
      log.parts.push({ key, first: offset, marker: -1 })
    }
    return offset
  }

  /** Keeps a group's offset of an input partition until the transaction is decided. */
  move(client: number, transaction: number, partition: number, offset: number): void {
    const key = keyOf(client, transaction)
    const pending = this.#pending.get(key) ?? new Map<number, SimulatedOffset>()
    this.#pending.set(key, pending.set(partition, { offset, client, transaction }))
  }

  end(client: number, transaction: number, isCommit: boolean): void {
    const key = keyOf(client, transaction)
    for (const log of this.#logs.flat()) {
      const part = log.parts.find((each) => each.key === key)
      if (part === undefined) continue
      part.marker = log.endOffset++
      for (const record of log.records) {
        const isOfIt = keyOf(record.operation.client, record.operation.transaction) === key
        if (isOfIt) record.isVisible = isCommit
      }
    }
    if (!isCommit) return
    for (const [partition, moved] of this.#pending.get(key) ?? []) {
      this.#offsets.set(partition, moved)
    }
  }

  committedOffset(partition: number): SimulatedOffset {
    return this.#offsets.get(partition) ?? { offset: -1, client: 0, transaction: 0 }
  }

  stable(topic: number, partition: number): number {
    return this.#logs[topic]![partition]!.stable()
  }

  endOffset(topic: number, partition: number): number {
    return this.#logs[topic]![partition]!.endOffset
  }

  /** What readers of committed records get from an offset on. */
  readable(topic: number, partition: number, from: number): SimulatedRecord[] {
    const stable = this.stable(topic, partition)
    const all = this.all(topic, partition, from)
    return all.filter(({ offset, isVisible }) => isVisible && offset < stable)
  }

  all(topic: number, partition: number, from: number): SimulatedRecord[] {
    return this.#logs[topic]![partition]!.records.filter(({ offset }) => offset >= from)
  }

  transactionsOf(topic: number, partition: number): readonly TransactionPart[] {
    return this.#logs[topic]![partition]!.parts
  }
}

function keyOf(client: number, transaction: number): string {
  return `${client}/${transaction}`
}
