// What a fetch session pushes, and when: the partitions that have something to give, in turn, as long
// as credit, sink and turn allow.
//
//   mark moves ─► ready list ─► read ─► push ─┬─► ready list, at its end    more to read
//                    ▲                        └─► waiters of the partition  at the end
//                    └── disk ◄── cold read
//
// Nothing polls. The pump runs at the end of a turn in which something happened: a mark (the high
// watermark, or the last stable offset for who reads what is committed) moved, credit came, the sink took what it had, a command, a read from the disk ended.

import assert from 'node:assert'
import type { Clock } from '../../io/clock.ts'
import { BrokerError } from '../../base/errors.ts'
import { LinkedList } from '../../replication/linked-list.ts'
import type { FetchWaiter } from '../../replication/fetch-waiters.ts'
import type { BatchSlice } from '../../replication/readable-partition.ts'
import type { AnswerMemory, MemoryWaiter } from './answer-memory.ts'
import type { SessionOutput } from './session-output.ts'
import type { SessionPartition } from './session-partition.ts'

export interface SessionPumpOptions {
  readonly clock: Clock
  readonly output: SessionOutput
  /** Asked before each read. */
  readonly memory: AnswerMemory
  /** Most bytes of one push, but for a single batch that is larger. */
  readonly maxPushBytes: number
  /** Called when batches were pushed, with their size in bytes. */
  readonly pushed: (sizeBytes: number) => void
  /** A partition can't be read any more. */
  readonly lost: (partition: SessionPartition, error: BrokerError) => void
}

/** After this much the pump lets others run before it goes on. */
const TURN_BYTES = 4 * 1024 * 1024

/** Reads from the disk under way. Each may hold a push's bytes until credit comes, or memory gets short. */
const MAX_COLD_READS = 4

/** Credit is counted up to here: more than any client can take, and far from where numbers blur. */
const MAX_CREDIT = 2 ** 50

export class SessionPump implements MemoryWaiter {
  readonly #options: SessionPumpOptions
  /** Partitions that have something to push, in the order of their turns. */
  readonly #ready = new LinkedList<FetchWaiter>()
  /** Partitions of which something is held: all of them are ready. */
  readonly #holding = new Set<SessionPartition>()
  #creditBytes = 0
  #coldReads = 0
  /** There is no memory for a read. */
  #starved = false
  #scheduled = false
  #closed = false

  constructor(options: SessionPumpOptions) {
    this.#options = options
  }

  /** Bytes that may still be pushed. Negative when the last push was larger than the rest. */
  get creditBytes(): number {
    return this.#creditBytes
  }

  /** @param sizeBytes 0 or more */
  credit(sizeBytes: number): void {
    assert(sizeBytes >= 0)
    this.#creditBytes = Math.min(this.#creditBytes + sizeBytes, MAX_CREDIT)
    this.schedule()
  }

  close(): void {
    this.#closed = true
    this.#options.memory.leave(this)
  }

  /** Gives up what was read of a partition and not pushed. */
  drop(partition: SessionPartition): void {
    const { held } = partition
    if (held === null) return
    partition.held = null
    this.#holding.delete(partition)
    this.#options.memory.take(-held.batches.byteLength)
  }

  /** For the memory: there is room for a read. */
  roomFreed(): void {
    this.#starved = false
    this.#push()
  }

  /** For the memory: what can't be pushed now is read again later. */
  hurry(): void {
    for (const partition of this.#holding) this.drop(partition)
  }

  /** Puts a partition where it belongs: ready, or waiting for more. */
  mayHaveMore(partition: SessionPartition): void {
    const { source, held } = partition
    if (partition.phase !== 'reading' || source === null) return
    if (partition.paused || partition.fetching || partition.list !== null) return
    const { mark } = partition
    const more = mark > partition.nextOffset && mark !== partition.emptyAt
    // What is held goes before what would have to be read: so that little is ever held.
    if (held !== null) this.#ready.prepend(partition)
    else if (more) this.#ready.append(partition)
    else {
      this.#wait(partition)
      return
    }
    this.schedule()
  }

  /** Runs at the end of this turn. */
  schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    this.#options.clock.endOfTurn(() => {
      this.#scheduled = false
      if (this.#closed) return
      this.#options.output.sendStates()
      this.#push()
    })
  }

  #wait(partition: SessionPartition): void {
    try {
      partition.source!.waitForMore(partition, partition.isolation)
    } catch (error) {
      this.#options.lost(partition, BrokerError.from(error))
    }
  }

  /** Gives each partition one push, in turn, as long as sink, credit and this turn allow. */
  #push(): void {
    let left = TURN_BYTES
    while (this.#mayPush()) {
      const partition = this.#ready.first as SessionPartition | null
      if (partition === null || (this.#starved && partition.held === null)) return
      if (left <= 0) {
        this.schedule()
        return
      }
      this.#ready.remove(partition)
      left -= this.#pushFrom(partition)
    }
    if (this.#holding.size > 0 && !this.#closed) this.#options.memory.hoard(this)
  }

  #mayPush(): boolean {
    if (this.#closed || !this.#options.output.mayPush) return false
    return this.#creditBytes > 0 && this.#coldReads < MAX_COLD_READS
  }

  /** @returns bytes pushed */
  #pushFrom(partition: SessionPartition): number {
    const { held } = partition
    const slice = held ?? this.#read(partition)
    if (slice === null) return 0
    const { batches, nextOffset } = slice
    if (nextOffset <= partition.nextOffset) partition.emptyAt = partition.readUnder
    else partition.nextOffset = nextOffset
    if (batches.byteLength > 0) this.#send(partition, slice)
    // By now the sink counts it.
    this.drop(partition)
    if (!this.#closed) this.mayHaveMore(partition)
    return batches.byteLength
  }

  #send(
    { topic, partition, tag, source }: SessionPartition,
    { batches, aborted }: BatchSlice,
  ): void {
    const { highWatermark, lastStableOffset, logStartOffset } = source!
    this.#creditBytes -= batches.byteLength
    this.#options.pushed(batches.byteLength)
    this.#options.output.sendBatches({
      topic,
      partition,
      tag,
      highWatermark,
      lastStableOffset,
      logStartOffset,
      aborted,
      batches,
    })
  }

  /** @returns null when the bytes come later, or not at all */
  #read(partition: SessionPartition): BatchSlice | null {
    try {
      const { maxPushBytes, memory } = this.#options
      const maxBytes = memory.allowance(Math.min(maxPushBytes, this.#creditBytes), 0)
      if (maxBytes <= 0) {
        this.#starve(partition)
        return null
      }
      const { source, isolation } = partition
      partition.readUnder = partition.mark
      const limits = { maxBytes, atLeastOneBatch: true, isolation }
      const slice = source!.read(partition.nextOffset, limits)
      if (!(slice instanceof Promise)) return slice
      this.#readLater(partition, slice, maxBytes)
    } catch (error) {
      this.#options.lost(partition, BrokerError.from(error))
    }
    return null
  }

  /** The partition keeps its turn until there is room. */
  #starve(partition: SessionPartition): void {
    this.#starved = true
    this.#ready.prepend(partition)
    this.#options.memory.wait(this)
  }

  /** @param maxBytes of memory that the read has while it is under way */
  #readLater(partition: SessionPartition, slice: Promise<BatchSlice>, maxBytes: number): void {
    const { memory } = this.#options
    const { generation } = partition
    memory.take(maxBytes)
    partition.fetching = true
    this.#coldReads += 1
    slice
      .then(
        (read) => {
          memory.take(-maxBytes)
          if (partition.generation !== generation) return
          partition.fetching = false
          // A client may pause any number of partitions, so those hold nothing.
          if (!partition.paused) this.#hold(partition, read)
          this.mayHaveMore(partition)
        },
        (error: unknown) => {
          memory.take(-maxBytes)
          if (partition.generation === generation)
            this.#options.lost(partition, BrokerError.from(error))
        },
      )
      .finally(() => {
        this.#coldReads -= 1
        this.schedule()
      })
  }

  #hold(partition: SessionPartition, read: BatchSlice): void {
    partition.held = read
    this.#holding.add(partition)
    this.#options.memory.take(read.batches.byteLength)
  }
}
