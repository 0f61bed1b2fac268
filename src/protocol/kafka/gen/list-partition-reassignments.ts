// Made from definitions/46-list-partition-reassignments.txt by tools/generate-kafka.ts; do not edit.
//
// Lists partitions that are moving.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface ListPartitionReassignmentsRequest {
  /** Longest wait of the broker. */
  readonly timeoutMs: number
  /** Topics to list; null for all. */
  readonly topics: readonly ListPartitionReassignmentsTopics[] | null
}

/** ListPartitionReassignmentsRequest to be written. */
export interface ListPartitionReassignmentsRequestInit {
  readonly timeoutMs?: number | undefined
  readonly topics?: readonly ListPartitionReassignmentsTopicsInit[] | null | undefined
}

function readListPartitionReassignmentsRequest(
  r: FrameReader,
  v: number,
): ListPartitionReassignmentsRequest {
  checkVersion('ListPartitionReassignmentsRequest', v, 0, 0)
  r.flexible = true
  const timeoutMs = r.int32()
  let topics: readonly ListPartitionReassignmentsTopics[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<ListPartitionReassignmentsTopics>(count)
      for (let at = 0; at < list.length; at++) list[at] = readListPartitionReassignmentsTopics(r)
      topics = list
    }
  }
  r.skipTags()
  return { timeoutMs, topics }
}

function writeListPartitionReassignmentsRequest(
  w: FrameWriter,
  m: ListPartitionReassignmentsRequestInit,
  v: number,
): void {
  checkVersion('ListPartitionReassignmentsRequest', v, 0, 0)
  w.flexible = true
  w.int32(m.timeoutMs ?? 60000)
  {
    const topics = m.topics ?? null
    if (topics === null) {
      w.nullArray()
    } else {
      w.arrayCount(topics.length)
      for (const item of topics) writeListPartitionReassignmentsTopics(w, item)
    }
  }
  w.noTags()
}

function* readListPartitionReassignmentsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ListPartitionReassignmentsRequest> {
  checkVersion('ListPartitionReassignmentsRequest', v, 0, 0)
  r.flexible = true
  const timeoutMs = r.int32()
  let topics: readonly ListPartitionReassignmentsTopics[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<ListPartitionReassignmentsTopics>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = yield* readListPartitionReassignmentsTopicsInSteps(r)
        if (r.due()) yield
      }
      topics = list
    }
  }
  r.skipTags()
  return { timeoutMs, topics }
}

export interface ListPartitionReassignmentsTopics {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitionIndexes: readonly number[]
}

/** ListPartitionReassignmentsTopics to be written. */
export interface ListPartitionReassignmentsTopicsInit {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

function readListPartitionReassignmentsTopics(r: FrameReader): ListPartitionReassignmentsTopics {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) partitionIndexes[at] = r.int32()
  r.skipTags()
  return { name, partitionIndexes }
}

function writeListPartitionReassignmentsTopics(
  w: FrameWriter,
  m: ListPartitionReassignmentsTopicsInit,
): void {
  w.string(m.name)
  w.arrayCount(m.partitionIndexes.length)
  for (const item of m.partitionIndexes) w.int32(item)
  w.noTags()
}

function* readListPartitionReassignmentsTopicsInSteps(
  r: FrameReader,
): Generator<void, ListPartitionReassignmentsTopics> {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) {
    partitionIndexes[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitionIndexes }
}

const LIST_PARTITION_REASSIGNMENTS_REQUEST: MessageCodec<
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsRequestInit
> = {
  name: 'ListPartitionReassignmentsRequest',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readListPartitionReassignmentsRequest,
  write: writeListPartitionReassignmentsRequest,
  readInSteps: readListPartitionReassignmentsRequestInSteps,
}

export interface ListPartitionReassignmentsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** One for each topic. */
  readonly topics: readonly OngoingTopicReassignment[]
}

/** ListPartitionReassignmentsResponse to be written. */
export interface ListPartitionReassignmentsResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly topics: readonly OngoingTopicReassignmentInit[]
}

function readListPartitionReassignmentsResponse(
  r: FrameReader,
  v: number,
): ListPartitionReassignmentsResponse {
  checkVersion('ListPartitionReassignmentsResponse', v, 0, 0)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const topics = new Array<OngoingTopicReassignment>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readOngoingTopicReassignment(r)
  r.skipTags()
  return { throttleTimeMs, errorCode, errorMessage, topics }
}

function writeListPartitionReassignmentsResponse(
  w: FrameWriter,
  m: ListPartitionReassignmentsResponseInit,
  v: number,
): void {
  checkVersion('ListPartitionReassignmentsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOngoingTopicReassignment(w, item)
  w.noTags()
}

function* writeListPartitionReassignmentsResponseInSteps(
  w: FrameWriter,
  m: ListPartitionReassignmentsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ListPartitionReassignmentsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeOngoingTopicReassignmentInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface OngoingTopicReassignment {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly OngoingPartitionReassignment[]
}

/** OngoingTopicReassignment to be written. */
export interface OngoingTopicReassignmentInit {
  readonly name: string
  readonly partitions: readonly OngoingPartitionReassignmentInit[]
}

function readOngoingTopicReassignment(r: FrameReader): OngoingTopicReassignment {
  const name = r.string()
  const partitions = new Array<OngoingPartitionReassignment>(r.arrayCount(8, 64))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readOngoingPartitionReassignment(r)
  r.skipTags()
  return { name, partitions }
}

function writeOngoingTopicReassignment(w: FrameWriter, m: OngoingTopicReassignmentInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOngoingPartitionReassignment(w, item)
  w.noTags()
}

function* writeOngoingTopicReassignmentInSteps(
  w: FrameWriter,
  m: OngoingTopicReassignmentInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    yield* writeOngoingPartitionReassignmentInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface OngoingPartitionReassignment {
  /** Partition. */
  readonly partitionIndex: number
  /** Brokers that hold the partition. */
  readonly replicas: readonly number[]
  /** Brokers that are to become replicas. */
  readonly addingReplicas: readonly number[]
  /** Brokers that are to stop being replicas. */
  readonly removingReplicas: readonly number[]
}

/** OngoingPartitionReassignment to be written. */
export interface OngoingPartitionReassignmentInit {
  readonly partitionIndex: number
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

function readOngoingPartitionReassignment(r: FrameReader): OngoingPartitionReassignment {
  const partitionIndex = r.int32()
  const replicas = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < replicas.length; at++) replicas[at] = r.int32()
  const addingReplicas = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < addingReplicas.length; at++) addingReplicas[at] = r.int32()
  const removingReplicas = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < removingReplicas.length; at++) removingReplicas[at] = r.int32()
  r.skipTags()
  return { partitionIndex, replicas, addingReplicas, removingReplicas }
}

function writeOngoingPartitionReassignment(
  w: FrameWriter,
  m: OngoingPartitionReassignmentInit,
): void {
  w.int32(m.partitionIndex)
  w.arrayCount(m.replicas.length)
  for (const item of m.replicas) w.int32(item)
  w.arrayCount(m.addingReplicas.length)
  for (const item of m.addingReplicas) w.int32(item)
  w.arrayCount(m.removingReplicas.length)
  for (const item of m.removingReplicas) w.int32(item)
  w.noTags()
}

function* writeOngoingPartitionReassignmentInSteps(
  w: FrameWriter,
  m: OngoingPartitionReassignmentInit,
): Generator<void> {
  w.int32(m.partitionIndex)
  w.arrayCount(m.replicas.length)
  for (const item of m.replicas) {
    w.int32(item)
    if (w.due()) yield
  }
  w.arrayCount(m.addingReplicas.length)
  for (const item of m.addingReplicas) {
    w.int32(item)
    if (w.due()) yield
  }
  w.arrayCount(m.removingReplicas.length)
  for (const item of m.removingReplicas) {
    w.int32(item)
    if (w.due()) yield
  }
  w.noTags()
}

const LIST_PARTITION_REASSIGNMENTS_RESPONSE: MessageCodec<
  ListPartitionReassignmentsResponse,
  ListPartitionReassignmentsResponseInit
> = {
  name: 'ListPartitionReassignmentsResponse',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readListPartitionReassignmentsResponse,
  write: writeListPartitionReassignmentsResponse,
  writeInSteps: writeListPartitionReassignmentsResponseInSteps,
}

export const LIST_PARTITION_REASSIGNMENTS: Api<
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsRequestInit,
  ListPartitionReassignmentsResponse,
  ListPartitionReassignmentsResponseInit
> = {
  key: 46,
  name: 'ListPartitionReassignments',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  request: LIST_PARTITION_REASSIGNMENTS_REQUEST,
  response: LIST_PARTITION_REASSIGNMENTS_RESPONSE,
}
