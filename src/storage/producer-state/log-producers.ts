// The producers of one partition log: who they are, which batches and transactions of theirs are in the
// log, and the snapshots from which that is known again after a stop.
//
//   append   producer-table.ts
//   written  a snapshot every 8 MiB but no more than 4 a second, and where a segment begins
//   opened   newest snapshot ─► the batches behind it, and the aborted transactions among them
//
// A snapshot stands for the .txnindex files as well: it is written once their entries below it are on disk,
// so those entries are believed, and the others are made anew from the markers behind it.
//
// Everything here agrees with the log up to its end, batches that wait to be written among them. When
// the log loses its end, by a cut or by a failed disk, `reload` begins anew with what is left.

import type { Clock } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import type { StorageCore } from '../../wasm/storage-core.ts'
import type { Appended } from '../partition-log-options.ts'
import { readInPool, readNow, type Reading } from '../segment/reading.ts'
import type { Segment } from '../segment/segment.ts'
import type { SegmentList } from '../segment/segment-list.ts'
import type { TxnIndex } from '../segment/txn-index.ts'
import type { RecentBatch } from './producer-entry.ts'
import { ProducerMemory } from './producer-memory.ts'
import { replaySegment, type ProducerReplay } from './producer-replay.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { ProducerTable, type AbortedTransaction } from './producer-table.ts'

export interface LogProducersOptions {
  readonly files: FileSystem
  readonly clock: Clock
  readonly core: StorageCore
  /** The partition's directory. */
  readonly directory: string
  /** Shared by the logs of a broker. Default: one for this log alone. */
  readonly producerMemory?: ProducerMemory
  /** Default: DEFAULT_PACE. */
  readonly snapshotPace?: SnapshotPace
}

/** What lies between two snapshots of a log at least. */
export interface SnapshotPace {
  /** Bytes that were written. */
  readonly bytes: number
  readonly ms: number
}

interface WaitingSnapshot {
  readonly offset: number
  readonly bytes: Buffer
  readonly written: Promise<void>
}

/** A snapshot of nobody takes the event loop about 0.1 ms, as a third of a megabyte does; and up to 20 ms
 *  while the file system commits, since it makes a file. Fewer, and a start after a crash reads more headers
 *  of each log. */
const DEFAULT_PACE: SnapshotPace = { bytes: 8 * 1024 * 1024, ms: 250 }

/** Large snapshots are written less often: so many times their size between two. */
const BYTES_A_SNAPSHOT_BYTE = 8

/** What a start knows of the stop before. */
export interface LastStop {
  /** It was a clean one. Without a snapshot nobody is known then: the log was written by a version that
   *  made none, or by no producer with an id. */
  readonly wasClean: boolean
  /** Batches from here on may have been lost, while later ones are there; Infinity for nowhere. */
  readonly holeOffset: number
}

export class LogProducers {
  /** What is known. */
  readonly table: ProducerTable
  readonly #clock: Clock
  readonly #core: StorageCore
  readonly #snapshots: ProducerSnapshots
  readonly #pace: SnapshotPace
  /** Bytes that have to be written before there is another snapshot. */
  #leftBytes: number
  /** There is none before, on the monotonic clock. */
  #notBeforeMs = 0
  /** Snapshots that wait for an index of aborted transactions, or for one that does, in their order. */
  #waiting: WaitingSnapshot[] = []

  /** Knows nobody yet. @throws the system's error */
  constructor(options: LogProducersOptions) {
    const { files, directory, clock, core, producerMemory = new ProducerMemory() } = options
    this.table = new ProducerTable(clock, producerMemory)
    this.#clock = clock
    this.#core = core
    const crc32c = core.crc32c.bind(core)
    this.#snapshots = new ProducerSnapshots({ files, directory, crc32c })
    this.#pace = options.snapshotPace ?? DEFAULT_PACE
    this.#leftBytes = this.#pace.bytes
  }

  /**
   * The log has written bytes, and all that it has. Now and then that makes a snapshot, which is not
   * synced: without it more of the log is read at the next start.
   *
   * @returns resolves when the snapshot is written; null when it is, or there is none
   * @throws the system's error
   */
  wrote(sizeBytes: number, segments: SegmentList): Promise<void> | null {
    this.#leftBytes -= sizeBytes
    if (this.#leftBytes > 0 || this.#waiting.length > 0) return null
    if (this.#clock.monotonicMs() < this.#notBeforeMs) return null
    const { active } = segments
    return this.#save(active.nextOffset, active.txnIndex, (offset, bytes) => {
      this.#snapshots.write(offset, bytes).close()
      this.#thinOut(segments)
    })
  }

  /**
   * The active segment begins, behind one that was closed. All of the log is written.
   *
   * @returns resolves when the snapshot is on disk; null when it is written and says nothing
   * @throws the system's error, when it could not be written
   */
  rolled(closed: Segment, segments: SegmentList): Promise<void> | null {
    const isWorthSyncing = this.table.size > 0
    return this.#save(segments.active.baseOffset, closed.txnIndex, (offset, bytes) => {
      const synced = isWorthSyncing ? this.#snapshots.writeSynced(offset, bytes) : null
      if (!isWorthSyncing) this.#snapshots.write(offset, bytes).close()
      this.#thinOut(segments)
      return synced
    })
  }

  /** Writes what is known as a synced snapshot. The log ends here, and all of it is on disk with its
   *  indexes. A directory sync has to follow. @throws the system's error */
  keep(endOffset: number, segments: SegmentList): void {
    for (const { offset, bytes } of this.#waiting) this.#snapshots.writeSyncedNow(offset, bytes)
    this.#waiting = []
    this.#keepAt(endOffset)
    this.#thinOut(segments)
  }

  /** Nobody asks any more. */
  close(): void {
    this.#waiting = []
    this.table.clear()
  }

  /** Segments were removed from the front. @throws the system's error */
  trimmed(segments: SegmentList): void {
    this.#snapshots.removeBelow(segments.first.baseOffset)
  }

  /** The log will end here: what was known above must not come back. A directory sync has to follow.
   *  @throws the system's error */
  cut(endOffset: number): void {
    this.#waiting = []
    this.#snapshots.removeAbove(endOffset)
  }

  /** Begins anew with what the log holds, and makes anew what the indexes of aborted transactions are not
   *  believed of. All of that is on disk then. Blocks. @throws the system's error */
  reload(segments: SegmentList, endOffset: number): void {
    const all = [...segments]
    const fromOffset = this.#restore(endOffset)
    this.#cutAborted(all, fromOffset)
    for (const segment of behind(all, fromOffset)) {
      if (segment.baseOffset >= Math.max(1, fromOffset)) this.#keepAt(segment.baseOffset)
      readNow(this.#replay(segment, fromOffset, all))
      segment.txnIndex.syncNow()
    }
    this.#snapshots.syncNamesNow()
  }

  /**
   * As `reload`, when the log is opened and all of it on disk. What lies below the last segment is read
   * off the event loop. A directory sync has to follow.
   *
   * @param stop how the last one was
   */
  async load(
    segments: readonly Segment[],
    endOffset: number,
    { wasClean, holeOffset }: LastStop,
  ): Promise<void> {
    const isUnknown = wasClean && this.#snapshots.newest === null
    // A snapshot behind a hole knows of batches that are lost, and would answer for them.
    const fromOffset = isUnknown ? endOffset : this.#restore(Math.min(endOffset, holeOffset))
    this.#cutAborted(segments, fromOffset)
    for (const segment of behind(segments, fromOffset)) {
      // The stop may have come before it was on disk: then nothing in front could be removed.
      if (segment.baseOffset >= Math.max(1, fromOffset)) this.#keepAt(segment.baseOffset)
      const replay = this.#replay(segment, fromOffset, segments)
      if (segment === segments.at(-1)) readNow(replay)
      else await readInPool(replay)
      segment.txnIndex.syncNow()
      if (segment !== segments.at(-1)) segment.release()
    }
  }

  /** As `LoadAborted`; what is built anew is of the segment's batches. @throws the system's error */
  *loadAborted(segment: Segment, segments: Iterable<Segment>): Reading<void> {
    if (yield* segment.txnIndex.load()) return
    const { baseOffset } = segment
    const loaded = this.#snapshots.loadAtOrBelow(baseOffset)
    const table = new ProducerTable(this.#clock, new ProducerMemory({ maxProducerIds: Infinity }))
    if (loaded !== null) table.restore(loaded.entries)
    const fromOffset = loaded?.offset ?? 0
    const aborted: AbortedTransaction[] = []
    for (const each of behind([...segments], fromOffset)) {
      if (each.baseOffset > baseOffset) break
      const replay = intoTable(table, (one) => {
        if (each === segment) aborted.push(one)
      })
      yield* replaySegment(this.#core, each, fromOffset, replay)
    }
    segment.txnIndex.replace(aborted)
  }

  /** @returns where the batches begin that the newest snapshot does not know of */
  #restore(endOffset: number): number {
    this.table.clear()
    this.#waiting = []
    this.#snapshots.removeAbove(endOffset)
    this.#leftBytes = this.#pace.bytes
    const loaded = this.#snapshots.load()
    if (loaded !== null) this.table.restore(loaded.entries)
    return loaded?.offset ?? 0
  }

  /**
   * A segment that ends where the snapshot stands may have been cut there: its index is not believed of
   * what was behind.
   */
  #cutAborted(segments: readonly Segment[], fromOffset: number): void {
    const cut = segments.findLast(({ baseOffset }) => baseOffset < fromOffset)
    if (cut === undefined) return
    readNow(this.loadAborted(cut, segments))
    cut.txnIndex.cutAtOffset(fromOffset)
    cut.txnIndex.syncNow()
  }

  *#replay(segment: Segment, fromOffset: number, segments: Iterable<Segment>): Reading<void> {
    yield* this.loadAborted(segment, segments)
    segment.txnIndex.cutAtOffset(fromOffset)
    const replay = intoTable(this.table, (aborted) => segment.txnIndex.append(aborted))
    yield* replaySegment(this.#core, segment, fromOffset, replay)
  }

  /**
   * Writes what is known now as the snapshot at `offset`, once `index` is on disk, and what waits before.
   *
   * @returns null when it is written
   */
  #save(
    offset: number,
    index: TxnIndex,
    write: (offset: number, bytes: Buffer) => Promise<void> | null | void,
  ): Promise<void> | null {
    const bytes = this.#snapshots.encode(this.table)
    this.#leftBytes = Math.max(this.#pace.bytes, bytes.byteLength * BYTES_A_SNAPSHOT_BYTE)
    this.#notBeforeMs = this.#clock.monotonicMs() + this.#pace.ms
    const before = this.#waiting.at(-1)
    if (index.isOnDisk && before === undefined) return write(offset, bytes) ?? null

    // After a failure nothing that waits is written: the log is offline, until `reload`.
    const written = Promise.all([before?.written, index.sync()]).then(async () => {
      if (this.#waiting[0] !== waiting) return // it is not so any more, or was written by others
      await write(offset, bytes)
      // The round that has synced the names of what the log was rolled to may be over.
      await this.#snapshots.syncNames()
      if (this.#waiting[0] === waiting) this.#waiting.shift()
    })
    const waiting: WaitingSnapshot = { offset, bytes, written }
    this.#waiting.push(waiting)
    return written
  }

  /** Writes what is known as the snapshot at `offset`, on disk if it says anything. */
  #keepAt(offset: number): void {
    const isWorthSyncing = this.table.size > 0
    const { newest, newestOnDisk } = this.#snapshots
    if (offset === (isWorthSyncing ? newestOnDisk : newest)) return
    const bytes = this.#snapshots.encode(this.table)
    if (isWorthSyncing) this.#snapshots.writeSyncedNow(offset, bytes)
    else this.#snapshots.write(offset, bytes).close()
  }

  #thinOut(segments: SegmentList): void {
    this.#snapshots.thinOut((offset) => {
      return segments.at(segments.floorIndex(offset))!.baseOffset === offset
    })
  }
}

/** The segments that have batches at or above an offset. */
function behind(segments: readonly Segment[], fromOffset: number): readonly Segment[] {
  const first = segments.findLastIndex(({ baseOffset }) => baseOffset <= fromOffset)
  return segments.slice(Math.max(0, first))
}

/** Takes in what is read back. @param onAborted is told of transactions that were aborted */
function intoTable(
  table: ProducerTable,
  onAborted: (aborted: AbortedTransaction) => void,
): ProducerReplay {
  return {
    batch: (batch) => {
      table.appended(table.entryFor(batch)!, batch, batch.baseOffset, batch.lastOffset)
    },
    marker: (end, { lastOffset, maxTimestamp }) => {
      const aborted = table.ended(end, lastOffset, maxTimestamp)
      if (aborted !== null) onAborted(aborted)
    },
  }
}

/** The answer that a batch got when it came first. */
export function answerTo({ lastOffset, offsetDelta, timestamp }: RecentBatch): Appended {
  const baseOffset = lastOffset - offsetDelta
  return { baseOffset, lastOffset, maxTimestamp: timestamp, isRepeat: true }
}
