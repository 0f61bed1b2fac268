// Made from definitions/12-heartbeat.txt by tools/generate-kafka.ts; do not edit.
//
// Keeps a member of a classic group alive.
//
// v3: static members. v4: flexible.

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface HeartbeatRequest {
  /** Id of the group. */
  readonly groupId: string
  /** Generation that the member is in; -1 outside a group. */
  readonly generationId: number
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 3. */
  readonly groupInstanceId: string | null
}

/** HeartbeatRequest to be written. */
export interface HeartbeatRequestInit {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
}

function readHeartbeatRequest(r: FrameReader, v: number): HeartbeatRequest {
  checkVersion('HeartbeatRequest', v, 0, 4)
  r.flexible = v >= 4
  const groupId = r.string()
  const generationId = r.int32()
  const memberId = r.string()
  const groupInstanceId = v >= 3 ? r.nullableString() : null
  r.skipTags()
  return { groupId, generationId, memberId, groupInstanceId }
}

function writeHeartbeatRequest(w: FrameWriter, m: HeartbeatRequestInit, v: number): void {
  checkVersion('HeartbeatRequest', v, 0, 4)
  w.flexible = v >= 4
  w.string(m.groupId)
  w.int32(m.generationId)
  w.string(m.memberId)
  if (v >= 3) w.nullableString(m.groupInstanceId ?? null)
  else if ((m.groupInstanceId ?? null) !== null) refuse('HeartbeatRequest', 'groupInstanceId', v)
  w.noTags()
}

const HEARTBEAT_REQUEST: MessageCodec<HeartbeatRequest, HeartbeatRequestInit> = {
  name: 'HeartbeatRequest',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readHeartbeatRequest,
  write: writeHeartbeatRequest,
}

export interface HeartbeatResponse {
  /** How long the client should pause, for its quota. Version >= 1. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** HeartbeatResponse to be written. */
export interface HeartbeatResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly errorCode: number
}

function readHeartbeatResponse(r: FrameReader, v: number): HeartbeatResponse {
  checkVersion('HeartbeatResponse', v, 0, 4)
  r.flexible = v >= 4
  const throttleTimeMs = v >= 1 ? r.int32() : 0
  const errorCode = r.int16()
  r.skipTags()
  return { throttleTimeMs, errorCode }
}

function writeHeartbeatResponse(w: FrameWriter, m: HeartbeatResponseInit, v: number): void {
  checkVersion('HeartbeatResponse', v, 0, 4)
  w.flexible = v >= 4
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  w.noTags()
}

const HEARTBEAT_RESPONSE: MessageCodec<HeartbeatResponse, HeartbeatResponseInit> = {
  name: 'HeartbeatResponse',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readHeartbeatResponse,
  write: writeHeartbeatResponse,
}

export const HEARTBEAT: Api<
  HeartbeatRequest,
  HeartbeatRequestInit,
  HeartbeatResponse,
  HeartbeatResponseInit
> = {
  key: 12,
  name: 'Heartbeat',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  request: HEARTBEAT_REQUEST,
  response: HEARTBEAT_RESPONSE,
}
