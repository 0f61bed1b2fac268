// Made from definitions/08-offset-commit.txt by tools/generate-kafka.ts; do not edit.
//
// Stores the offsets that a group has read up to.
//
// v2: retentionTimeMs, gone in v5. v6: leader epochs. v7: static members. v8: flexible.
// v9: members of the newer group protocol. v10: topics by id.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface OffsetCommitRequest {
  /** Id of the group. */
  readonly groupId: string
  /** Generation (classic) or member epoch; -1 outside a group. */
  readonly generationIdOrMemberEpoch: number
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 7. */
  readonly groupInstanceId: string | null
  /** How long to keep the offsets; -1 for the default of the broker. Version <= 4. */
  readonly retentionTimeMs: number
  /** One for each topic. */
  readonly topics: readonly OffsetCommitRequestTopic[]
}

/** OffsetCommitRequest to be written. */
export interface OffsetCommitRequestInit {
  readonly groupId: string
  readonly generationIdOrMemberEpoch?: number | undefined
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
  readonly retentionTimeMs?: number | undefined
  readonly topics: readonly OffsetCommitRequestTopicInit[]
}

function readOffsetCommitRequest(r: FrameReader, v: number): OffsetCommitRequest {
  checkVersion('OffsetCommitRequest', v, 2, 10)
  r.flexible = v >= 8
  const groupId = r.string()
  const generationIdOrMemberEpoch = r.int32()
  const memberId = r.string()
  const groupInstanceId = v >= 7 ? r.nullableString() : null
  const retentionTimeMs = v <= 4 ? r.int64Clamped() : -1
  const topics = new Array<OffsetCommitRequestTopic>(r.arrayCount(3, 56))
  for (let at = 0; at < topics.length; at++) topics[at] = readOffsetCommitRequestTopic(r, v)
  r.skipTags()
  return { groupId, generationIdOrMemberEpoch, memberId, groupInstanceId, retentionTimeMs, topics }
}

function writeOffsetCommitRequest(w: FrameWriter, m: OffsetCommitRequestInit, v: number): void {
  checkVersion('OffsetCommitRequest', v, 2, 10)
  w.flexible = v >= 8
  w.string(m.groupId)
  w.int32(m.generationIdOrMemberEpoch ?? -1)
  w.string(m.memberId)
  if (v >= 7) w.nullableString(m.groupInstanceId ?? null)
  else if ((m.groupInstanceId ?? null) !== null) refuse('OffsetCommitRequest', 'groupInstanceId', v)
  if (v <= 4) w.int64(m.retentionTimeMs ?? -1)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOffsetCommitRequestTopic(w, item, v)
  w.noTags()
}

function* readOffsetCommitRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, OffsetCommitRequest> {
  checkVersion('OffsetCommitRequest', v, 2, 10)
  r.flexible = v >= 8
  const groupId = r.string()
  const generationIdOrMemberEpoch = r.int32()
  const memberId = r.string()
  const groupInstanceId = v >= 7 ? r.nullableString() : null
  const retentionTimeMs = v <= 4 ? r.int64Clamped() : -1
  const topics = new Array<OffsetCommitRequestTopic>(r.arrayCount(3, 56))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readOffsetCommitRequestTopicInSteps(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return { groupId, generationIdOrMemberEpoch, memberId, groupInstanceId, retentionTimeMs, topics }
}

export interface OffsetCommitRequestTopic {
  /** Name of the topic. Version <= 9. */
  readonly name: string
  /** Id of the topic. Version >= 10. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly OffsetCommitRequestPartition[]
}

/** OffsetCommitRequestTopic to be written. */
export interface OffsetCommitRequestTopicInit {
  readonly name?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitions: readonly OffsetCommitRequestPartitionInit[]
}

function readOffsetCommitRequestTopic(r: FrameReader, v: number): OffsetCommitRequestTopic {
  const name = v <= 9 ? r.string() : ''
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const partitions = new Array<OffsetCommitRequestPartition>(r.arrayCount(14, 80))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readOffsetCommitRequestPartition(r, v)
  r.skipTags()
  return { name, topicId, partitions }
}

function writeOffsetCommitRequestTopic(
  w: FrameWriter,
  m: OffsetCommitRequestTopicInit,
  v: number,
): void {
  if (v <= 9) w.string(m.name ?? '')
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOffsetCommitRequestPartition(w, item, v)
  w.noTags()
}

function* readOffsetCommitRequestTopicInSteps(
  r: FrameReader,
  v: number,
): Generator<void, OffsetCommitRequestTopic> {
  const name = v <= 9 ? r.string() : ''
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const partitions = new Array<OffsetCommitRequestPartition>(r.arrayCount(14, 80))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = readOffsetCommitRequestPartition(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return { name, topicId, partitions }
}

export interface OffsetCommitRequestPartition {
  /** Partition. */
  readonly partitionIndex: number
  /** Next offset that the group will read. */
  readonly committedOffset: number
  /** Leader epoch of the last record consumed; -1 if unknown. Version >= 6. */
  readonly committedLeaderEpoch: number
  /** Text of the client, kept beside the offset. */
  readonly committedMetadata: string | null
}

/** OffsetCommitRequestPartition to be written. */
export interface OffsetCommitRequestPartitionInit {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch?: number | undefined
  readonly committedMetadata: string | null
}

function readOffsetCommitRequestPartition(r: FrameReader, v: number): OffsetCommitRequestPartition {
  const partitionIndex = r.int32()
  const committedOffset = r.int64()
  const committedLeaderEpoch = v >= 6 ? r.int32() : -1
  const committedMetadata = r.nullableString()
  r.skipTags()
  return { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }
}

function writeOffsetCommitRequestPartition(
  w: FrameWriter,
  m: OffsetCommitRequestPartitionInit,
  v: number,
): void {
  w.int32(m.partitionIndex)
  w.int64(m.committedOffset)
  if (v >= 6) w.int32(m.committedLeaderEpoch ?? -1)
  w.nullableString(m.committedMetadata)
  w.noTags()
}

const OFFSET_COMMIT_REQUEST: MessageCodec<OffsetCommitRequest, OffsetCommitRequestInit> = {
  name: 'OffsetCommitRequest',
  minVersion: 2,
  maxVersion: 10,
  flexibleFrom: 8,
  read: readOffsetCommitRequest,
  write: writeOffsetCommitRequest,
  readInSteps: readOffsetCommitRequestInSteps,
}

export interface OffsetCommitResponse {
  /** How long the client should pause, for its quota. Version >= 3. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly OffsetCommitResponseTopic[]
}

/** OffsetCommitResponse to be written. */
export interface OffsetCommitResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly topics: readonly OffsetCommitResponseTopicInit[]
}

function readOffsetCommitResponse(r: FrameReader, v: number): OffsetCommitResponse {
  checkVersion('OffsetCommitResponse', v, 2, 10)
  r.flexible = v >= 8
  const throttleTimeMs = v >= 3 ? r.int32() : 0
  const topics = new Array<OffsetCommitResponseTopic>(r.arrayCount(3, 56))
  for (let at = 0; at < topics.length; at++) topics[at] = readOffsetCommitResponseTopic(r, v)
  r.skipTags()
  return { throttleTimeMs, topics }
}

function writeOffsetCommitResponse(w: FrameWriter, m: OffsetCommitResponseInit, v: number): void {
  checkVersion('OffsetCommitResponse', v, 2, 10)
  w.flexible = v >= 8
  if (v >= 3) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOffsetCommitResponseTopic(w, item, v)
  w.noTags()
}

function* writeOffsetCommitResponseInSteps(
  w: FrameWriter,
  m: OffsetCommitResponseInit,
  v: number,
): Generator<void> {
  checkVersion('OffsetCommitResponse', v, 2, 10)
  w.flexible = v >= 8
  if (v >= 3) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeOffsetCommitResponseTopicInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface OffsetCommitResponseTopic {
  /** Name of the topic. Version <= 9. */
  readonly name: string
  /** Id of the topic. Version >= 10. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly OffsetCommitResponsePartition[]
}

/** OffsetCommitResponseTopic to be written. */
export interface OffsetCommitResponseTopicInit {
  readonly name?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitions: readonly OffsetCommitResponsePartitionInit[]
}

function readOffsetCommitResponseTopic(r: FrameReader, v: number): OffsetCommitResponseTopic {
  const name = v <= 9 ? r.string() : ''
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const partitions = new Array<OffsetCommitResponsePartition>(r.arrayCount(6, 48))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readOffsetCommitResponsePartition(r)
  r.skipTags()
  return { name, topicId, partitions }
}

function writeOffsetCommitResponseTopic(
  w: FrameWriter,
  m: OffsetCommitResponseTopicInit,
  v: number,
): void {
  if (v <= 9) w.string(m.name ?? '')
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOffsetCommitResponsePartition(w, item)
  w.noTags()
}

function* writeOffsetCommitResponseTopicInSteps(
  w: FrameWriter,
  m: OffsetCommitResponseTopicInit,
  v: number,
): Generator<void> {
  if (v <= 9) w.string(m.name ?? '')
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeOffsetCommitResponsePartition(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface OffsetCommitResponsePartition {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** OffsetCommitResponsePartition to be written. */
export interface OffsetCommitResponsePartitionInit {
  readonly partitionIndex: number
  readonly errorCode: number
}

function readOffsetCommitResponsePartition(r: FrameReader): OffsetCommitResponsePartition {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  r.skipTags()
  return { partitionIndex, errorCode }
}

function writeOffsetCommitResponsePartition(
  w: FrameWriter,
  m: OffsetCommitResponsePartitionInit,
): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.noTags()
}

const OFFSET_COMMIT_RESPONSE: MessageCodec<OffsetCommitResponse, OffsetCommitResponseInit> = {
  name: 'OffsetCommitResponse',
  minVersion: 2,
  maxVersion: 10,
  flexibleFrom: 8,
  read: readOffsetCommitResponse,
  write: writeOffsetCommitResponse,
  writeInSteps: writeOffsetCommitResponseInSteps,
}

export const OFFSET_COMMIT: Api<
  OffsetCommitRequest,
  OffsetCommitRequestInit,
  OffsetCommitResponse,
  OffsetCommitResponseInit
> = {
  key: 8,
  name: 'OffsetCommit',
  minVersion: 2,
  maxVersion: 10,
  flexibleFrom: 8,
  request: OFFSET_COMMIT_REQUEST,
  response: OFFSET_COMMIT_RESPONSE,
}
