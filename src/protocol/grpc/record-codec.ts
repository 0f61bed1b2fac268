// Records as users see them (proto/sluice/v1/records.proto), and Position. Keys, values and header
// values come out as views of the message that was received.
//
//   Record    1 key (absent: null)   2 value (absent: null)   3 headers: Header   4 timestamp_ms
//   Header    1 key   2 value (absent: null)
//   Position  one of: 1 edge (0, 1 earliest; 2 latest)   2 offset   3 timestamp_ms

import type { Codec } from './codec.ts'
import { LENGTH, tagOf, VARINT, WireFormatError } from './wire-format.ts'
import type { WireReader } from './wire-reader.ts'
import { sizeOfInt64, sizeOfLength, sizeOfString } from './wire-writer.ts'

export interface WireHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

export interface WireRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly WireHeader[]
  /** Null: the broker takes its own clock. */
  readonly timestampMs: number | null
}

/** Where to begin to read a partition. */
export type WirePosition =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }

const NO_HEADERS: readonly WireHeader[] = Object.freeze([])

const KEY = tagOf(1, LENGTH)
const VALUE = tagOf(2, LENGTH)
const HEADERS = tagOf(3, LENGTH)
const TIMESTAMP = tagOf(4, VARINT)

function sizeOfHeader({ key, value }: WireHeader): number {
  return sizeOfString(key) + (value === null ? 0 : sizeOfLength(value.byteLength))
}

function readHeader(reader: WireReader): WireHeader {
  let key = ''
  let value: Uint8Array | null = null
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === KEY) key = reader.string()
    else if (tag === VALUE) value = reader.bytes()
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return { key, value }
}

export const recordCodec: Codec<WireRecord> = {
  size({ key, value, headers, timestampMs }) {
    let size = timestampMs === null ? 0 : 1 + sizeOfInt64(timestampMs)
    if (key !== null) size += sizeOfLength(key.byteLength)
    if (value !== null) size += sizeOfLength(value.byteLength)
    for (const header of headers) size += sizeOfLength(sizeOfHeader(header))
    return size
  },

  write(writer, { key, value, headers, timestampMs }) {
    if (key !== null) writer.bytesElement(KEY, key)
    if (value !== null) writer.bytesElement(VALUE, value)
    for (const header of headers) {
      writer.message(HEADERS, sizeOfHeader(header))
      writer.stringField(KEY, header.key)
      if (header.value !== null) writer.bytesElement(VALUE, header.value)
    }
    if (timestampMs !== null) {
      writer.uint32(TIMESTAMP)
      writer.int64(timestampMs)
    }
  },

  read(reader) {
    let key: Uint8Array | null = null
    let value: Uint8Array | null = null
    let timestampMs: number | null = null
    let headers: WireHeader[] | null = null
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === KEY) key = reader.bytes()
      else if (tag === VALUE) value = reader.bytes()
      else if (tag === HEADERS) (headers ??= []).push(readHeader(reader))
      else if (tag === TIMESTAMP) timestampMs = reader.int64()
      else reader.skip(tag)
    }
    return { key, value, headers: headers ?? NO_HEADERS, timestampMs }
  },
}

/** Values of the enum Position.Edge. */
const EDGE_LATEST = 2

const EDGE = tagOf(1, VARINT)
const OFFSET = tagOf(2, VARINT)
const POSITION_TIMESTAMP = tagOf(3, VARINT)

/** The position at an edge. @throws WireFormatError when the number stands for none */
export function edgePosition(edge: number): WirePosition {
  if (edge === EDGE_LATEST) return { kind: 'latest' }
  if (edge === 0 || edge === 1) return { kind: 'earliest' }
  throw new WireFormatError(`${edge} is not an edge: 1 is the earliest record, 2 the latest`)
}

export const positionCodec: Codec<WirePosition> = {
  size(position) {
    if (position.kind === 'offset') return 1 + sizeOfInt64(position.offset)
    if (position.kind === 'timestamp') return 1 + sizeOfInt64(position.timestampMs)
    return 2
  },

  write(writer, position) {
    if (position.kind === 'offset') {
      writer.uint32(OFFSET)
      writer.int64(position.offset)
    } else if (position.kind === 'timestamp') {
      writer.uint32(POSITION_TIMESTAMP)
      writer.int64(position.timestampMs)
    } else {
      writer.uint32(EDGE)
      writer.uint32(position.kind === 'latest' ? EDGE_LATEST : 1)
    }
  },

  /** A message that names no position is one that names the earliest record. */
  read(reader) {
    let position: WirePosition = { kind: 'earliest' }
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === EDGE) position = edgePosition(reader.int32())
      else if (tag === OFFSET) position = { kind: 'offset', offset: reader.int64() }
      else if (tag === POSITION_TIMESTAMP) {
        position = { kind: 'timestamp', timestampMs: reader.int64() }
      } else reader.skip(tag)
    }
    return position
  },
}
