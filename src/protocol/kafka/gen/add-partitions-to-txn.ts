// Made from definitions/24-add-partitions-to-txn.txt by tools/generate-kafka.ts; do not edit.
//
// Adds partitions to a transaction.
//
// v3: flexible. v4 and v5: between brokers only, many transactions a request.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface AddPartitionsToTxnRequest {
  /** Transactions, from another broker. Version >= 4. */
  readonly transactions: readonly AddPartitionsToTxnTransaction[]
  /** Name of the transactional producer, from a client. Version <= 3. */
  readonly v3AndBelowTransactionalId: string
  /** Id of the producer, from a client. Version <= 3. */
  readonly v3AndBelowProducerId: number
  /** Epoch of the producer, from a client. Version <= 3. */
  readonly v3AndBelowProducerEpoch: number
  /** Partitions to add, from a client. Version <= 3. */
  readonly v3AndBelowTopics: readonly AddPartitionsToTxnTopic[]
}

/** AddPartitionsToTxnRequest to be written. */
export interface AddPartitionsToTxnRequestInit {
  readonly transactions?: readonly AddPartitionsToTxnTransactionInit[] | undefined
  readonly v3AndBelowTransactionalId?: string | undefined
  readonly v3AndBelowProducerId?: number | undefined
  readonly v3AndBelowProducerEpoch?: number | undefined
  readonly v3AndBelowTopics?: readonly AddPartitionsToTxnTopicInit[] | undefined
}

function readAddPartitionsToTxnRequest(r: FrameReader, v: number): AddPartitionsToTxnRequest {
  checkVersion('AddPartitionsToTxnRequest', v, 0, 5)
  r.flexible = v >= 3
  let transactions: readonly AddPartitionsToTxnTransaction[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<AddPartitionsToTxnTransaction>(r.arrayCount(14, 88))
    for (let at = 0; at < list.length; at++) list[at] = readAddPartitionsToTxnTransaction(r)
    transactions = list
  }
  const v3AndBelowTransactionalId = v <= 3 ? r.string() : ''
  const v3AndBelowProducerId = v <= 3 ? r.int64() : 0
  const v3AndBelowProducerEpoch = v <= 3 ? r.int16() : 0
  let v3AndBelowTopics: readonly AddPartitionsToTxnTopic[] = NO_ITEMS
  if (v <= 3) {
    const list = new Array<AddPartitionsToTxnTopic>(r.arrayCount(3, 48))
    for (let at = 0; at < list.length; at++) list[at] = readAddPartitionsToTxnTopic(r)
    v3AndBelowTopics = list
  }
  r.skipTags()
  return {
    transactions,
    v3AndBelowTransactionalId,
    v3AndBelowProducerId,
    v3AndBelowProducerEpoch,
    v3AndBelowTopics,
  }
}

function writeAddPartitionsToTxnRequest(
  w: FrameWriter,
  m: AddPartitionsToTxnRequestInit,
  v: number,
): void {
  checkVersion('AddPartitionsToTxnRequest', v, 0, 5)
  w.flexible = v >= 3
  if (v >= 4) {
    {
      const transactions = m.transactions ?? NO_ITEMS
      w.arrayCount(transactions.length)
      for (const item of transactions) writeAddPartitionsToTxnTransaction(w, item)
    }
  } else if ((m.transactions?.length ?? 0) !== 0)
    refuse('AddPartitionsToTxnRequest', 'transactions', v)
  if (v <= 3) w.string(m.v3AndBelowTransactionalId ?? '')
  else if ((m.v3AndBelowTransactionalId ?? '') !== '')
    refuse('AddPartitionsToTxnRequest', 'v3AndBelowTransactionalId', v)
  if (v <= 3) w.int64(m.v3AndBelowProducerId ?? 0)
  else if ((m.v3AndBelowProducerId ?? 0) !== 0)
    refuse('AddPartitionsToTxnRequest', 'v3AndBelowProducerId', v)
  if (v <= 3) w.int16(m.v3AndBelowProducerEpoch ?? 0)
  else if ((m.v3AndBelowProducerEpoch ?? 0) !== 0)
    refuse('AddPartitionsToTxnRequest', 'v3AndBelowProducerEpoch', v)
  if (v <= 3) {
    {
      const v3AndBelowTopics = m.v3AndBelowTopics ?? NO_ITEMS
      w.arrayCount(v3AndBelowTopics.length)
      for (const item of v3AndBelowTopics) writeAddPartitionsToTxnTopic(w, item)
    }
  } else if ((m.v3AndBelowTopics?.length ?? 0) !== 0)
    refuse('AddPartitionsToTxnRequest', 'v3AndBelowTopics', v)
  w.noTags()
}

function* readAddPartitionsToTxnRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, AddPartitionsToTxnRequest> {
  checkVersion('AddPartitionsToTxnRequest', v, 0, 5)
  r.flexible = v >= 3
  let transactions: readonly AddPartitionsToTxnTransaction[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<AddPartitionsToTxnTransaction>(r.arrayCount(14, 88))
    for (let at = 0; at < list.length; at++) {
      list[at] = yield* readAddPartitionsToTxnTransactionInSteps(r)
      if (r.due()) yield
    }
    transactions = list
  }
  const v3AndBelowTransactionalId = v <= 3 ? r.string() : ''
  const v3AndBelowProducerId = v <= 3 ? r.int64() : 0
  const v3AndBelowProducerEpoch = v <= 3 ? r.int16() : 0
  let v3AndBelowTopics: readonly AddPartitionsToTxnTopic[] = NO_ITEMS
  if (v <= 3) {
    const list = new Array<AddPartitionsToTxnTopic>(r.arrayCount(3, 48))
    for (let at = 0; at < list.length; at++) {
      list[at] = yield* readAddPartitionsToTxnTopicInSteps(r)
      if (r.due()) yield
    }
    v3AndBelowTopics = list
  }
  r.skipTags()
  return {
    transactions,
    v3AndBelowTransactionalId,
    v3AndBelowProducerId,
    v3AndBelowProducerEpoch,
    v3AndBelowTopics,
  }
}

export interface AddPartitionsToTxnTransaction {
  /** Name of the transactional producer. */
  readonly transactionalId: string
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** Whether to ask only if the partition is part of the transaction. */
  readonly verifyOnly: boolean
  /** One for each topic. */
  readonly topics: readonly AddPartitionsToTxnTopic[]
}

/** AddPartitionsToTxnTransaction to be written. */
export interface AddPartitionsToTxnTransactionInit {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly verifyOnly: boolean
  readonly topics: readonly AddPartitionsToTxnTopicInit[]
}

function readAddPartitionsToTxnTransaction(r: FrameReader): AddPartitionsToTxnTransaction {
  const transactionalId = r.string()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const verifyOnly = r.bool()
  const topics = new Array<AddPartitionsToTxnTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) topics[at] = readAddPartitionsToTxnTopic(r)
  r.skipTags()
  return { transactionalId, producerId, producerEpoch, verifyOnly, topics }
}

function writeAddPartitionsToTxnTransaction(
  w: FrameWriter,
  m: AddPartitionsToTxnTransactionInit,
): void {
  w.string(m.transactionalId)
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  w.bool(m.verifyOnly)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeAddPartitionsToTxnTopic(w, item)
  w.noTags()
}

function* readAddPartitionsToTxnTransactionInSteps(
  r: FrameReader,
): Generator<void, AddPartitionsToTxnTransaction> {
  const transactionalId = r.string()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const verifyOnly = r.bool()
  const topics = new Array<AddPartitionsToTxnTopic>(r.arrayCount(3, 48))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readAddPartitionsToTxnTopicInSteps(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { transactionalId, producerId, producerEpoch, verifyOnly, topics }
}

export interface AddPartitionsToTxnTopic {
  /** Name of the topic. */
  readonly name: string
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** AddPartitionsToTxnTopic to be written. */
export interface AddPartitionsToTxnTopicInit {
  readonly name: string
  readonly partitions: readonly number[]
}

function readAddPartitionsToTxnTopic(r: FrameReader): AddPartitionsToTxnTopic {
  const name = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { name, partitions }
}

function writeAddPartitionsToTxnTopic(w: FrameWriter, m: AddPartitionsToTxnTopicInit): void {
  w.string(m.name)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* readAddPartitionsToTxnTopicInSteps(
  r: FrameReader,
): Generator<void, AddPartitionsToTxnTopic> {
  const name = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { name, partitions }
}

const ADD_PARTITIONS_TO_TXN_REQUEST: MessageCodec<
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnRequestInit
> = {
  name: 'AddPartitionsToTxnRequest',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readAddPartitionsToTxnRequest,
  write: writeAddPartitionsToTxnRequest,
  readInSteps: readAddPartitionsToTxnRequestInSteps,
}

export interface AddPartitionsToTxnResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. Version >= 4. */
  readonly errorCode: number
  /** Answer to a broker: one a transaction. Version >= 4. */
  readonly resultsByTransaction: readonly AddPartitionsToTxnResult[]
  /** Answer to a client: one a topic. Version <= 3. */
  readonly resultsByTopicV3AndBelow: readonly AddPartitionsToTxnTopicResult[]
}

/** AddPartitionsToTxnResponse to be written. */
export interface AddPartitionsToTxnResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode?: number | undefined
  readonly resultsByTransaction?: readonly AddPartitionsToTxnResultInit[] | undefined
  readonly resultsByTopicV3AndBelow?: readonly AddPartitionsToTxnTopicResultInit[] | undefined
}

function readAddPartitionsToTxnResponse(r: FrameReader, v: number): AddPartitionsToTxnResponse {
  checkVersion('AddPartitionsToTxnResponse', v, 0, 5)
  r.flexible = v >= 3
  const throttleTimeMs = r.int32()
  const errorCode = v >= 4 ? r.int16() : 0
  let resultsByTransaction: readonly AddPartitionsToTxnResult[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<AddPartitionsToTxnResult>(r.arrayCount(3, 48))
    for (let at = 0; at < list.length; at++) list[at] = readAddPartitionsToTxnResult(r)
    resultsByTransaction = list
  }
  let resultsByTopicV3AndBelow: readonly AddPartitionsToTxnTopicResult[] = NO_ITEMS
  if (v <= 3) {
    const list = new Array<AddPartitionsToTxnTopicResult>(r.arrayCount(3, 48))
    for (let at = 0; at < list.length; at++) list[at] = readAddPartitionsToTxnTopicResult(r)
    resultsByTopicV3AndBelow = list
  }
  r.skipTags()
  return { throttleTimeMs, errorCode, resultsByTransaction, resultsByTopicV3AndBelow }
}

function writeAddPartitionsToTxnResponse(
  w: FrameWriter,
  m: AddPartitionsToTxnResponseInit,
  v: number,
): void {
  checkVersion('AddPartitionsToTxnResponse', v, 0, 5)
  w.flexible = v >= 3
  w.int32(m.throttleTimeMs)
  if (v >= 4) w.int16(m.errorCode ?? 0)
  if (v >= 4) {
    {
      const resultsByTransaction = m.resultsByTransaction ?? NO_ITEMS
      w.arrayCount(resultsByTransaction.length)
      for (const item of resultsByTransaction) writeAddPartitionsToTxnResult(w, item)
    }
  } else if ((m.resultsByTransaction?.length ?? 0) !== 0)
    refuse('AddPartitionsToTxnResponse', 'resultsByTransaction', v)
  if (v <= 3) {
    {
      const resultsByTopicV3AndBelow = m.resultsByTopicV3AndBelow ?? NO_ITEMS
      w.arrayCount(resultsByTopicV3AndBelow.length)
      for (const item of resultsByTopicV3AndBelow) writeAddPartitionsToTxnTopicResult(w, item)
    }
  } else if ((m.resultsByTopicV3AndBelow?.length ?? 0) !== 0)
    refuse('AddPartitionsToTxnResponse', 'resultsByTopicV3AndBelow', v)
  w.noTags()
}

function* writeAddPartitionsToTxnResponseInSteps(
  w: FrameWriter,
  m: AddPartitionsToTxnResponseInit,
  v: number,
): Generator<void> {
  checkVersion('AddPartitionsToTxnResponse', v, 0, 5)
  w.flexible = v >= 3
  w.int32(m.throttleTimeMs)
  if (v >= 4) w.int16(m.errorCode ?? 0)
  if (v >= 4) {
    {
      const resultsByTransaction = m.resultsByTransaction ?? NO_ITEMS
      w.arrayCount(resultsByTransaction.length)
      for (const item of resultsByTransaction) {
        yield* writeAddPartitionsToTxnResultInSteps(w, item)
        if (w.due()) yield
      }
    }
  } else if ((m.resultsByTransaction?.length ?? 0) !== 0)
    refuse('AddPartitionsToTxnResponse', 'resultsByTransaction', v)
  if (v <= 3) {
    {
      const resultsByTopicV3AndBelow = m.resultsByTopicV3AndBelow ?? NO_ITEMS
      w.arrayCount(resultsByTopicV3AndBelow.length)
      for (const item of resultsByTopicV3AndBelow) {
        yield* writeAddPartitionsToTxnTopicResultInSteps(w, item)
        if (w.due()) yield
      }
    }
  } else if ((m.resultsByTopicV3AndBelow?.length ?? 0) !== 0)
    refuse('AddPartitionsToTxnResponse', 'resultsByTopicV3AndBelow', v)
  w.noTags()
}

export interface AddPartitionsToTxnResult {
  /** Name of the transactional producer. */
  readonly transactionalId: string
  /** One answer a topic. */
  readonly topicResults: readonly AddPartitionsToTxnTopicResult[]
}

/** AddPartitionsToTxnResult to be written. */
export interface AddPartitionsToTxnResultInit {
  readonly transactionalId: string
  readonly topicResults: readonly AddPartitionsToTxnTopicResultInit[]
}

function readAddPartitionsToTxnResult(r: FrameReader): AddPartitionsToTxnResult {
  const transactionalId = r.string()
  const topicResults = new Array<AddPartitionsToTxnTopicResult>(r.arrayCount(3, 48))
  for (let at = 0; at < topicResults.length; at++)
    topicResults[at] = readAddPartitionsToTxnTopicResult(r)
  r.skipTags()
  return { transactionalId, topicResults }
}

function writeAddPartitionsToTxnResult(w: FrameWriter, m: AddPartitionsToTxnResultInit): void {
  w.string(m.transactionalId)
  w.arrayCount(m.topicResults.length)
  for (const item of m.topicResults) writeAddPartitionsToTxnTopicResult(w, item)
  w.noTags()
}

function* writeAddPartitionsToTxnResultInSteps(
  w: FrameWriter,
  m: AddPartitionsToTxnResultInit,
): Generator<void> {
  w.string(m.transactionalId)
  w.arrayCount(m.topicResults.length)
  for (const item of m.topicResults) {
    yield* writeAddPartitionsToTxnTopicResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AddPartitionsToTxnTopicResult {
  /** Name of the topic. */
  readonly name: string
  /** One answer a partition. */
  readonly resultsByPartition: readonly AddPartitionsToTxnPartitionResult[]
}

/** AddPartitionsToTxnTopicResult to be written. */
export interface AddPartitionsToTxnTopicResultInit {
  readonly name: string
  readonly resultsByPartition: readonly AddPartitionsToTxnPartitionResultInit[]
}

function readAddPartitionsToTxnTopicResult(r: FrameReader): AddPartitionsToTxnTopicResult {
  const name = r.string()
  const resultsByPartition = new Array<AddPartitionsToTxnPartitionResult>(r.arrayCount(6, 48))
  for (let at = 0; at < resultsByPartition.length; at++)
    resultsByPartition[at] = readAddPartitionsToTxnPartitionResult(r)
  r.skipTags()
  return { name, resultsByPartition }
}

function writeAddPartitionsToTxnTopicResult(
  w: FrameWriter,
  m: AddPartitionsToTxnTopicResultInit,
): void {
  w.string(m.name)
  w.arrayCount(m.resultsByPartition.length)
  for (const item of m.resultsByPartition) writeAddPartitionsToTxnPartitionResult(w, item)
  w.noTags()
}

function* writeAddPartitionsToTxnTopicResultInSteps(
  w: FrameWriter,
  m: AddPartitionsToTxnTopicResultInit,
): Generator<void> {
  w.string(m.name)
  w.arrayCount(m.resultsByPartition.length)
  for (const item of m.resultsByPartition) {
    writeAddPartitionsToTxnPartitionResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AddPartitionsToTxnPartitionResult {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly partitionErrorCode: number
}

/** AddPartitionsToTxnPartitionResult to be written. */
export interface AddPartitionsToTxnPartitionResultInit {
  readonly partitionIndex: number
  readonly partitionErrorCode: number
}

function readAddPartitionsToTxnPartitionResult(r: FrameReader): AddPartitionsToTxnPartitionResult {
  const partitionIndex = r.int32()
  const partitionErrorCode = r.int16()
  r.skipTags()
  return { partitionIndex, partitionErrorCode }
}

function writeAddPartitionsToTxnPartitionResult(
  w: FrameWriter,
  m: AddPartitionsToTxnPartitionResultInit,
): void {
  w.int32(m.partitionIndex)
  w.int16(m.partitionErrorCode)
  w.noTags()
}

const ADD_PARTITIONS_TO_TXN_RESPONSE: MessageCodec<
  AddPartitionsToTxnResponse,
  AddPartitionsToTxnResponseInit
> = {
  name: 'AddPartitionsToTxnResponse',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readAddPartitionsToTxnResponse,
  write: writeAddPartitionsToTxnResponse,
  writeInSteps: writeAddPartitionsToTxnResponseInSteps,
}

export const ADD_PARTITIONS_TO_TXN: Api<
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnRequestInit,
  AddPartitionsToTxnResponse,
  AddPartitionsToTxnResponseInit
> = {
  key: 24,
  name: 'AddPartitionsToTxn',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  request: ADD_PARTITIONS_TO_TXN_REQUEST,
  response: ADD_PARTITIONS_TO_TXN_RESPONSE,
}
