// Committed offsets, by group, topic and partition. Changed by replay only.
//
// Offsets that a transaction carries wait beside the table until its marker says what becomes of
// them. A key has at most one value in the table, and one for each producer beside it.

import type { OffsetCommitValue } from '../records/offset-commit.ts'
import type { OffsetRecord } from '../records/group-record.ts'

type Partitions = Map<number, OffsetCommitValue>
type Topics = Map<string, Partitions>

export interface CommittedPartition {
  readonly topic: string
  readonly partition: number
  readonly committed: OffsetCommitValue
}

export class OffsetTable {
  readonly #groups = new Map<string, Topics>()
  /** Records of open transactions, in their order, by producer id. */
  readonly #pending = new Map<number, OffsetRecord[]>()
  /** How many open transactions carry an offset of this key. */
  readonly #pendingCounts = new Map<string, number>()
  #size = 0

  /** Offsets in the table. */
  get size(): number {
    return this.#size
  }

  hasGroup(groupId: string): boolean {
    return this.#groups.has(groupId)
  }

  groupIds(): string[] {
    return [...this.#groups.keys()]
  }

  get(groupId: string, topic: string, partition: number): OffsetCommitValue | null {
    return this.#groups.get(groupId)?.get(topic)?.get(partition) ?? null
  }

  /** All of a group, topics and partitions in the order in which they were first committed. */
  ofGroup(groupId: string): CommittedPartition[] {
    const found: CommittedPartition[] = []
    for (const [topic, partitions] of this.#groups.get(groupId) ?? []) {
      for (const [partition, committed] of partitions) found.push({ topic, partition, committed })
    }
    return found
  }

  /** True while an open transaction carries an offset of this partition: its value is not stable. */
  isPending(groupId: string, topic: string, partition: number): boolean {
    return this.#pendingCounts.has(pendingKey(groupId, topic, partition))
  }

  /** @param producerId who wrote the record in a transaction; left out for a plain record */
  replay(record: OffsetRecord, producerId: number | null = null): void {
    if (producerId !== null) this.#addPending(producerId, record)
    else if (record.value === null) this.#delete(record)
    else this.#set(record, record.value)
  }

  /** Ends the transaction of a producer: its offsets are taken over, or forgotten. */
  replayMarker(producerId: number, outcome: 'committed' | 'aborted'): void {
    const records = this.#pending.get(producerId) ?? []
    this.#pending.delete(producerId)
    for (const record of records) {
      const key = pendingKey(record.groupId, record.topic, record.partition)
      const left = (this.#pendingCounts.get(key) ?? 1) - 1
      if (left > 0) this.#pendingCounts.set(key, left)
      else this.#pendingCounts.delete(key)
      if (outcome === 'committed') this.replay(record)
    }
  }

  /** True while any transaction is open. */
  get hasPending(): boolean {
    return this.#pending.size > 0
  }

  /** One record for each offset of a group in the table. */
  recordsOf(groupId: string): OffsetRecord[] {
    return this.ofGroup(groupId).map(({ topic, partition, committed }) => {
      return { type: 'Offset', groupId, topic, partition, value: committed }
    })
  }

  #set({ groupId, topic, partition }: OffsetRecord, value: OffsetCommitValue): void {
    const topics = this.#groups.get(groupId) ?? new Map<string, Partitions>()
    const partitions = topics.get(topic) ?? new Map<number, OffsetCommitValue>()
    if (!partitions.has(partition)) this.#size += 1
    partitions.set(partition, value)
    topics.set(topic, partitions)
    this.#groups.set(groupId, topics)
  }

  #delete({ groupId, topic, partition }: OffsetRecord): void {
    const topics = this.#groups.get(groupId)
    const partitions = topics?.get(topic)
    if (topics === undefined || partitions === undefined) return
    if (partitions.delete(partition)) this.#size -= 1
    if (partitions.size === 0) topics.delete(topic)
    if (topics.size === 0) this.#groups.delete(groupId)
  }

  #addPending(producerId: number, record: OffsetRecord): void {
    const key = pendingKey(record.groupId, record.topic, record.partition)
    const records = this.#pending.get(producerId) ?? []
    records.push(record)
    this.#pending.set(producerId, records)
    this.#pendingCounts.set(key, (this.#pendingCounts.get(key) ?? 0) + 1)
  }
}

function pendingKey(groupId: string, topic: string, partition: number): string {
  return `${topic}:${partition}:${groupId}`
}
