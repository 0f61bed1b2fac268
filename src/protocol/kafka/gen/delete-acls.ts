// Made from definitions/31-delete-acls.txt by tools/generate-kafka.ts; do not edit.
//
// Removes access rules.
//
// v1: pattern types. v2: flexible. v3: user resources.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DeleteAclsRequest {
  /** A rule is removed when any of these matches it. */
  readonly filters: readonly DeleteAclsFilter[]
}

/** DeleteAclsRequest to be written. */
export interface DeleteAclsRequestInit {
  readonly filters: readonly DeleteAclsFilterInit[]
}

function readDeleteAclsRequest(r: FrameReader, v: number): DeleteAclsRequest {
  checkVersion('DeleteAclsRequest', v, 1, 3)
  r.flexible = v >= 2
  const filters = new Array<DeleteAclsFilter>(r.arrayCount(8, 88))
  for (let at = 0; at < filters.length; at++) filters[at] = readDeleteAclsFilter(r)
  r.skipTags()
  return { filters }
}

function writeDeleteAclsRequest(w: FrameWriter, m: DeleteAclsRequestInit, v: number): void {
  checkVersion('DeleteAclsRequest', v, 1, 3)
  w.flexible = v >= 2
  w.arrayCount(m.filters.length)
  for (const item of m.filters) writeDeleteAclsFilter(w, item)
  w.noTags()
}

function* readDeleteAclsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DeleteAclsRequest> {
  checkVersion('DeleteAclsRequest', v, 1, 3)
  r.flexible = v >= 2
  const filters = new Array<DeleteAclsFilter>(r.arrayCount(8, 88))
  for (let at = 0; at < filters.length; at++) {
    filters[at] = readDeleteAclsFilter(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { filters }
}

export interface DeleteAclsFilter {
  /** Type of resource to match; 1 any. */
  readonly resourceTypeFilter: number
  /** Resource name to match; null for any. */
  readonly resourceNameFilter: string | null
  /** Pattern type to match: 1 any, 2 match, 3 literal, 4 prefixed. */
  readonly patternTypeFilter: number
  /** Principal to match; null for any. */
  readonly principalFilter: string | null
  /** Host to match; null for any. */
  readonly hostFilter: string | null
  /** Operation to match; 1 any. */
  readonly operation: number
  /** Permission to match: 1 any, 2 deny, 3 allow. */
  readonly permissionType: number
}

/** DeleteAclsFilter to be written. */
export interface DeleteAclsFilterInit {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter?: number | undefined
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}

function readDeleteAclsFilter(r: FrameReader): DeleteAclsFilter {
  const resourceTypeFilter = r.int8()
  const resourceNameFilter = r.nullableString()
  const patternTypeFilter = r.int8()
  const principalFilter = r.nullableString()
  const hostFilter = r.nullableString()
  const operation = r.int8()
  const permissionType = r.int8()
  r.skipTags()
  return {
    resourceTypeFilter,
    resourceNameFilter,
    patternTypeFilter,
    principalFilter,
    hostFilter,
    operation,
    permissionType,
  }
}

function writeDeleteAclsFilter(w: FrameWriter, m: DeleteAclsFilterInit): void {
  w.int8(m.resourceTypeFilter)
  w.nullableString(m.resourceNameFilter)
  w.int8(m.patternTypeFilter ?? 3)
  w.nullableString(m.principalFilter)
  w.nullableString(m.hostFilter)
  w.int8(m.operation)
  w.int8(m.permissionType)
  w.noTags()
}

const DELETE_ACLS_REQUEST: MessageCodec<DeleteAclsRequest, DeleteAclsRequestInit> = {
  name: 'DeleteAclsRequest',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDeleteAclsRequest,
  write: writeDeleteAclsRequest,
  readInSteps: readDeleteAclsRequestInSteps,
}

export interface DeleteAclsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer a filter. */
  readonly filterResults: readonly DeleteAclsFilterResult[]
}

/** DeleteAclsResponse to be written. */
export interface DeleteAclsResponseInit {
  readonly throttleTimeMs: number
  readonly filterResults: readonly DeleteAclsFilterResultInit[]
}

function readDeleteAclsResponse(r: FrameReader, v: number): DeleteAclsResponse {
  checkVersion('DeleteAclsResponse', v, 1, 3)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const filterResults = new Array<DeleteAclsFilterResult>(r.arrayCount(5, 56))
  for (let at = 0; at < filterResults.length; at++)
    filterResults[at] = readDeleteAclsFilterResult(r)
  r.skipTags()
  return { throttleTimeMs, filterResults }
}

function writeDeleteAclsResponse(w: FrameWriter, m: DeleteAclsResponseInit, v: number): void {
  checkVersion('DeleteAclsResponse', v, 1, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.filterResults.length)
  for (const item of m.filterResults) writeDeleteAclsFilterResult(w, item)
  w.noTags()
}

function* writeDeleteAclsResponseInSteps(
  w: FrameWriter,
  m: DeleteAclsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DeleteAclsResponse', v, 1, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.filterResults.length)
  for (const item of m.filterResults) {
    yield* writeDeleteAclsFilterResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DeleteAclsFilterResult {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Rules that the filter matched and removed. */
  readonly matchingAcls: readonly DeleteAclsMatchingAcl[]
}

/** DeleteAclsFilterResult to be written. */
export interface DeleteAclsFilterResultInit {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly matchingAcls: readonly DeleteAclsMatchingAclInit[]
}

function readDeleteAclsFilterResult(r: FrameReader): DeleteAclsFilterResult {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const matchingAcls = new Array<DeleteAclsMatchingAcl>(r.arrayCount(11, 104))
  for (let at = 0; at < matchingAcls.length; at++) matchingAcls[at] = readDeleteAclsMatchingAcl(r)
  r.skipTags()
  return { errorCode, errorMessage, matchingAcls }
}

function writeDeleteAclsFilterResult(w: FrameWriter, m: DeleteAclsFilterResultInit): void {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.matchingAcls.length)
  for (const item of m.matchingAcls) writeDeleteAclsMatchingAcl(w, item)
  w.noTags()
}

function* writeDeleteAclsFilterResultInSteps(
  w: FrameWriter,
  m: DeleteAclsFilterResultInit,
): Generator<void> {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.matchingAcls.length)
  for (const item of m.matchingAcls) {
    writeDeleteAclsMatchingAcl(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DeleteAclsMatchingAcl {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Type of the resource. */
  readonly resourceType: number
  /** Name of the resource. */
  readonly resourceName: string
  /** 1 any, 2 match, 3 literal, 4 prefixed. */
  readonly patternType: number
  /** Whom the rule is about, as User:name. */
  readonly principal: string
  /** Host name or address. */
  readonly host: string
  /** Operation: 1 any, 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe …. */
  readonly operation: number
  /** 1 any, 2 deny, 3 allow. */
  readonly permissionType: number
}

/** DeleteAclsMatchingAcl to be written. */
export interface DeleteAclsMatchingAclInit {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType?: number | undefined
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

function readDeleteAclsMatchingAcl(r: FrameReader): DeleteAclsMatchingAcl {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const resourceType = r.int8()
  const resourceName = r.string()
  const patternType = r.int8()
  const principal = r.string()
  const host = r.string()
  const operation = r.int8()
  const permissionType = r.int8()
  r.skipTags()
  return {
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
    patternType,
    principal,
    host,
    operation,
    permissionType,
  }
}

function writeDeleteAclsMatchingAcl(w: FrameWriter, m: DeleteAclsMatchingAclInit): void {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.int8(m.patternType ?? 3)
  w.string(m.principal)
  w.string(m.host)
  w.int8(m.operation)
  w.int8(m.permissionType)
  w.noTags()
}

const DELETE_ACLS_RESPONSE: MessageCodec<DeleteAclsResponse, DeleteAclsResponseInit> = {
  name: 'DeleteAclsResponse',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDeleteAclsResponse,
  write: writeDeleteAclsResponse,
  writeInSteps: writeDeleteAclsResponseInSteps,
}

export const DELETE_ACLS: Api<
  DeleteAclsRequest,
  DeleteAclsRequestInit,
  DeleteAclsResponse,
  DeleteAclsResponseInit
> = {
  key: 31,
  name: 'DeleteAcls',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  request: DELETE_ACLS_REQUEST,
  response: DELETE_ACLS_RESPONSE,
}
