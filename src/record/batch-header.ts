// The header of a record batch: its fields as plain numbers, and the few that a broker writes.
// Layout and source: layout.ts.

import { BrokerError } from '../base/errors.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import {
  readInt16,
  readInt32,
  readInt64,
  readUint32,
  writeInt16,
  writeInt32,
  writeInt64,
} from './integers.ts'
import {
  ATTRIBUTES,
  BASE_OFFSET,
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  LENGTH_OVERHEAD,
  CODEC_MASK,
  CONTROL_FLAG,
  CRC,
  LAST_OFFSET_DELTA,
  PARTITION_LEADER_EPOCH,
  LOG_APPEND_TIME_FLAG,
  MAGIC,
  MAX_TIMESTAMP,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
  TRANSACTIONAL_FLAG,
} from './layout.ts'

/** The fields of a batch, as they stand in its header. Nothing is checked but the 64-bit ranges. */
export interface BatchHeader {
  readonly baseOffset: number
  /** The whole batch, header included. */
  readonly sizeBytes: number
  readonly leaderEpoch: number
  readonly magic: number
  readonly crc: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/**
 * Reads the header of the batch that starts at `at`.
 *
 * @throws BrokerError CORRUPT_MESSAGE when the bytes end before the header does, or a 64-bit field
 *   is outside ±(2^53 - 1)
 */
export function readBatchHeader(bytes: Uint8Array, at = 0): BatchHeader {
  if (bytes.byteLength - at < BATCH_HEADER_BYTES) {
    throw new BrokerError('CORRUPT_MESSAGE', {
      message: 'The bytes end inside the header of a batch',
      bytes: bytes.byteLength - at,
    })
  }
  return {
    baseOffset: baseOffsetOf(bytes, at),
    sizeBytes: batchSizeOf(bytes, at),
    leaderEpoch: leaderEpochOf(bytes, at),
    magic: magicOf(bytes, at),
    crc: crcOf(bytes, at),
    attributes: attributesOf(bytes, at),
    lastOffsetDelta: lastOffsetDeltaOf(bytes, at),
    baseTimestamp: baseTimestampOf(bytes, at),
    maxTimestamp: maxTimestampOf(bytes, at),
    producerId: producerIdOf(bytes, at),
    producerEpoch: producerEpochOf(bytes, at),
    baseSequence: baseSequenceOf(bytes, at),
    recordCount: recordCountOf(bytes, at),
  }
}

// One field each. `at` is where the batch starts; the caller has checked that its header is there.

export function baseOffsetOf(bytes: Uint8Array, at = 0): number {
  return readInt64(bytes, at + BASE_OFFSET)
}

/** Bytes of the whole batch, as its length field has it. May lie in a batch that is not checked. */
export function batchSizeOf(bytes: Uint8Array, at = 0): number {
  return readInt32(bytes, at + BATCH_LENGTH) + LENGTH_OVERHEAD
}

export function leaderEpochOf(bytes: Uint8Array, at = 0): number {
  return readInt32(bytes, at + PARTITION_LEADER_EPOCH)
}

/** Signed, as Kafka reads it. */
export function magicOf(bytes: Uint8Array, at = 0): number {
  return (bytes[at + MAGIC]! << 24) >> 24
}

/** Unsigned 32 bits. */
function crcOf(bytes: Uint8Array, at = 0): number {
  return readUint32(bytes, at + CRC)
}

export function attributesOf(bytes: Uint8Array, at = 0): number {
  return readInt16(bytes, at + ATTRIBUTES)
}

export function lastOffsetDeltaOf(bytes: Uint8Array, at = 0): number {
  return readInt32(bytes, at + LAST_OFFSET_DELTA)
}

/** Offset of the last record, or of where it was before compaction took it. */
export function lastOffsetOf(bytes: Uint8Array, at = 0): number {
  return baseOffsetOf(bytes, at) + lastOffsetDeltaOf(bytes, at)
}

function baseTimestampOf(bytes: Uint8Array, at = 0): number {
  return readInt64(bytes, at + BASE_TIMESTAMP)
}

export function maxTimestampOf(bytes: Uint8Array, at = 0): number {
  return readInt64(bytes, at + MAX_TIMESTAMP)
}

export function producerIdOf(bytes: Uint8Array, at = 0): number {
  return readInt64(bytes, at + PRODUCER_ID)
}

export function producerEpochOf(bytes: Uint8Array, at = 0): number {
  return readInt16(bytes, at + PRODUCER_EPOCH)
}

export function baseSequenceOf(bytes: Uint8Array, at = 0): number {
  return readInt32(bytes, at + BASE_SEQUENCE)
}

function recordCountOf(bytes: Uint8Array, at = 0): number {
  return readInt32(bytes, at + RECORD_COUNT)
}

/** Number of the codec that the records are compressed with, 0 to 7: see compression.ts. */
export function codecIdOf(attributes: number): number {
  return attributes & CODEC_MASK
}

/** True when all records of the batch carry its max timestamp instead of their own. */
export function isLogAppendTime(attributes: number): boolean {
  return (attributes & LOG_APPEND_TIME_FLAG) !== 0
}

export function isTransactional(attributes: number): boolean {
  return (attributes & TRANSACTIONAL_FLAG) !== 0
}

/** True when the batch holds no user data, but a marker: see control-record.ts. */
export function isControl(attributes: number): boolean {
  return (attributes & CONTROL_FLAG) !== 0
}

/** Assigns the offset of the first record. Outside the checksum. @param offset 0 to 2^53 - 1 */
export function setBaseOffset(bytes: Uint8Array, offset: number, at = 0): void {
  writeInt64(bytes, at + BASE_OFFSET, offset)
}

/** Outside the checksum. @param leaderEpoch -1 or more, 32 bits */
export function setLeaderEpoch(bytes: Uint8Array, leaderEpoch: number, at = 0): void {
  writeInt32(bytes, at + PARTITION_LEADER_EPOCH, leaderEpoch)
}

/**
 * Sets the max timestamp and what it means, and computes the checksum again.
 *
 * @param core         computes the checksum
 * @param bytes        holds the whole batch; changed in place
 * @param type         `LogAppendTime`: readers take `maxTimestamp` for the time of every record
 * @param maxTimestamp milliseconds since 1970, -1 for none
 */
export function setMaxTimestamp(
  core: StorageCore,
  bytes: Uint8Array,
  type: 'CreateTime' | 'LogAppendTime',
  maxTimestamp: number,
  at = 0,
): void {
  const others = attributesOf(bytes, at) & ~LOG_APPEND_TIME_FLAG
  const bit = type === 'LogAppendTime' ? LOG_APPEND_TIME_FLAG : 0
  writeInt16(bytes, at + ATTRIBUTES, others | bit)
  writeInt64(bytes, at + MAX_TIMESTAMP, maxTimestamp)
  writeCrc(core, bytes, at)
}

/** Sets who made the batch, and computes the checksum again. @param bytes holds the whole batch */
export function setProducer(
  core: StorageCore,
  bytes: Uint8Array,
  producer: {
    readonly producerId: number
    readonly producerEpoch: number
    readonly baseSequence: number
  },
  at = 0,
): void {
  writeInt64(bytes, at + PRODUCER_ID, producer.producerId)
  writeInt16(bytes, at + PRODUCER_EPOCH, producer.producerEpoch)
  writeInt32(bytes, at + BASE_SEQUENCE, producer.baseSequence)
  writeCrc(core, bytes, at)
}

/** Computes the checksum of a whole batch and puts it in its place. */
export function writeCrc(core: StorageCore, bytes: Uint8Array, at = 0): void {
  const covered = bytes.subarray(at + ATTRIBUTES, at + batchSizeOf(bytes, at))
  writeInt32(bytes, at + CRC, core.crc32c(covered))
}

/** True when the checksum fits the bytes. The caller has checked that the whole batch is there. */
export function hasValidCrc(core: StorageCore, bytes: Uint8Array, at = 0): boolean {
  const covered = bytes.subarray(at + ATTRIBUTES, at + batchSizeOf(bytes, at))
  return core.crc32c(covered) === crcOf(bytes, at)
}
