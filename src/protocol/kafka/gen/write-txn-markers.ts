// Made from definitions/27-write-txn-markers.txt by tools/generate-kafka.ts; do not edit.
//
// Writes the end of transactions into partitions; between brokers.
//
// v1: flexible. v2: transactionVersion.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface WriteTxnMarkersRequest {
  /** One for each transaction that ends. */
  readonly markers: readonly WritableTxnMarker[]
}

/** WriteTxnMarkersRequest to be written. */
export interface WriteTxnMarkersRequestInit {
  readonly markers: readonly WritableTxnMarkerInit[]
}

function readWriteTxnMarkersRequest(r: FrameReader, v: number): WriteTxnMarkersRequest {
  checkVersion('WriteTxnMarkersRequest', v, 1, 2)
  r.flexible = true
  const markers = new Array<WritableTxnMarker>(r.arrayCount(17, 96))
  for (let at = 0; at < markers.length; at++) markers[at] = readWritableTxnMarker(r, v)
  r.skipTags()
  return { markers }
}

function writeWriteTxnMarkersRequest(
  w: FrameWriter,
  m: WriteTxnMarkersRequestInit,
  v: number,
): void {
  checkVersion('WriteTxnMarkersRequest', v, 1, 2)
  w.flexible = true
  w.arrayCount(m.markers.length)
  for (const item of m.markers) writeWritableTxnMarker(w, item, v)
  w.noTags()
}

function* readWriteTxnMarkersRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, WriteTxnMarkersRequest> {
  checkVersion('WriteTxnMarkersRequest', v, 1, 2)
  r.flexible = true
  const markers = new Array<WritableTxnMarker>(r.arrayCount(17, 96))
  for (let at = 0; at < markers.length; at++) {
    markers[at] = yield* readWritableTxnMarkerInSteps(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return { markers }
}

export interface WritableTxnMarker {
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** True commits, false aborts. */
  readonly transactionResult: boolean
  /** One for each topic. */
  readonly topics: readonly WritableTxnMarkerTopic[]
  /** Epoch of the transaction coordinator. */
  readonly coordinatorEpoch: number
  /** Transaction.version that the producer used. Version >= 2. */
  readonly transactionVersion: number
}

/** WritableTxnMarker to be written. */
export interface WritableTxnMarkerInit {
  readonly producerId: number
  readonly producerEpoch: number
  readonly transactionResult: boolean
  readonly topics: readonly WritableTxnMarkerTopicInit[]
  readonly coordinatorEpoch: number
  readonly transactionVersion?: number | undefined
}

function readWritableTxnMarker(r: FrameReader, v: number): WritableTxnMarker {
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const transactionResult = r.bool()
  const topics = new Array<WritableTxnMarkerTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readWritableTxnMarkerTopic(r)
  const coordinatorEpoch = r.int32()
  const transactionVersion = v >= 2 ? r.int8() : 0
  r.skipTags()
  return {
    producerId,
    producerEpoch,
    transactionResult,
    topics,
    coordinatorEpoch,
    transactionVersion,
  }
}

function writeWritableTxnMarker(w: FrameWriter, m: WritableTxnMarkerInit, v: number): void {
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  w.bool(m.transactionResult)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeWritableTxnMarkerTopic(w, item)
  w.int32(m.coordinatorEpoch)
  if (v >= 2) w.int8(m.transactionVersion ?? 0)
  w.noTags()
}

function* readWritableTxnMarkerInSteps(
  r: FrameReader,
  v: number,
): Generator<void, WritableTxnMarker> {
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const transactionResult = r.bool()
  const topics = new Array<WritableTxnMarkerTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readWritableTxnMarkerTopicInSteps(r)
    if (r.due()) yield
  }
  const coordinatorEpoch = r.int32()
  const transactionVersion = v >= 2 ? r.int8() : 0
  r.skipTags()
  return {
    producerId,
    producerEpoch,
    transactionResult,
    topics,
    coordinatorEpoch,
    transactionVersion,
  }
}

export interface WritableTxnMarkerTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitionIndexes: readonly number[]
}

/** WritableTxnMarkerTopic to be written. */
export interface WritableTxnMarkerTopicInit {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

function readWritableTxnMarkerTopic(r: FrameReader): WritableTxnMarkerTopic {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) partitionIndexes[at] = r.int32()
  r.skipTags()
  return { name, partitionIndexes }
}

function writeWritableTxnMarkerTopic(w: FrameWriter, m: WritableTxnMarkerTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitionIndexes.length)
  for (const item of m.partitionIndexes) w.int32(item)
  w.noTags()
}

function* readWritableTxnMarkerTopicInSteps(
  r: FrameReader,
): Generator<void, WritableTxnMarkerTopic> {
  const name = r.string()
  const partitionIndexes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIndexes.length; at++) {
    partitionIndexes[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitionIndexes }
}

const WRITE_TXN_MARKERS_REQUEST: MessageCodec<WriteTxnMarkersRequest, WriteTxnMarkersRequestInit> =
  {
    name: 'WriteTxnMarkersRequest',
    minVersion: 1,
    maxVersion: 2,
    flexibleFrom: 1,
    read: readWriteTxnMarkersRequest,
    write: writeWriteTxnMarkersRequest,
    readInSteps: readWriteTxnMarkersRequestInSteps,
  }

export interface WriteTxnMarkersResponse {
  /** One for each transaction that ends. */
  readonly markers: readonly WritableTxnMarkerResult[]
}

/** WriteTxnMarkersResponse to be written. */
export interface WriteTxnMarkersResponseInit {
  readonly markers: readonly WritableTxnMarkerResultInit[]
}

function readWriteTxnMarkersResponse(r: FrameReader, v: number): WriteTxnMarkersResponse {
  checkVersion('WriteTxnMarkersResponse', v, 1, 2)
  r.flexible = true
  const markers = new Array<WritableTxnMarkerResult>(r.arrayCount(10, 64))
  for (let at = 0; at < markers.length; at++) markers[at] = readWritableTxnMarkerResult(r)
  r.skipTags()
  return { markers }
}

function writeWriteTxnMarkersResponse(
  w: FrameWriter,
  m: WriteTxnMarkersResponseInit,
  v: number,
): void {
  checkVersion('WriteTxnMarkersResponse', v, 1, 2)
  w.flexible = true
  w.arrayCount(m.markers.length)
  for (const item of m.markers) writeWritableTxnMarkerResult(w, item)
  w.noTags()
}

function* writeWriteTxnMarkersResponseInSteps(
  w: FrameWriter,
  m: WriteTxnMarkersResponseInit,
  v: number,
): Generator<void> {
  checkVersion('WriteTxnMarkersResponse', v, 1, 2)
  w.flexible = true
  w.arrayCount(m.markers.length)
  for (const item of m.markers) {
    yield* writeWritableTxnMarkerResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface WritableTxnMarkerResult {
  /** Id of the producer. */
  readonly producerId: number
  /** One for each topic. */
  readonly topics: readonly WritableTxnMarkerTopicResult[]
}

/** WritableTxnMarkerResult to be written. */
export interface WritableTxnMarkerResultInit {
  readonly producerId: number
  readonly topics: readonly WritableTxnMarkerTopicResultInit[]
}

function readWritableTxnMarkerResult(r: FrameReader): WritableTxnMarkerResult {
  const producerId = r.int64()
  const topics = new Array<WritableTxnMarkerTopicResult>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readWritableTxnMarkerTopicResult(r)
  r.skipTags()
  return { producerId, topics }
}

function writeWritableTxnMarkerResult(w: FrameWriter, m: WritableTxnMarkerResultInit): void {
  w.int64(m.producerId)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeWritableTxnMarkerTopicResult(w, item)
  w.noTags()
}

function* writeWritableTxnMarkerResultInSteps(
  w: FrameWriter,
  m: WritableTxnMarkerResultInit,
): Generator<void> {
  w.int64(m.producerId)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeWritableTxnMarkerTopicResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface WritableTxnMarkerTopicResult {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly WritableTxnMarkerPartitionResult[]
}

/** WritableTxnMarkerTopicResult to be written. */
export interface WritableTxnMarkerTopicResultInit {
  readonly name: string
  readonly partitions: readonly WritableTxnMarkerPartitionResultInit[]
}

function readWritableTxnMarkerTopicResult(r: FrameReader): WritableTxnMarkerTopicResult {
  const name = r.string()
  const partitions = new Array<WritableTxnMarkerPartitionResult>(r.arrayCount(7, 48))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readWritableTxnMarkerPartitionResult(r)
  r.skipTags()
  return { name, partitions }
}

function writeWritableTxnMarkerTopicResult(
  w: FrameWriter,
  m: WritableTxnMarkerTopicResultInit,
): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeWritableTxnMarkerPartitionResult(w, item)
  w.noTags()
}

function* writeWritableTxnMarkerTopicResultInSteps(
  w: FrameWriter,
  m: WritableTxnMarkerTopicResultInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    writeWritableTxnMarkerPartitionResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface WritableTxnMarkerPartitionResult {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** WritableTxnMarkerPartitionResult to be written. */
export interface WritableTxnMarkerPartitionResultInit {
  readonly partitionIndex: number
  readonly errorCode: number
}

function readWritableTxnMarkerPartitionResult(r: FrameReader): WritableTxnMarkerPartitionResult {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  r.skipTags()
  return { partitionIndex, errorCode }
}

function writeWritableTxnMarkerPartitionResult(
  w: FrameWriter,
  m: WritableTxnMarkerPartitionResultInit,
): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.noTags()
}

const WRITE_TXN_MARKERS_RESPONSE: MessageCodec<
  WriteTxnMarkersResponse,
  WriteTxnMarkersResponseInit
> = {
  name: 'WriteTxnMarkersResponse',
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  read: readWriteTxnMarkersResponse,
  write: writeWriteTxnMarkersResponse,
  writeInSteps: writeWriteTxnMarkersResponseInSteps,
}

export const WRITE_TXN_MARKERS: Api<
  WriteTxnMarkersRequest,
  WriteTxnMarkersRequestInit,
  WriteTxnMarkersResponse,
  WriteTxnMarkersResponseInit
> = {
  key: 27,
  name: 'WriteTxnMarkers',
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  request: WRITE_TXN_MARKERS_REQUEST,
  response: WRITE_TXN_MARKERS_RESPONSE,
}
