// Made from definitions/11-join-group.txt by tools/generate-kafka.ts; do not edit.
//
// Joins a group of the classic protocol, and waits for its next generation.
//
// v1: rebalanceTimeoutMs. v4: MEMBER_ID_REQUIRED on the first join. v5: static members.
// v6: flexible. v7: protocol type in the answer. v8: reason. v9: skipAssignment.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface JoinGroupRequest {
  /** Id of the group. */
  readonly groupId: string
  /** How long the member may be silent. */
  readonly sessionTimeoutMs: number
  /** Longest that a rebalance waits for the member. Version >= 1. */
  readonly rebalanceTimeoutMs: number
  /** Id of the member; empty on the first join. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 5. */
  readonly groupInstanceId: string | null
  /** What the group is for: consumer, connect, …. */
  readonly protocolType: string
  /** Protocols that the member speaks, best first. */
  readonly protocols: readonly JoinGroupRequestProtocol[]
  /** Why, for the log of the broker. Version >= 8. */
  readonly reason: string | null
}

/** JoinGroupRequest to be written. */
export interface JoinGroupRequestInit {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs?: number | undefined
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
  readonly protocolType: string
  readonly protocols: readonly JoinGroupRequestProtocolInit[]
  readonly reason?: string | null | undefined
}

function readJoinGroupRequest(r: FrameReader, v: number): JoinGroupRequest {
  checkVersion('JoinGroupRequest', v, 0, 9)
  r.flexible = v >= 6
  const groupId = r.string()
  const sessionTimeoutMs = r.int32()
  const rebalanceTimeoutMs = v >= 1 ? r.int32() : -1
  const memberId = r.string()
  const groupInstanceId = v >= 5 ? r.nullableString() : null
  const protocolType = r.string()
  const protocols = new Array<JoinGroupRequestProtocol>(r.arrayCount(3, 48))
  for (let at = 0; at < protocols.length; at++) protocols[at] = readJoinGroupRequestProtocol(r)
  const reason = v >= 8 ? r.nullableString() : null
  r.skipTags()
  return {
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    memberId,
    groupInstanceId,
    protocolType,
    protocols,
    reason,
  }
}

function writeJoinGroupRequest(w: FrameWriter, m: JoinGroupRequestInit, v: number): void {
  checkVersion('JoinGroupRequest', v, 0, 9)
  w.flexible = v >= 6
  w.string(m.groupId)
  w.int32(m.sessionTimeoutMs)
  if (v >= 1) w.int32(m.rebalanceTimeoutMs ?? -1)
  w.string(m.memberId)
  if (v >= 5) w.nullableString(m.groupInstanceId ?? null)
  else if ((m.groupInstanceId ?? null) !== null) refuse('JoinGroupRequest', 'groupInstanceId', v)
  w.string(m.protocolType)
  w.arrayCount(m.protocols.length)
  for (const item of m.protocols) writeJoinGroupRequestProtocol(w, item)
  if (v >= 8) w.nullableString(m.reason ?? null)
  w.noTags()
}

function* readJoinGroupRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, JoinGroupRequest> {
  checkVersion('JoinGroupRequest', v, 0, 9)
  r.flexible = v >= 6
  const groupId = r.string()
  const sessionTimeoutMs = r.int32()
  const rebalanceTimeoutMs = v >= 1 ? r.int32() : -1
  const memberId = r.string()
  const groupInstanceId = v >= 5 ? r.nullableString() : null
  const protocolType = r.string()
  const protocols = new Array<JoinGroupRequestProtocol>(r.arrayCount(3, 48))
  for (let at = 0; at < protocols.length; at++) {
    protocols[at] = readJoinGroupRequestProtocol(r)
    if (r.due()) yield
  }
  const reason = v >= 8 ? r.nullableString() : null
  r.skipTags()
  return {
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    memberId,
    groupInstanceId,
    protocolType,
    protocols,
    reason,
  }
}

export interface JoinGroupRequestProtocol {
  /** Name of the protocol. */
  readonly name: string
  /** Subscription of the member, opaque to the broker. */
  readonly metadata: Buffer
}

/** JoinGroupRequestProtocol to be written. */
export interface JoinGroupRequestProtocolInit {
  readonly name: string
  readonly metadata: Buffer
}

function readJoinGroupRequestProtocol(r: FrameReader): JoinGroupRequestProtocol {
  const name = r.string()
  const metadata = r.bytes()
  r.skipTags()
  return { name, metadata }
}

function writeJoinGroupRequestProtocol(w: FrameWriter, m: JoinGroupRequestProtocolInit): void {
  w.string(m.name)
  w.bytes(m.metadata)
  w.noTags()
}

const JOIN_GROUP_REQUEST: MessageCodec<JoinGroupRequest, JoinGroupRequestInit> = {
  name: 'JoinGroupRequest',
  minVersion: 0,
  maxVersion: 9,
  flexibleFrom: 6,
  read: readJoinGroupRequest,
  write: writeJoinGroupRequest,
  readInSteps: readJoinGroupRequestInSteps,
}

export interface JoinGroupResponse {
  /** How long the client should pause, for its quota. Version >= 2. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Generation that the member is in; -1 outside a group. */
  readonly generationId: number
  /** What the group is for: consumer, connect, …. Version >= 7. */
  readonly protocolType: string | null
  /** Protocol that the members agreed on; null if none. */
  readonly protocolName: string | null
  /** Member id of the leader of the group. */
  readonly leader: string
  /** Whether the leader keeps the assignment as it is. Version >= 9. */
  readonly skipAssignment: boolean
  /** Id of the member. */
  readonly memberId: string
  /** All members; empty unless sent to the leader of the group. */
  readonly members: readonly JoinGroupResponseMember[]
}

/** JoinGroupResponse to be written. */
export interface JoinGroupResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly errorCode: number
  readonly generationId?: number | undefined
  readonly protocolType?: string | null | undefined
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment?: boolean | undefined
  readonly memberId: string
  readonly members: readonly JoinGroupResponseMemberInit[]
}

function readJoinGroupResponse(r: FrameReader, v: number): JoinGroupResponse {
  checkVersion('JoinGroupResponse', v, 0, 9)
  r.flexible = v >= 6
  const throttleTimeMs = v >= 2 ? r.int32() : 0
  const errorCode = r.int16()
  const generationId = r.int32()
  const protocolType = v >= 7 ? r.nullableString() : null
  const protocolName = v >= 7 ? r.nullableString() : r.string()
  const leader = r.string()
  const skipAssignment = v >= 9 ? r.bool() : false
  const memberId = r.string()
  const members = new Array<JoinGroupResponseMember>(r.arrayCount(4, 56))
  for (let at = 0; at < members.length; at++) members[at] = readJoinGroupResponseMember(r, v)
  r.skipTags()
  return {
    throttleTimeMs,
    errorCode,
    generationId,
    protocolType,
    protocolName,
    leader,
    skipAssignment,
    memberId,
    members,
  }
}

function writeJoinGroupResponse(w: FrameWriter, m: JoinGroupResponseInit, v: number): void {
  checkVersion('JoinGroupResponse', v, 0, 9)
  w.flexible = v >= 6
  if (v >= 2) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  w.int32(m.generationId ?? -1)
  if (v >= 7) w.nullableString(m.protocolType ?? null)
  if (v >= 7) w.nullableString(m.protocolName)
  else w.string(m.protocolName ?? refuse('JoinGroupResponse', 'protocolName', v))
  w.string(m.leader)
  if (v >= 9) w.bool(m.skipAssignment ?? false)
  else if ((m.skipAssignment ?? false) !== false) refuse('JoinGroupResponse', 'skipAssignment', v)
  w.string(m.memberId)
  w.arrayCount(m.members.length)
  for (const item of m.members) writeJoinGroupResponseMember(w, item, v)
  w.noTags()
}

function* writeJoinGroupResponseInSteps(
  w: FrameWriter,
  m: JoinGroupResponseInit,
  v: number,
): Generator<void> {
  checkVersion('JoinGroupResponse', v, 0, 9)
  w.flexible = v >= 6
  if (v >= 2) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  w.int32(m.generationId ?? -1)
  if (v >= 7) w.nullableString(m.protocolType ?? null)
  if (v >= 7) w.nullableString(m.protocolName)
  else w.string(m.protocolName ?? refuse('JoinGroupResponse', 'protocolName', v))
  w.string(m.leader)
  if (v >= 9) w.bool(m.skipAssignment ?? false)
  else if ((m.skipAssignment ?? false) !== false) refuse('JoinGroupResponse', 'skipAssignment', v)
  w.string(m.memberId)
  w.arrayCount(m.members.length)
  for (const item of m.members) {
    writeJoinGroupResponseMember(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface JoinGroupResponseMember {
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 5. */
  readonly groupInstanceId: string | null
  /** Its subscription for the chosen protocol. */
  readonly metadata: Buffer
}

/** JoinGroupResponseMember to be written. */
export interface JoinGroupResponseMemberInit {
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
  readonly metadata: Buffer
}

function readJoinGroupResponseMember(r: FrameReader, v: number): JoinGroupResponseMember {
  const memberId = r.string()
  const groupInstanceId = v >= 5 ? r.nullableString() : null
  const metadata = r.bytes()
  r.skipTags()
  return { memberId, groupInstanceId, metadata }
}

function writeJoinGroupResponseMember(
  w: FrameWriter,
  m: JoinGroupResponseMemberInit,
  v: number,
): void {
  w.string(m.memberId)
  if (v >= 5) w.nullableString(m.groupInstanceId ?? null)
  w.bytes(m.metadata)
  w.noTags()
}

const JOIN_GROUP_RESPONSE: MessageCodec<JoinGroupResponse, JoinGroupResponseInit> = {
  name: 'JoinGroupResponse',
  minVersion: 0,
  maxVersion: 9,
  flexibleFrom: 6,
  read: readJoinGroupResponse,
  write: writeJoinGroupResponse,
  writeInSteps: writeJoinGroupResponseInSteps,
}

export const JOIN_GROUP: Api<
  JoinGroupRequest,
  JoinGroupRequestInit,
  JoinGroupResponse,
  JoinGroupResponseInit
> = {
  key: 11,
  name: 'JoinGroup',
  minVersion: 0,
  maxVersion: 9,
  flexibleFrom: 6,
  request: JOIN_GROUP_REQUEST,
  response: JOIN_GROUP_RESPONSE,
}
