// The answers of Fetch and FetchStream (proto/sluice/v1/fetch.proto): what carries batches. They
// come out as views of the message that was received.
//
//   PartitionFetched     1 topic   2 partition   3 high_watermark   4 log_start_offset   5 error
//                        6 last_stable_offset   7 aborted: AbortedTransaction   15 batches
//   FetchResponse        1 partitions: PartitionFetched
//   PartitionState       1 topic   2 partition   3 tag   4 next_offset   5 high_watermark
//                        6 log_start_offset   7 error   8 last_stable_offset
//   Heartbeat            1 time_ms
//   PartitionBatches     1 topic   2 partition   3 tag   4 high_watermark   5 log_start_offset
//                        6 last_stable_offset   7 aborted: AbortedTransaction   15 batches
//   FetchStreamResponse  one of: 1 state: PartitionState   2 heartbeat: Heartbeat
//                        15 batches: PartitionBatches

import type { BrokerError } from '../../base/errors.ts'
import {
  type AbortedTransaction,
  NO_ABORTED,
  readAborted,
  sizeOfAborted,
  writeAborted,
} from './aborted-codec.ts'
import { readError, sizeOfError, writeError } from './error-codec.ts'
import type { Codec } from './codec.ts'
import { LENGTH, type OpaqueNumber, tagOf, VARINT } from './wire-format.ts'
import type { WireReader } from './wire-reader.ts'
import {
  sizeOfBytes,
  sizeOfInt64Field,
  sizeOfLength,
  sizeOfOpaqueField,
  sizeOfString,
} from './wire-writer.ts'

export interface PartitionFetched {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly error: BrokerError | null
  readonly aborted: readonly AbortedTransaction[]
  readonly batches: Buffer
}

export interface FetchResponse {
  readonly partitions: readonly PartitionFetched[]
}

export interface PartitionBatches {
  readonly kind: 'batches'
  readonly topic: string
  readonly partition: number
  readonly tag: OpaqueNumber
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly aborted: readonly AbortedTransaction[]
  readonly batches: Buffer
}

export interface PartitionState {
  readonly kind: 'state'
  readonly topic: string
  readonly partition: number
  readonly tag: OpaqueNumber
  /** -1 with an error. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly error: BrokerError | null
}

export interface Heartbeat {
  readonly kind: 'heartbeat'
  readonly timeMs: number
}

/** `unknown`: an event that a newer broker has and we have not. */
export type FetchStreamResponse =
  PartitionBatches | PartitionState | Heartbeat | { readonly kind: 'unknown' }

const NO_BYTES: Buffer = Buffer.alloc(0)

const TOPIC = tagOf(1, LENGTH)
const PARTITION = tagOf(2, VARINT)
const BATCHES = tagOf(15, LENGTH)

const FETCHED_HIGH_WATERMARK = tagOf(3, VARINT)
const FETCHED_LOG_START = tagOf(4, VARINT)
const FETCHED_ERROR = tagOf(5, LENGTH)

/** Of PartitionFetched and of PartitionBatches. */
const LAST_STABLE = tagOf(6, VARINT)
const ABORTED = tagOf(7, LENGTH)

function sizeOfFetched(fetched: PartitionFetched): number {
  return (
    sizeOfString(fetched.topic) +
    sizeOfInt64Field(fetched.partition) +
    sizeOfInt64Field(fetched.highWatermark) +
    sizeOfInt64Field(fetched.logStartOffset) +
    sizeOfError(fetched.error) +
    sizeOfInt64Field(fetched.lastStableOffset) +
    sizeOfAborted(fetched.aborted) +
    sizeOfBytes(fetched.batches)
  )
}

function readFetched(reader: WireReader): PartitionFetched {
  let topic = ''
  let partition = 0
  let highWatermark = 0
  let logStartOffset = 0
  let error: BrokerError | null = null
  let lastStableOffset = 0
  let aborted: AbortedTransaction[] | null = null
  let batches = NO_BYTES
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === TOPIC) topic = reader.string()
    else if (tag === PARTITION) partition = reader.int32()
    else if (tag === FETCHED_HIGH_WATERMARK) highWatermark = reader.int64()
    else if (tag === FETCHED_LOG_START) logStartOffset = reader.int64()
    else if (tag === FETCHED_ERROR) error = readError(reader)
    else if (tag === LAST_STABLE) lastStableOffset = reader.int64()
    else if (tag === ABORTED) (aborted ??= []).push(readAborted(reader))
    else if (tag === BATCHES) batches = reader.bytes()
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  const marks = { highWatermark, lastStableOffset, logStartOffset }
  return { topic, partition, ...marks, error, aborted: aborted ?? NO_ABORTED, batches }
}

const PARTITIONS = tagOf(1, LENGTH)

export const fetchResponseCodec: Codec<FetchResponse> = {
  size({ partitions }) {
    let size = 0
    for (const fetched of partitions) size += sizeOfLength(sizeOfFetched(fetched))
    return size
  },

  write(writer, { partitions }) {
    for (const fetched of partitions) {
      writer.message(PARTITIONS, sizeOfFetched(fetched))
      writer.stringField(TOPIC, fetched.topic)
      writer.int64Field(PARTITION, fetched.partition)
      writer.int64Field(FETCHED_HIGH_WATERMARK, fetched.highWatermark)
      writer.int64Field(FETCHED_LOG_START, fetched.logStartOffset)
      writeError(writer, FETCHED_ERROR, fetched.error)
      writer.int64Field(LAST_STABLE, fetched.lastStableOffset)
      writeAborted(writer, ABORTED, fetched.aborted)
      writer.bytesField(BATCHES, fetched.batches)
    }
  },

  read(reader) {
    const partitions: PartitionFetched[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === PARTITIONS) partitions.push(readFetched(reader))
      else reader.skip(tag)
    }
    return { partitions }
  },
}

const TAG = tagOf(3, VARINT)
const HIGH_WATERMARK = tagOf(4, VARINT)
const LOG_START_OFFSET = tagOf(5, VARINT)

/** PartitionBatches alone, as it stands inside a FetchStreamResponse. */
const batchesCodec: Codec<PartitionBatches> = {
  size(event) {
    return (
      sizeOfString(event.topic) +
      sizeOfInt64Field(event.partition) +
      sizeOfOpaqueField(event.tag) +
      sizeOfInt64Field(event.highWatermark) +
      sizeOfInt64Field(event.logStartOffset) +
      sizeOfInt64Field(event.lastStableOffset) +
      sizeOfAborted(event.aborted) +
      sizeOfBytes(event.batches)
    )
  },

  write(writer, event) {
    writer.stringField(TOPIC, event.topic)
    writer.int64Field(PARTITION, event.partition)
    writer.opaqueField(TAG, event.tag)
    writer.int64Field(HIGH_WATERMARK, event.highWatermark)
    writer.int64Field(LOG_START_OFFSET, event.logStartOffset)
    writer.int64Field(LAST_STABLE, event.lastStableOffset)
    writeAborted(writer, ABORTED, event.aborted)
    writer.bytesField(BATCHES, event.batches)
  },

  read(reader) {
    let topic = ''
    let partition = 0
    let ownTag: OpaqueNumber = 0
    let highWatermark = 0
    let lastStableOffset = 0
    let logStartOffset = 0
    let aborted: AbortedTransaction[] | null = null
    let batches = NO_BYTES
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === TOPIC) topic = reader.string()
      else if (tag === PARTITION) partition = reader.int32()
      else if (tag === TAG) ownTag = reader.opaque()
      else if (tag === HIGH_WATERMARK) highWatermark = reader.int64()
      else if (tag === LOG_START_OFFSET) logStartOffset = reader.int64()
      else if (tag === LAST_STABLE) lastStableOffset = reader.int64()
      else if (tag === ABORTED) (aborted ??= []).push(readAborted(reader))
      else if (tag === BATCHES) batches = reader.bytes()
      else reader.skip(tag)
    }
    return {
      kind: 'batches',
      topic,
      partition,
      tag: ownTag,
      highWatermark,
      lastStableOffset,
      logStartOffset,
      aborted: aborted ?? NO_ABORTED,
      batches,
    }
  },
}

const NEXT_OFFSET = tagOf(4, VARINT)
const STATE_HIGH_WATERMARK = tagOf(5, VARINT)
const STATE_LOG_START = tagOf(6, VARINT)
const STATE_ERROR = tagOf(7, LENGTH)
const STATE_LAST_STABLE = tagOf(8, VARINT)

/** PartitionState alone. */
const stateCodec: Codec<PartitionState> = {
  size(state) {
    return (
      sizeOfString(state.topic) +
      sizeOfInt64Field(state.partition) +
      sizeOfOpaqueField(state.tag) +
      sizeOfInt64Field(state.nextOffset) +
      sizeOfInt64Field(state.highWatermark) +
      sizeOfInt64Field(state.logStartOffset) +
      sizeOfError(state.error) +
      sizeOfInt64Field(state.lastStableOffset)
    )
  },

  write(writer, state) {
    writer.stringField(TOPIC, state.topic)
    writer.int64Field(PARTITION, state.partition)
    writer.opaqueField(TAG, state.tag)
    writer.int64Field(NEXT_OFFSET, state.nextOffset)
    writer.int64Field(STATE_HIGH_WATERMARK, state.highWatermark)
    writer.int64Field(STATE_LOG_START, state.logStartOffset)
    writeError(writer, STATE_ERROR, state.error)
    writer.int64Field(STATE_LAST_STABLE, state.lastStableOffset)
  },

  read(reader) {
    let topic = ''
    let partition = 0
    let ownTag: OpaqueNumber = 0
    let nextOffset = 0
    let highWatermark = 0
    let lastStableOffset = 0
    let logStartOffset = 0
    let error: BrokerError | null = null
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === TOPIC) topic = reader.string()
      else if (tag === PARTITION) partition = reader.int32()
      else if (tag === TAG) ownTag = reader.opaque()
      else if (tag === NEXT_OFFSET) nextOffset = reader.int64()
      else if (tag === STATE_HIGH_WATERMARK) highWatermark = reader.int64()
      else if (tag === STATE_LOG_START) logStartOffset = reader.int64()
      else if (tag === STATE_ERROR) error = readError(reader)
      else if (tag === STATE_LAST_STABLE) lastStableOffset = reader.int64()
      else reader.skip(tag)
    }
    const marks = { nextOffset, highWatermark, lastStableOffset, logStartOffset }
    return { kind: 'state', topic, partition, tag: ownTag, ...marks, error }
  },
}

const TIME = tagOf(1, VARINT)

/** Heartbeat alone. */
const heartbeatCodec: Codec<Heartbeat> = {
  size: ({ timeMs }) => sizeOfInt64Field(timeMs),

  write(writer, { timeMs }) {
    writer.int64Field(TIME, timeMs)
  },

  read(reader) {
    let timeMs = 0
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === TIME) timeMs = reader.int64()
      else reader.skip(tag)
    }
    return { kind: 'heartbeat', timeMs }
  },
}

const STATE_EVENT = tagOf(1, LENGTH)
const HEARTBEAT_EVENT = tagOf(2, LENGTH)
const BATCHES_EVENT = tagOf(15, LENGTH)

const UNKNOWN_EVENT = { kind: 'unknown' } as const

function sizeOfEvent(event: FetchStreamResponse): number {
  if (event.kind === 'batches') return batchesCodec.size(event)
  if (event.kind === 'state') return stateCodec.size(event)
  return event.kind === 'heartbeat' ? heartbeatCodec.size(event) : 0
}

export const fetchStreamResponseCodec: Codec<FetchStreamResponse> = {
  size: (event) => (event.kind === 'unknown' ? 0 : sizeOfLength(sizeOfEvent(event))),

  write(writer, event) {
    if (event.kind === 'batches') {
      writer.message(BATCHES_EVENT, batchesCodec.size(event))
      batchesCodec.write(writer, event)
    } else if (event.kind === 'state') {
      writer.message(STATE_EVENT, stateCodec.size(event))
      stateCodec.write(writer, event)
    } else if (event.kind === 'heartbeat') {
      writer.message(HEARTBEAT_EVENT, heartbeatCodec.size(event))
      heartbeatCodec.write(writer, event)
    }
  },

  read(reader) {
    let event: FetchStreamResponse = UNKNOWN_EVENT
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === BATCHES_EVENT) event = readEvent(reader, batchesCodec)
      else if (tag === STATE_EVENT) event = readEvent(reader, stateCodec)
      else if (tag === HEARTBEAT_EVENT) event = readEvent(reader, heartbeatCodec)
      else reader.skip(tag)
    }
    return event
  },
}

function readEvent<T>(reader: WireReader, codec: Codec<T>): T {
  const outerEnd = reader.enter()
  const event = codec.read(reader)
  reader.leave(outerEnd)
  return event
}
