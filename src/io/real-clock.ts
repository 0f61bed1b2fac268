// The machine's clock.

import type { Clock, Timer } from './clock.ts'

export const realClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),

  after(delayMs, callback): Timer {
    // setTimeout fires at once for delays over 2^31 - 1 ms, so those wait for the longest it can.
    const timer = setTimeout(callback, Math.min(delayMs, 0x7fffffff)).unref()
    return { cancel: () => clearTimeout(timer) }
  },

  every(intervalMs, callback): Timer {
    const timer = setInterval(callback, Math.min(intervalMs, 0x7fffffff)).unref()
    return { cancel: () => clearInterval(timer) }
  },

  endOfTurn(callback): void {
    setImmediate(callback)
  },

  keepAlive(): Timer {
    const timer = setInterval(() => {}, 0x7fffffff)
    return { cancel: () => clearInterval(timer) }
  },
}
