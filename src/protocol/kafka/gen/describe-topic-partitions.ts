// Made from definitions/75-describe-topic-partitions.txt by tools/generate-kafka.ts; do not edit.
//
// Describes topics, a page of partitions at a time (KIP-966).

/* oxlint-disable unicorn/no-new-array */

import { type Uuid } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DescribeTopicPartitionsRequest {
  /** One for each topic. */
  readonly topics: readonly TopicRequest[]
  /** Most partitions in the answer. */
  readonly responsePartitionLimit: number
  /** Where to go on; null for the start. */
  readonly cursor: Cursor | null
}

/** DescribeTopicPartitionsRequest to be written. */
export interface DescribeTopicPartitionsRequestInit {
  readonly topics: readonly TopicRequestInit[]
  readonly responsePartitionLimit?: number | undefined
  readonly cursor?: CursorInit | null | undefined
}

function readDescribeTopicPartitionsRequest(
  r: FrameReader,
  v: number,
): DescribeTopicPartitionsRequest {
  checkVersion('DescribeTopicPartitionsRequest', v, 0, 0)
  r.flexible = true
  const topics = new Array<TopicRequest>(r.arrayCount(2, 40))
  for (let at = 0; at < topics.length; at++) topics[at] = readTopicRequest(r)
  const responsePartitionLimit = r.int32()
  const cursor = r.present() ? readCursor(r) : null
  r.skipTags()
  return { topics, responsePartitionLimit, cursor }
}

function writeDescribeTopicPartitionsRequest(
  w: FrameWriter,
  m: DescribeTopicPartitionsRequestInit,
  v: number,
): void {
  checkVersion('DescribeTopicPartitionsRequest', v, 0, 0)
  w.flexible = true
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeTopicRequest(w, item)
  w.int32(m.responsePartitionLimit ?? 2000)
  {
    const cursor = m.cursor ?? null
    if (cursor === null) {
      w.present(false)
    } else {
      w.present(true)
      writeCursor(w, cursor)
    }
  }
  w.noTags()
}

function* readDescribeTopicPartitionsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeTopicPartitionsRequest> {
  checkVersion('DescribeTopicPartitionsRequest', v, 0, 0)
  r.flexible = true
  const topics = new Array<TopicRequest>(r.arrayCount(2, 40))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = readTopicRequest(r)
    if (r.due()) yield
  }
  const responsePartitionLimit = r.int32()
  const cursor = r.present() ? readCursor(r) : null
  r.skipTags()
  return { topics, responsePartitionLimit, cursor }
}

export interface Cursor {
  /** First topic to describe. */
  readonly topicName: string
  /** First partition to describe. */
  readonly partitionIndex: number
}

/** Cursor to be written. */
export interface CursorInit {
  readonly topicName: string
  readonly partitionIndex: number
}

function readCursor(r: FrameReader): Cursor {
  const topicName = r.string()
  const partitionIndex = r.int32()
  r.skipTags()
  return { topicName, partitionIndex }
}

function writeCursor(w: FrameWriter, m: CursorInit): void {
  w.string(m.topicName)
  w.int32(m.partitionIndex)
  w.noTags()
}

export interface TopicRequest {
  /** Name of the topic. */
  readonly name: string
}

/** TopicRequest to be written. */
export interface TopicRequestInit {
  readonly name: string
}

function readTopicRequest(r: FrameReader): TopicRequest {
  const name = r.string()
  r.skipTags()
  return { name }
}

function writeTopicRequest(w: FrameWriter, m: TopicRequestInit): void {
  w.string(m.name)
  w.noTags()
}

const DESCRIBE_TOPIC_PARTITIONS_REQUEST: MessageCodec<
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsRequestInit
> = {
  name: 'DescribeTopicPartitionsRequest',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTopicPartitionsRequest,
  write: writeDescribeTopicPartitionsRequest,
  readInSteps: readDescribeTopicPartitionsRequestInSteps,
}

export interface DescribeTopicPartitionsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly DescribeTopicPartitionsResponseTopic[]
  /** Where the next request goes on; null at the end. */
  readonly nextCursor: NextCursor | null
}

/** DescribeTopicPartitionsResponse to be written. */
export interface DescribeTopicPartitionsResponseInit {
  readonly throttleTimeMs: number
  readonly topics: readonly DescribeTopicPartitionsResponseTopicInit[]
  readonly nextCursor?: NextCursorInit | null | undefined
}

function readDescribeTopicPartitionsResponse(
  r: FrameReader,
  v: number,
): DescribeTopicPartitionsResponse {
  checkVersion('DescribeTopicPartitionsResponse', v, 0, 0)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const topics = new Array<DescribeTopicPartitionsResponseTopic>(r.arrayCount(26, 80))
  for (let at = 0; at < topics.length; at++)
    topics[at] = readDescribeTopicPartitionsResponseTopic(r)
  const nextCursor = r.present() ? readNextCursor(r) : null
  r.skipTags()
  return { throttleTimeMs, topics, nextCursor }
}

function writeDescribeTopicPartitionsResponse(
  w: FrameWriter,
  m: DescribeTopicPartitionsResponseInit,
  v: number,
): void {
  checkVersion('DescribeTopicPartitionsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeDescribeTopicPartitionsResponseTopic(w, item)
  {
    const nextCursor = m.nextCursor ?? null
    if (nextCursor === null) {
      w.present(false)
    } else {
      w.present(true)
      writeNextCursor(w, nextCursor)
    }
  }
  w.noTags()
}

function* writeDescribeTopicPartitionsResponseInSteps(
  w: FrameWriter,
  m: DescribeTopicPartitionsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeTopicPartitionsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeDescribeTopicPartitionsResponseTopicInSteps(w, item)
    if (w.due()) yield
  }
  {
    const nextCursor = m.nextCursor ?? null
    if (nextCursor === null) {
      w.present(false)
    } else {
      w.present(true)
      writeNextCursor(w, nextCursor)
    }
  }
  w.noTags()
}

export interface NextCursor {
  /** Name of the topic. */
  readonly topicName: string
  /** Partition. */
  readonly partitionIndex: number
}

/** NextCursor to be written. */
export interface NextCursorInit {
  readonly topicName: string
  readonly partitionIndex: number
}

function readNextCursor(r: FrameReader): NextCursor {
  const topicName = r.string()
  const partitionIndex = r.int32()
  r.skipTags()
  return { topicName, partitionIndex }
}

function writeNextCursor(w: FrameWriter, m: NextCursorInit): void {
  w.string(m.topicName)
  w.int32(m.partitionIndex)
  w.noTags()
}

export interface DescribeTopicPartitionsResponseTopic {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Name of the topic. */
  readonly name: string | null
  /** Id of the topic. */
  readonly topicId: Uuid
  /** Whether the topic belongs to the broker itself. */
  readonly isInternal: boolean
  /** Partitions of the topic. */
  readonly partitions: readonly DescribeTopicPartitionsResponsePartition[]
  /** Bit n set: operation n on the topic is allowed; -2147483648 when not asked for. */
  readonly topicAuthorizedOperations: number
}

/** DescribeTopicPartitionsResponseTopic to be written. */
export interface DescribeTopicPartitionsResponseTopicInit {
  readonly errorCode: number
  readonly name: string | null
  readonly topicId: Uuid
  readonly isInternal: boolean
  readonly partitions: readonly DescribeTopicPartitionsResponsePartitionInit[]
  readonly topicAuthorizedOperations?: number | undefined
}

function readDescribeTopicPartitionsResponseTopic(
  r: FrameReader,
): DescribeTopicPartitionsResponseTopic {
  const errorCode = r.int16()
  const name = r.nullableString()
  const topicId = r.uuid()
  const isInternal = r.bool()
  const partitions = new Array<DescribeTopicPartitionsResponsePartition>(r.arrayCount(20, 104))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readDescribeTopicPartitionsResponsePartition(r)
  const topicAuthorizedOperations = r.int32()
  r.skipTags()
  return { errorCode, name, topicId, isInternal, partitions, topicAuthorizedOperations }
}

function writeDescribeTopicPartitionsResponseTopic(
  w: FrameWriter,
  m: DescribeTopicPartitionsResponseTopicInit,
): void {
  w.int16(m.errorCode)
  w.nullableString(m.name)
  w.uuid(m.topicId)
  w.bool(m.isInternal)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeDescribeTopicPartitionsResponsePartition(w, item)
  w.int32(m.topicAuthorizedOperations ?? -2147483648)
  w.noTags()
}

function* writeDescribeTopicPartitionsResponseTopicInSteps(
  w: FrameWriter,
  m: DescribeTopicPartitionsResponseTopicInit,
): Generator<void> {
  w.int16(m.errorCode)
  w.nullableString(m.name)
  w.uuid(m.topicId)
  w.bool(m.isInternal)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    yield* writeDescribeTopicPartitionsResponsePartitionInSteps(w, item)
    if (w.due()) yield
  }
  w.int32(m.topicAuthorizedOperations ?? -2147483648)
  w.noTags()
}

export interface DescribeTopicPartitionsResponsePartition {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Partition. */
  readonly partitionIndex: number
  /** Broker that leads; -1 if none. */
  readonly leaderId: number
  /** Leader epoch; -1 if unknown. */
  readonly leaderEpoch: number
  /** Brokers that hold the partition, preferred leader first. */
  readonly replicaNodes: readonly number[]
  /** Replicas in sync, the leader among them. */
  readonly isrNodes: readonly number[]
  /** Replicas out of sync that still hold all acknowledged records. */
  readonly eligibleLeaderReplicas: readonly number[] | null
  /** The last replicas that could lead, kept when none is left. */
  readonly lastKnownElr: readonly number[] | null
  /** Replicas whose broker or disk is down. */
  readonly offlineReplicas: readonly number[]
}

/** DescribeTopicPartitionsResponsePartition to be written. */
export interface DescribeTopicPartitionsResponsePartitionInit {
  readonly errorCode: number
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch?: number | undefined
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
  readonly eligibleLeaderReplicas?: readonly number[] | null | undefined
  readonly lastKnownElr?: readonly number[] | null | undefined
  readonly offlineReplicas: readonly number[]
}

function readDescribeTopicPartitionsResponsePartition(
  r: FrameReader,
): DescribeTopicPartitionsResponsePartition {
  const errorCode = r.int16()
  const partitionIndex = r.int32()
  const leaderId = r.int32()
  const leaderEpoch = r.int32()
  const replicaNodes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < replicaNodes.length; at++) replicaNodes[at] = r.int32()
  const isrNodes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < isrNodes.length; at++) isrNodes[at] = r.int32()
  let eligibleLeaderReplicas: readonly number[] | null
  {
    const count = r.nullableArrayCount(4, 8)
    if (count < 0) {
      eligibleLeaderReplicas = null
    } else {
      const list = new Array<number>(count)
      for (let at = 0; at < list.length; at++) list[at] = r.int32()
      eligibleLeaderReplicas = list
    }
  }
  let lastKnownElr: readonly number[] | null
  {
    const count = r.nullableArrayCount(4, 8)
    if (count < 0) {
      lastKnownElr = null
    } else {
      const list = new Array<number>(count)
      for (let at = 0; at < list.length; at++) list[at] = r.int32()
      lastKnownElr = list
    }
  }
  const offlineReplicas = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < offlineReplicas.length; at++) offlineReplicas[at] = r.int32()
  r.skipTags()
  return {
    errorCode,
    partitionIndex,
    leaderId,
    leaderEpoch,
    replicaNodes,
    isrNodes,
    eligibleLeaderReplicas,
    lastKnownElr,
    offlineReplicas,
  }
}

function writeDescribeTopicPartitionsResponsePartition(
  w: FrameWriter,
  m: DescribeTopicPartitionsResponsePartitionInit,
): void {
  w.int16(m.errorCode)
  w.int32(m.partitionIndex)
  w.int32(m.leaderId)
  w.int32(m.leaderEpoch ?? -1)
  w.arrayCount(m.replicaNodes.length)
  for (const item of m.replicaNodes) w.int32(item)
  w.arrayCount(m.isrNodes.length)
  for (const item of m.isrNodes) w.int32(item)
  {
    const eligibleLeaderReplicas = m.eligibleLeaderReplicas ?? null
    if (eligibleLeaderReplicas === null) {
      w.nullArray()
    } else {
      w.arrayCount(eligibleLeaderReplicas.length)
      for (const item of eligibleLeaderReplicas) w.int32(item)
    }
  }
  {
    const lastKnownElr = m.lastKnownElr ?? null
    if (lastKnownElr === null) {
      w.nullArray()
    } else {
      w.arrayCount(lastKnownElr.length)
      for (const item of lastKnownElr) w.int32(item)
    }
  }
  w.arrayCount(m.offlineReplicas.length)
  for (const item of m.offlineReplicas) w.int32(item)
  w.noTags()
}

function* writeDescribeTopicPartitionsResponsePartitionInSteps(
  w: FrameWriter,
  m: DescribeTopicPartitionsResponsePartitionInit,
): Generator<void> {
  w.int16(m.errorCode)
  w.int32(m.partitionIndex)
  w.int32(m.leaderId)
  w.int32(m.leaderEpoch ?? -1)
  w.arrayCount(m.replicaNodes.length)
  for (const item of m.replicaNodes) {
    w.int32(item)
    if (w.due()) yield
  }
  w.arrayCount(m.isrNodes.length)
  for (const item of m.isrNodes) {
    w.int32(item)
    if (w.due()) yield
  }
  {
    const eligibleLeaderReplicas = m.eligibleLeaderReplicas ?? null
    if (eligibleLeaderReplicas === null) {
      w.nullArray()
    } else {
      w.arrayCount(eligibleLeaderReplicas.length)
      for (const item of eligibleLeaderReplicas) {
        w.int32(item)
        if (w.due()) yield
      }
    }
  }
  {
    const lastKnownElr = m.lastKnownElr ?? null
    if (lastKnownElr === null) {
      w.nullArray()
    } else {
      w.arrayCount(lastKnownElr.length)
      for (const item of lastKnownElr) {
        w.int32(item)
        if (w.due()) yield
      }
    }
  }
  w.arrayCount(m.offlineReplicas.length)
  for (const item of m.offlineReplicas) {
    w.int32(item)
    if (w.due()) yield
  }
  w.noTags()
}

const DESCRIBE_TOPIC_PARTITIONS_RESPONSE: MessageCodec<
  DescribeTopicPartitionsResponse,
  DescribeTopicPartitionsResponseInit
> = {
  name: 'DescribeTopicPartitionsResponse',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTopicPartitionsResponse,
  write: writeDescribeTopicPartitionsResponse,
  writeInSteps: writeDescribeTopicPartitionsResponseInSteps,
}

export const DESCRIBE_TOPIC_PARTITIONS: Api<
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsRequestInit,
  DescribeTopicPartitionsResponse,
  DescribeTopicPartitionsResponseInit
> = {
  key: 75,
  name: 'DescribeTopicPartitions',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  request: DESCRIBE_TOPIC_PARTITIONS_REQUEST,
  response: DESCRIBE_TOPIC_PARTITIONS_RESPONSE,
}
