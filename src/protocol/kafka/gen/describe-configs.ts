// Made from definitions/32-describe-configs.txt by tools/generate-kafka.ts; do not edit.
//
// Describes the configs of topics, brokers and other resources.
//
// v1: synonyms. v3: documentation and types. v4: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface DescribeConfigsRequest {
  /** One for each resource. */
  readonly resources: readonly DescribeConfigsResource[]
  /** Whether to list all the places that could set each config. */
  readonly includeSynonyms: boolean
  /** Whether to send what each config does. Version >= 3. */
  readonly includeDocumentation: boolean
}

/** DescribeConfigsRequest to be written. */
export interface DescribeConfigsRequestInit {
  readonly resources: readonly DescribeConfigsResourceInit[]
  readonly includeSynonyms: boolean
  readonly includeDocumentation?: boolean | undefined
}

function readDescribeConfigsRequest(r: FrameReader, v: number): DescribeConfigsRequest {
  checkVersion('DescribeConfigsRequest', v, 1, 4)
  r.flexible = v >= 4
  const resources = new Array<DescribeConfigsResource>(r.arrayCount(4, 56))
  for (let at = 0; at < resources.length; at++) resources[at] = readDescribeConfigsResource(r)
  const includeSynonyms = r.bool()
  const includeDocumentation = v >= 3 ? r.bool() : false
  r.skipTags()
  return { resources, includeSynonyms, includeDocumentation }
}

function writeDescribeConfigsRequest(
  w: FrameWriter,
  m: DescribeConfigsRequestInit,
  v: number,
): void {
  checkVersion('DescribeConfigsRequest', v, 1, 4)
  w.flexible = v >= 4
  w.arrayCount(m.resources.length)
  for (const item of m.resources) writeDescribeConfigsResource(w, item)
  w.bool(m.includeSynonyms)
  if (v >= 3) w.bool(m.includeDocumentation ?? false)
  else if ((m.includeDocumentation ?? false) !== false)
    refuse('DescribeConfigsRequest', 'includeDocumentation', v)
  w.noTags()
}

function* readDescribeConfigsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeConfigsRequest> {
  checkVersion('DescribeConfigsRequest', v, 1, 4)
  r.flexible = v >= 4
  const resources = new Array<DescribeConfigsResource>(r.arrayCount(4, 56))
  for (let at = 0; at < resources.length; at++) {
    resources[at] = yield* readDescribeConfigsResourceInSteps(r)
    if (r.due()) yield
  }
  const includeSynonyms = r.bool()
  const includeDocumentation = v >= 3 ? r.bool() : false
  r.skipTags()
  return { resources, includeSynonyms, includeDocumentation }
}

export interface DescribeConfigsResource {
  /** Type of the resource. */
  readonly resourceType: number
  /** Name of the resource. */
  readonly resourceName: string
  /** Names to describe; null for all. */
  readonly configurationKeys: readonly string[] | null
}

/** DescribeConfigsResource to be written. */
export interface DescribeConfigsResourceInit {
  readonly resourceType: number
  readonly resourceName: string
  readonly configurationKeys: readonly string[] | null
}

function readDescribeConfigsResource(r: FrameReader): DescribeConfigsResource {
  const resourceType = r.int8()
  const resourceName = r.string()
  let configurationKeys: readonly string[] | null
  {
    const count = r.nullableArrayCount(1, 8)
    if (count < 0) {
      configurationKeys = null
    } else {
      const list = new Array<string>(count)
      for (let at = 0; at < list.length; at++) list[at] = r.string()
      configurationKeys = list
    }
  }
  r.skipTags()
  return { resourceType, resourceName, configurationKeys }
}

function writeDescribeConfigsResource(w: FrameWriter, m: DescribeConfigsResourceInit): void {
  w.int8(m.resourceType)
  w.string(m.resourceName)
  {
    const configurationKeys = m.configurationKeys
    if (configurationKeys === null) {
      w.nullArray()
    } else {
      w.arrayCount(configurationKeys.length)
      for (const item of configurationKeys) w.string(item)
    }
  }
  w.noTags()
}

function* readDescribeConfigsResourceInSteps(
  r: FrameReader,
): Generator<void, DescribeConfigsResource> {
  const resourceType = r.int8()
  const resourceName = r.string()
  let configurationKeys: readonly string[] | null
  {
    const count = r.nullableArrayCount(1, 8)
    if (count < 0) {
      configurationKeys = null
    } else {
      const list = new Array<string>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = r.string()
        if (r.due()) yield
      }
      configurationKeys = list
    }
  }
  r.skipTags()
  return { resourceType, resourceName, configurationKeys }
}

const DESCRIBE_CONFIGS_REQUEST: MessageCodec<DescribeConfigsRequest, DescribeConfigsRequestInit> = {
  name: 'DescribeConfigsRequest',
  minVersion: 1,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readDescribeConfigsRequest,
  write: writeDescribeConfigsRequest,
  readInSteps: readDescribeConfigsRequestInSteps,
}

export interface DescribeConfigsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer each. */
  readonly results: readonly DescribeConfigsResult[]
}

/** DescribeConfigsResponse to be written. */
export interface DescribeConfigsResponseInit {
  readonly throttleTimeMs: number
  readonly results: readonly DescribeConfigsResultInit[]
}

function readDescribeConfigsResponse(r: FrameReader, v: number): DescribeConfigsResponse {
  checkVersion('DescribeConfigsResponse', v, 1, 4)
  r.flexible = v >= 4
  const throttleTimeMs = r.int32()
  const results = new Array<DescribeConfigsResult>(r.arrayCount(7, 72))
  for (let at = 0; at < results.length; at++) results[at] = readDescribeConfigsResult(r, v)
  r.skipTags()
  return { throttleTimeMs, results }
}

function writeDescribeConfigsResponse(
  w: FrameWriter,
  m: DescribeConfigsResponseInit,
  v: number,
): void {
  checkVersion('DescribeConfigsResponse', v, 1, 4)
  w.flexible = v >= 4
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) writeDescribeConfigsResult(w, item, v)
  w.noTags()
}

function* writeDescribeConfigsResponseInSteps(
  w: FrameWriter,
  m: DescribeConfigsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeConfigsResponse', v, 1, 4)
  w.flexible = v >= 4
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) {
    yield* writeDescribeConfigsResultInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribeConfigsResult {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Type of the resource. */
  readonly resourceType: number
  /** Name of the resource. */
  readonly resourceName: string
  /** Configs of this resource. */
  readonly configs: readonly DescribeConfigsResourceResult[]
}

/** DescribeConfigsResult to be written. */
export interface DescribeConfigsResultInit {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly DescribeConfigsResourceResultInit[]
}

function readDescribeConfigsResult(r: FrameReader, v: number): DescribeConfigsResult {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const resourceType = r.int8()
  const resourceName = r.string()
  const configs = new Array<DescribeConfigsResourceResult>(r.arrayCount(9, 96))
  for (let at = 0; at < configs.length; at++) configs[at] = readDescribeConfigsResourceResult(r, v)
  r.skipTags()
  return { errorCode, errorMessage, resourceType, resourceName, configs }
}

function writeDescribeConfigsResult(w: FrameWriter, m: DescribeConfigsResultInit, v: number): void {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.arrayCount(m.configs.length)
  for (const item of m.configs) writeDescribeConfigsResourceResult(w, item, v)
  w.noTags()
}

function* writeDescribeConfigsResultInSteps(
  w: FrameWriter,
  m: DescribeConfigsResultInit,
  v: number,
): Generator<void> {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.int8(m.resourceType)
  w.string(m.resourceName)
  w.arrayCount(m.configs.length)
  for (const item of m.configs) {
    yield* writeDescribeConfigsResourceResultInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribeConfigsResourceResult {
  /** Name of the config. */
  readonly name: string
  /** Value of the config; null for none, or for a secret. */
  readonly value: string | null
  /** Whether it cannot be changed. */
  readonly readOnly: boolean
  /** Where the value comes from: 1 topic, 2 and 3 dynamic broker, 4 static broker, 5 default. */
  readonly configSource: number
  /** Whether the value is a secret, which is then null. */
  readonly isSensitive: boolean
  /** All the places that could set it, the strongest first. */
  readonly synonyms: readonly DescribeConfigsSynonym[]
  /** Type of the value: 1 bool, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password. Version >= 3. */
  readonly configType: number
  /** What the config does. Version >= 3. */
  readonly documentation: string | null
}

/** DescribeConfigsResourceResult to be written. */
export interface DescribeConfigsResourceResultInit {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource?: number | undefined
  readonly isSensitive: boolean
  readonly synonyms: readonly DescribeConfigsSynonymInit[]
  readonly configType?: number | undefined
  readonly documentation?: string | null | undefined
}

function readDescribeConfigsResourceResult(
  r: FrameReader,
  v: number,
): DescribeConfigsResourceResult {
  const name = r.string()
  const value = r.nullableString()
  const readOnly = r.bool()
  const configSource = r.int8()
  const isSensitive = r.bool()
  const synonyms = new Array<DescribeConfigsSynonym>(r.arrayCount(4, 56))
  for (let at = 0; at < synonyms.length; at++) synonyms[at] = readDescribeConfigsSynonym(r)
  const configType = v >= 3 ? r.int8() : 0
  const documentation = v >= 3 ? r.nullableString() : ''
  r.skipTags()
  return { name, value, readOnly, configSource, isSensitive, synonyms, configType, documentation }
}

function writeDescribeConfigsResourceResult(
  w: FrameWriter,
  m: DescribeConfigsResourceResultInit,
  v: number,
): void {
  w.string(m.name)
  w.nullableString(m.value)
  w.bool(m.readOnly)
  w.int8(m.configSource ?? -1)
  w.bool(m.isSensitive)
  w.arrayCount(m.synonyms.length)
  for (const item of m.synonyms) writeDescribeConfigsSynonym(w, item)
  if (v >= 3) w.int8(m.configType ?? 0)
  if (v >= 3) w.nullableString(m.documentation === undefined ? '' : m.documentation)
  w.noTags()
}

function* writeDescribeConfigsResourceResultInSteps(
  w: FrameWriter,
  m: DescribeConfigsResourceResultInit,
  v: number,
): Generator<void> {
  w.string(m.name)
  w.nullableString(m.value)
  w.bool(m.readOnly)
  w.int8(m.configSource ?? -1)
  w.bool(m.isSensitive)
  w.arrayCount(m.synonyms.length)
  for (const item of m.synonyms) {
    writeDescribeConfigsSynonym(w, item)
    if (w.due()) yield
  }
  if (v >= 3) w.int8(m.configType ?? 0)
  if (v >= 3) w.nullableString(m.documentation === undefined ? '' : m.documentation)
  w.noTags()
}

export interface DescribeConfigsSynonym {
  /** Name that it has there. */
  readonly name: string
  /** Value of the config; null for none, or for a secret. */
  readonly value: string | null
  /** Where the value comes from, as in configSource. */
  readonly source: number
}

/** DescribeConfigsSynonym to be written. */
export interface DescribeConfigsSynonymInit {
  readonly name: string
  readonly value: string | null
  readonly source: number
}

function readDescribeConfigsSynonym(r: FrameReader): DescribeConfigsSynonym {
  const name = r.string()
  const value = r.nullableString()
  const source = r.int8()
  r.skipTags()
  return { name, value, source }
}

function writeDescribeConfigsSynonym(w: FrameWriter, m: DescribeConfigsSynonymInit): void {
  w.string(m.name)
  w.nullableString(m.value)
  w.int8(m.source)
  w.noTags()
}

const DESCRIBE_CONFIGS_RESPONSE: MessageCodec<
  DescribeConfigsResponse,
  DescribeConfigsResponseInit
> = {
  name: 'DescribeConfigsResponse',
  minVersion: 1,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readDescribeConfigsResponse,
  write: writeDescribeConfigsResponse,
  writeInSteps: writeDescribeConfigsResponseInSteps,
}

export const DESCRIBE_CONFIGS: Api<
  DescribeConfigsRequest,
  DescribeConfigsRequestInit,
  DescribeConfigsResponse,
  DescribeConfigsResponseInit
> = {
  key: 32,
  name: 'DescribeConfigs',
  minVersion: 1,
  maxVersion: 4,
  flexibleFrom: 4,
  request: DESCRIBE_CONFIGS_REQUEST,
  response: DESCRIBE_CONFIGS_RESPONSE,
}
