// How long to wait before the next try.

import type { RandomSource } from '../io/random.ts'

export interface BackoffOptions {
  /** Wait before the second try, in milliseconds, 1 or more. */
  readonly initialMs: number
  /** Longest wait, in milliseconds, `initialMs` or more. */
  readonly maxMs: number
}

/** Share of a wait by which chance moves it, up or down: many clients shall not come at once. */
const JITTER = 0.2

/** Steps of chance: fine enough for waits of hours. */
const STEPS = 1 << 20

/**
 * Wait before try number `attempt + 1`, in milliseconds: doubled each time, moved by chance by up to
 * a fifth either way, at most `maxMs`.
 *
 * @param attempt tries that have failed, 1 or more
 * @param askedMs what the broker asked for, when it did: never less than this
 *
 * Source: KIP-580, exponential back-off.
 */
export function backoffMs(
  options: BackoffOptions,
  attempt: number,
  random: RandomSource,
  askedMs: number | null = null,
): number {
  const { initialMs, maxMs } = options
  const waitMs = initialMs * 2 ** Math.min(attempt - 1, 30)
  const factor = 1 - JITTER + (2 * JITTER * random.below(STEPS)) / STEPS
  return Math.max(askedMs ?? 0, Math.min(maxMs, waitMs * factor))
}
