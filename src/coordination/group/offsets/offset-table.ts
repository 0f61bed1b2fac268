// Committed offsets, by group, topic and partition. Changed by replay only.
//
// Offsets that a transaction carries wait beside the table until its marker says what becomes of
// them. A key has at most one value in the table, and one for each producer beside it.

import type { TopicPartition } from '../../../base/topic-partition.ts'
import type { OffsetCommitValue } from '../records/offset-commit.ts'
import type { OffsetRecord } from '../records/group-record.ts'
import { PendingOffsets } from './pending-offsets.ts'

type Partitions = Map<number, OffsetCommitValue>
type Topics = Map<string, Partitions>

export interface CommittedPartition {
  readonly topic: string
  readonly partition: number
  readonly committed: OffsetCommitValue
}

export class OffsetTable {
  readonly #groups = new Map<string, Topics>()
  readonly #pending = new PendingOffsets()
  #size = 0

  /** Offsets in the table. */
  get size(): number {
    return this.#size
  }

  /** Offsets that open transactions carry. */
  get pendingSize(): number {
    return this.#pending.size
  }

  /** True for a group that has offsets, and for one for which some wait. */
  hasGroup(groupId: string): boolean {
    return this.#groups.has(groupId) || this.#pending.hasGroup(groupId)
  }

  groupIds(): string[] {
    if (this.#pending.size === 0) return [...this.#groups.keys()]
    return [...new Set([...this.#groups.keys(), ...this.#pending.groupIds()])]
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
    return this.#pending.has(groupId, topic, partition)
  }

  /** Offsets that open transactions carry for this partition, in the order of the log. */
  pendingOf(groupId: string, topic: string, partition: number): OffsetRecord[] {
    return this.#pending.of(groupId, topic, partition)
  }

  /** All partitions of a group that have an offset, or for which one waits, each once. */
  partitionsOf(groupId: string): TopicPartition[] {
    const pending = this.#pending.ofGroup(groupId).filter(({ topic, partition }) => {
      return this.get(groupId, topic, partition) === null
    })
    return [...this.ofGroup(groupId), ...pending]
  }

  /** @param producerId who wrote the record in a transaction; left out for a plain record */
  replay(record: OffsetRecord, producerId: number | null = null): void {
    if (producerId !== null) this.#pending.add(producerId, record)
    else if (record.value === null) {
      this.#delete(record)
      this.#pending.drop(record)
    } else {
      this.#set(record, record.value)
      this.#pending.supersede(record)
    }
  }

  /** Ends the transaction of a producer: its offsets are taken over, or forgotten. */
  replayMarker(producerId: number, outcome: 'committed' | 'aborted'): void {
    for (const record of this.#pending.take(producerId, outcome)) this.#set(record, record.value!)
  }

  /** One record for each offset in the table. */
  records(): OffsetRecord[] {
    return [...this.#groups.keys()].flatMap((groupId) => {
      return this.ofGroup(groupId).map(({ topic, partition, committed }) => {
        return { type: 'Offset', groupId, topic, partition, value: committed }
      })
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
}
