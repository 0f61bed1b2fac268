// Made from definitions/33-alter-configs.txt by tools/generate-kafka.ts; do not edit.
//
// Replaces all configs of a resource.
//
// v2: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface AlterConfigsRequest {
  /** One for each resource. */
  readonly resources: readonly AlterConfigsResource[]
  /** Whether to check only and change nothing. */
  readonly validateOnly: boolean
}

/** AlterConfigsRequest to be written. */
export interface AlterConfigsRequestInit {
  readonly resources: readonly AlterConfigsResourceInit[]
  readonly validateOnly: boolean
}

function readAlterConfigsRequest(r: FrameReader, v: number): AlterConfigsRequest {
  checkVersion('AlterConfigsRequest', v, 0, 2)
  r.flexible = v >= 2
  const resources = new Array<AlterConfigsResource>(r.arrayCount(4, 56))
  for (let at = 0; at < resources.length; at++) resources[at] = readAlterConfigsResource(r)
  const validateOnly = r.bool()
  r.skipTags()
  return { resources, validateOnly }
}

function writeAlterConfigsRequest(w: FrameWriter, m: AlterConfigsRequestInit, v: number): void {
  checkVersion('AlterConfigsRequest', v, 0, 2)
  w.flexible = v >= 2
  w.arrayCount(m.resources.length)
  for (const item of m.resources) writeAlterConfigsResource(w, item)
  w.bool(m.validateOnly)
  w.noTags()
}

function* readAlterConfigsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, AlterConfigsRequest> {
  checkVersion('AlterConfigsRequest', v, 0, 2)
  r.flexible = v >= 2
  const resources = new Array<AlterConfigsResource>(r.arrayCount(4, 56))
  for (let at = 0; at < resources.length; at++) {
    resources[at] = yield* readAlterConfigsResourceInSteps(r)
    if (r.due()) yield
  }
  const validateOnly = r.bool()
  r.skipTags()
  return { resources, validateOnly }
}

export interface AlterConfigsResource {
  /** Type of the resource. */
  readonly resourceType: number
  /** Name of the resource. */
  readonly resourceName: string
  /** Configs of this resource. */
  readonly configs: readonly AlterableConfig[]
}

/** AlterConfigsResource to be written. */
export interface AlterConfigsResourceInit {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly AlterableConfigInit[]
}

function readAlterConfigsResource(r: FrameReader): AlterConfigsResource {
  const resourceType = r.int8()
  const resourceName = r.string()
  const configs = new Array<AlterableConfig>(r.arrayCount(3, 48))
  for (let at = 0; at < configs.length; at++) configs[at] = readAlterableConfig(r)
  r.skipTags()
  return { resourceType, resourceName, configs }
}

function writeAlterConfigsResource(w: FrameWriter, m: AlterConfigsResourceInit): void {
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.arrayCount(m.configs.length)
  for (const item of m.configs) writeAlterableConfig(w, item)
  w.noTags()
}

function* readAlterConfigsResourceInSteps(r: FrameReader): Generator<void, AlterConfigsResource> {
  const resourceType = r.int8()
  const resourceName = r.string()
  const configs = new Array<AlterableConfig>(r.arrayCount(3, 48))
  for (let at = 0; at < configs.length; at++) {
    configs[at] = readAlterableConfig(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { resourceType, resourceName, configs }
}

export interface AlterableConfig {
  /** Name of the config. */
  readonly name: string
  /** Value of the config; null for none, or for a secret. */
  readonly value: string | null
}

/** AlterableConfig to be written. */
export interface AlterableConfigInit {
  readonly name: string
  readonly value: string | null
}

function readAlterableConfig(r: FrameReader): AlterableConfig {
  const name = r.string()
  const value = r.nullableString()
  r.skipTags()
  return { name, value }
}

function writeAlterableConfig(w: FrameWriter, m: AlterableConfigInit): void {
  w.string(m.name)
  w.nullableString(m.value)
  w.noTags()
}

const ALTER_CONFIGS_REQUEST: MessageCodec<AlterConfigsRequest, AlterConfigsRequestInit> = {
  name: 'AlterConfigsRequest',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readAlterConfigsRequest,
  write: writeAlterConfigsRequest,
  readInSteps: readAlterConfigsRequestInSteps,
}

export interface AlterConfigsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer a resource. */
  readonly responses: readonly AlterConfigsResourceResponse[]
}

/** AlterConfigsResponse to be written. */
export interface AlterConfigsResponseInit {
  readonly throttleTimeMs: number
  readonly responses: readonly AlterConfigsResourceResponseInit[]
}

function readAlterConfigsResponse(r: FrameReader, v: number): AlterConfigsResponse {
  checkVersion('AlterConfigsResponse', v, 0, 2)
  r.flexible = v >= 2
  const throttleTimeMs = r.int32()
  const responses = new Array<AlterConfigsResourceResponse>(r.arrayCount(6, 64))
  for (let at = 0; at < responses.length; at++) responses[at] = readAlterConfigsResourceResponse(r)
  r.skipTags()
  return { throttleTimeMs, responses }
}

function writeAlterConfigsResponse(w: FrameWriter, m: AlterConfigsResponseInit, v: number): void {
  checkVersion('AlterConfigsResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) writeAlterConfigsResourceResponse(w, item)
  w.noTags()
}

function* writeAlterConfigsResponseInSteps(
  w: FrameWriter,
  m: AlterConfigsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('AlterConfigsResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) {
    writeAlterConfigsResourceResponse(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AlterConfigsResourceResponse {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Type of the resource. */
  readonly resourceType: number
  /** Name of the resource. */
  readonly resourceName: string
}

/** AlterConfigsResourceResponse to be written. */
export interface AlterConfigsResourceResponseInit {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resourceType: number
  readonly resourceName: string
}

function readAlterConfigsResourceResponse(r: FrameReader): AlterConfigsResourceResponse {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const resourceType = r.int8()
  const resourceName = r.string()
  r.skipTags()
  return { errorCode, errorMessage, resourceType, resourceName }
}

function writeAlterConfigsResourceResponse(
  w: FrameWriter,
  m: AlterConfigsResourceResponseInit,
): void {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.noTags()
}

const ALTER_CONFIGS_RESPONSE: MessageCodec<AlterConfigsResponse, AlterConfigsResponseInit> = {
  name: 'AlterConfigsResponse',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readAlterConfigsResponse,
  write: writeAlterConfigsResponse,
  writeInSteps: writeAlterConfigsResponseInSteps,
}

export const ALTER_CONFIGS: Api<
  AlterConfigsRequest,
  AlterConfigsRequestInit,
  AlterConfigsResponse,
  AlterConfigsResponseInit
> = {
  key: 33,
  name: 'AlterConfigs',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  request: ALTER_CONFIGS_REQUEST,
  response: ALTER_CONFIGS_RESPONSE,
}
