// Made from definitions/44-incremental-alter-configs.txt by tools/generate-kafka.ts; do not edit.
//
// Changes single configs of a resource.
//
// v1: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface IncrementalAlterConfigsRequest {
  /** One for each resource. */
  readonly resources: readonly AlterConfigsResource[]
  /** Whether to check only and change nothing. */
  readonly validateOnly: boolean
}

/** IncrementalAlterConfigsRequest to be written. */
export interface IncrementalAlterConfigsRequestInit {
  readonly resources: readonly AlterConfigsResourceInit[]
  readonly validateOnly: boolean
}

function readIncrementalAlterConfigsRequest(
  r: FrameReader,
  v: number,
): IncrementalAlterConfigsRequest {
  checkVersion('IncrementalAlterConfigsRequest', v, 0, 1)
  r.flexible = v >= 1
  const resources = new Array<AlterConfigsResource>(r.arrayCount(4, 56))
  for (let at = 0; at < resources.length; at++) resources[at] = readAlterConfigsResource(r)
  const validateOnly = r.bool()
  r.skipTags()
  return { resources, validateOnly }
}

function writeIncrementalAlterConfigsRequest(
  w: FrameWriter,
  m: IncrementalAlterConfigsRequestInit,
  v: number,
): void {
  checkVersion('IncrementalAlterConfigsRequest', v, 0, 1)
  w.flexible = v >= 1
  w.arrayCount(m.resources.length)
  for (const item of m.resources) writeAlterConfigsResource(w, item)
  w.bool(m.validateOnly)
  w.noTags()
}

function* readIncrementalAlterConfigsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, IncrementalAlterConfigsRequest> {
  checkVersion('IncrementalAlterConfigsRequest', v, 0, 1)
  r.flexible = v >= 1
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
  const configs = new Array<AlterableConfig>(r.arrayCount(4, 56))
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
  const configs = new Array<AlterableConfig>(r.arrayCount(4, 56))
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
  /** 0 set, 1 delete, 2 append, 3 subtract. */
  readonly configOperation: number
  /** Value of the config; null for none, or for a secret. */
  readonly value: string | null
}

/** AlterableConfig to be written. */
export interface AlterableConfigInit {
  readonly name: string
  readonly configOperation: number
  readonly value: string | null
}

function readAlterableConfig(r: FrameReader): AlterableConfig {
  const name = r.string()
  const configOperation = r.int8()
  const value = r.nullableString()
  r.skipTags()
  return { name, configOperation, value }
}

function writeAlterableConfig(w: FrameWriter, m: AlterableConfigInit): void {
  w.string(m.name)
  w.int8(m.configOperation)
  w.nullableString(m.value)
  w.noTags()
}

const INCREMENTAL_ALTER_CONFIGS_REQUEST: MessageCodec<
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsRequestInit
> = {
  name: 'IncrementalAlterConfigsRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readIncrementalAlterConfigsRequest,
  write: writeIncrementalAlterConfigsRequest,
  readInSteps: readIncrementalAlterConfigsRequestInSteps,
}

export interface IncrementalAlterConfigsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer a resource. */
  readonly responses: readonly AlterConfigsResourceResponse[]
}

/** IncrementalAlterConfigsResponse to be written. */
export interface IncrementalAlterConfigsResponseInit {
  readonly throttleTimeMs: number
  readonly responses: readonly AlterConfigsResourceResponseInit[]
}

function readIncrementalAlterConfigsResponse(
  r: FrameReader,
  v: number,
): IncrementalAlterConfigsResponse {
  checkVersion('IncrementalAlterConfigsResponse', v, 0, 1)
  r.flexible = v >= 1
  const throttleTimeMs = r.int32()
  const responses = new Array<AlterConfigsResourceResponse>(r.arrayCount(6, 64))
  for (let at = 0; at < responses.length; at++) responses[at] = readAlterConfigsResourceResponse(r)
  r.skipTags()
  return { throttleTimeMs, responses }
}

function writeIncrementalAlterConfigsResponse(
  w: FrameWriter,
  m: IncrementalAlterConfigsResponseInit,
  v: number,
): void {
  checkVersion('IncrementalAlterConfigsResponse', v, 0, 1)
  w.flexible = v >= 1
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) writeAlterConfigsResourceResponse(w, item)
  w.noTags()
}

function* writeIncrementalAlterConfigsResponseInSteps(
  w: FrameWriter,
  m: IncrementalAlterConfigsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('IncrementalAlterConfigsResponse', v, 0, 1)
  w.flexible = v >= 1
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

const INCREMENTAL_ALTER_CONFIGS_RESPONSE: MessageCodec<
  IncrementalAlterConfigsResponse,
  IncrementalAlterConfigsResponseInit
> = {
  name: 'IncrementalAlterConfigsResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readIncrementalAlterConfigsResponse,
  write: writeIncrementalAlterConfigsResponse,
  writeInSteps: writeIncrementalAlterConfigsResponseInSteps,
}

export const INCREMENTAL_ALTER_CONFIGS: Api<
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsRequestInit,
  IncrementalAlterConfigsResponse,
  IncrementalAlterConfigsResponseInit
> = {
  key: 44,
  name: 'IncrementalAlterConfigs',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  request: INCREMENTAL_ALTER_CONFIGS_REQUEST,
  response: INCREMENTAL_ALTER_CONFIGS_RESPONSE,
}
