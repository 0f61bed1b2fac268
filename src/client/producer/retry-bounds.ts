// How long a producer waits before it tries again, by what it was refused for.

import type { BackoffOptions } from '../backoff.ts'
import type { SluiceError } from '../errors.ts'

/** The transaction before is decided and being written out: that takes milliseconds. */
const CONCURRENT_TRANSACTIONS_MS = 10

export function retryBounds(
  { code }: SluiceError,
  settings: { readonly retryBackoffMs: number; readonly retryBackoffMaxMs: number },
): BackoffOptions {
  const { retryBackoffMs, retryBackoffMaxMs: maxMs } = settings
  if (code !== 'CONCURRENT_TRANSACTIONS') return { initialMs: retryBackoffMs, maxMs }
  return { initialMs: Math.min(retryBackoffMs, CONCURRENT_TRANSACTIONS_MS), maxMs }
}
