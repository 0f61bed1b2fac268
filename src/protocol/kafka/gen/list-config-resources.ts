// Made from definitions/74-list-config-resources.txt by tools/generate-kafka.ts; do not edit.
//
// Lists resources that have configs.
//
// v0: client metrics only. v1: any type.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface ListConfigResourcesRequest {
  /** Types to list; empty for all. Version >= 1. */
  readonly resourceTypes: readonly number[]
}

/** ListConfigResourcesRequest to be written. */
export interface ListConfigResourcesRequestInit {
  readonly resourceTypes?: readonly number[] | undefined
}

function readListConfigResourcesRequest(r: FrameReader, v: number): ListConfigResourcesRequest {
  checkVersion('ListConfigResourcesRequest', v, 0, 1)
  r.flexible = true
  let resourceTypes: readonly number[] = NO_ITEMS
  if (v >= 1) {
    const list = new Array<number>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) list[at] = r.int8()
    resourceTypes = list
  }
  r.skipTags()
  return { resourceTypes }
}

function writeListConfigResourcesRequest(
  w: FrameWriter,
  m: ListConfigResourcesRequestInit,
  v: number,
): void {
  checkVersion('ListConfigResourcesRequest', v, 0, 1)
  w.flexible = true
  if (v >= 1) {
    {
      const resourceTypes = m.resourceTypes ?? NO_ITEMS
      w.arrayCount(resourceTypes.length)
      for (const item of resourceTypes) w.int8(item)
    }
  } else if ((m.resourceTypes?.length ?? 0) !== 0)
    refuse('ListConfigResourcesRequest', 'resourceTypes', v)
  w.noTags()
}

function* readListConfigResourcesRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ListConfigResourcesRequest> {
  checkVersion('ListConfigResourcesRequest', v, 0, 1)
  r.flexible = true
  let resourceTypes: readonly number[] = NO_ITEMS
  if (v >= 1) {
    const list = new Array<number>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) {
      list[at] = r.int8()
      if (r.due()) yield
    }
    resourceTypes = list
  }
  r.skipTags()
  return { resourceTypes }
}

const LIST_CONFIG_RESOURCES_REQUEST: MessageCodec<
  ListConfigResourcesRequest,
  ListConfigResourcesRequestInit
> = {
  name: 'ListConfigResourcesRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readListConfigResourcesRequest,
  write: writeListConfigResourcesRequest,
  readInSteps: readListConfigResourcesRequestInSteps,
}

export interface ListConfigResourcesResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Resources that have configs. */
  readonly configResources: readonly ConfigResource[]
}

/** ListConfigResourcesResponse to be written. */
export interface ListConfigResourcesResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly configResources: readonly ConfigResourceInit[]
}

function readListConfigResourcesResponse(r: FrameReader, v: number): ListConfigResourcesResponse {
  checkVersion('ListConfigResourcesResponse', v, 0, 1)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const configResources = new Array<ConfigResource>(r.arrayCount(2, 48))
  for (let at = 0; at < configResources.length; at++) configResources[at] = readConfigResource(r, v)
  r.skipTags()
  return { throttleTimeMs, errorCode, configResources }
}

function writeListConfigResourcesResponse(
  w: FrameWriter,
  m: ListConfigResourcesResponseInit,
  v: number,
): void {
  checkVersion('ListConfigResourcesResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.arrayCount(m.configResources.length)
  for (const item of m.configResources) writeConfigResource(w, item, v)
  w.noTags()
}

function* writeListConfigResourcesResponseInSteps(
  w: FrameWriter,
  m: ListConfigResourcesResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ListConfigResourcesResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.arrayCount(m.configResources.length)
  for (const item of m.configResources) {
    writeConfigResource(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ConfigResource {
  /** Name of the resource. */
  readonly resourceName: string
  /** Type of the resource. Version >= 1. */
  readonly resourceType: number
}

/** ConfigResource to be written. */
export interface ConfigResourceInit {
  readonly resourceName: string
  readonly resourceType?: number | undefined
}

function readConfigResource(r: FrameReader, v: number): ConfigResource {
  const resourceName = r.string()
  const resourceType = v >= 1 ? r.int8() : 16
  r.skipTags()
  return { resourceName, resourceType }
}

function writeConfigResource(w: FrameWriter, m: ConfigResourceInit, v: number): void {
  w.string(m.resourceName)
  if (v >= 1) w.int8(m.resourceType ?? 16)
  w.noTags()
}

const LIST_CONFIG_RESOURCES_RESPONSE: MessageCodec<
  ListConfigResourcesResponse,
  ListConfigResourcesResponseInit
> = {
  name: 'ListConfigResourcesResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readListConfigResourcesResponse,
  write: writeListConfigResourcesResponse,
  writeInSteps: writeListConfigResourcesResponseInSteps,
}

export const LIST_CONFIG_RESOURCES: Api<
  ListConfigResourcesRequest,
  ListConfigResourcesRequestInit,
  ListConfigResourcesResponse,
  ListConfigResourcesResponseInit
> = {
  key: 74,
  name: 'ListConfigResources',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  request: LIST_CONFIG_RESOURCES_REQUEST,
  response: LIST_CONFIG_RESOURCES_RESPONSE,
}
