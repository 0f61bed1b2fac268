// Calls to the coordinator that are made again and again while that may help.

import type { Clock } from '../../../io/clock.ts'
import type { RandomSource } from '../../../io/random.ts'
import { backoffMs } from '../../backoff.ts'
import { retryBounds } from '../retry-bounds.ts'
import { SluiceError } from '../../errors.ts'
import type { SluiceErrorCode } from '../../errors.ts'
import { sleep } from '../../sleep.ts'

export interface InsistParts {
  readonly clock: Clock
  readonly random: RandomSource
  /** Time for one call, in milliseconds. */
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
}

export type Insisted<T> =
  | { readonly error: null; readonly value: T }
  | {
      readonly error: SluiceError
      /** Whether one of the calls may have done what it was for, though nobody said so. */
      readonly isUnknown: boolean
    }

/** With these a coordinator says that it has done nothing. */
const REFUSALS = new Set<SluiceErrorCode>([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_NOT_FOUND',
  'INVALID_TRANSACTION_TIMEOUT',
  'UNSUPPORTED_VERSION',
])

/**
 * What a call gives in the end. Never rejects.
 *
 * @param limitMs how long to try
 * @param mayPass whether to try again after an error; default: those that are retriable
 */
export async function insist<T>(
  parts: InsistParts,
  limitMs: number,
  call: (timeoutMs: number) => Promise<T>,
  mayPass: (error: SluiceError) => boolean = ({ retriable }) => retriable,
): Promise<Insisted<T>> {
  const { clock, random, requestTimeoutMs } = parts
  const endMs = clock.monotonicMs() + limitMs
  let isUnknown = false
  for (let attempt = 1; ; attempt++) {
    const leftMs = Math.max(1, endMs - clock.monotonicMs())
    try {
      return { error: null, value: await call(Math.min(leftMs, requestTimeoutMs)) }
    } catch (thrown) {
      const error = SluiceError.from(thrown)
      // Who says that it can only be aborted has done nothing before either.
      if (error.code === 'TRANSACTION_ABORTABLE') return { error, isUnknown: false }
      if (!REFUSALS.has(error.code)) isUnknown = true
      const waitMs = backoffMs(retryBounds(error, parts), attempt, random, error.retryAfterMs)
      if (!mayPass(error) || clock.monotonicMs() + waitMs >= endMs) return { error, isUnknown }
      await sleep(clock, waitMs)
    }
  }
}

/** As `insist`. @throws SluiceError why it came to nothing */
export async function insistOr<T>(...args: Parameters<typeof insist<T>>): Promise<T> {
  const insisted = await insist(...args)
  if (insisted.error !== null) throw insisted.error
  return insisted.value
}
