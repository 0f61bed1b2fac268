// The one place where an error becomes a gRPC status.

import { Metadata, type StatusObject } from '@grpc/grpc-js'
import { BrokerError } from '../../base/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import { STATUS_DETAILS_KEY, statusOf } from '../../protocol/grpc/status-details.ts'
import { OversizedMessage, WireFormatError } from '../../protocol/grpc/wire-format.ts'

/** In place of a request whose bytes were no message: grpc-js hands it on as if it were one. */
export class MalformedRequest {
  readonly error: BrokerError

  constructor(cause: unknown) {
    this.error = new BrokerError('INVALID_REQUEST', { message: problemOf(cause) }, cause)
  }
}

function problemOf(cause: unknown): string {
  if (cause instanceof OversizedMessage) {
    return `The request has ${cause.message}; ask for it in several`
  }
  const why = cause instanceof WireFormatError ? `: ${cause.message}` : ''
  return `The bytes of the request are not the message of this method${why}`
}

/**
 * Returns a refusal as it is. Anything else is a fault of ours: it is logged with all it knows, and
 * hidden from the client.
 */
export function refusalOf(error: unknown, api: string, logger: Logger): BrokerError {
  if (error instanceof BrokerError && error.code !== 'UNKNOWN_SERVER_ERROR') return error
  logger.error({ err: error, api }, 'A request failed for no reason that a client may see')
  return BrokerError.from(error)
}

/** The status of a refused call, with google.rpc details in its trailers. */
export function statusObject(error: BrokerError): StatusObject {
  const { code, text, details } = statusOf(error)
  const metadata = new Metadata()
  metadata.set(STATUS_DETAILS_KEY, details)
  return { code, details: text, metadata }
}
