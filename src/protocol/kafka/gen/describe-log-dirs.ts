// Made from definitions/35-describe-log-dirs.txt by tools/generate-kafka.ts; do not edit.
//
// Describes the log directories of a broker.
//
// v2: flexible. v3: error of the whole answer. v4: file system sizes. v5: cordoned directories.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DescribeLogDirsRequest {
  /** Partitions to describe; null for all. */
  readonly topics: readonly DescribableLogDirTopic[] | null
}

/** DescribeLogDirsRequest to be written. */
export interface DescribeLogDirsRequestInit {
  readonly topics: readonly DescribableLogDirTopicInit[] | null
}

function readDescribeLogDirsRequest(r: FrameReader, v: number): DescribeLogDirsRequest {
  checkVersion('DescribeLogDirsRequest', v, 1, 5)
  r.flexible = v >= 2
  let topics: readonly DescribableLogDirTopic[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<DescribableLogDirTopic>(count)
      for (let at = 0; at < list.length; at++) list[at] = readDescribableLogDirTopic(r)
      topics = list
    }
  }
  r.skipTags()
  return { topics }
}

function writeDescribeLogDirsRequest(
  w: FrameWriter,
  m: DescribeLogDirsRequestInit,
  v: number,
): void {
  checkVersion('DescribeLogDirsRequest', v, 1, 5)
  w.flexible = v >= 2
  {
    const topics = m.topics
    if (topics === null) {
      w.nullArray()
    } else {
      w.arrayCount(topics.length)
      for (const item of topics) writeDescribableLogDirTopic(w, item)
    }
  }
  w.noTags()
}

function* readDescribeLogDirsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeLogDirsRequest> {
  checkVersion('DescribeLogDirsRequest', v, 1, 5)
  r.flexible = v >= 2
  let topics: readonly DescribableLogDirTopic[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<DescribableLogDirTopic>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = yield* readDescribableLogDirTopicInSteps(r)
        if (r.due()) yield
      }
      topics = list
    }
  }
  r.skipTags()
  return { topics }
}

export interface DescribableLogDirTopic {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** DescribableLogDirTopic to be written. */
export interface DescribableLogDirTopicInit {
  readonly topic: string
  readonly partitions: readonly number[]
}

function readDescribableLogDirTopic(r: FrameReader): DescribableLogDirTopic {
  const topic = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topic, partitions }
}

function writeDescribableLogDirTopic(w: FrameWriter, m: DescribableLogDirTopicInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* readDescribableLogDirTopicInSteps(
  r: FrameReader,
): Generator<void, DescribableLogDirTopic> {
  const topic = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { topic, partitions }
}

const DESCRIBE_LOG_DIRS_REQUEST: MessageCodec<DescribeLogDirsRequest, DescribeLogDirsRequestInit> =
  {
    name: 'DescribeLogDirsRequest',
    minVersion: 1,
    maxVersion: 5,
    flexibleFrom: 2,
    read: readDescribeLogDirsRequest,
    write: writeDescribeLogDirsRequest,
    readInSteps: readDescribeLogDirsRequestInSteps,
  }

export interface DescribeLogDirsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. Version >= 3. */
  readonly errorCode: number
  /** One for each directory. */
  readonly results: readonly DescribeLogDirsResult[]
}

/** DescribeLogDirsResponse to be written. */
export interface DescribeLogDirsResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode?: number | undefined
  readonly results: readonly DescribeLogDirsResultInit[]
}

function readDescribeLogDirsResponse(r: FrameReader, v: number): DescribeLogDirsResponse {
  checkVersion('DescribeLogDirsResponse', v, 1, 5)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const errorCode = v >= 3 ? r.int16() : 0
  const results = new Array<DescribeLogDirsResult>(r.arrayCount(5, 112))
  for (let at = 0; at < results.length; at++) results[at] = readDescribeLogDirsResult(r, v)
  r.skipTags()
  return { throttleTimeMs, errorCode, results }
}

function writeDescribeLogDirsResponse(
  w: FrameWriter,
  m: DescribeLogDirsResponseInit,
  v: number,
): void {
  checkVersion('DescribeLogDirsResponse', v, 1, 5)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  if (v >= 3) w.int16(m.errorCode ?? 0)
  w.arrayCount(m.results.length)
  for (const item of m.results) writeDescribeLogDirsResult(w, item, v)
  w.noTags()
}

function* writeDescribeLogDirsResponseInSteps(
  w: FrameWriter,
  m: DescribeLogDirsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeLogDirsResponse', v, 1, 5)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  if (v >= 3) w.int16(m.errorCode ?? 0)
  w.arrayCount(m.results.length)
  for (const item of m.results) {
    yield* writeDescribeLogDirsResultInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribeLogDirsResult {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Path of the directory. */
  readonly logDir: string
  /** One for each topic. */
  readonly topics: readonly DescribeLogDirsTopic[]
  /** Size of the file system; -1 if unknown. Version >= 4. */
  readonly totalBytes: number
  /** Free bytes of the file system; -1 if unknown. Version >= 4. */
  readonly usableBytes: number
  /** Whether no new partition is placed here. Version >= 5. */
  readonly isCordoned: boolean
}

/** DescribeLogDirsResult to be written. */
export interface DescribeLogDirsResultInit {
  readonly errorCode: number
  readonly logDir: string
  readonly topics: readonly DescribeLogDirsTopicInit[]
  readonly totalBytes?: number | undefined
  readonly usableBytes?: number | undefined
  readonly isCordoned?: boolean | undefined
}

function readDescribeLogDirsResult(r: FrameReader, v: number): DescribeLogDirsResult {
  const errorCode = r.int16()
  const logDir = r.string()
  const topics = new Array<DescribeLogDirsTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readDescribeLogDirsTopic(r)
  const totalBytes = v >= 4 ? r.int64() : -1
  const usableBytes = v >= 4 ? r.int64() : -1
  const isCordoned = v >= 5 ? r.bool() : false
  r.skipTags()
  return { errorCode, logDir, topics, totalBytes, usableBytes, isCordoned }
}

function writeDescribeLogDirsResult(w: FrameWriter, m: DescribeLogDirsResultInit, v: number): void {
  w.int16(m.errorCode)
  w.string(m.logDir)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeDescribeLogDirsTopic(w, item)
  if (v >= 4) w.int64(m.totalBytes ?? -1)
  if (v >= 4) w.int64(m.usableBytes ?? -1)
  if (v >= 5) w.bool(m.isCordoned ?? false)
  w.noTags()
}

function* writeDescribeLogDirsResultInSteps(
  w: FrameWriter,
  m: DescribeLogDirsResultInit,
  v: number,
): Generator<void> {
  w.int16(m.errorCode)
  w.string(m.logDir)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeDescribeLogDirsTopicInSteps(w, item)
    if (w.due()) yield
  }
  if (v >= 4) w.int64(m.totalBytes ?? -1)
  if (v >= 4) w.int64(m.usableBytes ?? -1)
  if (v >= 5) w.bool(m.isCordoned ?? false)
  w.noTags()
}

export interface DescribeLogDirsTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly DescribeLogDirsPartition[]
}

/** DescribeLogDirsTopic to be written. */
export interface DescribeLogDirsTopicInit {
  readonly name: string
  readonly partitions: readonly DescribeLogDirsPartitionInit[]
}

function readDescribeLogDirsTopic(r: FrameReader): DescribeLogDirsTopic {
  const name = r.string()
  const partitions = new Array<DescribeLogDirsPartition>(r.arrayCount(21, 96))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readDescribeLogDirsPartition(r)
  r.skipTags()
  return { name, partitions }
}

function writeDescribeLogDirsTopic(w: FrameWriter, m: DescribeLogDirsTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeDescribeLogDirsPartition(w, item)
  w.noTags()
}

function* writeDescribeLogDirsTopicInSteps(
  w: FrameWriter,
  m: DescribeLogDirsTopicInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeDescribeLogDirsPartition(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribeLogDirsPartition {
  /** Partition. */
  readonly partitionIndex: number
  /** Bytes of all segments. */
  readonly partitionSize: number
  /** Records that this copy is behind by. */
  readonly offsetLag: number
  /** Whether this is the copy that will replace the one in another directory. */
  readonly isFutureKey: boolean
}

/** DescribeLogDirsPartition to be written. */
export interface DescribeLogDirsPartitionInit {
  readonly partitionIndex: number
  readonly partitionSize: number
  readonly offsetLag: number
  readonly isFutureKey: boolean
}

function readDescribeLogDirsPartition(r: FrameReader): DescribeLogDirsPartition {
  const partitionIndex = r.int32()
  const partitionSize = r.int64()
  const offsetLag = r.int64()
  const isFutureKey = r.bool()
  r.skipTags()
  return { partitionIndex, partitionSize, offsetLag, isFutureKey }
}

function writeDescribeLogDirsPartition(w: FrameWriter, m: DescribeLogDirsPartitionInit): void {
  w.int32(m.partitionIndex)
  w.int64(m.partitionSize)
  w.int64(m.offsetLag)
  w.bool(m.isFutureKey)
  w.noTags()
}

const DESCRIBE_LOG_DIRS_RESPONSE: MessageCodec<
  DescribeLogDirsResponse,
  DescribeLogDirsResponseInit
> = {
  name: 'DescribeLogDirsResponse',
  minVersion: 1,
  maxVersion: 5,
  flexibleFrom: 2,
  read: readDescribeLogDirsResponse,
  write: writeDescribeLogDirsResponse,
  writeInSteps: writeDescribeLogDirsResponseInSteps,
}

export const DESCRIBE_LOG_DIRS: Api<
  DescribeLogDirsRequest,
  DescribeLogDirsRequestInit,
  DescribeLogDirsResponse,
  DescribeLogDirsResponseInit
> = {
  key: 35,
  name: 'DescribeLogDirs',
  minVersion: 1,
  maxVersion: 5,
  flexibleFrom: 2,
  request: DESCRIBE_LOG_DIRS_REQUEST,
  response: DESCRIBE_LOG_DIRS_RESPONSE,
}
