// Made from definitions/65-describe-transactions.txt by tools/generate-kafka.ts; do not edit.
//
// Describes transactions.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DescribeTransactionsRequest {
  /** Transactions to describe. */
  readonly transactionalIds: readonly string[]
}

/** DescribeTransactionsRequest to be written. */
export interface DescribeTransactionsRequestInit {
  readonly transactionalIds: readonly string[]
}

function readDescribeTransactionsRequest(r: FrameReader, v: number): DescribeTransactionsRequest {
  checkVersion('DescribeTransactionsRequest', v, 0, 0)
  r.flexible = true
  const transactionalIds = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < transactionalIds.length; at++) transactionalIds[at] = r.string()
  r.skipTags()
  return { transactionalIds }
}

function writeDescribeTransactionsRequest(
  w: FrameWriter,
  m: DescribeTransactionsRequestInit,
  v: number,
): void {
  checkVersion('DescribeTransactionsRequest', v, 0, 0)
  w.flexible = true
  w.arrayCount(m.transactionalIds.length)
  for (const item of m.transactionalIds) w.string(item)
  w.noTags()
}

function* readDescribeTransactionsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeTransactionsRequest> {
  checkVersion('DescribeTransactionsRequest', v, 0, 0)
  r.flexible = true
  const transactionalIds = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < transactionalIds.length; at++) {
    transactionalIds[at] = r.string()
    if (r.due()) yield
  }
  r.skipTags()
  return { transactionalIds }
}

const DESCRIBE_TRANSACTIONS_REQUEST: MessageCodec<
  DescribeTransactionsRequest,
  DescribeTransactionsRequestInit
> = {
  name: 'DescribeTransactionsRequest',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTransactionsRequest,
  write: writeDescribeTransactionsRequest,
  readInSteps: readDescribeTransactionsRequestInSteps,
}

export interface DescribeTransactionsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each transaction. */
  readonly transactionStates: readonly TransactionState[]
}

/** DescribeTransactionsResponse to be written. */
export interface DescribeTransactionsResponseInit {
  readonly throttleTimeMs: number
  readonly transactionStates: readonly TransactionStateInit[]
}

function readDescribeTransactionsResponse(r: FrameReader, v: number): DescribeTransactionsResponse {
  checkVersion('DescribeTransactionsResponse', v, 0, 0)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const transactionStates = new Array<TransactionState>(r.arrayCount(28, 128))
  for (let at = 0; at < transactionStates.length; at++)
    transactionStates[at] = readTransactionState(r)
  r.skipTags()
  return { throttleTimeMs, transactionStates }
}

function writeDescribeTransactionsResponse(
  w: FrameWriter,
  m: DescribeTransactionsResponseInit,
  v: number,
): void {
  checkVersion('DescribeTransactionsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.transactionStates.length)
  for (const item of m.transactionStates) writeTransactionState(w, item)
  w.noTags()
}

function* writeDescribeTransactionsResponseInSteps(
  w: FrameWriter,
  m: DescribeTransactionsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeTransactionsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.transactionStates.length)
  for (const item of m.transactionStates) {
    yield* writeTransactionStateInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface TransactionState {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Name of the transactional producer. */
  readonly transactionalId: string
  /** State of the transaction, by name. */
  readonly transactionState: string
  /** How long a transaction may stay open. */
  readonly transactionTimeoutMs: number
  /** When it began, ms since 1970; -1 if it has not. */
  readonly transactionStartTimeMs: number
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** One for each topic. */
  readonly topics: readonly TopicData[]
}

/** TransactionState to be written. */
export interface TransactionStateInit {
  readonly errorCode: number
  readonly transactionalId: string
  readonly transactionState: string
  readonly transactionTimeoutMs: number
  readonly transactionStartTimeMs: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly topics: readonly TopicDataInit[]
}

function readTransactionState(r: FrameReader): TransactionState {
  const errorCode = r.int16()
  const transactionalId = r.string()
  const transactionState = r.string()
  const transactionTimeoutMs = r.int32()
  const transactionStartTimeMs = r.int64()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const topics = new Array<TopicData>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readTopicData(r)
  r.skipTags()
  return {
    errorCode,
    transactionalId,
    transactionState,
    transactionTimeoutMs,
    transactionStartTimeMs,
    producerId,
    producerEpoch,
    topics,
  }
}

function writeTransactionState(w: FrameWriter, m: TransactionStateInit): void {
  w.int16(m.errorCode)
  w.string(m.transactionalId)
  w.string(m.transactionState)
  w.int32(m.transactionTimeoutMs)
  w.int64(m.transactionStartTimeMs)
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeTopicData(w, item)
  w.noTags()
}

function* writeTransactionStateInSteps(w: FrameWriter, m: TransactionStateInit): Generator<void> {
  w.int16(m.errorCode)
  w.string(m.transactionalId)
  w.string(m.transactionState)
  w.int32(m.transactionTimeoutMs)
  w.int64(m.transactionStartTimeMs)
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeTopicDataInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface TopicData {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** TopicData to be written. */
export interface TopicDataInit {
  readonly topic: string
  readonly partitions: readonly number[]
}

function readTopicData(r: FrameReader): TopicData {
  const topic = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topic, partitions }
}

function writeTopicData(w: FrameWriter, m: TopicDataInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* writeTopicDataInSteps(w: FrameWriter, m: TopicDataInit): Generator<void> {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    w.int32(item)
    if (w.due()) yield
  }
  w.noTags()
}

const DESCRIBE_TRANSACTIONS_RESPONSE: MessageCodec<
  DescribeTransactionsResponse,
  DescribeTransactionsResponseInit
> = {
  name: 'DescribeTransactionsResponse',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTransactionsResponse,
  write: writeDescribeTransactionsResponse,
  writeInSteps: writeDescribeTransactionsResponseInSteps,
}

export const DESCRIBE_TRANSACTIONS: Api<
  DescribeTransactionsRequest,
  DescribeTransactionsRequestInit,
  DescribeTransactionsResponse,
  DescribeTransactionsResponseInit
> = {
  key: 65,
  name: 'DescribeTransactions',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  request: DESCRIBE_TRANSACTIONS_REQUEST,
  response: DESCRIBE_TRANSACTIONS_RESPONSE,
}
