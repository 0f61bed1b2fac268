// Made from definitions/45-alter-partition-reassignments.txt by tools/generate-kafka.ts; do not edit.
//
// Starts or stops moving partitions to other brokers.
//
// v1: allowReplicationFactorChange.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface AlterPartitionReassignmentsRequest {
  /** Longest wait of the broker. */
  readonly timeoutMs: number
  /** Whether the number of replicas may change by this. Version >= 1. */
  readonly allowReplicationFactorChange: boolean
  /** One for each topic. */
  readonly topics: readonly ReassignableTopic[]
}

/** AlterPartitionReassignmentsRequest to be written. */
export interface AlterPartitionReassignmentsRequestInit {
  readonly timeoutMs?: number | undefined
  readonly allowReplicationFactorChange?: boolean | undefined
  readonly topics: readonly ReassignableTopicInit[]
}

function readAlterPartitionReassignmentsRequest(
  r: FrameReader,
  v: number,
): AlterPartitionReassignmentsRequest {
  checkVersion('AlterPartitionReassignmentsRequest', v, 0, 1)
  r.flexible = true
  const timeoutMs = r.int32()
  const allowReplicationFactorChange = v >= 1 ? r.bool() : true
  const topics = new Array<ReassignableTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readReassignableTopic(r)
  r.skipTags()
  return { timeoutMs, allowReplicationFactorChange, topics }
}

function writeAlterPartitionReassignmentsRequest(
  w: FrameWriter,
  m: AlterPartitionReassignmentsRequestInit,
  v: number,
): void {
  checkVersion('AlterPartitionReassignmentsRequest', v, 0, 1)
  w.flexible = true
  w.int32(m.timeoutMs ?? 60000)
  if (v >= 1) w.bool(m.allowReplicationFactorChange ?? true)
  else if ((m.allowReplicationFactorChange ?? true) !== true)
    refuse('AlterPartitionReassignmentsRequest', 'allowReplicationFactorChange', v)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeReassignableTopic(w, item)
  w.noTags()
}

function* readAlterPartitionReassignmentsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, AlterPartitionReassignmentsRequest> {
  checkVersion('AlterPartitionReassignmentsRequest', v, 0, 1)
  r.flexible = true
  const timeoutMs = r.int32()
  const allowReplicationFactorChange = v >= 1 ? r.bool() : true
  const topics = new Array<ReassignableTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readReassignableTopicInSteps(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { timeoutMs, allowReplicationFactorChange, topics }
}

export interface ReassignableTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly ReassignablePartition[]
}

/** ReassignableTopic to be written. */
export interface ReassignableTopicInit {
  readonly name: string
  readonly partitions: readonly ReassignablePartitionInit[]
}

function readReassignableTopic(r: FrameReader): ReassignableTopic {
  const name = r.string()
  const partitions = new Array<ReassignablePartition>(r.arrayCount(6, 48))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readReassignablePartition(r)
  r.skipTags()
  return { name, partitions }
}

function writeReassignableTopic(w: FrameWriter, m: ReassignableTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeReassignablePartition(w, item)
  w.noTags()
}

function* readReassignableTopicInSteps(r: FrameReader): Generator<void, ReassignableTopic> {
  const name = r.string()
  const partitions = new Array<ReassignablePartition>(r.arrayCount(6, 48))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = yield* readReassignablePartitionInSteps(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitions }
}

export interface ReassignablePartition {
  /** Partition. */
  readonly partitionIndex: number
  /** Brokers that are to hold it, preferred leader first; null stops a move that is under way. */
  readonly replicas: readonly number[] | null
}

/** ReassignablePartition to be written. */
export interface ReassignablePartitionInit {
  readonly partitionIndex: number
  readonly replicas?: readonly number[] | null | undefined
}

function readReassignablePartition(r: FrameReader): ReassignablePartition {
  const partitionIndex = r.int32()
  let replicas: readonly number[] | null
  {
    const count = r.nullableArrayCount(4, 8)
    if (count < 0) {
      replicas = null
    } else {
      const list = new Array<number>(count)
      for (let at = 0; at < list.length; at++) list[at] = r.int32()
      replicas = list
    }
  }
  r.skipTags()
  return { partitionIndex, replicas }
}

function writeReassignablePartition(w: FrameWriter, m: ReassignablePartitionInit): void {
  w.int32(m.partitionIndex)
  {
    const replicas = m.replicas ?? null
    if (replicas === null) {
      w.nullArray()
    } else {
      w.arrayCount(replicas.length)
      for (const item of replicas) w.int32(item)
    }
  }
  w.noTags()
}

function* readReassignablePartitionInSteps(r: FrameReader): Generator<void, ReassignablePartition> {
  const partitionIndex = r.int32()
  let replicas: readonly number[] | null
  {
    const count = r.nullableArrayCount(4, 8)
    if (count < 0) {
      replicas = null
    } else {
      const list = new Array<number>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = r.int32()
        if (r.due()) yield
      }
      replicas = list
    }
  }
  r.skipTags()
  return { partitionIndex, replicas }
}

const ALTER_PARTITION_REASSIGNMENTS_REQUEST: MessageCodec<
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsRequestInit
> = {
  name: 'AlterPartitionReassignmentsRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readAlterPartitionReassignmentsRequest,
  write: writeAlterPartitionReassignmentsRequest,
  readInSteps: readAlterPartitionReassignmentsRequestInSteps,
}

export interface AlterPartitionReassignmentsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** Whether the number of replicas may change by this. Version >= 1. */
  readonly allowReplicationFactorChange: boolean
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** One answer a topic. */
  readonly responses: readonly ReassignableTopicResponse[]
}

/** AlterPartitionReassignmentsResponse to be written. */
export interface AlterPartitionReassignmentsResponseInit {
  readonly throttleTimeMs: number
  readonly allowReplicationFactorChange?: boolean | undefined
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly responses: readonly ReassignableTopicResponseInit[]
}

function readAlterPartitionReassignmentsResponse(
  r: FrameReader,
  v: number,
): AlterPartitionReassignmentsResponse {
  checkVersion('AlterPartitionReassignmentsResponse', v, 0, 1)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const allowReplicationFactorChange = v >= 1 ? r.bool() : true
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const responses = new Array<ReassignableTopicResponse>(r.arrayCount(3, 48))
  for (let at = 0; at < responses.length; at++) responses[at] = readReassignableTopicResponse(r)
  r.skipTags()
  return { throttleTimeMs, allowReplicationFactorChange, errorCode, errorMessage, responses }
}

function writeAlterPartitionReassignmentsResponse(
  w: FrameWriter,
  m: AlterPartitionReassignmentsResponseInit,
  v: number,
): void {
  checkVersion('AlterPartitionReassignmentsResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  if (v >= 1) w.bool(m.allowReplicationFactorChange ?? true)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) writeReassignableTopicResponse(w, item)
  w.noTags()
}

function* writeAlterPartitionReassignmentsResponseInSteps(
  w: FrameWriter,
  m: AlterPartitionReassignmentsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('AlterPartitionReassignmentsResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  if (v >= 1) w.bool(m.allowReplicationFactorChange ?? true)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) {
    yield* writeReassignableTopicResponseInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ReassignableTopicResponse {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly ReassignablePartitionResponse[]
}

/** ReassignableTopicResponse to be written. */
export interface ReassignableTopicResponseInit {
  readonly name: string
  readonly partitions: readonly ReassignablePartitionResponseInit[]
}

function readReassignableTopicResponse(r: FrameReader): ReassignableTopicResponse {
  const name = r.string()
  const partitions = new Array<ReassignablePartitionResponse>(r.arrayCount(8, 56))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readReassignablePartitionResponse(r)
  r.skipTags()
  return { name, partitions }
}

function writeReassignableTopicResponse(w: FrameWriter, m: ReassignableTopicResponseInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeReassignablePartitionResponse(w, item)
  w.noTags()
}

function* writeReassignableTopicResponseInSteps(
  w: FrameWriter,
  m: ReassignableTopicResponseInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeReassignablePartitionResponse(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ReassignablePartitionResponse {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
}

/** ReassignablePartitionResponse to be written. */
export interface ReassignablePartitionResponseInit {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

function readReassignablePartitionResponse(r: FrameReader): ReassignablePartitionResponse {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  r.skipTags()
  return { partitionIndex, errorCode, errorMessage }
}

function writeReassignablePartitionResponse(
  w: FrameWriter,
  m: ReassignablePartitionResponseInit,
): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.noTags()
}

const ALTER_PARTITION_REASSIGNMENTS_RESPONSE: MessageCodec<
  AlterPartitionReassignmentsResponse,
  AlterPartitionReassignmentsResponseInit
> = {
  name: 'AlterPartitionReassignmentsResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readAlterPartitionReassignmentsResponse,
  write: writeAlterPartitionReassignmentsResponse,
  writeInSteps: writeAlterPartitionReassignmentsResponseInSteps,
}

export const ALTER_PARTITION_REASSIGNMENTS: Api<
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsRequestInit,
  AlterPartitionReassignmentsResponse,
  AlterPartitionReassignmentsResponseInit
> = {
  key: 45,
  name: 'AlterPartitionReassignments',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  request: ALTER_PARTITION_REASSIGNMENTS_REQUEST,
  response: ALTER_PARTITION_REASSIGNMENTS_RESPONSE,
}
