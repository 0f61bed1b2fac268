// Made from definitions/offset-records.txt by tools/generate-kafka.ts; do not edit.
//
// Records of __consumer_offsets: stored offsets, and groups of the classic protocol. A key is
// preceded by its type, a value by its version, both int16.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type MessageCodec, checkVersion } from '../message-codec.ts'

export interface LegacyOffsetCommitKey {
  /** Id of the group. */
  readonly group: string
  /** Name of the topic. */
  readonly topic: string
  /** Partition. */
  readonly partition: number
}

/** LegacyOffsetCommitKey to be written. */
export interface LegacyOffsetCommitKeyInit {
  readonly group: string
  readonly topic: string
  readonly partition: number
}

function readLegacyOffsetCommitKey(r: FrameReader, v: number): LegacyOffsetCommitKey {
  checkVersion('LegacyOffsetCommitKey', v, 0, 0)
  r.flexible = false
  const group = r.string()
  const topic = r.string()
  const partition = r.int32()
  return { group, topic, partition }
}

function writeLegacyOffsetCommitKey(w: FrameWriter, m: LegacyOffsetCommitKeyInit, v: number): void {
  checkVersion('LegacyOffsetCommitKey', v, 0, 0)
  w.flexible = false
  w.string(m.group)
  w.string(m.topic)
  w.int32(m.partition)
}

export const LEGACY_OFFSET_COMMIT_KEY: MessageCodec<
  LegacyOffsetCommitKey,
  LegacyOffsetCommitKeyInit
> & { readonly recordType: number } = {
  name: 'LegacyOffsetCommitKey',
  recordType: 0,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readLegacyOffsetCommitKey,
  write: writeLegacyOffsetCommitKey,
}

export interface LegacyOffsetCommitValue {
  /** Next offset that the group will read. */
  readonly offset: number
  /** Text of the client, kept beside the offset. */
  readonly metadata: string
  /** When the offset was stored, ms since 1970. */
  readonly commitTimestamp: number
}

/** LegacyOffsetCommitValue to be written. */
export interface LegacyOffsetCommitValueInit {
  readonly offset: number
  readonly metadata: string
  readonly commitTimestamp: number
}

function readLegacyOffsetCommitValue(r: FrameReader, v: number): LegacyOffsetCommitValue {
  checkVersion('LegacyOffsetCommitValue', v, 0, 0)
  r.flexible = false
  const offset = r.int64()
  const metadata = r.string()
  const commitTimestamp = r.int64()
  return { offset, metadata, commitTimestamp }
}

function writeLegacyOffsetCommitValue(
  w: FrameWriter,
  m: LegacyOffsetCommitValueInit,
  v: number,
): void {
  checkVersion('LegacyOffsetCommitValue', v, 0, 0)
  w.flexible = false
  w.int64(m.offset)
  w.string(m.metadata)
  w.int64(m.commitTimestamp)
}

export const LEGACY_OFFSET_COMMIT_VALUE: MessageCodec<
  LegacyOffsetCommitValue,
  LegacyOffsetCommitValueInit
> & { readonly recordType: number } = {
  name: 'LegacyOffsetCommitValue',
  recordType: 0,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readLegacyOffsetCommitValue,
  write: writeLegacyOffsetCommitValue,
}

export interface OffsetCommitKey {
  /** Id of the group. */
  readonly group: string
  /** Name of the topic. */
  readonly topic: string
  /** Partition. */
  readonly partition: number
}

/** OffsetCommitKey to be written. */
export interface OffsetCommitKeyInit {
  readonly group: string
  readonly topic: string
  readonly partition: number
}

function readOffsetCommitKey(r: FrameReader, v: number): OffsetCommitKey {
  checkVersion('OffsetCommitKey', v, 0, 0)
  r.flexible = false
  const group = r.string()
  const topic = r.string()
  const partition = r.int32()
  return { group, topic, partition }
}

function writeOffsetCommitKey(w: FrameWriter, m: OffsetCommitKeyInit, v: number): void {
  checkVersion('OffsetCommitKey', v, 0, 0)
  w.flexible = false
  w.string(m.group)
  w.string(m.topic)
  w.int32(m.partition)
}

export const OFFSET_COMMIT_KEY: MessageCodec<OffsetCommitKey, OffsetCommitKeyInit> & {
  readonly recordType: number
} = {
  name: 'OffsetCommitKey',
  recordType: 1,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readOffsetCommitKey,
  write: writeOffsetCommitKey,
}

export interface OffsetCommitValue {
  /** Next offset that the group will read. */
  readonly offset: number
  /** Leader epoch; -1 if unknown. Version >= 3. */
  readonly leaderEpoch: number
  /** Text of the client, kept beside the offset. */
  readonly metadata: string
  /** When the offset was stored, ms since 1970. */
  readonly commitTimestamp: number
  /** When the offset expires, ms since 1970; -1 for the rule of the group. Version === 1. */
  readonly expireTimestamp: number
  /** Id of the topic. Version >= 4. */
  readonly topicId: Uuid
}

/** OffsetCommitValue to be written. */
export interface OffsetCommitValueInit {
  readonly offset: number
  readonly leaderEpoch?: number | undefined
  readonly metadata: string
  readonly commitTimestamp: number
  readonly expireTimestamp?: number | undefined
  readonly topicId?: Uuid | undefined
}

function readOffsetCommitValue(r: FrameReader, v: number): OffsetCommitValue {
  checkVersion('OffsetCommitValue', v, 0, 4)
  r.flexible = v >= 4
  const offset = r.int64()
  const leaderEpoch = v >= 3 ? r.int32() : -1
  const metadata = r.string()
  const commitTimestamp = r.int64()
  const expireTimestamp = v === 1 ? r.int64() : -1
  let topicId: Uuid = ZERO_UUID
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          topicId = r.uuid()
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp, topicId }
}

function writeOffsetCommitValue(w: FrameWriter, m: OffsetCommitValueInit, v: number): void {
  checkVersion('OffsetCommitValue', v, 0, 4)
  w.flexible = v >= 4
  w.int64(m.offset)
  if (v >= 3) w.int32(m.leaderEpoch ?? -1)
  w.string(m.metadata)
  w.int64(m.commitTimestamp)
  if (v === 1) w.int64(m.expireTimestamp ?? -1)
  const hasTopicId = (m.topicId ?? ZERO_UUID) !== ZERO_UUID
  if (w.flexible) {
    w.uvarint(Number(hasTopicId))
    if (hasTopicId) {
      const begun = w.beginTag(0)
      w.uuid(m.topicId ?? ZERO_UUID)
      w.endTag(begun)
    }
  }
}

export const OFFSET_COMMIT_VALUE: MessageCodec<OffsetCommitValue, OffsetCommitValueInit> & {
  readonly recordType: number
} = {
  name: 'OffsetCommitValue',
  recordType: 1,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readOffsetCommitValue,
  write: writeOffsetCommitValue,
}

export interface GroupMetadataKey {
  /** Id of the group. */
  readonly group: string
}

/** GroupMetadataKey to be written. */
export interface GroupMetadataKeyInit {
  readonly group: string
}

function readGroupMetadataKey(r: FrameReader, v: number): GroupMetadataKey {
  checkVersion('GroupMetadataKey', v, 0, 0)
  r.flexible = false
  const group = r.string()
  return { group }
}

function writeGroupMetadataKey(w: FrameWriter, m: GroupMetadataKeyInit, v: number): void {
  checkVersion('GroupMetadataKey', v, 0, 0)
  w.flexible = false
  w.string(m.group)
}

export const GROUP_METADATA_KEY: MessageCodec<GroupMetadataKey, GroupMetadataKeyInit> & {
  readonly recordType: number
} = {
  name: 'GroupMetadataKey',
  recordType: 2,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readGroupMetadataKey,
  write: writeGroupMetadataKey,
}

export interface GroupMetadataValue {
  /** What the group is for: consumer, connect, …. */
  readonly protocolType: string
  /** Generation of the group. */
  readonly generation: number
  /** Protocol that the members agreed on; null if none. */
  readonly protocol: string | null
  /** Member id of the leader of the group. */
  readonly leader: string | null
  /** When the group came into its state, ms since 1970; -1 if unknown. Version >= 2. */
  readonly currentStateTimestamp: number
  /** Members of the group. */
  readonly members: readonly ClassicMember[]
}

/** GroupMetadataValue to be written. */
export interface GroupMetadataValueInit {
  readonly protocolType: string
  readonly generation: number
  readonly protocol: string | null
  readonly leader: string | null
  readonly currentStateTimestamp?: number | undefined
  readonly members: readonly ClassicMemberInit[]
}

function readGroupMetadataValue(r: FrameReader, v: number): GroupMetadataValue {
  checkVersion('GroupMetadataValue', v, 0, 4)
  r.flexible = v >= 4
  const protocolType = r.string()
  const generation = r.int32()
  const protocol = r.nullableString()
  const leader = r.nullableString()
  const currentStateTimestamp = v >= 2 ? r.int64() : -1
  const members = new Array<ClassicMember>(r.arrayCount(15, 96))
  for (let at = 0; at < members.length; at++) members[at] = readClassicMember(r, v)
  r.skipTags()
  return { protocolType, generation, protocol, leader, currentStateTimestamp, members }
}

function writeGroupMetadataValue(w: FrameWriter, m: GroupMetadataValueInit, v: number): void {
  checkVersion('GroupMetadataValue', v, 0, 4)
  w.flexible = v >= 4
  w.string(m.protocolType)
  w.int32(m.generation)
  w.nullableString(m.protocol)
  w.nullableString(m.leader)
  if (v >= 2) w.int64(m.currentStateTimestamp ?? -1)
  w.arrayCount(m.members.length)
  for (const item of m.members) writeClassicMember(w, item, v)
  w.noTags()
}

export interface ClassicMember {
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 3. */
  readonly groupInstanceId: string | null
  /** Name that the client gave itself. */
  readonly clientId: string
  /** Address that the member connects from. */
  readonly clientHost: string
  /** Longest that a rebalance waits for the member, ms. Version >= 1. */
  readonly rebalanceTimeout: number
  /** How long a member may be silent, ms. */
  readonly sessionTimeout: number
  /** Subscription of the member, opaque to the broker. */
  readonly subscription: Buffer
  /** What the leader of the group gave this member, opaque to the broker. */
  readonly assignment: Buffer
}

/** ClassicMember to be written. */
export interface ClassicMemberInit {
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeout?: number | undefined
  readonly sessionTimeout: number
  readonly subscription: Buffer
  readonly assignment: Buffer
}

function readClassicMember(r: FrameReader, v: number): ClassicMember {
  const memberId = r.string()
  const groupInstanceId = v >= 3 ? r.nullableString() : null
  const clientId = r.string()
  const clientHost = r.string()
  const rebalanceTimeout = v >= 1 ? r.int32() : -1
  const sessionTimeout = r.int32()
  const subscription = r.bytes()
  const assignment = r.bytes()
  r.skipTags()
  return {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    rebalanceTimeout,
    sessionTimeout,
    subscription,
    assignment,
  }
}

function writeClassicMember(w: FrameWriter, m: ClassicMemberInit, v: number): void {
  w.string(m.memberId)
  if (v >= 3) w.nullableString(m.groupInstanceId ?? null)
  w.string(m.clientId)
  w.string(m.clientHost)
  if (v >= 1) w.int32(m.rebalanceTimeout ?? -1)
  w.int32(m.sessionTimeout)
  w.bytes(m.subscription)
  w.bytes(m.assignment)
  w.noTags()
}

export const GROUP_METADATA_VALUE: MessageCodec<GroupMetadataValue, GroupMetadataValueInit> & {
  readonly recordType: number
} = {
  name: 'GroupMetadataValue',
  recordType: 2,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readGroupMetadataValue,
  write: writeGroupMetadataValue,
}
