// Bounds how fast passwords can be guessed: each wrong one of a user from one address takes from an
// allowance that comes back with time.

import type { Clock } from '../io/clock.ts'

export interface GuessLimits {
  /** Wrong guesses in a row that are looked at. Default 20. */
  readonly burst?: number
  /** How long until one more is. Default 1,000 ms. */
  readonly recoveryMs?: number
  /** Pairs of address and user that are remembered. Default 10,000. */
  readonly maxPairs?: number
}

interface Allowance {
  left: number
  /** When `left` was counted, on the monotonic clock. */
  atMs: number
}

/**
 * Others are not harmed by who guesses: another user's name and another address have allowances of
 * their own, and a right password takes nothing.
 */
export class GuessLimiter {
  readonly #clock: Clock
  readonly #burst: number
  readonly #recoveryMs: number
  readonly #maxPairs: number
  /** By address and user. Who guessed last stands last. */
  readonly #allowances = new Map<string, Allowance>()

  constructor(
    clock: Clock,
    { burst = 20, recoveryMs = 1_000, maxPairs = 10_000 }: GuessLimits = {},
  ) {
    this.#clock = clock
    this.#burst = burst
    this.#recoveryMs = recoveryMs
    this.#maxPairs = maxPairs
  }

  /** False when the next guess is to be refused unseen. */
  allows(host: string, user: string): boolean {
    return this.#left(keyOf(host, user)) >= 1
  }

  failed(host: string, user: string): void {
    const key = keyOf(host, user)
    const left = Math.max(0, this.#left(key) - 1)
    this.#allowances.delete(key)
    this.#allowances.set(key, { left, atMs: this.#clock.monotonicMs() })
    if (this.#allowances.size > this.#maxPairs) {
      const [oldest] = this.#allowances.keys()
      this.#allowances.delete(oldest!)
    }
  }

  #left(key: string): number {
    const found = this.#allowances.get(key)
    if (found === undefined) return this.#burst
    const recovered = (this.#clock.monotonicMs() - found.atMs) / this.#recoveryMs
    return Math.min(this.#burst, found.left + recovered)
  }
}

function keyOf(host: string, user: string): string {
  return `${host}\n${user}`
}
