// The producers of one partition log: who they are, which batches and transactions of theirs are in the
// log, and the snapshots from which that is known again after a stop.
//
//   append   producer-table.ts
//   written  a snapshot every 8 MiB, and where a segment begins
//   opened   newest snapshot ─► the batches behind it
//
// Everything here agrees with the log up to its end, batches that wait to be written among them. When
// the log loses its end, by a cut or by a failed disk, `reload` begins anew with what is left.

import type { Clock } from '../../io/clock.ts'
import type { File, FileSystem } from '../../io/file-system.ts'
import type { StorageCore } from '../../wasm/storage-core.ts'
import type { Appended } from '../partition-log-options.ts'
import { readInPool, readNow } from '../segment/reading.ts'
import type { Segment } from '../segment/segment.ts'
import type { SegmentList } from '../segment/segment-list.ts'
import type { RecentBatch } from './producer-entry.ts'
import { ProducerMemory } from './producer-memory.ts'
import { replaySegment } from './producer-replay.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { ProducerTable } from './producer-table.ts'

export interface LogProducersOptions {
  readonly files: FileSystem
  readonly clock: Clock
  readonly core: StorageCore
  /** The partition's directory. */
  readonly directory: string
  /** Shared by the logs of a broker. Default: one for this log alone. */
  readonly producerMemory?: ProducerMemory
  /** Bytes of the log between two snapshots. Default: 8 MiB. */
  readonly snapshotBytes?: number
}

/** A snapshot of nobody takes the event loop about 0.1 ms, as a third of a megabyte does. Fewer, and a
 *  start after a crash reads more headers of each log. */
const SNAPSHOT_BYTES = 8 * 1024 * 1024

/** Large snapshots are written less often: so many times their size between two. */
const BYTES_A_SNAPSHOT_BYTE = 8

export class LogProducers {
  /** What is known. */
  readonly table: ProducerTable
  readonly #core: StorageCore
  readonly #snapshots: ProducerSnapshots
  readonly #snapshotBytes: number
  /** Bytes that have to be written before there is another snapshot. */
  #leftBytes: number

  /** Knows nobody yet. @throws the system's error */
  constructor(options: LogProducersOptions) {
    const { files, directory, clock, core, producerMemory = new ProducerMemory() } = options
    this.table = new ProducerTable(clock, producerMemory)
    this.#core = core
    const crc32c = core.crc32c.bind(core)
    this.#snapshots = new ProducerSnapshots({ files, directory, crc32c })
    this.#snapshotBytes = options.snapshotBytes ?? SNAPSHOT_BYTES
    this.#leftBytes = this.#snapshotBytes
  }

  /**
   * The log has written bytes, and all that it has. Now and then that makes a snapshot, which is not
   * synced: without it more of the log is read at the next start.
   *
   * @throws the system's error
   */
  wrote(sizeBytes: number, segments: SegmentList): void {
    this.#leftBytes -= sizeBytes
    if (this.#leftBytes > 0) return
    this.#save(segments.active.nextOffset).close()
    this.#thinOut(segments)
  }

  /**
   * The active segment begins. All of the log is written.
   *
   * @returns resolves when the snapshot is on disk, if it says anything
   * @throws the system's error, when it could not be written
   */
  rolled(segments: SegmentList): Promise<void> | null {
    const file = this.#save(segments.active.baseOffset)
    const isWorthSyncing = this.table.size > 0
    const synced = isWorthSyncing ? file.sync().finally(() => file.close()) : null
    if (!isWorthSyncing) file.close()
    this.#thinOut(segments)
    return synced
  }

  /** The log is closed, and all of it on disk. A directory sync has to follow. @throws the system's error */
  closing(endOffset: number, segments: SegmentList): void {
    if (this.#snapshots.newest === endOffset) return
    const file = this.#save(endOffset)
    try {
      if (this.table.size > 0) file.syncNow()
    } finally {
      file.close()
    }
    this.#thinOut(segments)
  }

  /** Nobody asks any more. */
  close(): void {
    this.table.clear()
  }

  /** Segments were removed from the front. @throws the system's error */
  trimmed(segments: SegmentList): void {
    this.#snapshots.removeBelow(segments.first.baseOffset)
  }

  /** The log will end here: what was known above must not come back. A directory sync has to follow.
   *  @throws the system's error */
  cut(endOffset: number): void {
    this.#snapshots.removeAbove(endOffset)
  }

  /** Begins anew with what the log holds. Blocks. @throws the system's error */
  reload(segments: SegmentList, endOffset: number): void {
    const fromOffset = this.#restore(endOffset)
    for (const segment of behind([...segments], fromOffset))
      readNow(this.#replay(segment, fromOffset))
  }

  /**
   * As `reload`, when the log is opened and all of it on disk. What lies below the last segment is read
   * off the event loop. A directory sync has to follow.
   *
   * @param wasClean the last stop was a clean one. Without a snapshot nobody is known then: the log was
   *   written by a version that made none, or by no producer with an id
   */
  async load(segments: readonly Segment[], endOffset: number, wasClean: boolean): Promise<void> {
    const fromOffset = this.#restore(endOffset)
    if (wasClean && this.#snapshots.newest === null) return
    for (const segment of behind(segments, fromOffset)) {
      const replay = this.#replay(segment, fromOffset)
      if (segment === segments.at(-1)) {
        readNow(replay)
      } else {
        await readInPool(replay)
        segment.release()
      }
    }
  }

  /** @returns where the batches begin that the newest snapshot does not know of */
  #restore(endOffset: number): number {
    this.table.clear()
    this.#snapshots.removeAbove(endOffset)
    this.#leftBytes = this.#snapshotBytes
    const loaded = this.#snapshots.load()
    if (loaded !== null) this.table.restore(loaded.entries)
    return loaded?.offset ?? 0
  }

  #replay(segment: Segment, fromOffset: number): ReturnType<typeof replaySegment> {
    const { table } = this
    return replaySegment(this.#core, segment, fromOffset, {
      batch: (batch) => {
        table.appended(table.entryFor(batch)!, batch, batch.baseOffset, batch.lastOffset)
      },
      marker: (end, { lastOffset, maxTimestamp }) => {
        table.ended(end, lastOffset, maxTimestamp)
      },
    })
  }

  #save(offset: number): File {
    const { file, sizeBytes } = this.#snapshots.write(offset, this.table)
    this.#leftBytes = Math.max(this.#snapshotBytes, sizeBytes * BYTES_A_SNAPSHOT_BYTE)
    return file
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

/** The answer that a batch got when it came first. */
export function answerTo({ lastOffset, offsetDelta, timestamp }: RecentBatch): Appended {
  const baseOffset = lastOffset - offsetDelta
  return { baseOffset, lastOffset, maxTimestamp: timestamp, isRepeat: true }
}
