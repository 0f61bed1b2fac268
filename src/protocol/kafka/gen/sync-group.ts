// Made from definitions/14-sync-group.txt by tools/generate-kafka.ts; do not edit.
//
// Hands the assignment of the leader of a classic group to its members.
//
// v3: static members. v4: flexible. v5: protocol type and name.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface SyncGroupRequest {
  /** Id of the group. */
  readonly groupId: string
  /** Generation that the member is in; -1 outside a group. */
  readonly generationId: number
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 3. */
  readonly groupInstanceId: string | null
  /** What the group is for: consumer, connect, …. Version >= 5. */
  readonly protocolType: string | null
  /** Protocol that the members agreed on; null if none. Version >= 5. */
  readonly protocolName: string | null
  /** What each member gets; empty unless sent by the leader of the group. */
  readonly assignments: readonly SyncGroupRequestAssignment[]
}

/** SyncGroupRequest to be written. */
export interface SyncGroupRequestInit {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
  readonly protocolType?: string | null | undefined
  readonly protocolName?: string | null | undefined
  readonly assignments: readonly SyncGroupRequestAssignmentInit[]
}

function readSyncGroupRequest(r: FrameReader, v: number): SyncGroupRequest {
  checkVersion('SyncGroupRequest', v, 0, 5)
  r.flexible = v >= 4
  const groupId = r.string()
  const generationId = r.int32()
  const memberId = r.string()
  const groupInstanceId = v >= 3 ? r.nullableString() : null
  const protocolType = v >= 5 ? r.nullableString() : null
  const protocolName = v >= 5 ? r.nullableString() : null
  const assignments = new Array<SyncGroupRequestAssignment>(r.arrayCount(3, 48))
  for (let at = 0; at < assignments.length; at++)
    assignments[at] = readSyncGroupRequestAssignment(r)
  r.skipTags()
  return {
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    protocolType,
    protocolName,
    assignments,
  }
}

function writeSyncGroupRequest(w: FrameWriter, m: SyncGroupRequestInit, v: number): void {
  checkVersion('SyncGroupRequest', v, 0, 5)
  w.flexible = v >= 4
  w.string(m.groupId)
  w.int32(m.generationId)
  w.string(m.memberId)
  if (v >= 3) w.nullableString(m.groupInstanceId ?? null)
  else if ((m.groupInstanceId ?? null) !== null) refuse('SyncGroupRequest', 'groupInstanceId', v)
  if (v >= 5) w.nullableString(m.protocolType ?? null)
  if (v >= 5) w.nullableString(m.protocolName ?? null)
  w.arrayCount(m.assignments.length)
  for (const item of m.assignments) writeSyncGroupRequestAssignment(w, item)
  w.noTags()
}

function* readSyncGroupRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, SyncGroupRequest> {
  checkVersion('SyncGroupRequest', v, 0, 5)
  r.flexible = v >= 4
  const groupId = r.string()
  const generationId = r.int32()
  const memberId = r.string()
  const groupInstanceId = v >= 3 ? r.nullableString() : null
  const protocolType = v >= 5 ? r.nullableString() : null
  const protocolName = v >= 5 ? r.nullableString() : null
  const assignments = new Array<SyncGroupRequestAssignment>(r.arrayCount(3, 48))
  for (let at = 0; at < assignments.length; at++) {
    assignments[at] = readSyncGroupRequestAssignment(r)
    if (r.due()) yield
  }
  r.skipTags()
  return {
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    protocolType,
    protocolName,
    assignments,
  }
}

export interface SyncGroupRequestAssignment {
  /** Id of the member. */
  readonly memberId: string
  /** Its assignment, opaque to the broker. */
  readonly assignment: Buffer
}

/** SyncGroupRequestAssignment to be written. */
export interface SyncGroupRequestAssignmentInit {
  readonly memberId: string
  readonly assignment: Buffer
}

function readSyncGroupRequestAssignment(r: FrameReader): SyncGroupRequestAssignment {
  const memberId = r.string()
  const assignment = r.bytes()
  r.skipTags()
  return { memberId, assignment }
}

function writeSyncGroupRequestAssignment(w: FrameWriter, m: SyncGroupRequestAssignmentInit): void {
  w.string(m.memberId)
  w.bytes(m.assignment)
  w.noTags()
}

const SYNC_GROUP_REQUEST: MessageCodec<SyncGroupRequest, SyncGroupRequestInit> = {
  name: 'SyncGroupRequest',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readSyncGroupRequest,
  write: writeSyncGroupRequest,
  readInSteps: readSyncGroupRequestInSteps,
}

export interface SyncGroupResponse {
  /** How long the client should pause, for its quota. Version >= 1. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** What the group is for: consumer, connect, …. Version >= 5. */
  readonly protocolType: string | null
  /** Protocol that the members agreed on; null if none. Version >= 5. */
  readonly protocolName: string | null
  /** What the leader of the group gave this member, opaque to the broker. */
  readonly assignment: Buffer
}

/** SyncGroupResponse to be written. */
export interface SyncGroupResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly errorCode: number
  readonly protocolType?: string | null | undefined
  readonly protocolName?: string | null | undefined
  readonly assignment: Buffer
}

function readSyncGroupResponse(r: FrameReader, v: number): SyncGroupResponse {
  checkVersion('SyncGroupResponse', v, 0, 5)
  r.flexible = v >= 4
  const throttleTimeMs = v >= 1 ? r.int32() : 0
  const errorCode = r.int16()
  const protocolType = v >= 5 ? r.nullableString() : null
  const protocolName = v >= 5 ? r.nullableString() : null
  const assignment = r.bytes()
  r.skipTags()
  return { throttleTimeMs, errorCode, protocolType, protocolName, assignment }
}

function writeSyncGroupResponse(w: FrameWriter, m: SyncGroupResponseInit, v: number): void {
  checkVersion('SyncGroupResponse', v, 0, 5)
  w.flexible = v >= 4
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  if (v >= 5) w.nullableString(m.protocolType ?? null)
  if (v >= 5) w.nullableString(m.protocolName ?? null)
  w.bytes(m.assignment)
  w.noTags()
}

const SYNC_GROUP_RESPONSE: MessageCodec<SyncGroupResponse, SyncGroupResponseInit> = {
  name: 'SyncGroupResponse',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readSyncGroupResponse,
  write: writeSyncGroupResponse,
}

export const SYNC_GROUP: Api<
  SyncGroupRequest,
  SyncGroupRequestInit,
  SyncGroupResponse,
  SyncGroupResponseInit
> = {
  key: 14,
  name: 'SyncGroup',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  request: SYNC_GROUP_REQUEST,
  response: SYNC_GROUP_RESPONSE,
}
