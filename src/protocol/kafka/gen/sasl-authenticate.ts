// Made from definitions/36-sasl-authenticate.txt by tools/generate-kafka.ts; do not edit.
//
// Carries the tokens of a SASL exchange.
//
// v1: session lifetime (KIP-368). v2: flexible.

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface SaslAuthenticateRequest {
  /** Next token of the mechanism. */
  readonly authBytes: Buffer
}

/** SaslAuthenticateRequest to be written. */
export interface SaslAuthenticateRequestInit {
  readonly authBytes: Buffer
}

function readSaslAuthenticateRequest(r: FrameReader, v: number): SaslAuthenticateRequest {
  checkVersion('SaslAuthenticateRequest', v, 0, 2)
  r.flexible = v >= 2
  const authBytes = r.bytes()
  r.skipTags()
  return { authBytes }
}

function writeSaslAuthenticateRequest(
  w: FrameWriter,
  m: SaslAuthenticateRequestInit,
  v: number,
): void {
  checkVersion('SaslAuthenticateRequest', v, 0, 2)
  w.flexible = v >= 2
  w.bytes(m.authBytes)
  w.noTags()
}

const SASL_AUTHENTICATE_REQUEST: MessageCodec<
  SaslAuthenticateRequest,
  SaslAuthenticateRequestInit
> = {
  name: 'SaslAuthenticateRequest',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readSaslAuthenticateRequest,
  write: writeSaslAuthenticateRequest,
}

export interface SaslAuthenticateResponse {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Next token of the mechanism. */
  readonly authBytes: Buffer
  /** How long until the client must authenticate again; 0 for never. Version >= 1. */
  readonly sessionLifetimeMs: number
}

/** SaslAuthenticateResponse to be written. */
export interface SaslAuthenticateResponseInit {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly authBytes: Buffer
  readonly sessionLifetimeMs?: number | undefined
}

function readSaslAuthenticateResponse(r: FrameReader, v: number): SaslAuthenticateResponse {
  checkVersion('SaslAuthenticateResponse', v, 0, 2)
  r.flexible = v >= 2
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const authBytes = r.bytes()
  const sessionLifetimeMs = v >= 1 ? r.int64() : 0
  r.skipTags()
  return { errorCode, errorMessage, authBytes, sessionLifetimeMs }
}

function writeSaslAuthenticateResponse(
  w: FrameWriter,
  m: SaslAuthenticateResponseInit,
  v: number,
): void {
  checkVersion('SaslAuthenticateResponse', v, 0, 2)
  w.flexible = v >= 2
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  w.bytes(m.authBytes)
  if (v >= 1) w.int64(m.sessionLifetimeMs ?? 0)
  w.noTags()
}

const SASL_AUTHENTICATE_RESPONSE: MessageCodec<
  SaslAuthenticateResponse,
  SaslAuthenticateResponseInit
> = {
  name: 'SaslAuthenticateResponse',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readSaslAuthenticateResponse,
  write: writeSaslAuthenticateResponse,
}

export const SASL_AUTHENTICATE: Api<
  SaslAuthenticateRequest,
  SaslAuthenticateRequestInit,
  SaslAuthenticateResponse,
  SaslAuthenticateResponseInit
> = {
  key: 36,
  name: 'SaslAuthenticate',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  request: SASL_AUTHENTICATE_REQUEST,
  response: SASL_AUTHENTICATE_RESPONSE,
}
