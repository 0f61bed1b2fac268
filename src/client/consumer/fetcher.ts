// Keeps the stream to the broker open and a bounded number of bytes ahead of the reader.
//
//   broker ──batches──► queue of chunks ──take──► reader
//      ▲                                            │
//      └───────────── credit, a quarter of the ─────┘
//                     prefetch at a time
//
// A chunk is what one message brought for one partition. It counts against the credit until all its
// batches were taken, or dropped because the reader sought elsewhere or paused: see chunk.ts.

import type { Clock, Timer } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import { isIntact } from '../../record/batch-reader.ts'
import type { BatchView } from '../../record/batch-reader.ts'
import { sharedCore } from '../../record/shared-core.ts'
import { backoffMs } from '../backoff.ts'
import { SluiceError } from '../errors.ts'
import type {
  FetchedBatches,
  FetchState,
  FetchStream,
  PartitionRef,
  PartitionStart,
  StartPosition,
  Transport,
} from '../transport.ts'
import { AssignedPartition, UNKNOWN_OFFSET } from './assigned-partition.ts'
import { Chunk } from './chunk.ts'
import type { ConsumerSettings } from './consumer-options.ts'

/** A broker that says nothing for so long is gone: it sends heartbeats every 15 seconds. */
const SILENCE_LIMIT_MS = 45_000

/** A batch that was taken, and is the reader's. */
export interface TakenBatch {
  readonly partition: AssignedPartition
  readonly view: BatchView
  readonly highWatermark: number
  /** The partition's tag when it was taken: another one means that the reader went elsewhere. */
  readonly tag: number
}

export interface Start extends PartitionRef {
  readonly start: StartPosition
  readonly held?: boolean
}

export class Fetcher {
  readonly #transport: Transport
  readonly #settings: ConsumerSettings
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #partitions = new Map<string, AssignedPartition>()
  #nextTag = 1
  #stream: FetchStream | null = null
  #streamFailures = 0
  #reopenTimer: Timer | null = null
  #silenceTimer: Timer | null = null
  #heardAtMs = 0
  readonly #queue: Chunk[] = []
  /** Bytes that were taken or dropped, and for which no new credit was granted yet. */
  #spentBytes = 0
  /** Partitions whose error was told: whoever takes again wants to try again. */
  readonly #told = new Set<AssignedPartition>()
  /** Partitions whose error is to be told at the next `take`. */
  readonly #failed = new Set<AssignedPartition>()
  /** Why the whole consumer can't go on; told at the next `take`. */
  #failure: SluiceError | null = null
  /** What is to be told beside, at the next `take`. */
  #notice: SluiceError | null = null
  /** Why it never can. */
  #fatal: SluiceError | null = null
  #wakers: (() => void)[] = []
  #closed = false

  constructor(parts: {
    readonly transport: Transport
    readonly settings: ConsumerSettings
    readonly clock: Clock
    readonly random: RandomSource
  }) {
    this.#transport = parts.transport
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#random = parts.random
  }

  get closed(): boolean {
    return this.#closed
  }

  partitions(): readonly AssignedPartition[] {
    return [...this.#partitions.values()]
  }

  find(ref: PartitionRef): AssignedPartition | null {
    return this.#partitions.get(keyOf(ref)) ?? null
  }

  /**
   * Adds a partition, or seeks when it is there. `confirmed` waits for what the broker says.
   *
   * @param starts `held`: nothing of it is given out before `release`
   */
  assign(starts: readonly Start[]): void {
    const added: PartitionStart[] = []
    const held: PartitionRef[] = []
    for (const ref of starts) {
      const present = this.find(ref)
      if (present !== null) {
        this.seek(present, ref.start)
        continue
      }
      const partition = new AssignedPartition(ref, ref.start, this.#nextTag++)
      this.#partitions.set(keyOf(ref), partition)
      partition.held = ref.held === true
      if (partition.held) held.push(partition.ref)
      added.push({ ...partition.ref, start: ref.start, tag: partition.tag })
    }
    if (added.length === 0) return
    this.#failure = null
    if (this.#stream === null) {
      if (this.#reopenTimer === null) this.#open()
      return
    }
    this.#stream.assign(added)
    if (held.length > 0) this.#stream.pause(held)
  }

  unassign(partitions: readonly AssignedPartition[]): void {
    if (partitions.length === 0) return
    for (const partition of partitions) {
      this.#partitions.delete(keyOf(partition))
      this.#drop(partition)
      partition.refuse(
        new SluiceError('INVALID_STATE', { ...partition.ref }, { message: 'Unassigned' }),
      )
    }
    this.#stream?.unassign(partitions.map(({ ref }) => ref))
  }

  seek(partition: AssignedPartition, start: StartPosition): void {
    this.#drop(partition)
    partition.start = start
    partition.position = start.kind === 'offset' ? start.offset : UNKNOWN_OFFSET
    partition.error = null
    partition.confirmed = false
    this.#stream?.seek({ ...partition.ref, start, tag: partition.tag })
  }

  pause(partition: AssignedPartition): void {
    this.#setStopped(partition, 'paused', true)
  }

  resume(partition: AssignedPartition): void {
    this.#setStopped(partition, 'paused', false)
  }

  /** As `pause`, for the consumer's own reasons: the two don't know of each other. */
  hold(partition: AssignedPartition): void {
    this.#setStopped(partition, 'held', true)
  }

  release(partition: AssignedPartition): void {
    this.#setStopped(partition, 'held', false)
  }

  /** Tells the reader of something that the partition can't go on for. */
  fail(partition: AssignedPartition, error: SluiceError): void {
    partition.error = error
    this.#failed.add(partition)
    this.wake()
  }

  /** Tells the reader once of something that happened. What it reads goes on. */
  tell(error: SluiceError): void {
    this.#notice = error
    this.wake()
  }

  /** Ends every loop with this error, now and later. */
  failForGood(error: SluiceError): void {
    this.#fatal = error
    this.wake()
  }

  /** Resolves when the broker has said where reading begins. @throws SluiceError why it can't */
  confirmed(partition: AssignedPartition): Promise<void> {
    if (partition.confirmed) return Promise.resolve()
    return new Promise((resolve, reject) => partition.waiters.push({ resolve, reject }))
  }

  /**
   * The next batch with records for the user. The partition's position is the caller's to move.
   *
   * @returns null when none is here now
   * @throws SluiceError what a partition can't go on for, CORRUPT_MESSAGE. Taking again tries again.
   */
  take(): TakenBatch | null {
    this.#throwOrRetry()
    for (let chunk = this.#queue[0]; chunk !== undefined; chunk = this.#queue[0]) {
      const view = this.#nextOf(chunk)
      if (view === null) {
        this.#queue.shift()
        this.#spend(chunk.sizeBytes)
        continue
      }
      const { partition, highWatermark, tag } = chunk
      const isHidden = chunk.hides(view)
      const lastOffset = view.header.baseOffset + view.header.lastOffsetDelta
      if (lastOffset < partition.position) continue
      this.#check(partition, view)
      if (isHidden) {
        partition.position = lastOffset + 1
        continue
      }
      return { partition, view, highWatermark, tag }
    }
    return null
  }

  /**
   * Takes back the batch that was taken last, since the reader stopped inside it. Its records from
   * the partition's position on come with the next `take`.
   */
  giveBack({ partition, view, tag }: TakenBatch): void {
    const chunk = this.#queue[0]
    if (chunk?.partition === partition && chunk.tag === tag) chunk.giveBack(view)
  }

  /** Resolves when `take` may have something new, or the fetcher was closed. */
  changed(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    const alive = this.#clock.keepAlive()
    return new Promise((resolve) => {
      this.#wakers.push(() => {
        alive.cancel()
        resolve()
      })
    })
  }

  /** Lets who waits for `changed` look again. */
  wake(): void {
    const wakers = this.#wakers
    this.#wakers = []
    for (const wake of wakers) wake()
  }

  close(): void {
    this.#closed = true
    this.#reopenTimer?.cancel()
    this.#silenceTimer?.cancel()
    const closed = new SluiceError('CLOSED', {}, { message: 'The consumer was closed' })
    for (const partition of this.#partitions.values()) {
      this.#drop(partition)
      partition.refuse(closed)
    }
    this.#queue.length = 0
    this.#stream?.cancel()
    this.wake()
  }

  /** What was fetched ahead is given up, so that it holds no credit that others need. */
  #setStopped(partition: AssignedPartition, why: 'paused' | 'held', value: boolean): void {
    const { isStopped: wasStopped } = partition
    partition[why] = value
    const { isStopped, ref } = partition
    if (isStopped === wasStopped) return
    if (!isStopped) {
      this.#stream?.resume([ref])
      if (partition.missed) this.#seekAgain(partition)
      return
    }
    this.#stream?.pause([ref])
    if (partition.position !== UNKNOWN_OFFSET) this.#seekAgain(partition)
  }

  #open(): void {
    const stream = this.#transport.openFetchStream(this.#settings.isolation, {
      batches: (event) => this.#batches(event),
      state: (event) => this.#state(event),
      heartbeat: () => this.#heard(),
      closed: (error) => this.#streamClosed(error),
    })
    this.#stream = stream
    this.#heard()
    this.#silenceTimer ??= this.#watchSilence(SILENCE_LIMIT_MS)
    // What is in the queue was granted on the stream before: it comes again.
    for (const partition of this.#partitions.values()) this.#drop(partition)
    this.#queue.length = 0
    this.#spentBytes = 0
    const partitions = this.partitions()
    stream.assign(partitions.map(({ ref, resumeAt, tag }) => ({ ...ref, start: resumeAt, tag })))
    const stopped = partitions.filter(({ isStopped }) => isStopped).map(({ ref }) => ref)
    if (stopped.length > 0) stream.pause(stopped)
    stream.credit(this.#settings.prefetchBytes)
  }

  #batches(event: FetchedBatches): void {
    this.#heard()
    const partition = this.find(event)
    if (partition === null || partition.tag !== event.tag) {
      this.#spend(event.batches.byteLength)
      return
    }
    partition.failures = 0
    this.#streamFailures = 0
    if (partition.isStopped) {
      // It was sent before the broker had heard of the pause.
      partition.missed = true
      this.#spend(event.batches.byteLength)
      return
    }
    this.#queue.push(new Chunk(partition, event))
    this.wake()
  }

  #state(event: FetchState): void {
    this.#heard()
    const partition = this.find(event)
    if (partition === null || partition.tag !== event.tag) return
    if (event.error !== null) {
      this.#partitionFailed(partition, event.error)
      return
    }
    this.#streamFailures = 0
    partition.position = event.nextOffset
    partition.confirm()
    this.wake()
  }

  #partitionFailed(partition: AssignedPartition, error: SluiceError): void {
    const { autoOffsetReset } = this.#settings
    if (error.code === 'OFFSET_OUT_OF_RANGE' && autoOffsetReset !== 'error') {
      this.seek(partition, { kind: autoOffsetReset })
      return
    }
    if (error.retriable && error.code !== 'UNKNOWN_TOPIC_OR_PARTITION') {
      partition.failures += 1
      const { tag } = partition
      this.#clock.after(this.#backoffMs(partition.failures, error), () => {
        if (this.find(partition) === partition && partition.tag === tag) this.#seekAgain(partition)
      })
      return
    }
    const placed = error.with({ ...partition.ref })
    if (partition.refuse(placed)) return
    partition.error = placed
    this.#failed.add(partition)
    this.wake()
  }

  #seekAgain(partition: AssignedPartition): void {
    this.#drop(partition)
    partition.missed = false
    this.#stream?.seek({ ...partition.ref, start: partition.resumeAt, tag: partition.tag })
  }

  #streamClosed(error: SluiceError): void {
    this.#stream = null
    if (this.#closed) return
    if (!error.retriable) {
      let told = false
      for (const partition of this.#partitions.values()) told = partition.refuse(error) || told
      if (!told) this.#failure = error
      this.wake()
      return
    }
    this.#streamFailures += 1
    this.#reopenTimer = this.#clock.after(this.#backoffMs(this.#streamFailures, error), () => {
      this.#reopenTimer = null
      if (this.#partitions.size > 0) this.#open()
    })
  }

  /** Gives up what was fetched of a partition, and makes what is under way out of date. */
  #drop(partition: AssignedPartition): void {
    partition.tag = this.#nextTag++
    for (let at = this.#queue.length - 1; at >= 0; at--) {
      const chunk = this.#queue[at]!
      if (chunk.partition !== partition) continue
      this.#queue.splice(at, 1)
      this.#spend(chunk.sizeBytes)
    }
  }

  #spend(bytes: number): void {
    this.#spentBytes += bytes
    if (this.#spentBytes < this.#settings.prefetchBytes / 4) return
    this.#stream?.credit(this.#spentBytes)
    this.#spentBytes = 0
  }

  #nextOf(chunk: Chunk): BatchView | null {
    try {
      return chunk.next()
    } catch (error) {
      throw this.#corrupt(chunk.partition, error)
    }
  }

  #check(partition: AssignedPartition, view: BatchView): void {
    if (!this.#settings.checkCrcs || isIntact(sharedCore(), view)) return
    throw this.#corrupt(partition, 'A batch failed its checksum', view.header.baseOffset)
  }

  /** The batch is fetched again when the user reads on; what follows it is not given out before. */
  #corrupt(partition: AssignedPartition, why: unknown, baseOffset = -1): SluiceError {
    this.#drop(partition)
    this.#told.add(partition)
    const facts = { ...partition.ref, position: partition.position, baseOffset }
    const message = why instanceof Error ? why.message : String(why)
    return new SluiceError('CORRUPT_MESSAGE', facts, { message, retriable: false, cause: why })
  }

  #throwOrRetry(): void {
    if (this.#fatal !== null) throw this.#fatal
    for (const partition of this.#told) {
      if (this.find(partition) === partition) this.#seekAgain(partition)
    }
    this.#told.clear()
    const notice = this.#notice
    if (notice !== null) {
      this.#notice = null
      throw notice
    }
    const failure = this.#failure
    if (failure !== null) {
      this.#failure = null
      if (this.#stream === null && this.#reopenTimer === null) this.#open()
      throw failure
    }
    for (const partition of this.#failed) {
      this.#failed.delete(partition)
      const { error } = partition
      if (error === null || this.find(partition) !== partition) continue
      partition.error = null
      this.#told.add(partition)
      throw error
    }
  }

  #heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs()
  }

  #watchSilence(delayMs: number): Timer {
    return this.#clock.after(delayMs, () => {
      const leftMs = this.#heardAtMs + SILENCE_LIMIT_MS - this.#clock.monotonicMs()
      if (leftMs <= 0) this.#stream?.cancel()
      this.#silenceTimer = this.#watchSilence(leftMs > 0 ? leftMs : SILENCE_LIMIT_MS)
    })
  }

  #backoffMs(failures: number, error: SluiceError): number {
    const { retryBackoffMs: initialMs, retryBackoffMaxMs: maxMs } = this.#settings
    return backoffMs({ initialMs, maxMs }, failures, this.#random, error.retryAfterMs)
  }
}

function keyOf({ topic, partition }: PartitionRef): string {
  return `${topic}-${partition}`
}
