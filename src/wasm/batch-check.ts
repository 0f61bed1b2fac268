// What the core says about one record batch.

/**
 * Why a batch is refused, by name; the numbers are those of assembly/batch-result.ts
 * and assembly/batch-run.ts.
 *
 * `incomplete` is not damage: the bytes at hand end before the batch does.
 */
export const BATCH_FAULTS = {
  /** No fault. */
  none: 0,
  /** The bytes end before the batch. `sizeBytes` then says how many are needed to go on. */
  incomplete: -1,
  /** Not a batch of magic 2. */
  magic: -2,
  /** The length field is below that of an empty batch, or above the limit. */
  length: -3,
  /** The checksum in the header is not that of the bytes. */
  crc: -4,
  /** The attributes name no known codec. */
  attributes: -5,
  /** The record count contradicts the last offset delta or the records. */
  count: -6,
  /** An offset delta is out of order, or beyond the last offset delta. */
  delta: -7,
  /** A varint is cut off, too long or too large. */
  varint: -8,
  /** Key, value and headers do not fill a record exactly, or a record leaves the batch. */
  record: -9,
  /** Bytes follow the last record, or the batch. */
  trailing: -10,
  /** A 64-bit field is beyond ±(2^53 - 1), or the base offset is negative. */
  range: -11,
  /** Of several batches: one begins below the end of the one in front of it. */
  offset: -12,
  /** Not damage: one of several batches reaches the offset at which they have to end. */
  beyond: -13,
} as const

export type BatchFaultName = keyof typeof BATCH_FAULTS
export type BatchFault = (typeof BATCH_FAULTS)[BatchFaultName]

const NAMES = new Map(
  Object.entries(BATCH_FAULTS).map(([name, code]) => [code, name as BatchFaultName] as const),
)

/** The name of a fault, for messages and metrics. */
export function batchFaultName(fault: BatchFault): BatchFaultName {
  return NAMES.get(fault)!
}

/**
 * The header of a batch and what the walk over its records found.
 *
 * The caller keeps one and hands it in again and again; each check overwrites it. After a fault
 * only `sizeBytes` is sure to be of this batch, and after `magic` and `length` not even that.
 */
export class BatchCheck {
  /** The whole batch, header included; after `incomplete` the bytes needed to go on. */
  sizeBytes = 0
  baseOffset = 0
  partitionLeaderEpoch = 0
  /** As the header has it, unsigned. */
  crc = 0
  /** 16 bits, signed; see src/record/layout.ts. */
  attributes = 0
  lastOffsetDelta = 0
  baseTimestamp = 0
  maxTimestamp = 0
  producerId = 0
  producerEpoch = 0
  baseSequence = 0
  recordCount = 0

  /** True when the records were walked: they are not compressed, and the check was not of headers only. */
  walked = false
  /** A record without a key was found. False when not walked. */
  nullKeys = false
  /** Largest record timestamp found, base timestamp added. -1 when not walked or without records. */
  foundMaxTimestamp = -1
  /** Offset delta of the first record that has it, or -1. */
  foundMaxTimestampDelta = -1

  /** Takes the header from the core's results; see assembly/batch.ts. */
  takeHeader(results: Float64Array): void {
    this.sizeBytes = results[0]!
    this.baseOffset = results[1]!
    this.partitionLeaderEpoch = results[2]!
    this.crc = results[3]!
    this.attributes = results[4]!
    this.lastOffsetDelta = results[5]!
    this.baseTimestamp = results[6]!
    this.maxTimestamp = results[7]!
    this.producerId = results[8]!
    this.producerEpoch = results[9]!
    this.baseSequence = results[10]!
    this.recordCount = results[11]!
  }

  /** Takes what the walk found. */
  takeWalk(results: Float64Array): void {
    this.walked = true
    this.nullKeys = results[12] === 1
    this.foundMaxTimestamp = results[13]!
    this.foundMaxTimestampDelta = results[14]!
  }

  clearWalk(): void {
    this.walked = false
    this.nullKeys = false
    this.foundMaxTimestamp = -1
    this.foundMaxTimestampDelta = -1
  }
}

/** Which of the batches that follow each other in a log are wanted. */
export interface RunBounds {
  /** The first may not begin below it. */
  readonly minOffset: number
  /** First offset that is wanted; the batch that holds it is wanted whole. */
  readonly fromOffset: number
  /** Batches with this offset or a later one are not wanted. */
  readonly endOffset: number
}

/** What the core says about batches that follow each other. Used again and again, as BatchCheck. */
export class RunCheck {
  /** Sound batches at the front, in bytes. */
  takenBytes = 0
  /** Of these, batches that are wanted. */
  batchCount = 0
  /** Bytes of those in front of them. */
  skippedBytes = 0
  /** Offset behind the last sound batch. */
  nextOffset = 0
  /** Last offset of the batch at which it ended, when that was a sound one. */
  lastOffset = 0
  /** Of the batch at which it ended: as `sizeBytes` of BatchCheck. */
  sizeBytes = 0

  /** Takes the core's results; see assembly/batch-run.ts. */
  take(results: Float64Array): void {
    this.sizeBytes = results[0]!
    this.lastOffset = results[1]! + results[5]!
    this.takenBytes = results[16]!
    this.batchCount = results[17]!
    this.skippedBytes = results[18]!
    this.nextOffset = results[19]!
  }
}
