// Waiting, by the clock that one was given.

import type { Clock } from '../io/clock.ts'

/** Resolves after `delayMs`. The process lives as long. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const alive = clock.keepAlive()
    clock.after(delayMs, () => {
      alive.cancel()
      resolve()
    })
  })
}
