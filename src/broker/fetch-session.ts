// A reader on a long-lived stream: many partitions, pushed as their records come, under credit.
//
//   high watermark moves ─► ready list ─► read ─► push ─┬─► ready list, at its end    more to read
//                              ▲                        └─► waiters of the partition  at the end
//                              └── disk ◄── cold read
//
// Nothing polls. The session runs at the end of a turn in which something happened to it: a high
// watermark moved, credit came, the sink took what it had, a command, a read from the disk ended.

import assert from 'node:assert'
import type { Clock } from '../io/clock.ts'
import { BrokerError } from '../base/errors.ts'
import { partitionName } from '../base/topic-partition.ts'
import { leaveList, LinkedList } from '../replication/linked-list.ts'
import type { FetchWaiter } from '../replication/fetch-waiters.ts'
import type { BatchSlice, PartitionDirectory } from '../replication/readable-partition.ts'
import type { FetchSink, PartitionStart } from './fetch-sink.ts'
import { startOffset, type Position } from './position.ts'
import { SessionOutput } from './session-output.ts'
import { refusedState, SessionPartition } from './session-partition.ts'

export interface FetchSessionOptions {
  readonly clock: Clock
  readonly partitions: PartitionDirectory
  /** Most partitions that may be assigned. */
  readonly maxPartitions: number
  /** Most bytes of one push, but for a single batch that is larger. Default 512 KiB. */
  readonly maxPushBytes?: number
  /** Silence after which a heartbeat is sent. Default 15 s. */
  readonly heartbeatMs?: number
  /** Called when batches were pushed, with their size in bytes: for metrics. */
  readonly pushed?: (sizeBytes: number) => void
  /** Called once, by `close`. */
  readonly closed?: () => void
}

const MAX_PUSH_BYTES = 512 * 1024
const HEARTBEAT_MS = 15_000

/** After this much the session lets others run before it goes on. */
const TURN_BYTES = 4 * 1024 * 1024

/** Reads from the disk that a session has under way. Each may hold a push's bytes until credit comes. */
const MAX_COLD_READS = 4

/** Credit is counted up to here: more than any client can take, and far from where numbers blur. */
const MAX_CREDIT = 2 ** 50

type PartitionName = Pick<PartitionStart, 'topic' | 'partition'>

export class FetchSession {
  readonly #options: FetchSessionOptions
  readonly #output: SessionOutput
  readonly #maxPushBytes: number
  readonly #partitions = new Map<string, SessionPartition>()
  /** Partitions that have something to push, in the order of their turns. */
  readonly #ready = new LinkedList<FetchWaiter>()
  #creditBytes = 0
  #coldReads = 0
  #scheduled = false
  #closed = false

  constructor(sink: FetchSink, options: FetchSessionOptions) {
    this.#options = options
    this.#maxPushBytes = options.maxPushBytes ?? MAX_PUSH_BYTES
    this.#output = new SessionOutput(sink, options.clock, options.heartbeatMs ?? HEARTBEAT_MS)
  }

  /** Bytes that may still be pushed. Negative when the last push was larger than the rest. */
  get creditBytes(): number {
    return this.#creditBytes
  }

  get partitionCount(): number {
    return this.#partitions.size
  }

  /**
   * Adds partitions. Each is answered by one state event; those that are assigned already, by an
   * error that leaves what they are doing alone.
   *
   * @throws BrokerError INVALID_REQUEST when there would be too many. None of them is added then
   */
  assign(starts: readonly PartitionStart[]): void {
    const limit = this.#options.maxPartitions
    const count = this.#partitions.size + starts.length
    if (count > limit) {
      const message = `A stream reads at most ${limit} partitions`
      throw new BrokerError('INVALID_REQUEST', { message, limit, partitions: count })
    }
    for (const start of starts) this.#assign(start)
  }

  /** Removes partitions. Nothing more is sent for them. Unknown ones are passed over. */
  unassign(names: readonly PartitionName[]): void {
    for (const name of names) {
      const partition = this.#partitions.get(keyOf(name))
      if (partition === undefined) continue
      this.#partitions.delete(keyOf(name))
      this.#stop(partition)
    }
  }

  /**
   * Reads on from elsewhere. All that is sent for the partition from now on carries the new tag, a
   * state event first. Where the partition is not assigned, that is an error.
   *
   * @throws BrokerError INVALID_REQUEST when too many refusals wait for the client to read them
   */
  seek(start: PartitionStart): void {
    const partition = this.#partitions.get(keyOf(start))
    if (partition === undefined) {
      this.#refuse(start, 'The partition is not assigned to this stream')
      return
    }
    this.#stop(partition)
    partition.tag = start.tag
    this.#start(partition, start.start)
  }

  /** Sends no batches of these until `resume`. Unknown ones are passed over. */
  pause(names: readonly PartitionName[]): void {
    for (const name of names) {
      const partition = this.#partitions.get(keyOf(name))
      if (partition === undefined) continue
      partition.paused = true
      leaveList<FetchWaiter>(partition)
    }
  }

  resume(names: readonly PartitionName[]): void {
    for (const name of names) {
      const partition = this.#partitions.get(keyOf(name))
      if (partition === undefined || !partition.paused) continue
      partition.paused = false
      this.mayHaveMore(partition)
    }
  }

  /** Lets the session push this many more bytes. @param sizeBytes 0 or more */
  credit(sizeBytes: number): void {
    assert(sizeBytes >= 0)
    this.#creditBytes = Math.min(this.#creditBytes + sizeBytes, MAX_CREDIT)
    this.#schedule()
  }

  /** The sink takes more, after it had returned false. */
  resumeSink(): void {
    this.#output.resume()
    this.#schedule()
  }

  /** Ends the session. The sink is not called any more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#output.close()
    for (const partition of this.#partitions.values()) this.#stop(partition)
    this.#partitions.clear()
    this.#options.closed?.()
  }

  /** For the session's partitions. Puts one where it belongs: ready, or waiting for more. */
  mayHaveMore(partition: SessionPartition): void {
    const { source } = partition
    if (partition.phase !== 'reading' || source === null) return
    if (partition.paused || partition.fetching || partition.list !== null) return
    const { highWatermark } = source
    const more = highWatermark > partition.nextOffset && highWatermark !== partition.emptyAt
    if (more || partition.held !== null) {
      this.#ready.append(partition)
      this.#schedule()
    } else this.#wait(partition)
  }

  /** For the session's partitions. One can't be read any more. */
  lost(partition: SessionPartition, error: BrokerError): void {
    this.#stop(partition)
    partition.phase = 'failed'
    partition.error = error
    this.#announce(partition)
  }

  #assign(start: PartitionStart): void {
    const key = keyOf(start)
    if (this.#partitions.has(key)) {
      this.#refuse(start, 'The partition is assigned to this stream already; seek instead')
      return
    }
    const partition = new SessionPartition(this, start)
    this.#partitions.set(key, partition)
    this.#start(partition, start.start)
  }

  #refuse(start: PartitionStart, message: string): void {
    const error = new BrokerError('INVALID_REQUEST', { message })
    if (this.#output.refusalCount >= this.#options.maxPartitions) throw error
    this.#output.refuse(refusedState(start, error))
    this.#schedule()
  }

  /** Takes a partition out of all that is going on. */
  #stop(partition: SessionPartition): void {
    leaveList<FetchWaiter>(partition)
    this.#output.withdraw(partition)
    partition.generation += 1
    partition.phase = 'starting'
    partition.held = null
    partition.fetching = false
    partition.emptyAt = -1
    partition.error = null
  }

  #start(partition: SessionPartition, position: Position): void {
    try {
      // Looked up anew at each start: the topic may have been deleted and made again.
      partition.source = this.#options.partitions.partition(partition.topic, partition.partition)
      const offset = startOffset(partition.source, position)
      if (typeof offset === 'number') this.#started(partition, offset)
      else this.#startLater(partition, offset)
    } catch (error) {
      this.lost(partition, BrokerError.from(error))
    }
  }

  #startLater(partition: SessionPartition, offset: Promise<number>): void {
    const { generation } = partition
    offset.then(
      (found) => {
        if (partition.generation === generation) this.#started(partition, found)
      },
      (error: unknown) => {
        if (partition.generation === generation) this.lost(partition, BrokerError.from(error))
      },
    )
  }

  #started(partition: SessionPartition, offset: number): void {
    try {
      partition.source!.checkOffset(offset)
    } catch (error) {
      this.lost(partition, BrokerError.from(error))
      return
    }
    partition.nextOffset = offset
    partition.phase = 'reading'
    this.#announce(partition)
    this.mayHaveMore(partition)
  }

  #announce(partition: SessionPartition): void {
    this.#output.announce(partition)
    this.#schedule()
  }

  #wait(partition: SessionPartition): void {
    try {
      partition.source!.waitForMore(partition)
    } catch (error) {
      this.lost(partition, BrokerError.from(error))
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    this.#options.clock.endOfTurn(() => {
      this.#scheduled = false
      if (this.#closed) return
      this.#output.sendStates()
      this.#push()
    })
  }

  /** Gives each partition one push, in turn, as long as sink, credit and this turn allow. */
  #push(): void {
    let left = TURN_BYTES
    while (this.#mayPush()) {
      const partition = this.#ready.takeFirst() as SessionPartition | null
      if (partition === null) return
      if (left <= 0) {
        this.#ready.prepend(partition)
        this.#schedule()
        return
      }
      left -= this.#pushFrom(partition)
    }
  }

  #mayPush(): boolean {
    if (this.#closed || !this.#output.mayPush) return false
    return this.#creditBytes > 0 && this.#coldReads < MAX_COLD_READS
  }

  /** @returns bytes pushed */
  #pushFrom(partition: SessionPartition): number {
    const slice = partition.held ?? this.#read(partition)
    if (slice === null) return 0
    partition.held = null
    const { batches, nextOffset } = slice
    if (nextOffset <= partition.nextOffset) partition.emptyAt = partition.readUnder
    else partition.nextOffset = nextOffset
    if (batches.byteLength > 0) this.#send(partition, batches)
    if (!this.#closed) this.mayHaveMore(partition)
    return batches.byteLength
  }

  #send({ topic, partition, tag, source }: SessionPartition, batches: Buffer): void {
    const { highWatermark, logStartOffset } = source!
    this.#creditBytes -= batches.byteLength
    this.#options.pushed?.(batches.byteLength)
    this.#output.sendBatches({
      topic,
      partition,
      tag,
      highWatermark,
      logStartOffset,
      batches,
    })
  }

  /** @returns null when the bytes come later, or not at all */
  #read(partition: SessionPartition): BatchSlice | null {
    try {
      const maxBytes = Math.min(this.#maxPushBytes, this.#creditBytes)
      const source = partition.source!
      partition.readUnder = source.highWatermark
      const slice = source.read(partition.nextOffset, { maxBytes, atLeastOneBatch: true })
      if (!(slice instanceof Promise)) return slice
      this.#readLater(partition, slice)
    } catch (error) {
      this.lost(partition, BrokerError.from(error))
    }
    return null
  }

  #readLater(partition: SessionPartition, slice: Promise<BatchSlice>): void {
    const { generation } = partition
    partition.fetching = true
    this.#coldReads += 1
    slice
      .then(
        (read) => {
          if (partition.generation !== generation) return
          partition.fetching = false
          partition.held = read
          this.mayHaveMore(partition)
        },
        (error: unknown) => {
          if (partition.generation === generation) this.lost(partition, BrokerError.from(error))
        },
      )
      .finally(() => {
        this.#coldReads -= 1
        this.#schedule()
      })
  }
}

function keyOf({ topic, partition }: PartitionName): string {
  return partitionName({ topic, partition })
}
