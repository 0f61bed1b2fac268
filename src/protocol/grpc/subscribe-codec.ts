// The answers of Subscribe (proto/sluice/v1/fetch.proto): records, many in a message. Sessions of
// groups send the same (session-codec.ts).
//
//   SubscribedRecord   1 topic   2 partition   3 offset   4 record: Record
//   SubscribeResponse  1 records: SubscribedRecord

import { recordCodec, type WireRecord } from './record-codec.ts'
import type { Codec } from './codec.ts'
import { LENGTH, tagOf, VARINT } from './wire-format.ts'
import type { WireReader } from './wire-reader.ts'
import { sizeOfInt64Field, sizeOfLength, sizeOfString, type WireWriter } from './wire-writer.ts'

export interface SubscribedRecord extends WireRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface SubscribeResponse {
  readonly records: readonly SubscribedRecord[]
}

const EMPTY_RECORD: WireRecord = { key: null, value: null, headers: [], timestampMs: null }

const TOPIC = tagOf(1, LENGTH)
const PARTITION = tagOf(2, VARINT)
const OFFSET = tagOf(3, VARINT)
const RECORD = tagOf(4, LENGTH)
const RECORDS = tagOf(1, LENGTH)

export function sizeOfSubscribed(record: SubscribedRecord): number {
  return (
    sizeOfString(record.topic) +
    sizeOfInt64Field(record.partition) +
    sizeOfInt64Field(record.offset) +
    sizeOfLength(recordCodec.size(record))
  )
}

export function writeSubscribed(writer: WireWriter, record: SubscribedRecord): void {
  writer.stringField(TOPIC, record.topic)
  writer.int64Field(PARTITION, record.partition)
  writer.int64Field(OFFSET, record.offset)
  writer.message(RECORD, recordCodec.size(record))
  recordCodec.write(writer, record)
}

/** Reads one as an element of a repeated field. */
export function readSubscribed(reader: WireReader): SubscribedRecord {
  let topic = ''
  let partition = 0
  let offset = 0
  let record = EMPTY_RECORD
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === TOPIC) topic = reader.string()
    else if (tag === PARTITION) partition = reader.int32()
    else if (tag === OFFSET) offset = reader.int64()
    else if (tag === RECORD) {
      const elementEnd = reader.enter()
      record = recordCodec.read(reader)
      reader.leave(elementEnd)
    } else reader.skip(tag)
  }
  reader.leave(outerEnd)
  const { key, value, headers, timestampMs } = record
  return { topic, partition, offset, key, value, headers, timestampMs }
}

export const subscribeResponseCodec: Codec<SubscribeResponse> = {
  size({ records }) {
    let size = 0
    for (const record of records) size += sizeOfLength(sizeOfSubscribed(record))
    return size
  },

  write(writer, { records }) {
    for (const record of records) {
      writer.message(RECORDS, sizeOfSubscribed(record))
      writeSubscribed(writer, record)
    }
  },

  read(reader) {
    const records: SubscribedRecord[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === RECORDS) records.push(readSubscribed(reader))
      else reader.skip(tag)
    }
    return { records }
  },
}
