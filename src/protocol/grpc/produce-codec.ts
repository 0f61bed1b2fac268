// The messages of Produce and ProduceStream (proto/sluice/v1/produce.proto). Batches come out as
// views of the message that was received.
//
//   PartitionBatch         1 topic   2 partition   15 batch
//   ProduceRequest         1 acks   2 timeout_ms   3 transactional_id   15 batches: PartitionBatch
//   ProduceStreamRequest   1 number   2 acks   3 timeout_ms   4 transactional_id
//                          15 batches: PartitionBatch
//   PartitionProduced      1 topic   2 partition   3 base_offset   4 log_append_time_ms
//                          5 log_start_offset   6 error
//   ProduceResponse        1 partitions: PartitionProduced
//   ProduceAck             1 number   2 partitions: PartitionProduced
//   ProduceStreamResponse  1 acks: ProduceAck

import type { BrokerError } from '../../base/errors.ts'
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
  type WireWriter,
} from './wire-writer.ts'

/** Values of the enum Acks. */
export const ACKS = { unspecified: 0, all: 1, leader: 2, none: 3 } as const

export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  /** One record batch v2. */
  readonly batch: Buffer
}

export interface ProduceRequest {
  /** A value of ACKS, or a number that the other side made up. */
  readonly acks: number
  readonly timeoutMs: number
  /** Read, it is there, and empty for none. */
  readonly transactionalId?: string
  readonly batches: readonly PartitionBatch[]
}

export interface ProduceStreamRequest extends ProduceRequest {
  readonly number: OpaqueNumber
}

export interface PartitionProduced {
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  readonly error: BrokerError | null
}

export interface ProduceResponse {
  readonly partitions: readonly PartitionProduced[]
}

export interface ProduceAck {
  readonly number: OpaqueNumber
  readonly partitions: readonly PartitionProduced[]
}

export interface ProduceStreamResponse {
  readonly acks: readonly ProduceAck[]
}

const NO_BYTES: Buffer = Buffer.alloc(0)

const TOPIC = tagOf(1, LENGTH)
const PARTITION = tagOf(2, VARINT)
const BATCH = tagOf(15, LENGTH)

function sizeOfBatch({ topic, partition, batch }: PartitionBatch): number {
  return sizeOfString(topic) + sizeOfInt64Field(partition) + sizeOfBytes(batch)
}

function sizeOfBatches(batches: readonly PartitionBatch[]): number {
  let size = 0
  for (const batch of batches) size += sizeOfLength(sizeOfBatch(batch))
  return size
}

const BATCHES = tagOf(15, LENGTH)

function writeBatches(writer: WireWriter, batches: readonly PartitionBatch[]): void {
  for (const batch of batches) {
    writer.message(BATCHES, sizeOfBatch(batch))
    writer.stringField(TOPIC, batch.topic)
    writer.int64Field(PARTITION, batch.partition)
    writer.bytesField(BATCH, batch.batch)
  }
}

function readBatch(reader: WireReader): PartitionBatch {
  let topic = ''
  let partition = 0
  let batch = NO_BYTES
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === TOPIC) topic = reader.string()
    else if (tag === PARTITION) partition = reader.int32()
    else if (tag === BATCH) batch = reader.bytes()
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return { topic, partition, batch }
}

const REQUEST_ACKS = tagOf(1, VARINT)
const REQUEST_TIMEOUT = tagOf(2, VARINT)
const REQUEST_TRANSACTIONAL_ID = tagOf(3, LENGTH)

export const produceRequestCodec: Codec<ProduceRequest> = {
  size({ acks, timeoutMs, transactionalId = '', batches }) {
    const head = sizeOfInt64Field(acks) + sizeOfInt64Field(timeoutMs)
    return head + sizeOfString(transactionalId) + sizeOfBatches(batches)
  },

  write(writer, { acks, timeoutMs, transactionalId = '', batches }) {
    writer.int64Field(REQUEST_ACKS, acks)
    writer.int64Field(REQUEST_TIMEOUT, timeoutMs)
    writer.stringField(REQUEST_TRANSACTIONAL_ID, transactionalId)
    writeBatches(writer, batches)
  },

  read(reader) {
    let acks = 0
    let timeoutMs = 0
    let transactionalId = ''
    const batches: PartitionBatch[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === BATCHES) batches.push(readBatch(reader))
      else if (tag === REQUEST_ACKS) acks = reader.int32()
      else if (tag === REQUEST_TIMEOUT) timeoutMs = reader.uint32()
      else if (tag === REQUEST_TRANSACTIONAL_ID) transactionalId = reader.string()
      else reader.skip(tag)
    }
    return { acks, timeoutMs, transactionalId, batches }
  },
}

const STREAM_NUMBER = tagOf(1, VARINT)
const STREAM_ACKS = tagOf(2, VARINT)
const STREAM_TIMEOUT = tagOf(3, VARINT)
const STREAM_TRANSACTIONAL_ID = tagOf(4, LENGTH)

export const produceStreamRequestCodec: Codec<ProduceStreamRequest> = {
  size({ number, acks, timeoutMs, transactionalId = '', batches }) {
    const head = sizeOfOpaqueField(number) + sizeOfInt64Field(acks) + sizeOfInt64Field(timeoutMs)
    return head + sizeOfString(transactionalId) + sizeOfBatches(batches)
  },

  write(writer, { number, acks, timeoutMs, transactionalId = '', batches }) {
    writer.opaqueField(STREAM_NUMBER, number)
    writer.int64Field(STREAM_ACKS, acks)
    writer.int64Field(STREAM_TIMEOUT, timeoutMs)
    writer.stringField(STREAM_TRANSACTIONAL_ID, transactionalId)
    writeBatches(writer, batches)
  },

  read(reader) {
    let number: OpaqueNumber = 0
    let acks = 0
    let timeoutMs = 0
    let transactionalId = ''
    const batches: PartitionBatch[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === BATCHES) batches.push(readBatch(reader))
      else if (tag === STREAM_NUMBER) number = reader.opaque()
      else if (tag === STREAM_ACKS) acks = reader.int32()
      else if (tag === STREAM_TIMEOUT) timeoutMs = reader.uint32()
      else if (tag === STREAM_TRANSACTIONAL_ID) transactionalId = reader.string()
      else reader.skip(tag)
    }
    return { number, acks, timeoutMs, transactionalId, batches }
  },
}

const BASE_OFFSET = tagOf(3, VARINT)
const LOG_APPEND_TIME = tagOf(4, VARINT)
const LOG_START_OFFSET = tagOf(5, VARINT)
const ERROR = tagOf(6, LENGTH)

function sizeOfProduced(produced: PartitionProduced): number {
  return (
    sizeOfString(produced.topic) +
    sizeOfInt64Field(produced.partition) +
    sizeOfInt64Field(produced.baseOffset) +
    sizeOfInt64Field(produced.logAppendTimeMs) +
    sizeOfInt64Field(produced.logStartOffset) +
    sizeOfError(produced.error)
  )
}

function sizeOfPartitions(partitions: readonly PartitionProduced[]): number {
  let size = 0
  for (const produced of partitions) size += sizeOfLength(sizeOfProduced(produced))
  return size
}

function writePartitions(
  writer: WireWriter,
  tag: number,
  partitions: readonly PartitionProduced[],
): void {
  for (const produced of partitions) {
    writer.message(tag, sizeOfProduced(produced))
    writer.stringField(TOPIC, produced.topic)
    writer.int64Field(PARTITION, produced.partition)
    writer.int64Field(BASE_OFFSET, produced.baseOffset)
    writer.int64Field(LOG_APPEND_TIME, produced.logAppendTimeMs)
    writer.int64Field(LOG_START_OFFSET, produced.logStartOffset)
    writeError(writer, ERROR, produced.error)
  }
}

function readProduced(reader: WireReader): PartitionProduced {
  let topic = ''
  let partition = 0
  let baseOffset = 0
  let logAppendTimeMs = 0
  let logStartOffset = 0
  let error: BrokerError | null = null
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === TOPIC) topic = reader.string()
    else if (tag === PARTITION) partition = reader.int32()
    else if (tag === BASE_OFFSET) baseOffset = reader.int64()
    else if (tag === LOG_APPEND_TIME) logAppendTimeMs = reader.int64()
    else if (tag === LOG_START_OFFSET) logStartOffset = reader.int64()
    else if (tag === ERROR) error = readError(reader)
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return { topic, partition, baseOffset, logAppendTimeMs, logStartOffset, error }
}

const RESPONSE_PARTITIONS = tagOf(1, LENGTH)

export const produceResponseCodec: Codec<ProduceResponse> = {
  size: ({ partitions }) => sizeOfPartitions(partitions),

  write(writer, { partitions }) {
    writePartitions(writer, RESPONSE_PARTITIONS, partitions)
  },

  read(reader) {
    const partitions: PartitionProduced[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === RESPONSE_PARTITIONS) partitions.push(readProduced(reader))
      else reader.skip(tag)
    }
    return { partitions }
  },
}

const STREAM_RESPONSE_ACKS = tagOf(1, LENGTH)
const ACK_NUMBER = tagOf(1, VARINT)
const ACK_PARTITIONS = tagOf(2, LENGTH)

function sizeOfAck({ number, partitions }: ProduceAck): number {
  return sizeOfOpaqueField(number) + sizeOfPartitions(partitions)
}

function readAck(reader: WireReader): ProduceAck {
  let number: OpaqueNumber = 0
  const partitions: PartitionProduced[] = []
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === ACK_NUMBER) number = reader.opaque()
    else if (tag === ACK_PARTITIONS) partitions.push(readProduced(reader))
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return { number, partitions }
}

export const produceStreamResponseCodec: Codec<ProduceStreamResponse> = {
  size({ acks }) {
    let size = 0
    for (const ack of acks) size += sizeOfLength(sizeOfAck(ack))
    return size
  },

  write(writer, { acks }) {
    for (const ack of acks) {
      writer.message(STREAM_RESPONSE_ACKS, sizeOfAck(ack))
      writer.opaqueField(ACK_NUMBER, ack.number)
      writePartitions(writer, ACK_PARTITIONS, ack.partitions)
    }
  },

  read(reader) {
    const acks: ProduceAck[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === STREAM_RESPONSE_ACKS) acks.push(readAck(reader))
      else reader.skip(tag)
    }
    return { acks }
  },
}
