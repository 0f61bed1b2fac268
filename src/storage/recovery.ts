// Finds the end of a log after a stop, and makes the files agree with it.
//
//   segments    [0 ─────────)[1000 ───────)[2000 ───────)[3000 ──╌╌╌ torn
//                                      ▲ recovery point
//               └── trusted, not read ─┘└── every batch checked, indexes built ──┘
//
// Everything below the recovery point was synced. A bad batch above it is the tail that a crash
// tore: it is cut, and what follows it too. A bad batch below it is damage: it is reported and left,
// since what follows is good, and cutting would lose acknowledged records. After a clean stop the
// log was synced to its end, so only that is looked for.
//
// The cost is that of the bytes above the recovery point. Source of the rules: apache/kafka,
// LogLoader.java, and Alagappan et al., "Protocol-Aware Recovery" (FAST 2018), for telling a crash
// from damage.

import { MAX_BATCH_BYTES } from '../base/limits.ts'
import { BATCH_HEADER_BYTES } from '../record/layout.ts'
import { BATCH_FAULTS, BatchCheck, batchFaultName } from '../wasm/batch-check.ts'
import type { BatchFaultName } from '../wasm/batch-check.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import { readFrame } from './segment/batch-walk.ts'
import { MAX_RELATIVE_OFFSET } from './segment/offset-index.ts'
import { readNow } from './segment/reading.ts'
import type { Segment } from './segment/segment.ts'

/** Bytes below the recovery point that make no sense. They are left where they are. */
export interface Damage {
  readonly segmentBaseOffset: number
  readonly positionBytes: number
  readonly sizeBytes: number
  /** Records from here on are lost, up to the next batch that is sound. */
  readonly fromOffset: number
  readonly reason: BatchFaultName | 'missing'
}

/** What recovery found and did. */
export interface RecoveryReport {
  readonly scannedBytes: number
  readonly cutBytes: number
  /** Base offsets of segments that went because they follow a torn one. */
  readonly removedSegments: readonly number[]
  readonly damage: readonly Damage[]
}

export interface RecoveryOptions {
  readonly core: StorageCore
  /** By rising base offset, one or more. */
  readonly segments: readonly Segment[]
  readonly recoveryPoint: number
  readonly cleanShutdown: boolean
  /** Compaction may have taken batches out. */
  readonly compacted: boolean
  /** Is told of each batch above the recovery point, in order. */
  readonly onBatch: (leaderEpoch: number, baseOffset: number) => void
  /** Is told how many bytes were checked since the last call. */
  readonly onProgress: (scannedBytes: number) => void
}

export interface RecoveredTail {
  /** Those that are left, in their order. */
  readonly segments: readonly Segment[]
  /** Those that follow a torn one: to be removed. */
  readonly removed: readonly Segment[]
  /** Offset after the last sound batch. */
  readonly nextOffset: number
  /** Where the first batches may be missing that were lost in the crash, while later ones are there;
   *  Infinity for nowhere. */
  readonly holeOffset: number
  readonly report: RecoveryReport
}

/** Bytes that are read and checked at a time. */
const CHUNK_BYTES = 1024 * 1024

/** @throws the system's error when the disk fails */
export async function recoverTail(options: RecoveryOptions): Promise<RecoveredTail> {
  const tail = new TailRecovery(options)
  return await tail.run()
}

class TailRecovery {
  readonly #options: RecoveryOptions
  readonly #check = new BatchCheck()
  readonly #damage: Damage[] = []
  #chunk = Buffer.alloc(0)
  #scannedBytes = 0
  #cutBytes = 0
  #holeOffset = Infinity

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  async run(): Promise<RecoveredTail> {
    const { segments } = this.#options
    let torn = segments.length
    for (let index = this.#firstToRead(); index < segments.length; index++) {
      const isSound = await this.#recover(segments[index]!, segments[index + 1]?.baseOffset)
      if (isSound) continue
      torn = index + 1
      break
    }
    const removed = segments.slice(torn)
    this.#cutBytes += removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    return {
      segments: segments.slice(0, torn),
      removed,
      nextOffset: segments[torn - 1]!.nextOffset,
      holeOffset: this.#holeOffset,
      report: {
        scannedBytes: this.#scannedBytes,
        cutBytes: this.#cutBytes,
        removedSegments: removed.map(({ baseOffset }) => baseOffset),
        damage: this.#damage,
      },
    }
  }

  #firstToRead(): number {
    const { segments, recoveryPoint, cleanShutdown } = this.#options
    if (cleanShutdown) return segments.length - 1
    const above = segments.findIndex(({ baseOffset }) => baseOffset > recoveryPoint)
    return Math.max(0, (above < 0 ? segments.length : above) - 1)
  }

  /** @returns false when the segment was torn, and ends what is left of the log */
  async #recover(segment: Segment, nextBase: number | undefined): Promise<boolean> {
    const { recoveryPoint, cleanShutdown } = this.#options
    const until = cleanShutdown ? Infinity : Math.max(recoveryPoint, segment.baseOffset)
    // At once: a trip to the pool for each header would take longer than the disk does.
    readNow(segment.resume(until, cleanShutdown))
    const belowOffset = Math.min(nextBase ?? Infinity, segment.baseOffset + MAX_RELATIVE_OFFSET + 1)
    for (;;) {
      const fault = await this.#scan(segment, belowOffset)
      if (fault === null) return this.#reaches(segment, nextBase)
      if (fault === 'beyond' || segment.nextOffset >= recoveryPoint) {
        this.#cut(segment)
        // What stands at or above the next segment was left by a cut that did not reach the disk.
        return fault === 'beyond' && this.#reaches(segment, nextBase)
      }
      if (!(await this.#skipDamage(segment, belowOffset, fault))) return true
    }
  }

  /**
   * True when the log goes on in the next segment.
   *
   * Batches that are missing at the end of a segment, above the recovery point, were lost in the
   * crash, and what follows them came later. Kafka's compaction leaves such gaps too: to cut there might
   * be to lose what is needed, so the log has a hole.
   */
  #reaches(segment: Segment, nextBase: number | undefined): boolean {
    const { recoveryPoint, compacted } = this.#options
    if (nextBase === undefined || segment.nextOffset === nextBase) return true
    if (segment.nextOffset < recoveryPoint) return true
    if (compacted) this.#holeOffset = Math.min(this.#holeOffset, segment.nextOffset)
    return compacted
  }

  /**
   * Takes in the sound batches from the end of what is known of the segment.
   *
   * @returns what is wrong with the bytes where it stopped, or null at the end of the file
   */
  async #scan(segment: Segment, belowOffset: number): Promise<BatchFaultName | 'beyond' | null> {
    for (;;) {
      const positionBytes = segment.sizeBytes
      const leftBytes = segment.open().sizeBytes - positionBytes
      if (leftBytes === 0) return null
      const bytes = await this.#read(segment, positionBytes, Math.min(CHUNK_BYTES, leftBytes))
      if (bytes.byteLength === 0) return 'incomplete'
      let fault = this.#takeIn(segment, bytes, belowOffset)
      if (fault === 'incomplete' && segment.sizeBytes === positionBytes) {
        // Not one whole batch in the chunk: it is larger than that, or the file ends in it.
        const neededBytes = this.#check.sizeBytes
        if (neededBytes > leftBytes || neededBytes > MAX_BATCH_BYTES) return fault
        const whole = await this.#read(segment, positionBytes, neededBytes)
        fault = this.#takeIn(segment, whole, belowOffset)
        if (fault === 'incomplete' && segment.sizeBytes === positionBytes) return fault
      }
      const done = segment.sizeBytes - positionBytes
      this.#scannedBytes += done
      this.#options.onProgress(done)
      if (fault !== null && fault !== 'incomplete') return fault
    }
  }

  #takeIn(segment: Segment, bytes: Buffer, belowOffset: number): BatchFaultName | 'beyond' | null {
    const { core, onBatch } = this.#options
    const check = this.#check
    const address = core.stage(bytes)
    for (let at = 0; at < bytes.byteLength;) {
      const fault = core.validateBatchAt(address + at, bytes.byteLength - at, check)
      if (fault !== BATCH_FAULTS.none) return batchFaultName(fault)
      const { baseOffset, lastOffsetDelta, maxTimestamp, sizeBytes } = check
      const lastOffset = baseOffset + lastOffsetDelta
      if (baseOffset < segment.nextOffset) return 'delta'
      if (lastOffset >= belowOffset) return 'beyond'
      segment.note({ lastOffset, maxTimestamp, sizeBytes })
      onBatch(check.partitionLeaderEpoch, baseOffset)
      at += sizeBytes
    }
    return null
  }

  /** Cuts what follows the last sound batch. */
  #cut(segment: Segment): void {
    const file = segment.open()
    this.#cutBytes += file.sizeBytes - segment.sizeBytes
    file.truncate(segment.sizeBytes)
  }

  /**
   * Looks for the next sound batch behind damage, and leaves the damage as it is.
   *
   * @returns false when there is none in this segment
   */
  async #skipDamage(segment: Segment, belowOffset: number, reason: string): Promise<boolean> {
    const positionBytes = segment.sizeBytes
    const fromOffset = segment.nextOffset
    const fileBytes = segment.open().sizeBytes
    const found = await this.#findBatch(segment, positionBytes + 1, belowOffset)
    const sizeBytes = (found ?? fileBytes) - positionBytes
    segment.skip(sizeBytes)
    this.#damage.push({
      segmentBaseOffset: segment.baseOffset,
      positionBytes,
      sizeBytes,
      fromOffset,
      reason: reason as BatchFaultName,
    })
    return found !== null
  }

  /** @returns where the next sound batch with an offset that may follow starts, or null */
  async #findBatch(segment: Segment, from: number, belowOffset: number): Promise<number | null> {
    const { core } = this.#options
    const fileBytes = segment.open().sizeBytes
    for (let chunkAt = from; chunkAt + BATCH_HEADER_BYTES <= fileBytes;) {
      const bytes = Buffer.from(
        await this.#read(segment, chunkAt, Math.min(CHUNK_BYTES, fileBytes - chunkAt)),
      )
      const lastStart = bytes.byteLength - BATCH_HEADER_BYTES
      for (let at = 0; at <= lastStart; at++) {
        const frame = readFrame(bytes, at)
        if (frame === null || frame.baseOffset < segment.nextOffset) continue
        if (frame.lastOffset >= belowOffset) continue
        if (chunkAt + at + frame.sizeBytes > fileBytes) continue
        const whole = await this.#read(segment, chunkAt + at, frame.sizeBytes)
        const address = core.stage(whole)
        const fault = core.validateBatchAt(address, whole.byteLength, this.#check)
        if (fault === BATCH_FAULTS.none) return chunkAt + at
      }
      chunkAt += lastStart + 1
    }
    return null
  }

  /** The bytes are valid until the next call. */
  async #read(segment: Segment, positionBytes: number, sizeBytes: number): Promise<Buffer> {
    if (this.#chunk.byteLength < sizeBytes) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, sizeBytes))
    }
    const into = this.#chunk.subarray(0, sizeBytes)
    const count = await segment.open().readCold(into, positionBytes)
    return into.subarray(0, count)
  }
}
