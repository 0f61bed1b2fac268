// What the session of a group sends (proto/sluice/v1/groups.proto): records, many in a message, by
// hand, and everything else as protobuf-es has it.
//
//   SessionResponse  one of: 15 records: SessionRecords, or an event
//   SessionRecords   1 sequence   2 records: SubscribedRecord

import type * as wire from './gen/sluice/v1/groups_pb.ts'
import type { Codec } from './codec.ts'
import {
  readSubscribed,
  sizeOfSubscribed,
  type SubscribedRecord,
  writeSubscribed,
} from './subscribe-codec.ts'
import { LENGTH, type OpaqueNumber, tagOf, VARINT } from './wire-format.ts'
import { sizeOfLength, sizeOfOpaqueField } from './wire-writer.ts'

export interface SessionRecords {
  /** To be acknowledged. Rises with each message, from 1. */
  readonly sequence: OpaqueNumber
  readonly records: readonly SubscribedRecord[]
}

export type SessionResponse =
  | { readonly kind: 'records'; readonly message: SessionRecords }
  | { readonly kind: 'event'; readonly message: wire.SessionResponse }

const SEQUENCE = tagOf(1, VARINT)
const ELEMENT = tagOf(2, LENGTH)

export const sessionRecordsCodec: Codec<SessionRecords> = {
  size({ sequence, records }) {
    let size = sizeOfOpaqueField(sequence)
    for (const record of records) size += sizeOfLength(sizeOfSubscribed(record))
    return size
  },

  write(writer, { sequence, records }) {
    writer.opaqueField(SEQUENCE, sequence)
    for (const record of records) {
      writer.message(ELEMENT, sizeOfSubscribed(record))
      writeSubscribed(writer, record)
    }
  },

  read(reader) {
    let sequence: OpaqueNumber = 0
    const records: SubscribedRecord[] = []
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === SEQUENCE) sequence = reader.opaque()
      else if (tag === ELEMENT) records.push(readSubscribed(reader))
      else reader.skip(tag)
    }
    return { sequence, records }
  },
}

const RECORDS = tagOf(15, LENGTH)

/** Whether a SessionResponse carries records. */
export function carriesRecords(bytes: Buffer): boolean {
  return bytes[0] === RECORDS
}

/** A SessionResponse that carries records. */
export const recordsResponseCodec: Codec<SessionRecords> = {
  size: (message) => sizeOfLength(sessionRecordsCodec.size(message)),

  write(writer, message) {
    writer.message(RECORDS, sessionRecordsCodec.size(message))
    sessionRecordsCodec.write(writer, message)
  },

  read(reader) {
    let message: SessionRecords = { sequence: 0, records: [] }
    while (reader.more()) {
      const tag = reader.tag()
      if (tag !== RECORDS) {
        reader.skip(tag)
        continue
      }
      const outerEnd = reader.enter()
      message = sessionRecordsCodec.read(reader)
      reader.leave(outerEnd)
    }
    return message
  },
}
