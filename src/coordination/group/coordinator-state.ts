// All that a coordinator keeps of the groups of one partition of __consumer_offsets: what its records
// say, and nothing else. Only `replay` changes it.

import { ConsumerGroup } from './consumer/consumer-group.ts'
import { OffsetTable } from './offsets/offset-table.ts'
import type { GroupMetadataValue } from './records/group-metadata.ts'
import type { GroupRecord } from './records/group-record.ts'

export class CoordinatorState {
  readonly #classic = new Map<string, GroupMetadataValue>()
  readonly #consumer = new Map<string, ConsumerGroup>()
  readonly offsets = new OffsetTable()

  /** Groups of the classic protocol, as their last record says. */
  get classic(): ReadonlyMap<string, GroupMetadataValue> {
    return this.#classic
  }

  /** Groups of the newer protocol. */
  get consumer(): ReadonlyMap<string, ConsumerGroup> {
    return this.#consumer
  }

  get groupCount(): number {
    return this.#classic.size + this.#consumer.size
  }

  /** True for a group that has records of its own, or offsets alone. */
  exists(groupId: string): boolean {
    return (
      this.#classic.has(groupId) || this.#consumer.has(groupId) || this.offsets.hasGroup(groupId)
    )
  }

  /**
   * Applies one record. Records of one key may come in any number, as a log that is being compacted
   * has them; a tombstone of what is not there does nothing.
   *
   * @param producerId who wrote the record in a transaction: only offsets are ever written so
   */
  replay(record: GroupRecord, producerId: number | null = null): void {
    switch (record.type) {
      case 'Offset':
        this.offsets.replay(record, producerId)
        return
      case 'ClassicGroup':
        if (record.value === null) this.#classic.delete(record.groupId)
        else this.#classic.set(record.groupId, record.value)
        return
      default: {
        const group = this.#consumer.get(record.groupId)
        if (group !== undefined) {
          group.replay(record)
          if (group.isForgotten) this.#consumer.delete(record.groupId)
        } else if (record.value !== null) {
          const created = new ConsumerGroup(record.groupId)
          created.replay(record)
          this.#consumer.set(record.groupId, created)
        }
      }
    }
  }

  /** The shortest list of records that makes this state: one for each key that lives. */
  records(): GroupRecord[] {
    const records: GroupRecord[] = this.offsets.records()
    for (const [groupId, value] of this.#classic) {
      records.push({ type: 'ClassicGroup', groupId, value })
    }
    for (const group of this.#consumer.values()) records.push(...group.records())
    return records
  }
}
