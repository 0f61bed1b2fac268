// The records of a group of the newer protocol (KIP-848). Every value is int16 version 0, flexible.
//
//   key 3   string group                  epoch          int32 epoch | tag 0: int64 metadata hash
//   key 4   string group                  (before 4.1)   topics of the group: read past, never written
//   key 5   string group | string member  member         see writeMember
//   key 6   string group                  target         int32 epoch | tag 0: int64 timestamp
//   key 7   string group | string member  target         array of topic partitions
//   key 8   string group | string member  current        int32 epoch | int32 previous epoch
//                                         | int8 state | topic partitions assigned | and to revoke
//   key 16  string group | string pattern expression     array of string topics | int64 version
//                                         | int64 timestamp
//   topic partitions                      uuid topic id | array of int32 partitions | tags
//
// Kafka 4.3 adds to each topic that a member owns the epochs at which it got the partitions (tag 0):
// they are read past here, and not written.
//
// Source: apache/kafka, ConsumerGroup*Key.json and ConsumerGroup*Value.json; KIP-848, KIP-1071.

import type { Uuid } from '../../../base/uuid.ts'
import type { RecordReader } from '../../records/record-reader.ts'
import { RecordWriter } from '../../records/record-writer.ts'

export interface TopicPartitions {
  readonly topicId: Uuid
  readonly partitions: readonly number[]
}

export interface GroupEpochValue {
  readonly epoch: number
  /** Hash over the subscribed topics, signed 64 bits; 0 when there are none. */
  readonly metadataHash: bigint
}

/** How a member that speaks the classic protocol is kept in a group of the newer one. */
export interface ClassicSupport {
  readonly sessionTimeoutMs: number
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[]
}

export interface MemberMetadataValue {
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly topicNames: readonly string[]
  readonly topicRegex: string | null
  readonly rebalanceTimeoutMs: number
  readonly serverAssignor: string | null
  readonly classic: ClassicSupport | null
}

export interface TargetEpochValue {
  readonly epoch: number
  /** When it was computed, milliseconds since 1970; 0 if unknown. */
  readonly timestampMs: number
}

/** Where a member stands on its way to its target. Numbers of the wire: Kafka's MemberState. */
export const MEMBER_STATES = { stable: 0, revoking: 1, waiting: 2 } as const
export type MemberState = keyof typeof MEMBER_STATES

export interface CurrentAssignmentValue {
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: MemberState
  readonly assigned: readonly TopicPartitions[]
  readonly pendingRevocation: readonly TopicPartitions[]
}

export interface RegexValue {
  readonly topics: readonly string[]
  /** Version of the metadata that the topics were taken from. */
  readonly version: number
  readonly timestampMs: number
}

const VERSION = 0

/** A writer that has written the version of a value. */
function valueWriter(): RecordWriter {
  return new RecordWriter(true).int16(VERSION)
}

/** Checks the version in front of a value. */
function openValue(reader: RecordReader): void {
  const version = reader.int16()
  if (version !== VERSION) reader.fail(`a value of version ${version}`)
  reader.flexible = true
}

export function writeGroupEpoch({ epoch, metadataHash }: GroupEpochValue): Buffer {
  const hash = new RecordWriter(true).int64(metadataHash).finish()
  return valueWriter()
    .int32(epoch)
    .tags(metadataHash === 0n ? [] : [[0, hash]])
    .finish()
}

export function readGroupEpoch(reader: RecordReader): GroupEpochValue {
  openValue(reader)
  const epoch = reader.int32()
  let metadataHash = 0n
  reader.tags((tag, field) => {
    if (tag === 0) metadataHash = field.int64Big()
  })
  return { epoch, metadataHash }
}

/** string? instance | string? rack | string client id | string host | array of string topics
 *  | string? regex | int32 rebalance timeout | string? assignor | tag 0: classic support */
export function writeMember(value: MemberMetadataValue): Buffer {
  const writer = valueWriter()
    .string(value.instanceId)
    .string(value.rackId)
    .string(value.clientId)
    .string(value.clientHost)
  writer.array(value.topicNames, (name) => void writer.string(name))
  writer.string(value.topicRegex).int32(value.rebalanceTimeoutMs).string(value.serverAssignor)
  return writer.tags([[0, writeClassicSupport(value.classic)]]).finish()
}

/** A nullable struct in a tagged field: uvarint 0 for null, else uvarint 1 and its fields. Kafka
 *  writes the null out as well. */
function writeClassicSupport(value: ClassicSupport | null): Buffer {
  const writer = new RecordWriter(true)
  if (value === null) return writer.uvarint(0).finish()
  writer.uvarint(1).int32(value.sessionTimeoutMs)
  writer.array(value.protocols, ({ name, metadata }) => {
    writer.string(name).bytes(metadata).tags()
  })
  return writer.tags().finish()
}

export function readMember(reader: RecordReader): MemberMetadataValue {
  openValue(reader)
  const instanceId = reader.nullableString()
  const rackId = reader.nullableString()
  const clientId = reader.string()
  const clientHost = reader.string()
  const topicNames = reader.array(() => reader.string())
  const topicRegex = reader.nullableString()
  const rebalanceTimeoutMs = reader.int32()
  const serverAssignor = reader.nullableString()
  let classic: ClassicSupport | null = null
  reader.tags((tag, field) => {
    if (tag === 0) classic = readClassicSupport(field)
  })
  return {
    ...{ instanceId, rackId, clientId, clientHost, topicNames, topicRegex },
    ...{ rebalanceTimeoutMs, serverAssignor, classic },
  }
}

function readClassicSupport(reader: RecordReader): ClassicSupport | null {
  if (reader.uvarint() === 0) return null
  const sessionTimeoutMs = reader.int32()
  const protocols = reader.array(() => {
    const protocol = { name: reader.string(), metadata: reader.bytes() }
    reader.tags()
    return protocol
  })
  reader.tags()
  return { sessionTimeoutMs, protocols }
}

export function writeTargetEpoch({ epoch, timestampMs }: TargetEpochValue): Buffer {
  const timestamp = new RecordWriter(true).int64(timestampMs).finish()
  return valueWriter()
    .int32(epoch)
    .tags(timestampMs === 0 ? [] : [[0, timestamp]])
    .finish()
}

export function readTargetEpoch(reader: RecordReader): TargetEpochValue {
  openValue(reader)
  const epoch = reader.int32()
  let timestampMs = 0
  reader.tags((tag, field) => {
    if (tag === 0) timestampMs = field.int64()
  })
  return { epoch, timestampMs }
}

export function writeTargetMember(assignment: readonly TopicPartitions[]): Buffer {
  const writer = valueWriter()
  writeTopicPartitions(writer, assignment)
  return writer.tags().finish()
}

export function readTargetMember(reader: RecordReader): TopicPartitions[] {
  openValue(reader)
  const assignment = readTopicPartitions(reader)
  reader.tags()
  return assignment
}

export function writeCurrentAssignment(value: CurrentAssignmentValue): Buffer {
  const writer = valueWriter()
    .int32(value.memberEpoch)
    .int32(value.previousMemberEpoch)
    .int8(MEMBER_STATES[value.state])
  writeTopicPartitions(writer, value.assigned)
  writeTopicPartitions(writer, value.pendingRevocation)
  return writer.tags().finish()
}

export function readCurrentAssignment(reader: RecordReader): CurrentAssignmentValue {
  openValue(reader)
  const memberEpoch = reader.int32()
  const previousMemberEpoch = reader.int32()
  const stateId = reader.int8()
  const state = stateOf(stateId) ?? reader.fail(`member state ${stateId}`)
  const assigned = readTopicPartitions(reader)
  const pendingRevocation = readTopicPartitions(reader)
  reader.tags()
  return { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation }
}

export function writeRegex(value: RegexValue): Buffer {
  const writer = valueWriter()
  writer.array(value.topics, (topic) => void writer.string(topic))
  return writer.int64(value.version).int64(value.timestampMs).tags().finish()
}

export function readRegex(reader: RecordReader): RegexValue {
  openValue(reader)
  const topics = reader.array(() => reader.string())
  const version = reader.int64()
  const timestampMs = reader.int64()
  reader.tags()
  return { topics, version, timestampMs }
}

function stateOf(id: number): MemberState | null {
  const found = Object.entries(MEMBER_STATES).find(([, value]) => value === id)
  return (found?.[0] as MemberState | undefined) ?? null
}

function writeTopicPartitions(writer: RecordWriter, topics: readonly TopicPartitions[]): void {
  writer.array(topics, ({ topicId, partitions }) => {
    writer.uuid(topicId).array(partitions, (partition) => void writer.int32(partition))
    writer.tags()
  })
}

function readTopicPartitions(reader: RecordReader): TopicPartitions[] {
  return reader.array(() => {
    const topicId = reader.uuid()
    const partitions = reader.array(() => reader.int32())
    reader.tags()
    return { topicId, partitions }
  })
}
