// Made from definitions/47-offset-delete.txt by tools/generate-kafka.ts; do not edit.
//
// Deletes stored offsets of a group.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface OffsetDeleteRequest {
  /** Id of the group. */
  readonly groupId: string
  /** One for each topic. */
  readonly topics: readonly OffsetDeleteRequestTopic[]
}

/** OffsetDeleteRequest to be written. */
export interface OffsetDeleteRequestInit {
  readonly groupId: string
  readonly topics: readonly OffsetDeleteRequestTopicInit[]
}

function readOffsetDeleteRequest(r: FrameReader, v: number): OffsetDeleteRequest {
  checkVersion('OffsetDeleteRequest', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  const topics = new Array<OffsetDeleteRequestTopic>(r.arrayCount(6, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readOffsetDeleteRequestTopic(r)
  return { groupId, topics }
}

function writeOffsetDeleteRequest(w: FrameWriter, m: OffsetDeleteRequestInit, v: number): void {
  checkVersion('OffsetDeleteRequest', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOffsetDeleteRequestTopic(w, item)
}

function* readOffsetDeleteRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, OffsetDeleteRequest> {
  checkVersion('OffsetDeleteRequest', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  const topics = new Array<OffsetDeleteRequestTopic>(r.arrayCount(6, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readOffsetDeleteRequestTopicInSteps(r)
    if (r.due()) yield
  }
  return { groupId, topics }
}

export interface OffsetDeleteRequestTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly OffsetDeleteRequestPartition[]
}

/** OffsetDeleteRequestTopic to be written. */
export interface OffsetDeleteRequestTopicInit {
  readonly name: string
  readonly partitions: readonly OffsetDeleteRequestPartitionInit[]
}

function readOffsetDeleteRequestTopic(r: FrameReader): OffsetDeleteRequestTopic {
  const name = r.string()
  const partitions = new Array<OffsetDeleteRequestPartition>(r.arrayCount(4, 40))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readOffsetDeleteRequestPartition(r)
  return { name, partitions }
}

function writeOffsetDeleteRequestTopic(w: FrameWriter, m: OffsetDeleteRequestTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOffsetDeleteRequestPartition(w, item)
}

function* readOffsetDeleteRequestTopicInSteps(
  r: FrameReader,
): Generator<void, OffsetDeleteRequestTopic> {
  const name = r.string()
  const partitions = new Array<OffsetDeleteRequestPartition>(r.arrayCount(4, 40))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = readOffsetDeleteRequestPartition(r)
    if (r.due()) yield
  }
  return { name, partitions }
}

export interface OffsetDeleteRequestPartition {
  /** Partition. */
  readonly partitionIndex: number
}

/** OffsetDeleteRequestPartition to be written. */
export interface OffsetDeleteRequestPartitionInit {
  readonly partitionIndex: number
}

function readOffsetDeleteRequestPartition(r: FrameReader): OffsetDeleteRequestPartition {
  const partitionIndex = r.int32()
  return { partitionIndex }
}

function writeOffsetDeleteRequestPartition(
  w: FrameWriter,
  m: OffsetDeleteRequestPartitionInit,
): void {
  w.int32(m.partitionIndex)
}

const OFFSET_DELETE_REQUEST: MessageCodec<OffsetDeleteRequest, OffsetDeleteRequestInit> = {
  name: 'OffsetDeleteRequest',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readOffsetDeleteRequest,
  write: writeOffsetDeleteRequest,
  readInSteps: readOffsetDeleteRequestInSteps,
}

export interface OffsetDeleteResponse {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly OffsetDeleteResponseTopic[]
}

/** OffsetDeleteResponse to be written. */
export interface OffsetDeleteResponseInit {
  readonly errorCode: number
  readonly throttleTimeMs: number
  readonly topics: readonly OffsetDeleteResponseTopicInit[]
}

function readOffsetDeleteResponse(r: FrameReader, v: number): OffsetDeleteResponse {
  checkVersion('OffsetDeleteResponse', v, 0, 0)
  r.flexible = false
  const errorCode = r.int16()
  const throttleTimeMs = r.int32()
  const topics = new Array<OffsetDeleteResponseTopic>(r.arrayCount(6, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readOffsetDeleteResponseTopic(r)
  return { errorCode, throttleTimeMs, topics }
}

function writeOffsetDeleteResponse(w: FrameWriter, m: OffsetDeleteResponseInit, v: number): void {
  checkVersion('OffsetDeleteResponse', v, 0, 0)
  w.flexible = false
  w.int16(m.errorCode)
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOffsetDeleteResponseTopic(w, item)
}

function* writeOffsetDeleteResponseInSteps(
  w: FrameWriter,
  m: OffsetDeleteResponseInit,
  v: number,
): Generator<void> {
  checkVersion('OffsetDeleteResponse', v, 0, 0)
  w.flexible = false
  w.int16(m.errorCode)
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeOffsetDeleteResponseTopicInSteps(w, item)
    if (w.due()) yield
  }
}

export interface OffsetDeleteResponseTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly OffsetDeleteResponsePartition[]
}

/** OffsetDeleteResponseTopic to be written. */
export interface OffsetDeleteResponseTopicInit {
  readonly name: string
  readonly partitions: readonly OffsetDeleteResponsePartitionInit[]
}

function readOffsetDeleteResponseTopic(r: FrameReader): OffsetDeleteResponseTopic {
  const name = r.string()
  const partitions = new Array<OffsetDeleteResponsePartition>(r.arrayCount(6, 48))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readOffsetDeleteResponsePartition(r)
  return { name, partitions }
}

function writeOffsetDeleteResponseTopic(w: FrameWriter, m: OffsetDeleteResponseTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOffsetDeleteResponsePartition(w, item)
}

function* writeOffsetDeleteResponseTopicInSteps(
  w: FrameWriter,
  m: OffsetDeleteResponseTopicInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeOffsetDeleteResponsePartition(w, item)
    if (w.due()) yield
  }
}

export interface OffsetDeleteResponsePartition {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** OffsetDeleteResponsePartition to be written. */
export interface OffsetDeleteResponsePartitionInit {
  readonly partitionIndex: number
  readonly errorCode: number
}

function readOffsetDeleteResponsePartition(r: FrameReader): OffsetDeleteResponsePartition {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  return { partitionIndex, errorCode }
}

function writeOffsetDeleteResponsePartition(
  w: FrameWriter,
  m: OffsetDeleteResponsePartitionInit,
): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
}

const OFFSET_DELETE_RESPONSE: MessageCodec<OffsetDeleteResponse, OffsetDeleteResponseInit> = {
  name: 'OffsetDeleteResponse',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readOffsetDeleteResponse,
  write: writeOffsetDeleteResponse,
  writeInSteps: writeOffsetDeleteResponseInSteps,
}

export const OFFSET_DELETE: Api<
  OffsetDeleteRequest,
  OffsetDeleteRequestInit,
  OffsetDeleteResponse,
  OffsetDeleteResponseInit
> = {
  key: 47,
  name: 'OffsetDelete',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  request: OFFSET_DELETE_REQUEST,
  response: OFFSET_DELETE_RESPONSE,
}
