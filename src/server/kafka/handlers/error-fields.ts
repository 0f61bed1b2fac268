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

/** The same of results by topic. */
export function firstErrorOf(
  topics: Iterable<{ readonly partitions: Iterable<{ readonly errorCode: number }> }>,
): number {
  for (const { partitions } of topics) {
    const error = firstError(partitions)
    if (error !== 0) return error
  }
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

/** @throws BrokerError INVALID_REQUEST when a request has more of something than it may have */
export function checkCount(count: number, limit: number, what: string): void {
  if (count <= limit) return
  const message = `A request has at most ${limit} ${what}`
  throw new BrokerError('INVALID_REQUEST', { message, limit, count })
}

/** Those that are not named before: a client that names one twice is answered once. */
export function distinct<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  if (items.length < 2) return items
  const seen = new Set<string>()
  return items.filter((item) => {
    const key = keyOf(item)
    return seen.size < seen.add(key).size
  })
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
