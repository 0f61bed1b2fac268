// Which partitions a reader was given something of that no transaction has committed yet: what is to be
// committed next, and what must not be any more.
//
// A partition that is taken from the consumer meanwhile is read again by its next owner, from where the
// group has committed. So whatever the reader makes of what it has read there is made twice, and a transaction
// with it must not be committed: not now, and not when it is tried again, until the reader has gone back.

import { partitionName } from '../../../base/topic-partition.ts'
import { SluiceError } from '../../errors.ts'
import type { OffsetToCommit } from '../../group-calls.ts'
import type { PartitionRef } from '../../transport.ts'
import type { AssignedPartition } from '../assigned-partition.ts'

export class UnsettledReads {
  readonly #read = new Set<AssignedPartition>()
  /** By name: those that were taken away with something unsettled. */
  readonly #lost = new Map<string, PartitionRef>()

  /** Something of the partition was given out. */
  add(partition: AssignedPartition): void {
    this.#read.add(partition)
  }

  /** The partition is not the consumer's any more. */
  forget(partition: AssignedPartition): void {
    if (this.#read.delete(partition)) this.#lost.set(partitionName(partition), partition.ref)
  }

  /** The next offsets of all that was read. @throws SluiceError INVALID_STATE */
  offsets(): readonly OffsetToCommit[] {
    const [lost] = this.#lost.values()
    if (lost !== undefined) throw isLost(lost)
    return [...this.#read].map((partition) => ({ ...partition.ref, offset: partition.position }))
  }

  /** @throws SluiceError INVALID_STATE when a partition was taken away */
  check(refs: readonly PartitionRef[]): void {
    for (const ref of refs) if (this.#lost.has(partitionName(ref))) throw isLost(ref)
  }

  /** These are committed. */
  committed(offsets: readonly OffsetToCommit[]): void {
    const byName = new Map(offsets.map((each) => [partitionName(each), each.offset]))
    for (const partition of this.#read) {
      const offset = byName.get(partitionName(partition)) ?? -1
      if (offset >= partition.position) this.#read.delete(partition)
    }
  }

  /** The reader goes to another place in the partition. */
  sought(partition: AssignedPartition): void {
    this.#read.delete(partition)
    this.#lost.delete(partitionName(partition))
  }

  /** The reader has gone back to where the group has committed. */
  clear(): void {
    this.#read.clear()
    this.#lost.clear()
  }
}

function isLost({ topic, partition }: PartitionRef): SluiceError {
  const message =
    'Records of the partition are read by another consumer again, or will be: ' +
    'abort what was made of them, and go back by seekToCommitted'
  return new SluiceError('INVALID_STATE', { topic, partition }, { message })
}
