// Made from definitions/23-offset-for-leader-epoch.txt by tools/generate-kafka.ts; do not edit.
//
// Tells where a leader epoch ends.
//
// v3: replicaId. v4: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface OffsetForLeaderEpochRequest {
  /** Broker id of a follower; -1 for a client; -2 from older clients. Version >= 3. */
  readonly replicaId: number
  /** One for each topic. */
  readonly topics: readonly OffsetForLeaderTopic[]
}

/** OffsetForLeaderEpochRequest to be written. */
export interface OffsetForLeaderEpochRequestInit {
  readonly replicaId?: number | undefined
  readonly topics: readonly OffsetForLeaderTopicInit[]
}

function readOffsetForLeaderEpochRequest(r: FrameReader, v: number): OffsetForLeaderEpochRequest {
  checkVersion('OffsetForLeaderEpochRequest', v, 2, 4)
  r.flexible = v >= 4
  const replicaId = v >= 3 ? r.int32() : -2
  const topics = new Array<OffsetForLeaderTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readOffsetForLeaderTopic(r)
  r.skipTags()
  return { replicaId, topics }
}

function writeOffsetForLeaderEpochRequest(
  w: FrameWriter,
  m: OffsetForLeaderEpochRequestInit,
  v: number,
): void {
  checkVersion('OffsetForLeaderEpochRequest', v, 2, 4)
  w.flexible = v >= 4
  if (v >= 3) w.int32(m.replicaId ?? -2)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOffsetForLeaderTopic(w, item)
  w.noTags()
}

function* readOffsetForLeaderEpochRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, OffsetForLeaderEpochRequest> {
  checkVersion('OffsetForLeaderEpochRequest', v, 2, 4)
  r.flexible = v >= 4
  const replicaId = v >= 3 ? r.int32() : -2
  const topics = new Array<OffsetForLeaderTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readOffsetForLeaderTopicInSteps(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { replicaId, topics }
}

export interface OffsetForLeaderTopic {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitions: readonly OffsetForLeaderPartition[]
}

/** OffsetForLeaderTopic to be written. */
export interface OffsetForLeaderTopicInit {
  readonly topic: string
  readonly partitions: readonly OffsetForLeaderPartitionInit[]
}

function readOffsetForLeaderTopic(r: FrameReader): OffsetForLeaderTopic {
  const topic = r.string()
  const partitions = new Array<OffsetForLeaderPartition>(r.arrayCount(12, 56))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readOffsetForLeaderPartition(r)
  r.skipTags()
  return { topic, partitions }
}

function writeOffsetForLeaderTopic(w: FrameWriter, m: OffsetForLeaderTopicInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeOffsetForLeaderPartition(w, item)
  w.noTags()
}

function* readOffsetForLeaderTopicInSteps(r: FrameReader): Generator<void, OffsetForLeaderTopic> {
  const topic = r.string()
  const partitions = new Array<OffsetForLeaderPartition>(r.arrayCount(12, 56))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = readOffsetForLeaderPartition(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { topic, partitions }
}

export interface OffsetForLeaderPartition {
  /** Partition. */
  readonly partition: number
  /** Leader epoch that the client believes in; -1 to skip the check. */
  readonly currentLeaderEpoch: number
  /** Epoch whose end is asked for. */
  readonly leaderEpoch: number
}

/** OffsetForLeaderPartition to be written. */
export interface OffsetForLeaderPartitionInit {
  readonly partition: number
  readonly currentLeaderEpoch?: number | undefined
  readonly leaderEpoch: number
}

function readOffsetForLeaderPartition(r: FrameReader): OffsetForLeaderPartition {
  const partition = r.int32()
  const currentLeaderEpoch = r.int32()
  const leaderEpoch = r.int32()
  r.skipTags()
  return { partition, currentLeaderEpoch, leaderEpoch }
}

function writeOffsetForLeaderPartition(w: FrameWriter, m: OffsetForLeaderPartitionInit): void {
  w.int32(m.partition)
  w.int32(m.currentLeaderEpoch ?? -1)
  w.int32(m.leaderEpoch)
  w.noTags()
}

const OFFSET_FOR_LEADER_EPOCH_REQUEST: MessageCodec<
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochRequestInit
> = {
  name: 'OffsetForLeaderEpochRequest',
  minVersion: 2,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readOffsetForLeaderEpochRequest,
  write: writeOffsetForLeaderEpochRequest,
  readInSteps: readOffsetForLeaderEpochRequestInSteps,
}

export interface OffsetForLeaderEpochResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly OffsetForLeaderTopicResult[]
}

/** OffsetForLeaderEpochResponse to be written. */
export interface OffsetForLeaderEpochResponseInit {
  readonly throttleTimeMs: number
  readonly topics: readonly OffsetForLeaderTopicResultInit[]
}

function readOffsetForLeaderEpochResponse(r: FrameReader, v: number): OffsetForLeaderEpochResponse {
  checkVersion('OffsetForLeaderEpochResponse', v, 2, 4)
  r.flexible = v >= 4
  const throttleTimeMs = r.int32()
  const topics = new Array<OffsetForLeaderTopicResult>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readOffsetForLeaderTopicResult(r)
  r.skipTags()
  return { throttleTimeMs, topics }
}

function writeOffsetForLeaderEpochResponse(
  w: FrameWriter,
  m: OffsetForLeaderEpochResponseInit,
  v: number,
): void {
  checkVersion('OffsetForLeaderEpochResponse', v, 2, 4)
  w.flexible = v >= 4
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeOffsetForLeaderTopicResult(w, item)
  w.noTags()
}

function* writeOffsetForLeaderEpochResponseInSteps(
  w: FrameWriter,
  m: OffsetForLeaderEpochResponseInit,
  v: number,
): Generator<void> {
  checkVersion('OffsetForLeaderEpochResponse', v, 2, 4)
  w.flexible = v >= 4
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeOffsetForLeaderTopicResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface OffsetForLeaderTopicResult {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitions: readonly EpochEndOffset[]
}

/** OffsetForLeaderTopicResult to be written. */
export interface OffsetForLeaderTopicResultInit {
  readonly topic: string
  readonly partitions: readonly EpochEndOffsetInit[]
}

function readOffsetForLeaderTopicResult(r: FrameReader): OffsetForLeaderTopicResult {
  const topic = r.string()
  const partitions = new Array<EpochEndOffset>(r.arrayCount(18, 80))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readEpochEndOffset(r)
  r.skipTags()
  return { topic, partitions }
}

function writeOffsetForLeaderTopicResult(w: FrameWriter, m: OffsetForLeaderTopicResultInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeEpochEndOffset(w, item)
  w.noTags()
}

function* writeOffsetForLeaderTopicResultInSteps(
  w: FrameWriter,
  m: OffsetForLeaderTopicResultInit,
): Generator<void> {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeEpochEndOffset(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface EpochEndOffset {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Partition. */
  readonly partition: number
  /** Leader epoch; -1 if unknown. */
  readonly leaderEpoch: number
  /** Offset after the last record of that epoch; -1 if unknown. */
  readonly endOffset: number
}

/** EpochEndOffset to be written. */
export interface EpochEndOffsetInit {
  readonly errorCode: number
  readonly partition: number
  readonly leaderEpoch?: number | undefined
  readonly endOffset?: number | undefined
}

function readEpochEndOffset(r: FrameReader): EpochEndOffset {
  const errorCode = r.int16()
  const partition = r.int32()
  const leaderEpoch = r.int32()
  const endOffset = r.int64()
  r.skipTags()
  return { errorCode, partition, leaderEpoch, endOffset }
}

function writeEpochEndOffset(w: FrameWriter, m: EpochEndOffsetInit): void {
  w.int16(m.errorCode)
  w.int32(m.partition)
  w.int32(m.leaderEpoch ?? -1)
  w.int64(m.endOffset ?? -1)
  w.noTags()
}

const OFFSET_FOR_LEADER_EPOCH_RESPONSE: MessageCodec<
  OffsetForLeaderEpochResponse,
  OffsetForLeaderEpochResponseInit
> = {
  name: 'OffsetForLeaderEpochResponse',
  minVersion: 2,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readOffsetForLeaderEpochResponse,
  write: writeOffsetForLeaderEpochResponse,
  writeInSteps: writeOffsetForLeaderEpochResponseInSteps,
}

export const OFFSET_FOR_LEADER_EPOCH: Api<
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochRequestInit,
  OffsetForLeaderEpochResponse,
  OffsetForLeaderEpochResponseInit
> = {
  key: 23,
  name: 'OffsetForLeaderEpoch',
  minVersion: 2,
  maxVersion: 4,
  flexibleFrom: 4,
  request: OFFSET_FOR_LEADER_EPOCH_REQUEST,
  response: OFFSET_FOR_LEADER_EPOCH_RESPONSE,
}
