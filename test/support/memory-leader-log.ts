// A partition's log in memory, whose writing and syncing a test does by hand: the twin of
// src/storage/partition-log.ts for tests of what stands above it.

import { BrokerError } from '../../src/base/errors.ts'
import {
  attributesOf,
  baseOffsetOf,
  isControl,
  lastOffsetOf,
  setBaseOffset,
  setLeaderEpoch,
} from '../../src/record/batch-header.ts'
import type { LeaderLog } from '../../src/replication/partition.ts'
import type { BatchSlice } from '../../src/replication/readable-partition.ts'
import type { Appended, BatchInfo } from '../../src/storage/partition-log-options.ts'
import { answerTo } from '../../src/storage/producer-state/log-producers.ts'
import { ProducerMemory } from '../../src/storage/producer-state/producer-memory.ts'
import {
  ProducerTable,
  type AbortedTransaction,
  type TransactionEnd,
} from '../../src/storage/producer-state/producer-table.ts'
import { NONE_ABORTED } from '../../src/storage/segment/aborted-search.ts'
import type { VerificationGuard } from '../../src/storage/producer-state/verifications.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { infoOf } from './batches.ts'
import { ManualClock } from './manual-clock.ts'
import { markerBatch, markerOf } from '../../src/record/control-record.ts'
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
  readonly swaps = { hold: () => () => {} }
  readonly batches: Buffer[] = []
  readonly producers = new ProducerTable(new ManualClock(), new ProducerMemory())
  #leaderEpoch = -1
  #aborted: AbortedTransaction[] = []

  get sizeBytes(): number {
    return this.batches.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  startLeaderEpoch(leaderEpoch: number): void {
    this.#leaderEpoch = leaderEpoch
  }

  append(batch: Buffer, info: BatchInfo, guard: VerificationGuard | null = null): Appended {
    if (this.offline !== null) throw this.offline
    const { lastOffsetDelta, maxTimestamp } = info
    const producer = this.producers.entryFor(info)
    const first = producer === null ? null : this.producers.check(producer, info, guard)
    if (first) return answerTo(first)
    const baseOffset = this.#add(batch, lastOffsetDelta)
    const lastOffset = baseOffset + lastOffsetDelta
    if (producer !== null) this.producers.appended(producer, info, baseOffset, lastOffset)
    if (this.writesAtOnce) this.write()
    return { baseOffset, lastOffset, maxTimestamp, isRepeat: false }
  }

  appendMarker(end: TransactionEnd, transactionVersion: number): Appended {
    if (this.offline !== null) throw this.offline
    this.producers.checkMarker(end, transactionVersion)
    const { outcome: type, coordinatorEpoch } = end
    const batch = markerBatch(StorageCore.load(), { type, coordinatorEpoch }, end, 0)
    const offset = this.#add(batch, 0)
    this.#end(end, offset)
    if (this.writesAtOnce) this.write()
    return { baseOffset: offset, lastOffset: offset, maxTimestamp: 0, isRepeat: false }
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
    { maxBytes, atLeastOneBatch = true, belowOffset = Infinity, withAborted }: ReadOptions,
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
    const aborted = withAborted ? this.#abortedIn(fromOffset, nextOffset) : NONE_ABORTED
    return { batches: Buffer.concat(taken), nextOffset, aborted }
  }

  abortedTransactions(from: number, below: number): Promise<readonly AbortedTransaction[]> {
    return Promise.resolve(this.#abortedIn(from, below))
  }

  #abortedIn(from: number, below: number): AbortedTransaction[] {
    return this.#aborted.filter((one) => one.lastOffset >= from && one.firstOffset < below)
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

  /** @returns the base offset that the batch gets */
  #add(batch: Buffer, lastOffsetDelta: number): number {
    const baseOffset = this.logEndOffset
    setBaseOffset(batch, baseOffset)
    setLeaderEpoch(batch, this.#leaderEpoch)
    this.batches.push(batch)
    this.logEndOffset += lastOffsetDelta + 1
    return baseOffset
  }

  #cutTo(offset: number): void {
    while (this.batches.length > 0 && lastOffsetOf(this.batches.at(-1)!) >= offset) {
      this.batches.pop()
    }
    this.logEndOffset = offset
    this.producers.clear()
    this.#aborted = []
    for (const batch of this.batches) this.#replay(batch)
  }

  #replay(batch: Buffer): void {
    const info = infoOf(batch)
    const baseOffset = baseOffsetOf(batch)
    const { producerId, producerEpoch } = info
    const producer = this.producers.entryFor(info)
    if (producer === null) return
    if (!isControl(attributesOf(batch))) {
      this.producers.appended(producer, info, baseOffset, lastOffsetOf(batch))
      return
    }
    const { type: outcome, coordinatorEpoch } = markerOf(StorageCore.load(), batch)!
    this.#end({ producerId, producerEpoch, outcome, coordinatorEpoch }, baseOffset)
  }

  #end(end: TransactionEnd, offset: number): void {
    const aborted = this.producers.ended(end, offset, 0)
    if (aborted !== null) this.#aborted.push(aborted)
  }
}
