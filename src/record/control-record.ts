// Markers: the one record of a control batch, which says how a transaction ended here.
//
//   key    0      2      4          value  0      2            6
//          +------+------+                 +------+------------+
//          | ver. | type |                 | ver. | coord. ep. |
//          +------+------+                 +------+------------+
//
// Source: apache/kafka, ControlRecordType and EndTransactionMarker.

import { readInt16, readInt32, writeInt16, writeInt32 } from './integers.ts'

const KEY_BYTES = 4
const VALUE_BYTES = 6
const VERSION = 0

/** Types by their number on the wire. Those from 2 on belong to Kafka's own metadata log. */
const MARKER_TYPES = ['abort', 'transaction-commit'] as const

type MarkerType = (typeof MARKER_TYPES)[number]

export interface Marker {
  readonly type: MarkerType
  readonly coordinatorEpoch: number
}

export interface MarkerBytes {
  readonly key: Buffer
  readonly value: Buffer
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
