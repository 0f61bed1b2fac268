// The messages of Publish and PublishStream (proto/sluice/v1/produce.proto).
//
//   PublishRecord          1 record: Record   2 partition (absent: chosen by the broker)
//   PublishProducer        1 producer_id   2 producer_epoch   3 base_sequence   4 transactional_id
//   PublishRequest         1 topic   2 acks   3 timeout_ms   4 records: PublishRecord
//                          5 producer: PublishProducer (absent: none)
//   PublishStreamRequest   1 number   2 topic   3 acks   4 timeout_ms   5 records: PublishRecord
//                          6 producer: PublishProducer (absent: none)
//   RecordPublished        1 partition   2 offset   3 timestamp_ms   4 error
//   PublishResponse        1 records: RecordPublished
//   PublishStreamResponse  1 number   2 records: RecordPublished   3 error

import type { BrokerError } from '../../base/errors.ts'
import { readError, sizeOfError, writeError } from './error-codec.ts'
import { recordCodec, type WireRecord } from './record-codec.ts'
import type { Codec } from './codec.ts'
import { LENGTH, type OpaqueNumber, tagOf, VARINT } from './wire-format.ts'
import type { WireReader } from './wire-reader.ts'
import {
  sizeOfInt64,
  sizeOfInt64Field,
  sizeOfLength,
  sizeOfOpaqueField,
  sizeOfString,
  type WireWriter,
} from './wire-writer.ts'

export interface PublishRecord extends WireRecord {
  readonly partition: number | null
}

export interface PublishProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  /** Read, it is there, and empty for none. */
  readonly transactionalId?: string
}

export interface PublishRequest {
  readonly topic: string
  readonly acks: number
  readonly timeoutMs: number
  readonly records: readonly PublishRecord[]
  /** Read, it is there or null. */
  readonly producer?: PublishProducer | null
}

export interface PublishStreamRequest extends PublishRequest {
  readonly number: OpaqueNumber
}

export interface RecordPublished {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly error: BrokerError | null
}

export interface PublishResponse {
  readonly records: readonly RecordPublished[]
}

export interface PublishStreamResponse extends PublishResponse {
  readonly number: OpaqueNumber
  readonly error: BrokerError | null
}

const EMPTY_RECORD: WireRecord = { key: null, value: null, headers: [], timestampMs: null }

const RECORD = tagOf(1, LENGTH)
const RECORD_PARTITION = tagOf(2, VARINT)

function sizeOfRecord(record: PublishRecord): number {
  const size = sizeOfLength(recordCodec.size(record))
  return record.partition === null ? size : size + 1 + sizeOfInt64(record.partition)
}

function sizeOfRecords(records: readonly PublishRecord[]): number {
  let size = 0
  for (const record of records) size += sizeOfLength(sizeOfRecord(record))
  return size
}

function writeRecords(writer: WireWriter, tag: number, records: readonly PublishRecord[]): void {
  for (const record of records) {
    writer.message(tag, sizeOfRecord(record))
    writer.message(RECORD, recordCodec.size(record))
    recordCodec.write(writer, record)
    if (record.partition !== null) {
      writer.uint32(RECORD_PARTITION)
      writer.int64(record.partition)
    }
  }
}

function readRecord(reader: WireReader): PublishRecord {
  let record = EMPTY_RECORD
  let partition: number | null = null
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === RECORD) {
      const elementEnd = reader.enter()
      record = recordCodec.read(reader)
      reader.leave(elementEnd)
    } else if (tag === RECORD_PARTITION) partition = reader.int32()
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  const { key, value, headers, timestampMs } = record
  return { key, value, headers, timestampMs, partition }
}

const PRODUCER_ID = tagOf(1, VARINT)
const PRODUCER_EPOCH = tagOf(2, VARINT)
const BASE_SEQUENCE = tagOf(3, VARINT)
const TRANSACTIONAL_ID = tagOf(4, LENGTH)

function sizeOfProducer(producer: PublishProducer): number {
  const { producerId, producerEpoch, baseSequence, transactionalId = '' } = producer
  return (
    sizeOfInt64Field(producerId) +
    sizeOfInt64Field(producerEpoch) +
    sizeOfInt64Field(baseSequence) +
    sizeOfString(transactionalId)
  )
}

/** Of the field; 0 where it is absent. */
function sizeOfProducerField(producer: PublishProducer | null): number {
  return producer === null ? 0 : sizeOfLength(sizeOfProducer(producer))
}

function writeProducer(writer: WireWriter, tag: number, producer: PublishProducer | null): void {
  if (producer === null) return
  writer.message(tag, sizeOfProducer(producer))
  writer.int64Field(PRODUCER_ID, producer.producerId)
  writer.int64Field(PRODUCER_EPOCH, producer.producerEpoch)
  writer.int64Field(BASE_SEQUENCE, producer.baseSequence)
  writer.stringField(TRANSACTIONAL_ID, producer.transactionalId ?? '')
}

/** @param before what an earlier element said: one message may come in parts */
function readProducer(reader: WireReader, before: PublishProducer | null): PublishProducer {
  let { producerId, producerEpoch, baseSequence, transactionalId = '' } = before ?? NO_FIELDS
  const end = reader.enter()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === PRODUCER_ID) producerId = reader.int64()
    else if (tag === PRODUCER_EPOCH) producerEpoch = reader.int32()
    else if (tag === BASE_SEQUENCE) baseSequence = reader.int32()
    else if (tag === TRANSACTIONAL_ID) transactionalId = reader.string()
    else reader.skip(tag)
  }
  reader.leave(end)
  return { producerId, producerEpoch, baseSequence, transactionalId }
}

const NO_FIELDS: PublishProducer = { producerId: 0, producerEpoch: 0, baseSequence: 0 }

const TOPIC = tagOf(1, LENGTH)
const ACKS = tagOf(2, VARINT)
const TIMEOUT = tagOf(3, VARINT)
const RECORDS = tagOf(4, LENGTH)
const PRODUCER = tagOf(5, LENGTH)

export const publishRequestCodec: Codec<PublishRequest> = {
  size({ topic, acks, timeoutMs, records, producer = null }) {
    const head = sizeOfString(topic) + sizeOfInt64Field(acks) + sizeOfInt64Field(timeoutMs)
    return head + sizeOfRecords(records) + sizeOfProducerField(producer)
  },

  write(writer, { topic, acks, timeoutMs, records, producer = null }) {
    writer.stringField(TOPIC, topic)
    writer.int64Field(ACKS, acks)
    writer.int64Field(TIMEOUT, timeoutMs)
    writeRecords(writer, RECORDS, records)
    writeProducer(writer, PRODUCER, producer)
  },

  read(reader) {
    let topic = ''
    let acks = 0
    let timeoutMs = 0
    const records: PublishRecord[] = []
    let producer: PublishProducer | null = null
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === PRODUCER) producer = readProducer(reader, producer)
      else if (tag === RECORDS) records.push(readRecord(reader))
      else if (tag === TOPIC) topic = reader.string()
      else if (tag === ACKS) acks = reader.int32()
      else if (tag === TIMEOUT) timeoutMs = reader.uint32()
      else reader.skip(tag)
    }
    return { topic, acks, timeoutMs, records, producer }
  },
}

const STREAM_NUMBER = tagOf(1, VARINT)
const STREAM_TOPIC = tagOf(2, LENGTH)
const STREAM_ACKS = tagOf(3, VARINT)
const STREAM_TIMEOUT = tagOf(4, VARINT)
const STREAM_RECORDS = tagOf(5, LENGTH)
const STREAM_PRODUCER = tagOf(6, LENGTH)

export const publishStreamRequestCodec: Codec<PublishStreamRequest> = {
  size(request) {
    return sizeOfOpaqueField(request.number) + publishRequestCodec.size(request)
  },

  write(writer, { number, topic, acks, timeoutMs, records, producer = null }) {
    writer.opaqueField(STREAM_NUMBER, number)
    writer.stringField(STREAM_TOPIC, topic)
    writer.int64Field(STREAM_ACKS, acks)
    writer.int64Field(STREAM_TIMEOUT, timeoutMs)
    writeRecords(writer, STREAM_RECORDS, records)
    writeProducer(writer, STREAM_PRODUCER, producer)
  },

  read(reader) {
    let number: OpaqueNumber = 0
    let topic = ''
    let acks = 0
    let timeoutMs = 0
    const records: PublishRecord[] = []
    let producer: PublishProducer | null = null
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === STREAM_PRODUCER) producer = readProducer(reader, producer)
      else if (tag === STREAM_RECORDS) records.push(readRecord(reader))
      else if (tag === STREAM_NUMBER) number = reader.opaque()
      else if (tag === STREAM_TOPIC) topic = reader.string()
      else if (tag === STREAM_ACKS) acks = reader.int32()
      else if (tag === STREAM_TIMEOUT) timeoutMs = reader.uint32()
      else reader.skip(tag)
    }
    return { number, topic, acks, timeoutMs, records, producer }
  },
}

const PARTITION = tagOf(1, VARINT)
const OFFSET = tagOf(2, VARINT)
const TIMESTAMP = tagOf(3, VARINT)
const ERROR = tagOf(4, LENGTH)

function sizeOfPublished({ partition, offset, timestampMs, error }: RecordPublished): number {
  return (
    sizeOfInt64Field(partition) +
    sizeOfInt64Field(offset) +
    sizeOfInt64Field(timestampMs) +
    sizeOfError(error)
  )
}

function sizeOfAllPublished(records: readonly RecordPublished[]): number {
  let size = 0
  for (const published of records) size += sizeOfLength(sizeOfPublished(published))
  return size
}

function writePublished(
  writer: WireWriter,
  tag: number,
  records: readonly RecordPublished[],
): void {
  for (const published of records) {
    writer.message(tag, sizeOfPublished(published))
    writer.int64Field(PARTITION, published.partition)
    writer.int64Field(OFFSET, published.offset)
    writer.int64Field(TIMESTAMP, published.timestampMs)
    writeError(writer, ERROR, published.error)
  }
}

function readPublished(reader: WireReader): RecordPublished {
  let partition = 0
  let offset = 0
  let timestampMs = 0
  let error: BrokerError | null = null
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === PARTITION) partition = reader.int32()
    else if (tag === OFFSET) offset = reader.int64()
    else if (tag === TIMESTAMP) timestampMs = reader.int64()
    else if (tag === ERROR) error = readError(reader)
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return { partition, offset, timestampMs, error }
}

const RESPONSE_RECORDS = tagOf(1, LENGTH)

export const publishResponseCodec: Codec<PublishResponse> = {
  size: ({ records }) => sizeOfAllPublished(records),

  write(writer, { records }) {
    writePublished(writer, RESPONSE_RECORDS, records)
  },

  read(reader) {
    const records: RecordPublished[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === RESPONSE_RECORDS) records.push(readPublished(reader))
      else reader.skip(tag)
    }
    return { records }
  },
}

const STREAM_RESPONSE_RECORDS = tagOf(2, LENGTH)
const STREAM_RESPONSE_ERROR = tagOf(3, LENGTH)

export const publishStreamResponseCodec: Codec<PublishStreamResponse> = {
  size({ number, records, error }) {
    return sizeOfOpaqueField(number) + sizeOfAllPublished(records) + sizeOfError(error)
  },

  write(writer, { number, records, error }) {
    writer.opaqueField(STREAM_NUMBER, number)
    writePublished(writer, STREAM_RESPONSE_RECORDS, records)
    writeError(writer, STREAM_RESPONSE_ERROR, error)
  },

  read(reader) {
    let number: OpaqueNumber = 0
    let error: BrokerError | null = null
    const records: RecordPublished[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === STREAM_RESPONSE_RECORDS) records.push(readPublished(reader))
      else if (tag === STREAM_NUMBER) number = reader.opaque()
      else if (tag === STREAM_RESPONSE_ERROR) error = readError(reader)
      else reader.skip(tag)
    }
    return { number, records, error }
  },
}
