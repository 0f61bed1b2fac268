// What the broker asks of a batch that a client sends, before it goes anywhere near a log.
//
//   size, magic, length -> checksum, counts, deltas, record walk -> attributes -> keys, times -> stamp
//   (plain bytes)          (one call of the storage core)           (header)      (rules)      (in place)
//
// A compressed batch is opened only where a rule needs its records: null keys on compacted topics,
// and times when there is a lower bound for them.
//
// Source of the rules: apache/kafka, LogValidator and ProduceRequest.

import { BrokerError } from '../base/errors.ts'
import type { ErrorCode, Facts } from '../base/errors.ts'
import { BATCH_FAULTS, BatchCheck, batchFaultName } from '../wasm/batch-check.ts'
import type { BatchFault } from '../wasm/batch-check.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import {
  batchSizeOf,
  codecIdOf,
  hasValidCrc,
  isControl,
  isLogAppendTime,
  isTransactional,
  magicOf,
  readBatchHeader,
  setMaxTimestamp,
} from './batch-header.ts'
import { checkMagic } from './batch-reader.ts'
import { codecOf, decompress } from './compression.ts'
import type { Codec } from './compression.ts'
import {
  BATCH_HEADER_BYTES,
  DELETE_HORIZON_FLAG,
  MAGIC,
  NO_PRODUCER_ID,
  NO_TIMESTAMP,
} from './layout.ts'
import { RecordCursor } from './record-cursor.ts'

/** What a topic's configuration, and the time, ask of a batch. */
export interface ProduceRules {
  /** `max.message.bytes`: largest batch as it is sent, header included. */
  readonly maxMessageBytes: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  /** `message.timestamp.before.max.ms`: how far a record's time may lie before `now`. */
  readonly timestampBeforeMaxMs: number
  /** `message.timestamp.after.max.ms`: how far it may lie after. */
  readonly timestampAfterMaxMs: number
  /** True when `cleanup.policy` has `compact`: every record then needs a key. */
  readonly compacted: boolean
  /** The broker's clock, milliseconds since 1970. */
  readonly now: number
}

/** A batch that keeps the rules, ready to get its offsets. */
export interface ValidatedBatch {
  /** The bytes that were given, changed in place where the broker had to stamp them. */
  readonly bytes: Uint8Array
  readonly recordCount: number
  /** Record count - 1: offsets of a produced batch have no gaps. */
  readonly lastOffsetDelta: number
  /** Milliseconds since 1970 of the newest record, -1 for none. */
  readonly maxTimestamp: number
  readonly codec: Codec
  /** -1 when the producer is not idempotent; epoch and sequence are then -1 as well. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  /** The batch belongs to a transaction of its producer. */
  readonly isTransactional: boolean
}

/** What stands in a batch that no producer with an id has made. */
export const NO_PRODUCER = {
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  isTransactional: false,
} as const

// One check at a time, never across an await, so that all share one object for the core's answers.
const check = new BatchCheck()

/**
 * Checks the batch that a client has sent for one partition.
 *
 * @param bytes exactly one batch. Changed in place when the broker stamps its own time, or a max
 *   timestamp that is that of the records: so the caller owns them
 * @returns the batch and what storage needs to know of it
 * @throws BrokerError MESSAGE_TOO_LARGE · CORRUPT_MESSAGE (checksum, impossible lengths) ·
 *   UNSUPPORTED_FOR_MESSAGE_FORMAT (magic 0 and 1) · UNSUPPORTED_COMPRESSION_TYPE ·
 *   INVALID_RECORD (counts, deltas, records, bits that clients may not set, keys that are missing,
 *   more than one batch) · INVALID_TIMESTAMP. The fact `record` is the number of the record in its
 *   batch, from 0, where the fault lies in one.
 */
export function validateProduced(
  core: StorageCore,
  bytes: Uint8Array,
  rules: ProduceRules,
): ValidatedBatch {
  checkSize(bytes, rules.maxMessageBytes)
  const fault = core.validateBatch(bytes, check)
  if (fault !== BATCH_FAULTS.none) throw refusalOf(core, bytes, fault)
  const codec = codecOf(codecIdOf(check.attributes))
  checkAttributes()
  checkProducer()
  let records = bytes.subarray(BATCH_HEADER_BYTES)
  if (!check.walked && needsRecords(rules)) records = walkCompressed(core, bytes, codec)
  if (rules.compacted && check.nullKeys) throw nullKey(new RecordCursor(records, check))

  const maxTimestamp = settleTime(core, bytes, records, rules)
  const { recordCount, lastOffsetDelta, producerId, producerEpoch, baseSequence } = check
  return {
    bytes,
    recordCount,
    lastOffsetDelta,
    maxTimestamp,
    codec,
    producerId,
    producerEpoch,
    baseSequence,
    isTransactional: isTransactional(check.attributes),
  }
}

function checkSize(bytes: Uint8Array, maxMessageBytes: number): void {
  const sizeBytes = bytes.byteLength
  // Refused for its format first: an old message set may well be shorter than a header.
  if (sizeBytes > MAGIC) checkMagic(magicOf(bytes))
  if (sizeBytes < BATCH_HEADER_BYTES) {
    throw refusal('CORRUPT_MESSAGE', 'The bytes end inside the header of a batch', { sizeBytes })
  }
  if (sizeBytes > maxMessageBytes) {
    throw new BrokerError('MESSAGE_TOO_LARGE', { sizeBytes, maxMessageBytes })
  }
}

function checkAttributes(): void {
  const { attributes } = check
  if (isControl(attributes))
    throw refusal('INVALID_RECORD', 'Clients may not write control batches')
  if ((attributes & DELETE_HORIZON_FLAG) !== 0) {
    throw refusal('INVALID_RECORD', 'Clients may not set the delete horizon')
  }
  if (isLogAppendTime(attributes)) {
    throw refusal('INVALID_TIMESTAMP', 'Clients may not set the timestamp type LogAppendTime')
  }
}

/** Whether sequences follow each other is for the log to say; here they need to make sense. */
function checkProducer(): void {
  const { producerId, producerEpoch, baseSequence } = check
  if (producerId === NO_PRODUCER_ID) {
    if (!isTransactional(check.attributes)) return
    throw refusal('INVALID_RECORD', 'A batch of a transaction needs the id of its producer')
  }
  if (producerId < 0 || producerEpoch < 0 || baseSequence < 0) {
    const message = 'Producer id, epoch and sequence must be all set or all -1'
    throw refusal('INVALID_RECORD', message, { producerId, producerEpoch, baseSequence })
  }
}

function needsRecords(rules: ProduceRules): boolean {
  return rules.compacted || hasLowerBound(rules)
}

function hasLowerBound(rules: ProduceRules): boolean {
  return rules.timestampType === 'CreateTime' && rules.timestampBeforeMaxMs < rules.now
}

/** Unpacks the records and walks over them. @returns all of them, unpacked */
function walkCompressed(core: StorageCore, bytes: Uint8Array, codec: Codec): Uint8Array {
  const records = decompress(core, codec, bytes.subarray(BATCH_HEADER_BYTES))
  const fault = core.validateRecords(records, check)
  if (fault !== BATCH_FAULTS.none) throw recordFault(new RecordCursor(records, check), fault)
  return records
}

/** Checks or stamps the time of the records. @returns the max timestamp that the batch now has */
function settleTime(
  core: StorageCore,
  bytes: Uint8Array,
  records: Uint8Array,
  rules: ProduceRules,
): number {
  const { now } = rules
  if (rules.timestampType === 'LogAppendTime') {
    setMaxTimestamp(core, bytes, 'LogAppendTime', now)
    return now
  }
  // What the records say counts; the header is all there is while they are compressed.
  const maxTimestamp = check.walked ? check.foundMaxTimestamp : check.maxTimestamp
  if (maxTimestamp - now > rules.timestampAfterMaxMs) {
    const record = check.walked ? { record: check.foundMaxTimestampDelta } : {}
    const message = 'The time of a record lies too far in the future'
    const facts = { timestamp: maxTimestamp, now, afterMaxMs: rules.timestampAfterMaxMs }
    throw refusal('INVALID_TIMESTAMP', message, { ...record, ...facts })
  }
  if (hasLowerBound(rules)) checkLowerBound(new RecordCursor(records, check), rules)
  if (maxTimestamp !== check.maxTimestamp) setMaxTimestamp(core, bytes, 'CreateTime', maxTimestamp)
  return maxTimestamp
}

/** Records without a time, -1, are let through, as Kafka does. */
function checkLowerBound(cursor: RecordCursor, rules: ProduceRules): void {
  while (cursor.next()) {
    const { timestamp } = cursor
    if (timestamp === NO_TIMESTAMP || rules.now - timestamp <= rules.timestampBeforeMaxMs) continue
    throw refusal('INVALID_TIMESTAMP', 'The time of a record lies too far in the past', {
      record: cursor.index,
      timestamp,
      now: rules.now,
      beforeMaxMs: rules.timestampBeforeMaxMs,
    })
  }
}

/** Finds which record has no key: the core has said that one has none. */
function nullKey(cursor: RecordCursor): BrokerError {
  while (cursor.next() && cursor.keySize >= 0);
  const message = 'A record without a key cannot be kept in a compacted topic'
  return refusal('INVALID_RECORD', message, { record: cursor.index })
}

/** The error of a batch that the core refused. */
function refusalOf(core: StorageCore, bytes: Uint8Array, fault: BatchFault): BrokerError {
  switch (fault) {
    case BATCH_FAULTS.trailing:
      return trailing(core, bytes)
    case BATCH_FAULTS.attributes:
      return new BrokerError('UNSUPPORTED_COMPRESSION_TYPE', {
        codec: codecIdOf(readBatchHeader(bytes).attributes),
      })
    case BATCH_FAULTS.count:
    case BATCH_FAULTS.delta:
    case BATCH_FAULTS.varint:
    case BATCH_FAULTS.record:
      return headerFault(bytes) ?? recordFault(cursorOf(bytes), fault)
    default:
      return refusal('CORRUPT_MESSAGE', 'The batch is damaged', { fault: batchFaultName(fault) })
  }
}

/** Bytes follow the records of the batch, or a whole batch is followed by more. */
function trailing(core: StorageCore, bytes: Uint8Array): BrokerError {
  if (batchSizeOf(bytes) === bytes.byteLength) {
    return refusal('INVALID_RECORD', 'Bytes follow the last record')
  }
  // A length that lies has no checksum to go with it.
  if (!hasValidCrc(core, bytes)) {
    return refusal('CORRUPT_MESSAGE', 'The batch is damaged', { fault: 'length' })
  }
  return refusal('INVALID_RECORD', 'A partition takes exactly one batch in a request')
}

function headerFault(bytes: Uint8Array): BrokerError | null {
  const { recordCount, lastOffsetDelta } = readBatchHeader(bytes)
  if (recordCount > 0 && recordCount === lastOffsetDelta + 1) return null
  const message = 'Record count and last offset delta of the batch do not fit'
  return refusal('INVALID_RECORD', message, { recordCount, lastOffsetDelta })
}

/** The core walks only over records that are not compressed. */
function cursorOf(bytes: Uint8Array): RecordCursor {
  return new RecordCursor(bytes.subarray(BATCH_HEADER_BYTES), readBatchHeader(bytes))
}

/** Walks to the record that is at fault, for an error that names it. */
function recordFault(cursor: RecordCursor, fault: BatchFault): BrokerError {
  try {
    while (cursor.next()) {
      if (cursor.offsetDelta === cursor.index) continue
      return refusal('INVALID_RECORD', 'Offset deltas must be 0, 1, 2 …', { record: cursor.index })
    }
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
  return refusal('INVALID_RECORD', 'A record is not valid', { fault: batchFaultName(fault) })
}

function refusal(code: ErrorCode, message: string, facts: Facts = {}): BrokerError {
  return new BrokerError(code, { message, ...facts })
}
