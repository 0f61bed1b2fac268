// Made from definitions/50-describe-user-scram-credentials.txt by tools/generate-kafka.ts; do not edit.
//
// Describes the SCRAM credentials of users.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface DescribeUserScramCredentialsRequest {
  /** Users to describe; null or empty for all. */
  readonly users: readonly UserName[] | null
}

/** DescribeUserScramCredentialsRequest to be written. */
export interface DescribeUserScramCredentialsRequestInit {
  readonly users: readonly UserNameInit[] | null
}

function readDescribeUserScramCredentialsRequest(
  r: FrameReader,
  v: number,
): DescribeUserScramCredentialsRequest {
  checkVersion('DescribeUserScramCredentialsRequest', v, 0, 0)
  r.flexible = true
  let users: readonly UserName[] | null
  {
    const count = r.nullableArrayCount(2, 40)
    if (count < 0) {
      users = null
    } else {
      const list = new Array<UserName>(count)
      for (let at = 0; at < list.length; at++) list[at] = readUserName(r)
      users = list
    }
  }
  r.skipTags()
  return { users }
}

function writeDescribeUserScramCredentialsRequest(
  w: FrameWriter,
  m: DescribeUserScramCredentialsRequestInit,
  v: number,
): void {
  checkVersion('DescribeUserScramCredentialsRequest', v, 0, 0)
  w.flexible = true
  {
    const users = m.users
    if (users === null) {
      w.nullArray()
    } else {
      w.arrayCount(users.length)
      for (const item of users) writeUserName(w, item)
    }
  }
  w.noTags()
}

function* readDescribeUserScramCredentialsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DescribeUserScramCredentialsRequest> {
  checkVersion('DescribeUserScramCredentialsRequest', v, 0, 0)
  r.flexible = true
  let users: readonly UserName[] | null
  {
    const count = r.nullableArrayCount(2, 40)
    if (count < 0) {
      users = null
    } else {
      const list = new Array<UserName>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = readUserName(r)
        if (r.due()) yield
      }
      users = list
    }
  }
  r.skipTags()
  return { users }
}

export interface UserName {
  /** Name of the user. */
  readonly name: string
}

/** UserName to be written. */
export interface UserNameInit {
  readonly name: string
}

function readUserName(r: FrameReader): UserName {
  const name = r.string()
  r.skipTags()
  return { name }
}

function writeUserName(w: FrameWriter, m: UserNameInit): void {
  w.string(m.name)
  w.noTags()
}

const DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST: MessageCodec<
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsRequestInit
> = {
  name: 'DescribeUserScramCredentialsRequest',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeUserScramCredentialsRequest,
  write: writeDescribeUserScramCredentialsRequest,
  readInSteps: readDescribeUserScramCredentialsRequestInSteps,
}

export interface DescribeUserScramCredentialsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** One answer a user. */
  readonly results: readonly DescribeUserScramCredentialsResult[]
}

/** DescribeUserScramCredentialsResponse to be written. */
export interface DescribeUserScramCredentialsResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly results: readonly DescribeUserScramCredentialsResultInit[]
}

function readDescribeUserScramCredentialsResponse(
  r: FrameReader,
  v: number,
): DescribeUserScramCredentialsResponse {
  checkVersion('DescribeUserScramCredentialsResponse', v, 0, 0)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const results = new Array<DescribeUserScramCredentialsResult>(r.arrayCount(6, 64))
  for (let at = 0; at < results.length; at++)
    results[at] = readDescribeUserScramCredentialsResult(r)
  r.skipTags()
  return { throttleTimeMs, errorCode, errorMessage, results }
}

function writeDescribeUserScramCredentialsResponse(
  w: FrameWriter,
  m: DescribeUserScramCredentialsResponseInit,
  v: number,
): void {
  checkVersion('DescribeUserScramCredentialsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.results.length)
  for (const item of m.results) writeDescribeUserScramCredentialsResult(w, item)
  w.noTags()
}

function* writeDescribeUserScramCredentialsResponseInSteps(
  w: FrameWriter,
  m: DescribeUserScramCredentialsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeUserScramCredentialsResponse', v, 0, 0)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.results.length)
  for (const item of m.results) {
    yield* writeDescribeUserScramCredentialsResultInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribeUserScramCredentialsResult {
  /** Name of the user. */
  readonly user: string
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Mechanisms that the user has. */
  readonly credentialInfos: readonly CredentialInfo[]
}

/** DescribeUserScramCredentialsResult to be written. */
export interface DescribeUserScramCredentialsResultInit {
  readonly user: string
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly credentialInfos: readonly CredentialInfoInit[]
}

function readDescribeUserScramCredentialsResult(
  r: FrameReader,
): DescribeUserScramCredentialsResult {
  const user = r.string()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const credentialInfos = new Array<CredentialInfo>(r.arrayCount(6, 48))
  for (let at = 0; at < credentialInfos.length; at++) credentialInfos[at] = readCredentialInfo(r)
  r.skipTags()
  return { user, errorCode, errorMessage, credentialInfos }
}

function writeDescribeUserScramCredentialsResult(
  w: FrameWriter,
  m: DescribeUserScramCredentialsResultInit,
): void {
  w.string(m.user)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.credentialInfos.length)
  for (const item of m.credentialInfos) writeCredentialInfo(w, item)
  w.noTags()
}

function* writeDescribeUserScramCredentialsResultInSteps(
  w: FrameWriter,
  m: DescribeUserScramCredentialsResultInit,
): Generator<void> {
  w.string(m.user)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.arrayCount(m.credentialInfos.length)
  for (const item of m.credentialInfos) {
    writeCredentialInfo(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface CredentialInfo {
  /** 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
  readonly mechanism: number
  /** Rounds of the hash. */
  readonly iterations: number
}

/** CredentialInfo to be written. */
export interface CredentialInfoInit {
  readonly mechanism: number
  readonly iterations: number
}

function readCredentialInfo(r: FrameReader): CredentialInfo {
  const mechanism = r.int8()
  const iterations = r.int32()
  r.skipTags()
  return { mechanism, iterations }
}

function writeCredentialInfo(w: FrameWriter, m: CredentialInfoInit): void {
  w.int8(m.mechanism)
  w.int32(m.iterations)
  w.noTags()
}

const DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE: MessageCodec<
  DescribeUserScramCredentialsResponse,
  DescribeUserScramCredentialsResponseInit
> = {
  name: 'DescribeUserScramCredentialsResponse',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeUserScramCredentialsResponse,
  write: writeDescribeUserScramCredentialsResponse,
  writeInSteps: writeDescribeUserScramCredentialsResponseInSteps,
}

export const DESCRIBE_USER_SCRAM_CREDENTIALS: Api<
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsRequestInit,
  DescribeUserScramCredentialsResponse,
  DescribeUserScramCredentialsResponseInit
> = {
  key: 50,
  name: 'DescribeUserScramCredentials',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  request: DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST,
  response: DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE,
}
