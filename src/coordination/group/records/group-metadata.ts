// The record of a group of the classic protocol.
//
//   key    int16 2 | string group
//   value  int16 version
//          | string protocol type | int32 generation | string? protocol | string? leader
//          | int64 state timestamp (2+) | array of members | tagged fields (4+)
//   member string id | string? instance id (3+) | string client id | string client host
//          | int32 rebalance timeout (1+) | int32 session timeout
//          | bytes subscription | bytes assignment | tagged fields (4+)
//
// Versions 0 to 3 are plain, 4 is flexible. Version 3 is written, as Kafka 4.x does.
// Source: apache/kafka, GroupMetadataKey.json, GroupMetadataValue.json.

import type { RecordReader } from '../../records/record-reader.ts'
import { RecordWriter } from '../../records/record-writer.ts'

const WRITTEN_VERSION = 3
const FLEXIBLE_VERSION = 4

export interface ClassicMemberValue {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** Metadata of the chosen protocol, as the member gave it. */
  readonly subscription: Uint8Array
  /** What the leader gave the member. */
  readonly assignment: Uint8Array
}

export interface GroupMetadataValue {
  readonly protocolType: string
  readonly generation: number
  readonly protocol: string | null
  readonly leader: string | null
  /** When the group came into its state, milliseconds since 1970; -1 if unknown. */
  readonly stateTimestampMs: number
  readonly members: readonly ClassicMemberValue[]
}

export function writeGroupMetadata(value: GroupMetadataValue): Buffer {
  const writer = new RecordWriter(false)
    .int16(WRITTEN_VERSION)
    .string(value.protocolType)
    .int32(value.generation)
    .string(value.protocol)
    .string(value.leader)
    .int64(value.stateTimestampMs)
  writer.array(value.members, (member) => {
    writer.string(member.memberId).string(member.instanceId)
    writer.string(member.clientId).string(member.clientHost)
    writer.int32(member.rebalanceTimeoutMs).int32(member.sessionTimeoutMs)
    writer.bytes(member.subscription).bytes(member.assignment)
  })
  return writer.finish()
}

export function readGroupMetadata(reader: RecordReader): GroupMetadataValue {
  const version = reader.int16()
  if (version < 0 || version > FLEXIBLE_VERSION) reader.fail(`group of version ${version}`)
  reader.flexible = version >= FLEXIBLE_VERSION
  const protocolType = reader.string()
  const generation = reader.int32()
  const protocol = reader.nullableString()
  const leader = reader.nullableString()
  const stateTimestampMs = version >= 2 ? reader.int64() : -1
  const members = reader.array(() => readMember(reader, version))
  reader.tags()
  return { protocolType, generation, protocol, leader, stateTimestampMs, members }
}

function readMember(reader: RecordReader, version: number): ClassicMemberValue {
  const memberId = reader.string()
  const instanceId = version >= 3 ? reader.nullableString() : null
  const clientId = reader.string()
  const clientHost = reader.string()
  const given = version >= 1 ? reader.int32() : -1
  const sessionTimeoutMs = reader.int32()
  const subscription = reader.bytes()
  const assignment = reader.bytes()
  reader.tags()
  // Before version 1 the session timeout was the bound of a rebalance as well.
  const rebalanceTimeoutMs = given === -1 ? sessionTimeoutMs : given
  return {
    ...{ memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs },
    ...{ subscription, assignment },
  }
}
