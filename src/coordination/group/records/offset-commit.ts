// The record of a committed offset.
//
//   key    int16 1 (0 before Kafka 0.9) | string group | string topic | int32 partition
//   value  int16 version
//          | int64 offset | int32 leader epoch (3+) | string metadata | int64 commit timestamp
//          | int64 expire timestamp (1 alone) | tagged fields (4+): tag 0 uuid topic id
//
// Versions 0 to 3 are plain, 4 is flexible. Version 4 is written, as Kafka 4.3 does, and 1 where the
// offset has an expiry of its own. Source: apache/kafka, OffsetCommitKey.json, OffsetCommitValue.json.

import { ZERO_UUID } from '../../../base/uuid.ts'
import type { Uuid } from '../../../base/uuid.ts'
import type { RecordReader } from '../../records/record-reader.ts'
import { RecordWriter } from '../../records/record-writer.ts'

const WRITTEN_VERSION = 4
const EXPIRE_TIMESTAMP_VERSION = 1
const FLEXIBLE_VERSION = 4

export interface OffsetCommitValue {
  /** Next offset that the group will read. */
  readonly offset: number
  /** -1 when the client gave none. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Milliseconds since 1970. */
  readonly commitTimestampMs: number
  /** Milliseconds since 1970; -1 for the rule of the group. Only very old clients ask for one. */
  readonly expireTimestampMs: number
  readonly topicId: Uuid
}

export function writeOffsetCommit(value: OffsetCommitValue): Buffer {
  if (value.expireTimestampMs !== -1) {
    return new RecordWriter(false)
      .int16(EXPIRE_TIMESTAMP_VERSION)
      .int64(value.offset)
      .string(value.metadata)
      .int64(value.commitTimestampMs)
      .int64(value.expireTimestampMs)
      .finish()
  }
  const topicId = new RecordWriter(true).uuid(value.topicId).finish()
  return new RecordWriter(true)
    .int16(WRITTEN_VERSION)
    .int64(value.offset)
    .int32(value.leaderEpoch)
    .string(value.metadata)
    .int64(value.commitTimestampMs)
    .tags(value.topicId === ZERO_UUID ? [] : [[0, topicId]])
    .finish()
}

export function readOffsetCommit(reader: RecordReader): OffsetCommitValue {
  const version = reader.int16()
  if (version < 0 || version > FLEXIBLE_VERSION) reader.fail(`offset of version ${version}`)
  reader.flexible = version >= FLEXIBLE_VERSION
  const offset = reader.int64()
  const leaderEpoch = version >= 3 ? reader.int32() : -1
  const metadata = reader.string()
  const commitTimestampMs = reader.int64()
  const expireTimestampMs = version === EXPIRE_TIMESTAMP_VERSION ? reader.int64() : -1
  let topicId = ZERO_UUID
  reader.tags((tag, field) => {
    if (tag === 0) topicId = field.uuid()
  })
  return { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs, topicId }
}
