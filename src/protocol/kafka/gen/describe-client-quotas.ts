// Made from definitions/48-describe-client-quotas.txt by tools/generate-kafka.ts; do not edit.
//
// Describes quotas.
//
// v1: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DescribeClientQuotasRequest {
  /** All must match. */
  readonly components: readonly ComponentData[]
  /** Whether entities with further components are left out. */
  readonly strict: boolean
}

/** DescribeClientQuotasRequest to be written. */
export interface DescribeClientQuotasRequestInit {
  readonly components: readonly ComponentDataInit[]
  readonly strict: boolean
}

function readDescribeClientQuotasRequest(r: FrameReader, v: number): DescribeClientQuotasRequest {
  checkVersion('DescribeClientQuotasRequest', v, 0, 1)
  r.flexible = v >= 1
  const components = new Array<ComponentData>(r.arrayCount(4, 56))
  for (let at = 0; at < components.length; at++) components[at] = readComponentData(r)
  const strict = r.bool()
  r.skipTags()
  return { components, strict }
}

function writeDescribeClientQuotasRequest(
  w: FrameWriter,
  m: DescribeClientQuotasRequestInit,
  v: number,
): void {
  checkVersion('DescribeClientQuotasRequest', v, 0, 1)
  w.flexible = v >= 1
  w.arrayCount(m.components.length)
  for (const item of m.components) writeComponentData(w, item)
  w.bool(m.strict)
  w.noTags()
}

function* readDescribeClientQuotasRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeClientQuotasRequest> {
  checkVersion('DescribeClientQuotasRequest', v, 0, 1)
  r.flexible = v >= 1
  const components = new Array<ComponentData>(r.arrayCount(4, 56))
  for (let at = 0; at < components.length; at++) {
    components[at] = readComponentData(r)
    if (r.due()) yield
  }
  const strict = r.bool()
  r.skipTags()
  return { components, strict }
}

export interface ComponentData {
  /** Part of the name: user, client-id or ip. */
  readonly entityType: string
  /** 0 this name, 1 the default, 2 any name. */
  readonly matchType: number
  /** Name to match, where matchType wants one. */
  readonly match: string | null
}

/** ComponentData to be written. */
export interface ComponentDataInit {
  readonly entityType: string
  readonly matchType: number
  readonly match: string | null
}

function readComponentData(r: FrameReader): ComponentData {
  const entityType = r.string()
  const matchType = r.int8()
  const match = r.nullableString()
  r.skipTags()
  return { entityType, matchType, match }
}

function writeComponentData(w: FrameWriter, m: ComponentDataInit): void {
  w.string(m.entityType)
  w.int8(m.matchType)
  w.nullableString(m.match)
  w.noTags()
}

const DESCRIBE_CLIENT_QUOTAS_REQUEST: MessageCodec<
  DescribeClientQuotasRequest,
  DescribeClientQuotasRequestInit
> = {
  name: 'DescribeClientQuotasRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readDescribeClientQuotasRequest,
  write: writeDescribeClientQuotasRequest,
  readInSteps: readDescribeClientQuotasRequestInSteps,
}

export interface DescribeClientQuotasResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Null on an error. */
  readonly entries: readonly EntryData[] | null
}

/** DescribeClientQuotasResponse to be written. */
export interface DescribeClientQuotasResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly entries: readonly EntryDataInit[] | null
}

function readDescribeClientQuotasResponse(r: FrameReader, v: number): DescribeClientQuotasResponse {
  checkVersion('DescribeClientQuotasResponse', v, 0, 1)
  r.flexible = v >= 1
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  let entries: readonly EntryData[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      entries = null
    } else {
      const list = new Array<EntryData>(count)
      for (let at = 0; at < list.length; at++) list[at] = readEntryData(r)
      entries = list
    }
  }
  r.skipTags()
  return { throttleTimeMs, errorCode, errorMessage, entries }
}

function writeDescribeClientQuotasResponse(
  w: FrameWriter,
  m: DescribeClientQuotasResponseInit,
  v: number,
): void {
  checkVersion('DescribeClientQuotasResponse', v, 0, 1)
  w.flexible = v >= 1
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  {
    const entries = m.entries
    if (entries === null) {
      w.nullArray()
    } else {
      w.arrayCount(entries.length)
      for (const item of entries) writeEntryData(w, item)
    }
  }
  w.noTags()
}

function* writeDescribeClientQuotasResponseInSteps(
  w: FrameWriter,
  m: DescribeClientQuotasResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeClientQuotasResponse', v, 0, 1)
  w.flexible = v >= 1
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  {
    const entries = m.entries
    if (entries === null) {
      w.nullArray()
    } else {
      w.arrayCount(entries.length)
      for (const item of entries) {
        yield* writeEntryDataInSteps(w, item)
        if (w.due()) yield
      }
    }
  }
  w.noTags()
}

export interface EntryData {
  /** Parts of the name of who is limited. */
  readonly entity: readonly EntityData[]
  /** Quotas of the entity. */
  readonly values: readonly ValueData[]
}

/** EntryData to be written. */
export interface EntryDataInit {
  readonly entity: readonly EntityDataInit[]
  readonly values: readonly ValueDataInit[]
}

function readEntryData(r: FrameReader): EntryData {
  const entity = new Array<EntityData>(r.arrayCount(3, 48))
  for (let at = 0; at < entity.length; at++) entity[at] = readEntityData(r)
  const values = new Array<ValueData>(r.arrayCount(10, 64))
  for (let at = 0; at < values.length; at++) values[at] = readValueData(r)
  r.skipTags()
  return { entity, values }
}

function writeEntryData(w: FrameWriter, m: EntryDataInit): void {
  w.arrayCount(m.entity.length)
  for (const item of m.entity) writeEntityData(w, item)
  w.arrayCount(m.values.length)
  for (const item of m.values) writeValueData(w, item)
  w.noTags()
}

function* writeEntryDataInSteps(w: FrameWriter, m: EntryDataInit): Generator<void> {
  w.arrayCount(m.entity.length)
  for (const item of m.entity) {
    writeEntityData(w, item)
    if (w.due()) yield
  }
  w.arrayCount(m.values.length)
  for (const item of m.values) {
    writeValueData(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface ValueData {
  /** Name of the quota. */
  readonly key: string
  /** The limit. */
  readonly value: number
}

/** ValueData to be written. */
export interface ValueDataInit {
  readonly key: string
  readonly value: number
}

function readValueData(r: FrameReader): ValueData {
  const key = r.string()
  const value = r.float64()
  r.skipTags()
  return { key, value }
}

function writeValueData(w: FrameWriter, m: ValueDataInit): void {
  w.string(m.key)
  w.float64(m.value)
  w.noTags()
}

export interface EntityData {
  /** Part of the name: user, client-id or ip. */
  readonly entityType: string
  /** Name of the part; null for the default. */
  readonly entityName: string | null
}

/** EntityData to be written. */
export interface EntityDataInit {
  readonly entityType: string
  readonly entityName: string | null
}

function readEntityData(r: FrameReader): EntityData {
  const entityType = r.string()
  const entityName = r.nullableString()
  r.skipTags()
  return { entityType, entityName }
}

function writeEntityData(w: FrameWriter, m: EntityDataInit): void {
  w.string(m.entityType)
  w.nullableString(m.entityName)
  w.noTags()
}

const DESCRIBE_CLIENT_QUOTAS_RESPONSE: MessageCodec<
  DescribeClientQuotasResponse,
  DescribeClientQuotasResponseInit
> = {
  name: 'DescribeClientQuotasResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readDescribeClientQuotasResponse,
  write: writeDescribeClientQuotasResponse,
  writeInSteps: writeDescribeClientQuotasResponseInSteps,
}

export const DESCRIBE_CLIENT_QUOTAS: Api<
  DescribeClientQuotasRequest,
  DescribeClientQuotasRequestInit,
  DescribeClientQuotasResponse,
  DescribeClientQuotasResponseInit
> = {
  key: 48,
  name: 'DescribeClientQuotas',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  request: DESCRIBE_CLIENT_QUOTAS_REQUEST,
  response: DESCRIBE_CLIENT_QUOTAS_RESPONSE,
}
