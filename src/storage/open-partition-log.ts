// Opens the log of a partition: makes its directory, or finds out what a stop left in it.

import { BrokerError } from '../base/errors.ts'
import type { FileSystem } from '../io/file-system.ts'
import { recoverSwaps } from './compaction/swap-recovery.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { PartitionLog, type PartitionLogOptions } from './partition-log.ts'
import { placeOf, type LogPlace } from './partition-log-options.ts'
import { LogProducers } from './producer-state/log-producers.ts'
import { readPartitionMetadata, writePartitionMetadata } from './partition-metadata.ts'
import { recoverTail, type RecoveryReport } from './recovery.ts'
import { readInPool, type Reading } from './segment/reading.ts'
import {
  LEFTOVER_SUFFIXES,
  parseSegmentFileName,
  type SegmentSuffix,
} from './segment/segment-files.ts'
import { Segment } from './segment/segment.ts'
import { BatchWalk } from './segment/batch-walk.ts'

export interface OpenLogOptions extends PartitionLogOptions {
  /** Below it the log is known to be on disk. 0 when nothing is known. */
  readonly recoveryPoint: number
  /** First offset that may be read. 0 when nothing is known. */
  readonly logStartOffset: number
  /** The last stop was a clean one: the log is on disk to its end, and its indexes are right. */
  readonly cleanShutdown: boolean
  /** Is told how many bytes were checked since the last call. */
  readonly onProgress?: (scannedBytes: number) => void
}

export interface OpenedLog {
  readonly log: PartitionLog
  readonly report: RecoveryReport
  /** What was odd and was put right, in sentences for the log. */
  readonly notes: readonly string[]
}

/**
 * Opens a partition's log, and makes it when it does not exist. All of it is on disk afterwards.
 *
 * A bad tail never stops the opening. What is damaged below the recovery point stays, is reported,
 * and gives CORRUPT_MESSAGE to who reads it.
 *
 * @throws BrokerError INCONSISTENT_TOPIC_ID when the directory belongs to another topic;
 *   KAFKA_STORAGE_ERROR when the disk fails
 */
export async function openPartitionLog(options: OpenLogOptions): Promise<OpenedLog> {
  try {
    return await new LogOpening(options).run()
  } catch (error) {
    if (error instanceof BrokerError) throw error
    const { topic, partition } = options
    throw new BrokerError('KAFKA_STORAGE_ERROR', { topic, partition }, error)
  }
}

class LogOpening {
  readonly #options: OpenLogOptions
  readonly #files: FileSystem
  readonly #place: LogPlace
  readonly #epochs: LeaderEpochs
  readonly #notes: string[] = []

  constructor(options: OpenLogOptions) {
    const { files, directory } = options
    this.#options = options
    this.#files = files
    this.#place = placeOf(options)
    this.#epochs = new LeaderEpochs(files, directory)
  }

  async run(): Promise<OpenedLog> {
    const { directory, recoveryPoint, logStartOffset } = this.#options
    this.#claimDirectory()
    const found = this.#openSegments()
    const isNew = found.length === 0
    if (isNew) found.push(Segment.create(this.#place, Math.max(logStartOffset, recoveryPoint)))
    const epochsRead = this.#epochs.load()
    const tail = await recoverTail({
      core: this.#options.core,
      segments: found,
      recoveryPoint: this.#firstToCheck,
      cleanShutdown: this.#options.cleanShutdown,
      compacted: this.#options.config.cleanupPolicy.includes('compact'),
      onBatch: (epoch, baseOffset) => this.#noteEpoch(epoch, baseOffset),
      onProgress: this.#options.onProgress ?? (() => undefined),
    })
    for (const segment of tail.removed) this.#discard(segment)
    const segments = [...tail.segments]
    const logEndOffset = Math.max(tail.nextOffset, recoveryPoint, logStartOffset)
    const report = this.#reportMissing(tail.report, segments.at(-1)!, logEndOffset)
    if (this.#needsNewSegment(report, segments.at(-1)!, logEndOffset)) {
      segments.push(Segment.create(this.#place, logEndOffset))
    }
    if (epochsRead.state !== 'read' && !isNew) {
      if (epochsRead.state === 'malformed') {
        this.#notes.push(`leader-epoch-checkpoint ${epochsRead.reason}; made anew from the batches`)
      }
      await readInPool(this.#rebuildEpochs(segments))
    }
    this.#epochs.truncateFromEnd(logEndOffset)
    this.#bringToDisk(segments, report)
    const producers = new LogProducers(this.#options)
    await producers.load(segments, logEndOffset, {
      wasClean: this.#options.cleanShutdown,
      holeOffset: tail.holeOffset,
    })
    this.#files.syncDirectory(directory)
    const startOffset = Math.max(logStartOffset, segments[0]!.baseOffset)
    const place = this.#place
    const state = { segments, place, epochs: this.#epochs, producers, logEndOffset }
    const log = new PartitionLog(this.#options, { ...state, logStartOffset: startOffset })
    return { log, report, notes: this.#notes }
  }

  /**
   * Nothing below the log start is needed, and a power cut may have brought some of the removed
   * segments back and not others: a gap there ends nothing.
   */
  get #firstToCheck(): number {
    return Math.max(this.#options.recoveryPoint, this.#options.logStartOffset)
  }

  #claimDirectory(): void {
    const { directory, topic, partition, topicId } = this.#options
    if (!this.#files.isDirectory(directory)) {
      this.#files.makeDirectory(directory)
      this.#files.syncDirectory(directory.slice(0, directory.lastIndexOf('/')) || '/')
    }
    const read = readPartitionMetadata(this.#files, directory)
    if (read.state === 'read' && read.topicId !== topicId) {
      const facts = { topic, partition, topic_id: topicId, found_topic_id: read.topicId }
      throw new BrokerError('INCONSISTENT_TOPIC_ID', facts)
    }
    if (read.state === 'malformed') this.#notes.push(`partition.metadata ${read.reason}; replaced`)
    if (read.state !== 'read') writePartitionMetadata(this.#files, directory, topicId)
  }

  /** Opens all segments, and tidies away what interrupted changes left. */
  #openSegments(): Segment[] {
    const { directory } = this.#options
    this.#notes.push(...recoverSwaps(this.#files, directory))
    const names = this.#files.list(directory)
    const sides: SideFile[] = []
    const bases: number[] = []
    for (const name of names) {
      const parsed = parseSegmentFileName(name)
      if (parsed?.suffix === '.log') bases.push(parsed.baseOffset)
      else if (parsed !== null && isIndex(parsed.suffix)) {
        sides.push({ name, ...parsed })
      } else if (LEFTOVER_SUFFIXES.some((suffix) => name.endsWith(suffix))) {
        this.#files.remove(`${directory}/${name}`)
      }
    }
    for (const { name, baseOffset } of sides) {
      if (!bases.includes(baseOffset)) this.#files.remove(`${directory}/${name}`)
    }
    const segments = bases.sort((a, b) => a - b).map((base) => Segment.open(this.#place, base))
    const withAborted = new Set(sides.filter(isOfAborted).map(({ baseOffset }) => baseOffset))
    for (const segment of segments) {
      segment.release()
      // So that who looks for aborted transactions does not look for files that are not there.
      if (!withAborted.has(segment.baseOffset)) segment.txnIndex.startEmpty()
    }
    return segments
  }

  #discard(segment: Segment): void {
    segment.markDeleted()
    segment.release()
    for (const path of segment.deletedPaths) this.#files.remove(path)
  }

  /** Records that were on disk, and are not there any more, at the end of the log. */
  #reportMissing(report: RecoveryReport, last: Segment, logEndOffset: number): RecoveryReport {
    const { recoveryPoint } = this.#options
    if (last.nextOffset >= recoveryPoint) return report
    if (report.damage.at(-1)?.segmentBaseOffset === last.baseOffset) return report
    const missing = {
      segmentBaseOffset: last.baseOffset,
      positionBytes: last.sizeBytes,
      sizeBytes: 0,
      fromOffset: last.nextOffset,
      reason: 'missing' as const,
    }
    this.#notes.push(`the log ends at ${last.nextOffset}; it goes on at ${logEndOffset}`)
    return { ...report, damage: [...report.damage, missing] }
  }

  /** Behind damage, and behind a gap in the offsets, the log goes on in a new segment. */
  #needsNewSegment(report: RecoveryReport, last: Segment, logEndOffset: number): boolean {
    if (last.baseOffset >= logEndOffset) return false
    if (last.nextOffset < logEndOffset) return true
    return report.damage.some(({ segmentBaseOffset }) => segmentBaseOffset === last.baseOffset)
  }

  #noteEpoch(epoch: number, baseOffset: number): void {
    if (epoch > this.#epochs.latestEpoch) this.#epochs.assign(epoch, baseOffset)
  }

  /** Epochs only rise, so a segment is walked over only when another epoch follows it. */
  *#rebuildEpochs(segments: readonly Segment[]): Reading<void> {
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      const first = yield* this.#firstEpoch(segment)
      if (first === null) continue
      this.#noteEpoch(first, segment.baseOffset)
      const following = next === undefined ? null : yield* this.#firstEpoch(next)
      if (following === first) continue
      const walk = new BatchWalk({
        source: segment,
        fromBytes: 0,
        endBytes: segment.sizeBytes,
        fromOffset: segment.baseOffset,
      })
      while ((yield* walk.next()) === 'batch') {
        this.#noteEpoch(walk.frame.leaderEpoch, walk.frame.baseOffset)
      }
    }
  }

  *#firstEpoch(segment: Segment): Reading<number | null> {
    const walk = new BatchWalk({
      source: segment,
      fromBytes: 0,
      endBytes: segment.sizeBytes,
      fromOffset: segment.baseOffset,
      chunkBytes: 64,
    })
    return (yield* walk.next()) === 'batch' ? walk.frame.leaderEpoch : null
  }

  /** What recovery has read may stand in the page cache alone, and indexes were built anew. */
  #bringToDisk(segments: readonly Segment[], report: RecoveryReport): void {
    const { cleanShutdown } = this.#options
    for (const [index, segment] of segments.entries()) {
      const isLast = index === segments.length - 1
      const end = segments[index + 1]?.baseOffset ?? Infinity
      const wasRead = cleanShutdown ? isLast : end > this.#firstToCheck
      if (!wasRead) continue
      if (!cleanShutdown || report.cutBytes > 0) segment.open().syncNow()
      if (isLast) continue
      segment.seal()
      segment.syncIndexesNow()
      segment.release()
    }
  }
}

interface SideFile {
  readonly name: string
  readonly baseOffset: number
  readonly suffix: SegmentSuffix
}

function isOfAborted({ suffix }: SideFile): boolean {
  return suffix === '.txnindex'
}

function isIndex(suffix: SegmentSuffix): boolean {
  return suffix === '.index' || suffix === '.timeindex' || suffix === '.txnindex'
}
