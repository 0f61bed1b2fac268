// A record of __consumer_offsets as a value, and its way to bytes and back.
//
//   key    int16 type | fields of the key, always plain
//   value  int16 version | fields of the value        or null: the key is deleted (tombstone)
//
// Types 0 to 8 and 16 are known here. Others (share groups, streams groups) are left alone.
// Source: apache/kafka, CoordinatorRecordType and the definitions beside it.

import {
  readCurrentAssignment,
  readGroupEpoch,
  readMember,
  readRegex,
  readTargetEpoch,
  readTargetMember,
  writeCurrentAssignment,
  writeGroupEpoch,
  writeMember,
  writeRegex,
  writeTargetEpoch,
  writeTargetMember,
} from './consumer-group.ts'
import type {
  CurrentAssignmentValue,
  GroupEpochValue,
  MemberMetadataValue,
  RegexValue,
  TargetEpochValue,
  TopicPartitions,
} from './consumer-group.ts'
import type { EncodedRecord } from '../../runtime/coordinator-log.ts'
import { readGroupMetadata, writeGroupMetadata } from './group-metadata.ts'
import type { GroupMetadataValue } from './group-metadata.ts'
import { readOffsetCommit, writeOffsetCommit } from './offset-commit.ts'
import type { OffsetCommitValue } from './offset-commit.ts'
import { RecordReader } from '../../records/record-reader.ts'
import { RecordWriter } from '../../records/record-writer.ts'

interface OfGroup<Type extends string, Value> {
  readonly type: Type
  readonly groupId: string
  /** Null deletes what the key names. */
  readonly value: Value | null
}

interface OfMember<Type extends string, Value> extends OfGroup<Type, Value> {
  readonly memberId: string
}

export interface OffsetRecord extends OfGroup<'Offset', OffsetCommitValue> {
  readonly topic: string
  readonly partition: number
}

export interface RegexRecord extends OfGroup<'Regex', RegexValue> {
  readonly pattern: string
}

export type ClassicGroupRecord = OfGroup<'ClassicGroup', GroupMetadataValue>

export type ConsumerGroupRecord =
  | OfGroup<'GroupEpoch', GroupEpochValue>
  | OfGroup<'PartitionMetadata', 'present'>
  | OfMember<'Member', MemberMetadataValue>
  | OfGroup<'TargetEpoch', TargetEpochValue>
  | OfMember<'TargetMember', readonly TopicPartitions[]>
  | OfMember<'CurrentAssignment', CurrentAssignmentValue>
  | RegexRecord

/** One change to what a coordinator keeps. */
export type GroupRecord = OffsetRecord | ClassicGroupRecord | ConsumerGroupRecord

const KEY_TYPES = {
  Offset: 1,
  ClassicGroup: 2,
  GroupEpoch: 3,
  PartitionMetadata: 4,
  Member: 5,
  TargetEpoch: 6,
  TargetMember: 7,
  CurrentAssignment: 8,
  Regex: 16,
} as const

/** The record's bytes. Deleting a key that was never there is allowed. */
export function encodeRecord(record: GroupRecord): EncodedRecord {
  return { key: encodeKey(record), value: encodeValue(record) }
}

/**
 * The record that stands in these bytes, copied out of them.
 *
 * @returns null for a record of a type that is not known here
 * @throws BrokerError CORRUPT_MESSAGE when the bytes are not what their type says
 */
export function decodeRecord(key: Uint8Array, value: Uint8Array | null): GroupRecord | null {
  const reader = new RecordReader(key)
  const type = reader.int16()
  const groupOnly = <T>(read: (from: RecordReader) => T) => {
    return { groupId: reader.string(), value: value && read(new RecordReader(value)) }
  }
  const withMember = <T>(read: (from: RecordReader) => T) => {
    const [groupId, memberId] = [reader.string(), reader.string()]
    return { groupId, memberId, value: value && read(new RecordReader(value)) }
  }
  switch (type) {
    case 0:
    case KEY_TYPES.Offset:
      return decodeOffset(reader, value)
    case KEY_TYPES.ClassicGroup:
      return { type: 'ClassicGroup', ...groupOnly(readGroupMetadata) }
    case KEY_TYPES.GroupEpoch:
      return { type: 'GroupEpoch', ...groupOnly(readGroupEpoch) }
    case KEY_TYPES.PartitionMetadata:
      return { type: 'PartitionMetadata', ...groupOnly(() => 'present' as const) }
    case KEY_TYPES.Member:
      return { type: 'Member', ...withMember(readMember) }
    case KEY_TYPES.TargetEpoch:
      return { type: 'TargetEpoch', ...groupOnly(readTargetEpoch) }
    case KEY_TYPES.TargetMember:
      return { type: 'TargetMember', ...withMember(readTargetMember) }
    case KEY_TYPES.CurrentAssignment:
      return { type: 'CurrentAssignment', ...withMember(readCurrentAssignment) }
    case KEY_TYPES.Regex: {
      const { groupId, memberId: pattern, value: topics } = withMember(readRegex)
      return { type: 'Regex', groupId, pattern, value: topics }
    }
    default:
      return null
  }
}

function decodeOffset(reader: RecordReader, value: Uint8Array | null): OffsetRecord {
  const [groupId, topic, partition] = [reader.string(), reader.string(), reader.int32()]
  const decoded = value && readOffsetCommit(new RecordReader(value))
  return { type: 'Offset', groupId, topic, partition, value: decoded }
}

/** The bytes of the record's key alone: what compaction goes by. */
export function encodeKey(record: GroupRecord): Buffer {
  const writer = new RecordWriter(false).int16(KEY_TYPES[record.type]).string(record.groupId)
  switch (record.type) {
    case 'Offset':
      return writer.string(record.topic).int32(record.partition).finish()
    case 'Member':
    case 'TargetMember':
    case 'CurrentAssignment':
      return writer.string(record.memberId).finish()
    case 'Regex':
      return writer.string(record.pattern).finish()
    default:
      return writer.finish()
  }
}

function encodeValue(record: GroupRecord): Buffer | null {
  if (record.value === null) return null
  switch (record.type) {
    case 'Offset':
      return writeOffsetCommit(record.value)
    case 'ClassicGroup':
      return writeGroupMetadata(record.value)
    case 'GroupEpoch':
      return writeGroupEpoch(record.value)
    case 'Member':
      return writeMember(record.value)
    case 'TargetEpoch':
      return writeTargetEpoch(record.value)
    case 'TargetMember':
      return writeTargetMember(record.value)
    case 'CurrentAssignment':
      return writeCurrentAssignment(record.value)
    case 'Regex':
      return writeRegex(record.value)
    case 'PartitionMetadata':
      throw new RangeError('metadata of partitions is deleted only, never written')
  }
}
