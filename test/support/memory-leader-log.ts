// A partition's log in memory, whose writing and syncing a test does by hand: the twin of
// src/storage/partition-log.ts for tests of what stands above it.

import { BrokerError } from '../../src/base/errors.ts'
import { lastOffsetOf, setBaseOffset, setLeaderEpoch } from '../../src/record/batch-header.ts'
import type { ValidatedBatch } from '../../src/record/validate.ts'
import type { AppendedBatch, LeaderLog } from '../../src/replication/partition.ts'
import type { BatchSlice, ReadLimits } from '../../src/replication/readable-partition.ts'

export class MemoryLeaderLog implements LeaderLog {
  logStartOffset = 0
  logEndOffset = 0
  writtenOffset = 0
  durableOffset = 0
  /** Called when either offset has moved. */
  advanced: () => void = () => {}
  failure: Error | null = null
  readonly batches: Buffer[] = []

  get sizeBytes(): number {
    return this.batches.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  append(batch: ValidatedBatch, leaderEpoch: number): AppendedBatch {
    if (this.failure !== null) throw new BrokerError('KAFKA_STORAGE_ERROR', {}, this.failure)
    const bytes = Buffer.from(batch.bytes)
    const baseOffset = this.logEndOffset
    setBaseOffset(bytes, baseOffset)
    setLeaderEpoch(bytes, leaderEpoch)
    this.batches.push(bytes)
    this.logEndOffset += batch.lastOffsetDelta + 1
    return { baseOffset, lastOffset: this.logEndOffset - 1 }
  }

  /** All that was appended reaches the page cache. */
  write(): void {
    this.writtenOffset = this.logEndOffset
    this.advanced()
  }

  /** What was written up to `offset` reaches the disk. */
  sync(offset = this.writtenOffset): void {
    this.durableOffset = offset
    this.advanced()
  }

  /** What was not written is gone, as after a failed write and a recovery. */
  dropUnwritten(): void {
    while (this.batches.length > 0 && lastOffsetOf(this.batches.at(-1)!) >= this.writtenOffset) {
      this.batches.pop()
    }
    this.logEndOffset = this.writtenOffset
  }

  read(
    fromOffset: number,
    { maxBytes, atLeastOneBatch, belowOffset }: ReadLimits & { belowOffset: number },
  ): BatchSlice {
    const taken: Buffer[] = []
    let sizeBytes = 0
    let nextOffset = fromOffset
    for (const batch of this.batches) {
      const lastOffset = lastOffsetOf(batch)
      if (lastOffset < fromOffset) continue
      if (lastOffset >= belowOffset) break
      const free = atLeastOneBatch && sizeBytes === 0
      if (!free && sizeBytes + batch.byteLength > maxBytes) break
      taken.push(batch)
      sizeBytes += batch.byteLength
      nextOffset = lastOffset + 1
    }
    return { batches: Buffer.concat(taken), nextOffset }
  }

  findTimestamp(): Promise<null> {
    return Promise.resolve(null)
  }

  deleteRecords(beforeOffset: number): Promise<void> {
    this.logStartOffset = beforeOffset
    return Promise.resolve()
  }
}
