// Kafka's numbers of errors as the client's errors.

import { BrokerError, errorCodeOf, ERRORS } from '../../base/errors.ts'
import { DecodeError } from '../../protocol/kafka/decode-error.ts'
import { SluiceError } from '../errors.ts'
import type { ErrorFacts } from '../errors.ts'

/**
 * The error that stands for a number on the wire; null for 0.
 *
 * @param message what the broker said; null or '' for nothing
 */
export function errorOfId(
  id: number,
  message: string | null = null,
  facts: ErrorFacts = {},
): SluiceError | null {
  if (id === 0) return null
  const code = errorCodeOf(id)
  const told = message === null || message === '' ? {} : { message }
  // Numbers that the table does not know are told as they are.
  const known = ERRORS[code].id === id
  return new SluiceError(code, known ? facts : { ...facts, kafkaError: id }, told)
}

/** @throws SluiceError, unless `id` is 0 */
export function throwErrorOf(id: number, message: string | null, facts: ErrorFacts = {}): void {
  const error = errorOfId(id, message, facts)
  if (error !== null) throw error
}

/** What went wrong with a connection, as an error that a later try may not meet. */
export function networkError(message: string, cause?: unknown, facts?: ErrorFacts): SluiceError {
  return new SluiceError('NETWORK_EXCEPTION', facts, { message, cause })
}

/** What a codec threw at an answer: the broker breaks the protocol. */
export function brokenAnswer(apiName: string, cause: unknown): SluiceError {
  const why = cause instanceof DecodeError || cause instanceof BrokerError ? cause.message : ''
  return networkError(`The broker’s answer to ${apiName} can’t be read: ${why}`, cause)
}
