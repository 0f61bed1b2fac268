// Made from definitions/02-list-offsets.txt by tools/generate-kafka.ts; do not edit.
//
// Finds offsets by timestamp.
//
// v1: one offset a partition. v2: isolation levels. v4: leader epochs. v6: flexible.
// v7: largest timestamp. v8: earliest local. v9: latest tiered. v10: timeoutMs.
// v11: earliest to upload.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface ListOffsetsRequest {
  /** Broker id of a follower; -1 for a client. */
  readonly replicaId: number
  /** 0 read_uncommitted, 1 read_committed. Version >= 2. */
  readonly isolationLevel: number
  /** One for each topic. */
  readonly topics: readonly ListOffsetsTopic[]
  /** Longest wait of the broker. Version >= 10. */
  readonly timeoutMs: number
}

/** ListOffsetsRequest to be written. */
export interface ListOffsetsRequestInit {
  readonly replicaId: number
  readonly isolationLevel?: number | undefined
  readonly topics: readonly ListOffsetsTopicInit[]
  readonly timeoutMs?: number | undefined
}

function readListOffsetsRequest(r: FrameReader, v: number): ListOffsetsRequest {
  checkVersion('ListOffsetsRequest', v, 1, 11)
  r.flexible = v >= 6
  const replicaId = r.int32()
  const isolationLevel = v >= 2 ? r.int8() : 0
  const topics = new Array<ListOffsetsTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readListOffsetsTopic(r, v)
  const timeoutMs = v >= 10 ? r.int32() : 0
  r.skipTags()
  return { replicaId, isolationLevel, topics, timeoutMs }
}

function writeListOffsetsRequest(w: FrameWriter, m: ListOffsetsRequestInit, v: number): void {
  checkVersion('ListOffsetsRequest', v, 1, 11)
  w.flexible = v >= 6
  w.int32(m.replicaId)
  if (v >= 2) w.int8(m.isolationLevel ?? 0)
  else if ((m.isolationLevel ?? 0) !== 0) refuse('ListOffsetsRequest', 'isolationLevel', v)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeListOffsetsTopic(w, item, v)
  if (v >= 10) w.int32(m.timeoutMs ?? 0)
  w.noTags()
}

function* readListOffsetsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ListOffsetsRequest> {
  checkVersion('ListOffsetsRequest', v, 1, 11)
  r.flexible = v >= 6
  const replicaId = r.int32()
  const isolationLevel = v >= 2 ? r.int8() : 0
  const topics = new Array<ListOffsetsTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readListOffsetsTopicInSteps(r, v)
    if (r.due()) yield
  }
  const timeoutMs = v >= 10 ? r.int32() : 0
  r.skipTags()
  return { replicaId, isolationLevel, topics, timeoutMs }
}

export interface ListOffsetsTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly ListOffsetsPartition[]
}

/** ListOffsetsTopic to be written. */
export interface ListOffsetsTopicInit {
  readonly name: string
  readonly partitions: readonly ListOffsetsPartitionInit[]
}

function readListOffsetsTopic(r: FrameReader, v: number): ListOffsetsTopic {
  const name = r.string()
  const partitions = new Array<ListOffsetsPartition>(r.arrayCount(12, 72))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readListOffsetsPartition(r, v)
  r.skipTags()
  return { name, partitions }
}

function writeListOffsetsTopic(w: FrameWriter, m: ListOffsetsTopicInit, v: number): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeListOffsetsPartition(w, item, v)
  w.noTags()
}

function* readListOffsetsTopicInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ListOffsetsTopic> {
  const name = r.string()
  const partitions = new Array<ListOffsetsPartition>(r.arrayCount(12, 72))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = readListOffsetsPartition(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitions }
}

export interface ListOffsetsPartition {
  /** Partition. */
  readonly partitionIndex: number
  /** Leader epoch that the client believes in; -1 to skip the check. Version >= 4. */
  readonly currentLeaderEpoch: number
  /** Ms since 1970, or -1 latest, -2 earliest, -3 largest timestamp, -4 earliest local, -5 latest tiered, -6 earliest to upload. */
  readonly timestamp: number
}

/** ListOffsetsPartition to be written. */
export interface ListOffsetsPartitionInit {
  readonly partitionIndex: number
  readonly currentLeaderEpoch?: number | undefined
  readonly timestamp: number
}

function readListOffsetsPartition(r: FrameReader, v: number): ListOffsetsPartition {
  const partitionIndex = r.int32()
  const currentLeaderEpoch = v >= 4 ? r.int32() : -1
  const timestamp = r.int64Clamped()
  r.skipTags()
  return { partitionIndex, currentLeaderEpoch, timestamp }
}

function writeListOffsetsPartition(w: FrameWriter, m: ListOffsetsPartitionInit, v: number): void {
  w.int32(m.partitionIndex)
  if (v >= 4) w.int32(m.currentLeaderEpoch ?? -1)
  w.int64(m.timestamp)
  w.noTags()
}

const LIST_OFFSETS_REQUEST: MessageCodec<ListOffsetsRequest, ListOffsetsRequestInit> = {
  name: 'ListOffsetsRequest',
  minVersion: 1,
  maxVersion: 11,
  flexibleFrom: 6,
  read: readListOffsetsRequest,
  write: writeListOffsetsRequest,
  readInSteps: readListOffsetsRequestInSteps,
}

export interface ListOffsetsResponse {
  /** How long the client should pause, for its quota. Version >= 2. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly ListOffsetsTopicResponse[]
}

/** ListOffsetsResponse to be written. */
export interface ListOffsetsResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly topics: readonly ListOffsetsTopicResponseInit[]
}

function readListOffsetsResponse(r: FrameReader, v: number): ListOffsetsResponse {
  checkVersion('ListOffsetsResponse', v, 1, 11)
  r.flexible = v >= 6
  const throttleTimeMs = v >= 2 ? r.int32() : 0
  const topics = new Array<ListOffsetsTopicResponse>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readListOffsetsTopicResponse(r, v)
  r.skipTags()
  return { throttleTimeMs, topics }
}

function writeListOffsetsResponse(w: FrameWriter, m: ListOffsetsResponseInit, v: number): void {
  checkVersion('ListOffsetsResponse', v, 1, 11)
  w.flexible = v >= 6
  if (v >= 2) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeListOffsetsTopicResponse(w, item, v)
  w.noTags()
}

function* writeListOffsetsResponseInSteps(
  w: FrameWriter,
  m: ListOffsetsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ListOffsetsResponse', v, 1, 11)
  w.flexible = v >= 6
  if (v >= 2) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeListOffsetsTopicResponseInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ListOffsetsTopicResponse {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly ListOffsetsPartitionResponse[]
}

/** ListOffsetsTopicResponse to be written. */
export interface ListOffsetsTopicResponseInit {
  readonly name: string
  readonly partitions: readonly ListOffsetsPartitionResponseInit[]
}

function readListOffsetsTopicResponse(r: FrameReader, v: number): ListOffsetsTopicResponse {
  const name = r.string()
  const partitions = new Array<ListOffsetsPartitionResponse>(r.arrayCount(22, 104))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readListOffsetsPartitionResponse(r, v)
  r.skipTags()
  return { name, partitions }
}

function writeListOffsetsTopicResponse(
  w: FrameWriter,
  m: ListOffsetsTopicResponseInit,
  v: number,
): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeListOffsetsPartitionResponse(w, item, v)
  w.noTags()
}

function* writeListOffsetsTopicResponseInSteps(
  w: FrameWriter,
  m: ListOffsetsTopicResponseInit,
  v: number,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeListOffsetsPartitionResponse(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ListOffsetsPartitionResponse {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Timestamp of the record found; -1 if none. */
  readonly timestamp: number
  /** Offset found; -1 if none. */
  readonly offset: number
  /** Leader epoch; -1 if unknown. Version >= 4. */
  readonly leaderEpoch: number
}

/** ListOffsetsPartitionResponse to be written. */
export interface ListOffsetsPartitionResponseInit {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly timestamp?: number | undefined
  readonly offset?: number | undefined
  readonly leaderEpoch?: number | undefined
}

function readListOffsetsPartitionResponse(r: FrameReader, v: number): ListOffsetsPartitionResponse {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  const timestamp = r.int64Clamped()
  const offset = r.int64()
  const leaderEpoch = v >= 4 ? r.int32() : -1
  r.skipTags()
  return { partitionIndex, errorCode, timestamp, offset, leaderEpoch }
}

function writeListOffsetsPartitionResponse(
  w: FrameWriter,
  m: ListOffsetsPartitionResponseInit,
  v: number,
): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.int64(m.timestamp ?? -1)
  w.int64(m.offset ?? -1)
  if (v >= 4) w.int32(m.leaderEpoch ?? -1)
  else if ((m.leaderEpoch ?? -1) !== -1) refuse('ListOffsetsPartitionResponse', 'leaderEpoch', v)
  w.noTags()
}

const LIST_OFFSETS_RESPONSE: MessageCodec<ListOffsetsResponse, ListOffsetsResponseInit> = {
  name: 'ListOffsetsResponse',
  minVersion: 1,
  maxVersion: 11,
  flexibleFrom: 6,
  read: readListOffsetsResponse,
  write: writeListOffsetsResponse,
  writeInSteps: writeListOffsetsResponseInSteps,
}

export const LIST_OFFSETS: Api<
  ListOffsetsRequest,
  ListOffsetsRequestInit,
  ListOffsetsResponse,
  ListOffsetsResponseInit
> = {
  key: 2,
  name: 'ListOffsets',
  minVersion: 1,
  maxVersion: 11,
  flexibleFrom: 6,
  request: LIST_OFFSETS_REQUEST,
  response: LIST_OFFSETS_RESPONSE,
}
