// The two fields by which most answers tell of an error.

import { BrokerError, ERRORS } from '../../../base/errors.ts'

export interface ErrorFields {
  readonly errorCode: number
  /** Null without an error. */
  readonly errorMessage: string | null
}

const NONE: ErrorFields = { errorCode: 0, errorMessage: null }

export function errorFields(error: BrokerError | null): ErrorFields {
  if (error === null) return NONE
  const { id, text } = ERRORS[error.code]
  const { message } = error.facts
  return { errorCode: id, errorMessage: message === undefined ? text : String(message) }
}

/** What the metrics count an answer with many results under: the first of their errors. */
export function firstError(results: Iterable<{ readonly errorCode: number }>): number {
  for (const { errorCode } of results) if (errorCode !== 0) return errorCode
  return 0
}

/** What `work` throws, as a value for one of many. */
export function refusalOf(work: () => void): BrokerError | null {
  try {
    work()
    return null
  } catch (error) {
    return BrokerError.from(error)
  }
}

/** As `refusalOf`, for what takes time. */
export async function refusalOfLater(work: () => Promise<unknown>): Promise<BrokerError | null> {
  try {
    await work()
    return null
  } catch (error) {
    return BrokerError.from(error)
  }
}

/** What stands more than once. */
export function repeated<T>(items: Iterable<T>): ReadonlySet<T> {
  const seen = new Set<T>()
  const twice = new Set<T>()
  for (const item of items) {
    if (seen.has(item)) twice.add(item)
    else seen.add(item)
  }
  return twice
}
