// Made from definitions/16-list-groups.txt by tools/generate-kafka.ts; do not edit.
//
// Lists groups.
//
// v3: flexible. v4: filter by state. v5: types.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface ListGroupsRequest {
  /** States to list; empty for all. Version >= 4. */
  readonly statesFilter: readonly string[]
  /** Types of group to list; empty for all. Version >= 5. */
  readonly typesFilter: readonly string[]
}

/** ListGroupsRequest to be written. */
export interface ListGroupsRequestInit {
  readonly statesFilter?: readonly string[] | undefined
  readonly typesFilter?: readonly string[] | undefined
}

function readListGroupsRequest(r: FrameReader, v: number): ListGroupsRequest {
  checkVersion('ListGroupsRequest', v, 0, 5)
  r.flexible = v >= 3
  let statesFilter: readonly string[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) list[at] = r.string()
    statesFilter = list
  }
  let typesFilter: readonly string[] = NO_ITEMS
  if (v >= 5) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) list[at] = r.string()
    typesFilter = list
  }
  r.skipTags()
  return { statesFilter, typesFilter }
}

function writeListGroupsRequest(w: FrameWriter, m: ListGroupsRequestInit, v: number): void {
  checkVersion('ListGroupsRequest', v, 0, 5)
  w.flexible = v >= 3
  if (v >= 4) {
    {
      const statesFilter = m.statesFilter ?? NO_ITEMS
      w.arrayCount(statesFilter.length)
      for (const item of statesFilter) w.string(item)
    }
  } else if ((m.statesFilter?.length ?? 0) !== 0) refuse('ListGroupsRequest', 'statesFilter', v)
  if (v >= 5) {
    {
      const typesFilter = m.typesFilter ?? NO_ITEMS
      w.arrayCount(typesFilter.length)
      for (const item of typesFilter) w.string(item)
    }
  } else if ((m.typesFilter?.length ?? 0) !== 0) refuse('ListGroupsRequest', 'typesFilter', v)
  w.noTags()
}

function* readListGroupsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ListGroupsRequest> {
  checkVersion('ListGroupsRequest', v, 0, 5)
  r.flexible = v >= 3
  let statesFilter: readonly string[] = NO_ITEMS
  if (v >= 4) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) {
      list[at] = r.string()
      if (r.due()) yield
    }
    statesFilter = list
  }
  let typesFilter: readonly string[] = NO_ITEMS
  if (v >= 5) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) {
      list[at] = r.string()
      if (r.due()) yield
    }
    typesFilter = list
  }
  r.skipTags()
  return { statesFilter, typesFilter }
}

const LIST_GROUPS_REQUEST: MessageCodec<ListGroupsRequest, ListGroupsRequestInit> = {
  name: 'ListGroupsRequest',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readListGroupsRequest,
  write: writeListGroupsRequest,
  readInSteps: readListGroupsRequestInSteps,
}

export interface ListGroupsResponse {
  /** How long the client should pause, for its quota. Version >= 1. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** One for each group. */
  readonly groups: readonly ListedGroup[]
}

/** ListGroupsResponse to be written. */
export interface ListGroupsResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly errorCode: number
  readonly groups: readonly ListedGroupInit[]
}

function readListGroupsResponse(r: FrameReader, v: number): ListGroupsResponse {
  checkVersion('ListGroupsResponse', v, 0, 5)
  r.flexible = v >= 3
  const throttleTimeMs = v >= 1 ? r.int32() : 0
  const errorCode = r.int16()
  const groups = new Array<ListedGroup>(r.arrayCount(3, 64))
  for (let at = 0; at < groups.length; at++) groups[at] = readListedGroup(r, v)
  r.skipTags()
  return { throttleTimeMs, errorCode, groups }
}

function writeListGroupsResponse(w: FrameWriter, m: ListGroupsResponseInit, v: number): void {
  checkVersion('ListGroupsResponse', v, 0, 5)
  w.flexible = v >= 3
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  w.arrayCount(m.groups.length)
  for (const item of m.groups) writeListedGroup(w, item, v)
  w.noTags()
}

function* writeListGroupsResponseInSteps(
  w: FrameWriter,
  m: ListGroupsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ListGroupsResponse', v, 0, 5)
  w.flexible = v >= 3
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  w.int16(m.errorCode)
  w.arrayCount(m.groups.length)
  for (const item of m.groups) {
    writeListedGroup(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ListedGroup {
  /** Id of the group. */
  readonly groupId: string
  /** What the group is for: consumer, connect, …. */
  readonly protocolType: string
  /** State of the group, by name. Version >= 4. */
  readonly groupState: string
  /** Classic, consumer, share or streams. Version >= 5. */
  readonly groupType: string
}

/** ListedGroup to be written. */
export interface ListedGroupInit {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState?: string | undefined
  readonly groupType?: string | undefined
}

function readListedGroup(r: FrameReader, v: number): ListedGroup {
  const groupId = r.string()
  const protocolType = r.string()
  const groupState = v >= 4 ? r.string() : ''
  const groupType = v >= 5 ? r.string() : ''
  r.skipTags()
  return { groupId, protocolType, groupState, groupType }
}

function writeListedGroup(w: FrameWriter, m: ListedGroupInit, v: number): void {
  w.string(m.groupId)
  w.string(m.protocolType)
  if (v >= 4) w.string(m.groupState ?? '')
  if (v >= 5) w.string(m.groupType ?? '')
  w.noTags()
}

const LIST_GROUPS_RESPONSE: MessageCodec<ListGroupsResponse, ListGroupsResponseInit> = {
  name: 'ListGroupsResponse',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readListGroupsResponse,
  write: writeListGroupsResponse,
  writeInSteps: writeListGroupsResponseInSteps,
}

export const LIST_GROUPS: Api<
  ListGroupsRequest,
  ListGroupsRequestInit,
  ListGroupsResponse,
  ListGroupsResponseInit
> = {
  key: 16,
  name: 'ListGroups',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  request: LIST_GROUPS_REQUEST,
  response: LIST_GROUPS_RESPONSE,
}
