// Made from definitions/28-txn-offset-commit.txt by tools/generate-kafka.ts; do not edit.
//
// Stores offsets of a group inside a transaction.
//
// v2: leader epochs. v3: flexible, group members. v4: TRANSACTION_ABORTABLE.
// v5: adds the offsets to the transaction by itself.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface TxnOffsetCommitRequest {
  /** Name of the transactional producer. */
  readonly transactionalId: string
  /** Id of the group. */
  readonly groupId: string
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** Generation that the member is in; -1 outside a group. Version >= 3. */
  readonly generationId: number
  /** Id of the member. Version >= 3. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 3. */
  readonly groupInstanceId: string | null
  /** One for each topic. */
  readonly topics: readonly TxnOffsetCommitRequestTopic[]
}

/** TxnOffsetCommitRequest to be written. */
export interface TxnOffsetCommitRequestInit {
  readonly transactionalId: string
  readonly groupId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly generationId?: number | undefined
  readonly memberId?: string | undefined
  readonly groupInstanceId?: string | null | undefined
  readonly topics: readonly TxnOffsetCommitRequestTopicInit[]
}

function readTxnOffsetCommitRequest(r: FrameReader, v: number): TxnOffsetCommitRequest {
  checkVersion('TxnOffsetCommitRequest', v, 0, 5)
  r.flexible = v >= 3
  const transactionalId = r.string()
  const groupId = r.string()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const generationId = v >= 3 ? r.int32() : -1
  const memberId = v >= 3 ? r.string() : ''
  const groupInstanceId = v >= 3 ? r.nullableString() : null
  const topics = new Array<TxnOffsetCommitRequestTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readTxnOffsetCommitRequestTopic(r, v)
  r.skipTags()
  return {
    transactionalId,
    groupId,
    producerId,
    producerEpoch,
    generationId,
    memberId,
    groupInstanceId,
    topics,
  }
}

function writeTxnOffsetCommitRequest(
  w: FrameWriter,
  m: TxnOffsetCommitRequestInit,
  v: number,
): void {
  checkVersion('TxnOffsetCommitRequest', v, 0, 5)
  w.flexible = v >= 3
  w.string(m.transactionalId)
  w.string(m.groupId)
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  if (v >= 3) w.int32(m.generationId ?? -1)
  else if ((m.generationId ?? -1) !== -1) refuse('TxnOffsetCommitRequest', 'generationId', v)
  if (v >= 3) w.string(m.memberId ?? '')
  else if ((m.memberId ?? '') !== '') refuse('TxnOffsetCommitRequest', 'memberId', v)
  if (v >= 3) w.nullableString(m.groupInstanceId ?? null)
  else if ((m.groupInstanceId ?? null) !== null)
    refuse('TxnOffsetCommitRequest', 'groupInstanceId', v)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeTxnOffsetCommitRequestTopic(w, item, v)
  w.noTags()
}

function* readTxnOffsetCommitRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, TxnOffsetCommitRequest> {
  checkVersion('TxnOffsetCommitRequest', v, 0, 5)
  r.flexible = v >= 3
  const transactionalId = r.string()
  const groupId = r.string()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const generationId = v >= 3 ? r.int32() : -1
  const memberId = v >= 3 ? r.string() : ''
  const groupInstanceId = v >= 3 ? r.nullableString() : null
  const topics = new Array<TxnOffsetCommitRequestTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readTxnOffsetCommitRequestTopicInSteps(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return {
    transactionalId,
    groupId,
    producerId,
    producerEpoch,
    generationId,
    memberId,
    groupInstanceId,
    topics,
  }
}

export interface TxnOffsetCommitRequestTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly TxnOffsetCommitRequestPartition[]
}

/** TxnOffsetCommitRequestTopic to be written. */
export interface TxnOffsetCommitRequestTopicInit {
  readonly name: string
  readonly partitions: readonly TxnOffsetCommitRequestPartitionInit[]
}

function readTxnOffsetCommitRequestTopic(r: FrameReader, v: number): TxnOffsetCommitRequestTopic {
  const name = r.string()
  const partitions = new Array<TxnOffsetCommitRequestPartition>(r.arrayCount(14, 80))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readTxnOffsetCommitRequestPartition(r, v)
  r.skipTags()
  return { name, partitions }
}

function writeTxnOffsetCommitRequestTopic(
  w: FrameWriter,
  m: TxnOffsetCommitRequestTopicInit,
  v: number,
): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeTxnOffsetCommitRequestPartition(w, item, v)
  w.noTags()
}

function* readTxnOffsetCommitRequestTopicInSteps(
  r: FrameReader,
  v: number,
): Generator<void, TxnOffsetCommitRequestTopic> {
  const name = r.string()
  const partitions = new Array<TxnOffsetCommitRequestPartition>(r.arrayCount(14, 80))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = readTxnOffsetCommitRequestPartition(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitions }
}

export interface TxnOffsetCommitRequestPartition {
  /** Partition. */
  readonly partitionIndex: number
  /** Next offset that the group will read. */
  readonly committedOffset: number
  /** Leader epoch of the last record consumed; -1 if unknown. Version >= 2. */
  readonly committedLeaderEpoch: number
  /** Text of the client, kept beside the offset. */
  readonly committedMetadata: string | null
}

/** TxnOffsetCommitRequestPartition to be written. */
export interface TxnOffsetCommitRequestPartitionInit {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch?: number | undefined
  readonly committedMetadata: string | null
}

function readTxnOffsetCommitRequestPartition(
  r: FrameReader,
  v: number,
): TxnOffsetCommitRequestPartition {
  const partitionIndex = r.int32()
  const committedOffset = r.int64()
  const committedLeaderEpoch = v >= 2 ? r.int32() : -1
  const committedMetadata = r.nullableString()
  r.skipTags()
  return { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }
}

function writeTxnOffsetCommitRequestPartition(
  w: FrameWriter,
  m: TxnOffsetCommitRequestPartitionInit,
  v: number,
): void {
  w.int32(m.partitionIndex)
  w.int64(m.committedOffset)
  if (v >= 2) w.int32(m.committedLeaderEpoch ?? -1)
  w.nullableString(m.committedMetadata)
  w.noTags()
}

const TXN_OFFSET_COMMIT_REQUEST: MessageCodec<TxnOffsetCommitRequest, TxnOffsetCommitRequestInit> =
  {
    name: 'TxnOffsetCommitRequest',
    minVersion: 0,
    maxVersion: 5,
    flexibleFrom: 3,
    read: readTxnOffsetCommitRequest,
    write: writeTxnOffsetCommitRequest,
    readInSteps: readTxnOffsetCommitRequestInSteps,
  }

export interface TxnOffsetCommitResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly TxnOffsetCommitResponseTopic[]
}

/** TxnOffsetCommitResponse to be written. */
export interface TxnOffsetCommitResponseInit {
  readonly throttleTimeMs: number
  readonly topics: readonly TxnOffsetCommitResponseTopicInit[]
}

function readTxnOffsetCommitResponse(r: FrameReader, v: number): TxnOffsetCommitResponse {
  checkVersion('TxnOffsetCommitResponse', v, 0, 5)
  r.flexible = v >= 3
  const throttleTimeMs = r.int32()
  const topics = new Array<TxnOffsetCommitResponseTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readTxnOffsetCommitResponseTopic(r)
  r.skipTags()
  return { throttleTimeMs, topics }
}

function writeTxnOffsetCommitResponse(
  w: FrameWriter,
  m: TxnOffsetCommitResponseInit,
  v: number,
): void {
  checkVersion('TxnOffsetCommitResponse', v, 0, 5)
  w.flexible = v >= 3
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeTxnOffsetCommitResponseTopic(w, item)
  w.noTags()
}

function* writeTxnOffsetCommitResponseInSteps(
  w: FrameWriter,
  m: TxnOffsetCommitResponseInit,
  v: number,
): Generator<void> {
  checkVersion('TxnOffsetCommitResponse', v, 0, 5)
  w.flexible = v >= 3
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeTxnOffsetCommitResponseTopicInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface TxnOffsetCommitResponseTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly TxnOffsetCommitResponsePartition[]
}

/** TxnOffsetCommitResponseTopic to be written. */
export interface TxnOffsetCommitResponseTopicInit {
  readonly name: string
  readonly partitions: readonly TxnOffsetCommitResponsePartitionInit[]
}

function readTxnOffsetCommitResponseTopic(r: FrameReader): TxnOffsetCommitResponseTopic {
  const name = r.string()
  const partitions = new Array<TxnOffsetCommitResponsePartition>(r.arrayCount(6, 48))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readTxnOffsetCommitResponsePartition(r)
  r.skipTags()
  return { name, partitions }
}

function writeTxnOffsetCommitResponseTopic(
  w: FrameWriter,
  m: TxnOffsetCommitResponseTopicInit,
): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeTxnOffsetCommitResponsePartition(w, item)
  w.noTags()
}

function* writeTxnOffsetCommitResponseTopicInSteps(
  w: FrameWriter,
  m: TxnOffsetCommitResponseTopicInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeTxnOffsetCommitResponsePartition(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface TxnOffsetCommitResponsePartition {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** TxnOffsetCommitResponsePartition to be written. */
export interface TxnOffsetCommitResponsePartitionInit {
  readonly partitionIndex: number
  readonly errorCode: number
}

function readTxnOffsetCommitResponsePartition(r: FrameReader): TxnOffsetCommitResponsePartition {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  r.skipTags()
  return { partitionIndex, errorCode }
}

function writeTxnOffsetCommitResponsePartition(
  w: FrameWriter,
  m: TxnOffsetCommitResponsePartitionInit,
): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.noTags()
}

const TXN_OFFSET_COMMIT_RESPONSE: MessageCodec<
  TxnOffsetCommitResponse,
  TxnOffsetCommitResponseInit
> = {
  name: 'TxnOffsetCommitResponse',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readTxnOffsetCommitResponse,
  write: writeTxnOffsetCommitResponse,
  writeInSteps: writeTxnOffsetCommitResponseInSteps,
}

export const TXN_OFFSET_COMMIT: Api<
  TxnOffsetCommitRequest,
  TxnOffsetCommitRequestInit,
  TxnOffsetCommitResponse,
  TxnOffsetCommitResponseInit
> = {
  key: 28,
  name: 'TxnOffsetCommit',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  request: TXN_OFFSET_COMMIT_REQUEST,
  response: TXN_OFFSET_COMMIT_RESPONSE,
}
