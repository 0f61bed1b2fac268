// A reader on a long-lived stream: many partitions, pushed as their records come, under credit. Takes
// the client's commands, and finds where each partition begins; session-pump.ts does the rest.

import type { Clock } from '../io/clock.ts'
import { BrokerError } from '../base/errors.ts'
import { partitionName } from '../base/topic-partition.ts'
import { leaveList } from '../replication/linked-list.ts'
import type { FetchWaiter } from '../replication/fetch-waiters.ts'
import type { PartitionDirectory } from '../replication/readable-partition.ts'
import type { FetchSink, PartitionStart } from './fetch-sink.ts'
import { startOffset, type Position } from './position.ts'
import { AMPLE_MEMORY, type AnswerMemory } from './fetch/answer-memory.ts'
import { SessionOutput } from './fetch/session-output.ts'
import { SessionPump } from './fetch/session-pump.ts'
import { refusedState, SessionPartition } from './fetch/session-partition.ts'

export interface FetchSessionOptions {
  readonly clock: Clock
  readonly partitions: PartitionDirectory
  /** What batches are read into before they are pushed. Default: as much as there is. */
  readonly memory?: AnswerMemory
  /** Most partitions that may be assigned. */
  readonly maxPartitions: number
  /** Most bytes of one push, but for a single batch that is larger. Default 512 KiB. */
  readonly maxPushBytes?: number
  /** Silence after which a heartbeat is sent. Default 15 s. */
  readonly heartbeatMs?: number
  /** Called with what is a bug or unexplained, and not a refusal. */
  readonly unexpected?: (error: BrokerError) => void
  /** Called when batches were pushed, with their size in bytes: for metrics. */
  readonly pushed?: (sizeBytes: number) => void
  /** Called once, by `close`. */
  readonly closed?: () => void
}

const MAX_PUSH_BYTES = 512 * 1024
const HEARTBEAT_MS = 15_000

type PartitionName = Pick<PartitionStart, 'topic' | 'partition'>

export class FetchSession {
  readonly #options: FetchSessionOptions
  readonly #output: SessionOutput
  readonly #pump: SessionPump
  readonly #partitions = new Map<string, SessionPartition>()
  #closed = false

  constructor(sink: FetchSink, options: FetchSessionOptions) {
    this.#options = options
    const { clock, heartbeatMs = HEARTBEAT_MS, maxPushBytes = MAX_PUSH_BYTES } = options
    this.#output = new SessionOutput(sink, clock, heartbeatMs)
    this.#pump = new SessionPump({
      clock,
      output: this.#output,
      memory: options.memory ?? AMPLE_MEMORY,
      maxPushBytes,
      pushed: options.pushed ?? (() => {}),
      lost: (partition, error) => this.lost(partition, error),
    })
  }

  /** Bytes that may still be pushed. Negative when the last push was larger than the rest. */
  get creditBytes(): number {
    return this.#pump.creditBytes
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
      this.#pump.drop(partition)
      leaveList<FetchWaiter>(partition)
    }
  }

  resume(names: readonly PartitionName[]): void {
    for (const name of names) {
      const partition = this.#partitions.get(keyOf(name))
      if (partition === undefined || !partition.paused) continue
      partition.paused = false
      this.#pump.mayHaveMore(partition)
    }
  }

  /** Lets the session push this many more bytes. @param sizeBytes 0 or more */
  credit(sizeBytes: number): void {
    this.#pump.credit(sizeBytes)
  }

  /** The sink takes more, after it had returned false. */
  resumeSink(): void {
    this.#output.resume()
    this.#pump.schedule()
  }

  /** Ends the session. The sink is not called any more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#output.close()
    this.#pump.close()
    for (const partition of this.#partitions.values()) this.#stop(partition)
    this.#partitions.clear()
    this.#options.closed?.()
  }

  /** For the session's partitions: a mark moved. */
  mayHaveMore(partition: SessionPartition): void {
    this.#pump.mayHaveMore(partition)
  }

  /** For the session's partitions. One can't be read any more. */
  lost(partition: SessionPartition, error: BrokerError): void {
    this.#stop(partition)
    partition.phase = 'failed'
    partition.error = error
    if (error.code === 'UNKNOWN_SERVER_ERROR') this.#options.unexpected?.(error)
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
    this.#pump.schedule()
  }

  /** Takes a partition out of all that is going on. */
  #stop(partition: SessionPartition): void {
    leaveList<FetchWaiter>(partition)
    this.#output.withdraw(partition)
    partition.generation += 1
    partition.phase = 'starting'
    this.#pump.drop(partition)
    partition.fetching = false
    partition.emptyAt = -1
    partition.error = null
  }

  #start(partition: SessionPartition, position: Position): void {
    try {
      // Looked up anew at each start: the topic may have been deleted and made again.
      partition.source = this.#options.partitions.partition(partition.topic, partition.partition)
      const offset = startOffset(partition.source, position, partition.isolation)
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
    this.#pump.mayHaveMore(partition)
  }

  #announce(partition: SessionPartition): void {
    this.#output.announce(partition)
    this.#pump.schedule()
  }
}

function keyOf({ topic, partition }: PartitionName): string {
  return partitionName({ topic, partition })
}
