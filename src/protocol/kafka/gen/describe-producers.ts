// Made from definitions/61-describe-producers.txt by tools/generate-kafka.ts; do not edit.
//
// Describes the producers that are active on partitions.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DescribeProducersRequest {
  /** One for each topic. */
  readonly topics: readonly TopicRequest[]
}

/** DescribeProducersRequest to be written. */
export interface DescribeProducersRequestInit {
  readonly topics: readonly TopicRequestInit[]
}

function readDescribeProducersRequest(r: FrameReader, v: number): DescribeProducersRequest {
  checkVersion('DescribeProducersRequest', v, 0, 0)
  r.flexible = true
  const topics = new Array<TopicRequest>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readTopicRequest(r)
  r.skipTags()
  return { topics }
}

function writeDescribeProducersRequest(
  w: FrameWriter,
  m: DescribeProducersRequestInit,
  v: number,
): void {
  checkVersion('DescribeProducersRequest', v, 0, 0)
  w.flexible = true
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeTopicRequest(w, item)
  w.noTags()
}

function* readDescribeProducersRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeProducersRequest> {
  checkVersion('DescribeProducersRequest', v, 0, 0)
  r.flexible = true
  const topics = new Array<TopicRequest>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readTopicRequestInSteps(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { topics }
}

export interface TopicRequest {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitionIndexes: readonly number[]
}

/** TopicRequest to be written. */
export interface TopicRequestInit {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

function readTopicRequest(r: FrameReader): TopicRequest {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) partitionIndexes[at] = r.int32()
  r.skipTags()
  return { name, partitionIndexes }
}

function writeTopicRequest(w: FrameWriter, m: TopicRequestInit): void {
  w.string(m.name)
  w.arrayCount(m.partitionIndexes.length)
  for (const item of m.partitionIndexes) w.int32(item)
  w.noTags()
}

function* readTopicRequestInSteps(r: FrameReader): Generator<void, TopicRequest> {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) {
    partitionIndexes[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitionIndexes }
}

const DESCRIBE_PRODUCERS_REQUEST: MessageCodec<
  DescribeProducersRequest,
  DescribeProducersRequestInit
> = {
  name: 'DescribeProducersRequest',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeProducersRequest,
  write: writeDescribeProducersRequest,
  readInSteps: readDescribeProducersRequestInSteps,
}

export interface DescribeProducersResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly TopicResponse[]
}

/** DescribeProducersResponse to be written. */
export interface DescribeProducersResponseInit {
  readonly throttleTimeMs: number
  readonly topics: readonly TopicResponseInit[]
}

function readDescribeProducersResponse(r: FrameReader, v: number): DescribeProducersResponse {
  checkVersion('DescribeProducersResponse', v, 0, 0)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const topics = new Array<TopicResponse>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readTopicResponse(r)
  r.skipTags()
  return { throttleTimeMs, topics }
}

function writeDescribeProducersResponse(
  w: FrameWriter,
  m: DescribeProducersResponseInit,
  v: number,
): void {
  checkVersion('DescribeProducersResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeTopicResponse(w, item)
  w.noTags()
}

function* writeDescribeProducersResponseInSteps(
  w: FrameWriter,
  m: DescribeProducersResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeProducersResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeTopicResponseInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface TopicResponse {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly PartitionResponse[]
}

/** TopicResponse to be written. */
export interface TopicResponseInit {
  readonly name: string
  readonly partitions: readonly PartitionResponseInit[]
}

function readTopicResponse(r: FrameReader): TopicResponse {
  const name = r.string()
  const partitions = new Array<PartitionResponse>(r.arrayCount(9, 64))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readPartitionResponse(r)
  r.skipTags()
  return { name, partitions }
}

function writeTopicResponse(w: FrameWriter, m: TopicResponseInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writePartitionResponse(w, item)
  w.noTags()
}

function* writeTopicResponseInSteps(w: FrameWriter, m: TopicResponseInit): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    yield* writePartitionResponseInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface PartitionResponse {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Producers with state on this partition. */
  readonly activeProducers: readonly ProducerState[]
}

/** PartitionResponse to be written. */
export interface PartitionResponseInit {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
  readonly activeProducers: readonly ProducerStateInit[]
}

function readPartitionResponse(r: FrameReader): PartitionResponse {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const activeProducers = new Array<ProducerState>(r.arrayCount(37, 128))
  for (let at = 0; at < activeProducers.length; at++) activeProducers[at] = readProducerState(r)
  r.skipTags()
  return { partitionIndex, errorCode, errorMessage, activeProducers }
}

function writePartitionResponse(w: FrameWriter, m: PartitionResponseInit): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  w.arrayCount(m.activeProducers.length)
  for (const item of m.activeProducers) writeProducerState(w, item)
  w.noTags()
}

function* writePartitionResponseInSteps(w: FrameWriter, m: PartitionResponseInit): Generator<void> {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  w.arrayCount(m.activeProducers.length)
  for (const item of m.activeProducers) {
    writeProducerState(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ProducerState {
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer, 32 bits here. */
  readonly producerEpoch: number
  /** Last sequence number; -1 if none. */
  readonly lastSequence: number
  /** Timestamp of the last batch, ms since 1970; -1 if none. */
  readonly lastTimestamp: number
  /** Epoch of the transaction coordinator. */
  readonly coordinatorEpoch: number
  /** First offset of the open transaction; -1 if none. */
  readonly currentTxnStartOffset: number
}

/** ProducerState to be written. */
export interface ProducerStateInit {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence?: number | undefined
  readonly lastTimestamp?: number | undefined
  readonly coordinatorEpoch: number
  readonly currentTxnStartOffset?: number | undefined
}

function readProducerState(r: FrameReader): ProducerState {
  const producerId = r.int64()
  const producerEpoch = r.int32()
  const lastSequence = r.int32()
  const lastTimestamp = r.int64Clamped()
  const coordinatorEpoch = r.int32()
  const currentTxnStartOffset = r.int64()
  r.skipTags()
  return {
    producerId,
    producerEpoch,
    lastSequence,
    lastTimestamp,
    coordinatorEpoch,
    currentTxnStartOffset,
  }
}

function writeProducerState(w: FrameWriter, m: ProducerStateInit): void {
  w.int64(m.producerId)
  w.int32(m.producerEpoch)
  w.int32(m.lastSequence ?? -1)
  w.int64(m.lastTimestamp ?? -1)
  w.int32(m.coordinatorEpoch)
  w.int64(m.currentTxnStartOffset ?? -1)
  w.noTags()
}

const DESCRIBE_PRODUCERS_RESPONSE: MessageCodec<
  DescribeProducersResponse,
  DescribeProducersResponseInit
> = {
  name: 'DescribeProducersResponse',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeProducersResponse,
  write: writeDescribeProducersResponse,
  writeInSteps: writeDescribeProducersResponseInSteps,
}

export const DESCRIBE_PRODUCERS: Api<
  DescribeProducersRequest,
  DescribeProducersRequestInit,
  DescribeProducersResponse,
  DescribeProducersResponseInit
> = {
  key: 61,
  name: 'DescribeProducers',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  request: DESCRIBE_PRODUCERS_REQUEST,
  response: DESCRIBE_PRODUCERS_RESPONSE,
}
