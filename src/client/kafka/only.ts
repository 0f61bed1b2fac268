// Answers to requests for one thing.

import { SluiceError } from '../errors.ts'

/** The one answer to a request for one. @throws SluiceError UNKNOWN_SERVER_ERROR when there is none */
export function only<T>(answers: readonly T[]): T {
  const [first] = answers
  if (first !== undefined) return first
  const message = 'The broker did not answer what it was asked'
  throw new SluiceError('UNKNOWN_SERVER_ERROR', {}, { message })
}
