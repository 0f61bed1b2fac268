// The simplest log that commit rounds can serve: numbered records of 64 bytes, in segments of ten.
// It knows what it was told, so a test can compare that with what a power cut leaves.

import { partitionName } from '../../../src/base/topic-partition.ts'
import { uuidOf, type Uuid } from '../../../src/base/uuid.ts'
import type { File, FileSystem } from '../../../src/io/file-system.ts'
import type { DurableLog, UnsyncedState } from '../../../src/storage/durable-log.ts'

const RECORD_BYTES = 64
export const SEGMENT_RECORDS = 10

export class PlainLog implements DurableLog {
  readonly name: string
  readonly topicId: Uuid
  readonly partition: number
  endOffset = 0
  durableOffset = 0
  syncedOffset = 0
  failure: Error | null = null
  readonly #files: FileSystem
  readonly #directory: string
  readonly #segments = new Map<number, File>()

  constructor(files: FileSystem, dataDirectory: string, partition: number) {
    this.name = partitionName({ topic: 'plain', partition })
    this.topicId = uuidOf(Buffer.alloc(16, partition + 1))
    this.partition = partition
    this.#files = files
    this.#directory = `${dataDirectory}/${this.name}`
    files.makeDirectory(this.#directory)
    files.syncDirectory(this.#directory)
    files.syncDirectory(dataDirectory)
  }

  get unsyncedBytes(): number {
    return (this.endOffset - this.durableOffset) * RECORD_BYTES
  }

  append(count: number): void {
    for (let left = count; left > 0; left--) {
      const base = segmentOf(this.endOffset)
      const record = recordBytes(this.partition, this.endOffset)
      this.#segment(base).write([record], (this.endOffset - base) * RECORD_BYTES)
      this.endOffset += 1
    }
  }

  /** Cuts the log, within its first segment, and brings that to disk. */
  cutTo(endOffset: number): void {
    const file = this.#segments.get(0)!
    file.truncate(endOffset * RECORD_BYTES)
    file.syncNow()
    this.endOffset = endOffset
    this.durableOffset = endOffset
    this.syncedOffset = endOffset
  }

  unsynced(): UnsyncedState {
    const ranges = []
    for (const base of this.#segments.keys()) {
      const from = Math.max(base, this.durableOffset)
      const to = Math.min(base + SEGMENT_RECORDS, this.endOffset)
      if (from >= to) continue
      ranges.push({
        file: this.#segments.get(base)!,
        segmentBaseOffset: base,
        positionBytes: (from - base) * RECORD_BYTES,
        sizeBytes: (to - from) * RECORD_BYTES,
      })
    }
    return { endOffset: this.endOffset, ranges }
  }

  // Here and not when a segment is made, so that a power cut may take the names of segments that only
  // the journal has.
  syncBeside(): Promise<void> {
    return this.#files.syncDirectoryInPool(this.#directory)
  }

  markDurable(endOffset: number): void {
    this.durableOffset = Math.max(this.durableOffset, endOffset)
  }

  markSynced(endOffset: number): void {
    this.syncedOffset = Math.max(this.syncedOffset, endOffset)
  }

  fail(error: Error): void {
    this.failure = error
  }

  #segment(base: number): File {
    const open = this.#segments.get(base)
    if (open !== undefined) return open
    const path = `${this.#directory}/${String(base).padStart(20, '0')}.log`
    const file = this.#files.open(path, 'create')
    this.#segments.set(base, file)
    return file
  }
}

/** How many records of the log are whole on this disk, counted from the first. */
export function recordsOnDisk(files: FileSystem, dataDirectory: string, partition: number): number {
  const directory = `${dataDirectory}/${partitionName({ topic: 'plain', partition })}`
  const bytes = Buffer.alloc(RECORD_BYTES)
  for (let offset = 0; ; offset++) {
    const base = segmentOf(offset)
    const path = `${directory}/${String(base).padStart(20, '0')}.log`
    if (!files.exists(path)) return offset
    const file = files.open(path, 'read')
    const size = file.read(bytes, (offset - base) * RECORD_BYTES)
    file.close()
    if (size < RECORD_BYTES || !bytes.equals(recordBytes(partition, offset))) return offset
  }
}

function segmentOf(offset: number): number {
  return offset - (offset % SEGMENT_RECORDS)
}

function recordBytes(partition: number, offset: number): Buffer {
  const record = Buffer.alloc(RECORD_BYTES, (partition * 31 + offset * 7 + 1) & 0xff)
  record.writeUInt32BE(partition, 0)
  record.writeUInt32BE(offset, 4)
  return record
}
