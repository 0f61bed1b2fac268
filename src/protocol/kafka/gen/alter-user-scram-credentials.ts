// Made from definitions/51-alter-user-scram-credentials.txt by tools/generate-kafka.ts; do not edit.
//
// Changes the SCRAM credentials of users.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface AlterUserScramCredentialsRequest {
  /** Credentials to remove. */
  readonly deletions: readonly ScramCredentialDeletion[]
  /** Credentials to add or replace. */
  readonly upsertions: readonly ScramCredentialUpsertion[]
}

/** AlterUserScramCredentialsRequest to be written. */
export interface AlterUserScramCredentialsRequestInit {
  readonly deletions: readonly ScramCredentialDeletionInit[]
  readonly upsertions: readonly ScramCredentialUpsertionInit[]
}

function readAlterUserScramCredentialsRequest(
  r: FrameReader,
  v: number,
): AlterUserScramCredentialsRequest {
  checkVersion('AlterUserScramCredentialsRequest', v, 0, 0)
  r.flexible = true
  const deletions = new Array<ScramCredentialDeletion>(r.arrayCount(3, 48))
  for (let at = 0; at < deletions.length; at++) deletions[at] = readScramCredentialDeletion(r)
  const upsertions = new Array<ScramCredentialUpsertion>(r.arrayCount(9, 72))
  for (let at = 0; at < upsertions.length; at++) upsertions[at] = readScramCredentialUpsertion(r)
  r.skipTags()
  return { deletions, upsertions }
}

function writeAlterUserScramCredentialsRequest(
  w: FrameWriter,
  m: AlterUserScramCredentialsRequestInit,
  v: number,
): void {
  checkVersion('AlterUserScramCredentialsRequest', v, 0, 0)
  w.flexible = true
  w.arrayCount(m.deletions.length)
  for (const item of m.deletions) writeScramCredentialDeletion(w, item)
  w.arrayCount(m.upsertions.length)
  for (const item of m.upsertions) writeScramCredentialUpsertion(w, item)
  w.noTags()
}

function* readAlterUserScramCredentialsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, AlterUserScramCredentialsRequest> {
  checkVersion('AlterUserScramCredentialsRequest', v, 0, 0)
  r.flexible = true
  const deletions = new Array<ScramCredentialDeletion>(r.arrayCount(3, 48))
  for (let at = 0; at < deletions.length; at++) {
    deletions[at] = readScramCredentialDeletion(r)
    if (r.due()) yield
  }
  const upsertions = new Array<ScramCredentialUpsertion>(r.arrayCount(9, 72))
  for (let at = 0; at < upsertions.length; at++) {
    upsertions[at] = readScramCredentialUpsertion(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { deletions, upsertions }
}

export interface ScramCredentialUpsertion {
  /** Name of the user. */
  readonly name: string
  /** 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
  readonly mechanism: number
  /** Rounds of the hash. */
  readonly iterations: number
  /** Random bytes that went into the hash. */
  readonly salt: Buffer
  /** The password after the hash. */
  readonly saltedPassword: Buffer
}

/** ScramCredentialUpsertion to be written. */
export interface ScramCredentialUpsertionInit {
  readonly name: string
  readonly mechanism: number
  readonly iterations: number
  readonly salt: Buffer
  readonly saltedPassword: Buffer
}

function readScramCredentialUpsertion(r: FrameReader): ScramCredentialUpsertion {
  const name = r.string()
  const mechanism = r.int8()
  const iterations = r.int32()
  const salt = r.bytes()
  const saltedPassword = r.bytes()
  r.skipTags()
  return { name, mechanism, iterations, salt, saltedPassword }
}

function writeScramCredentialUpsertion(w: FrameWriter, m: ScramCredentialUpsertionInit): void {
  w.string(m.name)
  w.int8(m.mechanism)
  w.int32(m.iterations)
  w.bytes(m.salt)
  w.bytes(m.saltedPassword)
  w.noTags()
}

export interface ScramCredentialDeletion {
  /** Name of the user. */
  readonly name: string
  /** 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
  readonly mechanism: number
}

/** ScramCredentialDeletion to be written. */
export interface ScramCredentialDeletionInit {
  readonly name: string
  readonly mechanism: number
}

function readScramCredentialDeletion(r: FrameReader): ScramCredentialDeletion {
  const name = r.string()
  const mechanism = r.int8()
  r.skipTags()
  return { name, mechanism }
}

function writeScramCredentialDeletion(w: FrameWriter, m: ScramCredentialDeletionInit): void {
  w.string(m.name)
  w.int8(m.mechanism)
  w.noTags()
}

const ALTER_USER_SCRAM_CREDENTIALS_REQUEST: MessageCodec<
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsRequestInit
> = {
  name: 'AlterUserScramCredentialsRequest',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAlterUserScramCredentialsRequest,
  write: writeAlterUserScramCredentialsRequest,
  readInSteps: readAlterUserScramCredentialsRequestInSteps,
}

export interface AlterUserScramCredentialsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer a user. */
  readonly results: readonly AlterUserScramCredentialsResult[]
}

/** AlterUserScramCredentialsResponse to be written. */
export interface AlterUserScramCredentialsResponseInit {
  readonly throttleTimeMs: number
  readonly results: readonly AlterUserScramCredentialsResultInit[]
}

function readAlterUserScramCredentialsResponse(
  r: FrameReader,
  v: number,
): AlterUserScramCredentialsResponse {
  checkVersion('AlterUserScramCredentialsResponse', v, 0, 0)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const results = new Array<AlterUserScramCredentialsResult>(r.arrayCount(5, 56))
  for (let at = 0; at < results.length; at++) results[at] = readAlterUserScramCredentialsResult(r)
  r.skipTags()
  return { throttleTimeMs, results }
}

function writeAlterUserScramCredentialsResponse(
  w: FrameWriter,
  m: AlterUserScramCredentialsResponseInit,
  v: number,
): void {
  checkVersion('AlterUserScramCredentialsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) writeAlterUserScramCredentialsResult(w, item)
  w.noTags()
}

function* writeAlterUserScramCredentialsResponseInSteps(
  w: FrameWriter,
  m: AlterUserScramCredentialsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('AlterUserScramCredentialsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.results.length)
  for (const item of m.results) {
    writeAlterUserScramCredentialsResult(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AlterUserScramCredentialsResult {
  /** Name of the user. */
  readonly user: string
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
}

/** AlterUserScramCredentialsResult to be written. */
export interface AlterUserScramCredentialsResultInit {
  readonly user: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

function readAlterUserScramCredentialsResult(r: FrameReader): AlterUserScramCredentialsResult {
  const user = r.string()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  r.skipTags()
  return { user, errorCode, errorMessage }
}

function writeAlterUserScramCredentialsResult(
  w: FrameWriter,
  m: AlterUserScramCredentialsResultInit,
): void {
  w.string(m.user)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.noTags()
}

const ALTER_USER_SCRAM_CREDENTIALS_RESPONSE: MessageCodec<
  AlterUserScramCredentialsResponse,
  AlterUserScramCredentialsResponseInit
> = {
  name: 'AlterUserScramCredentialsResponse',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAlterUserScramCredentialsResponse,
  write: writeAlterUserScramCredentialsResponse,
  writeInSteps: writeAlterUserScramCredentialsResponseInSteps,
}

export const ALTER_USER_SCRAM_CREDENTIALS: Api<
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsRequestInit,
  AlterUserScramCredentialsResponse,
  AlterUserScramCredentialsResponseInit
> = {
  key: 51,
  name: 'AlterUserScramCredentials',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  request: ALTER_USER_SCRAM_CREDENTIALS_REQUEST,
  response: ALTER_USER_SCRAM_CREDENTIALS_RESPONSE,
}
