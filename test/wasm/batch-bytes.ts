// Builds record batches byte by byte, as plainly as the format is drawn in src/record/layout.ts, so
// that tests of the core rest on neither its code nor that of src/record. The checksum is that of
// an npm addon.

import { crc32c } from '@node-rs/crc32'

export interface PlainHeader {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface PlainRecord {
  readonly timestampDelta?: number
  readonly offsetDelta: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly PlainHeader[]
}

/** Fields of the header that differ from what `records` imply. */
export interface PlainFields {
  readonly baseOffset?: bigint
  readonly partitionLeaderEpoch?: number
  readonly attributes?: number
  readonly lastOffsetDelta?: number
  readonly baseTimestamp?: bigint
  readonly maxTimestamp?: bigint
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly recordCount?: number
}

/** Zig-zag varint of any 64-bit number. */
export function varint(value: number | bigint): Buffer {
  const number = BigInt(value)
  let rest = BigInt.asUintN(64, (number << 1n) ^ (number >> 63n))
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

function lengthAndBytes(bytes: Uint8Array | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.byteLength), bytes])
}

export function recordBytes(record: PlainRecord): Buffer {
  const headers = record.headers ?? []
  const body = Buffer.concat([
    Buffer.of(0),
    varint(record.timestampDelta ?? 0),
    varint(record.offsetDelta),
    lengthAndBytes(record.key),
    lengthAndBytes(record.value),
    varint(headers.length),
    ...headers.flatMap(({ key, value }) => [lengthAndBytes(key), lengthAndBytes(value)]),
  ])
  return Buffer.concat([varint(body.byteLength), body])
}

/** A batch around a records section, which may be compressed or wrong; length and CRC are right. */
export function batchAround(section: Uint8Array, fields: Required<PlainFields>): Buffer {
  const batch = Buffer.alloc(61 + section.byteLength)
  batch.writeBigInt64BE(fields.baseOffset, 0)
  batch.writeInt32BE(batch.byteLength - 12, 8)
  batch.writeInt32BE(fields.partitionLeaderEpoch, 12)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(fields.attributes, 21)
  batch.writeInt32BE(fields.lastOffsetDelta, 23)
  batch.writeBigInt64BE(fields.baseTimestamp, 27)
  batch.writeBigInt64BE(fields.maxTimestamp, 35)
  batch.writeBigInt64BE(fields.producerId, 43)
  batch.writeInt16BE(fields.producerEpoch, 51)
  batch.writeInt32BE(fields.baseSequence, 53)
  batch.writeInt32BE(fields.recordCount, 57)
  batch.set(section, 61)
  return withCrc(batch)
}

/** The same bytes with the checksum that belongs to them. */
export function withCrc(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

/** A batch of records that are not compressed. */
export function batchOf(records: readonly PlainRecord[], fields: PlainFields = {}): Buffer {
  const baseTimestamp = fields.baseTimestamp ?? 1_700_000_000_000n
  const deltas = records.map((record) => record.timestampDelta ?? 0)
  return batchAround(Buffer.concat(records.map(recordBytes)), {
    baseOffset: 0n,
    partitionLeaderEpoch: -1,
    attributes: 0,
    lastOffsetDelta: records.at(-1)?.offsetDelta ?? 0,
    maxTimestamp: records.length === 0 ? -1n : baseTimestamp + BigInt(Math.max(...deltas)),
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: records.length,
    ...fields,
    baseTimestamp,
  })
}
