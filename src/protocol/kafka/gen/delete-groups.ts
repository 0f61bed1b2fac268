// Made from definitions/42-delete-groups.txt by tools/generate-kafka.ts; do not edit.
//
// Deletes groups.
//
// v2: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DeleteGroupsRequest {
  /** Groups to delete. */
  readonly groupsNames: readonly string[]
}

/** DeleteGroupsRequest to be written. */
export interface DeleteGroupsRequestInit {
  readonly groupsNames: readonly string[]
}

function readDeleteGroupsRequest(r: FrameReader, v: number): DeleteGroupsRequest {
  checkVersion('DeleteGroupsRequest', v, 0, 2)
  r.flexible = v >= 2
  const groupsNames = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < groupsNames.length; at++) groupsNames[at] = r.string()
  r.skipTags()
  return { groupsNames }
}

function writeDeleteGroupsRequest(w: FrameWriter, m: DeleteGroupsRequestInit, v: number): void {
  checkVersion('DeleteGroupsRequest', v, 0, 2)
  w.flexible = v >= 2
  w.arrayCount(m.groupsNames.length)
  for (const item of m.groupsNames) w.string(item)
  w.noTags()
}

function* readDeleteGroupsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DeleteGroupsRequest> {
  checkVersion('DeleteGroupsRequest', v, 0, 2)
  r.flexible = v >= 2
  const groupsNames = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < groupsNames.length; at++) {
    groupsNames[at] = r.string()
    if (r.due()) yield
  }
  r.skipTags()
  return { groupsNames }
}

const DELETE_GROUPS_REQUEST: MessageCodec<DeleteGroupsRequest, DeleteGroupsRequestInit> = {
  name: 'DeleteGroupsRequest',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readDeleteGroupsRequest,
  write: writeDeleteGroupsRequest,
  readInSteps: readDeleteGroupsRequestInSteps,
}

export interface DeleteGroupsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer a group. */
  readonly results: readonly DeletableGroupResult[]
}

/** DeleteGroupsResponse to be written. */
export interface DeleteGroupsResponseInit {
  readonly throttleTimeMs: number
  readonly results: readonly DeletableGroupResultInit[]
}

function readDeleteGroupsResponse(r: FrameReader, v: number): DeleteGroupsResponse {
  checkVersion('DeleteGroupsResponse', v, 0, 2)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const results = new Array<DeletableGroupResult>(r.arrayCount(4, 48))
  for (let at = 0; at < results.length; at++) results[at] = readDeletableGroupResult(r)
  r.skipTags()
  return { throttleTimeMs, results }
}

function writeDeleteGroupsResponse(w: FrameWriter, m: DeleteGroupsResponseInit, v: number): void {
  checkVersion('DeleteGroupsResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) writeDeletableGroupResult(w, item)
  w.noTags()
}

function* writeDeleteGroupsResponseInSteps(
  w: FrameWriter,
  m: DeleteGroupsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DeleteGroupsResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) {
    writeDeletableGroupResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DeletableGroupResult {
  /** Id of the group. */
  readonly groupId: string
  /** 0, or why it failed. */
  readonly errorCode: number
}

/** DeletableGroupResult to be written. */
export interface DeletableGroupResultInit {
  readonly groupId: string
  readonly errorCode: number
}

function readDeletableGroupResult(r: FrameReader): DeletableGroupResult {
  const groupId = r.string()
  const errorCode = r.int16()
  r.skipTags()
  return { groupId, errorCode }
}

function writeDeletableGroupResult(w: FrameWriter, m: DeletableGroupResultInit): void {
  w.string(m.groupId)
  w.int16(m.errorCode)
  w.noTags()
}

const DELETE_GROUPS_RESPONSE: MessageCodec<DeleteGroupsResponse, DeleteGroupsResponseInit> = {
  name: 'DeleteGroupsResponse',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readDeleteGroupsResponse,
  write: writeDeleteGroupsResponse,
  writeInSteps: writeDeleteGroupsResponseInSteps,
}

export const DELETE_GROUPS: Api<
  DeleteGroupsRequest,
  DeleteGroupsRequestInit,
  DeleteGroupsResponse,
  DeleteGroupsResponseInit
> = {
  key: 42,
  name: 'DeleteGroups',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  request: DELETE_GROUPS_REQUEST,
  response: DELETE_GROUPS_RESPONSE,
}
