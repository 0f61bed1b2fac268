// Made from definitions/17-sasl-handshake.txt by tools/generate-kafka.ts; do not edit.
//
// Chooses the SASL mechanism. After v0 bare tokens follow, after v1 SaslAuthenticate.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface SaslHandshakeRequest {
  /** Mechanism that the client wants. */
  readonly mechanism: string
}

/** SaslHandshakeRequest to be written. */
export interface SaslHandshakeRequestInit {
  readonly mechanism: string
}

function readSaslHandshakeRequest(r: FrameReader, v: number): SaslHandshakeRequest {
  checkVersion('SaslHandshakeRequest', v, 0, 1)
  r.flexible = false
  const mechanism = r.string()
  return { mechanism }
}

function writeSaslHandshakeRequest(w: FrameWriter, m: SaslHandshakeRequestInit, v: number): void {
  checkVersion('SaslHandshakeRequest', v, 0, 1)
  w.flexible = false
  w.string(m.mechanism)
}

const SASL_HANDSHAKE_REQUEST: MessageCodec<SaslHandshakeRequest, SaslHandshakeRequestInit> = {
  name: 'SaslHandshakeRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: Infinity,
  read: readSaslHandshakeRequest,
  write: writeSaslHandshakeRequest,
}

export interface SaslHandshakeResponse {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Mechanisms that the listener has. */
  readonly mechanisms: readonly string[]
}

/** SaslHandshakeResponse to be written. */
export interface SaslHandshakeResponseInit {
  readonly errorCode: number
  readonly mechanisms: readonly string[]
}

function readSaslHandshakeResponse(r: FrameReader, v: number): SaslHandshakeResponse {
  checkVersion('SaslHandshakeResponse', v, 0, 1)
  r.flexible = false
  const errorCode = r.int16()
  const mechanisms = new Array<string>(r.arrayCount(2, 8))
  for (let at = 0; at < mechanisms.length; at++) mechanisms[at] = r.string()
  return { errorCode, mechanisms }
}

function writeSaslHandshakeResponse(w: FrameWriter, m: SaslHandshakeResponseInit, v: number): void {
  checkVersion('SaslHandshakeResponse', v, 0, 1)
  w.flexible = false
  w.int16(m.errorCode)
  w.arrayCount(m.mechanisms.length)
  for (const item of m.mechanisms) w.string(item)
}

function* writeSaslHandshakeResponseInSteps(
  w: FrameWriter,
  m: SaslHandshakeResponseInit,
  v: number,
): Generator<void> {
  checkVersion('SaslHandshakeResponse', v, 0, 1)
  w.flexible = false
  w.int16(m.errorCode)
  w.arrayCount(m.mechanisms.length)
  for (const item of m.mechanisms) {
    w.string(item)
    if (w.due()) yield
  }
}

const SASL_HANDSHAKE_RESPONSE: MessageCodec<SaslHandshakeResponse, SaslHandshakeResponseInit> = {
  name: 'SaslHandshakeResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: Infinity,
  read: readSaslHandshakeResponse,
  write: writeSaslHandshakeResponse,
  writeInSteps: writeSaslHandshakeResponseInSteps,
}

export const SASL_HANDSHAKE: Api<
  SaslHandshakeRequest,
  SaslHandshakeRequestInit,
  SaslHandshakeResponse,
  SaslHandshakeResponseInit
> = {
  key: 17,
  name: 'SaslHandshake',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: Infinity,
  request: SASL_HANDSHAKE_REQUEST,
  response: SASL_HANDSHAKE_RESPONSE,
}
