// Made from definitions/43-elect-leaders.txt by tools/generate-kafka.ts; do not edit.
//
// Elects leaders.
//
// v1: unclean elections. v2: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface ElectLeadersRequest {
  /** 0 preferred leader, 1 unclean. Version >= 1. */
  readonly electionType: number
  /** Partitions to elect leaders of; null for all. */
  readonly topicPartitions: readonly TopicPartitions[] | null
  /** Longest wait of the broker. */
  readonly timeoutMs: number
}

/** ElectLeadersRequest to be written. */
export interface ElectLeadersRequestInit {
  readonly electionType?: number | undefined
  readonly topicPartitions: readonly TopicPartitionsInit[] | null
  readonly timeoutMs?: number | undefined
}

function readElectLeadersRequest(r: FrameReader, v: number): ElectLeadersRequest {
  checkVersion('ElectLeadersRequest', v, 0, 2)
  r.flexible = v >= 2
  const electionType = v >= 1 ? r.int8() : 0
  let topicPartitions: readonly TopicPartitions[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      topicPartitions = null
    } else {
      const list = new Array<TopicPartitions>(count)
      for (let at = 0; at < list.length; at++) list[at] = readTopicPartitions(r)
      topicPartitions = list
    }
  }
  const timeoutMs = r.int32()
  r.skipTags()
  return { electionType, topicPartitions, timeoutMs }
}

function writeElectLeadersRequest(w: FrameWriter, m: ElectLeadersRequestInit, v: number): void {
  checkVersion('ElectLeadersRequest', v, 0, 2)
  w.flexible = v >= 2
  if (v >= 1) w.int8(m.electionType ?? 0)
  else if ((m.electionType ?? 0) !== 0) refuse('ElectLeadersRequest', 'electionType', v)
  {
    const topicPartitions = m.topicPartitions
    if (topicPartitions === null) {
      w.nullArray()
    } else {
      w.arrayCount(topicPartitions.length)
      for (const item of topicPartitions) writeTopicPartitions(w, item)
    }
  }
  w.int32(m.timeoutMs ?? 60000)
  w.noTags()
}

function* readElectLeadersRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ElectLeadersRequest> {
  checkVersion('ElectLeadersRequest', v, 0, 2)
  r.flexible = v >= 2
  const electionType = v >= 1 ? r.int8() : 0
  let topicPartitions: readonly TopicPartitions[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      topicPartitions = null
    } else {
      const list = new Array<TopicPartitions>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = yield* readTopicPartitionsInSteps(r)
        if (r.due()) yield
      }
      topicPartitions = list
    }
  }
  const timeoutMs = r.int32()
  r.skipTags()
  return { electionType, topicPartitions, timeoutMs }
}

export interface TopicPartitions {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** TopicPartitions to be written. */
export interface TopicPartitionsInit {
  readonly topic: string
  readonly partitions: readonly number[]
}

function readTopicPartitions(r: FrameReader): TopicPartitions {
  const topic = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topic, partitions }
}

function writeTopicPartitions(w: FrameWriter, m: TopicPartitionsInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* readTopicPartitionsInSteps(r: FrameReader): Generator<void, TopicPartitions> {
  const topic = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { topic, partitions }
}

const ELECT_LEADERS_REQUEST: MessageCodec<ElectLeadersRequest, ElectLeadersRequestInit> = {
  name: 'ElectLeadersRequest',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readElectLeadersRequest,
  write: writeElectLeadersRequest,
  readInSteps: readElectLeadersRequestInSteps,
}

export interface ElectLeadersResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. Version >= 1. */
  readonly errorCode: number
  /** One answer a topic. */
  readonly replicaElectionResults: readonly ReplicaElectionResult[]
}

/** ElectLeadersResponse to be written. */
export interface ElectLeadersResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode?: number | undefined
  readonly replicaElectionResults: readonly ReplicaElectionResultInit[]
}

function readElectLeadersResponse(r: FrameReader, v: number): ElectLeadersResponse {
  checkVersion('ElectLeadersResponse', v, 0, 2)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const errorCode = v >= 1 ? r.int16() : 0
  const replicaElectionResults = new Array<ReplicaElectionResult>(r.arrayCount(3, 48))
  for (let at = 0; at < replicaElectionResults.length; at++)
    replicaElectionResults[at] = readReplicaElectionResult(r)
  r.skipTags()
  return { throttleTimeMs, errorCode, replicaElectionResults }
}

function writeElectLeadersResponse(w: FrameWriter, m: ElectLeadersResponseInit, v: number): void {
  checkVersion('ElectLeadersResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  if (v >= 1) w.int16(m.errorCode ?? 0)
  else if ((m.errorCode ?? 0) !== 0) refuse('ElectLeadersResponse', 'errorCode', v)
  w.arrayCount(m.replicaElectionResults.length)
  for (const item of m.replicaElectionResults) writeReplicaElectionResult(w, item)
  w.noTags()
}

function* writeElectLeadersResponseInSteps(
  w: FrameWriter,
  m: ElectLeadersResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ElectLeadersResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  if (v >= 1) w.int16(m.errorCode ?? 0)
  else if ((m.errorCode ?? 0) !== 0) refuse('ElectLeadersResponse', 'errorCode', v)
  w.arrayCount(m.replicaElectionResults.length)
  for (const item of m.replicaElectionResults) {
    yield* writeReplicaElectionResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ReplicaElectionResult {
  /** Name of the topic. */
  readonly topic: string
  /** One answer a partition. */
  readonly partitionResult: readonly PartitionResult[]
}

/** ReplicaElectionResult to be written. */
export interface ReplicaElectionResultInit {
  readonly topic: string
  readonly partitionResult: readonly PartitionResultInit[]
}

function readReplicaElectionResult(r: FrameReader): ReplicaElectionResult {
  const topic = r.string()
  const partitionResult = new Array<PartitionResult>(r.arrayCount(8, 56))
  for (let at = 0; at < partitionResult.length; at++) partitionResult[at] = readPartitionResult(r)
  r.skipTags()
  return { topic, partitionResult }
}

function writeReplicaElectionResult(w: FrameWriter, m: ReplicaElectionResultInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitionResult.length)
  for (const item of m.partitionResult) writePartitionResult(w, item)
  w.noTags()
}

function* writeReplicaElectionResultInSteps(
  w: FrameWriter,
  m: ReplicaElectionResultInit,
): Generator<void> {
  w.string(m.topic)
  w.arrayCount(m.partitionResult.length)
  for (const item of m.partitionResult) {
    writePartitionResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface PartitionResult {
  /** Partition. */
  readonly partitionId: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
}

/** PartitionResult to be written. */
export interface PartitionResultInit {
  readonly partitionId: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

function readPartitionResult(r: FrameReader): PartitionResult {
  const partitionId = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  r.skipTags()
  return { partitionId, errorCode, errorMessage }
}

function writePartitionResult(w: FrameWriter, m: PartitionResultInit): void {
  w.int32(m.partitionId)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.noTags()
}

const ELECT_LEADERS_RESPONSE: MessageCodec<ElectLeadersResponse, ElectLeadersResponseInit> = {
  name: 'ElectLeadersResponse',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readElectLeadersResponse,
  write: writeElectLeadersResponse,
  writeInSteps: writeElectLeadersResponseInSteps,
}

export const ELECT_LEADERS: Api<
  ElectLeadersRequest,
  ElectLeadersRequestInit,
  ElectLeadersResponse,
  ElectLeadersResponseInit
> = {
  key: 43,
  name: 'ElectLeaders',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  request: ELECT_LEADERS_REQUEST,
  response: ELECT_LEADERS_RESPONSE,
}
