// Made from definitions/26-end-txn.txt by tools/generate-kafka.ts; do not edit.
//
// Commits or aborts a transaction.
//
// v3: flexible. v4: TRANSACTION_ABORTABLE. v5: the epoch grows each time (KIP-890).

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface EndTxnRequest {
  /** Name of the transactional producer. */
  readonly transactionalId: string
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** True commits, false aborts. */
  readonly committed: boolean
}

/** EndTxnRequest to be written. */
export interface EndTxnRequestInit {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly committed: boolean
}

function readEndTxnRequest(r: FrameReader, v: number): EndTxnRequest {
  checkVersion('EndTxnRequest', v, 0, 5)
  r.flexible = v >= 3
  const transactionalId = r.string()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const committed = r.bool()
  r.skipTags()
  return { transactionalId, producerId, producerEpoch, committed }
}

function writeEndTxnRequest(w: FrameWriter, m: EndTxnRequestInit, v: number): void {
  checkVersion('EndTxnRequest', v, 0, 5)
  w.flexible = v >= 3
  w.string(m.transactionalId)
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  w.bool(m.committed)
  w.noTags()
}

const END_TXN_REQUEST: MessageCodec<EndTxnRequest, EndTxnRequestInit> = {
  name: 'EndTxnRequest',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readEndTxnRequest,
  write: writeEndTxnRequest,
}

export interface EndTxnResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Id of the producer. Version >= 5. */
  readonly producerId: number
  /** Epoch of the producer. Version >= 5. */
  readonly producerEpoch: number
}

/** EndTxnResponse to be written. */
export interface EndTxnResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly producerId?: number | undefined
  readonly producerEpoch?: number | undefined
}

function readEndTxnResponse(r: FrameReader, v: number): EndTxnResponse {
  checkVersion('EndTxnResponse', v, 0, 5)
  r.flexible = v >= 3
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const producerId = v >= 5 ? r.int64() : -1
  const producerEpoch = v >= 5 ? r.int16() : -1
  r.skipTags()
  return { throttleTimeMs, errorCode, producerId, producerEpoch }
}

function writeEndTxnResponse(w: FrameWriter, m: EndTxnResponseInit, v: number): void {
  checkVersion('EndTxnResponse', v, 0, 5)
  w.flexible = v >= 3
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  if (v >= 5) w.int64(m.producerId ?? -1)
  if (v >= 5) w.int16(m.producerEpoch ?? -1)
  w.noTags()
}

const END_TXN_RESPONSE: MessageCodec<EndTxnResponse, EndTxnResponseInit> = {
  name: 'EndTxnResponse',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readEndTxnResponse,
  write: writeEndTxnResponse,
}

export const END_TXN: Api<EndTxnRequest, EndTxnRequestInit, EndTxnResponse, EndTxnResponseInit> = {
  key: 26,
  name: 'EndTxn',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  request: END_TXN_REQUEST,
  response: END_TXN_RESPONSE,
}
