// Made from definitions/13-leave-group.txt by tools/generate-kafka.ts; do not edit.
//
// Leaves a classic group.
//
// v3: many members a request. v4: flexible. v5: reasons.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface LeaveGroupRequest {
  /** Id of the group. */
  readonly groupId: string
  /** Id of the member. Version <= 2. */
  readonly memberId: string
  /** Who leaves. Version >= 3. */
  readonly members: readonly MemberIdentity[]
}

/** LeaveGroupRequest to be written. */
export interface LeaveGroupRequestInit {
  readonly groupId: string
  readonly memberId?: string | undefined
  readonly members?: readonly MemberIdentityInit[] | undefined
}

function readLeaveGroupRequest(r: FrameReader, v: number): LeaveGroupRequest {
  checkVersion('LeaveGroupRequest', v, 0, 5)
  r.flexible = v >= 4
  const groupId = r.string()
  const memberId = v <= 2 ? r.string() : ''
  let members: readonly MemberIdentity[] = NO_ITEMS
  if (v >= 3) {
    const list = new Array<MemberIdentity>(r.arrayCount(3, 56))
    for (let at = 0; at < list.length; at++) list[at] = readMemberIdentity(r, v)
    members = list
  }
  r.skipTags()
  return { groupId, memberId, members }
}

function writeLeaveGroupRequest(w: FrameWriter, m: LeaveGroupRequestInit, v: number): void {
  checkVersion('LeaveGroupRequest', v, 0, 5)
  w.flexible = v >= 4
  w.string(m.groupId)
  if (v <= 2) w.string(m.memberId ?? '')
  else if ((m.memberId ?? '') !== '') refuse('LeaveGroupRequest', 'memberId', v)
  if (v >= 3) {
    {
      const members = m.members ?? NO_ITEMS
      w.arrayCount(members.length)
      for (const item of members) writeMemberIdentity(w, item, v)
    }
  } else if ((m.members?.length ?? 0) !== 0) refuse('LeaveGroupRequest', 'members', v)
  w.noTags()
}

function* readLeaveGroupRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, LeaveGroupRequest> {
  checkVersion('LeaveGroupRequest', v, 0, 5)
  r.flexible = v >= 4
  const groupId = r.string()
  const memberId = v <= 2 ? r.string() : ''
  let members: readonly MemberIdentity[] = NO_ITEMS
  if (v >= 3) {
    const list = new Array<MemberIdentity>(r.arrayCount(3, 56))
    for (let at = 0; at < list.length; at++) {
      list[at] = readMemberIdentity(r, v)
      if (r.due()) yield
    }
    members = list
  }
  r.skipTags()
  return { groupId, memberId, members }
}

export interface MemberIdentity {
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. */
  readonly groupInstanceId: string | null
  /** Why, for the log of the broker. Version >= 5. */
  readonly reason: string | null
}

/** MemberIdentity to be written. */
export interface MemberIdentityInit {
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
  readonly reason?: string | null | undefined
}

function readMemberIdentity(r: FrameReader, v: number): MemberIdentity {
  const memberId = r.string()
  const groupInstanceId = r.nullableString()
  const reason = v >= 5 ? r.nullableString() : null
  r.skipTags()
  return { memberId, groupInstanceId, reason }
}

function writeMemberIdentity(w: FrameWriter, m: MemberIdentityInit, v: number): void {
  w.string(m.memberId)
  w.nullableString(m.groupInstanceId ?? null)
  if (v >= 5) w.nullableString(m.reason ?? null)
  w.noTags()
}

const LEAVE_GROUP_REQUEST: MessageCodec<LeaveGroupRequest, LeaveGroupRequestInit> = {
  name: 'LeaveGroupRequest',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readLeaveGroupRequest,
  write: writeLeaveGroupRequest,
  readInSteps: readLeaveGroupRequestInSteps,
}

export interface LeaveGroupResponse {
  /** How long the client should pause, for its quota. Version >= 1. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** One answer a member. Version >= 3. */
  readonly members: readonly MemberResponse[]
}

/** LeaveGroupResponse to be written. */
export interface LeaveGroupResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly errorCode: number
  readonly members?: readonly MemberResponseInit[] | undefined
}

function readLeaveGroupResponse(r: FrameReader, v: number): LeaveGroupResponse {
  checkVersion('LeaveGroupResponse', v, 0, 5)
  r.flexible = v >= 4
  const throttleTimeMs = v >= 1 ? r.int32() : 0
  const errorCode = r.int16()
  let members: readonly MemberResponse[] = NO_ITEMS
  if (v >= 3) {
    const list = new Array<MemberResponse>(r.arrayCount(5, 56))
    for (let at = 0; at < list.length; at++) list[at] = readMemberResponse(r)
    members = list
  }
  r.skipTags()
  return { throttleTimeMs, errorCode, members }
}

function writeLeaveGroupResponse(w: FrameWriter, m: LeaveGroupResponseInit, v: number): void {
  checkVersion('LeaveGroupResponse', v, 0, 5)
  w.flexible = v >= 4
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  if (v >= 3) {
    {
      const members = m.members ?? NO_ITEMS
      w.arrayCount(members.length)
      for (const item of members) writeMemberResponse(w, item)
    }
  } else if ((m.members?.length ?? 0) !== 0) refuse('LeaveGroupResponse', 'members', v)
  w.noTags()
}

function* writeLeaveGroupResponseInSteps(
  w: FrameWriter,
  m: LeaveGroupResponseInit,
  v: number,
): Generator<void> {
  checkVersion('LeaveGroupResponse', v, 0, 5)
  w.flexible = v >= 4
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  if (v >= 3) {
    {
      const members = m.members ?? NO_ITEMS
      w.arrayCount(members.length)
      for (const item of members) {
        writeMemberResponse(w, item)
        if (w.due()) yield
      }
    }
  } else if ((m.members?.length ?? 0) !== 0) refuse('LeaveGroupResponse', 'members', v)
  w.noTags()
}

export interface MemberResponse {
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. */
  readonly groupInstanceId: string | null
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** MemberResponse to be written. */
export interface MemberResponseInit {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly errorCode: number
}

function readMemberResponse(r: FrameReader): MemberResponse {
  const memberId = r.string()
  const groupInstanceId = r.nullableString()
  const errorCode = r.int16()
  r.skipTags()
  return { memberId, groupInstanceId, errorCode }
}

function writeMemberResponse(w: FrameWriter, m: MemberResponseInit): void {
  w.string(m.memberId)
  w.nullableString(m.groupInstanceId)
  w.int16(m.errorCode)
  w.noTags()
}

const LEAVE_GROUP_RESPONSE: MessageCodec<LeaveGroupResponse, LeaveGroupResponseInit> = {
  name: 'LeaveGroupResponse',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readLeaveGroupResponse,
  write: writeLeaveGroupResponse,
  writeInSteps: writeLeaveGroupResponseInSteps,
}

export const LEAVE_GROUP: Api<
  LeaveGroupRequest,
  LeaveGroupRequestInit,
  LeaveGroupResponse,
  LeaveGroupResponseInit
> = {
  key: 13,
  name: 'LeaveGroup',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  request: LEAVE_GROUP_REQUEST,
  response: LEAVE_GROUP_RESPONSE,
}
