// The end of a log, where it grows: batches get their offsets at once, wait for the end of the turn, and
// are written together; when the active segment is full, the log goes on in a new one.
//
//   append ─► checked, offsets and epoch written into it ─► pending
//   end of the turn, or 4 MiB pending ─► one write ─► written: the listener is told
//
// Nothing here waits for the disk, and nothing is durable yet: sync-marks.ts knows what is.

import assert from 'node:assert'
import { BrokerError } from '../base/errors.ts'
import type { Clock } from '../io/clock.ts'
import { setBaseOffset, setLeaderEpoch } from '../record/batch-header.ts'
import { markerBatch } from '../record/control-record.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { LogHealth } from './log-health.ts'
import type { Appended, BatchInfo, LogPlace } from './partition-log-options.ts'
import { answerTo, type LogProducers } from './producer-state/log-producers.ts'
import type { TransactionEnd } from './producer-state/producer-table.ts'
import type { VerificationGuard } from './producer-state/verifications.ts'
import { PendingBatches } from './segment/pending-batches.ts'
import { readNow } from './segment/reading.ts'
import type { SegmentList } from './segment/segment-list.ts'
import type { SegmentRoller } from './segment/segment-roller.ts'
import type { SyncMarks } from './sync-marks.ts'
import type { TurnWrites } from './turn-writes.ts'

/** Bytes of one log that may wait for the end of the turn. More are written at once. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024

/** The other parts of a log, which its end works on. */
export interface LogTailParts {
  readonly topic: string
  readonly partition: number
  readonly clock: Clock
  readonly core: StorageCore
  readonly place: LogPlace
  readonly segments: SegmentList
  readonly epochs: LeaderEpochs
  readonly producers: LogProducers
  readonly marks: SyncMarks
  readonly health: LogHealth
  readonly roller: SegmentRoller
  readonly turnWrites: TurnWrites
  /** Where the log ends. All of it is written. */
  readonly logEndOffset: number
  /** The written offset has moved. */
  readonly onWritten: () => void
}

export class LogTail {
  readonly #parts: LogTailParts
  readonly #pending = new PendingBatches()
  #logEndOffset: number
  #writtenOffset: number
  #leaderEpoch: number
  #closed = false

  constructor(parts: LogTailParts) {
    this.#parts = parts
    this.#logEndOffset = parts.logEndOffset
    this.#writtenOffset = parts.logEndOffset
    this.#leaderEpoch = Math.max(0, parts.epochs.latestEpoch)
  }

  get logEndOffset(): number {
    return this.#logEndOffset
  }

  get writtenOffset(): number {
    return this.#writtenOffset
  }

  /** The epoch that batches are stamped with. */
  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** Bytes that wait for the end of the turn. */
  get pendingBytes(): number {
    return this.#pending.sizeBytes
  }

  /** See `PartitionLog.startLeaderEpoch`. */
  startLeaderEpoch(leaderEpoch: number): void {
    const { epochs } = this.#parts
    this.#leaderEpoch = Math.max(leaderEpoch, epochs.latestEpoch)
    epochs.assign(this.#leaderEpoch, this.#logEndOffset)
  }

  /** See `PartitionLog.append`. */
  append(batch: Buffer, info: BatchInfo, guard: VerificationGuard | null): Appended {
    this.#mustBeOnline()
    this.#checkSize(batch)
    const { table } = this.#parts.producers
    const producer = table.entryFor(info)
    if (producer !== null) {
      const first = table.check(producer, info, guard)
      if (first !== null) return answerTo(first)
    }
    const { lastOffsetDelta, maxTimestamp } = info
    const baseOffset = this.#add(batch, lastOffsetDelta, maxTimestamp)
    const lastOffset = baseOffset + lastOffsetDelta
    if (producer !== null) table.appended(producer, info, baseOffset, lastOffset)
    this.#writeSoon()
    return { baseOffset, lastOffset, maxTimestamp, isRepeat: false }
  }

  /** See `PartitionLog.appendMarker`. */
  appendMarker(end: TransactionEnd, transactionVersion: number): Appended {
    this.#mustBeOnline()
    const { core, clock, producers, segments } = this.#parts
    producers.table.checkMarker(end, transactionVersion)
    const maxTimestamp = clock.now()
    const { outcome: type, coordinatorEpoch } = end
    const batch = markerBatch(core, { type, coordinatorEpoch }, end, maxTimestamp)
    const offset = this.#add(batch, 0, maxTimestamp)
    const aborted = producers.table.ended(end, offset, maxTimestamp)
    if (aborted !== null) segments.active.txnIndex.append(aborted)
    this.#writeSoon()
    return { baseOffset: offset, lastOffset: offset, maxTimestamp, isRepeat: false }
  }

  /** See `PartitionLog.writePending`. */
  writePending(): void {
    if (this.#pending.count === 0) return
    const { segments, health, marks, producers } = this.#parts
    const { buffers, batches } = this.#pending.take()
    const { active } = segments
    const sizeBytes = active.sizeBytes
    health.attempt(() => {
      active.append(buffers, batches)
      active.storeIndexes()
    })
    this.#writtenOffset = active.nextOffset
    const wroteBytes = active.sizeBytes - sizeBytes
    marks.wrote(wroteBytes)
    this.#parts.onWritten()
    const snapshot = health.attempt(() => producers.wrote(wroteBytes, segments))
    if (snapshot !== null) this.#failWith(snapshot)
  }

  /** See `PartitionLog.roll`. */
  roll(): void {
    this.#mustBeOnline()
    this.writePending()
    const { segments, health, marks, producers, roller } = this.#parts
    const closed = segments.active
    if (closed.sizeBytes === 0) return
    health.attempt(() => {
      readNow(closed.ready())
      closed.seal()
      roller.add(this.#logEndOffset)
    })
    // A closed segment below the recovery point is trusted with its indexes, so the point waits.
    const synced = marks.closing(closed)
    const snapshot = health.attempt(() => producers.rolled(closed, segments))
    this.#failWith(Promise.all([closed.syncIndexes(), snapshot]).then(synced))
  }

  /** The log ends at `offset` now, and all of it is written. */
  endAt(offset: number): void {
    this.#logEndOffset = offset
    this.#writtenOffset = offset
  }

  /** The log is offline: what waits is lost, and nothing of it was ever visible. */
  dropPending(): void {
    this.#pending.take()
    this.#logEndOffset = this.#writtenOffset
    this.#parts.segments.active.dropTornWrite()
  }

  /** Nothing is appended or written any more. */
  close(): void {
    this.#closed = true
    this.#pending.take()
  }

  /** Gives a batch the next offsets. @returns its base offset */
  #add(batch: Buffer, lastOffsetDelta: number, maxTimestamp: number): number {
    const { health, roller, epochs } = this.#parts
    const baseOffset = this.#logEndOffset
    const lastOffset = baseOffset + lastOffsetDelta
    assert(lastOffsetDelta >= 0 && Number.isSafeInteger(lastOffset))
    const rolls = health.attempt(() => {
      return roller.isDue(this.#pending, batch.byteLength, lastOffset, maxTimestamp)
    })
    if (rolls) this.roll()

    setBaseOffset(batch, baseOffset)
    setLeaderEpoch(batch, this.#leaderEpoch)
    if (this.#leaderEpoch > epochs.latestEpoch) epochs.assign(this.#leaderEpoch, baseOffset)
    this.#pending.add(batch, lastOffset, maxTimestamp)
    this.#logEndOffset = lastOffset + 1
    return baseOffset
  }

  // What is known of producers is brought up to date before: a write makes a snapshot now and then.
  #writeSoon(): void {
    if (this.#pending.sizeBytes >= MAX_PENDING_BYTES) this.writePending()
    else this.#parts.turnWrites.schedule(this.#writeAtTurnEnd)
  }

  readonly #writeAtTurnEnd = (): void => {
    const { health } = this.#parts
    // The listener is told when that fails: nobody else waits for this call.
    if (!this.#closed && health.offline === null) health.succeeds(() => this.writePending())
  }

  #failWith(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#closed) this.#parts.health.fail(error)
    })
  }

  #checkSize({ byteLength: sizeBytes }: Buffer): void {
    const { topic, partition, place } = this.#parts
    const { segmentBytes } = place.config
    if (sizeBytes <= segmentBytes) return
    throw new BrokerError('RECORD_LIST_TOO_LARGE', { topic, partition, sizeBytes, segmentBytes })
  }

  #mustBeOnline(): void {
    this.#parts.health.check()
    assert(!this.#closed)
  }
}
