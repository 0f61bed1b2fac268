// Made from definitions/10-find-coordinator.txt by tools/generate-kafka.ts; do not edit.
//
// Finds the broker that coordinates a group or a transactional id.
//
// v1: keyType. v3: flexible. v4: many keys a request. v5: TRANSACTION_ABORTABLE.
// v6: share groups.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface FindCoordinatorRequest {
  /** Group or transactional id. Version <= 3. */
  readonly key: string
  /** 0 group, 1 transaction, 2 share group. Version >= 1. */
  readonly keyType: number
  /** Groups or transactional ids to find the coordinators of. Version >= 4. */
  readonly coordinatorKeys: readonly string[]
}

/** FindCoordinatorRequest to be written. */
export interface FindCoordinatorRequestInit {
  readonly key?: string | undefined
  readonly keyType?: number | undefined
  readonly coordinatorKeys?: readonly string[] | undefined
}

function readFindCoordinatorRequest(r: FrameReader, v: number): FindCoordinatorRequest {
  checkVersion('FindCoordinatorRequest', v, 0, 6)
  r.flexible = v >= 3
  const key = v <= 3 ? r.string() : ''
  const keyType = v >= 1 ? r.int8() : 0
  let coordinatorKeys: readonly string[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) list[at] = r.string()
    coordinatorKeys = list
  }
  r.skipTags()
  return { key, keyType, coordinatorKeys }
}

function writeFindCoordinatorRequest(
  w: FrameWriter,
  m: FindCoordinatorRequestInit,
  v: number,
): void {
  checkVersion('FindCoordinatorRequest', v, 0, 6)
  w.flexible = v >= 3
  if (v <= 3) w.string(m.key ?? '')
  else if ((m.key ?? '') !== '') refuse('FindCoordinatorRequest', 'key', v)
  if (v >= 1) w.int8(m.keyType ?? 0)
  else if ((m.keyType ?? 0) !== 0) refuse('FindCoordinatorRequest', 'keyType', v)
  if (v >= 4) {
    {
      const coordinatorKeys = m.coordinatorKeys ?? NO_ITEMS
      w.arrayCount(coordinatorKeys.length)
      for (const item of coordinatorKeys) w.string(item)
    }
  } else if ((m.coordinatorKeys?.length ?? 0) !== 0)
    refuse('FindCoordinatorRequest', 'coordinatorKeys', v)
  w.noTags()
}

function* readFindCoordinatorRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, FindCoordinatorRequest> {
  checkVersion('FindCoordinatorRequest', v, 0, 6)
  r.flexible = v >= 3
  const key = v <= 3 ? r.string() : ''
  const keyType = v >= 1 ? r.int8() : 0
  let coordinatorKeys: readonly string[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) {
      list[at] = r.string()
      if (r.due()) yield
    }
    coordinatorKeys = list
  }
  r.skipTags()
  return { key, keyType, coordinatorKeys }
}

const FIND_COORDINATOR_REQUEST: MessageCodec<FindCoordinatorRequest, FindCoordinatorRequestInit> = {
  name: 'FindCoordinatorRequest',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
  read: readFindCoordinatorRequest,
  write: writeFindCoordinatorRequest,
  readInSteps: readFindCoordinatorRequestInSteps,
}

export interface FindCoordinatorResponse {
  /** How long the client should pause, for its quota. Version >= 1. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. Version <= 3. */
  readonly errorCode: number
  /** More about the error; null if there is none. Version >= 1 and <= 3. */
  readonly errorMessage: string | null
  /** Id of the broker. Version <= 3. */
  readonly nodeId: number
  /** Host name or address. Version <= 3. */
  readonly host: string
  /** Port. Version <= 3. */
  readonly port: number
  /** One answer a key. Version >= 4. */
  readonly coordinators: readonly Coordinator[]
}

/** FindCoordinatorResponse to be written. */
export interface FindCoordinatorResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly errorCode?: number | undefined
  readonly errorMessage?: string | null | undefined
  readonly nodeId?: number | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly coordinators?: readonly CoordinatorInit[] | undefined
}

function readFindCoordinatorResponse(r: FrameReader, v: number): FindCoordinatorResponse {
  checkVersion('FindCoordinatorResponse', v, 0, 6)
  r.flexible = v >= 3
  const throttleTimeMs = v >= 1 ? r.int32() : 0
  const errorCode = v <= 3 ? r.int16() : 0
  const errorMessage = v >= 1 && v <= 3 ? r.nullableString() : ''
  const nodeId = v <= 3 ? r.int32() : 0
  const host = v <= 3 ? r.string() : ''
  const port = v <= 3 ? r.int32() : 0
  let coordinators: readonly Coordinator[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<Coordinator>(r.arrayCount(14, 80))
    for (let at = 0; at < list.length; at++) list[at] = readCoordinator(r)
    coordinators = list
  }
  r.skipTags()
  return { throttleTimeMs, errorCode, errorMessage, nodeId, host, port, coordinators }
}

function writeFindCoordinatorResponse(
  w: FrameWriter,
  m: FindCoordinatorResponseInit,
  v: number,
): void {
  checkVersion('FindCoordinatorResponse', v, 0, 6)
  w.flexible = v >= 3
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  if (v <= 3) w.int16(m.errorCode ?? 0)
  else if ((m.errorCode ?? 0) !== 0) refuse('FindCoordinatorResponse', 'errorCode', v)
  if (v >= 1 && v <= 3) w.nullableString(m.errorMessage === undefined ? '' : m.errorMessage)
  if (v <= 3) w.int32(m.nodeId ?? 0)
  else if ((m.nodeId ?? 0) !== 0) refuse('FindCoordinatorResponse', 'nodeId', v)
  if (v <= 3) w.string(m.host ?? '')
  else if ((m.host ?? '') !== '') refuse('FindCoordinatorResponse', 'host', v)
  if (v <= 3) w.int32(m.port ?? 0)
  else if ((m.port ?? 0) !== 0) refuse('FindCoordinatorResponse', 'port', v)
  if (v >= 4) {
    {
      const coordinators = m.coordinators ?? NO_ITEMS
      w.arrayCount(coordinators.length)
      for (const item of coordinators) writeCoordinator(w, item)
    }
  } else if ((m.coordinators?.length ?? 0) !== 0)
    refuse('FindCoordinatorResponse', 'coordinators', v)
  w.noTags()
}

function* writeFindCoordinatorResponseInSteps(
  w: FrameWriter,
  m: FindCoordinatorResponseInit,
  v: number,
): Generator<void> {
  checkVersion('FindCoordinatorResponse', v, 0, 6)
  w.flexible = v >= 3
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  if (v <= 3) w.int16(m.errorCode ?? 0)
  else if ((m.errorCode ?? 0) !== 0) refuse('FindCoordinatorResponse', 'errorCode', v)
  if (v >= 1 && v <= 3) w.nullableString(m.errorMessage === undefined ? '' : m.errorMessage)
  if (v <= 3) w.int32(m.nodeId ?? 0)
  else if ((m.nodeId ?? 0) !== 0) refuse('FindCoordinatorResponse', 'nodeId', v)
  if (v <= 3) w.string(m.host ?? '')
  else if ((m.host ?? '') !== '') refuse('FindCoordinatorResponse', 'host', v)
  if (v <= 3) w.int32(m.port ?? 0)
  else if ((m.port ?? 0) !== 0) refuse('FindCoordinatorResponse', 'port', v)
  if (v >= 4) {
    {
      const coordinators = m.coordinators ?? NO_ITEMS
      w.arrayCount(coordinators.length)
      for (const item of coordinators) {
        writeCoordinator(w, item)
        if (w.due()) yield
      }
    }
  } else if ((m.coordinators?.length ?? 0) !== 0)
    refuse('FindCoordinatorResponse', 'coordinators', v)
  w.noTags()
}

export interface Coordinator {
  /** Group or transactional id. */
  readonly key: string
  /** Id of the broker. */
  readonly nodeId: number
  /** Host name or address. */
  readonly host: string
  /** Port. */
  readonly port: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
}

/** Coordinator to be written. */
export interface CoordinatorInit {
  readonly key: string
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

function readCoordinator(r: FrameReader): Coordinator {
  const key = r.string()
  const nodeId = r.int32()
  const host = r.string()
  const port = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  r.skipTags()
  return { key, nodeId, host, port, errorCode, errorMessage }
}

function writeCoordinator(w: FrameWriter, m: CoordinatorInit): void {
  w.string(m.key)
  w.int32(m.nodeId)
  w.string(m.host)
  w.int32(m.port)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.noTags()
}

const FIND_COORDINATOR_RESPONSE: MessageCodec<
  FindCoordinatorResponse,
  FindCoordinatorResponseInit
> = {
  name: 'FindCoordinatorResponse',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
  read: readFindCoordinatorResponse,
  write: writeFindCoordinatorResponse,
  writeInSteps: writeFindCoordinatorResponseInSteps,
}

export const FIND_COORDINATOR: Api<
  FindCoordinatorRequest,
  FindCoordinatorRequestInit,
  FindCoordinatorResponse,
  FindCoordinatorResponseInit
> = {
  key: 10,
  name: 'FindCoordinator',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
  request: FIND_COORDINATOR_REQUEST,
  response: FIND_COORDINATOR_RESPONSE,
}
