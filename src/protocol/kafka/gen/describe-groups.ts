// Made from definitions/15-describe-groups.txt by tools/generate-kafka.ts; do not edit.
//
// Describes groups of the classic protocol.
//
// v3: authorized operations. v4: static members. v5: flexible.
// v6: GROUP_ID_NOT_FOUND and error messages.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface DescribeGroupsRequest {
  /** One for each group. */
  readonly groups: readonly string[]
  /** Whether to say what the caller may do with each group. Version >= 3. */
  readonly includeAuthorizedOperations: boolean
}

/** DescribeGroupsRequest to be written. */
export interface DescribeGroupsRequestInit {
  readonly groups: readonly string[]
  readonly includeAuthorizedOperations?: boolean | undefined
}

function readDescribeGroupsRequest(r: FrameReader, v: number): DescribeGroupsRequest {
  checkVersion('DescribeGroupsRequest', v, 0, 6)
  r.flexible = v >= 5
  const groups = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < groups.length; at++) groups[at] = r.string()
  const includeAuthorizedOperations = v >= 3 ? r.bool() : false
  r.skipTags()
  return { groups, includeAuthorizedOperations }
}

function writeDescribeGroupsRequest(w: FrameWriter, m: DescribeGroupsRequestInit, v: number): void {
  checkVersion('DescribeGroupsRequest', v, 0, 6)
  w.flexible = v >= 5
  w.arrayCount(m.groups.length)
  for (const item of m.groups) w.string(item)
  if (v >= 3) w.bool(m.includeAuthorizedOperations ?? false)
  else if ((m.includeAuthorizedOperations ?? false) !== false)
    refuse('DescribeGroupsRequest', 'includeAuthorizedOperations', v)
  w.noTags()
}

function* readDescribeGroupsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeGroupsRequest> {
  checkVersion('DescribeGroupsRequest', v, 0, 6)
  r.flexible = v >= 5
  const groups = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < groups.length; at++) {
    groups[at] = r.string()
    if (r.due()) yield
  }
  const includeAuthorizedOperations = v >= 3 ? r.bool() : false
  r.skipTags()
  return { groups, includeAuthorizedOperations }
}

const DESCRIBE_GROUPS_REQUEST: MessageCodec<DescribeGroupsRequest, DescribeGroupsRequestInit> = {
  name: 'DescribeGroupsRequest',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 5,
  read: readDescribeGroupsRequest,
  write: writeDescribeGroupsRequest,
  readInSteps: readDescribeGroupsRequestInSteps,
}

export interface DescribeGroupsResponse {
  /** How long the client should pause, for its quota. Version >= 1. */
  readonly throttleTimeMs: number
  /** One for each group. */
  readonly groups: readonly DescribedGroup[]
}

/** DescribeGroupsResponse to be written. */
export interface DescribeGroupsResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly groups: readonly DescribedGroupInit[]
}

function readDescribeGroupsResponse(r: FrameReader, v: number): DescribeGroupsResponse {
  checkVersion('DescribeGroupsResponse', v, 0, 6)
  r.flexible = v >= 5
  const throttleTimeMs = v >= 1 ? r.int32() : 0
  const groups = new Array<DescribedGroup>(r.arrayCount(12, 96))
  for (let at = 0; at < groups.length; at++) groups[at] = readDescribedGroup(r, v)
  r.skipTags()
  return { throttleTimeMs, groups }
}

function writeDescribeGroupsResponse(
  w: FrameWriter,
  m: DescribeGroupsResponseInit,
  v: number,
): void {
  checkVersion('DescribeGroupsResponse', v, 0, 6)
  w.flexible = v >= 5
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.groups.length)
  for (const item of m.groups) writeDescribedGroup(w, item, v)
  w.noTags()
}

function* writeDescribeGroupsResponseInSteps(
  w: FrameWriter,
  m: DescribeGroupsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeGroupsResponse', v, 0, 6)
  w.flexible = v >= 5
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.groups.length)
  for (const item of m.groups) {
    yield* writeDescribedGroupInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribedGroup {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. Version >= 6. */
  readonly errorMessage: string | null
  /** Id of the group. */
  readonly groupId: string
  /** State of the group, by name. */
  readonly groupState: string
  /** What the group is for: consumer, connect, …. */
  readonly protocolType: string
  /** Protocol that the members agreed on. */
  readonly protocolData: string
  /** Members of the group. */
  readonly members: readonly DescribedGroupMember[]
  /** Bit n set: operation n is allowed; -2147483648 when not asked for. Version >= 3. */
  readonly authorizedOperations: number
}

/** DescribedGroup to be written. */
export interface DescribedGroupInit {
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
  readonly groupId: string
  readonly groupState: string
  readonly protocolType: string
  readonly protocolData: string
  readonly members: readonly DescribedGroupMemberInit[]
  readonly authorizedOperations?: number | undefined
}

function readDescribedGroup(r: FrameReader, v: number): DescribedGroup {
  const errorCode = r.int16()
  const errorMessage = v >= 6 ? r.nullableString() : null
  const groupId = r.string()
  const groupState = r.string()
  const protocolType = r.string()
  const protocolData = r.string()
  const members = new Array<DescribedGroupMember>(r.arrayCount(7, 80))
  for (let at = 0; at < members.length; at++) members[at] = readDescribedGroupMember(r, v)
  const authorizedOperations = v >= 3 ? r.int32() : -2147483648
  r.skipTags()
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState,
    protocolType,
    protocolData,
    members,
    authorizedOperations,
  }
}

function writeDescribedGroup(w: FrameWriter, m: DescribedGroupInit, v: number): void {
  w.int16(m.errorCode)
  if (v >= 6) w.nullableString(m.errorMessage ?? null)
  else if ((m.errorMessage ?? null) !== null) refuse('DescribedGroup', 'errorMessage', v)
  w.string(m.groupId)
  w.string(m.groupState)
  w.string(m.protocolType)
  w.string(m.protocolData)
  w.arrayCount(m.members.length)
  for (const item of m.members) writeDescribedGroupMember(w, item, v)
  if (v >= 3) w.int32(m.authorizedOperations ?? -2147483648)
  else if ((m.authorizedOperations ?? -2147483648) !== -2147483648)
    refuse('DescribedGroup', 'authorizedOperations', v)
  w.noTags()
}

function* writeDescribedGroupInSteps(
  w: FrameWriter,
  m: DescribedGroupInit,
  v: number,
): Generator<void> {
  w.int16(m.errorCode)
  if (v >= 6) w.nullableString(m.errorMessage ?? null)
  else if ((m.errorMessage ?? null) !== null) refuse('DescribedGroup', 'errorMessage', v)
  w.string(m.groupId)
  w.string(m.groupState)
  w.string(m.protocolType)
  w.string(m.protocolData)
  w.arrayCount(m.members.length)
  for (const item of m.members) {
    writeDescribedGroupMember(w, item, v)
    if (w.due()) yield
  }
  if (v >= 3) w.int32(m.authorizedOperations ?? -2147483648)
  else if ((m.authorizedOperations ?? -2147483648) !== -2147483648)
    refuse('DescribedGroup', 'authorizedOperations', v)
  w.noTags()
}

export interface DescribedGroupMember {
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member, which outlives its connections; null for a dynamic one. Version >= 4. */
  readonly groupInstanceId: string | null
  /** Name that the client gave itself. */
  readonly clientId: string
  /** Address that the member connects from. */
  readonly clientHost: string
  /** Subscription of the member for the chosen protocol. */
  readonly memberMetadata: Buffer
  /** What the leader of the group gave it. */
  readonly memberAssignment: Buffer
}

/** DescribedGroupMember to be written. */
export interface DescribedGroupMemberInit {
  readonly memberId: string
  readonly groupInstanceId?: string | null | undefined
  readonly clientId: string
  readonly clientHost: string
  readonly memberMetadata: Buffer
  readonly memberAssignment: Buffer
}

function readDescribedGroupMember(r: FrameReader, v: number): DescribedGroupMember {
  const memberId = r.string()
  const groupInstanceId = v >= 4 ? r.nullableString() : null
  const clientId = r.string()
  const clientHost = r.string()
  const memberMetadata = r.bytes()
  const memberAssignment = r.bytes()
  r.skipTags()
  return { memberId, groupInstanceId, clientId, clientHost, memberMetadata, memberAssignment }
}

function writeDescribedGroupMember(w: FrameWriter, m: DescribedGroupMemberInit, v: number): void {
  w.string(m.memberId)
  if (v >= 4) w.nullableString(m.groupInstanceId ?? null)
  w.string(m.clientId)
  w.string(m.clientHost)
  w.bytes(m.memberMetadata)
  w.bytes(m.memberAssignment)
  w.noTags()
}

const DESCRIBE_GROUPS_RESPONSE: MessageCodec<DescribeGroupsResponse, DescribeGroupsResponseInit> = {
  name: 'DescribeGroupsResponse',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 5,
  read: readDescribeGroupsResponse,
  write: writeDescribeGroupsResponse,
  writeInSteps: writeDescribeGroupsResponseInSteps,
}

export const DESCRIBE_GROUPS: Api<
  DescribeGroupsRequest,
  DescribeGroupsRequestInit,
  DescribeGroupsResponse,
  DescribeGroupsResponseInit
> = {
  key: 15,
  name: 'DescribeGroups',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 5,
  request: DESCRIBE_GROUPS_REQUEST,
  response: DESCRIBE_GROUPS_RESPONSE,
}
