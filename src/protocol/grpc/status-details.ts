// What goes with a gRPC status: google.rpc.Status with its details, in the trailer
// `grpc-status-details-bin`. The few messages of it are read and written by their field numbers.
//
//   google.rpc.Status         1 code int32   2 message string   3 details: repeated Any
//   google.protobuf.Any       1 type_url string   2 value bytes
//   google.rpc.ErrorInfo      1 reason string   2 domain string   3 metadata map<string, string>
//   google.rpc.RetryInfo      1 retry_delay: Duration
//   google.protobuf.Duration  1 seconds int64   2 nanos int32
//
// Source: AIP-193, and google/rpc/{status,error_details}.proto.

import { BinaryReader, BinaryWriter, type WireType } from '@bufbuild/protobuf/wire'
import { BrokerError, ERRORS, type ErrorCode } from '../../base/errors.ts'
import { brokerErrorOf, metadataOf, sentenceOf } from './error-codec.ts'

/** Name of the trailer. */
export const STATUS_DETAILS_KEY = 'grpc-status-details-bin'

/** What ErrorInfo says of all our errors. */
export const ERROR_DOMAIN = 'sluice'

/** How long a client waits before it asks again, unless the error says something else: ms. */
export const RETRY_DELAY_MS = 100

/** Longest text of facts in a status: proxies and clients refuse headers over 8 KiB in all. */
const MAX_METADATA_CHARACTERS = 2_048

const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo'
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'

/** A status that was received, as far as we understand it. */
export interface StatusDetails {
  readonly reason: string
  readonly domain: string
  readonly metadata: ReadonlyMap<string, string>
  /** Null: the server does not say that the call may be made again. */
  readonly retryDelayMs: number | null
}

/** Text that a header can carry: whole characters, and not too many. */
function trimmed(text: string, limit: number): string {
  return text.slice(0, limit).toWellFormed()
}

/** Error as a gRPC status: number, text, and the value of the trailer. */
export function statusOf(error: BrokerError): { code: number; text: string; details: Buffer } {
  const code = ERRORS[error.code].grpc
  const text = trimmed(sentenceOf(error), 1_024)
  const status = new BinaryWriter().uint32(8).int32(code).uint32(18).string(text)
  writeDetail(status, ERROR_INFO, errorInfo(error))
  if (error.retriable) writeDetail(status, RETRY_INFO, retryInfo(RETRY_DELAY_MS))
  return { code, text, details: Buffer.from(status.finish()) }
}

function writeDetail(status: BinaryWriter, typeUrl: string, value: Uint8Array): void {
  status.uint32(26).fork().uint32(10).string(typeUrl).uint32(18).bytes(value).join()
}

function errorInfo(error: BrokerError): Uint8Array {
  const writer = new BinaryWriter().uint32(10).string(error.code).uint32(18).string(ERROR_DOMAIN)
  let left = MAX_METADATA_CHARACTERS
  for (const [name, value] of metadataOf(error)) {
    left -= name.length + value.length
    if (left < 0) break
    const text = value.toWellFormed()
    writer.uint32(26).fork().uint32(10).string(name).uint32(18).string(text).join()
  }
  return writer.finish()
}

function retryInfo(delayMs: number): Uint8Array {
  const writer = new BinaryWriter().uint32(10).fork()
  const seconds = Math.floor(delayMs / 1_000)
  if (seconds > 0) writer.uint32(8).int64(seconds)
  return writer
    .uint32(16)
    .int32((delayMs % 1_000) * 1_000_000)
    .join()
    .finish()
}

/** Calls `onField` for each field; it reads the value, or returns false to have it passed over. */
function eachField(
  bytes: Uint8Array,
  onField: (tag: number, reader: BinaryReader) => boolean,
): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag()
    const tag = (fieldNumber << 3) | wireType
    if (!onField(tag, reader)) reader.skip(wireType as WireType, fieldNumber)
  }
}

/**
 * Reads the trailer.
 *
 * @returns null when it is not a google.rpc.Status with an ErrorInfo
 */
export function decodeStatusDetails(trailer: Uint8Array): StatusDetails | null {
  try {
    return readDetails(trailer)
  } catch {
    // Whatever a proxy has put there: the number and the text of the status still stand.
    return null
  }
}

function readDetails(trailer: Uint8Array): StatusDetails | null {
  let info: Omit<StatusDetails, 'retryDelayMs'> | null = null
  let retryDelayMs: number | null = null
  eachField(trailer, (tag, reader) => {
    if (tag !== 26) return false
    const { typeUrl, value } = readAny(reader.bytes())
    if (typeUrl === ERROR_INFO) info = readErrorInfo(value)
    if (typeUrl === RETRY_INFO) retryDelayMs = readRetryInfo(value)
    return true
  })
  return info === null ? null : { ...(info as Omit<StatusDetails, 'retryDelayMs'>), retryDelayMs }
}

function readAny(bytes: Uint8Array): { typeUrl: string; value: Uint8Array } {
  let typeUrl = ''
  let value: Uint8Array = new Uint8Array()
  eachField(bytes, (tag, reader) => {
    if (tag === 10) typeUrl = reader.string()
    else if (tag === 18) value = reader.bytes()
    else return false
    return true
  })
  return { typeUrl, value }
}

function readErrorInfo(bytes: Uint8Array): Omit<StatusDetails, 'retryDelayMs'> {
  let reason = ''
  let domain = ''
  const metadata = new Map<string, string>()
  eachField(bytes, (tag, reader) => {
    if (tag === 10) reason = reader.string()
    else if (tag === 18) domain = reader.string()
    else if (tag === 26) readEntry(reader.bytes(), metadata)
    else return false
    return true
  })
  return { reason, domain, metadata }
}

function readEntry(bytes: Uint8Array, into: Map<string, string>): void {
  let name = ''
  let value = ''
  eachField(bytes, (tag, reader) => {
    if (tag === 10) name = reader.string()
    else if (tag === 18) value = reader.string()
    else return false
    return true
  })
  into.set(name, value)
}

function readRetryInfo(bytes: Uint8Array): number {
  let delayMs = 0
  eachField(bytes, (tag, reader) => {
    if (tag !== 10) return false
    eachField(reader.bytes(), (durationTag, duration) => {
      if (durationTag === 8) delayMs += Number(duration.int64()) * 1_000
      else if (durationTag === 16) delayMs += duration.int32() / 1_000_000
      else return false
      return true
    })
    return true
  })
  return delayMs
}

/** What a status stands for that carries no details: it comes from gRPC itself, or a proxy. */
const CODE_OF_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [3, 'INVALID_REQUEST'],
  [4, 'REQUEST_TIMED_OUT'],
  [7, 'CLUSTER_AUTHORIZATION_FAILED'],
  [8, 'MESSAGE_TOO_LARGE'],
  [12, 'UNSUPPORTED_VERSION'],
  [14, 'NETWORK_EXCEPTION'],
  [16, 'SASL_AUTHENTICATION_FAILED'],
] as const)

/**
 * The error that a client was told of by a gRPC status.
 *
 * @param code    the status, 1 to 16
 * @param text    its text
 * @param trailer value of `grpc-status-details-bin`, null when there was none
 */
export function errorOfStatus(
  code: number,
  text: string,
  trailer: Uint8Array | null,
  cause?: unknown,
): BrokerError {
  const details = trailer === null ? null : decodeStatusDetails(trailer)
  if (details !== null && details.domain === ERROR_DOMAIN) {
    const id = ERRORS[details.reason as ErrorCode]?.id ?? ERRORS.UNKNOWN_SERVER_ERROR.id
    return brokerErrorOf(id, details.reason, text, details.metadata)
  }
  const kafkaCode = CODE_OF_STATUS.get(code) ?? 'UNKNOWN_SERVER_ERROR'
  return new BrokerError(kafkaCode, { message: text, status: code }, cause)
}
