// A partition's log in memory, whose writing and syncing a test does by hand: the twin of
// src/storage/partition-log.ts for tests of what stands above it.

import { BrokerError } from '../../src/base/errors.ts'
import { lastOffsetOf, setBaseOffset, setLeaderEpoch } from '../../src/record/batch-header.ts'
import type { LeaderLog } from '../../src/replication/partition.ts'
import type { BatchSlice } from '../../src/replication/readable-partition.ts'
import type { Appended, BatchInfo } from '../../src/storage/partition-log-options.ts'
import { answerTo } from '../../src/storage/producer-state/log-producers.ts'
import { ProducerEntry } from '../../src/storage/producer-state/producer-entry.ts'
import type { ReadOptions } from '../../src/storage/log-reader.ts'

export class MemoryLeaderLog implements LeaderLog {
  logStartOffset = 0
  logEndOffset = 0
  writtenOffset = 0
  durableOffset = 0
  /** Called when either offset has moved. */
  advanced: () => void = () => {}
  offline: BrokerError | null = null
  /** Writes within `append`, as a log does for which much waits. */
  writesAtOnce = false
  readonly batches: Buffer[] = []
  readonly producers = { facts: (): ProducerEntry[] => [...this.#producers.values()] }
  readonly #producers = new Map<number, ProducerEntry>()
  #leaderEpoch = -1

  get sizeBytes(): number {
    return this.batches.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  startLeaderEpoch(leaderEpoch: number): void {
    this.#leaderEpoch = leaderEpoch
  }

  append(batch: Buffer, info: BatchInfo): Appended {
    if (this.offline !== null) throw this.offline
    const { lastOffsetDelta, maxTimestamp } = info
    const producer = this.#producerOf(info)
    const first = producer?.check(info)
    if (first) return answerTo(first)
    const baseOffset = this.logEndOffset
    setBaseOffset(batch, baseOffset)
    setLeaderEpoch(batch, this.#leaderEpoch)
    this.batches.push(batch)
    this.logEndOffset += lastOffsetDelta + 1
    const lastOffset = this.logEndOffset - 1
    producer?.add(info, lastOffset)
    if (this.writesAtOnce) this.write()
    return { baseOffset, lastOffset, maxTimestamp, isRepeat: false }
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

  /** The disk fails: what was not written is gone. */
  fail(): BrokerError {
    this.offline = new BrokerError('KAFKA_STORAGE_ERROR')
    this.#cutTo(this.writtenOffset)
    return this.offline
  }

  /** The log comes back, and ends at `offset`. All of it is on disk. */
  revive(offset = this.durableOffset): void {
    this.#cutTo(offset)
    this.writtenOffset = offset
    this.durableOffset = offset
    this.offline = null
  }

  read(
    fromOffset: number,
    { maxBytes, atLeastOneBatch = true, belowOffset = Infinity }: ReadOptions,
  ): BatchSlice {
    const taken: Buffer[] = []
    let sizeBytes = 0
    let nextOffset = fromOffset
    for (const batch of this.batches) {
      const lastOffset = lastOffsetOf(batch)
      if (lastOffset < fromOffset) continue
      if (lastOffset >= Math.min(belowOffset, this.writtenOffset)) break
      const free = atLeastOneBatch && sizeBytes === 0
      if (!free && sizeBytes + batch.byteLength > maxBytes) break
      taken.push(batch)
      sizeBytes += batch.byteLength
      nextOffset = lastOffset + 1
    }
    return { batches: Buffer.concat(taken), nextOffset }
  }

  offsetForTimestamp(): Promise<null> {
    return Promise.resolve(null)
  }

  largestTimestamp(): Promise<{ timestamp: number }> {
    return Promise.resolve({ timestamp: -1 })
  }

  endOffsetForEpoch(): { epoch: number; endOffset: number } {
    return { epoch: this.#leaderEpoch, endOffset: this.logEndOffset }
  }

  #producerOf({ producerId }: BatchInfo): ProducerEntry | undefined {
    if (producerId >= 0 && !this.#producers.has(producerId)) {
      this.#producers.set(producerId, new ProducerEntry(producerId))
    }
    return this.#producers.get(producerId)
  }

  #cutTo(offset: number): void {
    while (this.batches.length > 0 && lastOffsetOf(this.batches.at(-1)!) >= offset) {
      this.batches.pop()
    }
    this.logEndOffset = offset
  }
}
