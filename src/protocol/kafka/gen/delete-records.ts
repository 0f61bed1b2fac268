// Made from definitions/21-delete-records.txt by tools/generate-kafka.ts; do not edit.
//
// Moves the log start offset forward.
//
// v2: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DeleteRecordsRequest {
  /** One for each topic. */
  readonly topics: readonly DeleteRecordsTopic[]
  /** Longest wait of the broker. */
  readonly timeoutMs: number
}

/** DeleteRecordsRequest to be written. */
export interface DeleteRecordsRequestInit {
  readonly topics: readonly DeleteRecordsTopicInit[]
  readonly timeoutMs: number
}

function readDeleteRecordsRequest(r: FrameReader, v: number): DeleteRecordsRequest {
  checkVersion('DeleteRecordsRequest', v, 0, 2)
  r.flexible = v >= 2
  const topics = new Array<DeleteRecordsTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readDeleteRecordsTopic(r)
  const timeoutMs = r.int32()
  r.skipTags()
  return { topics, timeoutMs }
}

function writeDeleteRecordsRequest(w: FrameWriter, m: DeleteRecordsRequestInit, v: number): void {
  checkVersion('DeleteRecordsRequest', v, 0, 2)
  w.flexible = v >= 2
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeDeleteRecordsTopic(w, item)
  w.int32(m.timeoutMs)
  w.noTags()
}

function* readDeleteRecordsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DeleteRecordsRequest> {
  checkVersion('DeleteRecordsRequest', v, 0, 2)
  r.flexible = v >= 2
  const topics = new Array<DeleteRecordsTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readDeleteRecordsTopicInSteps(r)
    if (r.due()) yield
  }
  const timeoutMs = r.int32()
  r.skipTags()
  return { topics, timeoutMs }
}

export interface DeleteRecordsTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly DeleteRecordsPartition[]
}

/** DeleteRecordsTopic to be written. */
export interface DeleteRecordsTopicInit {
  readonly name: string
  readonly partitions: readonly DeleteRecordsPartitionInit[]
}

function readDeleteRecordsTopic(r: FrameReader): DeleteRecordsTopic {
  const name = r.string()
  const partitions = new Array<DeleteRecordsPartition>(r.arrayCount(12, 64))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readDeleteRecordsPartition(r)
  r.skipTags()
  return { name, partitions }
}

function writeDeleteRecordsTopic(w: FrameWriter, m: DeleteRecordsTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeDeleteRecordsPartition(w, item)
  w.noTags()
}

function* readDeleteRecordsTopicInSteps(r: FrameReader): Generator<void, DeleteRecordsTopic> {
  const name = r.string()
  const partitions = new Array<DeleteRecordsPartition>(r.arrayCount(12, 64))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = readDeleteRecordsPartition(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitions }
}

export interface DeleteRecordsPartition {
  /** Partition. */
  readonly partitionIndex: number
  /** Records below this go; -1 for the high watermark. */
  readonly offset: number
}

/** DeleteRecordsPartition to be written. */
export interface DeleteRecordsPartitionInit {
  readonly partitionIndex: number
  readonly offset: number
}

function readDeleteRecordsPartition(r: FrameReader): DeleteRecordsPartition {
  const partitionIndex = r.int32()
  const offset = r.int64Clamped()
  r.skipTags()
  return { partitionIndex, offset }
}

function writeDeleteRecordsPartition(w: FrameWriter, m: DeleteRecordsPartitionInit): void {
  w.int32(m.partitionIndex)
  w.int64(m.offset)
  w.noTags()
}

const DELETE_RECORDS_REQUEST: MessageCodec<DeleteRecordsRequest, DeleteRecordsRequestInit> = {
  name: 'DeleteRecordsRequest',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readDeleteRecordsRequest,
  write: writeDeleteRecordsRequest,
  readInSteps: readDeleteRecordsRequestInSteps,
}

export interface DeleteRecordsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly DeleteRecordsTopicResult[]
}

/** DeleteRecordsResponse to be written. */
export interface DeleteRecordsResponseInit {
  readonly throttleTimeMs: number
  readonly topics: readonly DeleteRecordsTopicResultInit[]
}

function readDeleteRecordsResponse(r: FrameReader, v: number): DeleteRecordsResponse {
  checkVersion('DeleteRecordsResponse', v, 0, 2)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const topics = new Array<DeleteRecordsTopicResult>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readDeleteRecordsTopicResult(r)
  r.skipTags()
  return { throttleTimeMs, topics }
}

function writeDeleteRecordsResponse(w: FrameWriter, m: DeleteRecordsResponseInit, v: number): void {
  checkVersion('DeleteRecordsResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeDeleteRecordsTopicResult(w, item)
  w.noTags()
}

function* writeDeleteRecordsResponseInSteps(
  w: FrameWriter,
  m: DeleteRecordsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DeleteRecordsResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeDeleteRecordsTopicResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DeleteRecordsTopicResult {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly DeleteRecordsPartitionResult[]
}

/** DeleteRecordsTopicResult to be written. */
export interface DeleteRecordsTopicResultInit {
  readonly name: string
  readonly partitions: readonly DeleteRecordsPartitionResultInit[]
}

function readDeleteRecordsTopicResult(r: FrameReader): DeleteRecordsTopicResult {
  const name = r.string()
  const partitions = new Array<DeleteRecordsPartitionResult>(r.arrayCount(14, 72))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readDeleteRecordsPartitionResult(r)
  r.skipTags()
  return { name, partitions }
}

function writeDeleteRecordsTopicResult(w: FrameWriter, m: DeleteRecordsTopicResultInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeDeleteRecordsPartitionResult(w, item)
  w.noTags()
}

function* writeDeleteRecordsTopicResultInSteps(
  w: FrameWriter,
  m: DeleteRecordsTopicResultInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeDeleteRecordsPartitionResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DeleteRecordsPartitionResult {
  /** Partition. */
  readonly partitionIndex: number
  /** First offset left on any replica; -1 on an error. */
  readonly lowWatermark: number
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** DeleteRecordsPartitionResult to be written. */
export interface DeleteRecordsPartitionResultInit {
  readonly partitionIndex: number
  readonly lowWatermark: number
  readonly errorCode: number
}

function readDeleteRecordsPartitionResult(r: FrameReader): DeleteRecordsPartitionResult {
  const partitionIndex = r.int32()
  const lowWatermark = r.int64()
  const errorCode = r.int16()
  r.skipTags()
  return { partitionIndex, lowWatermark, errorCode }
}

function writeDeleteRecordsPartitionResult(
  w: FrameWriter,
  m: DeleteRecordsPartitionResultInit,
): void {
  w.int32(m.partitionIndex)
  w.int64(m.lowWatermark)
  w.int16(m.errorCode)
  w.noTags()
}

const DELETE_RECORDS_RESPONSE: MessageCodec<DeleteRecordsResponse, DeleteRecordsResponseInit> = {
  name: 'DeleteRecordsResponse',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readDeleteRecordsResponse,
  write: writeDeleteRecordsResponse,
  writeInSteps: writeDeleteRecordsResponseInSteps,
}

export const DELETE_RECORDS: Api<
  DeleteRecordsRequest,
  DeleteRecordsRequestInit,
  DeleteRecordsResponse,
  DeleteRecordsResponseInit
> = {
  key: 21,
  name: 'DeleteRecords',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  request: DELETE_RECORDS_REQUEST,
  response: DELETE_RECORDS_RESPONSE,
}
