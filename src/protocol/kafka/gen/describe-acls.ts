// Made from definitions/29-describe-acls.txt by tools/generate-kafka.ts; do not edit.
//
// Lists access rules.
//
// v1: pattern types. v2: flexible. v3: user resources.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DescribeAclsRequest {
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

/** DescribeAclsRequest to be written. */
export interface DescribeAclsRequestInit {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter?: number | undefined
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}

function readDescribeAclsRequest(r: FrameReader, v: number): DescribeAclsRequest {
  checkVersion('DescribeAclsRequest', v, 1, 3)
  r.flexible = v >= 2
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

function writeDescribeAclsRequest(w: FrameWriter, m: DescribeAclsRequestInit, v: number): void {
  checkVersion('DescribeAclsRequest', v, 1, 3)
  w.flexible = v >= 2
  w.int8(m.resourceTypeFilter)
  w.nullableString(m.resourceNameFilter)
  w.int8(m.patternTypeFilter ?? 3)
  w.nullableString(m.principalFilter)
  w.nullableString(m.hostFilter)
  w.int8(m.operation)
  w.int8(m.permissionType)
  w.noTags()
}

const DESCRIBE_ACLS_REQUEST: MessageCodec<DescribeAclsRequest, DescribeAclsRequestInit> = {
  name: 'DescribeAclsRequest',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDescribeAclsRequest,
  write: writeDescribeAclsRequest,
}

export interface DescribeAclsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** One for each resource. */
  readonly resources: readonly DescribeAclsResource[]
}

/** DescribeAclsResponse to be written. */
export interface DescribeAclsResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resources: readonly DescribeAclsResourceInit[]
}

function readDescribeAclsResponse(r: FrameReader, v: number): DescribeAclsResponse {
  checkVersion('DescribeAclsResponse', v, 1, 3)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const resources = new Array<DescribeAclsResource>(r.arrayCount(5, 64))
  for (let at = 0; at < resources.length; at++) resources[at] = readDescribeAclsResource(r)
  r.skipTags()
  return { throttleTimeMs, errorCode, errorMessage, resources }
}

function writeDescribeAclsResponse(w: FrameWriter, m: DescribeAclsResponseInit, v: number): void {
  checkVersion('DescribeAclsResponse', v, 1, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.resources.length)
  for (const item of m.resources) writeDescribeAclsResource(w, item)
  w.noTags()
}

function* writeDescribeAclsResponseInSteps(
  w: FrameWriter,
  m: DescribeAclsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeAclsResponse', v, 1, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.resources.length)
  for (const item of m.resources) {
    yield* writeDescribeAclsResourceInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribeAclsResource {
  /** Type of the resource. */
  readonly resourceType: number
  /** Name of the resource. */
  readonly resourceName: string
  /** 1 any, 2 match, 3 literal, 4 prefixed. */
  readonly patternType: number
  /** Rules on this resource. */
  readonly acls: readonly AclDescription[]
}

/** DescribeAclsResource to be written. */
export interface DescribeAclsResourceInit {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType?: number | undefined
  readonly acls: readonly AclDescriptionInit[]
}

function readDescribeAclsResource(r: FrameReader): DescribeAclsResource {
  const resourceType = r.int8()
  const resourceName = r.string()
  const patternType = r.int8()
  const acls = new Array<AclDescription>(r.arrayCount(5, 64))
  for (let at = 0; at < acls.length; at++) acls[at] = readAclDescription(r)
  r.skipTags()
  return { resourceType, resourceName, patternType, acls }
}

function writeDescribeAclsResource(w: FrameWriter, m: DescribeAclsResourceInit): void {
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.int8(m.patternType ?? 3)
  w.arrayCount(m.acls.length)
  for (const item of m.acls) writeAclDescription(w, item)
  w.noTags()
}

function* writeDescribeAclsResourceInSteps(
  w: FrameWriter,
  m: DescribeAclsResourceInit,
): Generator<void> {
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.int8(m.patternType ?? 3)
  w.arrayCount(m.acls.length)
  for (const item of m.acls) {
    writeAclDescription(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AclDescription {
  /** Whom the rule is about, as User:name. */
  readonly principal: string
  /** Host name or address. */
  readonly host: string
  /** Operation: 1 any, 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe …. */
  readonly operation: number
  /** 1 any, 2 deny, 3 allow. */
  readonly permissionType: number
}

/** AclDescription to be written. */
export interface AclDescriptionInit {
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

function readAclDescription(r: FrameReader): AclDescription {
  const principal = r.string()
  const host = r.string()
  const operation = r.int8()
  const permissionType = r.int8()
  r.skipTags()
  return { principal, host, operation, permissionType }
}

function writeAclDescription(w: FrameWriter, m: AclDescriptionInit): void {
  w.string(m.principal)
  w.string(m.host)
  w.int8(m.operation)
  w.int8(m.permissionType)
  w.noTags()
}

const DESCRIBE_ACLS_RESPONSE: MessageCodec<DescribeAclsResponse, DescribeAclsResponseInit> = {
  name: 'DescribeAclsResponse',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDescribeAclsResponse,
  write: writeDescribeAclsResponse,
  writeInSteps: writeDescribeAclsResponseInSteps,
}

export const DESCRIBE_ACLS: Api<
  DescribeAclsRequest,
  DescribeAclsRequestInit,
  DescribeAclsResponse,
  DescribeAclsResponseInit
> = {
  key: 29,
  name: 'DescribeAcls',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  request: DESCRIBE_ACLS_REQUEST,
  response: DESCRIBE_ACLS_RESPONSE,
}
