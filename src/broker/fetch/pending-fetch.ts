// One fetch request, from its first read until its answer.
//
//   read all ─► enough, or anything wrong? ─yes─► answer
//      ▲                    │ no
//      └── woken ◄── wait for any mark, the deadline, or the client's end
//
// The mark of a partition is its high watermark, or its last stable offset for a reader of what
// transactions have committed.
//
// What was read stays read: after a wait only what is new is read, behind it. Where very many partitions
// are read, others are served in between.

import { BrokerError } from '../../base/errors.ts'
import type { Slices } from '../../io/slices.ts'
import { DelayedOperation, type Deadlines } from '../../replication/delayed-operation.ts'
import { FetchWaiter } from '../../replication/fetch-waiters.ts'
import { leaveList } from '../../replication/linked-list.ts'
import {
  NONE_ABORTED,
  type AbortedTransaction,
  type BatchSlice,
  type EpochEnd,
  type Isolation,
  type PartitionDirectory,
  type ReadablePartition,
} from '../../replication/readable-partition.ts'
import { AMPLE_MEMORY, type AnswerMemory, type MemoryWaiter } from './answer-memory.ts'

export interface FetchPartition {
  readonly topic: string
  readonly partition: number
  readonly fetchOffset: number
  /** Most bytes of this partition's batches. */
  readonly maxBytes: number
  /** The leader epoch that the reader believes in. Default: -1, it does not say. */
  readonly leaderEpoch?: number
  /** Epoch of the last record that the reader has. Default: -1, it does not say. */
  readonly lastFetchedEpoch?: number
}

export interface FetchRequest {
  /** Longest wait for `minBytes`, in milliseconds. 0 answers at once. */
  readonly maxWaitMs: number
  /** Answer as soon as there is this much; 0 and 1, as soon as there is anything. */
  readonly minBytes: number
  /** Most bytes in the answer, but for a first batch that alone is larger (KIP-74). */
  readonly maxBytes: number
  readonly partitions: readonly FetchPartition[]
  /** The reader is too old for zstd: topics that are kept in it are refused. Default: false. */
  readonly withoutZstd?: boolean
  /** Default: `uncommitted`. */
  readonly isolation?: Isolation
  /** What batches are read into. Default: as much as the limits allow. */
  readonly memory?: AnswerMemory
}

export interface Fetched {
  readonly topic: string
  readonly partition: number
  readonly error: BrokerError | null
  /** -1 with an error. */
  readonly highWatermark: number
  /** -1 with an error. */
  readonly lastStableOffset: number
  /** -1 with an error. */
  readonly logStartOffset: number
  /** The aborted transactions that have records in `batches`; for a reader of what is committed. */
  readonly aborted: readonly AbortedTransaction[]
  /** Whole batches; null when there is nothing to read. */
  readonly batches: Buffer | null
  /** Where the reader's log and this one part: it has records behind it that never were. Or null. */
  readonly diverging: EpochEnd | null
}

/** Partitions that are looked at before anybody else is thought of. */
const AT_ONCE = 256

/** What all partitions of a request have of it. */
interface FetchFacts {
  readonly isolation: Isolation
  readonly memory: (sizeBytes: number) => Buffer
  /** There is more to read of one of them, or it is lost. */
  readonly woken: () => void
}

/** One partition of the request. */
class FetchSlot extends FetchWaiter {
  readonly request: FetchPartition
  readonly slices: Buffer[] = []
  aborted = NONE_ABORTED
  source: ReadablePartition | null = null
  error: BrokerError | null = null
  diverging: EpochEnd | null = null
  sizeBytes = 0
  nextOffset: number
  /** There is more to read, but no room for it in the answer. */
  full = false
  /** Mark under which a read found nothing: there is no use in reading before it moves. */
  emptyAt = -1
  readonly #fetch: FetchFacts

  constructor(request: FetchPartition, fetch: FetchFacts) {
    super()
    this.request = request
    this.nextOffset = request.fetchOffset
    this.#fetch = fetch
  }

  /** Nothing at or above it is read. There must be a source. */
  get mark(): number {
    const source = this.source!
    const { isolation } = this.#fetch
    return isolation === 'committed' ? source.lastStableOffset : source.highWatermark
  }

  /** Waits until the mark moves. @throws as `ReadablePartition.waitForMore` */
  waitForMore(): void {
    this.source!.waitForMore(this, this.#fetch.isolation)
  }

  /** Reads from where it stands. @throws as `ReadablePartition.read` */
  read(maxBytes: number, atLeastOneBatch: boolean): BatchSlice | Promise<BatchSlice> {
    const { isolation, memory } = this.#fetch
    return this.source!.read(this.nextOffset, { maxBytes, atLeastOneBatch, isolation, memory })
  }

  override highWatermarkMoved(): void {
    this.#fetch.woken()
  }

  override partitionLost(error: BrokerError): void {
    this.error = error
    this.#fetch.woken()
  }

  result(): Fetched {
    const { topic, partition } = this.request
    const { source, error, slices, aborted, diverging } = this
    if (error !== null || source === null) return { topic, partition, error, ...NOTHING }
    const { highWatermark, lastStableOffset, logStartOffset } = source
    const batches = slices.length > 1 ? Buffer.concat(slices) : (slices[0] ?? null)
    const marks = { highWatermark, lastStableOffset, logStartOffset }
    return { topic, partition, error, ...marks, aborted, batches, diverging }
  }
}

const NOTHING = {
  highWatermark: -1,
  lastStableOffset: -1,
  logStartOffset: -1,
  aborted: NONE_ABORTED,
  batches: null,
  diverging: null,
} as const

export class PendingFetch extends DelayedOperation implements MemoryWaiter {
  readonly #request: FetchRequest
  readonly #deadlines: Deadlines
  readonly #partitions: PartitionDirectory
  readonly #slices: Slices
  readonly #slots: readonly FetchSlot[]
  readonly #memory: AnswerMemory
  #sizeBytes = 0
  /** There is something to read, and no memory for it. */
  #starved = false
  /** Time is up, or nobody waits any more. */
  #over = false
  #wake: (() => void) | null = null

  constructor(
    request: FetchRequest,
    partitions: PartitionDirectory,
    deadlines: Deadlines,
    slices: Slices,
  ) {
    super()
    this.#request = request
    this.#partitions = partitions
    this.#deadlines = deadlines
    this.#slices = slices
    this.#over = request.maxWaitMs <= 0
    const { isolation = 'uncommitted', memory = AMPLE_MEMORY } = request
    this.#memory = memory
    const facts: FetchFacts = {
      isolation,
      memory: (sizeBytes) => memory.buffer(sizeBytes),
      woken: () => this.#wakeUp(),
    }
    this.#slots = request.partitions.map((partition) => new FetchSlot(partition, facts))
  }

  /** Ends the wait. The answer has what was read so far. */
  override expire(): void {
    this.#over = true
    this.#wakeUp()
  }

  roomFreed(): void {
    this.#wakeUp()
  }

  hurry(): void {
    this.expire()
  }

  /** @returns one result for each partition, in the order of the request. Never rejects for one. */
  async run(): Promise<readonly Fetched[]> {
    try {
      for (const [at, slot] of this.#slots.entries()) {
        if (this.#isLong(at)) await this.#slices.next()
        this.#open(slot)
      }
      for (;;) {
        for (const [at, slot] of this.#slots.entries()) {
          if (this.#isLong(at)) await this.#slices.next()
          const later = this.#read(slot)
          if (later !== null) await later
        }
        if (this.#done()) break
        await this.#waitForMore()
      }
    } finally {
      this.#deadlines.cancel(this)
      this.#memory.leave(this)
      for (const slot of this.#slots) leaveList<FetchWaiter>(slot)
    }
    return this.#slots.map((slot) => slot.result())
  }

  /** @param at how many partitions were looked at */
  #isLong(at: number): boolean {
    return at > 0 && at % AT_ONCE === 0 && this.#slices.over
  }

  #open(slot: FetchSlot): void {
    const { request } = slot
    try {
      slot.source = this.#partitions.partition(request.topic, request.partition)
      if (this.#request.withoutZstd === true) checkCompression(slot.source)
      slot.diverging = checkEpochs(slot.source, request)
    } catch (error) {
      this.#fail(slot, error)
    }
  }

  /** @returns a promise when the bytes have to come from the disk */
  #read(slot: FetchSlot): Promise<void> | null {
    if (slot.source === null || slot.error !== null || slot.diverging !== null) return null
    const { mark } = slot
    if (slot.emptyAt === mark) return null
    const roomBytes = this.#roomFor(slot)
    if (roomBytes <= 0) {
      slot.full ||= slot.nextOffset < mark
      return null
    }
    const maxBytes = this.#memory.allowance(roomBytes, this.#sizeBytes)
    if (maxBytes <= 0) {
      this.#starved ||= slot.nextOffset < mark
      return null
    }
    try {
      // Nothing was read yet: whatever the limits say, one batch comes.
      const atLeastOneBatch = this.#sizeBytes === 0
      const slice = slot.read(maxBytes, atLeastOneBatch)
      if (slice instanceof Promise) return this.#readLater(slot, slice, mark, maxBytes)
      this.#memory.take(slice.batches.byteLength)
      this.#take(slot, slice, mark)
    } catch (error) {
      this.#fail(slot, error)
    }
    return null
  }

  /** @param maxBytes of memory that belong to the answer while it is read */
  async #readLater(
    slot: FetchSlot,
    slice: Promise<BatchSlice>,
    mark: number,
    maxBytes: number,
  ): Promise<void> {
    const memory = this.#memory
    memory.take(maxBytes)
    let readBytes = 0
    try {
      const read = await slice
      readBytes = read.batches.byteLength
      this.#take(slot, read, mark)
    } catch (error) {
      this.#fail(slot, error)
    }
    memory.take(readBytes - maxBytes)
  }

  #roomFor(slot: FetchSlot): number {
    const { maxBytes } = this.#request
    if (this.#sizeBytes === 0) return Math.max(1, Math.min(maxBytes, slot.request.maxBytes))
    return Math.min(maxBytes - this.#sizeBytes, slot.request.maxBytes - slot.sizeBytes)
  }

  /** @param mark where it stood when the read began */
  #take(slot: FetchSlot, { batches, nextOffset, aborted }: BatchSlice, mark: number): void {
    const sizeBytes = batches.byteLength
    if (nextOffset <= slot.nextOffset) slot.emptyAt = mark
    slot.nextOffset = Math.max(slot.nextOffset, nextOffset)
    if (sizeBytes === 0) {
      slot.full ||= this.#sizeBytes > 0 && slot.nextOffset < mark
      return
    }
    slot.slices.push(batches)
    slot.aborted = together(slot.aborted, aborted)
    slot.sizeBytes += sizeBytes
    this.#sizeBytes += sizeBytes
  }

  #fail(slot: FetchSlot, error: unknown): void {
    slot.error = BrokerError.from(error)
  }

  #done(): boolean {
    if (this.#over || this.#sizeBytes >= Math.max(1, this.#request.minBytes)) return true
    if (this.#sizeBytes > 0 && (this.#starved || this.#memory.tight)) return true
    return this.#slots.some(({ full, error, diverging }) => {
      return full || error !== null || diverging !== null
    })
  }

  /**
   * Resolves when there is a reason to look again: a mark moved, a partition was lost, memory for what
   * is there to read, the deadline, the client's end. No await stands between looking and waiting.
   */
  async #waitForMore(): Promise<void> {
    if (this.#starved) this.#memory.wait(this)
    else if (this.#sizeBytes > 0) this.#memory.hoard(this)
    for (const slot of this.#starved ? [] : this.#slots) {
      if (slot.list !== null) continue
      const { mark } = slot
      if (mark > slot.nextOffset && mark !== slot.emptyAt) return
      try {
        slot.waitForMore()
      } catch (error) {
        this.#fail(slot, error)
        return
      }
    }
    if (this.list === null) this.#deadlines.add(this, this.#request.maxWaitMs)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#starved = false
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = null
  }
}

/** A transaction may have records in both runs of batches. Where it ends tells which one it is. */
function together(
  before: readonly AbortedTransaction[],
  added: readonly AbortedTransaction[],
): readonly AbortedTransaction[] {
  if (before.length === 0 || added.length === 0) return before.length === 0 ? added : before
  const known = new Set(before.map(({ lastOffset }) => lastOffset))
  return [...before, ...added.filter(({ lastOffset }) => !known.has(lastOffset))]
}

function checkCompression({ topic, holdsZstd }: ReadablePartition): void {
  if (!holdsZstd) return
  const message = 'The topic is kept in zstd, which this version of the client can not read'
  throw new BrokerError('UNSUPPORTED_COMPRESSION_TYPE', { message, topic })
}

/**
 * @returns where the reader's log and the partition part, or null when nothing says that they do
 * @throws BrokerError as checkLeaderEpoch; OFFSET_OUT_OF_RANGE when the log knows nothing of the
 *   epoch of the reader's last record. Source: Partition.readRecords in apache/kafka
 */
function checkEpochs(
  source: ReadablePartition,
  { fetchOffset, leaderEpoch = -1, lastFetchedEpoch = -1 }: FetchPartition,
): EpochEnd | null {
  source.checkLeaderEpoch(leaderEpoch)
  if (lastFetchedEpoch < 0) return null
  const end = source.endOfEpoch(lastFetchedEpoch)
  if (end.epoch < 0) {
    const message = 'The log knows no records of the last epoch that was fetched'
    throw new BrokerError('OFFSET_OUT_OF_RANGE', { message, lastFetchedEpoch })
  }
  return end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset ? end : null
}
