// gRPC statuses as the client's errors.

import { status } from '@grpc/grpc-js'
import type { ServiceError, StatusObject } from '@grpc/grpc-js'
import {
  decodeStatusDetails,
  errorOfStatus,
  STATUS_DETAILS_KEY,
} from '../../protocol/grpc/status-details.ts'
import { SluiceError } from '../errors.ts'

/** Statuses that a connection which breaks can have, beside UNAVAILABLE, when no broker gave them. */
const BROKEN = new Set<number>([status.OK, status.CANCELLED, status.UNKNOWN, status.INTERNAL])

/** The error of a call that failed. */
export function errorOfCall(error: ServiceError): SluiceError {
  return errorOf(error, error)
}

/** The error of a stream that ended, with whatever status: streams end by failures only. */
export function errorOfStream(end: StatusObject): SluiceError {
  return errorOf(end, undefined)
}

function errorOf(end: StatusObject, cause: unknown): SluiceError {
  const { code, details } = end
  const trailer = end.metadata?.get(STATUS_DETAILS_KEY)[0]
  const bytes = trailer instanceof Uint8Array ? trailer : null
  const told = bytes === null ? null : decodeStatusDetails(bytes)
  if (told === null && isBroken(code, details)) {
    const message = details === '' ? 'The broker ended the stream' : details
    return new SluiceError('NETWORK_EXCEPTION', {}, { message, cause })
  }
  const refusal = SluiceError.from(errorOfStatus(code, details, bytes, cause))
  if (told === null || told.retryDelayMs === null) return refusal
  return refusal.with({}, told.retryDelayMs)
}

/** grpc-js says INTERNAL, UNKNOWN or CANCELLED of some connections that broke under a stream. */
function isBroken(code: number, details: string): boolean {
  if (code === status.OK || code === status.CANCELLED) return true
  return BROKEN.has(code) && /RST_STREAM|ECONN|socket|stream (was )?(closed|cancel)/i.test(details)
}
