// Made from definitions/30-create-acls.txt by tools/generate-kafka.ts; do not edit.
//
// Adds access rules.
//
// v1: pattern types. v2: flexible. v3: user resources.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface CreateAclsRequest {
  /** Rules to add. */
  readonly creations: readonly AclCreation[]
}

/** CreateAclsRequest to be written. */
export interface CreateAclsRequestInit {
  readonly creations: readonly AclCreationInit[]
}

function readCreateAclsRequest(r: FrameReader, v: number): CreateAclsRequest {
  checkVersion('CreateAclsRequest', v, 1, 3)
  r.flexible = v >= 2
  const creations = new Array<AclCreation>(r.arrayCount(8, 88))
  for (let at = 0; at < creations.length; at++) creations[at] = readAclCreation(r)
  r.skipTags()
  return { creations }
}

function writeCreateAclsRequest(w: FrameWriter, m: CreateAclsRequestInit, v: number): void {
  checkVersion('CreateAclsRequest', v, 1, 3)
  w.flexible = v >= 2
  w.arrayCount(m.creations.length)
  for (const item of m.creations) writeAclCreation(w, item)
  w.noTags()
}

function* readCreateAclsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, CreateAclsRequest> {
  checkVersion('CreateAclsRequest', v, 1, 3)
  r.flexible = v >= 2
  const creations = new Array<AclCreation>(r.arrayCount(8, 88))
  for (let at = 0; at < creations.length; at++) {
    creations[at] = readAclCreation(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { creations }
}

export interface AclCreation {
  /** Type of the resource. */
  readonly resourceType: number
  /** Name of the resource. */
  readonly resourceName: string
  /** 3 literal, 4 prefixed. */
  readonly resourcePatternType: number
  /** Whom the rule is about, as User:name. */
  readonly principal: string
  /** Host name or address. */
  readonly host: string
  /** Operation: 1 any, 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe …. */
  readonly operation: number
  /** 1 any, 2 deny, 3 allow. */
  readonly permissionType: number
}

/** AclCreation to be written. */
export interface AclCreationInit {
  readonly resourceType: number
  readonly resourceName: string
  readonly resourcePatternType?: number | undefined
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

function readAclCreation(r: FrameReader): AclCreation {
  const resourceType = r.int8()
  const resourceName = r.string()
  const resourcePatternType = r.int8()
  const principal = r.string()
  const host = r.string()
  const operation = r.int8()
  const permissionType = r.int8()
  r.skipTags()
  return {
    resourceType,
    resourceName,
    resourcePatternType,
    principal,
    host,
    operation,
    permissionType,
  }
}

function writeAclCreation(w: FrameWriter, m: AclCreationInit): void {
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.int8(m.resourcePatternType ?? 3)
  w.string(m.principal)
  w.string(m.host)
  w.int8(m.operation)
  w.int8(m.permissionType)
  w.noTags()
}

const CREATE_ACLS_REQUEST: MessageCodec<CreateAclsRequest, CreateAclsRequestInit> = {
  name: 'CreateAclsRequest',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreateAclsRequest,
  write: writeCreateAclsRequest,
  readInSteps: readCreateAclsRequestInSteps,
}

export interface CreateAclsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer each. */
  readonly results: readonly AclCreationResult[]
}

/** CreateAclsResponse to be written. */
export interface CreateAclsResponseInit {
  readonly throttleTimeMs: number
  readonly results: readonly AclCreationResultInit[]
}

function readCreateAclsResponse(r: FrameReader, v: number): CreateAclsResponse {
  checkVersion('CreateAclsResponse', v, 1, 3)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const results = new Array<AclCreationResult>(r.arrayCount(4, 48))
  for (let at = 0; at < results.length; at++) results[at] = readAclCreationResult(r)
  r.skipTags()
  return { throttleTimeMs, results }
}

function writeCreateAclsResponse(w: FrameWriter, m: CreateAclsResponseInit, v: number): void {
  checkVersion('CreateAclsResponse', v, 1, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) writeAclCreationResult(w, item)
  w.noTags()
}

function* writeCreateAclsResponseInSteps(
  w: FrameWriter,
  m: CreateAclsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('CreateAclsResponse', v, 1, 3)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) {
    writeAclCreationResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AclCreationResult {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
}

/** AclCreationResult to be written. */
export interface AclCreationResultInit {
  readonly errorCode: number
  readonly errorMessage: string | null
}

function readAclCreationResult(r: FrameReader): AclCreationResult {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  r.skipTags()
  return { errorCode, errorMessage }
}

function writeAclCreationResult(w: FrameWriter, m: AclCreationResultInit): void {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.noTags()
}

const CREATE_ACLS_RESPONSE: MessageCodec<CreateAclsResponse, CreateAclsResponseInit> = {
  name: 'CreateAclsResponse',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreateAclsResponse,
  write: writeCreateAclsResponse,
  writeInSteps: writeCreateAclsResponseInSteps,
}

export const CREATE_ACLS: Api<
  CreateAclsRequest,
  CreateAclsRequestInit,
  CreateAclsResponse,
  CreateAclsResponseInit
> = {
  key: 30,
  name: 'CreateAcls',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  request: CREATE_ACLS_REQUEST,
  response: CREATE_ACLS_RESPONSE,
}
