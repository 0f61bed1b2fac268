// Made from definitions/25-add-offsets-to-txn.txt by tools/generate-kafka.ts; do not edit.
//
// Adds the offsets of a group to a transaction.
//
// v3: flexible. v4: TRANSACTION_ABORTABLE.

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface AddOffsetsToTxnRequest {
  /** Name of the transactional producer. */
  readonly transactionalId: string
  /** Id of the producer. */
  readonly producerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** Id of the group. */
  readonly groupId: string
}

/** AddOffsetsToTxnRequest to be written. */
export interface AddOffsetsToTxnRequestInit {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly groupId: string
}

function readAddOffsetsToTxnRequest(r: FrameReader, v: number): AddOffsetsToTxnRequest {
  checkVersion('AddOffsetsToTxnRequest', v, 0, 4)
  r.flexible = v >= 3
  const transactionalId = r.string()
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const groupId = r.string()
  r.skipTags()
  return { transactionalId, producerId, producerEpoch, groupId }
}

function writeAddOffsetsToTxnRequest(
  w: FrameWriter,
  m: AddOffsetsToTxnRequestInit,
  v: number,
): void {
  checkVersion('AddOffsetsToTxnRequest', v, 0, 4)
  w.flexible = v >= 3
  w.string(m.transactionalId)
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  w.string(m.groupId)
  w.noTags()
}

const ADD_OFFSETS_TO_TXN_REQUEST: MessageCodec<AddOffsetsToTxnRequest, AddOffsetsToTxnRequestInit> =
  {
    name: 'AddOffsetsToTxnRequest',
    minVersion: 0,
    maxVersion: 4,
    flexibleFrom: 3,
    read: readAddOffsetsToTxnRequest,
    write: writeAddOffsetsToTxnRequest,
  }

export interface AddOffsetsToTxnResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** AddOffsetsToTxnResponse to be written. */
export interface AddOffsetsToTxnResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
}

function readAddOffsetsToTxnResponse(r: FrameReader, v: number): AddOffsetsToTxnResponse {
  checkVersion('AddOffsetsToTxnResponse', v, 0, 4)
  r.flexible = v >= 3
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  r.skipTags()
  return { throttleTimeMs, errorCode }
}

function writeAddOffsetsToTxnResponse(
  w: FrameWriter,
  m: AddOffsetsToTxnResponseInit,
  v: number,
): void {
  checkVersion('AddOffsetsToTxnResponse', v, 0, 4)
  w.flexible = v >= 3
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.noTags()
}

const ADD_OFFSETS_TO_TXN_RESPONSE: MessageCodec<
  AddOffsetsToTxnResponse,
  AddOffsetsToTxnResponseInit
> = {
  name: 'AddOffsetsToTxnResponse',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 3,
  read: readAddOffsetsToTxnResponse,
  write: writeAddOffsetsToTxnResponse,
}

export const ADD_OFFSETS_TO_TXN: Api<
  AddOffsetsToTxnRequest,
  AddOffsetsToTxnRequestInit,
  AddOffsetsToTxnResponse,
  AddOffsetsToTxnResponseInit
> = {
  key: 25,
  name: 'AddOffsetsToTxn',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 3,
  request: ADD_OFFSETS_TO_TXN_REQUEST,
  response: ADD_OFFSETS_TO_TXN_RESPONSE,
}
