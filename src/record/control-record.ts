// Markers: the one record of a control batch, which says how a transaction ended here.
//
//   key    0      2      4          value  0      2            6
//          +------+------+                 +------+------------+
//          | ver. | type |                 | ver. | coord. ep. |
//          +------+------+                 +------+------------+
//
// Source: apache/kafka, ControlRecordType and EndTransactionMarker.

import type { StorageCore } from '../wasm/storage-core.ts'
import { BatchBuilder } from './batch-builder.ts'
import { hasValidCrc, readBatchHeader } from './batch-header.ts'
import { readInt16, readInt32, writeInt16, writeInt32 } from './integers.ts'
import { BATCH_HEADER_BYTES } from './layout.ts'
import { RecordCursor } from './record-cursor.ts'

const KEY_BYTES = 4
const VALUE_BYTES = 6
const VERSION = 0

/** A control batch with one marker is smaller by far. */
const MARKER_BATCH_BYTES = 256

/** Types by their number on the wire. Those from 2 on belong to Kafka's own metadata log. */
const MARKER_TYPES = ['abort', 'commit'] as const

/** How a transaction ends. */
export type TransactionOutcome = (typeof MARKER_TYPES)[number]

export interface Marker {
  readonly type: TransactionOutcome
  readonly coordinatorEpoch: number
}

export interface MarkerBytes {
  readonly key: Buffer
  readonly value: Buffer
}

/** Whose transaction a marker ends. */
export interface MarkedProducer {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Key and value of the record that tells of `marker`. */
export function encodeMarker(marker: Marker): MarkerBytes {
  const key = Buffer.alloc(KEY_BYTES)
  writeInt16(key, 0, VERSION)
  writeInt16(key, 2, MARKER_TYPES.indexOf(marker.type))
  const value = Buffer.alloc(VALUE_BYTES)
  writeInt16(value, 0, VERSION)
  writeInt32(value, 2, marker.coordinatorEpoch)
  return { key, value }
}

/** A control batch with one marker. @param timestamp milliseconds since 1970 */
export function markerBatch(
  core: StorageCore,
  marker: Marker,
  { producerId, producerEpoch }: MarkedProducer,
  timestamp: number,
): Buffer {
  const builder = new BatchBuilder(core, MARKER_BATCH_BYTES)
  const { key, value } = encodeMarker(marker)
  builder.append(key, value, timestamp)
  return builder.build({ producerId, producerEpoch, transactional: true, control: true })
}

/**
 * The marker that a control record holds.
 *
 * @returns null for types that do not end a transaction, and for bytes too short to be a marker;
 *   later versions may add fields at the end, which are ignored
 */
export function decodeMarker(key: Uint8Array | null, value: Uint8Array | null): Marker | null {
  if (key === null || key.byteLength < KEY_BYTES) return null
  if (value === null || value.byteLength < VALUE_BYTES) return null
  const type = MARKER_TYPES[readInt16(key, 2)]
  return type === undefined ? null : { type, coordinatorEpoch: readInt32(value, 2) }
}

/**
 * The marker of a whole control batch.
 *
 * @returns null as `decodeMarker`; also when compaction has taken the record, or the bytes are damaged
 */
export function markerOf(core: StorageCore, batch: Uint8Array): Marker | null {
  if (!hasValidCrc(core, batch)) return null
  const header = readBatchHeader(batch)
  if (header.recordCount === 0) return null
  const cursor = new RecordCursor(batch.subarray(BATCH_HEADER_BYTES), header)
  if (!cursor.next()) return null
  const { key, value } = cursor.toRecord()
  return decodeMarker(key, value)
}
