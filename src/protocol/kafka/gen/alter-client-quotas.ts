// Made from definitions/49-alter-client-quotas.txt by tools/generate-kafka.ts; do not edit.
//
// Changes quotas.
//
// v1: flexible.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface AlterClientQuotasRequest {
  /** One for each entity. */
  readonly entries: readonly QuotaEntry[]
  /** Whether to check only and change nothing. */
  readonly validateOnly: boolean
}

/** AlterClientQuotasRequest to be written. */
export interface AlterClientQuotasRequestInit {
  readonly entries: readonly QuotaEntryInit[]
  readonly validateOnly: boolean
}

function readAlterClientQuotasRequest(r: FrameReader, v: number): AlterClientQuotasRequest {
  checkVersion('AlterClientQuotasRequest', v, 0, 1)
  r.flexible = v >= 1
  const entries = new Array<QuotaEntry>(r.arrayCount(3, 48))
  for (let at = 0; at < entries.length; at++) entries[at] = readQuotaEntry(r)
  const validateOnly = r.bool()
  r.skipTags()
  return { entries, validateOnly }
}

function writeAlterClientQuotasRequest(
  w: FrameWriter,
  m: AlterClientQuotasRequestInit,
  v: number,
): void {
  checkVersion('AlterClientQuotasRequest', v, 0, 1)
  w.flexible = v >= 1
  w.arrayCount(m.entries.length)
  for (const item of m.entries) writeQuotaEntry(w, item)
  w.bool(m.validateOnly)
  w.noTags()
}

function* readAlterClientQuotasRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, AlterClientQuotasRequest> {
  checkVersion('AlterClientQuotasRequest', v, 0, 1)
  r.flexible = v >= 1
  const entries = new Array<QuotaEntry>(r.arrayCount(3, 48))
  for (let at = 0; at < entries.length; at++) {
    entries[at] = yield* readQuotaEntryInSteps(r)
    if (r.due()) yield
  }
  const validateOnly = r.bool()
  r.skipTags()
  return { entries, validateOnly }
}

export interface QuotaEntry {
  /** Parts of the name of who is limited. */
  readonly entity: readonly QuotaEntity[]
  /** Changes, one a quota. */
  readonly ops: readonly QuotaChange[]
}

/** QuotaEntry to be written. */
export interface QuotaEntryInit {
  readonly entity: readonly QuotaEntityInit[]
  readonly ops: readonly QuotaChangeInit[]
}

function readQuotaEntry(r: FrameReader): QuotaEntry {
  const entity = new Array<QuotaEntity>(r.arrayCount(3, 48))
  for (let at = 0; at < entity.length; at++) entity[at] = readQuotaEntity(r)
  const ops = new Array<QuotaChange>(r.arrayCount(11, 72))
  for (let at = 0; at < ops.length; at++) ops[at] = readQuotaChange(r)
  r.skipTags()
  return { entity, ops }
}

function writeQuotaEntry(w: FrameWriter, m: QuotaEntryInit): void {
  w.arrayCount(m.entity.length)
  for (const item of m.entity) writeQuotaEntity(w, item)
  w.arrayCount(m.ops.length)
  for (const item of m.ops) writeQuotaChange(w, item)
  w.noTags()
}

function* readQuotaEntryInSteps(r: FrameReader): Generator<void, QuotaEntry> {
  const entity = new Array<QuotaEntity>(r.arrayCount(3, 48))
  for (let at = 0; at < entity.length; at++) {
    entity[at] = readQuotaEntity(r)
    if (r.due()) yield
  }
  const ops = new Array<QuotaChange>(r.arrayCount(11, 72))
  for (let at = 0; at < ops.length; at++) {
    ops[at] = readQuotaChange(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { entity, ops }
}

export interface QuotaChange {
  /** Name of the quota. */
  readonly key: string
  /** The limit, when it is set. */
  readonly value: number
  /** True removes the quota, false sets it. */
  readonly remove: boolean
}

/** QuotaChange to be written. */
export interface QuotaChangeInit {
  readonly key: string
  readonly value: number
  readonly remove: boolean
}

function readQuotaChange(r: FrameReader): QuotaChange {
  const key = r.string()
  const value = r.float64()
  const remove = r.bool()
  r.skipTags()
  return { key, value, remove }
}

function writeQuotaChange(w: FrameWriter, m: QuotaChangeInit): void {
  w.string(m.key)
  w.float64(m.value)
  w.bool(m.remove)
  w.noTags()
}

export interface QuotaEntity {
  /** Part of the name: user, client-id or ip. */
  readonly entityType: string
  /** Name of the part; null for the default. */
  readonly entityName: string | null
}

/** QuotaEntity to be written. */
export interface QuotaEntityInit {
  readonly entityType: string
  readonly entityName: string | null
}

function readQuotaEntity(r: FrameReader): QuotaEntity {
  const entityType = r.string()
  const entityName = r.nullableString()
  r.skipTags()
  return { entityType, entityName }
}

function writeQuotaEntity(w: FrameWriter, m: QuotaEntityInit): void {
  w.string(m.entityType)
  w.nullableString(m.entityName)
  w.noTags()
}

const ALTER_CLIENT_QUOTAS_REQUEST: MessageCodec<
  AlterClientQuotasRequest,
  AlterClientQuotasRequestInit
> = {
  name: 'AlterClientQuotasRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readAlterClientQuotasRequest,
  write: writeAlterClientQuotasRequest,
  readInSteps: readAlterClientQuotasRequestInSteps,
}

export interface AlterClientQuotasResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each entity. */
  readonly entries: readonly AnsweredEntry[]
}

/** AlterClientQuotasResponse to be written. */
export interface AlterClientQuotasResponseInit {
  readonly throttleTimeMs: number
  readonly entries: readonly AnsweredEntryInit[]
}

function readAlterClientQuotasResponse(r: FrameReader, v: number): AlterClientQuotasResponse {
  checkVersion('AlterClientQuotasResponse', v, 0, 1)
  r.flexible = v >= 1
  const throttleTimeMs = r.int32()
  const entries = new Array<AnsweredEntry>(r.arrayCount(5, 56))
  for (let at = 0; at < entries.length; at++) entries[at] = readAnsweredEntry(r)
  r.skipTags()
  return { throttleTimeMs, entries }
}

function writeAlterClientQuotasResponse(
  w: FrameWriter,
  m: AlterClientQuotasResponseInit,
  v: number,
): void {
  checkVersion('AlterClientQuotasResponse', v, 0, 1)
  w.flexible = v >= 1
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.entries.length)
  for (const item of m.entries) writeAnsweredEntry(w, item)
  w.noTags()
}

function* writeAlterClientQuotasResponseInSteps(
  w: FrameWriter,
  m: AlterClientQuotasResponseInit,
  v: number,
): Generator<void> {
  checkVersion('AlterClientQuotasResponse', v, 0, 1)
  w.flexible = v >= 1
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.entries.length)
  for (const item of m.entries) {
    yield* writeAnsweredEntryInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AnsweredEntry {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Parts of the name of who is limited. */
  readonly entity: readonly AnsweredEntity[]
}

/** AnsweredEntry to be written. */
export interface AnsweredEntryInit {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly entity: readonly AnsweredEntityInit[]
}

function readAnsweredEntry(r: FrameReader): AnsweredEntry {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const entity = new Array<AnsweredEntity>(r.arrayCount(3, 48))
  for (let at = 0; at < entity.length; at++) entity[at] = readAnsweredEntity(r)
  r.skipTags()
  return { errorCode, errorMessage, entity }
}

function writeAnsweredEntry(w: FrameWriter, m: AnsweredEntryInit): void {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.entity.length)
  for (const item of m.entity) writeAnsweredEntity(w, item)
  w.noTags()
}

function* writeAnsweredEntryInSteps(w: FrameWriter, m: AnsweredEntryInit): Generator<void> {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.entity.length)
  for (const item of m.entity) {
    writeAnsweredEntity(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AnsweredEntity {
  /** Part of the name: user, client-id or ip. */
  readonly entityType: string
  /** Name of the part; null for the default. */
  readonly entityName: string | null
}

/** AnsweredEntity to be written. */
export interface AnsweredEntityInit {
  readonly entityType: string
  readonly entityName: string | null
}

function readAnsweredEntity(r: FrameReader): AnsweredEntity {
  const entityType = r.string()
  const entityName = r.nullableString()
  r.skipTags()
  return { entityType, entityName }
}

function writeAnsweredEntity(w: FrameWriter, m: AnsweredEntityInit): void {
  w.string(m.entityType)
  w.nullableString(m.entityName)
  w.noTags()
}

const ALTER_CLIENT_QUOTAS_RESPONSE: MessageCodec<
  AlterClientQuotasResponse,
  AlterClientQuotasResponseInit
> = {
  name: 'AlterClientQuotasResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readAlterClientQuotasResponse,
  write: writeAlterClientQuotasResponse,
  writeInSteps: writeAlterClientQuotasResponseInSteps,
}

export const ALTER_CLIENT_QUOTAS: Api<
  AlterClientQuotasRequest,
  AlterClientQuotasRequestInit,
  AlterClientQuotasResponse,
  AlterClientQuotasResponseInit
> = {
  key: 49,
  name: 'AlterClientQuotas',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  request: ALTER_CLIENT_QUOTAS_REQUEST,
  response: ALTER_CLIENT_QUOTAS_RESPONSE,
}
