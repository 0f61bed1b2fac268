// Made from definitions/22-init-producer-id.txt by tools/generate-kafka.ts; do not edit.
//
// Gives a producer its id and epoch.
//
// v2: flexible. v3: producers that go on with an id. v4: PRODUCER_FENCED.
// v5: TRANSACTION_ABORTABLE. v6: two-phase commit (KIP-939), not stable yet.

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface InitProducerIdRequest {
  /** Name of the transactional producer; null for an idempotent one. */
  readonly transactionalId: string | null
  /** How long a transaction may stay open. */
  readonly transactionTimeoutMs: number
  /** Id that the producer has; -1 for a new one. Version >= 3. */
  readonly producerId: number
  /** Epoch that the producer has; -1 for a new one. Version >= 3. */
  readonly producerEpoch: number
  /** Whether the transactions take part in a two-phase commit of another system. Version >= 6. */
  readonly enable2Pc: boolean
  /** Whether a prepared transaction stays open. Version >= 6. */
  readonly keepPreparedTxn: boolean
}

/** InitProducerIdRequest to be written. */
export interface InitProducerIdRequestInit {
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
  readonly producerId?: number | undefined
  readonly producerEpoch?: number | undefined
  readonly enable2Pc?: boolean | undefined
  readonly keepPreparedTxn?: boolean | undefined
}

function readInitProducerIdRequest(r: FrameReader, v: number): InitProducerIdRequest {
  checkVersion('InitProducerIdRequest', v, 0, 6)
  r.flexible = v >= 2
  const transactionalId = r.nullableString()
  const transactionTimeoutMs = r.int32()
  const producerId = v >= 3 ? r.int64() : -1
  const producerEpoch = v >= 3 ? r.int16() : -1
  const enable2Pc = v >= 6 ? r.bool() : false
  const keepPreparedTxn = v >= 6 ? r.bool() : false
  r.skipTags()
  return {
    transactionalId,
    transactionTimeoutMs,
    producerId,
    producerEpoch,
    enable2Pc,
    keepPreparedTxn,
  }
}

function writeInitProducerIdRequest(w: FrameWriter, m: InitProducerIdRequestInit, v: number): void {
  checkVersion('InitProducerIdRequest', v, 0, 6)
  w.flexible = v >= 2
  w.nullableString(m.transactionalId)
  w.int32(m.transactionTimeoutMs)
  if (v >= 3) w.int64(m.producerId ?? -1)
  else if ((m.producerId ?? -1) !== -1) refuse('InitProducerIdRequest', 'producerId', v)
  if (v >= 3) w.int16(m.producerEpoch ?? -1)
  else if ((m.producerEpoch ?? -1) !== -1) refuse('InitProducerIdRequest', 'producerEpoch', v)
  if (v >= 6) w.bool(m.enable2Pc ?? false)
  else if ((m.enable2Pc ?? false) !== false) refuse('InitProducerIdRequest', 'enable2Pc', v)
  if (v >= 6) w.bool(m.keepPreparedTxn ?? false)
  else if ((m.keepPreparedTxn ?? false) !== false)
    refuse('InitProducerIdRequest', 'keepPreparedTxn', v)
  w.noTags()
}

const INIT_PRODUCER_ID_REQUEST: MessageCodec<InitProducerIdRequest, InitProducerIdRequestInit> = {
  name: 'InitProducerIdRequest',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 2,
  read: readInitProducerIdRequest,
  write: writeInitProducerIdRequest,
}

export interface InitProducerIdResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** Producer id of the transaction that is open; -1 if none. Version >= 6. */
  readonly ongoingTxnProducerId: number
  /** Epoch of the transaction that is open; -1 if none. Version >= 6. */
  readonly ongoingTxnProducerEpoch: number
}

/** InitProducerIdResponse to be written. */
export interface InitProducerIdResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly producerId?: number | undefined
  readonly producerEpoch: number
  readonly ongoingTxnProducerId?: number | undefined
  readonly ongoingTxnProducerEpoch?: number | undefined
}

function readInitProducerIdResponse(r: FrameReader, v: number): InitProducerIdResponse {
  checkVersion('InitProducerIdResponse', v, 0, 6)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const ongoingTxnProducerId = v >= 6 ? r.int64() : -1
  const ongoingTxnProducerEpoch = v >= 6 ? r.int16() : -1
  r.skipTags()
  return {
    throttleTimeMs,
    errorCode,
    producerId,
    producerEpoch,
    ongoingTxnProducerId,
    ongoingTxnProducerEpoch,
  }
}

function writeInitProducerIdResponse(
  w: FrameWriter,
  m: InitProducerIdResponseInit,
  v: number,
): void {
  checkVersion('InitProducerIdResponse', v, 0, 6)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.int64(m.producerId ?? -1)
  w.int16(m.producerEpoch)
  if (v >= 6) w.int64(m.ongoingTxnProducerId ?? -1)
  else if ((m.ongoingTxnProducerId ?? -1) !== -1)
    refuse('InitProducerIdResponse', 'ongoingTxnProducerId', v)
  if (v >= 6) w.int16(m.ongoingTxnProducerEpoch ?? -1)
  else if ((m.ongoingTxnProducerEpoch ?? -1) !== -1)
    refuse('InitProducerIdResponse', 'ongoingTxnProducerEpoch', v)
  w.noTags()
}

const INIT_PRODUCER_ID_RESPONSE: MessageCodec<InitProducerIdResponse, InitProducerIdResponseInit> =
  {
    name: 'InitProducerIdResponse',
    minVersion: 0,
    maxVersion: 6,
    flexibleFrom: 2,
    read: readInitProducerIdResponse,
    write: writeInitProducerIdResponse,
  }

export const INIT_PRODUCER_ID: Api<
  InitProducerIdRequest,
  InitProducerIdRequestInit,
  InitProducerIdResponse,
  InitProducerIdResponseInit
> = {
  key: 22,
  name: 'InitProducerId',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 2,
  request: INIT_PRODUCER_ID_REQUEST,
  response: INIT_PRODUCER_ID_RESPONSE,
}
