// What compaction makes of a batch: one with fewer records, one with none that says what of its header is
// still needed, and one that only says where a segment ends.
//
// Base offset, last offset delta, leader epoch, producer and sequence stay as they were. Source:
// apache/kafka, MemoryRecords.filterTo and DefaultRecordBatch.writeEmptyHeader.

import type { StorageCore } from '../wasm/storage-core.ts'
import { writeInt16, writeInt32, writeInt64 } from './integers.ts'
import {
  ATTRIBUTES,
  BASE_OFFSET,
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  CODEC_MASK,
  CRC,
  DELETE_HORIZON_FLAG,
  LENGTH_OVERHEAD,
  MAGIC,
  MAGIC_V2,
  MAX_TIMESTAMP,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  PARTITION_LEADER_EPOCH,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
} from './layout.ts'

/** Fields of the header that are not those of the batch before. */
export interface ChangedFields {
  readonly recordCount: number
  /** What timestamp deltas are added to, or the delete horizon. */
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly attributes: number
}

/**
 * Makes the header of a batch that of one with other records.
 *
 * @param header  61 bytes; changed in place
 * @param records of the batch as it will be, compressed when the attributes say so
 */
export function changeHeader(
  core: StorageCore,
  header: Uint8Array,
  records: Uint8Array,
  fields: ChangedFields,
): void {
  const sizeBytes = BATCH_HEADER_BYTES + records.byteLength
  writeInt32(header, BATCH_LENGTH, sizeBytes - LENGTH_OVERHEAD)
  writeInt16(header, ATTRIBUTES, fields.attributes)
  writeInt64(header, BASE_TIMESTAMP, fields.baseTimestamp)
  writeInt64(header, MAX_TIMESTAMP, fields.maxTimestamp)
  writeInt32(header, RECORD_COUNT, fields.recordCount)
  const crc = core.crc32c(header.subarray(ATTRIBUTES, BATCH_HEADER_BYTES))
  writeInt32(header, CRC, core.crc32c(records, crc))
}

/**
 * A batch without records, for what its header says of the producer.
 *
 * @param header     of the batch; not changed
 * @param attributes of the batch
 */
export function emptiedBatch(
  core: StorageCore,
  header: Uint8Array,
  { attributes, maxTimestamp }: Pick<ChangedFields, 'attributes' | 'maxTimestamp'>,
): Buffer {
  const batch = Buffer.from(header.subarray(0, BATCH_HEADER_BYTES))
  changeHeader(core, batch, NOTHING, {
    attributes: attributes & ~(CODEC_MASK | DELETE_HORIZON_FLAG),
    ...{ recordCount: 0, baseTimestamp: NO_TIMESTAMP, maxTimestamp },
  })
  return batch
}

/** A batch without records, of nobody, at one offset. */
export function boundaryBatch(core: StorageCore, offset: number, leaderEpoch: number): Buffer {
  const batch = Buffer.alloc(BATCH_HEADER_BYTES)
  writeInt64(batch, BASE_OFFSET, offset)
  writeInt32(batch, PARTITION_LEADER_EPOCH, leaderEpoch)
  batch[MAGIC] = MAGIC_V2
  writeInt64(batch, PRODUCER_ID, NO_PRODUCER_ID)
  writeInt16(batch, PRODUCER_EPOCH, NO_PRODUCER_EPOCH)
  writeInt32(batch, BASE_SEQUENCE, NO_SEQUENCE)
  changeHeader(core, batch, NOTHING, {
    ...{ attributes: 0, recordCount: 0 },
    ...{ baseTimestamp: NO_TIMESTAMP, maxTimestamp: NO_TIMESTAMP },
  })
  return batch
}

const NOTHING = new Uint8Array(0)
