// sluice.v1.Error for the messages that protobuf-es writes.

import { type BrokerError, ERRORS } from '../../base/errors.ts'
import { metadataOf, sentenceOf } from '../../protocol/grpc/error-codec.ts'

interface ErrorMessage {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly retriable: boolean
  readonly metadata: Record<string, string>
}

/** The field `error` of a message, to be spread into it: absent when there is none. */
export function errorMessage(error: BrokerError | null): { error?: ErrorMessage } {
  if (error === null) return {}
  const { code, retriable } = error
  const metadata = Object.fromEntries(metadataOf(error))
  return {
    error: { code: ERRORS[code].id, reason: code, message: sentenceOf(error), retriable, metadata },
  }
}
