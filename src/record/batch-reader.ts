// Reads what a fetch or a log file gives: one batch after the other, and the records in them.

import { BrokerError } from '../base/errors.ts'
import { MAX_BATCH_BYTES, MAX_DECOMPRESSED_BYTES } from '../base/limits.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import { batchSizeOf, codecIdOf, hasValidCrc, magicOf, readBatchHeader } from './batch-header.ts'
import type { BatchHeader } from './batch-header.ts'
import { codecOf, decompress } from './compression.ts'
import { BATCH_HEADER_BYTES, LENGTH_OVERHEAD, MAGIC, MAGIC_V2 } from './layout.ts'
import type { StoredRecord } from './record.ts'
import { RecordCursor } from './record-cursor.ts'

/** One whole batch: its header, and a view over all of its bytes. */
export interface BatchView {
  readonly header: BatchHeader
  readonly bytes: Uint8Array
}

/** A batch whose end is not there: a fetch stops at its size limit, not at the end of a batch. */
interface BatchTail {
  readonly positionBytes: number
  readonly presentBytes: number
  /** Size of the whole batch, or null where not even the length field is there. */
  readonly sizeBytes: number | null
}

export interface BatchRun {
  readonly batches: readonly BatchView[]
  readonly tail: BatchTail | null
}

/**
 * Splits bytes into the batches that lie in them, one behind the other. Checks their frames, not
 * their checksums.
 *
 * @throws BrokerError CORRUPT_MESSAGE when a length or a magic is impossible,
 *   UNSUPPORTED_FOR_MESSAGE_FORMAT for message sets of magic 0 and 1
 */
export function splitBatches(bytes: Uint8Array): BatchRun {
  const batches: BatchView[] = []
  let at = 0
  while (at < bytes.byteLength) {
    const presentBytes = bytes.byteLength - at
    if (presentBytes < LENGTH_OVERHEAD) {
      return { batches, tail: { positionBytes: at, presentBytes, sizeBytes: null } }
    }
    const sizeBytes = checkFrame(bytes, at)
    if (presentBytes < sizeBytes) {
      return { batches, tail: { positionBytes: at, presentBytes, sizeBytes } }
    }
    const view = bytes.subarray(at, at + sizeBytes)
    batches.push({ header: readBatchHeader(view), bytes: view })
    at += sizeBytes
  }
  return { batches, tail: null }
}

/** True when the checksum of the batch fits its bytes. */
export function isIntact(core: StorageCore, batch: BatchView): boolean {
  return hasValidCrc(core, batch.bytes)
}

/**
 * Opens a batch, so that its records can be walked over one by one.
 *
 * Records of a batch without compression are views over the batch itself.
 *
 * @param limitBytes most bytes that the records may take when decompressed
 * @throws BrokerError CORRUPT_MESSAGE when the codec finds its bytes damaged, MESSAGE_TOO_LARGE when
 *   they unpack to more than the limit, INVALID_RECORD when the count is impossible
 */
export function openBatch(
  core: StorageCore,
  batch: BatchView,
  limitBytes = MAX_DECOMPRESSED_BYTES,
): RecordCursor {
  const { header, bytes } = batch
  const packed = bytes.subarray(BATCH_HEADER_BYTES)
  const codec = codecOf(codecIdOf(header.attributes))
  const records = codec === 'none' ? packed : decompress(core, codec, packed, limitBytes)
  return new RecordCursor(records, header)
}

/**
 * Decodes all records of a batch.
 *
 * Keys, values and headers are views: they hold the memory of the batch, or of what it was
 * decompressed to. A control batch decodes too; whether to look at `header.attributes` first is the
 * caller's choice. After compaction offsets leave gaps, and a batch may hold no record at all.
 *
 * @throws BrokerError as `openBatch`, and INVALID_RECORD for a record that contradicts itself
 */
export function decodeBatch(
  core: StorageCore,
  batch: BatchView,
  limitBytes = MAX_DECOMPRESSED_BYTES,
): StoredRecord[] {
  const records: StoredRecord[] = []
  const cursor = openBatch(core, batch, limitBytes)
  while (cursor.next()) records.push(cursor.toRecord())
  return records
}

/** Checks length and magic of the batch at `at`. @returns its size in bytes */
function checkFrame(bytes: Uint8Array, at: number): number {
  if (bytes.byteLength - at > MAGIC) checkMagic(magicOf(bytes, at))
  const sizeBytes = batchSizeOf(bytes, at)
  if (sizeBytes >= BATCH_HEADER_BYTES && sizeBytes <= MAX_BATCH_BYTES) return sizeBytes
  throw new BrokerError('CORRUPT_MESSAGE', {
    message: 'A batch claims an impossible size',
    sizeBytes,
    positionBytes: at,
  })
}

/**
 * Refuses everything but record batches.
 *
 * @throws BrokerError UNSUPPORTED_FOR_MESSAGE_FORMAT for 0 and 1, the formats before Kafka 0.11,
 *   and CORRUPT_MESSAGE for what was never a format
 */
export function checkMagic(magic: number): void {
  if (magic === MAGIC_V2) return
  if (magic === 0 || magic === 1) {
    throw new BrokerError('UNSUPPORTED_FOR_MESSAGE_FORMAT', {
      message: 'Message sets of magic 0 and 1 are not supported; send record batches of magic 2',
      magic,
    })
  }
  throw new BrokerError('CORRUPT_MESSAGE', { message: 'The magic of a batch is not 2', magic })
}
