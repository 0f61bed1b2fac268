// A readable partition in memory, whose high watermark, log start and disk a test moves by hand: the
// twin of src/replication/partition.ts for tests of what reads.

import { BrokerError } from '../../src/base/errors.ts'
import { FetchWaiters, type FetchWaiter } from '../../src/replication/fetch-waiters.ts'
import type {
  AbortedTransaction,
  BatchSlice,
  EpochEnd,
  FoundOffset,
  Isolation,
  PartitionDirectory,
  ReadablePartition,
  ReadLimits,
} from '../../src/replication/readable-partition.ts'

interface StoredBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly bytes: Buffer
}

export class MemoryPartition implements ReadablePartition {
  readonly topic: string
  readonly partition: number
  readonly waiters: FetchWaiters
  readonly stableWaiters: FetchWaiters
  highWatermark = 0
  /** Where transactions hold readers back; nowhere at first. */
  firstUndecided = Infinity
  /** Transactions that were aborted, by their markers. */
  readonly aborted: AbortedTransaction[] = []
  logStartOffset = 0
  leaderEpoch = 0
  holdsZstd = false
  /** While true, reads are promises that `finishColdReads` settles. */
  cold = false
  #endOffset = 0
  #lost: BrokerError | null = null
  #batches: StoredBatch[] = []
  #coldReads: (() => void)[] = []

  constructor(topic: string, partition = 0, maxWaiters?: number) {
    this.topic = topic
    this.partition = partition
    this.waiters = new FetchWaiters(maxWaiters)
    this.stableWaiters = new FetchWaiters(maxWaiters)
  }

  get lastStableOffset(): number {
    return Math.min(this.firstUndecided, this.highWatermark)
  }

  get endOffset(): number {
    return this.#endOffset
  }

  get coldReadCount(): number {
    return this.#coldReads.length
  }

  /** Appends a batch above the high watermark. `content` is what readers get, byte for byte. */
  append(content: string | Buffer, records = 1): void {
    const baseOffset = this.#endOffset
    const lastOffset = baseOffset + records - 1
    this.#batches.push({ baseOffset, lastOffset, bytes: Buffer.from(content) })
    this.#endOffset += records
  }

  /** Moves the high watermark, to the end when no offset is given. */
  advance(highWatermark = this.#endOffset): void {
    if (highWatermark <= this.highWatermark) return
    const { lastStableOffset } = this
    this.highWatermark = highWatermark
    this.waiters.wakeAll()
    if (this.lastStableOffset !== lastStableOffset) this.stableWaiters.wakeAll()
  }

  /** All transactions are decided below the high watermark, or those that begin below `offset`. */
  decide(offset = Infinity): void {
    const { lastStableOffset } = this
    this.firstUndecided = offset
    if (this.lastStableOffset !== lastStableOffset) this.stableWaiters.wakeAll()
  }

  publish(content: string | Buffer, records = 1): void {
    this.append(content, records)
    this.advance()
  }

  /** Removes everything below `offset`, as retention does. */
  trim(offset: number): void {
    this.logStartOffset = offset
    this.#batches = this.#batches.filter(({ lastOffset }) => lastOffset >= offset)
  }

  /** Removes the batches of offsets in [from, to), as compaction does: their offsets stay empty. */
  compact(from: number, to: number): void {
    this.#batches = this.#batches.filter(
      ({ baseOffset, lastOffset }) => baseOffset >= to || lastOffset < from,
    )
  }

  lose(error: BrokerError): void {
    this.#lost = error
    this.waiters.fail(error)
    this.stableWaiters.fail(error)
  }

  finishColdReads(): void {
    for (const finish of this.#coldReads.splice(0)) finish()
  }

  checkOffset(offset: number): void {
    if (this.#lost !== null) throw this.#lost
    if (offset >= this.logStartOffset && offset <= this.#endOffset) return
    throw new BrokerError('OFFSET_OUT_OF_RANGE', {
      log_start_offset: this.logStartOffset,
      high_watermark: this.highWatermark,
    })
  }

  read(offset: number, limits: ReadLimits): BatchSlice | Promise<BatchSlice> {
    this.checkOffset(offset)
    if (!this.cold) return this.#readNow(offset, limits)
    return new Promise((resolve) => {
      this.#coldReads.push(() => resolve(this.#readNow(offset, limits)))
    })
  }

  findOffset(timestampMs: number, isolation?: Isolation): Promise<FoundOffset | null> {
    // Each record's time is its offset.
    const offset = Math.max(timestampMs, this.logStartOffset)
    const { leaderEpoch } = this
    const end = isolation === 'committed' ? this.lastStableOffset : this.highWatermark
    const found = offset < end ? { offset, timestampMs: offset, leaderEpoch } : null
    if (!this.cold) return Promise.resolve(found)
    return new Promise((resolve) => {
      this.#coldReads.push(() => resolve(found))
    })
  }

  findLargestTimestamp(isolation?: Isolation): Promise<FoundOffset | null> {
    return this.findOffset(this.highWatermark - 1, isolation)
  }

  checkLeaderEpoch(known: number): void {
    if (known < 0 || known === this.leaderEpoch) return
    throw new BrokerError(known < this.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH')
  }

  endOfEpoch(): EpochEnd {
    return { epoch: this.leaderEpoch, endOffset: this.#endOffset }
  }

  epochAt(): number {
    return this.leaderEpoch
  }

  waitForMore(waiter: FetchWaiter, isolation?: Isolation): void {
    if (this.#lost !== null) throw this.#lost
    const waiters = isolation === 'committed' ? this.stableWaiters : this.waiters
    waiters.add(waiter)
  }

  #readNow(offset: number, { maxBytes, atLeastOneBatch, isolation }: ReadLimits): BatchSlice {
    const taken: Buffer[] = []
    let sizeBytes = 0
    let nextOffset = offset
    const committed = isolation === 'committed'
    const end = committed ? this.lastStableOffset : this.highWatermark
    for (const { lastOffset, bytes } of this.#batches) {
      if (lastOffset < offset) continue
      if (lastOffset >= end) break
      const free = atLeastOneBatch && sizeBytes === 0
      if (!free && sizeBytes + bytes.byteLength > maxBytes) break
      taken.push(bytes)
      sizeBytes += bytes.byteLength
      nextOffset = lastOffset + 1
    }
    const aborted = this.aborted.filter(({ firstOffset, lastOffset }) => {
      return committed && lastOffset >= offset && firstOffset < nextOffset
    })
    return { batches: Buffer.concat(taken), nextOffset, aborted }
  }
}

/** Partitions by topic and number. */
export class MemoryPartitions implements PartitionDirectory {
  readonly #partitions = new Map<string, MemoryPartition>()

  add(topic: string, partition = 0): MemoryPartition {
    const added = new MemoryPartition(topic, partition)
    this.#partitions.set(`${topic}-${partition}`, added)
    return added
  }

  /** Removes a partition, as the deletion of its topic does. */
  delete(topic: string, partition = 0): void {
    const error = new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
    const found = this.partition(topic, partition)
    this.#partitions.delete(`${topic}-${partition}`)
    found.lose(error)
  }

  partitionCount(topic: string): number {
    const names = [...this.#partitions.values()].filter((each) => each.topic === topic)
    if (names.length > 0) return names.length
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic })
  }

  partition(topic: string, partition: number): MemoryPartition {
    const found = this.#partitions.get(`${topic}-${partition}`)
    if (found !== undefined) return found
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
  }
}
