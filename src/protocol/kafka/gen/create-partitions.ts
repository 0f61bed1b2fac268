// Made from definitions/37-create-partitions.txt by tools/generate-kafka.ts; do not edit.
//
// Adds partitions to topics.
//
// v2: flexible. v3: throttled by quota.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface CreatePartitionsRequest {
  /** One for each topic. */
  readonly topics: readonly CreatePartitionsTopic[]
  /** Longest wait of the broker. */
  readonly timeoutMs: number
  /** Whether to check only and change nothing. */
  readonly validateOnly: boolean
}

/** CreatePartitionsRequest to be written. */
export interface CreatePartitionsRequestInit {
  readonly topics: readonly CreatePartitionsTopicInit[]
  readonly timeoutMs: number
  readonly validateOnly: boolean
}

function readCreatePartitionsRequest(r: FrameReader, v: number): CreatePartitionsRequest {
  checkVersion('CreatePartitionsRequest', v, 0, 3)
  r.flexible = v >= 2
  const topics = new Array<CreatePartitionsTopic>(r.arrayCount(7, 56))
  for (let at = 0; at < topics.length; at++) topics[at] = readCreatePartitionsTopic(r)
  const timeoutMs = r.int32()
  const validateOnly = r.bool()
  r.skipTags()
  return { topics, timeoutMs, validateOnly }
}

function writeCreatePartitionsRequest(
  w: FrameWriter,
  m: CreatePartitionsRequestInit,
  v: number,
): void {
  checkVersion('CreatePartitionsRequest', v, 0, 3)
  w.flexible = v >= 2
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeCreatePartitionsTopic(w, item)
  w.int32(m.timeoutMs)
  w.bool(m.validateOnly)
  w.noTags()
}

function* readCreatePartitionsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, CreatePartitionsRequest> {
  checkVersion('CreatePartitionsRequest', v, 0, 3)
  r.flexible = v >= 2
  const topics = new Array<CreatePartitionsTopic>(r.arrayCount(7, 56))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readCreatePartitionsTopicInSteps(r)
    if (r.due()) yield
  }
  const timeoutMs = r.int32()
  const validateOnly = r.bool()
  r.skipTags()
  return { topics, timeoutMs, validateOnly }
}

export interface CreatePartitionsTopic {
  /** Name of the topic. */
  readonly name: string
  /** Number of partitions after the change, old ones included. */
  readonly count: number
  /** Replicas of the new partitions by hand; null to let the broker place them. */
  readonly assignments: readonly CreatePartitionsAssignment[] | null
}

/** CreatePartitionsTopic to be written. */
export interface CreatePartitionsTopicInit {
  readonly name: string
  readonly count: number
  readonly assignments: readonly CreatePartitionsAssignmentInit[] | null
}

function readCreatePartitionsTopic(r: FrameReader): CreatePartitionsTopic {
  const name = r.string()
  const count = r.int32()
  let assignments: readonly CreatePartitionsAssignment[] | null
  {
    const count = r.nullableArrayCount(2, 40)
    if (count < 0) {
      assignments = null
    } else {
      const list = new Array<CreatePartitionsAssignment>(count)
      for (let at = 0; at < list.length; at++) list[at] = readCreatePartitionsAssignment(r)
      assignments = list
    }
  }
  r.skipTags()
  return { name, count, assignments }
}

function writeCreatePartitionsTopic(w: FrameWriter, m: CreatePartitionsTopicInit): void {
  w.string(m.name)
  w.int32(m.count)
  {
    const assignments = m.assignments
    if (assignments === null) {
      w.nullArray()
    } else {
      w.arrayCount(assignments.length)
      for (const item of assignments) writeCreatePartitionsAssignment(w, item)
    }
  }
  w.noTags()
}

function* readCreatePartitionsTopicInSteps(r: FrameReader): Generator<void, CreatePartitionsTopic> {
  const name = r.string()
  const count = r.int32()
  let assignments: readonly CreatePartitionsAssignment[] | null
  {
    const count = r.nullableArrayCount(2, 40)
    if (count < 0) {
      assignments = null
    } else {
      const list = new Array<CreatePartitionsAssignment>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = yield* readCreatePartitionsAssignmentInSteps(r)
        if (r.due()) yield
      }
      assignments = list
    }
  }
  r.skipTags()
  return { name, count, assignments }
}

export interface CreatePartitionsAssignment {
  /** Brokers to hold the replicas, preferred leader first. */
  readonly brokerIds: readonly number[]
}

/** CreatePartitionsAssignment to be written. */
export interface CreatePartitionsAssignmentInit {
  readonly brokerIds: readonly number[]
}

function readCreatePartitionsAssignment(r: FrameReader): CreatePartitionsAssignment {
  const brokerIds = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < brokerIds.length; at++) brokerIds[at] = r.int32()
  r.skipTags()
  return { brokerIds }
}

function writeCreatePartitionsAssignment(w: FrameWriter, m: CreatePartitionsAssignmentInit): void {
  w.arrayCount(m.brokerIds.length)
  for (const item of m.brokerIds) w.int32(item)
  w.noTags()
}

function* readCreatePartitionsAssignmentInSteps(
  r: FrameReader,
): Generator<void, CreatePartitionsAssignment> {
  const brokerIds = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < brokerIds.length; at++) {
    brokerIds[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { brokerIds }
}

const CREATE_PARTITIONS_REQUEST: MessageCodec<
  CreatePartitionsRequest,
  CreatePartitionsRequestInit
> = {
  name: 'CreatePartitionsRequest',
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreatePartitionsRequest,
  write: writeCreatePartitionsRequest,
  readInSteps: readCreatePartitionsRequestInSteps,
}

export interface CreatePartitionsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer each. */
  readonly results: readonly CreatePartitionsTopicResult[]
}

/** CreatePartitionsResponse to be written. */
export interface CreatePartitionsResponseInit {
  readonly throttleTimeMs: number
  readonly results: readonly CreatePartitionsTopicResultInit[]
}

function readCreatePartitionsResponse(r: FrameReader, v: number): CreatePartitionsResponse {
  checkVersion('CreatePartitionsResponse', v, 0, 3)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const results = new Array<CreatePartitionsTopicResult>(r.arrayCount(5, 56))
  for (let at = 0; at < results.length; at++) results[at] = readCreatePartitionsTopicResult(r)
  r.skipTags()
  return { throttleTimeMs, results }
}

function writeCreatePartitionsResponse(
  w: FrameWriter,
  m: CreatePartitionsResponseInit,
  v: number,
): void {
  checkVersion('CreatePartitionsResponse', v, 0, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) writeCreatePartitionsTopicResult(w, item)
  w.noTags()
}

function* writeCreatePartitionsResponseInSteps(
  w: FrameWriter,
  m: CreatePartitionsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('CreatePartitionsResponse', v, 0, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) {
    writeCreatePartitionsTopicResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface CreatePartitionsTopicResult {
  /** Name of the topic. */
  readonly name: string
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
}

/** CreatePartitionsTopicResult to be written. */
export interface CreatePartitionsTopicResultInit {
  readonly name: string
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
}

function readCreatePartitionsTopicResult(r: FrameReader): CreatePartitionsTopicResult {
  const name = r.string()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  r.skipTags()
  return { name, errorCode, errorMessage }
}

function writeCreatePartitionsTopicResult(
  w: FrameWriter,
  m: CreatePartitionsTopicResultInit,
): void {
  w.string(m.name)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  w.noTags()
}

const CREATE_PARTITIONS_RESPONSE: MessageCodec<
  CreatePartitionsResponse,
  CreatePartitionsResponseInit
> = {
  name: 'CreatePartitionsResponse',
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreatePartitionsResponse,
  write: writeCreatePartitionsResponse,
  writeInSteps: writeCreatePartitionsResponseInSteps,
}

export const CREATE_PARTITIONS: Api<
  CreatePartitionsRequest,
  CreatePartitionsRequestInit,
  CreatePartitionsResponse,
  CreatePartitionsResponseInit
> = {
  key: 37,
  name: 'CreatePartitions',
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
  request: CREATE_PARTITIONS_REQUEST,
  response: CREATE_PARTITIONS_RESPONSE,
}
