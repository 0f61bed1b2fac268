// One partition's log in memory, as the client's tests see it: it keeps batches as they come, gives
// them their offsets, and can show the records in them.

import { BrokerError } from '../../src/base/errors.ts'
import {
  attributesOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  lastOffsetOf,
  producerIdOf,
  setBaseOffset,
} from '../../src/record/batch-header.ts'
import { decodeBatch, splitBatches } from '../../src/record/batch-reader.ts'
import { markerBatch, markerOf } from '../../src/record/control-record.ts'
import type { TransactionOutcome } from '../../src/record/control-record.ts'
import type { StoredRecord } from '../../src/record/record.ts'
import type {
  AbortedTransaction,
  Isolation,
  ProducerIdentity,
  StartPosition,
} from '../../src/client/transport.ts'
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
  /** First offsets of open transactions, by producer id. */
  readonly #open = new Map<number, number>()
  readonly #aborted: (AbortedTransaction & { readonly markerOffset: number })[] = []

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
    if (info.isTransactional && !this.#open.has(info.producerId)) {
      this.#open.set(info.producerId, baseOffset)
    }
    return this.#put(copy)
  }

  /** Writes the marker that ends a transaction of a producer here. */
  end(producer: ProducerIdentity, type: TransactionOutcome): void {
    const { producerId, producerEpoch } = producer
    const markerOffset = this.#put(markerBatch(core, { type, coordinatorEpoch: 0 }, producer, 0))
    this.producers.get(producerId)?.enterEpoch(producerEpoch)
    const firstOffset = this.#open.get(producerId)
    this.#open.delete(producerId)
    if (firstOffset === undefined || type === 'commit') return
    this.#aborted.push({ producerId, firstOffset, markerOffset })
  }

  /** Where a reader stops. */
  endFor(isolation: Isolation): number {
    if (isolation === 'read_uncommitted') return this.endOffset
    return Math.min(this.endOffset, ...this.#open.values())
  }

  /** Aborted transactions that have something in [from, below). */
  abortedIn(from: number, below: number): AbortedTransaction[] {
    return this.#aborted
      .filter(({ firstOffset, markerOffset }) => firstOffset < below && markerOffset >= from)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
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
  read(
    offset: number,
    maxBytes: number,
    endOffset = this.endOffset,
  ): { bytes: Buffer; nextOffset: number } {
    const taken: Buffer[] = []
    let sizeBytes = 0
    let nextOffset = offset
    for (const batch of this.batches) {
      if (lastOffsetOf(batch) < offset) continue
      if (lastOffsetOf(batch) >= endOffset) break
      if (sizeBytes > 0 && sizeBytes + batch.byteLength > maxBytes) break
      taken.push(batch)
      sizeBytes += batch.byteLength
      nextOffset = lastOffsetOf(batch) + 1
    }
    return { bytes: Buffer.concat(taken), nextOffset }
  }

  startOf(position: StartPosition, endOffset = this.endOffset): number {
    switch (position.kind) {
      case 'earliest':
        return this.logStartOffset
      case 'latest':
        return endOffset
      case 'offset':
        return position.offset
      case 'timestamp': {
        const { offset } = this.findTimestamp(position.timestampMs)
        return offset < 0 ? endOffset : Math.min(offset, endOffset)
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

  #put(batch: Buffer): number {
    const baseOffset = this.endOffset
    setBaseOffset(batch, baseOffset)
    this.batches.push(batch)
    this.endOffset += lastOffsetDeltaOf(batch) + 1
    return baseOffset
  }

  #remember(batch: Buffer, lastOffset: number): void {
    const info = infoOf(batch)
    if (info.producerId < 0) return
    const producer = this.producers.get(info.producerId) ?? new ProducerEntry(info.producerId)
    producer.add(info, lastOffset)
    this.producers.set(info.producerId, producer)
  }

  /** All records at or above the log start, decoded; of transactions, whatever became of them. */
  records(): StoredRecord[] {
    const data = this.batches.filter((batch) => !isControl(attributesOf(batch)))
    const { batches } = splitBatches(Buffer.concat(data))
    return batches
      .flatMap((batch) => decodeBatch(core, batch))
      .filter(({ offset }) => offset >= this.logStartOffset)
  }

  /** The values of what is decided and was not aborted, as text: by the markers in the log alone. */
  committedValues(): string[] {
    const kept = new Set<Buffer>()
    const open = new Map<number, Buffer[]>()
    for (const batch of this.batches) {
      const attributes = attributesOf(batch)
      const own = open.get(producerIdOf(batch)) ?? []
      if (isControl(attributes)) {
        if (markerOf(core, batch)!.type === 'commit') for (const each of own) kept.add(each)
        open.delete(producerIdOf(batch))
      } else if (isTransactional(attributes)) open.set(producerIdOf(batch), [...own, batch])
      else kept.add(batch)
    }
    const ends = [...open.values()].map(([first]) => this.batches.indexOf(first!))
    const end = Math.min(this.batches.length, ...ends)
    return this.batches
      .slice(0, end)
      .filter((batch) => kept.has(batch))
      .flatMap((batch) => decodeBatch(core, splitBatches(batch).batches[0]!))
      .map(({ value }) => Buffer.from(value ?? []).toString())
  }

  /** The values of all records, as text. */
  values(): string[] {
    return this.records().map(({ value }) => Buffer.from(value ?? []).toString())
  }
}
