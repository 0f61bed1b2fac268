// One partition's log in memory, as the client's tests see it: it keeps batches as they come, gives
// them their offsets, and can show the records in them.

import { BrokerError } from '../../src/base/errors.ts'
import { lastOffsetDeltaOf, lastOffsetOf, setBaseOffset } from '../../src/record/batch-header.ts'
import { decodeBatch, splitBatches } from '../../src/record/batch-reader.ts'
import type { StoredRecord } from '../../src/record/record.ts'
import type { StartPosition } from '../../src/client/transport.ts'
import { ProducerEntry } from '../../src/storage/producer-state/producer-entry.ts'
import { infoOf } from './batches.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'

const core = StorageCore.load()

export class MemoryLog {
  logStartOffset = 0
  endOffset = 0
  /** In their order, with their offsets. */
  readonly batches: Buffer[] = []
  /** By producer id. */
  readonly producers = new Map<number, ProducerEntry>()

  get sizeBytes(): number {
    return this.batches.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /**
   * Keeps a copy of the batch, unless its producer has sent it before.
   *
   * @returns its base offset
   * @throws BrokerError OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH
   */
  append(batch: Uint8Array): number {
    const baseOffset = this.endOffset
    const copy = Buffer.from(batch)
    const info = infoOf(copy)
    const first = this.producers.get(info.producerId)?.check(info)
    if (first) return first.lastOffset - first.offsetDelta
    this.#remember(copy, baseOffset + info.lastOffsetDelta)
    setBaseOffset(copy, baseOffset)
    this.batches.push(copy)
    this.endOffset += lastOffsetDeltaOf(copy) + 1
    return baseOffset
  }

  /** A crash: the records from `offset` on were not durable. Producers are known by what is left. */
  crash(offset: number): void {
    while (this.batches.length > 0 && lastOffsetOf(this.batches.at(-1)!) >= offset) {
      this.batches.pop()
    }
    this.endOffset = this.batches.length === 0 ? 0 : lastOffsetOf(this.batches.at(-1)!) + 1
    this.producers.clear()
    for (const batch of this.batches) this.#remember(batch, lastOffsetOf(batch))
  }

  /** Whole batches from the one that holds `offset` on; the first may be larger than `maxBytes`. */
  read(offset: number, maxBytes: number): { bytes: Buffer; nextOffset: number } {
    const taken: Buffer[] = []
    let sizeBytes = 0
    let nextOffset = offset
    for (const batch of this.batches) {
      if (lastOffsetOf(batch) < offset) continue
      if (sizeBytes > 0 && sizeBytes + batch.byteLength > maxBytes) break
      taken.push(batch)
      sizeBytes += batch.byteLength
      nextOffset = lastOffsetOf(batch) + 1
    }
    return { bytes: Buffer.concat(taken), nextOffset }
  }

  startOf(position: StartPosition): number {
    switch (position.kind) {
      case 'earliest':
        return this.logStartOffset
      case 'latest':
        return this.endOffset
      case 'offset':
        return position.offset
      case 'timestamp': {
        const { offset } = this.findTimestamp(position.timestampMs)
        return offset < 0 ? this.endOffset : offset
      }
    }
  }

  /** The first record with this timestamp or a later one; -1 and -1 when there is none. */
  findTimestamp(timestampMs: number): { offset: number; timestampMs: number } {
    const found = this.records().find(({ timestamp }) => timestamp >= timestampMs)
    if (found === undefined) return { offset: -1, timestampMs: -1 }
    return { offset: found.offset, timestampMs: found.timestamp }
  }

  deleteBefore(offset: number): void {
    if (offset > this.endOffset) throw new BrokerError('OFFSET_OUT_OF_RANGE', { offset })
    this.logStartOffset = Math.max(this.logStartOffset, offset)
    while (this.batches.length > 0 && lastOffsetOf(this.batches[0]!) < this.logStartOffset) {
      this.batches.shift()
    }
  }

  #remember(batch: Buffer, lastOffset: number): void {
    const info = infoOf(batch)
    if (info.producerId < 0) return
    const producer = this.producers.get(info.producerId) ?? new ProducerEntry(info.producerId)
    producer.add(info, lastOffset)
    this.producers.set(info.producerId, producer)
  }

  /** All records at or above the log start, decoded. */
  records(): StoredRecord[] {
    const { batches } = splitBatches(Buffer.concat(this.batches))
    return batches
      .flatMap((batch) => decodeBatch(core, batch))
      .filter(({ offset }) => offset >= this.logStartOffset)
  }

  /** The values of all records, as text. */
  values(): string[] {
    return this.records().map(({ value }) => Buffer.from(value ?? []).toString())
  }
}
