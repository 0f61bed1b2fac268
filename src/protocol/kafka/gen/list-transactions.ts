// Made from definitions/66-list-transactions.txt by tools/generate-kafka.ts; do not edit.
//
// Lists transactions.
//
// v1: filter by duration. v2: by regular expression.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface ListTransactionsRequest {
  /** States to list; empty for all. */
  readonly stateFilters: readonly string[]
  /** Only these producers; empty for all. */
  readonly producerIdFilters: readonly number[]
  /** Only those that have run for this long, ms; below 0 for all. Version >= 1. */
  readonly durationFilter: number
  /** Regular expression of transactional ids to list; null for all. Version >= 2. */
  readonly transactionalIdPattern: string | null
}

/** ListTransactionsRequest to be written. */
export interface ListTransactionsRequestInit {
  readonly stateFilters: readonly string[]
  readonly producerIdFilters: readonly number[]
  readonly durationFilter?: number | undefined
  readonly transactionalIdPattern?: string | null | undefined
}

function readListTransactionsRequest(r: FrameReader, v: number): ListTransactionsRequest {
  checkVersion('ListTransactionsRequest', v, 0, 2)
  r.flexible = true
  const stateFilters = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < stateFilters.length; at++) stateFilters[at] = r.string()
  const producerIdFilters = new Array<number>(r.arrayCount(8, 24))
  for (let at = 0; at < producerIdFilters.length; at++) producerIdFilters[at] = r.int64()
  const durationFilter = v >= 1 ? r.int64Clamped() : -1
  const transactionalIdPattern = v >= 2 ? r.nullableString() : null
  r.skipTags()
  return { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern }
}

function writeListTransactionsRequest(
  w: FrameWriter,
  m: ListTransactionsRequestInit,
  v: number,
): void {
  checkVersion('ListTransactionsRequest', v, 0, 2)
  w.flexible = true
  w.arrayCount(m.stateFilters.length)
  for (const item of m.stateFilters) w.string(item)
  w.arrayCount(m.producerIdFilters.length)
  for (const item of m.producerIdFilters) w.int64(item)
  if (v >= 1) w.int64(m.durationFilter ?? -1)
  else if ((m.durationFilter ?? -1) !== -1) refuse('ListTransactionsRequest', 'durationFilter', v)
  if (v >= 2) w.nullableString(m.transactionalIdPattern ?? null)
  else if ((m.transactionalIdPattern ?? null) !== null)
    refuse('ListTransactionsRequest', 'transactionalIdPattern', v)
  w.noTags()
}

function* readListTransactionsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ListTransactionsRequest> {
  checkVersion('ListTransactionsRequest', v, 0, 2)
  r.flexible = true
  const stateFilters = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < stateFilters.length; at++) {
    stateFilters[at] = r.string()
    if (r.due()) yield
  }
  const producerIdFilters = new Array<number>(r.arrayCount(8, 24))
  for (let at = 0; at < producerIdFilters.length; at++) {
    producerIdFilters[at] = r.int64()
    if (r.due()) yield
  }
  const durationFilter = v >= 1 ? r.int64Clamped() : -1
  const transactionalIdPattern = v >= 2 ? r.nullableString() : null
  r.skipTags()
  return { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern }
}

const LIST_TRANSACTIONS_REQUEST: MessageCodec<
  ListTransactionsRequest,
  ListTransactionsRequestInit
> = {
  name: 'ListTransactionsRequest',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readListTransactionsRequest,
  write: writeListTransactionsRequest,
  readInSteps: readListTransactionsRequestInSteps,
}

export interface ListTransactionsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** States that the broker does not know. */
  readonly unknownStateFilters: readonly string[]
  /** One for each transaction. */
  readonly transactionStates: readonly TransactionState[]
}

/** ListTransactionsResponse to be written. */
export interface ListTransactionsResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly unknownStateFilters: readonly string[]
  readonly transactionStates: readonly TransactionStateInit[]
}

function readListTransactionsResponse(r: FrameReader, v: number): ListTransactionsResponse {
  checkVersion('ListTransactionsResponse', v, 0, 2)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const unknownStateFilters = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < unknownStateFilters.length; at++) unknownStateFilters[at] = r.string()
  const transactionStates = new Array<TransactionState>(r.arrayCount(11, 72))
  for (let at = 0; at < transactionStates.length; at++)
    transactionStates[at] = readTransactionState(r)
  r.skipTags()
  return { throttleTimeMs, errorCode, unknownStateFilters, transactionStates }
}

function writeListTransactionsResponse(
  w: FrameWriter,
  m: ListTransactionsResponseInit,
  v: number,
): void {
  checkVersion('ListTransactionsResponse', v, 0, 2)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.arrayCount(m.unknownStateFilters.length)
  for (const item of m.unknownStateFilters) w.string(item)
  w.arrayCount(m.transactionStates.length)
  for (const item of m.transactionStates) writeTransactionState(w, item)
  w.noTags()
}

function* writeListTransactionsResponseInSteps(
  w: FrameWriter,
  m: ListTransactionsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ListTransactionsResponse', v, 0, 2)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.arrayCount(m.unknownStateFilters.length)
  for (const item of m.unknownStateFilters) {
    w.string(item)
    if (w.due()) yield
  }
  w.arrayCount(m.transactionStates.length)
  for (const item of m.transactionStates) {
    writeTransactionState(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface TransactionState {
  /** Name of the transactional producer. */
  readonly transactionalId: string
  /** Id of the producer. */
  readonly producerId: number
  /** State of the transaction, by name. */
  readonly transactionState: string
}

/** TransactionState to be written. */
export interface TransactionStateInit {
  readonly transactionalId: string
  readonly producerId: number
  readonly transactionState: string
}

function readTransactionState(r: FrameReader): TransactionState {
  const transactionalId = r.string()
  const producerId = r.int64()
  const transactionState = r.string()
  r.skipTags()
  return { transactionalId, producerId, transactionState }
}

function writeTransactionState(w: FrameWriter, m: TransactionStateInit): void {
  w.string(m.transactionalId)
  w.int64(m.producerId)
  w.string(m.transactionState)
  w.noTags()
}

const LIST_TRANSACTIONS_RESPONSE: MessageCodec<
  ListTransactionsResponse,
  ListTransactionsResponseInit
> = {
  name: 'ListTransactionsResponse',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readListTransactionsResponse,
  write: writeListTransactionsResponse,
  writeInSteps: writeListTransactionsResponseInSteps,
}

export const LIST_TRANSACTIONS: Api<
  ListTransactionsRequest,
  ListTransactionsRequestInit,
  ListTransactionsResponse,
  ListTransactionsResponseInit
> = {
  key: 66,
  name: 'ListTransactions',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  request: LIST_TRANSACTIONS_REQUEST,
  response: LIST_TRANSACTIONS_RESPONSE,
}
