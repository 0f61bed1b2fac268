// Offsets that transactions carry, until a marker says what becomes of them.
//
//   log    … K=5 (producer 1) … K=7 (plain) … marker of 1: commit …
//                   │                │                └─► nothing: 5 stands before 7
//                   └ pending        └ supersedes it
//
// What stands later in the log has the last word on a key, whenever it is decided: so the value in
// memory is the one that is left when the log is compacted.
// Source: apache/kafka, OffsetMetadataManager, replay and replayEndTransactionMarker.

import type { TopicPartition } from '../../../base/topic-partition.ts'
import type { OffsetRecord } from '../records/group-record.ts'

interface PendingOffset {
  readonly producerId: number
  readonly record: OffsetRecord
  /** Place in the log among all pending offsets. */
  readonly order: number
  /** A later record of the same key counts, so this one never will. */
  isSuperseded: boolean
}

export class PendingOffsets {
  readonly #byProducer = new Map<number, Map<string, PendingOffset>>()
  /** Several transactions may carry an offset of one key, each at most one. */
  readonly #byKey = new Map<string, Set<PendingOffset>>()
  /** How many there are of each group. */
  readonly #groups = new Map<string, number>()
  #nextOrder = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  groupIds(): IterableIterator<string> {
    return this.#groups.keys()
  }

  hasGroup(groupId: string): boolean {
    return this.#groups.has(groupId)
  }

  has(groupId: string, topic: string, partition: number): boolean {
    return this.#byKey.has(keyOf({ groupId, topic, partition }))
  }

  /** Offsets that wait for a key, in the order of the log. */
  of(groupId: string, topic: string, partition: number): OffsetRecord[] {
    const pending = this.#byKey.get(keyOf({ groupId, topic, partition })) ?? []
    return [...pending].map(({ record }) => record)
  }

  /** Partitions of a group for which an offset waits, each once. Looks at all that are pending. */
  ofGroup(groupId: string): TopicPartition[] {
    if (!this.#groups.has(groupId)) return []
    const found: TopicPartition[] = []
    for (const [first] of this.#byKey.values()) {
      const { topic, partition } = first!.record
      if (first!.record.groupId === groupId) found.push({ topic, partition })
    }
    return found
  }

  add(producerId: number, record: OffsetRecord): void {
    const key = keyOf(record)
    const ofProducer = this.#byProducer.get(producerId) ?? new Map<string, PendingOffset>()
    const before = ofProducer.get(key)
    if (before !== undefined) this.#drop(key, before)
    const pending = { producerId, record, order: this.#nextOrder++, isSuperseded: false }
    ofProducer.set(key, pending)
    this.#byProducer.set(producerId, ofProducer)
    this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(pending))
    this.#groups.set(record.groupId, (this.#groups.get(record.groupId) ?? 0) + 1)
    this.#size += 1
  }

  /** A plain record of the key came: what waits for the key stands before it in the log. */
  supersede(key: Pick<OffsetRecord, 'groupId' | 'topic' | 'partition'>): void {
    if (this.#size === 0) return
    for (const pending of this.#byKey.get(keyOf(key)) ?? []) pending.isSuperseded = true
  }

  /** The key was deleted, with all that waits for it. */
  drop(given: Pick<OffsetRecord, 'groupId' | 'topic' | 'partition'>): void {
    if (this.#size === 0) return
    const key = keyOf(given)
    for (const pending of this.#byKey.get(key) ?? []) {
      const ofProducer = this.#byProducer.get(pending.producerId)!
      ofProducer.delete(key)
      if (ofProducer.size === 0) this.#byProducer.delete(pending.producerId)
      this.#drop(key, pending)
    }
  }

  /**
   * Ends the transaction of a producer.
   *
   * @returns its offsets that count if it was committed
   */
  take(producerId: number, outcome: 'committed' | 'aborted'): OffsetRecord[] {
    const ofProducer = this.#byProducer.get(producerId)
    if (ofProducer === undefined) return []
    this.#byProducer.delete(producerId)
    const records: OffsetRecord[] = []
    for (const [key, pending] of ofProducer) {
      this.#drop(key, pending)
      if (outcome === 'aborted' || pending.isSuperseded) continue
      records.push(pending.record)
      for (const other of this.#byKey.get(key) ?? []) {
        if (other.order < pending.order) other.isSuperseded = true
      }
    }
    return records
  }

  #drop(key: string, pending: PendingOffset): void {
    const ofKey = this.#byKey.get(key)!
    ofKey.delete(pending)
    if (ofKey.size === 0) this.#byKey.delete(key)
    const { groupId } = pending.record
    const left = this.#groups.get(groupId)! - 1
    if (left > 0) this.#groups.set(groupId, left)
    else this.#groups.delete(groupId)
    this.#size -= 1
  }
}

/** Names of topics have no colon, so no two keys are the same text. */
function keyOf(key: Pick<OffsetRecord, 'groupId' | 'topic' | 'partition'>): string {
  return `${key.topic}:${key.partition}:${key.groupId}`
}
