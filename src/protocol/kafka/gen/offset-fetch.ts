// Made from definitions/09-offset-fetch.txt by tools/generate-kafka.ts; do not edit.
//
// Tells the offsets that a group has stored.
//
// v2: null asks for all topics. v3: throttle time. v5: leader epochs. v6: flexible.
// v7: requireStable. v8: many groups a request. v9: member epochs. v10: topics by id.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface OffsetFetchRequest {
  /** Id of the group. Version <= 7. */
  readonly groupId: string
  /** Topics to fetch; null for all. Version <= 7. */
  readonly topics: readonly OffsetFetchRequestTopic[] | null
  /** One for each group. Version >= 8. */
  readonly groups: readonly OffsetFetchRequestGroup[]
  /** Whether to refuse while a transaction holds offsets that are not decided. Version >= 7. */
  readonly requireStable: boolean
}

/** OffsetFetchRequest to be written. */
export interface OffsetFetchRequestInit {
  readonly groupId?: string | undefined
  readonly topics?: readonly OffsetFetchRequestTopicInit[] | null | undefined
  readonly groups?: readonly OffsetFetchRequestGroupInit[] | undefined
  readonly requireStable?: boolean | undefined
}

function readOffsetFetchRequest(r: FrameReader, v: number): OffsetFetchRequest {
  checkVersion('OffsetFetchRequest', v, 1, 10)
  r.flexible = v >= 6
  const groupId = v <= 7 ? r.string() : ''
  let topics: readonly OffsetFetchRequestTopic[] | null = NO_ITEMS
  if (v <= 7) {
    const count = v >= 2 ? r.nullableArrayCount(3, 48) : r.arrayCount(3, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<OffsetFetchRequestTopic>(count)
      for (let at = 0; at < list.length; at++) list[at] = readOffsetFetchRequestTopic(r)
      topics = list
    }
  }
  let groups: readonly OffsetFetchRequestGroup[] = NO_ITEMS
  if (v >= 8) {
    const list = new Array<OffsetFetchRequestGroup>(r.arrayCount(3, 64))
    for (let at = 0; at < list.length; at++) list[at] = readOffsetFetchRequestGroup(r, v)
    groups = list
  }
  const requireStable = v >= 7 ? r.bool() : false
  r.skipTags()
  return { groupId, topics, groups, requireStable }
}

function writeOffsetFetchRequest(w: FrameWriter, m: OffsetFetchRequestInit, v: number): void {
  checkVersion('OffsetFetchRequest', v, 1, 10)
  w.flexible = v >= 6
  if (v <= 7) w.string(m.groupId ?? '')
  else if ((m.groupId ?? '') !== '') refuse('OffsetFetchRequest', 'groupId', v)
  if (v <= 7) {
    {
      const topics = m.topics === undefined ? NO_ITEMS : m.topics
      if (topics === null) {
        if (!(v >= 2)) refuse('OffsetFetchRequest', 'topics', v)
        w.nullArray()
      } else {
        w.arrayCount(topics.length)
        for (const item of topics) writeOffsetFetchRequestTopic(w, item)
      }
    }
  } else if ((m.topics?.length ?? 0) !== 0) refuse('OffsetFetchRequest', 'topics', v)
  if (v >= 8) {
    {
      const groups = m.groups ?? NO_ITEMS
      w.arrayCount(groups.length)
      for (const item of groups) writeOffsetFetchRequestGroup(w, item, v)
    }
  } else if ((m.groups?.length ?? 0) !== 0) refuse('OffsetFetchRequest', 'groups', v)
  if (v >= 7) w.bool(m.requireStable ?? false)
  else if ((m.requireStable ?? false) !== false) refuse('OffsetFetchRequest', 'requireStable', v)
  w.noTags()
}

function* readOffsetFetchRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, OffsetFetchRequest> {
  checkVersion('OffsetFetchRequest', v, 1, 10)
  r.flexible = v >= 6
  const groupId = v <= 7 ? r.string() : ''
  let topics: readonly OffsetFetchRequestTopic[] | null = NO_ITEMS
  if (v <= 7) {
    const count = v >= 2 ? r.nullableArrayCount(3, 48) : r.arrayCount(3, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<OffsetFetchRequestTopic>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = yield* readOffsetFetchRequestTopicInSteps(r)
        if (r.due()) yield
      }
      topics = list
    }
  }
  let groups: readonly OffsetFetchRequestGroup[] = NO_ITEMS
  if (v >= 8) {
    const list = new Array<OffsetFetchRequestGroup>(r.arrayCount(3, 64))
    for (let at = 0; at < list.length; at++) {
      list[at] = yield* readOffsetFetchRequestGroupInSteps(r, v)
      if (r.due()) yield
    }
    groups = list
  }
  const requireStable = v >= 7 ? r.bool() : false
  r.skipTags()
  return { groupId, topics, groups, requireStable }
}

export interface OffsetFetchRequestGroup {
  /** Id of the group. */
  readonly groupId: string
  /** Id of the member. Version >= 9. */
  readonly memberId: string | null
  /** Epoch of the member. Version >= 9. */
  readonly memberEpoch: number
  /** Topics to fetch; null for all. */
  readonly topics: readonly OffsetFetchRequestTopics[] | null
}

/** OffsetFetchRequestGroup to be written. */
export interface OffsetFetchRequestGroupInit {
  readonly groupId: string
  readonly memberId?: string | null | undefined
  readonly memberEpoch?: number | undefined
  readonly topics: readonly OffsetFetchRequestTopicsInit[] | null
}

function readOffsetFetchRequestGroup(r: FrameReader, v: number): OffsetFetchRequestGroup {
  const groupId = r.string()
  const memberId = v >= 9 ? r.nullableString() : null
  const memberEpoch = v >= 9 ? r.int32() : -1
  let topics: readonly OffsetFetchRequestTopics[] | null
  {
    const count = r.nullableArrayCount(3, 56)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<OffsetFetchRequestTopics>(count)
      for (let at = 0; at < list.length; at++) list[at] = readOffsetFetchRequestTopics(r, v)
      topics = list
    }
  }
  r.skipTags()
  return { groupId, memberId, memberEpoch, topics }
}

function writeOffsetFetchRequestGroup(
  w: FrameWriter,
  m: OffsetFetchRequestGroupInit,
  v: number,
): void {
  w.string(m.groupId)
  if (v >= 9) w.nullableString(m.memberId ?? null)
  if (v >= 9) w.int32(m.memberEpoch ?? -1)
  {
    const topics = m.topics
    if (topics === null) {
      w.nullArray()
    } else {
      w.arrayCount(topics.length)
      for (const item of topics) writeOffsetFetchRequestTopics(w, item, v)
    }
  }
  w.noTags()
}

function* readOffsetFetchRequestGroupInSteps(
  r: FrameReader,
  v: number,
): Generator<void, OffsetFetchRequestGroup> {
  const groupId = r.string()
  const memberId = v >= 9 ? r.nullableString() : null
  const memberEpoch = v >= 9 ? r.int32() : -1
  let topics: readonly OffsetFetchRequestTopics[] | null
  {
    const count = r.nullableArrayCount(3, 56)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<OffsetFetchRequestTopics>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = yield* readOffsetFetchRequestTopicsInSteps(r, v)
        if (r.due()) yield
      }
      topics = list
    }
  }
  r.skipTags()
  return { groupId, memberId, memberEpoch, topics }
}

export interface OffsetFetchRequestTopics {
  /** Name of the topic. Version <= 9. */
  readonly name: string
  /** Id of the topic. Version >= 10. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitionIndexes: readonly number[]
}

/** OffsetFetchRequestTopics to be written. */
export interface OffsetFetchRequestTopicsInit {
  readonly name?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitionIndexes: readonly number[]
}

function readOffsetFetchRequestTopics(r: FrameReader, v: number): OffsetFetchRequestTopics {
  const name = v <= 9 ? r.string() : ''
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) partitionIndexes[at] = r.int32()
  r.skipTags()
  return { name, topicId, partitionIndexes }
}

function writeOffsetFetchRequestTopics(
  w: FrameWriter,
  m: OffsetFetchRequestTopicsInit,
  v: number,
): void {
  if (v <= 9) w.string(m.name ?? '')
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitionIndexes.length)
  for (const item of m.partitionIndexes) w.int32(item)
  w.noTags()
}

function* readOffsetFetchRequestTopicsInSteps(
  r: FrameReader,
  v: number,
): Generator<void, OffsetFetchRequestTopics> {
  const name = v <= 9 ? r.string() : ''
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) {
    partitionIndexes[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { name, topicId, partitionIndexes }
}

export interface OffsetFetchRequestTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitionIndexes: readonly number[]
}

/** OffsetFetchRequestTopic to be written. */
export interface OffsetFetchRequestTopicInit {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

function readOffsetFetchRequestTopic(r: FrameReader): OffsetFetchRequestTopic {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) partitionIndexes[at] = r.int32()
  r.skipTags()
  return { name, partitionIndexes }
}

function writeOffsetFetchRequestTopic(w: FrameWriter, m: OffsetFetchRequestTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitionIndexes.length)
  for (const item of m.partitionIndexes) w.int32(item)
  w.noTags()
}

function* readOffsetFetchRequestTopicInSteps(
  r: FrameReader,
): Generator<void, OffsetFetchRequestTopic> {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) {
    partitionIndexes[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitionIndexes }
}

const OFFSET_FETCH_REQUEST: MessageCodec<OffsetFetchRequest, OffsetFetchRequestInit> = {
  name: 'OffsetFetchRequest',
  minVersion: 1,
  maxVersion: 10,
  flexibleFrom: 6,
  read: readOffsetFetchRequest,
  write: writeOffsetFetchRequest,
  readInSteps: readOffsetFetchRequestInSteps,
}

export interface OffsetFetchResponse {
  /** How long the client should pause, for its quota. Version >= 3. */
  readonly throttleTimeMs: number
  /** One for each topic. Version <= 7. */
  readonly topics: readonly OffsetFetchResponseTopic[]
  /** 0, or why it failed. Version >= 2 and <= 7. */
  readonly errorCode: number
  /** One for each group. Version >= 8. */
  readonly groups: readonly OffsetFetchResponseGroup[]
}

/** OffsetFetchResponse to be written. */
export interface OffsetFetchResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly topics?: readonly OffsetFetchResponseTopicInit[] | undefined
  readonly errorCode?: number | undefined
  readonly groups?: readonly OffsetFetchResponseGroupInit[] | undefined
}

function readOffsetFetchResponse(r: FrameReader, v: number): OffsetFetchResponse {
  checkVersion('OffsetFetchResponse', v, 1, 10)
  r.flexible = v >= 6
  const throttleTimeMs = v >= 3 ? r.int32() : 0
  let topics: readonly OffsetFetchResponseTopic[] = NO_ITEMS
  if (v <= 7) {
    const list = new Array<OffsetFetchResponseTopic>(r.arrayCount(3, 48))
    for (let at = 0; at < list.length; at++) list[at] = readOffsetFetchResponseTopic(r, v)
    topics = list
  }
  const errorCode = v >= 2 && v <= 7 ? r.int16() : 0
  let groups: readonly OffsetFetchResponseGroup[] = NO_ITEMS
  if (v >= 8) {
    const list = new Array<OffsetFetchResponseGroup>(r.arrayCount(5, 56))
    for (let at = 0; at < list.length; at++) list[at] = readOffsetFetchResponseGroup(r, v)
    groups = list
  }
  r.skipTags()
  return { throttleTimeMs, topics, errorCode, groups }
}

function writeOffsetFetchResponse(w: FrameWriter, m: OffsetFetchResponseInit, v: number): void {
  checkVersion('OffsetFetchResponse', v, 1, 10)
  w.flexible = v >= 6
  if (v >= 3) w.int32(m.throttleTimeMs ?? 0)
  if (v <= 7) {
    {
      const topics = m.topics ?? NO_ITEMS
      w.arrayCount(topics.length)
      for (const item of topics) writeOffsetFetchResponseTopic(w, item, v)
    }
  } else if ((m.topics?.length ?? 0) !== 0) refuse('OffsetFetchResponse', 'topics', v)
  if (v >= 2 && v <= 7) w.int16(m.errorCode ?? 0)
  if (v >= 8) {
    {
      const groups = m.groups ?? NO_ITEMS
      w.arrayCount(groups.length)
      for (const item of groups) writeOffsetFetchResponseGroup(w, item, v)
    }
  } else if ((m.groups?.length ?? 0) !== 0) refuse('OffsetFetchResponse', 'groups', v)
  w.noTags()
}

function* writeOffsetFetchResponseInSteps(
  w: FrameWriter,
  m: OffsetFetchResponseInit,
  v: number,
): Generator<void> {
  checkVersion('OffsetFetchResponse', v, 1, 10)
  w.flexible = v >= 6
  if (v >= 3) w.int32(m.throttleTimeMs ?? 0)
  if (v <= 7) {
    {
      const topics = m.topics ?? NO_ITEMS
      w.arrayCount(topics.length)
      for (const item of topics) {
        yield* writeOffsetFetchResponseTopicInSteps(w, item, v)
        if (w.due()) yield
      }
    }
  } else if ((m.topics?.length ?? 0) !== 0) refuse('OffsetFetchResponse', 'topics', v)
  if (v >= 2 && v <= 7) w.int16(m.errorCode ?? 0)
  if (v >= 8) {
    {
      const groups = m.groups ?? NO_ITEMS
      w.arrayCount(groups.length)
      for (const item of groups) {
        yield* writeOffsetFetchResponseGroupInSteps(w, item, v)
        if (w.due()) yield
      }
    }
  } else if ((m.groups?.length ?? 0) !== 0) refuse('OffsetFetchResponse', 'groups', v)
  w.noTags()
}

export interface OffsetFetchResponseGroup {
  /** Id of the group. */
  readonly groupId: string
  /** One for each topic. */
  readonly topics: readonly OffsetFetchResponseTopics[]
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** OffsetFetchResponseGroup to be written. */
export interface OffsetFetchResponseGroupInit {
  readonly groupId: string
  readonly topics: readonly OffsetFetchResponseTopicsInit[]
  readonly errorCode: number
}

function readOffsetFetchResponseGroup(r: FrameReader, v: number): OffsetFetchResponseGroup {
  const groupId = r.string()
  const topics = new Array<OffsetFetchResponseTopics>(r.arrayCount(3, 56))
  for (let at = 0; at < topics.length; at++) topics[at] = readOffsetFetchResponseTopics(r, v)
  const errorCode = r.int16()
  r.skipTags()
  return { groupId, topics, errorCode }
}

function writeOffsetFetchResponseGroup(
  w: FrameWriter,
  m: OffsetFetchResponseGroupInit,
  v: number,
): void {
  w.string(m.groupId)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOffsetFetchResponseTopics(w, item, v)
  w.int16(m.errorCode)
  w.noTags()
}

function* writeOffsetFetchResponseGroupInSteps(
  w: FrameWriter,
  m: OffsetFetchResponseGroupInit,
  v: number,
): Generator<void> {
  w.string(m.groupId)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeOffsetFetchResponseTopicsInSteps(w, item, v)
    if (w.due()) yield
  }
  w.int16(m.errorCode)
  w.noTags()
}

export interface OffsetFetchResponseTopics {
  /** Name of the topic. Version <= 9. */
  readonly name: string
  /** Id of the topic. Version >= 10. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly OffsetFetchResponsePartitions[]
}

/** OffsetFetchResponseTopics to be written. */
export interface OffsetFetchResponseTopicsInit {
  readonly name?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitions: readonly OffsetFetchResponsePartitionsInit[]
}

function readOffsetFetchResponseTopics(r: FrameReader, v: number): OffsetFetchResponseTopics {
  const name = v <= 9 ? r.string() : ''
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const partitions = new Array<OffsetFetchResponsePartitions>(r.arrayCount(20, 88))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readOffsetFetchResponsePartitions(r)
  r.skipTags()
  return { name, topicId, partitions }
}

function writeOffsetFetchResponseTopics(
  w: FrameWriter,
  m: OffsetFetchResponseTopicsInit,
  v: number,
): void {
  if (v <= 9) w.string(m.name ?? '')
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOffsetFetchResponsePartitions(w, item)
  w.noTags()
}

function* writeOffsetFetchResponseTopicsInSteps(
  w: FrameWriter,
  m: OffsetFetchResponseTopicsInit,
  v: number,
): Generator<void> {
  if (v <= 9) w.string(m.name ?? '')
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeOffsetFetchResponsePartitions(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface OffsetFetchResponsePartitions {
  /** Partition. */
  readonly partitionIndex: number
  /** Next offset that the group will read. */
  readonly committedOffset: number
  /** Leader epoch of the last record consumed; -1 if unknown. */
  readonly committedLeaderEpoch: number
  /** Text of the client, kept beside the offset. */
  readonly metadata: string | null
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** OffsetFetchResponsePartitions to be written. */
export interface OffsetFetchResponsePartitionsInit {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch?: number | undefined
  readonly metadata: string | null
  readonly errorCode: number
}

function readOffsetFetchResponsePartitions(r: FrameReader): OffsetFetchResponsePartitions {
  const partitionIndex = r.int32()
  const committedOffset = r.int64()
  const committedLeaderEpoch = r.int32()
  const metadata = r.nullableString()
  const errorCode = r.int16()
  r.skipTags()
  return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode }
}

function writeOffsetFetchResponsePartitions(
  w: FrameWriter,
  m: OffsetFetchResponsePartitionsInit,
): void {
  w.int32(m.partitionIndex)
  w.int64(m.committedOffset)
  w.int32(m.committedLeaderEpoch ?? -1)
  w.nullableString(m.metadata)
  w.int16(m.errorCode)
  w.noTags()
}

export interface OffsetFetchResponseTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly OffsetFetchResponsePartition[]
}

/** OffsetFetchResponseTopic to be written. */
export interface OffsetFetchResponseTopicInit {
  readonly name: string
  readonly partitions: readonly OffsetFetchResponsePartitionInit[]
}

function readOffsetFetchResponseTopic(r: FrameReader, v: number): OffsetFetchResponseTopic {
  const name = r.string()
  const partitions = new Array<OffsetFetchResponsePartition>(r.arrayCount(16, 88))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readOffsetFetchResponsePartition(r, v)
  r.skipTags()
  return { name, partitions }
}

function writeOffsetFetchResponseTopic(
  w: FrameWriter,
  m: OffsetFetchResponseTopicInit,
  v: number,
): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOffsetFetchResponsePartition(w, item, v)
  w.noTags()
}

function* writeOffsetFetchResponseTopicInSteps(
  w: FrameWriter,
  m: OffsetFetchResponseTopicInit,
  v: number,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeOffsetFetchResponsePartition(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface OffsetFetchResponsePartition {
  /** Partition. */
  readonly partitionIndex: number
  /** Next offset that the group will read. */
  readonly committedOffset: number
  /** Leader epoch of the last record consumed; -1 if unknown. Version >= 5. */
  readonly committedLeaderEpoch: number
  /** Text of the client, kept beside the offset. */
  readonly metadata: string | null
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** OffsetFetchResponsePartition to be written. */
export interface OffsetFetchResponsePartitionInit {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch?: number | undefined
  readonly metadata: string | null
  readonly errorCode: number
}

function readOffsetFetchResponsePartition(r: FrameReader, v: number): OffsetFetchResponsePartition {
  const partitionIndex = r.int32()
  const committedOffset = r.int64()
  const committedLeaderEpoch = v >= 5 ? r.int32() : -1
  const metadata = r.nullableString()
  const errorCode = r.int16()
  r.skipTags()
  return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode }
}

function writeOffsetFetchResponsePartition(
  w: FrameWriter,
  m: OffsetFetchResponsePartitionInit,
  v: number,
): void {
  w.int32(m.partitionIndex)
  w.int64(m.committedOffset)
  if (v >= 5) w.int32(m.committedLeaderEpoch ?? -1)
  w.nullableString(m.metadata)
  w.int16(m.errorCode)
  w.noTags()
}

const OFFSET_FETCH_RESPONSE: MessageCodec<OffsetFetchResponse, OffsetFetchResponseInit> = {
  name: 'OffsetFetchResponse',
  minVersion: 1,
  maxVersion: 10,
  flexibleFrom: 6,
  read: readOffsetFetchResponse,
  write: writeOffsetFetchResponse,
  writeInSteps: writeOffsetFetchResponseInSteps,
}

export const OFFSET_FETCH: Api<
  OffsetFetchRequest,
  OffsetFetchRequestInit,
  OffsetFetchResponse,
  OffsetFetchResponseInit
> = {
  key: 9,
  name: 'OffsetFetch',
  minVersion: 1,
  maxVersion: 10,
  flexibleFrom: 6,
  request: OFFSET_FETCH_REQUEST,
  response: OFFSET_FETCH_RESPONSE,
}
