// Record batches for tests of the storage layer, built without the project's own builder so that
// the two check each other. Layout: src/record/layout.ts.

import { crc32c } from '@node-rs/crc32'
import * as layout from '../../src/record/layout.ts'
import type { BatchInfo } from '../../src/storage/partition-log-options.ts'

export interface TestRecord {
  readonly key?: string | Buffer | null
  readonly value?: string | Buffer | null
  /** Milliseconds since 1970. Default: the batch's `timestamp`. */
  readonly timestamp?: number
}

export interface TestBatch {
  readonly records?: readonly TestRecord[]
  /** Timestamp of records that name none. Default 1,700,000,000,000. */
  readonly timestamp?: number
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  /** Default: records - 1. Larger for what compaction leaves. */
  readonly lastOffsetDelta?: number
  readonly attributes?: number
  /** Default: none. Epoch and sequence are then 0, unless they are given. */
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
}

/** One batch, not compressed. With no records given: one record with a short value. */
export function testBatch(options: TestBatch = {}): Buffer {
  const timestamp = options.timestamp ?? 1_700_000_000_000
  const records = options.records ?? [{ value: 'value' }]
  const times = records.map((record) => record.timestamp ?? timestamp)
  const base = times[0] ?? layout.NO_TIMESTAMP
  const body = records.map((record, index) => encodeRecord(record, times[index]! - base, index))
  const batch = Buffer.concat([Buffer.alloc(layout.BATCH_HEADER_BYTES), ...body])

  batch.writeBigInt64BE(BigInt(options.baseOffset ?? 0), layout.BASE_OFFSET)
  batch.writeInt32BE(batch.byteLength - layout.LENGTH_OVERHEAD, layout.BATCH_LENGTH)
  batch.writeInt32BE(options.leaderEpoch ?? layout.NO_LEADER_EPOCH, layout.PARTITION_LEADER_EPOCH)
  batch.writeInt8(layout.MAGIC_V2, layout.MAGIC)
  batch.writeInt16BE(options.attributes ?? 0, layout.ATTRIBUTES)
  const delta = options.lastOffsetDelta ?? Math.max(0, records.length - 1)
  batch.writeInt32BE(delta, layout.LAST_OFFSET_DELTA)
  batch.writeBigInt64BE(BigInt(base), layout.BASE_TIMESTAMP)
  const max = times.length === 0 ? layout.NO_TIMESTAMP : Math.max(...times)
  batch.writeBigInt64BE(BigInt(max), layout.MAX_TIMESTAMP)
  batch.writeBigInt64BE(BigInt(options.producerId ?? layout.NO_PRODUCER_ID), layout.PRODUCER_ID)
  const none = options.producerId === undefined ? -1 : 0
  batch.writeInt16BE(options.producerEpoch ?? none, layout.PRODUCER_EPOCH)
  batch.writeInt32BE(options.baseSequence ?? none, layout.BASE_SEQUENCE)
  batch.writeInt32BE(records.length, layout.RECORD_COUNT)
  return seal(batch)
}

/** A batch of `count` records whose values have `valueBytes` bytes each. */
export function batchOf(count: number, valueBytes: number, options: TestBatch = {}): Buffer {
  const records = Array.from({ length: count }, (_, index) => {
    return { value: Buffer.alloc(valueBytes, index + 1) }
  })
  return testBatch({ ...options, records })
}

/** What validation finds out about a batch. */
export function infoOf(batch: Buffer): BatchInfo {
  return {
    lastOffsetDelta: batch.readInt32BE(layout.LAST_OFFSET_DELTA),
    maxTimestamp: Number(batch.readBigInt64BE(layout.MAX_TIMESTAMP)),
    producerId: Number(batch.readBigInt64BE(layout.PRODUCER_ID)),
    producerEpoch: batch.readInt16BE(layout.PRODUCER_EPOCH),
    baseSequence: batch.readInt32BE(layout.BASE_SEQUENCE),
    isTransactional: (batch.readInt16BE(layout.ATTRIBUTES) & layout.TRANSACTIONAL_FLAG) !== 0,
  }
}

/** Writes the checksum that belongs to the bytes as they are now. @returns the same batch */
export function seal(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(layout.ATTRIBUTES)), layout.CRC)
  return batch
}

function encodeRecord(record: TestRecord, timestampDelta: number, offsetDelta: number): Buffer {
  const body = Buffer.concat([
    Buffer.of(0),
    varint(timestampDelta),
    varint(offsetDelta),
    ...sized(record.key ?? null),
    ...sized(record.value ?? null),
    varint(0),
  ])
  return Buffer.concat([varint(body.byteLength), body])
}

function sized(content: string | Buffer | null): Buffer[] {
  if (content === null) return [varint(-1)]
  const bytes = Buffer.from(content)
  return [varint(bytes.byteLength), bytes]
}

/** Zig-zag, least significant seven bits first. */
function varint(value: number): Buffer {
  let rest = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  return Buffer.from([...bytes, Number(rest)])
}
