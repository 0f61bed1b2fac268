// The reading side of a session: the partitions that it owns now, their records in messages, no more
// under way than the client has room for.
//
//   fetch session ─► batches ─► opened ─► messages ─► client
//         ▲                                  │          │ acknowledges
//         └── credit, once all of a push     ▼          ▼
//             was sent                     SentMessages: room, what may be committed

import { BrokerError } from '../../base/errors.ts'
import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Clock } from '../../io/clock.ts'
import type { FetchSession } from '../fetch-session.ts'
import type { FetchSink, PartitionState, PushedBatches } from '../fetch-sink.ts'
import type { AnswerMemory, MemoryWaiter } from '../fetch/answer-memory.ts'
import { messageBytes, type OpenBatch, RecordUnpacking } from '../fetch/record-unpacking.ts'
import type { Isolation, Position } from '../position.ts'
import { OwnedPartition, type StartingPartition } from './owned-partition.ts'
import { SentMessages } from './sent-messages.ts'
import type { AssignedPosition, OffsetReset, SentRecords } from './session-request.ts'

export interface SessionReaderOptions {
  readonly clock: Clock
  readonly openSession: (sink: FetchSink) => FetchSession
  readonly openBatch: OpenBatch
  /** The topic that has the id now; null when none has. */
  readonly topicOf: (topicId: Uuid) => string | null
  readonly offsetReset: OffsetReset
  readonly isolation: Isolation
  readonly maxRecords: number
  readonly creditBytes: number
  /** Counts what was pushed until its records are all sent. */
  readonly memory: AnswerMemory
}

export interface SessionReaderHooks {
  /** @returns false when no more may come until `resumeSink` */
  records(message: SentRecords): boolean
  assigned(positions: readonly AssignedPosition[]): void
  heartbeat(timeMs: number): void
  /** All that was sent of a partition is acknowledged. */
  drained(partition: OwnedPartition): void
  /** The reader can't go on. */
  failed(error: BrokerError): void
}

/** Bytes of batches that are read and not sent yet. */
const READ_AHEAD_BYTES = 1024 * 1024

/** What a record takes beside its key, value and headers, about. */
const RECORD_OVERHEAD_BYTES = 48

/** After this long a partition that could not be read is tried again. */
const RETRY_MS = 1_000

export class SessionReader implements FetchSink, MemoryWaiter {
  readonly sent: SentMessages
  readonly #options: SessionReaderOptions
  readonly #hooks: SessionReaderHooks
  readonly #session: FetchSession
  readonly #partitions = new Map<string, OwnedPartition>()
  #push: RecordUnpacking | null = null
  /** What the memory was told of it, in bytes. */
  #heldBytes = 0
  readonly #announced = new Set<OwnedPartition>()
  #isSinkOpen = true
  #isClosed = false

  /** @throws BrokerError as `FetchService.openSession` */
  constructor(options: SessionReaderOptions, hooks: SessionReaderHooks) {
    this.#options = options
    this.#hooks = hooks
    this.sent = new SentMessages(options.creditBytes, () => options.clock.monotonicMs())
    this.#session = options.openSession(this)
    this.#session.credit(READ_AHEAD_BYTES)
  }

  /** What the session owns, that which is to be given up too. */
  get partitions(): Iterable<OwnedPartition> {
    return this.#partitions.values()
  }

  owned(name: TopicPartition): OwnedPartition | null {
    return this.#partitions.get(partitionName(name)) ?? null
  }

  /** Begins to read. @throws BrokerError INVALID_REQUEST when there would be too many */
  add(starting: readonly StartingPartition[]): void {
    const starts = starting.map((given) => {
      const { committedOffset: offset } = given
      const start = offset < 0 ? this.#resetPosition(given) : { kind: 'offset' as const, offset }
      return new OwnedPartition(given, start)
    })
    const { isolation } = this.#options
    this.#session.assign(
      starts.map((owned) => ({ ...nameOf(owned), start: owned.start, tag: 0, isolation })),
    )
    for (const owned of starts) this.#partitions.set(partitionName(owned), owned)
  }

  /** Sends no more of these. What is under way may still be acknowledged. */
  stop(partitions: readonly OwnedPartition[]): void {
    for (const owned of partitions) {
      owned.isReading = false
      owned.retry?.cancel()
      this.#drop(owned)
    }
    this.#session.unassign(partitions)
    this.#goOn()
  }

  /** Forgets partitions. */
  remove(partitions: readonly OwnedPartition[]): void {
    this.stop(partitions.filter(({ isReading }) => isReading))
    for (const owned of partitions) {
      const name = partitionName(owned)
      if (this.#partitions.get(name) === owned) this.#partitions.delete(name)
    }
  }

  /** Reads on from elsewhere. A partition that is not read is passed over, as in `pause`: a client may
   *  not have heard yet that it is to be given up. */
  seek(name: TopicPartition, start: Position): void {
    const owned = this.#reading(name)
    if (owned === undefined) return
    this.#drop(owned)
    this.#seek(owned, start)
    this.#goOn()
  }

  pause(names: readonly TopicPartition[]): void {
    for (const name of names) {
      const owned = this.#reading(name)
      if (owned === undefined) continue
      owned.isPaused = true
      this.#session.pause([name])
      // What was read and is not sent would stand in the way of the others.
      this.#giveUp(owned)
    }
    this.#goOn()
  }

  resume(names: readonly TopicPartition[]): void {
    for (const name of names) {
      const owned = this.#reading(name)
      if (owned === undefined) continue
      owned.isPaused = false
      this.#session.resume([name])
    }
  }

  /** The client is done with all messages up to this one. */
  acknowledge(sequence: number): void {
    for (const owned of this.sent.acknowledge(sequence)) this.#hooks.drained(owned)
    this.#goOn()
  }

  /** The sink takes more, after it had returned false. */
  resumeSink(): void {
    this.#isSinkOpen = true
    this.#goOn()
  }

  /** Reads and sends nothing more. */
  close(): void {
    this.#isClosed = true
    this.#push = null
    this.#count()
    this.#options.memory.leave(this)
    this.#announced.clear()
    for (const { retry } of this.#partitions.values()) retry?.cancel()
    this.#session.close()
  }

  /** For the memory: no session has to wait for what a client is not done with. */
  roomFreed(): void {}

  /** For the memory: what can't be sent now is read again later. */
  hurry(): void {
    if (this.#push === null || this.#isReady) return
    this.#giveUp(this.#partitions.get(partitionName(this.#push.event))!)
  }

  /** For the fetch session. */
  batches(event: PushedBatches): boolean {
    this.#announce()
    if (this.#reading(event) !== undefined) {
      this.#guard(() => {
        this.#push = new RecordUnpacking(event, this.#options.openBatch)
        this.#count()
      })
      this.#deliver()
    }
    return this.#push === null && this.#isReady
  }

  /** For the fetch session. */
  state(state: PartitionState): boolean {
    const owned = this.#reading(state)
    if (owned === undefined) return true
    if (state.error !== null) {
      this.#refused(owned, state.error)
      return true
    }
    owned.nextOffset = state.nextOffset
    if (!owned.announces) return true
    owned.announces = false
    owned.acknowledgedOffset = state.nextOffset
    if (this.#announced.size === 0) this.#options.clock.endOfTurn(() => this.#announce())
    this.#announced.add(owned)
    return true
  }

  /** For the fetch session. */
  heartbeat(timeMs: number): void {
    this.#hooks.heartbeat(timeMs)
  }

  get #isReady(): boolean {
    return this.#isSinkOpen && !this.sent.isFull
  }

  #reading(name: TopicPartition): OwnedPartition | undefined {
    const owned = this.#partitions.get(partitionName(name))
    return owned?.isReading === true ? owned : undefined
  }

  /** Tells where partitions begin, those of one turn together, and before any of their records. */
  #announce(): void {
    const current = [...this.#announced].filter((owned) => owned.isReading && owned.nextOffset >= 0)
    this.#announced.clear()
    const positions = current.map((owned) => {
      const { nextOffset, committedOffset } = owned
      owned.isAnnounced = true
      return { ...nameOf(owned), nextOffset, committedOffset }
    })
    if (positions.length > 0) this.#hooks.assigned(positions)
  }

  #refused(owned: OwnedPartition, error: BrokerError): void {
    if (error.code === 'OFFSET_OUT_OF_RANGE') {
      this.#guard(() => this.#seek(owned, this.#resetPosition(owned, error)))
    } else if (error.retriable && error.code !== 'CORRUPT_MESSAGE') {
      owned.retry?.cancel()
      owned.retry = this.#options.clock.after(RETRY_MS, () => this.#tryAgain(owned))
    } else this.#hooks.failed(error)
  }

  #tryAgain(owned: OwnedPartition): void {
    // A topic that was deleted, and may have been made anew, is not the one that is owned.
    if (!owned.isReading || this.#options.topicOf(owned.topicId) !== owned.topic) return
    this.#session.seek({ ...nameOf(owned), start: placeOf(owned), tag: 0 })
  }

  /** @throws BrokerError OFFSET_OUT_OF_RANGE when the client wants no reset */
  #resetPosition(name: TopicPartition, cause?: BrokerError): Position {
    const { offsetReset } = this.#options
    if (offsetReset !== 'none') return { kind: offsetReset }
    const message =
      cause === undefined
        ? 'The group has committed no offset for the partition, and the session resets none'
        : 'The partition does not hold the offset of the group any more, and the session resets none'
    throw new BrokerError('OFFSET_OUT_OF_RANGE', { ...cause?.facts, ...nameOf(name), message })
  }

  #seek(owned: OwnedPartition, start: Position): void {
    owned.start = start
    owned.nextOffset = -1
    owned.generation += 1
    owned.announces = true
    this.#session.seek({ ...nameOf(owned), start, tag: 0 })
  }

  /** Drops what was read of a partition and not sent. @returns whether there was anything */
  #drop(owned: OwnedPartition): boolean {
    const push = this.#push
    if (push === null || partitionName(push.event) !== partitionName(owned)) return false
    this.#push = null
    this.#count()
    this.#session.credit(push.event.batches.byteLength)
    return true
  }

  /** The same, to read it again. */
  #giveUp(owned: OwnedPartition): void {
    if (!this.#drop(owned)) return
    this.#session.seek({ ...nameOf(owned), start: placeOf(owned), tag: 0 })
    owned.announces = false
  }

  #count(): void {
    const heldBytes = this.#push?.heldBytes ?? 0
    this.#options.memory.take(heldBytes - this.#heldBytes)
    this.#heldBytes = heldBytes
  }

  /** Sends on, where there was no room before and is now. */
  #goOn(): void {
    if (this.#isClosed || !this.#isReady) return
    this.#deliver()
    if (this.#push === null && this.#isReady) this.#session.resumeSink()
  }

  #deliver(): void {
    this.#guard(() => {
      while (this.#push !== null && this.#isReady && !this.#isClosed) this.#send(this.#push)
    })
    // The client may be busy with what it has for minutes.
    if (this.#push !== null) this.#options.memory.hoard(this)
  }

  #send(push: RecordUnpacking): void {
    const owned = this.#partitions.get(partitionName(push.event))!
    const { roomBytes } = this.sent
    const { records, sizeBytes } = push.take({
      fromOffset: owned.nextOffset,
      endOffset: null,
      maxRecords: Math.min(this.#options.maxRecords, Math.ceil(roomBytes / RECORD_OVERHEAD_BYTES)),
      maxBytes: Math.min(messageBytes(this.#options.memory), roomBytes),
    })
    const last = records.at(-1)
    if (last !== undefined) owned.nextOffset = last.record.offset + 1
    if (push.isDone) {
      this.#push = null
      owned.nextOffset = Math.max(owned.nextOffset, push.endOffset)
      this.#session.credit(push.event.batches.byteLength)
    }
    this.#count()
    const { nextOffset: endOffset } = owned
    if (records.length === 0) {
      this.sent.passOver(owned, endOffset)
      return
    }
    const bytes = sizeBytes + records.length * RECORD_OVERHEAD_BYTES
    const { leaderEpoch } = push
    const sequence = this.sent.add(owned, { endOffset, leaderEpoch, sizeBytes: bytes })
    this.#isSinkOpen = this.#hooks.records({ sequence, records, sizeBytes: bytes })
  }

  /** What is stored and can't be read ends the session: it can't skip anything silently. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#hooks.failed(BrokerError.from(error))
    }
  }
}

function nameOf({ topic, partition }: TopicPartition): { topic: string; partition: number } {
  return { topic, partition }
}

/** Where to read on: where it was, or where it was to begin. */
function placeOf({ start, nextOffset: offset }: OwnedPartition): Position {
  return offset < 0 ? start : { kind: 'offset', offset }
}
